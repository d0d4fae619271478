"""What `lumbarseg measure` takes for an image and for its segmentation, and what it says of the rest."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.cli import run
from LumbarSegLib.core.anatomy import STRUCTURES
from LumbarSegLib.core.labelmap import is_label_map
from Testing.cli.test_cli import one_line_of_error
from Testing.phantoms import PhantomSpine

PHANTOM = PhantomSpine(vertebrae=4)
NAMES = {row.label: row.name for row in STRUCTURES}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    sitk.WriteImage(PHANTOM.image, str(tmp_path / "image.nrrd"))
    return tmp_path / "image.nrrd"


def segmentation(path: Path, renamed: dict[str, str]) -> Path:
    """A segmentation as Slicer writes it, with the names that Slicer's user gave to some segments."""
    labels = sitk.Image(PHANTOM.labels)
    statistics = sitk.LabelShapeStatisticsImageFilter()
    statistics.Execute(labels)
    for place, label in enumerate(statistics.GetLabels()):
        name = renamed.get(NAMES[label], NAMES[label])
        told = {"ID": f"Segment_{place}", "Name": name, "LabelValue": label, "Layer": 0, "Color": "0.5 0.5 0.5"}
        start, size = statistics.GetBoundingBox(label)[:3], statistics.GetBoundingBox(label)[3:]
        told["Extent"] = " ".join(f"{first} {first + count - 1}" for first, count in zip(start, size, strict=True))
        for key, value in told.items():
            labels.SetMetaData(f"Segment{place}_{key}", str(value))
    labels.SetMetaData("Segmentation_ConversionParameters", f"Reference image geometry|{_geometry(labels)}|&")
    sitk.WriteImage(labels, str(path))
    return path


def _geometry(grid: sitk.Image) -> str:
    """The matrix from index to RAS, row by row, and the extent, as Slicer keeps them."""
    to_lps = np.eye(4)
    to_lps[:3, :3] = np.reshape(grid.GetDirection(), (3, 3)) * grid.GetSpacing()
    to_lps[:3, 3] = grid.GetOrigin()
    extent = [end for size in grid.GetSize() for end in (0, size - 1)]
    return "".join(f"{value};" for value in [*(np.diag([-1.0, -1.0, 1.0, 1.0]) @ to_lps).ravel().tolist(), *extent])


def test_segments_that_are_no_structure_are_left_out_and_named(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = segmentation(tmp_path / "s.seg.nrrd", {"L2/3": "Haemangioma"})
    assert run(["measure", str(image), str(labels)]) == 0
    assert "\nLeft out of s.seg.nrrd, no structure of the spine: Haemangioma\n" in capsys.readouterr().out

    assert run(["measure", str(image), str(labels), "--json", "--csv"]) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert json.loads(first)["left_out"] == "Haemangioma"
    assert ["# left_out", "Haemangioma"] in list(csv.reader(io.StringIO("\n".join(others))))


def test_a_segmentation_of_nothing_but_structures_leaves_nothing_out(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = segmentation(tmp_path / "s.seg.nrrd", {})
    assert run(["measure", str(image), str(labels), "--json"]) == 0
    assert "left_out" not in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", ["labels.nii.gz", "labels.seg.nrrd"])
def test_a_segmentation_in_the_place_of_the_image_is_refused(
    name: str, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sitk.WriteImage(PHANTOM.labels, str(tmp_path / name))
    for second in (image, tmp_path / name):
        assert run(["measure", str(tmp_path / name), str(second), "--csv", str(tmp_path / "m.csv")]) == 1
        assert f"{name} is a segmentation itself; give the image first" in one_line_of_error(capsys)
        assert not (tmp_path / "m.csv").exists()


def test_a_segmentation_is_not_segmented(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sitk.WriteImage(PHANTOM.labels, tmp_path / "labels.nii.gz")
    for task in ("auto", "sagittal"):
        arguments = ["segment", str(tmp_path / "labels.nii.gz"), "-o", str(tmp_path / "out.nrrd"), "--task", task]
        assert run(arguments) == 1
        assert "a segmentation and not an image; give the image that it was made from" in one_line_of_error(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.nii.gz"]


def test_an_image_in_the_place_of_the_segmentation_is_refused(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["measure", str(image), str(image)]) == 1
    assert f"{image.name} is an image and not a segmentation" in one_line_of_error(capsys)


def test_an_image_is_none_even_where_its_values_are_small() -> None:
    assert is_label_map(PHANTOM.labels)
    assert is_label_map(sitk.Cast(PHANTOM.labels, sitk.sitkFloat32))
    assert not is_label_map(PHANTOM.image)
    assert not is_label_map(sitk.Cast(sitk.RescaleIntensity(PHANTOM.image, 0, 60), sitk.sitkUInt8))
