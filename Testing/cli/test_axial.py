"""Axial images on the command line: named regions in every form, words and JSON, and what does not exist yet."""

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.cli import run
from LumbarSegLib.cli.options import RESULT_SUFFIXES
from LumbarSegLib.scene.files import load_segmentation
from LumbarSegLib.scene.host import open_scene
from LumbarSegLib.scene.segmentations import segments_of
from Testing.axial import axial_image, axial_labels
from Testing.small_model import write_reading_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reading_model(tmp_path_factory.mktemp("model") / "axial.ts", "axial", spacing_mm=1.0)


@pytest.fixture(params=[".nrrd", ".nii.gz", ".mha"])
def image_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"axial{request.param}"
    sitk.WriteImage(axial_image(axial_labels()), str(path))
    return path


@pytest.fixture
def one_slice(tmp_path: Path) -> Path:
    path = tmp_path / "slice.nrrd"
    sitk.WriteImage(axial_image(axial_labels(1)), str(path))
    return path


def segment(image: Path, model: Path, out: Path, *more: str | Path) -> int:
    return run(["segment", str(image), "-o", str(out), "--model", str(model), "--trust-model", *map(str, more)])


def one_line_of_error(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("lumbarseg: ") and said.err.count("\n") == 1
    return said.err


def test_an_axial_stack_becomes_named_regions(image_file: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.seg.nrrd"
    assert segment(image_file, model, out) == 0
    with open_scene() as scene:
        named = [one.GetName() for one in segments_of(load_segmentation(scene, out)).values()]
    assert named == ["IVD", "PE", "TS", "AAP"]


@pytest.mark.parametrize("suffix", RESULT_SUFFIXES)
def test_a_single_slice_is_written_in_each_form(one_slice: Path, model: Path, tmp_path: Path, suffix: str) -> None:
    assert segment(one_slice, model, tmp_path / f"out{suffix}") == 0
    assert {path.name for path in tmp_path.iterdir()} == {"slice.nrrd", f"out{suffix}"}


def test_the_label_map_has_the_values_of_the_regions(one_slice: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.nii.gz"
    assert segment(one_slice, model, out) == 0
    labels = sitk.ReadImage(str(out))
    assert np.array_equal(sitk.GetArrayFromImage(labels), sitk.GetArrayFromImage(axial_labels(1)))
    assert np.allclose(labels.GetOrigin(), axial_labels(1).GetOrigin(), atol=1e-3)


def test_words_and_picture_show_the_regions(
    one_slice: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "out.png"
    assert segment(one_slice, model, tmp_path / "out.nrrd", "--picture", picture) == 0
    words = capsys.readouterr().out.splitlines()
    assert words[0] == f"Found in {one_slice} (axial):"
    assert words[1:5] == [
        "  IVD: intervertebral disc, 1 slice",
        "  PE:  posterior element, 1 slice",
        "  TS:  thecal sac, 1 slice",
        "  AAP: area between anterior and posterior elements, 1 slice",
    ]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_json_says_what_was_found_by_what(
    one_slice: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert segment(one_slice, model, tmp_path / "out.nrrd", "--json") == 0
    printed = capsys.readouterr().out
    summary = json.loads(printed)
    assert printed.count("\n") == 1
    assert (summary["task"], summary["model"], summary["notes"]) == ("axial", "reading-axial", [])
    assert "lowest_disc" not in summary
    assert [(row["name"], row["kind"], row["label"]) for row in summary["structures"]] == [
        ("IVD", "ivd", 1),
        ("PE", "pe", 2),
        ("TS", "ts", 3),
        ("AAP", "aap", 4),
    ]
    assert {"read", "load", "segment", "regions", "save", "total"} <= summary["seconds"].keys()


def test_the_lowest_disc_of_an_axial_image_is_not_asked_for(
    one_slice: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert segment(one_slice, model, tmp_path / "out.nrrd", "--lowest-disc", "L4/5") == 2
    assert "--lowest-disc names levels, and axial images have none without --sagittal" in one_line_of_error(capsys)


def test_an_axial_model_refuses_a_sagittal_image(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sagittal = axial_image(axial_labels())
    sagittal.SetDirection((0, 0, -1, 1, 0, 0, 0, -1, 0))
    sitk.WriteImage(sagittal, str(tmp_path / "sagittal.nrrd"))
    assert segment(tmp_path / "sagittal.nrrd", model, tmp_path / "out.nrrd") == 1
    assert "made for axial images, and this image is sagittal" in one_line_of_error(capsys)
    assert segment(tmp_path / "sagittal.nrrd", model, tmp_path / "out.nrrd", "--task", "axial") == 1
    assert "the image has sagittal slices, but the model needs axial ones" in one_line_of_error(capsys)
