"""`lumbarseg measure` and `segment --measure` of axial images: tables, levels, cut-offs, the schema of the JSON."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from jsonschema import Draft202012Validator, ValidationError

from LumbarSegLib.cli import run
from LumbarSegLib.core.pictures import SIDES
from LumbarSegLib.core.preprocess import FIELD_OF_VIEW_MM
from LumbarSegLib.resources import resource
from Testing.axial import axial_image, axial_labels
from Testing.axial_phantoms import labels_of, sagittal_labels, through_disc
from Testing.cli.test_cli import one_line_of_error
from Testing.csv_rows import value_in
from Testing.dicom_blocks import write_blocks
from Testing.phantoms import PhantomSpine
from Testing.small_model import write_reading_model

RESEARCH_USE = "Research use; not for diagnosis."
SCHEMA = Draft202012Validator(json.loads(resource("findings.schema.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DICOM series of two oblique blocks, its label map, and a sagittal one of the same patient."""
    from LumbarSegLib.core.images import read_image

    place = tmp_path_factory.mktemp("axial")
    write_blocks(place / "series", [through_disc(0, 2.0, count=3), through_disc(1, 15.0, count=3)])
    sitk.WriteImage(labels_of(read_image(place / "series")), str(place / "labels.nii.gz"))
    sitk.WriteImage(sagittal_labels(), str(place / "sagittal.nrrd"))
    return place


@pytest.fixture
def pair(folder: Path) -> list[str]:
    return [str(folder / "series"), str(folder / "labels.nii.gz")]


