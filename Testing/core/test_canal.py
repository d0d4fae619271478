"""The canal's sections and the numbers of its levels, on phantoms and on shapes that cannot be measured."""

from dataclasses import replace

import numpy as np
import pytest

from LumbarSegLib.core.anatomy import CANAL, STRUCTURES
from LumbarSegLib.core.findings import Measurement
from LumbarSegLib.core.measure.canal import CanalShape, against_neighbours, at_level, wall_of_disc, wall_of_vertebra
from LumbarSegLib.core.measure.centreline import centreline_of
from LumbarSegLib.core.measure.discs import DiscShape, disc_of, mid_sagittal
from LumbarSegLib.core.measure.grid import Floats, Grid, Part
from LumbarSegLib.core.measure.section import Canal
from Testing.spine_shapes import SpineShape
from Testing.spines import Phantom

SHAPE = SpineShape(vertebrae=3, narrowings={"L4/5": 0.7})
LEVELS = ("L5", "L4/5", "L4", "L3/4", "L3")
THICK = (4.4, 0.5, 0.5)


def canal_of(phantom: Phantom, mask: Part | None = None) -> CanalShape:
    """The canal of a phantom, its levels placed by the true corners."""
    grid = Grid(phantom.labels)
    part = mask or grid.part(CANAL.label)
    discs = [grid.part(value) for value in grid.values if value > 200]
    line = centreline_of(part, discs, [])
    assert line is not None
    points: dict[str, Floats] = {name: grid.from_lps(np.array(place)) for name, place in phantom.landmarks.items()}
    kinds = {row.name: row.kind for row in STRUCTURES}
    walls = {
        name: wall_of_disc(name, points) if kinds[name] == "disc" else wall_of_vertebra(name, points) for name in LEVELS
    }
    return CanalShape(Canal(part, line), {name: wall for name, wall in walls.items() if wall is not None})


def values_of(shape: CanalShape, level: str) -> dict[str, Measurement]:
    return {one.measure: one for one in at_level(level, shape, shape.landmarks)}


def test_area_is_within_2_and_diameters_within_some_per_cent_with_fine_slices() -> None:
    phantom = Phantom(SHAPE, (0.9, 0.47, 0.47))
    shape = canal_of(phantom)
    for level in LEVELS:
        found = values_of(shape, level)
        assert found["canal.area"].value == pytest.approx(phantom.truth["canal.area", level], rel=0.02), level
        for key in ("canal.ap_diameter", "canal.transverse_diameter", "canal.midsagittal_ap"):
            assert found[key].value == pytest.approx(phantom.truth[key, level], abs=0.4), (key, level)


def test_the_narrowest_area_of_a_level_is_found_where_its_middle_is_not_the_narrowest() -> None:
    phantom = Phantom(SHAPE, (0.9, 0.47, 0.47))
    found = values_of(canal_of(phantom), "L4")
    narrow = phantom.truth["canal.area", "L4/5"]
    assert narrow < (found["canal.narrowest_area"].value or 0.0) < 0.9 * phantom.truth["canal.area", "L4"]


@pytest.mark.parametrize("offset", [0.0, 1.1, 2.2])
@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (0.0, 20.0, 0.0), (0.0, 0.0, 20.0)], ids=["straight", "roll", "yaw"])
def test_thick_slices_give_area_within_10_per_cent_wherever_they_fall(
    offset: float, turn: tuple[float, float, float]
) -> None:
    phantom = Phantom(SpineShape(vertebrae=3), THICK, offset=(offset, 0.0, 0.0), turn=turn)
    shape = canal_of(phantom)
    for level in LEVELS:
        found = values_of(shape, level)
        assert found["canal.area"].value == pytest.approx(phantom.truth["canal.area", level], rel=0.10), level
        for key in ("canal.ap_diameter", "canal.midsagittal_ap"):
            assert found[key].value == pytest.approx(phantom.truth[key, level], abs=0.4), (key, level)


