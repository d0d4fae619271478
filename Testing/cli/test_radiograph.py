"""Radiographs on the command line: files in, named vertebrae out, and what cannot be one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.cli import run
from LumbarSegLib.core.projection import AXES, SIDES
from LumbarSegLib.core.spacing import NOT_STATED
from LumbarSegLib.scene.files import load_segmentation, save_segmentation
from LumbarSegLib.scene.host import open_scene
from LumbarSegLib.scene.segmentations import labels_from_segmentation, provenance_of, segments_of, volume_of
from Testing import dicom_series
from Testing.radiograph_files import write_radiograph
from Testing.radiograph_model import write_radiograph_model
from Testing.radiographs import DrawnRadiograph

FRONT = DrawnRadiograph()
SIDE = DrawnRadiograph(vertebrae=7, size=(1000, 500), curves=((0.0, 1.0, -0.08),), view="lateral", top=0.2, bottom=0.8)
NAMES = ["L5", "L4", "L3", "L2", "L1", *(f"T{k}" for k in range(12, 0, -1))]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_radiograph_model(tmp_path_factory.mktemp("model") / "xray.ts")


def picture(folder: Path, pixels: np.ndarray) -> Path:
    sitk.WriteImage(sitk.GetImageFromArray(pixels), str(folder / "film.png"))
    return folder / "film.png"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return picture(tmp_path, FRONT.reading_pixels)


def segment(image: Path, model: Path, out: Path, *more: str) -> int:
    return run(["segment", str(image), "-o", str(out), "--model", str(model), "--trust-model", *more])


def summary_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return dict(json.loads(capsys.readouterr().out))


def one_line_of_error(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("lumbarseg: ") and said.err.count("\n") == 1
    return said.err


def overlap(labels: np.ndarray, drawn: DrawnRadiograph) -> float:
    """Dice of what is vertebra."""
    true = (drawn.classes > 0) & (drawn.classes < 3)
    return float(2 * (true & (labels > 0)).sum() / (true.sum() + (labels > 0).sum()))


def test_a_picture_becomes_named_vertebrae_from_the_lowest_upward(
    film: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.nii.gz"
    assert segment(film, model, out, "--task", "xray", "--json") == 0
    summary = summary_of(capsys)
    assert (summary["task"], summary["view"], summary["lowest_disc"]) == ("xray", "frontal", "L5/S1")
    assert [(one["name"], one["label"]) for one in summary["structures"]] == [
        (name, k + 1) for k, name in enumerate(NAMES)
    ]
    assert {one["volume_mm3"] for one in summary["structures"]} == {None}
    assert summary["notes"][:2] == [NOT_STATED, SIDES["frontal"]]
    labels = sitk.ReadImage(str(out))
    assert labels.GetDirection() == pytest.approx(AXES["frontal"])
    assert overlap(sitk.GetArrayFromImage(labels)[0], FRONT) > 0.97


def test_the_words_name_the_view_and_the_vertebrae_and_give_no_size(
    film: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert segment(film, model, tmp_path / "out.seg.nrrd", "--task", "xray", "--lowest-disc", "L4/5") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("film.png (xray, frontal view, lowest disc taken as L4/5):")
    assert said[1].startswith("  16 vertebrae: L4, L3, L2")
    assert not any(" ml" in line for line in said)


def test_a_dicom_radiograph_needs_no_task_and_gives_view_and_sides_by_its_header(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = {"PatientOrientation": ["L", "F"], "ImagerPixelSpacing": [0.5, 0.5]}
    image = write_radiograph(tmp_path / "front.dcm", FRONT.reading_pixels, **header)
    assert segment(image, model, tmp_path / "out.mha", "--json") == 0
    summary = summary_of(capsys)
    assert summary["view"] == "frontal"
    assert len(summary["structures"]) == 17
    assert not set(summary["notes"]) & {NOT_STATED, *SIDES.values()}
    assert sitk.ReadImage(str(tmp_path / "out.mha")).GetSpacing()[:2] == pytest.approx((0.5, 0.5))


def test_an_inverted_mirrored_dicom_gives_the_same_vertebrae(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = {
        "PatientOrientation": ["R", "F"],
        "PhotometricInterpretation": "MONOCHROME1",
        "BitsStored": 12,
        "HighBit": 11,
    }
    image = write_radiograph(tmp_path / "front.dcm", 4095 - FRONT.reading_pixels[:, ::-1], **header)
    assert segment(image, model, tmp_path / "out.nrrd", "--json") == 0
    assert len(summary_of(capsys)["structures"]) == 17
    assert overlap(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "out.nrrd")))[0], FRONT) > 0.97


@pytest.mark.parametrize(("more", "view"), [((), "lateral"), (("--view", "frontal"), "frontal")])
def test_the_view_is_what_the_bodies_look_like_unless_the_user_says_it(
    model: Path, tmp_path: Path, more: tuple[str, ...], view: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.nrrd"
    assert segment(picture(tmp_path, SIDE.reading_pixels), model, out, "--task", "xray", "--json", *more) == 0
    summary = summary_of(capsys)
    assert summary["view"] == view
    assert SIDES[view] in summary["notes"]
    assert [one["name"] for one in summary["structures"]] == NAMES[:7]
    assert sitk.ReadImage(str(out)).GetDirection() == pytest.approx(AXES[view])


def test_vertebrae_that_are_too_large_or_small_on_the_networks_grid_are_looked_at_again(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A spacing that cannot be true leads to the same labels, for it decides nothing but the first look."""
    for spacing in (0.2, 2.0):
        image = write_radiograph(tmp_path / "front.dcm", FRONT.reading_pixels, ImagerPixelSpacing=[spacing] * 2)
        assert segment(image, model, tmp_path / "out.nrrd", "--json") == 0
        assert len(summary_of(capsys)["structures"]) == 17
        assert overlap(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "out.nrrd")))[0], FRONT) > 0.96


