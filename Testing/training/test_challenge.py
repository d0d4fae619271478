"""The three angles of the AASCE challenge, on columns whose tilts are known."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from Testing.radiograph_phantoms import Spine, arcs
from training.radiographs.challenge import smape, three_angles


def angles(tilts: Sequence[float], rows: int = 1000) -> NDArray[np.float64]:
    """Of a column whose vertebrae have these tilts from the top downward, in an image of so many rows."""
    return three_angles(Spine(tilts).corners[:, [0, 1, 3, 2]], rows)


def test_of_one_bend_the_others_are_those_to_the_ends_of_the_column() -> None:
    found = angles(arcs((0, 4, 4.0), (4, 12, -30.0), (12, 16, 6.0), start=10.0))
    assert found == pytest.approx([30.0, 4.0, 6.0], abs=1e-6)


def test_of_two_bends_that_part_most_above_the_middle_the_third_lies_below() -> None:
    found = angles(arcs((0, 3, 12.0), (3, 8, -50.0), (8, 16, 33.0), start=20.0), rows=1000)
    assert found == pytest.approx([50.0, 12.0, 33.0], abs=1e-6)


def test_of_two_bends_that_part_most_below_the_middle_both_others_lie_above() -> None:
    found = angles(arcs((0, 3, -9.0), (3, 8, 30.0), (8, 15, -45.0), start=-6.0), rows=300)
    assert found == pytest.approx([45.0, 30.0, 9.0], abs=1e-6)


def test_a_straight_column_has_no_angle() -> None:
    assert angles([5.0] * 17) == pytest.approx([0.0, 0.0, 0.0], abs=1e-5)


def test_the_score_is_what_the_angles_are_off_of_their_sum() -> None:
    assert smape(np.array([50.0, 20.0, 10.0]), np.array([40.0, 20.0, 20.0])) == pytest.approx(100 * 20 / 160)
    assert smape(np.zeros(3), np.zeros(3)) == 0
