"""Series of oblique blocks in the scene: each slice stands in its true place, through every form and back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.images import read_image
from LumbarSegLib.core.planes import carries_planes, planes_of, with_planes
from LumbarSegLib.core.regions import Regions, regions_of
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.files import load_segmentation, save_segmentation
from LumbarSegLib.scene.host import open_scene
from LumbarSegLib.scene.segmentations import labels_from_segmentation, segmentation_from_result, volume_of
from LumbarSegLib.scene.volumes import image_from_volume, volume_from_image
from Testing.axial import axial_image, axial_labels
from Testing.dicom_blocks import THREE_BLOCKS, write_blocks
from Testing.scene.grids import place_obliquely, same_grid, same_voxels

PLANES = [plane for block in THREE_BLOCKS for plane in block.planes]
CORNERS = [(0, 0), (63, 0), (0, 55), (63, 55), (31.5, 27.5), (10.2, 40.9)]
TO_RAS = (-1, -1, 1)


@pytest.fixture
def series(tmp_path: Path) -> sitk.Image:
    write_blocks(tmp_path / "study")
    return read_image(tmp_path / "study")


@pytest.fixture
def regions(series: sitk.Image) -> Regions:
    """A box of each region in every slice."""
    values = np.zeros(series.GetSize()[::-1], np.uint8)
    values[:, 10:20, 20:40], values[:, 24:30, 24:36], values[:, 40:50, 20:40] = 1, 3, 2
    labels = sitk.GetImageFromArray(values)
    labels.CopyInformation(series)
    return regions_of(with_planes(labels, planes_of(series)))


def in_world(volume: Any, slice_index: int) -> np.ndarray:
    """Where places in a slice of a volume node stand in the world, RAS mm."""
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    found = []
    for column, row in CORNERS:
        world = [0.0, 0.0, 0.0]
        volume.TransformPointToWorld(matrix.MultiplyPoint((column, row, slice_index, 1))[:3], world)
        found.append(world)
    return np.array(found)


def stands_in_its_planes(volume: Any) -> bool:
    return all(
        np.allclose(in_world(volume, index), plane.to_lps(CORNERS) * TO_RAS, atol=0.01, rtol=0)
        for index, plane in enumerate(PLANES)
    )


def linear_transform(scene: Any) -> Any:
    """A turn about the body's axis by 30 degrees and a shift."""
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = node.GetMatrixTransformToParent()
    turned = np.array([[np.sqrt(0.75), -0.5, 0, 7], [0.5, np.sqrt(0.75), 0, -3], [0, 0, 1, 11]])
    for (row, column), value in np.ndenumerate(turned):
        matrix.SetElement(row, column, value)
    node.SetMatrixTransformToParent(matrix)
    return node


def test_every_slice_stands_where_the_dicom_header_says(scene: Any, series: sitk.Image) -> None:
    volume = volume_from_image(scene, series, "axial")
    assert volume.GetParentTransformNode().IsA("vtkMRMLGridTransformNode")
    assert stands_in_its_planes(volume)


def test_the_series_comes_back_with_its_planes(scene: Any, series: sitk.Image) -> None:
    back = image_from_volume(volume_from_image(scene, series, "axial"))
    assert same_voxels(back, series)
    assert same_grid(back, series)
    for found, given in zip(planes_of(back), PLANES, strict=True):
        assert np.allclose(found.to_lps(CORNERS), given.to_lps(CORNERS), atol=1e-6)
        assert np.allclose(found.spacing, given.spacing)


def test_slices_of_a_turned_storage_order_stand_right_as_well(scene: Any, series: sitk.Image) -> None:
    from LumbarSegLib.core.planes import to_stack_order

    turned = to_stack_order(series, "RAI")
    back = image_from_volume(volume_from_image(scene, turned, "axial"))
    again = to_stack_order(back, "LPS")
    for found, given in zip(planes_of(again), PLANES, strict=True):
        assert np.allclose(found.to_lps(CORNERS), given.to_lps(CORNERS), atol=1e-6)


def test_a_linear_transform_above_moves_the_planes_along(scene: Any, series: sitk.Image) -> None:
    volume = volume_from_image(scene, series, "axial")
    linear = linear_transform(scene)
    volume.GetParentTransformNode().SetAndObserveTransformNodeID(linear.GetID())
    back = image_from_volume(volume)
    for index, plane in enumerate(planes_of(back)):
        assert np.allclose(plane.to_lps(CORNERS) * TO_RAS, in_world(volume, index), atol=1e-6)
    assert not np.allclose(planes_of(back)[0].origin, PLANES[0].origin, atol=1)