def test_a_segmentation_file_keeps_its_task_and_view_and_is_named_again(
    film: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.seg.nrrd"
    assert segment(film, model, out, "--task", "xray") == 0
    with open_scene() as scene:
        found = load_segmentation(scene, out)
        told = provenance_of(found)
        assert (told["task"], told["view"], told["lowest_disc"]) == ("xray", "frontal", "L5/S1")
        assert [one.GetName() for one in segments_of(found).values()] == NAMES
        next(iter(segments_of(found).values())).RemoveTag("LumbarSeg.Label")
        save_segmentation(found, tmp_path / "again.seg.nrrd")
        values = sitk.GetArrayFromImage(labels_from_segmentation(found))
    assert set(np.unique(values)) == set(range(18))


def test_a_scene_holds_image_and_segmentation_in_one_place(film: Path, model: Path, tmp_path: Path) -> None:
    assert segment(film, model, tmp_path / "out.mrb", "--task", "xray") == 0
    with open_scene() as scene:
        found = load_segmentation(scene, tmp_path / "out.mrb")
        volume = volume_of(found)
        assert volume is not None
        labels = labels_from_segmentation(found, volume)
    assert labels.GetDirection() == pytest.approx(AXES["frontal"])
    assert overlap(sitk.GetArrayFromImage(labels)[0], FRONT) > 0.97


def test_a_label_map_beside_its_radiograph_is_loaded_with_its_names(film: Path, model: Path, tmp_path: Path) -> None:
    assert segment(film, model, tmp_path / "out.mrb", "--task", "xray") == 0
    assert segment(film, model, tmp_path / "out.nii.gz", "--task", "xray") == 0
    with open_scene() as scene:
        volume = volume_of(load_segmentation(scene, tmp_path / "out.mrb"))
        again = load_segmentation(scene, tmp_path / "out.nii.gz", volume, task="xray")
        assert [one.GetName() for one in segments_of(again).values()] == NAMES
        assert provenance_of(again) == {"task": "xray", "view": "frontal"}


def turned(k: int) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(FRONT.reading_pixels, k))


def few(count: int) -> np.ndarray:
    """A film on which only the lowest blocks are left."""
    pixels = FRONT.reading_pixels.copy()
    if count < 17:
        pixels[: int(FRONT.corners[16 - count, 2:, 1].max()) + 4] = 200
    pixels[20:40, 20:80] = 4095  # burnt-in text
    return pixels


REFUSED: dict[str, tuple[np.ndarray, str]] = {
    "on its left side": (turned(1), "The image seems to be turned by 90 degrees; turn it upright"),
    "on its right side": (turned(3), "The image seems to be turned by 90 degrees; turn it upright"),
    "on its head": (turned(2), "The image seems to be turned by 180 degrees; turn it upright"),
    "without a spine": (few(0), "No vertebra was found; check that the image is a radiograph of the spine"),
    "with one vertebra": (few(1), "Only one vertebra was found, too few to be sure of a spine"),
    "with two vertebrae": (few(2), "Only 2 vertebrae were found, too few to be sure of a spine"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_film_that_is_no_upright_spine_is_refused_in_one_sentence(
    model: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels, words = REFUSED[kind]
    assert segment(picture(tmp_path, pixels), model, tmp_path / "out.nrrd", "--task", "xray", "--measure") == 1
    assert words in one_line_of_error(capsys)
    assert not (tmp_path / "out.nrrd").exists()


def test_a_picture_says_how_it_is_to_be_taken(
    film: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert segment(film, model, tmp_path / "out.nrrd") == 1
    assert "a radiograph with --task xray, an axial slice with --task axial" in one_line_of_error(capsys)


def test_options_of_other_images_are_wrong_usage(
    film: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.nrrd"
    assert segment(film, model, out, "--task", "xray", "--measure", "--level", "L4/5=1") == 2
    assert "and this image is a radiograph; leave it out" in one_line_of_error(capsys)
    dicom_series.write_series(tmp_path / "study")
    assert run(["segment", str(tmp_path / "study"), "-o", str(out), "--view", "lateral"]) == 2
    assert "--view is that of a radiograph, and this image is sagittal" in one_line_of_error(capsys)


def test_a_radiograph_given_for_another_task_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = write_radiograph(tmp_path / "front.dcm", FRONT.reading_pixels)
    assert run(["segment", str(image), "-o", str(tmp_path / "out.nrrd"), "--task", "sagittal"]) == 1
    assert "this is a radiograph, but the model is for MR" in one_line_of_error(capsys)
