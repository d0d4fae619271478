"""Angles, slip and apex from landmarks with a known answer, in local coordinates (right, down, back; mm)."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from LumbarSegLib.core.measure import alignment

Floats = NDArray[np.float64]
RIGHT = np.array([1.0, 0.0, 0.0])
BODIES = ("L1", "L2", "L3", "L4", "L5")
DEPTH, HEIGHT, STEP = 34.0, 27.0, 36.0


def tilted(degrees: float, vector: tuple[float, float, float]) -> Floats:
    """The vector turned so that what points to the front points upward by so much more."""
    _, down, back = vector
    angle = np.deg2rad(degrees)
    return np.array([0.0, down * np.cos(angle) + back * np.sin(angle), back * np.cos(angle) - down * np.sin(angle)])


def spine(tilts: dict[str, float], forward: dict[str, float] | None = None) -> dict[str, Floats]:
    """Corners of rectangular bodies one below the other, each tilted about its middle and moved forward (mm)."""
    points: dict[str, Floats] = {}
    for place, name in enumerate((*BODIES, "S1")):
        middle = np.array([0.0, place * STEP, -(forward or {}).get(name, 0.0)])
        for row, down in (("superior", -HEIGHT / 2), ("inferior", HEIGHT / 2)):
            for column, back in (("anterior", -DEPTH / 2), ("posterior", DEPTH / 2)):
                points[f"{name}.{row}_{column}"] = middle + tilted(tilts.get(name, 0.0), (0.0, down, back))
    return points


@pytest.mark.parametrize(("span", "degrees"), [("L1-S1", 50.0), ("L4-S1", 35.0), ("L1-L5", 32.0)])
def test_lordosis_is_positive_where_the_endplates_part_to_the_front(span: str, degrees: float) -> None:
    points = spine({"L1": 15.0, "L4": 0.0, "L5": -17.0, "S1": -35.0})
    assert alignment.lordosis(span, points, {}, RIGHT).value == pytest.approx(degrees)


def test_a_kyphotic_segment_has_a_negative_angle() -> None:
    angle = alignment.segment("L2/3", spine({"L2": -4.0, "L3": 3.0}), {}, RIGHT)[0]
    assert (angle.measure, angle.level) == ("alignment.segmental_angle", "L2/3")
    assert angle.value == pytest.approx(-7.0)


def test_an_angle_is_taken_in_the_sagittal_plane_of_the_spine() -> None:
    turn = Rotation.from_rotvec((20.0, 12.0, -15.0), degrees=True).as_matrix()
    points = {name: place @ turn.T for name, place in spine({"L1": 20.0, "S1": -25.0}).items()}
    points["L1.superior_anterior"] += 5.0 * turn @ RIGHT
    assert alignment.lordosis("L1-S1", points, {}, turn @ RIGHT).value == pytest.approx(45.0)


@pytest.mark.parametrize(
    ("forward", "band"), [(2.0, ""), (-6.0, ""), (6.8, "Meyerding I"), (10.2, "Meyerding II"), (36.0, "Meyerding V")]
)
def test_slip_runs_along_the_lower_endplate_and_is_graded_forward_beyond_the_noise(forward: float, band: str) -> None:
    _, slip, percent = alignment.segment("L4/5", spine({}, {"L4": forward}), {}, RIGHT)
    assert slip.value == pytest.approx(forward)
    assert percent.value == pytest.approx(100 * forward / DEPTH)
    assert percent.band == band


def test_slip_does_not_change_when_both_vertebrae_are_tilted_alike() -> None:
    flat = spine({}, {"L4": 6.0})
    turned = {name: tilted(25.0, (place[0], place[1], place[2])) for name, place in flat.items()}
    assert alignment.segment("L4/5", turned, {}, RIGHT)[1].value == pytest.approx(6.0)


def test_the_lines_of_a_slip_are_as_long_as_the_endplate_and_the_slip() -> None:
    slip = alignment.segment("L4/5", spine({"L5": -20.0}, {"L4": 6.0}), {}, RIGHT)[1]
    lengths = [np.linalg.norm(np.subtract(*line)) for line in slip.trace.lines[:2]]
    assert slip.value is not None
    assert lengths == pytest.approx([DEPTH, abs(slip.value)])


def test_the_apex_is_the_foremost_body_and_its_distance_from_the_chord() -> None:
    found = alignment.apex(BODIES, spine({}, {"L2": 9.0, "L3": 14.0, "L4": 12.0}), {}, RIGHT)
    assert (found.level, found.band) == ("L1-S1", "L3")
    assert found.value == pytest.approx(14.0)
    assert {name.split(".")[0] for name in found.trace.points} == {"L1", "L3", "S1"}


def test_what_has_no_landmarks_gives_its_reason_and_no_number() -> None:
    points = {name: place for name, place in spine({}).items() if not name.startswith("L4")}
    reasons = {"L4": "L4 is seen in part: the border of the image cuts it, or it fades out before."}
    lower = alignment.lordosis("L4-S1", points, reasons, RIGHT)
    found = [lower, alignment.apex(BODIES, points, reasons, RIGHT), *alignment.segment("L4/5", points, reasons, RIGHT)]
    assert {(one.value, one.reason) for one in found} == {(None, reasons["L4"])}
    assert alignment.lordosis("L1-S1", points, reasons, RIGHT).value is not None


def test_two_corners_in_one_place_have_no_direction() -> None:
    points = spine({})
    points["L5.superior_anterior"] = points["L5.superior_posterior"].copy()
    for one in alignment.segment("L4/5", points, {}, RIGHT):
        assert (one.value, one.reason) == (None, "Two corners of L5 lie in one place.")
