"""Angles of radiographs: three curves by the level of their apex, the largest, the shift, and those from the side."""

from collections.abc import Sequence

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.analysis import Measured, measure
from LumbarSegLib.core.findings import Findings, Measurement, Point
from LumbarSegLib.core.measure.radiograph.curves import curves, tilts
from LumbarSegLib.core.measure.radiograph.frontal import region_of
from LumbarSegLib.core.radiograph import radiograph_of
from LumbarSegLib.errors import InputError
from Testing.radiograph_phantoms import Spine, arcs

REGIONS = tuple(f"coronal.cobb_{name}" for name in ("proximal_thoracic", "main_thoracic", "thoracolumbar"))
THREE = arcs((0, 4, 25.0), (4, 10, -55.0), (10, 15, 40.0), start=-3.0)


def measured(tilts_down: Sequence[float], **given: float) -> Findings:
    return measure(radiograph_of(Spine(tilts_down, spacing_mm=0.5, **given).semantic)).findings  # type: ignore[arg-type]


def one(findings: Findings, measure_key: str) -> Measurement:
    return next(row for row in findings.measurements if row.measure == measure_key)


def test_three_curves_have_their_angles_end_vertebrae_and_apices() -> None:
    findings = measured(THREE)
    proximal, main, lower = (one(findings, key) for key in REGIONS)
    assert [row.value for row in (proximal, main, lower)] == pytest.approx([25.0, 55.0, 40.0], abs=0.5)
    assert (main.level, lower.level.split("-")[0]) == ("T5-T11", "T11")
    assert main.band == "apex T8, convex to the right"
    assert "convex to the left" in proximal.band and "convex to the left" in lower.band
    assert set(main.trace.points) == {
        "T5.superior_right", "T5.superior_left", "T11.inferior_left", "T11.inferior_right",
    }  # fmt: skip
    largest = one(findings, "coronal.largest_cobb")
    assert (largest.value, largest.level) == (main.value, main.level)


def test_a_curve_that_is_not_there_has_a_reason_and_no_number() -> None:
    findings = measured(arcs((4, 12, 48.0), start=-24.0))
    proximal = one(findings, REGIONS[0])
    assert proximal.value is None
    assert proximal.reason == "No curve of 5° or more has its apex from T1 to T5/6."
    assert one(findings, REGIONS[1]).value == pytest.approx(48.0, abs=0.5)


def test_a_straight_spine_has_no_curve_and_a_small_largest_angle() -> None:
    findings = measured(arcs(start=7.0))
    assert all(one(findings, key).value is None for key in REGIONS)
    assert (one(findings, "coronal.largest_cobb").value or 0.0) < 1.0
    assert findings.of("coronal.tilt", "T6").value == pytest.approx(7.0, abs=0.2)


def test_the_tilt_is_positive_where_the_left_side_of_the_patient_lies_lower() -> None:
    findings = measured(arcs(start=12.0))
    left, right = (findings.landmarks[f"L2.superior_{side}"].place for side in ("left", "right"))
    assert left[0] > right[0] and left[2] < right[2]
    assert (findings.of("coronal.superior_tilt", "L2").value or 0.0) > 0


@pytest.mark.parametrize(
    ("apex", "region"),
    [("T2", 0), ("T5/6", 0), ("T6", 1), ("T11/12", 1), ("T12", 2), ("T12/L1", 2), ("L1/2", 2), ("L4", 2), ("L6", 2)],
)
def test_curves_are_told_apart_by_the_level_of_their_apex(apex: str, region: int) -> None:
    assert region_of(apex) == REGIONS[region]


def test_a_turn_by_less_than_readers_see_makes_no_curve() -> None:
    unsteady = np.array(arcs((4, 12, 40.0), start=-20.0)) + 2.0 * (-1.0) ** np.arange(17)
    found = curves(Spine(unsteady.tolist()).corners)
    assert [round(curve.degrees) for curve in found] == [44]


def test_two_vertebrae_tilted_alike_do_not_make_an_angle_jump() -> None:
    spine = Spine(arcs((4, 12, 40.0), start=-20.0), wedges=[4.0 * (-1) ** k for k in range(17)])
    before = curves(spine.corners)[0].degrees
    nudged = spine.corners.copy()
    nudged[2:5, 1, 1] += np.array([0.02, -0.02, 0.02])
    assert curves(nudged)[0].degrees == pytest.approx(before, abs=0.15)


