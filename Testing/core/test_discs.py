"""Discs: size, heights, bulge and the S1 endplate, on phantoms and on shapes that cannot be measured."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from LumbarSegLib.core.anatomy import CANAL
from LumbarSegLib.core.findings import Measurement
from LumbarSegLib.core.measure.centreline import Centreline, centreline_of
from LumbarSegLib.core.measure.discs import DiscShape, bulge, disc_of, heights, mid_sagittal, sizes
from LumbarSegLib.core.measure.grid import Floats, Grid, Part
from Testing.poses import ASKEW
from Testing.spine_shapes import Corner, SpineShape
from Testing.spines import Phantom

LABELS = {"L5/S1": 201, "L4/5": 202, "L3/4": 203}
SPACINGS = {"isotropic": (1.0, 1.0, 1.0), "SPACE": (0.9, 0.47, 0.47), "thick": (4.4, 0.5, 0.5)}
PLAIN = SpineShape(vertebrae=3)
RIGHT = np.array([1.0, 0.0, 0.0])


def opened(phantom: Phantom) -> tuple[Grid, Centreline]:
    grid = Grid(phantom.labels)
    line = centreline_of(grid.part(CANAL.label), [grid.part(value) for value in LABELS.values()], [])
    assert line is not None
    return grid, line


def read(name: str, part: Part, line: Centreline) -> DiscShape | str:
    return disc_of(name, part, mid_sagittal(part, line))


def shape_in(phantom: Phantom, disc: str) -> DiscShape:
    grid, line = opened(phantom)
    shape = read(disc, grid.part(LABELS[disc]), line)
    assert isinstance(shape, DiscShape), shape
    return shape


def true_points(phantom: Phantom) -> dict[str, Floats]:
    grid = Grid(phantom.labels)
    return {name: grid.from_lps(np.array(place)) for name, place in phantom.landmarks.items()}


def by_name(found: list[Measurement]) -> dict[str, Measurement]:
    return {one.measure: one for one in found}


@pytest.mark.parametrize("spacing", SPACINGS.values(), ids=SPACINGS)
@pytest.mark.parametrize("disc", LABELS)
def test_area_is_within_3_and_volume_within_5_per_cent(disc: str, spacing: tuple[float, float, float]) -> None:
    phantom = Phantom(PLAIN, spacing)
    found = by_name(sizes(disc, shape_in(phantom, disc)))
    assert found["disc.area"].value == pytest.approx(phantom.truth["disc.area", disc], rel=0.03)
    assert found["disc.volume"].value == pytest.approx(phantom.truth["disc.volume", disc], rel=0.05)


@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (20.0, 0.0, 0.0), (0.0, 20.0, 0.0), (0.0, 0.0, 20.0)])
@pytest.mark.parametrize("spacing", SPACINGS.values(), ids=SPACINGS)
def test_the_s1_endplate_lies_within_a_millimetre_and_half_a_degree(
    spacing: tuple[float, float, float], turn: tuple[float, float, float]
) -> None:
    phantom = Phantom(PLAIN, spacing, turn=turn)
    points = true_points(phantom)
    true = np.stack([points["S1.superior_anterior"], points["S1.superior_posterior"]])
    shape = shape_in(phantom, "L5/S1")
    assert shape.endplate is not None
    assert np.linalg.norm(shape.endplate - true, axis=1).max() < 1.0
    _, line = opened(phantom)
    up, back, _ = line.frame(int(line.nearest(true.mean(axis=0))[0]))
    angles = [
        np.degrees(np.arctan2(*((ends[1] - ends[0]) @ np.stack([up, back]).T))) for ends in (shape.endplate, true)
    ]
    assert angles[0] == pytest.approx(angles[1], abs=0.5)


@pytest.mark.parametrize(("turn", "offset"), (*ASKEW[:4], ((22.0, -12.0, 8.0), (0.3, 0.4, 0.2))))
@pytest.mark.parametrize("slip", [0.0, 5.0])
def test_each_end_of_the_s1_endplate_lies_within_half_a_millimetre_where_no_face_runs_along_the_voxels(
    turn: Corner, offset: Corner, slip: float
) -> None:
    phantom = Phantom(replace(PLAIN, slips={"L5/S1": slip}), turn=turn, offset=offset)
    points = true_points(phantom)
    shape = shape_in(phantom, "L5/S1")
    assert shape.endplate is not None
    for end, place in zip(("anterior", "posterior"), shape.plane.flat(shape.endplate), strict=True):
        assert np.hypot(*(place - shape.plane.flat(points[f"S1.superior_{end}"]))) < 0.5


def test_the_heights_are_those_between_the_landmarks() -> None:
    phantom = Phantom(SpineShape(vertebrae=3, concavity=1.5))
    for disc in LABELS:
        for one in heights(disc, true_points(phantom), {}, RIGHT):
            assert one.value == pytest.approx(phantom.truth[one.measure, disc], rel=0.02), (one.measure, disc)


def test_a_slip_does_not_make_a_disc_taller() -> None:
    straight, slipped = (
        by_name(heights("L4/5", true_points(Phantom(SpineShape(vertebrae=3, slips=slips))), {}, RIGHT))
        for slips in ({}, {"L4/5": 6.0})
    )
    for place in ("anterior", "middle", "posterior"):
        key = f"disc.{place}_height"
        assert slipped[key].value == pytest.approx(straight[key].value, abs=0.7)


def test_mid_planes_that_part_across_do_not_make_a_disc_taller() -> None:
    points = true_points(Phantom(PLAIN))
    before = heights("L4/5", points, {}, RIGHT)
    aside = {name: place + 2.0 * RIGHT * name.startswith("L4.") for name, place in points.items()}
    after = heights("L4/5", aside, {}, RIGHT)
    assert [one.value for one in after] == pytest.approx([one.value for one in before])


def test_each_height_is_as_long_as_its_line() -> None:
    for one in heights("L4/5", true_points(Phantom(PLAIN)), {}, RIGHT)[:3]:
        ((low, high),) = one.trace.lines
        assert np.linalg.norm(np.subtract(high, low)) == pytest.approx(one.value)


def test_heights_follow_a_dragged_corner() -> None:
    points = true_points(Phantom(PLAIN))
    before = by_name(heights("L4/5", points, {}, RIGHT))
    points["L4.inferior_anterior"] = points["L4.inferior_anterior"] - [0.0, 2.0, 0.0]
    after = by_name(heights("L4/5", points, {}, RIGHT))
    change = (after["disc.anterior_height"].value or 0.0) - (before["disc.anterior_height"].value or 0.0)
    assert change == pytest.approx(2.0, abs=0.3)


def test_a_missing_vertebra_gives_its_reason_and_no_number() -> None:
    points = {name: place for name, place in true_points(Phantom(PLAIN)).items() if not name.startswith("L4.")}
    found = heights("L4/5", points, {"L4": "The border of the image cuts the body."}, RIGHT)
    assert {one.reason for one in found} == {"The border of the image cuts the body."}
    assert len(found) == 5 and all(one.value is None for one in found)


def test_corners_in_one_place_give_no_height() -> None:
    points = true_points(Phantom(PLAIN))
    points["L4.inferior_anterior"] = points["L4.inferior_posterior"]
    assert {one.reason for one in heights("L4/5", points, {}, RIGHT)} == {"Two corners of L4 lie in one place."}


@pytest.mark.parametrize("amount", [0.0, 2.0, 4.0])
def test_the_bulge_is_within_half_a_millimetre(amount: float) -> None:
    phantom = Phantom(SpineShape(vertebrae=3, bulges={"L4/5": amount}), (0.9, 0.47, 0.47))
    found = bulge("L4/5", shape_in(phantom, "L4/5"), true_points(phantom), {})
    assert found.value == pytest.approx(amount, abs=0.5)
    (_, (foot, tip)) = found.trace.lines
    assert np.linalg.norm(np.subtract(tip, foot)) == pytest.approx(abs(found.value or 0.0), abs=1e-6)


def test_a_domed_endplate_is_found_from_edge_to_edge() -> None:
    phantom = Phantom(PLAIN, (0.9, 0.47, 0.47))
    part, line = _with(phantom, lambda share: 3.0 * (1.0 - (2.0 * share) ** 2))
    domed = read("L5/S1", part, line)
    assert isinstance(domed, DiscShape) and domed.endplate is not None
    flat = shape_in(phantom, "L5/S1").endplate
    assert flat is not None
    assert np.linalg.norm(domed.endplate - flat, axis=1).max() < 2.0


def test_a_ragged_lower_border_is_no_endplate() -> None:
    part, line = _with(Phantom(PLAIN, (0.9, 0.47, 0.47)), lambda share: 2.5 * (1.0 + np.sin(20.0 * share)))
    ragged = read("L5/S1", part, line)
    assert isinstance(ragged, DiscShape) and ragged.endplate is None


def _with(phantom: Phantom, cut: Callable[[Floats], Floats]) -> tuple[Part, Centreline]:
    """The lowest disc less so many mm of its lower border; `cut` gets the place from front (-0.5) to back (0.5)."""
    grid, line = opened(phantom)
    part = grid.part(LABELS["L5/S1"])
    points = true_points(phantom)
    front, back = points["S1.superior_anterior"], points["S1.superior_posterior"]
    depth = (back - front) / np.linalg.norm(back - front)
    upward = np.array([0.0, -depth[2], depth[1]])
    places = np.indices(part.mask.shape).transpose(1, 2, 3, 0) * part.spacing + part.start - (front + back) / 2
    share = places @ depth / np.linalg.norm(back - front)
    return part.only(part.mask & (places @ upward > np.maximum(cut(share), 0.0))), line


def test_the_sides_of_the_stack_take_the_volume_but_leave_the_area() -> None:
    phantom = Phantom(PLAIN, (0.9, 0.47, 0.47), width=18.0)
    found = by_name(sizes("L4/5", shape_in(phantom, "L4/5")))
    assert found["disc.volume"].value is None
    assert found["disc.volume"].reason == "The sides of the stack cut the disc, so its volume is not known."
    assert found["disc.area"].value == pytest.approx(phantom.truth["disc.area", "L4/5"], rel=0.03)


def test_a_disc_that_cannot_be_measured_says_why() -> None:
    grid, line = opened(Phantom(PLAIN))
    part = grid.part(LABELS["L4/5"])
    speck, halves = np.zeros_like(part.mask), part.mask.copy()
    speck[2:5, 5:8, 5:8] = True
    halves[:, :, 18:26] = False
    aside = part.mask.copy()
    aside[8:] = False
    for mask, reason in (
        (speck, "L4/5 does not reach the mid-sagittal plane."),
        (aside, "L4/5 does not reach the mid-sagittal plane."),
        (halves, "L4/5 lies in pieces in the mid-sagittal plane."),
    ):
        assert read("L4/5", part.only(mask), line) == reason
    for one in [*sizes("L4/5", "Cut."), bulge("L4/5", "Cut.", true_points(Phantom(PLAIN)), {})]:
        assert one.value is None and one.reason == "Cut."
