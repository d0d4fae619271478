from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.images import read_image
from LumbarSegLib.core.notes import notes_of
from LumbarSegLib.core.spacing import has_spacing
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.volumes import (
    image_from_oriented,
    image_from_volume,
    oriented_from_image,
    volume_from_image,
)
from Testing.scene.grids import place_obliquely, same_voxels

STORAGE_ORDERS = [
    tuple((np.eye(3)[list(order)] * signs).ravel())
    for order in permutations(range(3))
    for signs in product((1, -1), repeat=3)
]


def image_of(pixel: int = sitk.sitkInt16) -> sitk.Image:
    voxels = np.random.default_rng(1).integers(0, 100, (4, 3, 5))
    return sitk.Cast(sitk.GetImageFromArray(voxels), pixel)


def assert_same_geometry(one: sitk.Image, other: sitk.Image) -> None:
    assert one.GetSize() == other.GetSize()
    assert one.GetSpacing() == other.GetSpacing()
    assert one.GetOrigin() == other.GetOrigin()
    assert one.GetDirection() == other.GetDirection()


@pytest.mark.parametrize("direction", STORAGE_ORDERS)
def test_every_storage_order_comes_back_exactly(scene: Any, direction: tuple[float, ...]) -> None:
    image = image_of()
    image.SetDirection(direction)
    image.SetSpacing((0.1, 0.7, 4.4))
    image.SetOrigin((-1.1, 2.2, 0.0))
    back = image_from_volume(volume_from_image(scene, image, "volume"))
    assert_same_geometry(back, image)
    assert same_voxels(back, image)


@pytest.mark.parametrize("mirror", [1, -1])
def test_an_oblique_stack_comes_back_exactly_even_if_left_handed(scene: Any, mirror: int) -> None:
    image = image_of()
    place_obliquely(image)
    image.SetDirection((np.reshape(image.GetDirection(), (3, 3)) * (1, 1, mirror)).ravel().tolist())
    back = image_from_volume(volume_from_image(scene, image, "volume"))
    assert_same_geometry(back, image)
    assert_same_geometry(image_from_oriented(oriented_from_image(image)), image)


@pytest.mark.parametrize("pixel", [sitk.sitkUInt8, sitk.sitkInt16, sitk.sitkUInt16, sitk.sitkInt32, sitk.sitkFloat32])
def test_the_voxel_type_is_kept(scene: Any, pixel: int) -> None:
    back = image_from_volume(volume_from_image(scene, image_of(pixel), "volume"))
    assert back.GetPixelID() == pixel
    assert same_voxels(back, image_of(pixel))


def test_a_voxel_lies_where_it_lies_in_the_patient(scene: Any) -> None:
    image = image_of()
    place_obliquely(image)
    volume = volume_from_image(scene, image, "volume")
    matrix = _matrix(volume)
    left, posterior, superior = image.TransformIndexToPhysicalPoint((4, 1, 3))
    assert np.allclose(matrix @ (4, 1, 3, 1), (-left, -posterior, superior, 1))


def test_a_grid_whose_extent_begins_elsewhere_keeps_its_place(scene: Any) -> None:
    whole = image_of()
    place_obliquely(whole)
    oriented = oriented_from_image(whole[2:, 1:, 1:])
    oriented.SetOrigin(oriented_from_image(whole).GetOrigin())
    oriented.SetExtent(2, 4, 1, 2, 1, 3)
    part = image_from_oriented(oriented)
    assert np.allclose(part.GetOrigin(), whole.TransformIndexToPhysicalPoint((2, 1, 1)))
    assert same_voxels(part, whole[2:, 1:, 1:])


def test_the_volume_does_not_share_memory_with_the_image(scene: Any) -> None:
    image = image_of()
    before = sitk.GetArrayFromImage(image)
    volume = volume_from_image(scene, image, "volume")
    image *= 0
    taken = image_from_volume(volume)
    assert np.array_equal(sitk.GetArrayViewFromImage(taken), before)
    volume.GetImageData().GetPointData().GetScalars().Fill(0)
    assert np.array_equal(sitk.GetArrayViewFromImage(taken), before)


def test_an_empty_volume_is_refused(scene: Any) -> None:
    with pytest.raises(InputError, match="is empty"):
        image_from_volume(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "volume"))


def test_a_colour_volume_is_refused(scene: Any) -> None:
    volume = volume_from_image(scene, image_of(), "volume")
    volume.GetImageData().AllocateScalars(volume.GetImageData().GetScalarType(), 3)
    with pytest.raises(InputError, match="several values"):
        image_from_volume(volume)


def _matrix(volume: Any) -> np.ndarray:
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def test_that_the_mm_of_an_image_are_not_known_is_not_lost_in_the_scene(scene: Any, tmp_path: Path) -> None:
    picture = sitk.GetImageFromArray(np.random.default_rng(0).integers(0, 255, (40, 50), np.uint8))
    sitk.WriteImage(picture, tmp_path / "slice.png")
    image = read_image(tmp_path / "slice.png", without_spacing=True)
    back = image_from_volume(volume_from_image(scene, image, "picture"))
    assert not has_spacing(back) and notes_of(back) == notes_of(image) != ()