def test_of_two_curves_in_one_region_the_smaller_is_flagged() -> None:
    findings = measured(arcs((4, 8, 30.0), (8, 12, -44.0), (12, 15, 20.0), start=-12.0))
    further = [flag for flag in findings.flags if flag.key == "further_curve"]
    assert one(findings, REGIONS[1]).value == pytest.approx(44.0, abs=0.5)
    assert [flag.text.split(";")[0] for flag in further] == ["There is a further curve, T3-T9, of 30.0° (apex T6/7)"]


def test_the_shift_is_that_of_the_uppermost_middle_beside_the_lowest() -> None:
    spine = Spine(arcs(start=10.0), spacing_mm=0.5)
    upper, lower = spine.corners[0].mean(axis=0), spine.corners[-1].mean(axis=0)
    shift = one(measure(radiograph_of(spine.semantic)).findings, "coronal.shift")
    assert shift.value == pytest.approx(upper[0] - lower[0], abs=0.2)
    assert shift.level == "T1-L5" and (shift.value or 0.0) > 0


def test_angles_need_no_pixel_size_and_lengths_do() -> None:
    spine = Spine(THREE, spacing_mm=0.5)
    image = spine.image(spacing=False)
    findings = measure(radiograph_of(spine.semantic), image).findings
    assert one(findings, REGIONS[1]).value == pytest.approx(55.0, abs=0.5)
    shift = one(findings, "coronal.shift")
    assert (shift.value, shift.reason) == (
        None,
        "No pixel spacing: the file states none, so nothing is given in mm; angles need none.",
    )
    assert all(row.mm is None for row in findings.corners)
    column, line = findings.corners[0].pixels["superior_right"]
    assert (column, line) == pytest.approx(tuple(spine.corners[0, 0] / 0.5), abs=0.7)


def test_pixels_are_not_called_mm_that_no_spine_has() -> None:
    spine = Spine(arcs(start=10.0), spacing_mm=0.5)
    findings = measure(radiograph_of(spine.semantic), spine.image(spacing=False)).findings
    assert not [flag.text for flag in findings.flags if " mm is more or less" in flag.text]


def test_mm_at_the_detector_are_said_to_be_magnified() -> None:
    spine = Spine(THREE, spacing_mm=0.5)
    findings = measure(
        radiograph_of(spine.semantic), spine.image(magnified=True, age="14 years", sex="female")
    ).findings
    assert "magnified" in one(findings, "coronal.shift").flags
    assert "magnified" not in one(findings, REGIONS[1]).flags
    assert findings.patient == {"age": "14 years", "sex": "female"}


def test_a_curve_that_begins_at_the_uppermost_vertebra_seen_may_go_on() -> None:
    findings = measured(arcs((0, 8, 40.0), count=11, start=-20.0))
    lower = one(findings, REGIONS[1])
    assert lower.level.startswith("T7-") and lower.flags == ("counted_from_lowest", "curve_cut")[1:]


def test_few_vertebrae_give_no_curves() -> None:
    findings = measured([5.0, 8.0, 12.0])
    assert {one(findings, key).reason for key in REGIONS} == {
        "Fewer than 4 vertebrae have corners, too few to tell a curve."
    }
    assert "few_vertebrae" in {flag.key for flag in findings.flags}


def test_vertebrae_side_by_side_are_not_measured() -> None:
    labels = Spine(THREE, spacing_mm=0.5).semantic
    turned = sitk.GetImageFromArray(np.ascontiguousarray(np.rot90(sitk.GetArrayFromImage(labels), axes=(1, 2))))
    findings = measure(radiograph_of(turned)).findings
    assert all(row.value is None for row in findings.measurements)
    assert "column_across" in {flag.key for flag in findings.flags}


@pytest.fixture(scope="module")
def first() -> Measured:
    return measure(radiograph_of(Spine(THREE, spacing_mm=0.5).semantic))


def moved(first: Measured, name: str, down: float) -> dict[str, Point]:
    x, y, z = first.findings.landmarks[name].place
    return {name: (x, y, z - down)}


