"""lumbarseg measure on radiographs: the segmentation says what the image is, and all angles come without spacing."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.cli import run
from Testing.radiograph_files import write_radiograph
from Testing.radiograph_model import write_radiograph_model
from Testing.radiographs import DrawnRadiograph

FRONT = DrawnRadiograph()
SIDE = DrawnRadiograph(vertebrae=7, size=(1000, 500), curves=((0.0, 1.0, -0.08),), view="lateral", top=0.2, bottom=0.8)
AT_DETECTOR = {"ImagerPixelSpacing": [0.5, 0.5], "PatientAge": "014Y", "PatientSex": "F"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_radiograph_model(tmp_path_factory.mktemp("model") / "xray.ts")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    sitk.WriteImage(sitk.GetImageFromArray(FRONT.reading_pixels), str(tmp_path / "film.png"))
    return tmp_path / "film.png"


def segment(image: Path, model: Path, out: Path, *more: str) -> None:
    assert run(["segment", str(image), "-o", str(out), "--model", str(model), "--trust-model", *more]) == 0


def measure(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["measure", *arguments, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def values(told: dict[str, Any], measure: str) -> dict[str, float | None]:
    return {one["level"]: one["value"] for one in told["measurements"] if one["measure"] == measure}


@pytest.mark.parametrize("name", ["out.seg.nrrd", "out.nii.gz"])
def test_a_picture_is_read_as_its_segmentation_says(
    film: Path, model: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    segment(film, model, tmp_path / name, "--task", "xray")
    told = measure(capsys, str(film), str(tmp_path / name))
    assert (told["task"], told["view"]) == ("xray", "frontal")
    tilts = values(told, "coronal.tilt")
    assert len(tilts) == 17
    found = [abs(tilts[level] or 0) for level in ("L5", "L3", "T12", "T6")]
    true = np.abs(FRONT.tilts.mean(1))[[16, 14, 11, 5]]
    assert np.abs(np.subtract(found, true)).max() < 1
    first = told["corners"][0]
    assert first["mm"] is None
    assert np.allclose(first["pixels"]["superior_right"], FRONT.corners[0, 0], atol=2)


def test_the_lowest_disc_names_all_anew(
    film: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    segment(film, model, tmp_path / "out.seg.nrrd", "--task", "xray", "--lowest-disc", "T12/L1")
    told = measure(capsys, str(film), str(tmp_path / "out.seg.nrrd"))
    assert "T12" in values(told, "coronal.tilt") and "L1" not in values(told, "coronal.tilt")
    told = measure(capsys, str(film), str(tmp_path / "out.seg.nrrd"), "--lowest-disc", "L4/5")
    assert "L4" in values(told, "coronal.tilt") and "L5" not in values(told, "coronal.tilt")
    assert told["lowest_disc"] == "L4/5"


def test_a_lateral_label_map_needs_the_task_beside_a_picture(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = tmp_path / "side.png"
    sitk.WriteImage(sitk.GetImageFromArray(SIDE.reading_pixels), str(film))
    segment(film, model, tmp_path / "out.nii.gz", "--task", "xray")
    told = measure(capsys, str(film), str(tmp_path / "out.nii.gz"), "--task", "xray")
    assert told["view"] == "lateral"
    assert values(told, "alignment.lordosis")


def test_a_dicom_radiograph_is_measured_in_mm_of_the_detector_with_age_and_sex(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = write_radiograph(tmp_path / "front.dcm", FRONT.reading_pixels, **AT_DETECTOR)
    segment(image, model, tmp_path / "out.seg.nrrd")
    told = measure(capsys, str(image), str(tmp_path / "out.seg.nrrd"))
    said = json.dumps(told)
    assert "14 years" in said and "female" in said
    assert "not corrected for magnification" in said
    # Digits of a longer number, as of a UID, are not the patient's.
    assert "Doe" not in said and not re.search(r"(?<!\d)4711(?!\d)", said)


def test_a_segmentation_of_a_volume_does_not_belong_to_a_radiograph(
    film: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    segment(film, model, tmp_path / "out.seg.nrrd", "--task", "xray")
    image = write_radiograph(tmp_path / "front.dcm", FRONT.reading_pixels)
    capsys.readouterr()
    assert run(["measure", str(image), str(tmp_path / "out.seg.nrrd"), "--task", "sagittal"]) == 1
    assert "the image is a radiograph, but its segmentation is sagittal" in capsys.readouterr().err
