"""How radiographs are scored, who of them is held out, and what a network of corners is taught."""

import numpy as np
import pytest
import torch

from Testing.training.test_radiograph_readers import straight_spine
from training.feed.geometry import warp
from training.feed.settings import Augmentation
from training.radiographs import corner_targets, relatives
from training.radiographs.challenge import smape, three_angles
from training.radiographs.matching import match
from training.radiographs.measured import Case, largest

ROWS = 400


def bent(degrees: list[float]) -> np.ndarray:
    """Bodies of 40 x 14 pixels below each other, each tilted by so much, x to the right and y down."""
    found = []
    middle = np.array([100.0, 20.0])
    for tilt in np.deg2rad(degrees):
        across, down = np.array([np.cos(tilt), np.sin(tilt)]), np.array([-np.sin(tilt), np.cos(tilt)])
        found.append([middle + x * across + y * down for y in (-7, 7) for x in (-20, 20)])
        middle = middle + 22 * down
    return np.array(found)


def test_the_challenge_measures_the_largest_angle_and_those_beside_it() -> None:
    tilts = [0.0, 5, 10, 15, 10, 5, 0, -5, -10, -15, -20, -15, -10, -5, 0, 0, 0]
    assert np.allclose(three_angles(bent(tilts), ROWS)[0], 35.0)
    assert np.allclose(sorted(three_angles(bent(tilts), ROWS)[1:]), [15.0, 20.0])


def test_equal_angles_score_nothing_and_a_straight_spine_found_in_a_bent_one_all() -> None:
    angles = np.array([40.0, 20.0, 10.0])
    assert smape(angles, angles) == 0.0
    assert smape(np.zeros(3), angles) == pytest.approx(100.0)
    assert smape(0.8 * angles, angles) == pytest.approx(100 * 0.2 / 1.8)


def test_the_largest_cobb_angle_lies_between_the_most_tilted_endplates() -> None:
    assert largest(bent([0.0, 6, 12, 18, 12, 6, 0, -6, -12, -6, 0])) == pytest.approx(30.0, abs=0.01)
    assert np.isnan(largest(straight_spine()[:3]))


def test_a_vertebra_that_is_missed_or_found_twice_is_counted_and_errors_are_shares_of_the_endplate() -> None:
    marked = straight_spine()
    found = np.delete(marked, 4, 0) + np.array([2.0, 0.0])
    found = np.concatenate([found, found[8:9] + 3.0])
    matched = match(marked, found)
    assert matched.missed == (4,)
    assert len(matched.extra) == 1
    assert np.allclose(matched.errors, 100 * 2 / 40)


def test_a_radiograph_in_which_nothing_is_found_has_no_angle_and_the_whole_score() -> None:
    case = Case("a", ROWS, straight_spine(), np.zeros((0, 4, 2)))
    assert np.isnan(case.angle_error)
    assert case.smape == 100.0
    assert len(case.matched.missed) == 17


def test_what_a_network_of_corners_is_taught_reads_as_the_same_corners() -> None:
    marked = straight_spine() + 0.3
    taught = torch.from_numpy(corner_targets.targets(marked, (400, 120)))
    heat = torch.logit(taught[:1].clamp(1e-6, 1 - 1e-6))
    assert np.allclose(corner_targets.read(torch.cat([heat, taught[1:9]])), marked, atol=1e-3)


@pytest.mark.parametrize("mirror", [0.0, 1.0])
def test_corners_move_with_their_image_and_change_sides_where_it_is_mirrored(mirror: float) -> None:
    torch.manual_seed(5)
    settings = Augmentation(rotation_deg=15.0, zoom=(0.8, 1.2), shear=0.05, elastic_px=3.0, shift=0.02, mirror=mirror)
    marked = straight_spine()[4:12]
    image, classes = torch.zeros(1, 1, 400, 120), torch.zeros(1, 400, 120, dtype=torch.uint8)
    moved, _ = warp(corner_targets.with_source(image), classes, settings)
    source = corner_targets.source_of(moved[0])
    corners = corner_targets.moved(marked, source)
    assert (corners[:, 0, 0] < corners[:, 1, 0]).all()
    wanted = marked[:, [1, 0, 3, 2]] if mirror else marked
    x, y = np.round(corners).astype(int).reshape(-1, 2).T
    assert np.abs(source[:, y, x].T - wanted.reshape(-1, 2)).max() < 1.0


def test_the_loss_of_what_was_taught_is_smaller_than_of_anything_else() -> None:
    taught = torch.from_numpy(corner_targets.targets(straight_spine(), (400, 120)))[None]
    right = torch.cat([torch.logit(taught[:, :1].clamp(1e-4, 1 - 1e-4)), taught[:, 1:9]], 1)
    wrong = right.clone()
    wrong[:, 1] += 1.0
    assert corner_targets.loss(right, taught) < corner_targets.loss(wrong, taught)
    assert corner_targets.loss(right, taught) < corner_targets.loss(right.roll(5, 2), taught)


def test_an_image_is_held_out_with_its_mirror_image_and_what_was_moved_a_little() -> None:
    random = np.random.default_rng(1)
    ones = [random.standard_normal((128, 48)) for _ in range(24)]
    ones[20] = ones[0][:, ::-1]
    ones[21] = np.roll(ones[20], (2, -1), (0, 1))
    similarity = relatives.similarities(ones)
    assert similarity[0, 20] > relatives.RELATED
    assert similarity[0, 21] > relatives.RELATED
    assert similarity[0, 1] < 0.5
    for seed in range(6):
        chosen = relatives.held_out(similarity, block=4, least=5, seed=seed)
        assert len(chosen) >= 5
        assert len({0, 20, 21} & set(chosen)) in (0, 3)
