"""What is made of a batch before a network sees it."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

from LumbarSegLib.core import preprocess
from training.data.cases import UNKNOWN
from training.feed.augment import Augmentation, augment, plain
from training.feed.contrast import invert, random_curve, synthesise
from training.feed.faults import add_coil_shading, add_faults, add_implants, add_noise
from training.feed.geometry import warp

SLICES, VOLUMES = (3, 48, 40), (8, 40, 32)
MOVED = Augmentation(
    shift=0.1, rotation_deg=20.0, zoom=(0.8, 1.25), stretch=0.08, shear=0.08, elastic_px=3.0, mirror=0.5
)
MOVES = {"shift": 0.2, "rotation_deg": 30.0, "stretch": 0.3, "shear": 0.3, "elastic_px": 5.0, "mirror": 1.0}
OFTEN = dict.fromkeys(
    ("gamma", "bias", "coil", "low_resolution", "blur", "ghost", "band", "void", "gibbs", "spike", "noise"), 0.5
)
ALL = dataclasses.replace(MOVED, synthesis=0.3, curve=0.2, histogram=0.2, inversion=0.2, level=0.1, **OFTEN)
KINDS = ("slices", "volumes")


def batch(kind: str, count: int = 4) -> tuple[Tensor, Tensor]:
    """A bright block (1) with a dark one (2) on a dim ground, a part of which is unknown, and dark air around."""
    shape = SLICES[1:] if kind == "slices" else VOLUMES
    classes = torch.zeros(count, *shape, dtype=torch.uint8)
    classes[..., 12:28, 10:20] = 1
    classes[..., 12:28, 20:28] = 2
    image = torch.tensor([0.4, 0.9, 0.6])[classes.long()]
    image[..., :6, :] = 0.0
    classes[..., 30:33, 4:8] = UNKNOWN
    image = image + 0.02 * torch.rand(image.shape, generator=torch.Generator().manual_seed(3))
    channels = SLICES[0] if kind == "slices" else 1
    return image[:, None].repeat(1, channels, *(1 for _ in shape)).clamp(0, 1), classes


@pytest.mark.parametrize("normalisation", preprocess.NORMALISATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_without_settings_nothing_changes(kind: str, normalisation: str) -> None:
    images, classes = batch(kind)
    changed, labels = augment(images, classes, Augmentation(), 3, normalisation)
    expected, same = plain(images, classes, normalisation)
    assert torch.equal(changed, expected)
    assert torch.equal(labels, same)
    assert torch.equal(labels, classes.long())


@pytest.mark.parametrize("normalisation", preprocess.NORMALISATIONS)
def test_a_volume_is_normalised_as_in_inference(normalisation: str) -> None:
    images, classes = batch("volumes")
    expected = preprocess.after_unit(images[1, 0].numpy(), normalisation)
    assert np.array_equal(plain(images, classes, normalisation)[0][1, 0].numpy(), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_labels_move_with_the_image(kind: str) -> None:
    torch.manual_seed(1)
    images, classes = batch(kind, 12)
    warped, labels = warp(images, classes, MOVED)
    middle = warped[:, warped.shape[1] // 2]
    assert not torch.equal(labels, classes)
    assert labels.shape == classes.shape
    assert set(labels.unique().tolist()) == {0, 1, 2, UNKNOWN}
    assert middle[labels == 1].median() > 0.85
    assert 0.55 < middle[labels == 2].median() < 0.65
    assert middle[labels == 0].median() < 0.45


@pytest.mark.parametrize("kind", KINDS)
def test_a_crop_is_cut_out_at_the_size_asked_for(kind: str) -> None:
    torch.manual_seed(0)
    images, classes = batch(kind, 8)
    wanted = (24, 16) if kind == "slices" else (4, 24, 16)
    cut, labels = warp(images, classes, Augmentation(crop=wanted))
    assert tuple(cut.shape[2:]) == tuple(labels.shape[1:]) == wanted
    assert len({tuple(one.flatten().tolist()) for one in labels}) > 1


def test_a_mirrored_slice_is_mirrored_with_its_labels() -> None:
    images, classes = batch("slices")
    mirrored, labels = warp(images, classes, Augmentation(mirror=1.0))
    assert torch.allclose(mirrored, images.flip(3), atol=1e-5)
    assert torch.equal(labels, classes.flip(2))


@pytest.mark.parametrize("class_count", [2, 3, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_everything_together_leaves_finite_images_and_known_classes(kind: str, class_count: int) -> None:
    images, classes = batch(kind)
    classes = torch.where((classes >= class_count) & (classes != UNKNOWN), 1, classes).to(torch.uint8)
    for seed in range(6):
        torch.manual_seed(seed)
        changed, labels = augment(images, classes, ALL, class_count, "percentile")
        assert torch.isfinite(changed).all()
        assert changed.abs().mean() < 3
        assert changed.shape == images.shape
        assert labels.dtype == torch.int64
        assert set(labels.unique().tolist()) <= {*range(class_count), UNKNOWN}


@pytest.mark.parametrize("name", [*MOVES, *OFTEN, "synthesis", "curve", "histogram", "inversion", "level"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_augmentation_alone_changes_the_image_and_only_a_move_the_labels(kind: str, name: str) -> None:
    torch.manual_seed(0)
    images, classes = batch(kind)
    settings = Augmentation(**{name: {**MOVES, "level": 0.1}.get(name, 1.0)})
    changed, labels = augment(images, classes, settings, 3, "min-max")
    assert torch.isfinite(changed).all()
    assert not torch.allclose(changed, images, atol=1e-3)
    assert torch.equal(labels, classes.long()) != (name in MOVES)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_batch_whatever_was_drawn_before(kind: str) -> None:
    images, classes = batch(kind)
    results = []
    for seed, before in ((7, 0), (7, 1000), (8, 0)):
        np.random.seed(before)  # MONAI would draw from it if it were not seeded
        torch.manual_seed(seed)
        results.append(augment(images, classes, ALL, 3, "z-score"))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])
    assert not torch.equal(results[0][0], results[2][0])


def test_the_batch_that_was_drawn_stays_as_it_was() -> None:
    images, classes = batch("slices")
    before = images.clone(), classes.clone()
    augment(images, classes, ALL, 3, "percentile")
    assert torch.equal(images, before[0])
    assert torch.equal(classes, before[1])


def test_synthesis_changes_the_order_of_the_structures_but_not_their_outline() -> None:
    images, classes = batch("slices", 1)
    orders = set()
    for seed in range(20):
        torch.manual_seed(seed)
        made = synthesise(images[0], classes[0], 3, dark_air=True)
        assert 0 <= made.min() <= made.max() <= 1
        orders.add(bool(made[1][classes[0] == 1].mean() > made[1][classes[0] == 2].mean()))
        inside = made[1, 15:25, 13:17]
        assert inside.std() < 0.05
    assert orders == {True, False}


def test_air_stays_dark_in_other_contrasts_unless_negatives_are_wanted() -> None:
    images, _ = batch("slices", 1)
    image = images[0].clone()
    image[:, :20] = 0.0
    for seed in range(10):
        torch.manual_seed(seed)
        assert random_curve(image, dark_air=True)[:, :8].max() < 0.15
        assert invert(image, dark_air=True)[:, :8].max() < 0.15
    assert invert(image, dark_air=False)[:, :8].min() > 0.8
    assert invert(image, dark_air=True)[:, 24:28, 13:17].max() < 0.3


def test_a_coil_at_the_back_leaves_the_belly_dark_in_the_direction_that_is_given() -> None:
    images = torch.ones(30, 2, 32, 24)
    torch.manual_seed(0)
    columns = add_coil_shading(images, Augmentation(coil=1.0))
    rows = add_coil_shading(images, Augmentation(coil=1.0, belly_to_back="rows"))
    assert (columns[..., -1] / columns[..., 0]).mean() > 1.2
    assert torch.allclose(columns[:, :, 0], columns[:, :, -1])
    assert (rows[:, :, -1] / rows[:, :, 0]).mean() > 1.2
    assert torch.allclose(rows[..., 0], rows[..., -1])


def test_noise_is_in_proportion_to_the_signal_and_never_negative() -> None:
    images, _ = batch("slices")
    added = []
    for one in (images, 0.1 * images):
        torch.manual_seed(0)
        noisy = add_noise(one, Augmentation(noise=1.0))
        assert noisy.min() >= 0
        added.append(float((noisy - one).std()))
    assert added[0] > 0.01
    assert added[0] == pytest.approx(10 * added[1], rel=0.01)


def test_low_resolution_takes_away_fine_detail() -> None:
    torch.manual_seed(0)
    images = torch.rand(8, 1, 64, 64)
    coarse = add_faults(images, Augmentation(low_resolution=1.0))
    assert coarse.diff(dim=3).abs().mean() < 0.7 * images.diff(dim=3).abs().mean()


def test_rods_and_screws_lie_over_the_spine_and_are_brighter_than_all_of_it() -> None:
    torch.manual_seed(2)
    images = torch.full((1, 1, 200, 120), 0.5)
    classes = torch.zeros(1, 200, 120, dtype=torch.uint8)
    classes[:, 20:180, 80:100] = 1
    changed = add_implants(images, classes, Augmentation(implant=1.0))
    metal = changed[0, 0] != 0.5
    assert changed[0, 0][metal].min() >= 0.9
    columns = torch.nonzero(metal.any(0)).flatten().float()
    assert abs(float(columns.mean()) - 89.5) < 2
    assert columns.max() - columns.min() < 40


def test_where_no_implants_are_asked_for_nothing_is_drawn_by_chance_for_them() -> None:
    images, classes = batch("slices")
    torch.manual_seed(3)
    assert add_implants(images, classes, Augmentation()) is images
    following = torch.rand(3)
    torch.manual_seed(3)
    assert torch.equal(torch.rand(3), following)
