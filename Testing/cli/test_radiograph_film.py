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
from training.radiographs.frontal import frontal_film

FILM = DrawnRadiograph(size=(1600, 700), top=0.07, bottom=0.97)


def test_a_drawn_film_is_segmented_and_measured_in_one_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(FILM.film), str(tmp_path / "film.png"))
    out = tmp_path / "film.nrrd"
    wishes = ["--task", "xray", "--view", "frontal", "--measure", "--json", "--picture", str(tmp_path / "picture.png")]
    assert run(["segment", str(tmp_path / "film.png"), "-o", str(out), *wishes]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["view"] == "frontal"
    names = [one["name"] for one in summary["structures"]]
    assert names[:5] == ["L5", "L4", "L3", "L2", "L1"]
    assert len(names) >= 16
    found, true = sitk.GetArrayFromImage(sitk.ReadImage(str(out)))[0] > 0, FILM.classes == 1
    assert 2 * np.sum(found & true) / (found.sum() + true.sum()) > 0.9
    assert (tmp_path / "picture.png").is_file()


@pytest.mark.parametrize(("front", "asked"), [(True, "xray-corners 0.1.0"), (False, None)])
def test_corners_are_read_again_where_vertebrae_are_seen_from_the_front(
    tmp_path: Path, front: bool, asked: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = DrawnRadiograph(size=(769, 400), wedge=3.0)
    shown = np.rint(255 * frontal_film(drawn.corners, drawn.size, np.random.default_rng(3)).image).astype(np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(shown if front else FILM.film), str(tmp_path / "film.png"))
    wishes = ["--task", "xray", "-o", str(tmp_path / "film.nrrd"), "--json"]
    assert run(["segment", str(tmp_path / "film.png"), *wishes]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["view"] == ("frontal" if front else "lateral")
    assert told.get("corner_model") == asked
    assert ("corner_model_sha256" in told) is front


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
