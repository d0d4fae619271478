"""Patches along vertebrae: where they lie, what they show, and places read from maps."""

import numpy as np

from LumbarSegLib.core import vertebra_patches
from LumbarSegLib.core.vertebra_patches import SIZE, WIDTH_PX
from Testing.radiographs import DrawnRadiograph

DRAWN = DrawnRadiograph(wedge=6.0)
CORNERS = DRAWN.corners[:, [0, 1, 3, 2]]  # clockwise
MIDDLE = np.array(SIZE) // 2


def test_a_vertebra_lies_upright_and_as_wide_as_any_in_its_patch() -> None:
    places = vertebra_patches.along(CORNERS).enter(CORNERS)
    sides = places[:, [1, 2]].mean(1) - places[:, [0, 3]].mean(1)
    assert np.allclose(sides, (WIDTH_PX, 0.0), atol=1e-9)
    assert np.allclose(places.mean(1), 0.0, atol=1e-9)
    assert (places[:, 0, 1] < 0).all() and (places[:, 2, 1] > 0).all()


def test_corners_come_back_from_their_places_in_patches() -> None:
    frames = vertebra_patches.along(CORNERS[::-1])
    assert np.allclose(frames.leave(frames.enter(CORNERS)), CORNERS)


def test_a_patch_shows_what_lies_there_whatever_the_pixels_measure() -> None:
    classes = (DRAWN.classes == 1).astype(np.float32)
    wide = np.repeat(classes, 2, axis=1)  # pixels half as wide as high
    for pixels, spacing in ((classes, (1.0, 1.0)), (wide, (0.5, 1.0))):
        patches = vertebra_patches.cut(pixels, spacing, vertebra_patches.along(CORNERS))
        assert patches.shape == (17, *SIZE)
        assert (patches[:, MIDDLE[0], MIDDLE[1]] == 1).all()
        widths = patches[:, MIDDLE[0]].sum(1)
        assert np.allclose(widths, WIDTH_PX, atol=1.5)


def test_an_image_with_finer_pixels_than_a_patch_is_evened_and_a_coarse_one_is_not() -> None:
    noise = np.random.default_rng(0).normal(0, 1, (200, 100)).astype(np.float32)
    assert np.array_equal(vertebra_patches.evened(noise, (1.0, 1.0), WIDTH_PX), noise)
    assert vertebra_patches.evened(noise, (1.0, 1.0), 4 * WIDTH_PX).std() < 0.5


def test_a_place_is_read_from_a_map_and_left_and_right_change_in_a_mirrored_one() -> None:
    heat = np.full((1, 4, *SIZE), -50.0, np.float32)
    rows, columns = [10, 20, 80, 70], [5, 60, 61, 8]
    heat[0, range(4), rows, columns] = 50.0
    places = vertebra_patches.read(heat)
    wanted = np.stack([columns, rows], -1) - (np.array(SIZE[::-1]) - 1) / 2
    assert np.allclose(places[0], wanted, atol=1e-6)
    turned = vertebra_patches.read(heat[..., ::-1])
    assert np.allclose(vertebra_patches.mirrored(turned)[0, [1, 0, 3, 2]], wanted, atol=1e-6)
    between = np.full((1, 4, *SIZE), -50.0, np.float32)
    between[..., 10, 5] = between[..., 10, 6] = 0.0
    assert np.allclose(vertebra_patches.read(between)[0, :, 0], 5.5 - (SIZE[1] - 1) / 2)
