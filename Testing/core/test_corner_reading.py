"""Vertebrae drawn anew by corners that are read in patches along them, with a reader that finds bright blocks."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from LumbarSegLib.core import corner_reading
from LumbarSegLib.core.vertebra_patches import SIZE, Pixels
from Testing.radiographs import DISC_SPACE, LATERAL_VERTEBRA, VERTEBRA, DrawnRadiograph
from training.data.aasce import filled

DRAWN = DrawnRadiograph(wedge=4.0)
BRIGHT = (DRAWN.classes == VERTEBRA).astype(np.float32)
OUTWARD = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
Labels = NDArray[np.uint8]


def look_at_blocks(patches: Pixels) -> Pixels:
    """The corners of the bright block in the middle of each patch, as maps."""
    maps = np.full((len(patches), 4, *SIZE), -100.0, np.float32)
    for patch, answer in zip(patches, maps, strict=True):
        numbers, _ = ndimage.label(patch > 0.5)
        rows, columns = np.nonzero(numbers == numbers[SIZE[0] // 2, SIZE[1] // 2])
        for one, way in zip(answer, OUTWARD, strict=True):
            k = int((np.stack([columns, rows], -1) @ way).argmax())
            beyond = np.clip([rows[k] + way[1], columns[k] + way[0]], 0, np.array(SIZE) - 1)
            one[rows[k], columns[k]] = one[tuple(beyond)] = 100.0  # its border lies between
    return maps


def worn() -> Labels:
    """The map of a network that draws its vertebrae beside their place and rounded, and all spaces between them."""
    bone = ndimage.binary_opening(ndimage.binary_erosion(DRAWN.classes == VERTEBRA), iterations=3)
    bone = np.roll(bone, 4, axis=1)
    return np.where(bone, VERTEBRA, np.where(DRAWN.classes == DISC_SPACE, DISC_SPACE, 0)).astype(np.uint8)


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


@pytest.mark.parametrize("stretch", [1, 2])
def test_vertebrae_that_were_drawn_beside_their_place_are_drawn_by_their_corners(stretch: int) -> None:
    labels, bright, true = (
        np.repeat(one, stretch, axis=1) for one in (worn(), BRIGHT, filled(DRAWN.corners, DRAWN.size) > 0)
    )
    drawn = corner_reading.redrawn(labels, bright, (1 / stretch, 1.0), look_at_blocks)
    assert dice(labels == VERTEBRA, true) < 0.92
    assert dice(drawn == VERTEBRA, true) > 0.97


def test_what_is_drawn_anew_stays_apart() -> None:
    drawn = corner_reading.redrawn(worn(), BRIGHT, (1.0, 1.0), look_at_blocks)
    assert ndimage.label(drawn == VERTEBRA)[1] == len(DRAWN.corners)
    assert ndimage.label(drawn == DISC_SPACE, np.ones((3, 3)))[1] == len(DRAWN.corners) - 1


def test_a_vertebra_on_which_two_looks_do_not_agree_stays_as_it_was_drawn() -> None:
    def look_with_doubt(patches: Pixels) -> Pixels:
        maps = look_at_blocks(patches)
        maps[3, 0] = np.roll(maps[3, 0], 9, axis=0)  # the same way in the mirrored patch: another corner
        return maps

    labels = worn()
    drawn = corner_reading.redrawn(labels, BRIGHT, (1.0, 1.0), look_with_doubt)
    numbers, _ = ndimage.label(labels == VERTEBRA)
    fourth = numbers == numbers.max() - 3  # from the lowest upward
    assert (drawn[fourth] == VERTEBRA).mean() > 0.95
    around = ndimage.binary_dilation(fourth, iterations=4) & ~fourth & (labels != DISC_SPACE)
    assert not (drawn[around] == VERTEBRA).any()
    assert dice(drawn == VERTEBRA, filled(DRAWN.corners, DRAWN.size) > 0) > 0.95


def test_a_vertebra_that_was_not_drawn_is_found_in_its_gap() -> None:
    labels = worn()
    numbers, count = ndimage.label(labels == VERTEBRA)
    labels[numbers == count - 6] = 0
    drawn = corner_reading.redrawn(labels, BRIGHT, (1.0, 1.0), look_at_blocks)
    assert ndimage.label(drawn == VERTEBRA)[1] == count
    assert dice(drawn == VERTEBRA, filled(DRAWN.corners, DRAWN.size) > 0) > 0.97


def test_a_vertebra_that_was_drawn_in_two_halves_is_drawn_once() -> None:
    labels = worn()
    numbers, count = ndimage.label(labels == VERTEBRA)
    rows, columns = np.nonzero(numbers == count - 6)
    labels[int(rows.mean()) - 1 : int(rows.mean()) + 2, columns.min() : columns.max() + 1] = DISC_SPACE
    assert ndimage.label(labels == VERTEBRA)[1] == count + 1
    drawn = corner_reading.redrawn(labels, BRIGHT, (1.0, 1.0), look_at_blocks)
    assert ndimage.label(drawn == VERTEBRA)[1] == count


def test_what_lies_beside_the_column_stays() -> None:
    labels = worn()
    labels[300:340, 20:70] = VERTEBRA
    drawn = corner_reading.redrawn(labels, BRIGHT, (1.0, 1.0), look_at_blocks)
    assert (drawn[300:340, 20:70] == VERTEBRA).all()


def test_a_film_on_which_all_vertebrae_are_read_much_larger_than_they_were_drawn_stays_as_it_was() -> None:
    labels = worn()
    small = ndimage.binary_erosion(labels == VERTEBRA, iterations=4)
    labels[(labels == VERTEBRA) & ~small] = 0
    assert np.array_equal(corner_reading.redrawn(labels, BRIGHT, (1.0, 1.0), look_at_blocks), labels)


def test_a_reader_that_sees_a_neighbour_instead_changes_nothing() -> None:
    def look_below(patches: Pixels) -> Pixels:
        return np.roll(look_at_blocks(patches), 20, axis=2)

    labels = worn()
    assert np.array_equal(corner_reading.redrawn(labels, BRIGHT, (1.0, 1.0), look_below), labels)


@pytest.mark.parametrize("values", [{}, {VERTEBRA: LATERAL_VERTEBRA}, {VERTEBRA: 0}])
def test_only_vertebrae_that_are_seen_from_the_front_are_looked_at(values: dict[int, int]) -> None:
    def look_at_nothing(patches: Pixels) -> Pixels:
        raise AssertionError("nothing is to be looked at")

    labels = worn()
    for value, other in values.items():
        labels[labels == value] = other
    if values:
        assert np.array_equal(corner_reading.redrawn(labels, BRIGHT, (1.0, 1.0), look_at_nothing), labels)
    else:
        with pytest.raises(AssertionError, match="looked at"):
            corner_reading.redrawn(labels, BRIGHT, (1.0, 1.0), look_at_nothing)
