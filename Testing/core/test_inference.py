"""From an image to a label map: geometry, progress and cancel, on a small network of the real format."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from LumbarSegLib.core import inference, models, preprocess
from LumbarSegLib.errors import Cancelled

ORDERS = ("LPS", "RAS", "PIR", "ASL", "SRP", "IAL")


@pytest.fixture
def model(model_file: Callable[..., Path]) -> models.Model:
    return models.open_model(models.find(str(model_file())), "cpu", accept_unlisted=True)


@pytest.fixture
def image() -> sitk.Image:
    """A sagittal stack with structure in it: 70 x 90 pixels of 0.8 mm, nine slices of 4 mm, oblique."""
    random = np.random.default_rng(3)
    pixels = np.kron(random.random((9, 10, 14)), np.ones((1, 9, 5))).astype(np.float32)
    stack = sitk.GetImageFromArray(pixels)
    stack.SetSpacing((0.8, 0.8, 4.0))
    tilt = np.deg2rad(10)
    turn = np.array([[np.cos(tilt), -np.sin(tilt), 0], [np.sin(tilt), np.cos(tilt), 0], [0, 0, 1]])
    stack.SetDirection((turn @ np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]])).ravel().tolist())
    stack.SetOrigin((20.0, -60.0, 100.0))
    return stack


def test_the_label_map_lies_on_the_grid_of_the_image(model: models.Model, image: sitk.Image) -> None:
    labels = inference.segment_labels(image, model)
    assert labels.IsSameImageGeometryAs(image)
    assert labels.GetPixelID() == sitk.sitkUInt8
    assert set(np.unique(sitk.GetArrayFromImage(labels))) <= {0, 1, 2, 3}


@pytest.mark.parametrize("order", ORDERS)
def test_the_storage_order_changes_nothing(model: models.Model, image: sitk.Image, order: str) -> None:
    expected = sitk.GetArrayFromImage(sitk.DICOMOrient(inference.segment_labels(image, model), order))
    found = sitk.GetArrayFromImage(inference.segment_labels(sitk.DICOMOrient(image, order), model))
    assert np.array_equal(found, expected)
    assert len(np.unique(found)) > 1


def test_progress_rises_to_the_end(model: models.Model, image: sitk.Image) -> None:
    told: list[float] = []
    inference.segment_labels(image, model, on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 1


def test_cancel_stops_between_slices(model: models.Model, image: sitk.Image) -> None:
    told: list[float] = []
    with pytest.raises(Cancelled):
        inference.segment_labels(image, model, on_progress=told.append, cancelled=lambda: bool(told))
    assert len(told) == 1


def test_flips_do_not_mind_which_side_is_left(model: models.Model, image: sitk.Image) -> None:
    mirrored = sitk.GetImageFromArray(sitk.GetArrayFromImage(image)[::-1])
    mirrored.CopyInformation(image)
    labels = sitk.GetArrayFromImage(inference.segment_labels(image, model, flips=True))
    of_mirrored = sitk.GetArrayFromImage(inference.segment_labels(mirrored, model, flips=True))
    assert (of_mirrored[::-1] == labels).mean() > 0.99


def test_neighbours_are_counted_from_the_middle_and_repeat_the_edge() -> None:
    assert preprocess.neighbour_indices(4, 2, 5).tolist() == [
        [0, 0, 0, 2, 3],
        [0, 0, 1, 3, 3],
        [0, 0, 2, 3, 3],
        [0, 1, 3, 3, 3],
    ]


def test_a_thin_stack_is_computed_whole_at_intervals_and_elsewhere_around_what_those_show(
    model: models.Model, image: sitk.Image
) -> None:
    """The answer of a network that shows its input: bright is vertebra, and nothing is bright far from the square."""

    class Bright:
        shapes: ClassVar[list[tuple[int, ...]]] = []

        def __call__(self, batch: torch.Tensor) -> torch.Tensor:
            self.shapes.append(tuple(batch.shape))
            logits = torch.zeros(len(batch), 4, *batch.shape[2:])
            logits[:, 1] = torch.where(batch[:, 1] > 2.0, 1.0, -1.0)
            return logits

    pixels = np.random.default_rng(0).random((20, 200, 160)).astype(np.float32)
    pixels[:, 90:110, 70:90] = 10.0
    stack = sitk.GetImageFromArray(pixels)
    stack.SetDirection(image.GetDirection())
    labels = sitk.GetArrayFromImage(inference.segment_labels(stack, dataclasses.replace(model, network=Bright())))
    assert np.array_equal(labels == 1, pixels == 10.0)
    whole = [shape for shape in Bright.shapes if shape[2] >= 200]
    assert sum(shape[0] for shape in whole) == 3
    assert all(60 <= side <= 72 for shape in Bright.shapes if shape not in whole for side in shape[2:])


def test_one_slice_is_enough(model: models.Model, image: sitk.Image) -> None:
    assert inference.segment_labels(image[:, :, 4:5], model).GetSize() == (70, 90, 1)


def test_a_coarse_image_keeps_its_place_when_resampled(image: sitk.Image) -> None:
    """A ramp along the posterior axis must still say each pixel's own place, also with smoothing before
    it.
    """
    ordered = preprocess.to_stack_order(image)
    for target in (0.5, 1.0, 1.6):
        ramp = sitk.PhysicalPointSource(
            sitk.sitkVectorFloat32,
            ordered.GetSize(),
            ordered.GetOrigin(),
            ordered.GetSpacing(),
            ordered.GetDirection(),
        )
        posterior = sitk.VectorIndexSelectionCast(ramp, 1)
        grid = preprocess.resample_in_plane(posterior, target)
        truth = sitk.VectorIndexSelectionCast(
            sitk.PhysicalPointSource(
                sitk.sitkVectorFloat32,
                grid.GetSize(),
                grid.GetOrigin(),
                grid.GetSpacing(),
                grid.GetDirection(),
            ),
            1,
        )
        error = np.abs(sitk.GetArrayFromImage(grid) - sitk.GetArrayFromImage(truth))[:, 6:-6, 6:-6]
        assert error.max() < 0.02


@pytest.mark.parametrize(("target", "kept"), [(0.75, True), (0.88, True), (0.7, False), (0.9, False)])
def test_pixels_near_the_grid_of_the_network_stay_as_they_are(image: sitk.Image, target: float, kept: bool) -> None:
    ordered = preprocess.to_stack_order(image)
    grid = preprocess.resample_in_plane(ordered, target)
    assert grid.IsSameImageGeometryAs(ordered) == kept
    if kept:
        assert np.array_equal(sitk.GetArrayFromImage(grid), sitk.GetArrayFromImage(ordered))


def test_intensity_scale_and_offset_do_not_matter() -> None:
    stack = np.random.default_rng(0).random((4, 30, 30)).astype(np.float32)
    one = preprocess.standardise(preprocess.scale_to_unit(stack))
    other = preprocess.standardise(preprocess.scale_to_unit(stack * 731 - 1000))
    assert np.allclose(one, other, atol=1e-2)
