"""Measures of a body from six landmarks that were set by hand."""

import numpy as np
import pytest

from LumbarSegLib.core.findings import Measurement
from LumbarSegLib.core.measure import vertebrae

RIGHT = np.array([1.0, 0.0, 0.0])


def six(name: str, front: float, middle: float, back: float, depth: float = 34.0) -> dict[str, np.ndarray]:
    """The landmarks of a body with these heights, in mm (right, down, back)."""
    heights = {"anterior": (0.0, front), "middle": (depth / 2, middle), "posterior": (depth, back)}
    return {
        f"{name}.{row}_{end}": np.array([5.0, sign * height / 2, place])
        for row, sign in (("superior", -1.0), ("inferior", 1.0))
        for end, (place, height) in heights.items()
    }


def measured(points: dict[str, np.ndarray], neighbours: tuple[str, ...] = ("L2", "L4")) -> dict[str, Measurement]:
    found = vertebrae.measure("L3", neighbours, points, {"L3": "The border of the image cuts L3."}, RIGHT)
    return {one.measure.removeprefix("vertebra."): one for one in found}


def test_heights_and_endplates_are_distances_between_landmarks() -> None:
    found = measured(six("L3", 28.0, 25.0, 26.0))
    heights = [found[f"{one}_height"].value for one in ("anterior", "middle", "posterior")]
    assert heights == pytest.approx([28.0, 25.0, 26.0])
    assert found["superior_endplate"].value == pytest.approx(np.hypot(34.0, 1.0))


def test_a_body_that_is_taller_in_front_has_a_positive_wedge() -> None:
    angle = 2 * np.degrees(np.arctan(1.0 / 34.0))
    assert measured(six("L3", 28.0, 27.0, 26.0))["wedge_angle"].value == pytest.approx(angle)
    assert measured(six("L3", 26.0, 27.0, 28.0))["wedge_angle"].value == pytest.approx(-angle)


def test_a_corner_that_was_dragged_out_of_the_plane_changes_no_angle() -> None:
    points = six("L3", 28.0, 27.0, 26.0)
    before = measured(points)["wedge_angle"].value
    points["L3.superior_anterior"] = points["L3.superior_anterior"] + (4.0, 0.0, 0.0)
    assert measured(points)["wedge_angle"].value == pytest.approx(before)


def test_ratios_compare_with_the_posterior_height_and_with_the_neighbours() -> None:
    points = six("L3", 18.0, 20.0, 24.0) | six("L2", 30.0, 30.0, 29.0) | six("L4", 30.0, 30.0, 31.0)
    found = measured(points)
    ratios = [found[f"{one}_ratio"].value for one in ("wedge", "biconcave", "crush")]
    assert ratios == pytest.approx([18 / 24, 20 / 24, 24 / 30])


@pytest.mark.parametrize(
    ("front", "band"), [(25.0, "Genant 0"), (19.0, "Genant 1"), (17.0, "Genant 2"), (12.0, "Genant 3")]
)
def test_the_loss_of_height_falls_into_the_bands_of_genant(front: float, band: str) -> None:
    found = measured(six("L3", front, 24.5, 25.0))["height_loss"]
    assert found.value == pytest.approx(100 * (1 - min(front / 25, 24.5 / 25)))
    assert found.band == band


def test_without_neighbours_the_crush_ratio_says_why_it_is_missing() -> None:
    crush = measured(six("L3", 28.0, 27.0, 26.0))["crush_ratio"]
    assert crush.value is None
    assert crush.reason


def test_without_landmarks_every_measure_says_why() -> None:
    found = measured({})
    assert {one.value for one in found.values()} == {None}
    assert {one.reason for one in found.values()} == {"The border of the image cuts L3."}


def test_each_length_can_be_traced_to_its_two_landmarks() -> None:
    trace = measured(six("L3", 28.0, 27.0, 26.0))["posterior_height"].trace
    assert trace.points == {
        "L3.superior_posterior": (5.0, -13.0, 34.0),
        "L3.inferior_posterior": (5.0, 13.0, 34.0),
    }
    assert trace.lines == (((5.0, -13.0, 34.0), (5.0, 13.0, 34.0)),)
