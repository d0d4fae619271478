"""The shipped axial sample through the shipped axial model, as README.md starts it."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.cli import run
from LumbarSegLib.core.images import read_image
from LumbarSegLib.core.models import choose
from LumbarSegLib.scene.files import load_segmentation
from LumbarSegLib.scene.host import open_scene
from LumbarSegLib.scene.segmentations import labels_from_segmentation, segments_of

NAMED = {"L5/S1": 1, "L4/5": 2, "L3/4": 3}
"""The slice of each level, the lowest first."""
TS = 3


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all that is written for the sample."""
    folder = tmp_path_factory.mktemp("sample")
    sample = folder / "axial.nrrd"
    assert run(["sample", "axial-t1", "-o", str(sample)]) == 0
    levels = [word for level, number in NAMED.items() for word in ("--level", f"{level}={number}")]
    wanted = ["--measure", *levels, "--csv", str(folder / "axial.csv"), "--json", str(folder / "axial.json")]
    assert run(["segment", str(sample), "-o", str(folder / "axial.seg.nrrd"), *wanted]) == 0
    return folder


def test_the_sample_becomes_four_named_segments(results: Path) -> None:
    with open_scene() as scene:
        segmentation = load_segmentation(scene, results / "axial.seg.nrrd")
        assert [one.GetName() for one in segments_of(segmentation).values()] == ["IVD", "PE", "TS", "AAP"]


def test_the_task_and_the_model_are_found_by_themselves(results: Path) -> None:
    told = json.loads((results / "axial.json").read_text(encoding="utf-8"))
    assert (told["task"], told["model"]) == ("axial", choose("axial").name)


def test_the_area_of_the_sac_in_the_table_is_that_of_its_pixels(results: Path) -> None:
    with open_scene() as scene:
        labels = labels_from_segmentation(load_segmentation(scene, results / "axial.seg.nrrd"))
    across, down, _ = read_image(results / "axial.nrrd").GetSpacing()
    rows = [line for line in (results / "axial.csv").read_text(encoding="utf-8-sig").splitlines() if line[0] != "#"]
    areas = {
        row["level"]: row["value_mm2"]
        for row in csv.DictReader(io.StringIO("\n".join(rows)))
        if row["measure"] == "ts.area"
    }
    for level, number in NAMED.items():
        pixels = np.count_nonzero(sitk.GetArrayViewFromImage(labels)[number - 1] == TS)
        assert 30 < float(areas[level]) < 400
        assert float(areas[level]) == pytest.approx(pixels * across * down, rel=0.02)
