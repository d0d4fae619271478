"""DICOM SR by TID 1500: every number with its unit, level and place, every missing one with its reason, and no claim
that a person stands for it unless one does.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from highdicom import sr
from highdicom.sr import srread
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from LumbarSegLib.core.confirmation import Confirmation
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.dicom.source import read_source
from LumbarSegLib.core.dicom.sr import report
from LumbarSegLib.core.findings import Comparison, Findings, Flag, Measurement
from LumbarSegLib.core.report.csv_text import rows_of_csv
from LumbarSegLib.core.report.tables import to_csv, to_json
from LumbarSegLib.errors import InputError
from Testing.csv_rows import value_in
from Testing.dicom_studies import MODEL, Made, axial, radiograph, sagittal


@pytest.fixture(scope="module")
def spine(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return sagittal(tmp_path_factory.mktemp("spine"))


@pytest.fixture(scope="module")
def told(spine: Made) -> sr.Comprehensive3DSR:
    return report_of(spine)


def report_of(made: Made, by: Confirmation | None = None, **changed: Any) -> sr.Comprehensive3DSR:
    """The SR of a study as highdicom reads it back."""
    document = report(replace(made.study, **changed), read_source([made.folder]), (), by)
    file = BytesIO()
    document.save_as(file, enforce_file_format=True)
    file.seek(0)
    return srread(file)


def numbers_in(document: sr.Comprehensive3DSR) -> dict[tuple[str, str], sr.Measurement]:
    """Each NUM by the code of its method and the level in its tracking identifier."""
    found = {}
    for group in document.content.get_image_measurement_groups():
        for one in group.get_measurements():
            name = child(one, "370129005").ConceptCodeSequence[0].CodeMeaning
            level = child(one, "112039").TextValue.removesuffix(f" {name}")
            found[level, name] = one
    return found


def child(one: sr.Measurement, name: str) -> Dataset:
    return next(children(one, name))


def children(one: sr.Measurement, name: str) -> Iterator[Dataset]:
    """The content items below a measurement with this concept name."""
    return (item for item in one[0].ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == name)


def texts_in(document: sr.Comprehensive3DSR, name: str) -> list[str]:
    return [item.TextValue for item in walk(document) if concept(item) == name and item.ValueType == "TEXT"]


def walk(item: Dataset) -> Iterator[Dataset]:
    for below in item.get("ContentSequence", []):
        yield below
        yield from walk(below)


def concept(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue)


def with_findings(made: Made, *rows: Measurement, flags: tuple[Flag, ...] = ()) -> Findings:
    return replace(made.study.findings, measurements=rows, flags=flags)


def test_the_numbers_are_those_of_json_and_rounded_those_of_csv(spine: Made, told: sr.Comprehensive3DSR) -> None:
    found = {key: one.value for key, one in numbers_in(told).items()}
    rows = json.loads(to_json(spine.study.findings, {}))["measurements"]
    assert found == {(row["level"], row["name"]): row["value"] for row in rows if row["value"] is not None}
    _, lines = rows_of_csv(to_csv(spine.study.findings, {}))
    in_csv = {(row["level"], row["name"]): (row["measure"], value_in(row)) for row in lines if value_in(row)}
    assert in_csv == {one: (key, MEASURES[key].rounded(found[one])) for one, (key, _) in in_csv.items()}
    assert in_csv.keys() == found.keys()


def test_every_number_has_its_ucum_unit_and_the_public_name_of_its_quantity(told: sr.Comprehensive3DSR) -> None:
    found = numbers_in(told)
    height, angle = found["L4", "Anterior height"], found["L4/5", "Segmental angle"]
    assert (height.name, height.unit) == (codes.DCM.Height, Code("mm", "UCUM", "mm"))
    assert (angle.name, angle.unit) == (codes.SCT.Angle, Code("deg", "UCUM", "deg"))
    assert found["L4/5", "Canal area"].name == codes.SCT.Area
    assert {one.unit.value for one in found.values()} <= {"mm", "mm2", "mm3", "deg", "%", "1"}


def test_every_group_names_what_was_found_and_its_site_by_level(told: sr.Comprehensive3DSR) -> None:
    groups = {str(one.tracking_identifier): one for one in told.content.get_image_measurement_groups()}
    sites = {name: [site.value for site in group.finding_sites] for name, group in groups.items()}
    assert sites["L4 L4 vertebra"] == [codes.SCT.L4Vertebra]
    assert sites["L4/5 L4-L5 intervertebral disc"] == [codes.cid1003.LevelOfL4L5IntervertebralDisc]
    assert sites["L4/5 Vertebral canal"] == [codes.cid1003.LevelOfL4L5IntervertebralDisc]
    assert groups["L4 L4 vertebra"].finding_type == codes.SCT.L4Vertebra
    assert groups["L4/5 Vertebral canal"].finding_type == codes.SCT.VertebralCanal


def test_a_line_is_told_in_the_frame_of_reference_of_the_images(spine: Made, told: sr.Comprehensive3DSR) -> None:
    height = numbers_in(told)["L4", "Anterior height"]
    line = next(item for item in children(height, "260753009") if item.GraphicType == "POLYLINE")
    own = spine.study.findings.of("vertebra.anterior_height", "L4").trace.lines[0]
    assert np.allclose(np.reshape(line.GraphicData, (-1, 3)), own, atol=1e-3)
    assert line.ReferencedFrameOfReferenceUID == read_source([spine.folder]).first.FrameOfReferenceUID
    (area,) = (
        one for one in children(numbers_in(told)["L4/5", "Canal area"], "260753009") if one.GraphicType == "POLYGON"
    )
    assert len(area.GraphicData) > 30 and area.GraphicData[:3] == area.GraphicData[-3:]


def test_what_was_not_measured_has_its_reason_and_no_number(spine: Made) -> None:
    reason = "The border of the image cuts L3; größer wäre besser."
    row = Measurement("vertebra.anterior_height", "L3", None, reason=reason)
    document = report_of(spine, findings=with_findings(spine, row))
    assert numbers_in(document) == {}
    assert texts_in(document, "NOT_MEASURED") == [f"Anterior height: {reason}"]
    (item,) = (one for one in walk(document) if concept(one) == "NOT_MEASURED")
    assert item.ContentSequence[0].ConceptCodeSequence[0].CodeValue == "VB_ANT_HEIGHT"


def test_doubts_classes_cut_offs_and_the_status_stand_below_the_number(spine: Made) -> None:
    beside = Comparison("below", 100.0, "relative limit", "Schönström", "24 people")
    row = Measurement(
        "canal.area", "L4/5", 96.0, status="edited", flags=("thick_slices",), band="Class 1", comparisons=(beside,)
    )
    flag = Flag("thick_slices", "", "The slices are 4.0 mm apart.")
    document = report_of(spine, findings=with_findings(spine, row, flags=(flag,)))
    area = numbers_in(document)["L4/5", "Canal area"]
    assert child(area, "STATUS").ConceptCodeSequence[0].CodeValue == "EDITED"
    assert child(area, "DOUBT").TextValue == flag.text
    assert child(area, "CLASS").TextValue.startswith("Class 1")
    assert child(area, "CUT_OFF").TextValue == "below 100 mm²: relative limit (Schönström; 24 people)"
    assert flag.text in texts_in(document, "DOUBT")


def test_it_is_unverified_unless_a_person_of_an_organization_stands_for_it(
    spine: Made, told: sr.Comprehensive3DSR
) -> None:
    flags = ("VerificationFlag", "PreliminaryFlag", "CompletionFlag")
    assert [told[flag].value for flag in flags] == ["UNVERIFIED", "PRELIMINARY", "COMPLETE"]
    assert "VerifyingObserverSequence" not in told
    assert [one.observer_type for one in told.content.get_observer_contexts()] == [codes.DCM.Device]
    one_row = with_findings(spine, spine.study.findings.of("vertebra.anterior_height", "L4"))
    verified = report_of(spine, Confirmation("Weiß^Eva", "Klinik Süd", "2026-11-25T08:00:00+00:00"), findings=one_row)
    assert [verified[flag].value for flag in flags] == ["VERIFIED", "FINAL", "COMPLETE"]
    by = verified.VerifyingObserverSequence[0]
    assert (by.VerifyingObserverName, by.VerifyingOrganization) == ("Weiß^Eva", "Klinik Süd")
    assert str(by.VerificationDateTime).startswith("20261125080000")
    alone = report_of(spine, Confirmation("Weiß^Eva", "", ""), findings=one_row)
    assert (alone.VerificationFlag, alone.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    people = alone.content.get_observer_contexts(codes.DCM.Person)
    assert [one.observer_identifying_attributes.name for one in people] == ["Weiß^Eva"]


def test_it_says_its_use_and_where_everything_is_from(spine: Made, told: sr.Comprehensive3DSR) -> None:
    assert "Research use; not for diagnosis." in texts_in(told, "121106")
    assert told.SeriesDescription.endswith("Research use; not for diagnosis.")
    origin = texts_in(told, "PROVENANCE")
    assert f"image_sha256: {spine.study.provenance['image_sha256']}" in origin
    assert {f"{key}: {value}" for key, value in MODEL.items()} <= set(origin)
    assert {f"{key}={value}" for key, value in MODEL.items()} <= set(texts_in(told, "111002"))
    evidence = {instance for _, _, instance, _ in told.get_evidence()}
    assert evidence == {header.SOPInstanceUID for header in read_source([spine.folder]).headers}


def test_a_slice_of_an_oblique_block_refers_to_its_own_image(tmp_path: Path) -> None:
    made = axial(tmp_path)
    document = report_of(made)
    by_height = sorted((dcmread(file) for file in tmp_path.iterdir()), key=lambda one: place_of_middle(one)[2])
    groups = {str(one.tracking_identifier): one for one in document.content.get_image_measurement_groups()}
    for number, header in enumerate(by_height, start=1):
        group = groups[f"slice {number} Thecal sac"]
        (image,) = group.source_images
        assert image.referenced_sop_instance_uid == header.SOPInstanceUID
        assert group.finding_type == Code("TS", "99LUMBARSEG", "Thecal sac")
    areas = {
        level: one
        for (level, name), one in numbers_in(document).items()
        if name == "Thecal sac area (DSCA)" and level.startswith("slice")
    }
    assert len(areas) == 7
    for level, area in areas.items():
        header = by_height[int(level.split()[1]) - 1]
        (ring,) = (
            np.reshape(one.GraphicData, (-1, 3)) for one in children(area, "260753009") if one.GraphicType == "POLYGON"
        )
        normal = np.cross(header.ImageOrientationPatient[:3], header.ImageOrientationPatient[3:])
        assert np.abs((ring - np.array(header.ImagePositionPatient, float)) @ normal).max() < 0.01


def place_of_middle(header: Dataset) -> Any:
    axes = np.reshape(np.array(header.ImageOrientationPatient, float), (2, 3))
    steps = np.array([header.Columns - 1, header.Rows - 1]) / 2 * np.array(header.PixelSpacing, float)[::-1]
    return np.array(header.ImagePositionPatient, float) + steps @ axes


@pytest.mark.parametrize("turned", [False, True], ids=["upright", "mirrored-and-on-its-head"])
def test_the_lines_of_a_radiograph_are_told_in_the_pixels_of_its_file(tmp_path: Path, turned: bool) -> None:
    made = radiograph(tmp_path / "film.dcm", turned)
    document = report_of(made)
    tilt = numbers_in(document)["L3", "Tilt of the superior endplate"]
    header = dcmread(made.folder)
    (line,) = (one for one in children(tilt, "260753009") if one.GraphicType == "POLYLINE")
    (left, right) = sorted(np.reshape(line.GraphicData, (-1, 2)).tolist())
    corners = next(one for one in made.study.findings.corners if one.vertebra == "L3").pixels
    own = np.array([corners["superior_left"], corners["superior_right"]])
    stored = np.array([header.Columns - 1, header.Rows - 1]) - own if turned else own
    assert np.allclose([left, right], sorted((stored + 0.5).tolist()), atol=0.01)
    image = line.ContentSequence[0].ReferencedSOPSequence[0]
    assert image.ReferencedSOPInstanceUID == header.SOPInstanceUID


def test_a_radiograph_without_its_image_is_read_again_from_its_file(tmp_path: Path) -> None:
    made = radiograph(tmp_path / "film.dcm")
    whole, bare = (numbers_in(report_of(made, **changed)) for changed in ({}, {"image": None, "result": None}))
    assert whole.keys() == bare.keys()
    for key, one in whole.items():
        for item, other in zip(children(one, "260753009"), children(bare[key], "260753009"), strict=True):
            assert np.allclose(item.GraphicData, other.GraphicData, atol=0.01)


def test_without_a_measurement_there_is_no_report(spine: Made) -> None:
    with pytest.raises(InputError, match="Nothing was measured"):
        report_of(spine, findings=with_findings(spine))
