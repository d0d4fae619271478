"""What `lumbarseg` takes as axial slices: DICOM series of several blocks, pictures, volumes without spacing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.cli import run
from LumbarSegLib.core.pictures import SIDES
from LumbarSegLib.scene.files import load_segmentation
from LumbarSegLib.scene.host import open_scene
from LumbarSegLib.scene.segmentations import segments_of
from Testing import dicom_series
from Testing.axial import axial_image, axial_labels
from Testing.bad_images import meta_image
from Testing.dicom_blocks import THREE_BLOCKS, file_name, write_blocks
from Testing.small_model import write_reading_model

REGIONS = ["IVD", "PE", "TS", "AAP"]
NOT_STATED = "The file states no pixel spacing, so nothing is given in mm."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reading_model(tmp_path_factory.mktemp("model") / "axial.ts", "axial", spacing_mm=1.0)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "slice.png"
    sitk.WriteImage(sitk.Cast(axial_image(axial_labels(1))[:, :, 0], sitk.sitkUInt16), str(path))
    return path


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Three oblique blocks that show all regions."""
    shown = sitk.GetArrayFromImage(axial_image(axial_labels(1)))[0]
    blocks = [replace(block, spacing=(1.0, 1.0), draw=lambda x, y: shown) for block in THREE_BLOCKS]
    write_blocks(tmp_path / "study", blocks)
    return tmp_path / "study"


def segment(image: Path, model: Path, out: Path, *more: str) -> int:
    return run(["segment", str(image), "-o", str(out), "--model", str(model), "--trust-model", *more])


def summary_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return dict(json.loads(capsys.readouterr().out))


def one_line_of_error(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("lumbarseg: ") and said.err.count("\n") == 1
    return said.err


@pytest.mark.parametrize("task", ["auto", "axial"])
def test_a_series_of_blocks_is_segmented_slice_by_slice(
    study: Path, model: Path, tmp_path: Path, task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.nii.gz"
    assert segment(study, model, out, "--task", task, "--json") == 0
    summary = summary_of(capsys)
    assert [row["name"] for row in summary["structures"]] == REGIONS
    assert summary["notes"][0].startswith("The slices make no regular stack but 3 blocks (3, 4, 3)")
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(out)))
    assert np.array_equal(labels, np.repeat(sitk.GetArrayFromImage(axial_labels(1)), 10, axis=0))


def test_a_damaged_file_is_named_among_the_notes(
    study: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (study / file_name(4)).write_bytes(b"\0" * 400)
    assert segment(study, model, tmp_path / "out.seg.nrrd") == 0
    assert f"  Note: Left out, for it cannot be read: {file_name(4)}." in capsys.readouterr().out.splitlines()


def test_a_picture_becomes_named_regions_without_mm(
    picture: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.seg.nrrd"
    assert segment(picture, model, out, "--task", "axial", "--json") == 0
    summary = summary_of(capsys)
    assert [(row["name"], row["volume_mm3"]) for row in summary["structures"]] == [(name, None) for name in REGIONS]
    assert summary["notes"][:2] == [SIDES, NOT_STATED]
    with open_scene() as scene:
        assert [one.GetName() for one in segments_of(load_segmentation(scene, out)).values()] == REGIONS


def test_the_words_on_a_picture_give_no_size(
    picture: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert segment(picture, model, tmp_path / "out.seg.nrrd", "--task", "axial") == 0
    said = capsys.readouterr().out
    assert "IVD: intervertebral disc, 1 slice" in said
    assert " ml" not in said
    assert f"  Note: {NOT_STATED} Where it is known, give --pixel-spacing." in said.splitlines()


def test_a_pixel_spacing_that_is_given_makes_mm_of_pixels(
    picture: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.nii.gz"
    assert segment(picture, model, out, "--task", "axial", "--pixel-spacing", "1.0", "--json") == 0
    summary = summary_of(capsys)
    disc = summary["structures"][0]
    assert disc["volume_mm3"] == pytest.approx(int((sitk.GetArrayFromImage(axial_labels(1)) == 1).sum()) * 4.4)
    assert summary["notes"][1].startswith("The pixel spacing of 1 mm is as given")
    assert sitk.ReadImage(str(out)).GetSpacing() == pytest.approx((1.0, 1.0, 4.4))


def test_a_volume_without_spacing_is_taken_as_axial_if_it_is_said_to_be(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = meta_image(ElementSpacing=None)(tmp_path)
    assert segment(path, model, tmp_path / "out.nrrd") == 1
    assert "the voxel spacing is missing, zero or negative; export" in one_line_of_error(capsys)
    assert segment(path, model, tmp_path / "out.nrrd", "--task", "axial") == 1
    assert "the file states no pixel spacing, and its slices are sagittal" in one_line_of_error(capsys)


def test_a_picture_is_not_told_from_itself_to_be_axial(
    picture: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert segment(picture, model, tmp_path / "out.nrrd") == 1
    assert "--task axial, and --pixel-spacing where it is known" in one_line_of_error(capsys)
    assert segment(picture, model, tmp_path / "out.nrrd", "--pixel-spacing", "0.7") == 2
    assert "add --task axial" in one_line_of_error(capsys)


@pytest.mark.parametrize("mm", ["0", "-1", "nan", "700"])
def test_a_pixel_spacing_that_cannot_be_is_wrong_usage(
    picture: Path, model: Path, tmp_path: Path, mm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert segment(picture, model, tmp_path / "out.nrrd", "--task", "axial", "--pixel-spacing", mm) == 2
    assert "is no distance of pixels" in one_line_of_error(capsys)


def test_a_file_that_states_its_spacing_takes_no_other(
    study: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert segment(study, model, tmp_path / "out.nrrd", "--task", "axial", "--pixel-spacing", "0.7") == 1
    assert "study: the file states its own pixel spacing; leave out --pixel-spacing" in one_line_of_error(capsys)


def test_a_sagittal_series_given_as_axial_is_refused(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dicom_series.write_series(tmp_path / "study")
    assert segment(tmp_path / "study", model, tmp_path / "out.nrrd", "--task", "axial") == 1
    assert "the image has sagittal slices, but the model needs axial ones" in one_line_of_error(capsys)


def test_blocks_given_as_sagittal_are_refused(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["segment", str(study), "-o", str(tmp_path / "out.nrrd"), "--task", "sagittal"]) == 1
    assert "the slices make no regular stack" in one_line_of_error(capsys)
    assert not (tmp_path / "out.nrrd").exists()
