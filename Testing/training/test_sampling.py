"""Batches drawn from prepared stacks."""

import numpy as np
import pytest
import torch

from training.data.cases import UNKNOWN
from training.errors import TrainingError
from training.feed.prepare import Prepared
from training.feed.sampling import LabelledSlice, SliceDraw, SliceSampler, VolumeSampler, padded_to


def counting_stack(slices: int = 9, rows: int = 20, columns: int = 16, spacing_mm: float = 1.0) -> Prepared:
    """Each slice's pixels say its number, in tenths; so do its classes."""
    numbers = np.arange(slices).reshape(-1, 1, 1)
    image = np.broadcast_to(numbers / 10, (slices, rows, columns)).astype(np.float32)
    return Prepared("1", "1", image, np.broadcast_to(numbers, image.shape).astype(np.uint8), spacing_mm)


def numbers_seen(images: torch.Tensor) -> list[list[int]]:
    return (images[:, :, 10, 8] * 10).round().int().tolist()


def test_one_slice_at_a_time_is_drawn_as_it_is() -> None:
    images, classes = SliceSampler([counting_stack()], 1, 6).draw(np.random.default_rng(0))
    assert images.shape == (6, 1, 20, 16)
    assert classes.shape == (6, 20, 16)
    assert classes.dtype == torch.uint8
    assert [one for (one,) in numbers_seen(images)] == classes[:, 0, 0].tolist()


def test_neighbours_lie_as_far_away_as_in_inference_unless_steps_are_asked_for() -> None:
    sampler = SliceSampler([counting_stack(spacing_mm=1.0)], 3, 20, neighbour_distance_mm=2.0)
    images, classes = sampler.draw(np.random.default_rng(0))
    for seen, middle in zip(numbers_seen(images), classes[:, 0, 0].tolist(), strict=True):
        assert seen == [max(0, middle - 2), middle, min(8, middle + 2)]


def test_steps_thick_and_single_slices_are_drawn() -> None:
    steps = SliceSampler([counting_stack()], 3, 60, SliceDraw(largest_step=3)).draw(np.random.default_rng(0))[0]
    assert {one[2] - one[1] for one in numbers_seen(steps) if one[1] < 6} == {1, 2, 3}
    single = SliceSampler([counting_stack()], 3, 20, SliceDraw(single=1.0)).draw(np.random.default_rng(0))[0]
    assert all(len(set(one)) == 1 for one in numbers_seen(single))
    noisy = counting_stack()
    noisy = Prepared("1", "1", np.random.default_rng(1).random(noisy.image.shape, np.float32), noisy.classes, 1.0)
    thin, thick = (
        SliceSampler([noisy], 3, 20, SliceDraw(largest_step=5, thick=share)).draw(np.random.default_rng(0))[0]
        for share in (0.0, 1.0)
    )
    assert thick.std() < 0.85 * thin.std()


def test_smaller_stacks_lie_in_the_middle_of_a_batch_that_fits_the_network() -> None:
    small = counting_stack(rows=10, columns=8)
    sampler = SliceSampler([small, counting_stack(rows=20, columns=16)], 1, 30, stride=16)
    images, classes = sampler.draw(np.random.default_rng(0))
    assert images.shape[2:] == classes.shape[1:] == (32, 16)
    inside = (images[:, 0] > 0).sum((1, 2))
    assert set(inside.tolist()) == {0, 10 * 8, 20 * 16}
    assert torch.equal(images[:, 0] > 0, classes > 0)


def test_single_slices_with_labels_of_their_own_are_drawn_as_often_as_asked() -> None:
    large = np.arange(40 * 30, dtype=np.float32).reshape(40, 30) / 1200
    labelled = [LabelledSlice(large, np.full(large.shape, UNKNOWN, np.uint8))]
    sampler = SliceSampler([counting_stack()], 3, 200, SliceDraw(pseudo_share=0.3), labelled)
    images, classes = sampler.draw(np.random.default_rng(0))
    own = (classes == UNKNOWN).all(2).all(1)
    assert 40 < own.sum() < 80
    assert torch.equal(images[own][:, 0], images[own][:, 2])
    assert len(images[own][:, 0, 0, 0].unique()) > 10


def test_volumes_are_drawn_whole() -> None:
    other = counting_stack()
    other = Prepared("2", "2", 1 - other.image, other.classes, 1.0)
    images, classes = VolumeSampler([counting_stack(), other], 12).draw(np.random.default_rng(0))
    assert images.shape == (12, 1, 9, 20, 16)
    assert classes.shape == (12, 9, 20, 16)
    assert {round(float(one), 2) for one in images[:, 0, 8, 0, 0]} == {0.2, 0.8}


@pytest.mark.parametrize("kind", ["slices", "volumes"])
def test_the_same_numbers_draw_the_same_batch(kind: str) -> None:
    stacks = [counting_stack(), counting_stack()]
    sampler = SliceSampler(stacks, 3, 4, SliceDraw(3, 0.5, 0.2)) if kind == "slices" else VolumeSampler(stacks, 4)
    one, same, other = (sampler.draw(np.random.default_rng((1, k)))[0] for k in (5, 5, 6))
    assert torch.equal(one, same)
    assert kind == "volumes" or not torch.equal(one, other)


def test_volumes_of_different_size_and_nothing_at_all_are_refused() -> None:
    with pytest.raises(TrainingError, match="size of three numbers"):
        VolumeSampler([counting_stack(9), counting_stack(7)], 2)
    with pytest.raises(TrainingError, match="nothing to train on"):
        SliceSampler([], 1, 2)


def test_padding_goes_to_the_end_up_to_a_multiple() -> None:
    padded = padded_to(16, np.ones((2, 20, 16), np.uint8), UNKNOWN)
    assert padded.shape == (2, 32, 16)
    assert (padded[:, 20:] == UNKNOWN).all()
    assert (padded[:, :20] == 1).all()