def measured(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What `measure --json` prints, held against its schema."""
    assert run(["measure", *arguments, "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    SCHEMA.validate(findings)
    return findings


def row(findings: dict[str, Any], key: str, level: str) -> dict[str, Any]:
    return next(one for one in findings["measurements"] if (one["measure"], one["level"]) == (key, level))


def test_it_prints_a_table_by_level_and_one_by_slice_with_cut_offs_and_reasons(
    pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["measure", *pair, "--level", "L4/5=5", "--level", "L5/S1=2"]) == 0
    words = capsys.readouterr().out
    assert words.startswith("L4/5 is read on slice 5, named by the user.\n")
    for heading in ("Thecal sac ", "By slice ", "Beside cut-offs from the literature:", "To be looked at:"):
        assert f"\n{heading}" in words
    assert "\nL4/5 " in words and "\nslice 6 " in words
    assert words.endswith(RESEARCH_USE + "\n")


def test_the_json_of_blocks_has_their_areas_and_where_each_was_read(
    pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    findings = measured(capsys, *pair)
    assert [one["level"] for one in findings["levels"]] == ["block 1", "block 2"]
    assert (findings["task"], findings["schema_version"], findings["use"]) == ("axial", 1, RESEARCH_USE)
    assert "lowest_disc" not in findings
    for level in ("block 1", "block 2"):
        area = row(findings, "ts.area", level)
        assert area["value"] == pytest.approx(np.pi * 9 * 6, rel=0.02)
        assert area["unit"] == "mm2" and len(area["trace"]["contours"][0]) > 20
    assert "slice 5.ts_left" in findings["landmarks"]


def test_a_sagittal_segmentation_names_the_levels_and_tells_the_tilt(
    folder: Path, pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    findings = measured(capsys, *pair, "--sagittal", str(folder / "sagittal.nrrd"))
    assert [(one["level"], one["slice"], one["named_by"]) for one in findings["levels"]] == [
        ("L5/S1", 2, "sagittal"),
        ("L4/5", 5, "sagittal"),
    ]
    assert (findings["lowest_disc"], findings["sagittal"]) == ("L5/S1", "sagittal.nrrd")
    assert row(findings, "slice.tilt", "L4/5")["value"] == pytest.approx(15.0, abs=0.5)
    shifted = measured(capsys, *pair, "--sagittal", str(folder / "sagittal.nrrd"), "--lowest-disc", "L4/5")
    assert [one["level"] for one in shifted["levels"]] == ["L4/5", "L3/4"]


def test_the_csv_has_a_number_or_a_reason_in_each_row_and_the_side_of_each_cut_off(
    pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["measure", *pair, "--csv", "--level", "L4/5=5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "# level L4/5,5,user" in lines
    rows = list(csv.DictReader(io.StringIO("\n".join(line for line in lines if not line.startswith("#")))))
    assert all(bool(value_in(one)) != bool(one["reason"]) for one in rows)
    area = next(one for one in rows if (one["measure"], one["level"]) == ("ts.area", "L4/5"))
    assert area["comparisons"].startswith("not below 111.1 (PMC5728944); not below 100 (")


def test_a_user_s_cut_offs_are_laid_over_and_named(
    pair: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {"value": 200, "meaning": "ours", "source": "our own study", "population": "40 people"}
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"measures": [{"key": "ts.area", "thresholds": [own]}]}), encoding="utf-8")
    findings = measured(capsys, *pair, "--thresholds", str(path))
    (found,) = row(findings, "ts.area", "block 1")["comparisons"]
    assert found == {"side": "below", "cut_off": 200, **{key: own[key] for key in ("meaning", "source", "population")}}
    assert findings["thresholds"] == "own.json"
    path.write_text("{", encoding="utf-8")
    assert run(["measure", *pair, "--thresholds", str(path)]) == 1
    assert "own.json: this is no JSON file" in one_line_of_error(capsys)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--level", "L4/5"], 2, "L4/5: name a slice as L4/5=3"),
        (["--level", "L4/5=x"], 2, "L4/5=x: name a slice as L4/5=3"),
        (["--level", "L4/5=1", "--level", "L4/5=2"], 2, "L4/5 is named twice"),
        (["--level", "L4/5=70"], 1, "L4/5 cannot be on slice 70"),
        (["--lowest-disc", "L4/5"], 2, "axial images have none without --sagittal"),
        (["--task", "sagittal"], 1, "the image has axial slices, but its segmentation is sagittal"),
        (["--sagittal", "absent.nrrd"], 1, "there is no such file"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    pair: list[str], options: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["measure", *pair, *options]) == code
    assert words in one_line_of_error(capsys)


def test_names_for_slices_are_refused_beside_a_sagittal_image(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phantom = PhantomSpine(vertebrae=3)
    sitk.WriteImage(phantom.image, str(tmp_path / "image.nrrd"))
    sitk.WriteImage(phantom.labels, str(tmp_path / "labels.nrrd"))
    both = [str(tmp_path / "image.nrrd"), str(tmp_path / "labels.nrrd")]
    for options in (["--level", "L4/5=3"], ["--sagittal", str(folder / "sagittal.nrrd")]):
        assert run(["measure", *both, *options]) == 2
        assert f"{options[0]} tells the levels of axial slices" in one_line_of_error(capsys)
    SCHEMA.validate(measured(capsys, *both))


def test_the_schema_refuses_a_number_with_a_reason_and_a_place_that_is_none(
    pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    findings = measured(capsys, *pair)
    for change in ({"reason": "Because."}, {"value": None}, {"unit": "cm2"}, {"status": "guessed"}):
        wrong = findings | {"measurements": [findings["measurements"][0] | change]}
        with pytest.raises(ValidationError):
            SCHEMA.validate(wrong)
    with pytest.raises(ValidationError):
        SCHEMA.validate({**findings, "landmarks": {"slice 1.ts_left": {"place": [1.0, 2.0], "status": "edited"}}})


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_reading_model(tmp_path / "axial.ts", "axial", spacing_mm=1.0)


def readable(slices: int = 6) -> sitk.Image:
    """An image whose regions a reading model still tells apart when their intensities are raised to a power."""
    image = sitk.Maximum(sitk.Mask(axial_image(axial_labels(slices)), axial_labels(slices) != 1, 80), 2)
    image[0, 0, 0] = 0
    return image


@pytest.fixture
def image_file(tmp_path: Path) -> str:
    sitk.WriteImage(readable(), str(tmp_path / "axial.nrrd"))
    return str(tmp_path / "axial.nrrd")


def test_segmenting_and_measuring_go_in_one(
    model: Path, image_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, picture = tmp_path / "out.seg.nrrd", tmp_path / "out.png"
    arguments = [image_file, "-o", str(out), "--model", str(model), "--trust-model", "--measure"]
    assert run(["segment", *arguments, "--level", "L4/5=3", "--picture", str(picture), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    SCHEMA.validate(summary)
    assert row(summary, "ts.area", "L4/5")["value"] == pytest.approx(96.0)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert row(summary, "ivd.area", "L4/5")["value"] == pytest.approx(704.0)
    again = measured(capsys, image_file, str(out), "--level", "L4/5=3")
    assert row(again, "ts.area", "L4/5")["value"] == pytest.approx(96.0)
    assert again["model"] == "reading-axial"


def test_a_picture_has_ratios_and_with_its_pixel_spacing_millimetres(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, labels = tmp_path / "slice.png", tmp_path / "labels.nrrd"
    model = write_reading_model(tmp_path / "axial.ts", "axial", spacing_mm=FIELD_OF_VIEW_MM / 64)
    sitk.WriteImage(sitk.Cast(readable(1)[:, :, 0], sitk.sitkUInt16), str(picture))
    arguments = [
        str(picture),
        "-o",
        str(labels),
        "--task",
        "axial",
        "--model",
        str(model),
        "--trust-model",
        "--measure",
    ]
    assert run(["segment", *arguments, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    SCHEMA.validate(summary)
    again = measured(capsys, str(picture), str(labels))
    for findings in (summary, again):
        assert row(findings, "ts.area", "slice 1")["reason"].startswith("No pixel spacing")
        assert row(findings, "ts.disc_area_ratio", "slice 1")["value"] == pytest.approx(96 / 704, rel=0.1)
    assert any("no pixel spacing" in note for note in again["notes"])
    told = measured(capsys, str(picture), str(labels), "--pixel-spacing", "0.8")
    unit = 0.8**2
    assert row(told, "ts.area", "slice 1")["value"] == pytest.approx(96 * unit, rel=0.1)
    assert told["notes"][0] == SIDES
    assert "as given" in told["notes"][1]


def test_options_about_measures_ask_for_measures(
    model: Path, image_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [image_file, "-o", str(tmp_path / "o.nrrd"), "--model", str(model), "--trust-model"]
    for option, value in (("--level", "L4/5=3"), ("--sagittal", "s.nrrd"), ("--thresholds", "t.json")):
        assert run(["segment", *arguments, option, value]) == 2
        assert f"{option} is about measures; add --measure" in one_line_of_error(capsys)