def test_each_number_can_be_read_off_its_trace() -> None:
    shape = canal_of(Phantom(SHAPE, (0.9, 0.47, 0.47)))
    found = values_of(shape, "L4")
    for key in ("canal.ap_diameter", "canal.transverse_diameter", "canal.midsagittal_ap"):
        ((front, back),) = found[key].trace.lines
        assert np.linalg.norm(np.subtract(back, front)) == pytest.approx(found[key].value, abs=1e-6)
    (contour,) = found["canal.area"].trace.contours
    spokes = np.array(contour) - np.mean(contour, axis=0)
    traced = np.linalg.norm(np.cross(spokes, np.roll(spokes, -1, axis=0)).sum(axis=0)) / 2
    assert traced == pytest.approx(found["canal.area"].value, rel=0.03)


def test_dragged_ends_change_the_midsagittal_diameter_and_nothing_else() -> None:
    shape = canal_of(Phantom(SHAPE))
    automatic = values_of(shape, "L4")
    longer = dict(shape.landmarks)
    front, back = longer["L4.canal_anterior"], longer["L4.canal_posterior"]
    longer["L4.canal_posterior"] = back + 2.0 * (back - front) / np.linalg.norm(back - front)
    dragged = {one.measure: one for one in at_level("L4", shape, longer)}
    assert dragged["canal.midsagittal_ap"].value == pytest.approx((automatic["canal.midsagittal_ap"].value or 0) + 2)
    assert [k for k in dragged if dragged[k].value != automatic[k].value] == ["canal.midsagittal_ap"]


def test_sections_come_every_two_millimetres_and_know_their_level() -> None:
    shape = canal_of(Phantom(SHAPE))
    steps = np.diff([section.along_mm for section in shape.sections])
    assert steps == pytest.approx(2.0, abs=0.05)
    names = list(dict.fromkeys(section.level for section in shape.sections if section.level))
    assert names == list(LEVELS)


def test_the_sides_of_the_stack_take_area_and_width_but_leave_the_ap_diameter() -> None:
    phantom = Phantom(SpineShape(vertebrae=3), (0.9, 0.47, 0.47), width=18.0)
    found = values_of(canal_of(phantom), "L4")
    for key in ("canal.area", "canal.narrowest_area", "canal.transverse_diameter"):
        assert found[key].value is None and found[key].reason == "The sides of the stack cut the canal here."
    assert found["canal.ap_diameter"].value == pytest.approx(phantom.truth["canal.ap_diameter", "L4"], abs=0.4)
    assert found["canal.midsagittal_ap"].value == pytest.approx(phantom.truth["canal.ap_diameter", "L4"], abs=0.4)


def test_a_canal_in_two_slices_has_an_ap_diameter_but_no_area() -> None:
    narrow = SpineShape(vertebrae=3, narrowings={"L4/5": 0.4})
    shape = canal_of(Phantom(narrow, THICK, offset=(2.2, 0.0, 0.0)))
    found = values_of(shape, "L4/5")
    assert found["canal.area"].value is None
    assert found["canal.area"].reason == "The canal shows in fewer than three slices here, too few for its width."
    assert found["canal.ap_diameter"].value is not None


def test_where_the_label_ends_nothing_is_measured() -> None:
    phantom = Phantom(SHAPE)
    part = Grid(phantom.labels).part(CANAL.label)
    middle = part.mask.shape[1] // 2
    part.mask[:, :middle] = False
    shape = canal_of(phantom, part)
    whole = [section for section in shape.sections if section.area_mm2 is not None]
    top = shape.sections[-1]
    assert top.area_mm2 is None and top.anteroposterior_mm is None and "ends here" in top.reason
    assert whole and min(section.area_mm2 or 0.0 for section in whole) > 100.0
    assert values_of(shape, "L3")["canal.area"].reason == "The label of the canal does not reach L3."