def test_a_linear_transform_alone_gives_no_planes(scene: Any) -> None:
    image = axial_image(axial_labels())
    volume = volume_from_image(scene, image, "axial")
    volume.SetAndObserveTransformNodeID(linear_transform(scene).GetID())
    back = image_from_volume(volume)
    assert not carries_planes(back)
    assert same_grid(back, image)


def test_a_grid_transform_that_hardly_moves_anything_gives_no_planes(scene: Any) -> None:
    image = axial_image(axial_labels())
    place_obliquely(image)
    nearly = sitk.Image(image)
    nearly.SetOrigin(np.add(image.GetOrigin(), (0.02, -0.01, 0.03)).tolist())
    volume = volume_from_image(scene, with_planes(image, planes_of(nearly)), "sagittal")
    assert volume.GetParentTransformNode().IsA("vtkMRMLGridTransformNode")
    assert not carries_planes(image_from_volume(volume))


def test_one_slice_can_stand_elsewhere_than_its_grid(scene: Any, series: sitk.Image) -> None:
    single = with_planes(series[:, :, 4:5], [PLANES[4]])
    single.SetOrigin((0.0, 0.0, 0.0))
    single = with_planes(single, [PLANES[4]])
    (found,) = planes_of(image_from_volume(volume_from_image(scene, single, "axial")))
    assert np.allclose(found.to_lps(CORNERS), PLANES[4].to_lps(CORNERS), atol=1e-6)


def test_a_transform_that_bends_slices_is_refused(scene: Any, series: sitk.Image) -> None:
    volume = volume_from_image(scene, series, "axial")
    grid = volume.GetParentTransformNode().GetTransformToParent().GetDisplacementGrid()
    vectors = grid.GetPointData().GetScalars()
    vectors.SetTuple3(0, *np.add(vectors.GetTuple3(0), (0, 0, 5)))
    grid.Modified()
    with pytest.raises(InputError, match=r"The transform of axial bends or shears its slices.*Remove it"):
        image_from_volume(volume)


@pytest.fixture
def segmentation(scene: Any, series: sitk.Image, regions: Regions) -> Any:
    return segmentation_from_result(scene, regions, volume_from_image(scene, series, "axial"), {"task": "axial"})


def test_the_segmentation_stands_with_its_volume_and_gives_its_labels_back(segmentation: Any, regions: Regions) -> None:
    volume = volume_of(segmentation)
    assert segmentation.GetParentTransformNode() is volume.GetParentTransformNode()
    for labels in (labels_from_segmentation(segmentation), labels_from_segmentation(segmentation, volume)):
        assert same_voxels(labels, regions.labels)
        assert same_grid(labels, regions.labels)
    for found, given in zip(planes_of(labels_from_segmentation(segmentation, volume)), PLANES, strict=True):
        assert np.allclose(found.to_lps(CORNERS), given.to_lps(CORNERS), atol=1e-6)


@pytest.mark.parametrize("suffix", [".seg.nrrd", ".nii.gz", ".nrrd", ".mha"])
def test_a_file_of_segments_lies_on_the_grid_that_names_the_slices(
    segmentation: Any, regions: Regions, tmp_path: Path, suffix: str
) -> None:
    save_segmentation(segmentation, tmp_path / f"out{suffix}")
    with open_scene() as scene:
        volume = volume_from_image(scene, with_planes(axial(regions), PLANES), "axial")
        loaded = load_segmentation(scene, tmp_path / f"out{suffix}", volume, task="axial")
        labels = labels_from_segmentation(loaded, volume)
    assert same_voxels(labels, regions.labels)
    assert same_grid(labels, regions.labels)


def test_a_bundle_keeps_the_transform(segmentation: Any, regions: Regions, tmp_path: Path) -> None:
    save_segmentation(segmentation, tmp_path / "out.mrb")
    with open_scene() as scene:
        loaded = load_segmentation(scene, tmp_path / "out.mrb")
        volume = volume_of(loaded)
        assert stands_in_its_planes(volume)
        assert loaded.GetParentTransformNode() is volume.GetParentTransformNode()
        assert same_voxels(labels_from_segmentation(loaded, volume), regions.labels)


def test_a_bundle_keeps_what_stands_above_too(segmentation: Any, scene: Any, tmp_path: Path) -> None:
    volume = volume_of(segmentation)
    volume.GetParentTransformNode().SetAndObserveTransformNodeID(linear_transform(scene).GetID())
    expected = in_world(volume, 3)
    save_segmentation(segmentation, tmp_path / "out.mrb")
    with open_scene() as other:
        found = in_world(volume_of(load_segmentation(other, tmp_path / "out.mrb")), 3)
    assert np.allclose(found, expected, atol=0.01)


def axial(regions: Regions) -> sitk.Image:
    image = sitk.Cast(regions.labels, sitk.sitkInt16) * 100
    image.CopyInformation(regions.labels)
    return image
