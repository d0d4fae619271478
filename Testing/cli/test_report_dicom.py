"""lumbarseg report --dicom: SEG and SR beside the other files, and the same numbers in all of them."""

import json
import re
from pathlib import Path

import pytest
import SimpleITK as sitk
from highdicom.seg import segread
from highdicom.sr import srread

from LumbarSegLib import cli
from LumbarSegLib.core.report.csv_text import rows_of_csv
from Testing.csv_rows import value_in
from Testing.dicom_studies import Made, sagittal


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return sagittal(tmp_path_factory.mktemp("study") / "Aufnahme größe")


def report(made: Made, out: Path, *more: str) -> int:
    assert made.study.result is not None
    labels = out.parent / "labels.nrrd"
    sitk.WriteImage(made.study.result.labels, labels)
    return cli.run(["report", str(made.folder), "--labels", str(labels), "-o", str(out), "--dicom", *more])


def test_html_csv_json_and_sr_hold_the_same_numbers(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert report(made, out) == 0
    name = "Aufnahme größe"
    rows = json.loads((out / f"{name}.json").read_text("utf-8"))["measurements"]
    values = {(row["level"], row["name"]): row["value"] for row in rows if row["value"] is not None}
    document = srread(out / f"{name}-SR.dcm")
    in_sr = {
        str(one[0].ContentSequence[0].TextValue): one.value
        for group in document.content.get_image_measurement_groups()
        for one in group.get_measurements()
    }
    assert in_sr == {f"{level} {title}": value for (level, title), value in values.items()}
    _, lines = rows_of_csv((out / f"{name}.csv").read_text("utf-8-sig"))
    in_csv = {(row["level"], row["name"]): value_in(row) for row in lines if value_in(row)}
    assert in_csv.keys() == values.keys()
    page = re.sub(r"<[^>]+>", " ", (out / f"{name}.html").read_text("utf-8"))
    for title in ("Anterior height", "Segmental angle", "Canal AP diameter"):
        assert in_csv["L4/5" if title != "Anterior height" else "L4", title] in page
    assert segread(out / f"{name}-SEG.dcm").number_of_segments == len(made.study.result.instances)  # type: ignore[union-attr]


def test_an_image_that_is_no_dicom_is_refused_before_anything_is_written(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, out = tmp_path / "image.nrrd", tmp_path / "out"
    sitk.WriteImage(made.study.image, image)
    assert report(Made(made.study, image), out) == 1
    assert "is no DICOM image, so it has no DICOM results" in capsys.readouterr().err
    assert not out.exists() or not list(out.iterdir())


def test_what_the_standard_cannot_do_without_stops_all_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, out = sagittal(tmp_path / "study", FrameOfReferenceUID=None), tmp_path / "out"
    assert report(made, out) == 1
    assert "the DICOM header lacks FrameOfReferenceUID" in capsys.readouterr().err
    assert list(out.iterdir()) == []
