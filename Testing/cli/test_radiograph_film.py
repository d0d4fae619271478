"""The shipped model on a film that is drawn as one looks."""

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.ndimage import gaussian_filter

from LumbarSegLib.cli import run
from LumbarSegLib.resources import samples_dir
from Testing.radiographs import DrawnRadiograph

FILM = DrawnRadiograph(size=(1600, 700), top=0.07, bottom=0.97)


def test_a_drawn_film_is_segmented_and_measured_in_one_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(FILM.film), str(tmp_path / "film.png"))
    out = tmp_path / "film.nrrd"
    wishes = ["--task", "xray", "--view", "frontal", "--measure", "--json", "--picture", str(tmp_path / "picture.png")]
    assert run(["segment", str(tmp_path / "film.png"), "-o", str(out), *wishes]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["view"] == "frontal"
    assert summary["corner_model"].startswith("xray-corners ") and len(summary["corner_model_sha256"]) == 64
    names = [one["name"] for one in summary["structures"]]
    assert names[:5] == ["L5", "L4", "L3", "L2", "L1"]
    assert len(names) >= 16
    found, true = sitk.GetArrayFromImage(sitk.ReadImage(str(out)))[0] > 0, FILM.classes == 1
    assert 2 * np.sum(found & true) / (found.sum() + true.sum()) > 0.9
    assert (tmp_path / "picture.png").is_file()


@pytest.mark.parametrize("grain", [5.0, 15.0, 30.0])
def test_a_picture_of_something_else_is_refused(
    tmp_path: Path, grain: float, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = gaussian_filter(np.random.default_rng(0).normal(0, 1, (1200, 800)), grain)
    pixels = np.interp(noise, (noise.min(), noise.max()), (0, 255)).astype(np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(pixels), str(tmp_path / "other.png"))
    wishes = ["--task", "xray", "--measure", "-o", str(tmp_path / "out.nrrd")]
    assert run(["segment", str(tmp_path / "other.png"), *wishes]) == 1
    assert "radiograph of the spine" in capsys.readouterr().err
    assert not (tmp_path / "out.nrrd").exists()


def test_an_axial_slice_given_as_a_radiograph_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = sitk.ReadImage(str(samples_dir() / "axial-t1.nrrd"))
    middle = sitk.GetArrayFromImage(stack)[stack.GetSize()[2] // 2]
    grey = np.interp(middle, (middle.min(), np.percentile(middle, 99.5)), (0, 255)).astype(np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(grey), str(tmp_path / "slice.png"))
    assert run(["segment", str(tmp_path / "slice.png"), "--task", "xray", "-o", str(tmp_path / "out.nrrd")]) == 1
    assert "spine" in capsys.readouterr().err