def test_a_fragment_beside_the_canal_does_not_add_to_its_area() -> None:
    phantom = Phantom(SHAPE, (0.9, 0.47, 0.47))
    plain = canal_of(phantom)
    part = Grid(phantom.labels).part(CANAL.label)
    wide = np.pad(part.mask, ((0, 0), (0, 0), (0, 16)))
    at = np.argwhere(wide)[:, 1]
    wide[8:14, at.min() : at.max(), -6:-2] = False
    row = round((plain.at["L4"].center[1] - part.start[1]) / part.spacing[1])
    wide[10:14, row - 2 : row + 3, -6:-2] = True
    with_fragment = CanalShape(Canal(part.only(wide), plain.canal.centreline), plain.spans)
    assert with_fragment.at["L4"].area_mm2 == pytest.approx(plain.at["L4"].area_mm2, rel=1e-6)


def test_a_section_is_the_same_cut_alone_or_with_others() -> None:
    together = canal_of(Phantom(SHAPE, THICK, width=30.8, turn=(2.0, 4.0, -3.0)))
    alone = Canal(together.canal.part, together.canal.centreline)
    for index in (0, 2, 30, 58, len(alone.centreline.places) // 2 * 2 - 2):
        assert alone.sections([index]) == [replace(together.sections[index // 2], level="")]


def test_a_place_with_no_canal_in_its_plane_has_no_section_and_its_neighbours_have() -> None:
    shape = canal_of(Phantom(SHAPE, (0.9, 0.47, 0.47)))
    line = shape.canal.centreline
    places = line.places.copy()
    places[30] += 40.0 * line.backs[30]
    canal = Canal(shape.canal.part, replace(line, places=places))
    below, beside, above = canal.sections([28, 30, 32])
    assert (beside.area_mm2, beside.contour, beside.reason) == (None, (), "There is no canal here.")
    assert canal.diameters([30]) == [None]
    assert below.area_mm2 == shape.sections[14].area_mm2 and above.area_mm2 == shape.sections[16].area_mm2


def test_without_a_canal_or_a_place_each_measure_says_why() -> None:
    for one in at_level("L4", None, {}):
        assert one.value is None and one.reason == "No spinal canal is labelled."
    shape = replace(canal_of(Phantom(SHAPE)), spans={})
    for one in at_level("L4", shape, {}):
        assert one.value is None and "posterior wall of L4 was not found" in one.reason


def test_a_disc_beside_a_body_without_corners_keeps_its_place_along_the_canal() -> None:
    phantom = Phantom(SHAPE, (0.9, 0.47, 0.47))
    grid, line = Grid(phantom.labels), canal_of(phantom).canal.centreline
    disc = disc_of("L4/5", grid.part(202), mid_sagittal(grid.part(202), line))
    points: dict[str, Floats] = {name: grid.from_lps(np.array(place)) for name, place in phantom.landmarks.items()}
    between = wall_of_disc("L4/5", points)
    del points["L4.inferior_posterior"]
    assert isinstance(disc, DiscShape) and wall_of_disc("L4/5", points) is None
    own = wall_of_disc("L4/5", points, disc)
    assert own is not None and between is not None
    assert abs(int(np.diff(line.nearest(np.stack([own.mean(axis=0), between.mean(axis=0)])))[0])) <= 2


def test_a_level_is_compared_with_those_beside_it_or_the_one_there_is() -> None:
    areas = [Measurement("canal.area", level, value) for level, value in (("L5", 200.0), ("L4", 90.0), ("L3", 160.0))]
    found = {(one.measure, one.level): one for one in against_neighbours(areas)}
    assert found["canal.area_ratio", "L4"].value == pytest.approx(0.5)
    assert found["canal.loss", "L4"].value == pytest.approx(50.0)
    assert found["canal.loss", "L4"].band == "Lurie: one to two thirds"
    assert found["canal.area_ratio", "L3"].value == pytest.approx(160 / 90)
    assert found["canal.loss", "L3"].band == ""


def test_a_ratio_without_areas_says_why() -> None:
    areas = [Measurement("canal.area", "L5", 200.0), Measurement("canal.area", "L4", None, reason="Cut.")]
    found = {(one.measure, one.level): one for one in against_neighbours(areas)}
    assert found["canal.area_ratio", "L4"].reason == "Cut."
    assert found["canal.area_ratio", "L5"].reason == "No level of its kind beside it has an area to compare with."
