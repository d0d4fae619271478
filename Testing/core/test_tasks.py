"""From an image of any task to its label map: slices or whole volumes, on a spaced or a fixed grid, cropped or not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core import inference, models
from LumbarSegLib.errors import Cancelled
from Testing.axial import axial_image, axial_labels
from Testing.small_model import write_reading_model

GRIDS: dict[str, dict[str, Any]] = {
    "spaced slices": {"spacing_mm": 1.0},
    "slices with neighbours": {"spacing_mm": 1.0, "slices": 3},
    "slices of a fixed size": {"size": (56, 64)},
    "a volume": {"size": (6, 56, 64)},
}


def model_of(folder: Path, task: str = "axial", **options: Any) -> models.Model:
    path = write_reading_model(folder / "reading.ts", task, **options)
    return models.open_model(models.find(str(path)), "cpu", accept_unlisted=True)


def same(one: sitk.Image, other: sitk.Image) -> bool:
    return bool(np.array_equal(sitk.GetArrayViewFromImage(one), sitk.GetArrayViewFromImage(other)))


@pytest.mark.parametrize("flips", [False, True])
@pytest.mark.parametrize("order", ["LPS", "RAI", "SLP"])
@pytest.mark.parametrize("grid", GRIDS)
def test_an_axial_stack_comes_back_on_its_own_grid(tmp_path: Path, grid: str, order: str, flips: bool) -> None:
    labels = sitk.DICOMOrient(axial_labels(), order)
    found = inference.segment_labels(axial_image(labels), model_of(tmp_path, **GRIDS[grid]), flips)
    assert found.IsSameImageGeometryAs(labels)
    assert same(found, labels)


@pytest.mark.parametrize("grid", ["spaced slices", "slices with neighbours", "slices of a fixed size"])
def test_one_axial_slice_is_enough(tmp_path: Path, grid: str) -> None:
    labels = axial_labels(slices=1)
    found = inference.segment_labels(axial_image(labels), model_of(tmp_path, **GRIDS[grid]))
    assert found.IsSameImageGeometryAs(labels)
    assert same(found, labels)


def test_a_radiograph_is_read_as_it_is_stored(tmp_path: Path) -> None:
    labels = sitk.GetImageFromArray(np.zeros((1, 90, 50), np.uint8))
    labels[10:30, 20:40, 0] = 1
    labels.SetDirection((0, 0, 1, 1, 0, 0, 0, 1, 0))
    found = inference.segment_labels(axial_image(labels), model_of(tmp_path, "xray", size=(90, 50)))
    assert found.IsSameImageGeometryAs(labels)
    assert same(found, labels)


@pytest.mark.parametrize("size", [(56, 64), (6, 56, 64)])
def test_a_sagittal_model_may_have_a_fixed_grid(tmp_path: Path, size: tuple[int, ...]) -> None:
    values = np.zeros((6, 56, 64), np.uint8)
    values[1:4, 5:30, 10:40], values[1:3, 30:36, 10:40], values[2:4, :, 45:52] = 1, 2, 3
    labels = sitk.GetImageFromArray(values)
    labels.SetSpacing((0.9, 0.9, 4.0))
    labels.SetDirection((0, 0, -1, 1, 0, 0, 0, -1, 0))
    found = inference.segment_labels(axial_image(labels), model_of(tmp_path, "sagittal", size=size))
    assert same(found, labels)


def test_a_fixed_grid_keeps_what_lies_within_the_regions(tmp_path: Path) -> None:
    labels = axial_labels()
    found = inference.segment_labels(axial_image(labels), model_of(tmp_path, size=(9, 112, 80)))
    inside = sitk.GetArrayFromImage(labels)
    inner = np.zeros_like(inside, bool)
    for value in (1, 2, 3):
        inner |= sitk.GetArrayFromImage(sitk.BinaryErode(labels == value, (3, 3, 1))).astype(bool)
    assert inner.sum() > 500
    assert np.array_equal(sitk.GetArrayFromImage(found)[inner], inside[inner])


def test_a_cropped_grid_answers_in_the_right_place_and_nothing_elsewhere(tmp_path: Path) -> None:
    body = sitk.Mask(axial_labels(), axial_labels() > 0, 2)
    labels = sitk.ConstantPad(body, (70, 10, 0), (40, 90, 0), 0)
    model = model_of(tmp_path, spacing_mm=1.0, crop=True)
    seen, grid = inference.probabilities(axial_image(labels), model)
    assert seen.shape[2] < labels.GetHeight() and seen.shape[3] < labels.GetWidth()
    assert np.allclose(grid.TransformPhysicalPointToContinuousIndex(body.GetOrigin())[2], 0, atol=1e-6)
    assert same(inference.segment_labels(axial_image(labels), model), labels)


@pytest.mark.parametrize("grid", GRIDS)
def test_probabilities_lie_in_their_place_on_the_networks_grid(tmp_path: Path, grid: str) -> None:
    labels = axial_labels()
    found, place = inference.probabilities(axial_image(labels), model_of(tmp_path, **GRIDS[grid]))
    assert found.shape == (5, 6, 56, 64)
    assert np.allclose(found.sum(0), 1, atol=1e-5)
    assert place.IsSameImageGeometryAs(labels)
    assert np.array_equal(found.argmax(0), sitk.GetArrayFromImage(labels))


def test_probabilities_of_a_resampled_grid_say_where_they_are(tmp_path: Path) -> None:
    labels = axial_labels()
    found, place = inference.probabilities(axial_image(labels), model_of(tmp_path, spacing_mm=0.5))
    disc = sitk.GetImageFromArray(found[1])
    disc.CopyInformation(place)
    bright = disc > 0.9 * found[1].max()
    middle = labels.TransformIndexToPhysicalPoint((32, 19, 2))
    assert bright[disc.TransformPhysicalPointToIndex(middle)] == 1
    assert place.GetSize() == (128, 112, 6)


def test_a_volume_is_not_begun_after_a_cancel(tmp_path: Path) -> None:
    model = model_of(tmp_path, size=(6, 56, 64))
    told: list[float] = []
    inference.segment_labels(axial_image(axial_labels()), model, on_progress=told.append)
    assert told == [1.0]
    with pytest.raises(Cancelled):
        inference.segment_labels(axial_image(axial_labels()), model, cancelled=lambda: True)