def test_every_angle_follows_a_dragged_corner(first: Measured) -> None:
    dragged = measure(first.result, overrides=moved(first, "T5.superior_left", 4.0), previous=first).findings
    before, after = (one(findings, REGIONS[1]) for findings in (first.findings, dragged))
    turned = (dragged.of("coronal.superior_tilt", "T5").value or 0.0) - (
        first.findings.of("coronal.superior_tilt", "T5").value or 0.0
    )
    assert turned > 6.0
    assert (after.value or 0.0) - (before.value or 0.0) == pytest.approx(turned, abs=0.1)
    assert (after.status, before.status) == ("edited", "automatic")
    assert dragged.landmarks["T5.superior_left"].status == "edited"
    untouched = dragged.of("coronal.tilt", "L1")
    assert untouched == first.findings.of("coronal.tilt", "L1")
    back = measure(first.result, previous=first).findings
    assert back == first.findings


def test_no_angle_is_read_from_a_cut_until_the_corners_are_dragged() -> None:
    spine = Spine(THREE, spacing_mm=0.5)
    values = sitk.GetArrayFromImage(spine.semantic)
    middle = np.rint((spine.corners[9, 2:].mean(axis=0) + spine.corners[10, :2].mean(axis=0)) / 2 / 0.5).astype(int)
    values[0, middle[1] - 10 : middle[1] + 11, middle[0] - 20 : middle[0] + 21] = 1
    labels = sitk.GetImageFromArray(values)
    labels.CopyInformation(spine.semantic)
    joined = measure(radiograph_of(labels))
    assert set(joined.result.parted) == {"T10", "T11"}  # type: ignore[union-attr]
    tilt = joined.findings.of("coronal.tilt", "T11")
    assert tilt.value is None and "drag its corners" in tilt.reason
    main = one(joined.findings, REGIONS[1])
    assert not {"T10", "T11"} & set(main.level.split("-"))
    dragged = measure(joined.result, overrides=moved(joined, "T11.inferior_left", 0.0), previous=joined).findings
    assert dragged.of("coronal.tilt", "T11").value is not None


def test_what_is_no_corner_is_refused(first: Measured) -> None:
    with pytest.raises(InputError, match=r"L3\.middle is no landmark; give names as L3\.superior_right"):
        measure(first.result, overrides={"L3.middle": (0.0, 0.0, 0.0)})
    with pytest.raises(InputError, match="no landmark"):
        measure(first.result, overrides={"S1.superior_left": (0.0, 0.0, 0.0)})
    with pytest.raises(InputError, match="three finite coordinates"):
        measure(first.result, overrides={"L3.superior_left": (float("nan"), 0.0, 0.0)})


def test_two_corners_in_one_place_are_not_measured_from(first: Measured) -> None:
    place = first.findings.landmarks["L2.superior_right"].place
    findings = measure(first.result, overrides={"L2.superior_left": place}).findings
    assert findings.of("coronal.tilt", "L2").reason == "Two corners of L2 lie in one place."


def test_from_the_side_lordosis_segments_wedges_and_slip_are_measured_as_experimental() -> None:
    spine = Spine(arcs((0, 5, -40.0), count=6, start=15.0), wedges=[6.0] * 6, spacing_mm=0.5, view="lateral")
    findings = measure(radiograph_of(spine.semantic)).findings
    superior, inferior = spine.endplates.T
    lordosis = findings.of("alignment.lordosis", "L1-L5")
    assert lordosis.value == pytest.approx(superior[1] - inferior[5], abs=0.5)
    assert findings.of("alignment.segmental_angle", "L3/4").value == pytest.approx(inferior[3] - superior[4], abs=0.5)
    assert findings.of("vertebra.wedge_angle", "L2").value == pytest.approx(superior[2] - inferior[2], abs=0.5)
    assert findings.of("alignment.slip", "L4/5").value is not None
    assert all("lateral_experimental" in row.flags for row in findings.measurements)
    assert [row for row in findings.measurements if row.level == "L5/S1" or "S1" in row.level] == []
    assert findings.landmarks["L4.superior_anterior"].place[1] < findings.landmarks["L4.superior_posterior"].place[1]


def test_tilts_are_those_of_the_endplates() -> None:
    spine = Spine(THREE, wedges=[3.0] * 17)
    assert np.stack(tilts(spine.corners), axis=1) == pytest.approx(spine.endplates)
