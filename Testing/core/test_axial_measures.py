"""Axial slices drawn by formula and read from real DICOM: areas, diameters, levels and tilt as they were drawn."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.analysis import measure
from LumbarSegLib.core.findings import Findings, Measurement
from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.core.planes import planes_of
from LumbarSegLib.core.regions import regions_of
from LumbarSegLib.errors import InputError
from Testing.axial_phantoms import (
    Anatomy,
    Ellipse,
    block,
    image_of,
    labels_of,
    one_slice,
    sagittal_labels,
    through_disc,
)

SACS = (Ellipse(9.0, 6.0, 0.0, 27.0), Ellipse(8.0, 6.5, 1.0, 27.0, 20.0), Ellipse(10.0, 7.0, -1.0, 27.0, -10.0))
SPINE = spine_of(sagittal_labels())


def value(findings: Findings, key: str, level: str) -> float:
    found = findings.of(key, level)
    assert found.value is not None, found.reason
    return found.value


def keys(findings: Findings, level: str = "") -> set[str]:
    return {flag.key for flag in findings.flags if flag.level == level}


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> sitk.Image:
    """Three oblique blocks through the discs, tilted by 2, 15 and 25 degrees against the canal."""
    tilts = (2.0, 15.0, 25.0)
    drawn = [
        through_disc(k, tilt, count=3, anatomy=Anatomy(sac))
        for k, (tilt, sac) in enumerate(zip(tilts, SACS, strict=True))
    ]
    return image_of(tmp_path_factory.mktemp("blocks"), drawn)


@pytest.fixture(scope="module")
def named(blocks: sitk.Image) -> Findings:
    return measure(regions_of(labels_of(blocks)), blocks, sagittal=SPINE).findings


@pytest.fixture(scope="module")
def unnamed(blocks: sitk.Image) -> Findings:
    return measure(regions_of(labels_of(blocks)), blocks).findings


def test_each_oblique_block_has_the_area_and_diameters_that_were_drawn(unnamed: Findings) -> None:
    """The areas on average within 1 %, each within what its pixels can tell (`test_axial_contour`)."""
    errors = []
    for place, sac in enumerate(SACS, start=1):
        level = f"block {place}"
        errors.append(value(unnamed, "ts.area", level) / sac.area - 1)
        assert value(unnamed, "ts.ap_diameter", level) == pytest.approx(sac.chord(0.0), abs=0.5)
        assert value(unnamed, "ts.transverse_diameter", level) == pytest.approx(sac.extent(0.0), abs=0.5)
        assert value(unnamed, "ivd.area", level) == pytest.approx(np.pi * 25 * 17, rel=0.01)
        assert value(unnamed, "ivd.ap_diameter", level) == pytest.approx(34.0, abs=0.5)
    assert abs(np.mean(errors)) < 0.01
    assert np.abs(errors).max() < 0.02


def test_ratios_are_those_of_what_was_drawn(unnamed: Findings) -> None:
    for place, sac in enumerate(SACS, start=1):
        level, disc = f"block {place}", Anatomy().disc
        assert value(unnamed, "ts.disc_area_ratio", level) == pytest.approx(sac.area / disc.area, rel=0.02)
        assert value(unnamed, "ts.disc_ap_ratio", level) == pytest.approx(sac.chord(0) / 34.0, rel=0.05)
    areas = [value(unnamed, "ts.area", f"block {place}") for place in (1, 2, 3)]
    assert value(unnamed, "ts.area_ratio", "block 1") == pytest.approx(areas[0] / areas[1])
    assert value(unnamed, "ts.area_ratio", "block 2") == pytest.approx(areas[1] / ((areas[0] + areas[2]) / 2))


def test_without_names_the_blocks_are_counted_from_below_and_their_middle_slices_stand_for_them(
    unnamed: Findings,
) -> None:
    told = [(one.level, one.slice, one.named_by) for one in unnamed.represented]
    assert told == [("block 1", 2, "block"), ("block 2", 5, "block"), ("block 3", 8, "block")]
    assert {"levels_not_named", "disc_unknown"} <= keys(unnamed)
    levels = list(dict.fromkeys(one.level for one in unnamed.measurements))
    assert levels == ["block 3", "block 2", "block 1", *(f"slice {k}" for k in range(9, 0, -1))]


def test_a_sagittal_segmentation_names_the_levels_by_the_slice_nearest_the_middle_of_each_disc(named: Findings) -> None:
    told = [(one.level, one.slice, one.named_by) for one in named.represented]
    assert told == [("L5/S1", 2, "sagittal"), ("L4/5", 5, "sagittal"), ("L3/4", 8, "sagittal")]
    assert "disc_unknown" not in keys(named)
    assert named.lowest_disc == "L5/S1"


@pytest.mark.parametrize(("level", "tilt"), [("L5/S1", 2.0), ("L4/5", 15.0), ("L3/4", 25.0)])
def test_the_tilt_against_the_canal_is_right_within_half_a_degree(named: Findings, level: str, tilt: float) -> None:
    assert value(named, "slice.tilt", level) == pytest.approx(tilt, abs=0.5)


def test_up_to_10_degrees_stand_as_measured_up_to_20_are_corrected_too_and_beyond_there_is_no_cut_off(
    named: Findings,
) -> None:
    areas = {level: named.of("ts.area", level) for level in ("L5/S1", "L4/5", "L3/4")}
    assert all(one.value is not None for one in areas.values())
    assert not {"tilted", "tilted_much"} & set(areas["L5/S1"].flags)
    assert areas["L5/S1"].comparisons
    assert "tilted" in areas["L4/5"].flags and areas["L4/5"].comparisons
    corrected = value(named, "ts.corrected_area", "L4/5")
    assert corrected == pytest.approx((areas["L4/5"].value or 0) * np.cos(np.deg2rad(15)), rel=0.005)
    assert "tilted_much" in areas["L3/4"].flags and not areas["L3/4"].comparisons
    with pytest.raises(KeyError):
        named.of("ts.corrected_area", "L3/4")
    assert not named.of("ts.area_ratio", "L3/4").comparisons


def test_without_a_sagittal_segmentation_the_tilt_comes_from_the_sac_in_three_slices_or_not_at_all(
    unnamed: Findings, tmp_path: Path
) -> None:
    assert value(unnamed, "slice.tilt", "block 1") == pytest.approx(0.0, abs=0.5)
    assert "tilt_by_sac" in keys(unnamed)
    two = image_of(tmp_path, [block(Anatomy(), count=2)])
    found = measure(regions_of(labels_of(two)), two).findings
    assert "fewer than three slices close to each other" in found.of("slice.tilt", "slice 1").reason
    assert "tilt_by_sac" not in keys(found)


def test_a_slice_beside_the_disc_is_compared_with_no_cut_off_and_has_no_disc(tmp_path: Path) -> None:
    image = image_of(tmp_path, [through_disc(0), through_disc(1, above=15.0), through_disc(2, above=3.0)])
    found = measure(regions_of(labels_of(image)), image, sagittal=SPINE).findings
    assert [(one.level, one.slice) for one in found.represented] == [("L5/S1", 1), ("L3/4", 3)]
    assert keys(found, "slice 2") == {"beside_disc"}
    assert keys(found, "slice 3") == set()
    beside = found.of("ts.area", "slice 2")
    assert beside.value is not None and not beside.comparisons
    assert "does not pass through a disc" in found.of("ts.disc_area_ratio", "slice 2").reason


def test_the_user_s_names_count_and_the_result_says_so(blocks: sitk.Image) -> None:
    found = measure(regions_of(labels_of(blocks)), blocks, levels={"L4/5": 5, "L5/S1": 2}).findings
    assert [(one.level, one.slice, one.named_by) for one in found.represented] == [
        ("L5/S1", 2, "user"),
        ("L4/5", 5, "user"),
    ]
    (flag,) = (one for one in found.flags if one.key == "levels_by_user")
    assert flag.text == "Named by the user: L5/S1 on slice 2, L4/5 on slice 5."
    assert [one.cut_off for one in found.of("ts.area", "L4/5").comparisons] == [111.1, 100, 70]
    assert [one.cut_off for one in found.of("ts.area", "L5/S1").comparisons] == [70]


def test_a_slice_that_the_user_names_for_another_disc_than_the_sagittal_shows_is_told(blocks: sitk.Image) -> None:
    found = measure(regions_of(labels_of(blocks)), blocks, sagittal=SPINE, levels={"L3/4": 5}).findings
    assert "other_disc" in keys(found, "slice 5")
    assert not found.of("ts.area", "L3/4").comparisons


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ({"L4": 5}, "L4 is no name of a disc"),
        ({"L4/5": 0}, "L4/5 cannot be on slice 0; the slices count from 1 below to 9"),
        ({"L4/5": 10}, "L4/5 cannot be on slice 10"),
        ({"L4/5": 2, "L5/S1": 5}, "L4/5 on slice 2 does not lie above L5/S1 on slice 5"),
        ({"L4/5": 5, "L5/S1": 5}, "does not lie above"),
    ],
)
def test_names_that_cannot_be_are_refused(blocks: sitk.Image, levels: dict[str, int], words: str) -> None:
    with pytest.raises(InputError, match=words):
        measure(regions_of(labels_of(blocks)), blocks, levels=levels)


def test_a_sagittal_segmentation_of_another_place_is_refused(blocks: sitk.Image) -> None:
    elsewhere = sitk.Image(sagittal_labels())
    elsewhere.SetOrigin(np.add(elsewhere.GetOrigin(), (0.0, 0.0, 900.0)).tolist())
    with pytest.raises(InputError, match="no slice passes near a disc of the sagittal segmentation"):
        measure(regions_of(labels_of(blocks)), blocks, sagittal=spine_of(elsewhere))


@pytest.mark.parametrize("spacing", [(0.6875, 0.6875), (0.9, 0.6), (0.5, 0.8)])
@pytest.mark.parametrize("lying", [0.0, 12.0, -17.0])
def test_a_patient_who_lies_turned_has_the_same_measures(spacing: tuple[float, float], lying: float) -> None:
    anatomy = Anatomy(Ellipse(9.0, 6.0, 1.0, 27.0, 10.0), lying=lying)
    found = measure(regions_of(one_slice(anatomy, spacing, (0.3, -0.2)))).findings
    sac = anatomy.sac
    assert value(found, "ts.area", "slice 1") == pytest.approx(sac.area, rel=0.015)
    assert value(found, "ts.ap_diameter", "slice 1") == pytest.approx(sac.chord(0.0), abs=0.5)
    assert value(found, "ts.transverse_diameter", "slice 1") == pytest.approx(sac.extent(0.0), abs=0.6)


def test_the_side_on_which_there_is_more_is_the_patient_s_own_whatever_the_storage_order() -> None:
    labels = one_slice(Anatomy(aap_left=8.0), (0.6875, 0.6875))
    even = value(measure(regions_of(one_slice(Anatomy(), (0.6875, 0.6875)))).findings, "aap.asymmetry", "slice 1")
    assert even == pytest.approx(0.0, abs=1.0)
    more = [
        value(measure(regions_of(sitk.DICOMOrient(labels, order))).findings, "aap.asymmetry", "slice 1")
        for order in ("LPS", "RAS", "RPI", "SLP")
    ]
    assert more[0] > 15
    assert more == pytest.approx([more[0]] * 4, abs=0.01)


def test_each_number_shows_where_it_was_read_in_the_true_plane_of_its_slice(
    blocks: sitk.Image, unnamed: Findings
) -> None:
    plane = planes_of(blocks)[4]
    for key in ("ts.area", "ts.ap_diameter", "ts.transverse_diameter", "ivd.area", "aap.asymmetry"):
        trace = unnamed.of(key, "block 2").trace
        points = [*trace.points.values(), *(end for line in trace.lines for end in line)]
        points += [place for contour in trace.contours for place in contour]
        assert len(points) > 1
        assert np.abs((np.array(points) - plane.origin) @ plane.normal).max() < 1e-6
    (contour,) = unnamed.of("ts.area", "block 2").trace.contours
    shown = np.array(contour) - contour[0]
    area = np.linalg.norm(np.cross(shown[:-1], shown[1:]).sum(axis=0)) / 2
    assert area == pytest.approx(value(unnamed, "ts.area", "block 2"), rel=1e-6)


def test_the_ends_of_the_diameters_lie_in_front_behind_right_and_left(unnamed: Findings) -> None:
    ends = {
        end: np.array(unnamed.landmarks[f"slice 5.ts_{end}"].place)
        for end in ("anterior", "posterior", "right", "left")
    }
    assert ends["posterior"][1] > ends["anterior"][1] + 10
    assert ends["left"][0] > ends["right"][0] + 10


def test_no_measurement_names_a_diagnosis_or_has_both_a_number_and_a_reason(named: Findings) -> None:
    def sound(one: Measurement) -> bool:
        return (one.value is None) == bool(one.reason) and one.band == ""

    assert all(map(sound, named.measurements))
