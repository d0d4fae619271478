"""The shipped model on a film that is drawn as one looks."""

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.cli import run
from Testing.radiographs import DrawnRadiograph

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
