"""Images of `core` (LPS, mm) to the scene's (RAS, mm) and back: only here and in `acquisition` do the signs change."""

from typing import TYPE_CHECKING, Protocol

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData

from LumbarSegLib.core.dicom.reading import SERIES_UID
from LumbarSegLib.core.planes import PLANES, carries_planes, planes_of, with_planes
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.acquisition import planes_in_world, put_in_planes
from LumbarSegLib.scene.host import slicer

if TYPE_CHECKING:
    from slicer import vtkMRMLScalarVolumeNode, vtkMRMLScene, vtkMRMLVolumeNode, vtkOrientedImageData

_OURS = "LumbarSeg."
_SERIES = "LumbarSeg.SeriesInstanceUID"
"""Attribute of a volume: the DICOM series that it was read from."""

_LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])


class _Placed(Protocol):
    """What a volume node and an oriented image share, under VTK's own names."""

    def GetSpacing(self) -> tuple[float, float, float]: ...  # noqa: N802  VTK's name
    def GetOrigin(self) -> tuple[float, float, float]: ...  # noqa: N802  VTK's name


def volume_from_image(scene: "vtkMRMLScene", image: sitk.Image, name: str) -> "vtkMRMLScalarVolumeNode":
    """A new volume node with the voxels and the exact geometry of a 3D scalar image.

    If its slices have planes of their own, the node stands under a new grid transform that moves them there. What else
    LumbarSeg knows of the image, such as that its mm are not, or its DICOM series, is kept in attributes of the node.
    """
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    place_volume(volume, image)
    volume.SetAndObserveImageData(_filled(vtkImageData(), image))
    volume.CreateDefaultDisplayNodes()
    if carries_planes(image):
        put_in_planes(volume, planes_of(image))
    return volume


def place_volume(volume: "vtkMRMLVolumeNode", image: sitk.Image) -> None:
    """Give a volume node the geometry of an image and what LumbarSeg knows of it, but for planes; its voxels stay."""
    volume.SetSpacing(image.GetSpacing())
    volume.SetOrigin(_flipped(np.array(image.GetOrigin())).tolist())
    volume.SetIJKToRASDirections(_ras_directions(image))
    known = [key for key in image.GetMetaDataKeys() if key.startswith(_OURS) and key != PLANES]
    for key in volume.GetAttributeNames():
        if key.startswith(_OURS) and key not in (*known, _SERIES):
            volume.RemoveAttribute(key)
    for key in known:
        volume.SetAttribute(key, image.GetMetaData(key))
    if image.HasMetaDataKey(SERIES_UID):
        volume.SetAttribute(_SERIES, image.GetMetaData(SERIES_UID))


def image_from_volume(volume: "vtkMRMLVolumeNode") -> sitk.Image:
    """The voxels and the exact geometry of a volume node, before any transform that the node stands under.

    Under a transform that is not linear, such as that of a DICOM series in oblique blocks, the image carries the planes
    (`core.planes`) in which its slices then stand in the world, with what linear transforms there are besides.
    Raises InputError if the volume is empty, has several values for each voxel or stands under a transform that bends
    its slices.
    """
    data = volume.GetImageData()
    if data is None or data.GetNumberOfPoints() == 0:
        raise InputError(f"The volume {volume.GetName()} is empty. Load its image again.")
    if data.GetNumberOfScalarComponents() != 1:
        raise InputError(
            f"The volume {volume.GetName()} has several values for each voxel. Choose a grey-scale volume."
        )
    image = sitk.GetImageFromArray(_voxels(data))
    directions = np.zeros((3, 3)).tolist()
    volume.GetIJKToRASDirections(directions)
    _place(image, volume, np.array(directions), (0, 0, 0))
    for key in volume.GetAttributeNames():
        if key.startswith(_OURS):
            image.SetMetaData(SERIES_UID if key == _SERIES else key, volume.GetAttribute(key))
    planes = planes_in_world(volume)
    return image if planes is None else with_planes(image, planes)


def oriented_from_image(image: sitk.Image) -> "vtkOrientedImageData":
    """The representation that a segment holds: the voxels and the exact geometry of a 3D scalar image."""
    oriented = slicer.vtkOrientedImageData()
    oriented.SetSpacing(image.GetSpacing())
    oriented.SetOrigin(_flipped(np.array(image.GetOrigin())).tolist())
    oriented.SetDirections(_ras_directions(image))
    _filled(oriented, image)
    return oriented


def image_from_oriented(oriented: "vtkOrientedImageData") -> sitk.Image:
    """The voxels and the geometry of an oriented image, whose extent need not begin at zero."""
    image = sitk.GetImageFromArray(_voxels(oriented))
    directions = np.zeros((3, 3)).tolist()
    oriented.GetDirections(directions)
    _place(image, oriented, np.array(directions), oriented.GetExtent()[::2])
    return image


def _filled(data: vtkImageData, image: sitk.Image) -> vtkImageData:
    data.SetDimensions(image.GetSize())
    # The voxels are copied: the image may go while the scene lives on.
    voxels = numpy_to_vtk(sitk.GetArrayViewFromImage(image).ravel(), deep=True)  # type: ignore[no-untyped-call]  # VTK has no types here
    voxels.SetName("ImageScalars")
    data.GetPointData().SetScalars(voxels)
    return data


def _voxels(data: vtkImageData) -> NDArray[np.generic]:
    voxels: NDArray[np.generic] = vtk_to_numpy(data.GetPointData().GetScalars())  # type: ignore[no-untyped-call]  # VTK has no types here
    return voxels.reshape(data.GetDimensions()[::-1])


def _ras_directions(image: sitk.Image) -> list[list[float]]:
    directions: list[list[float]] = _flipped(np.reshape(image.GetDirection(), (3, 3))).tolist()
    return directions


def _place(image: sitk.Image, node: _Placed, directions: NDArray[np.float64], first: tuple[int, ...]) -> None:
    """Give the image the node's geometry (RAS); `first` is the index of its first voxel in the node."""
    spacing = np.array(node.GetSpacing())
    origin = np.array(node.GetOrigin()) + directions @ (spacing * first)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(_flipped(origin).tolist())
    image.SetDirection(_flipped(directions).ravel().tolist())


def _flipped(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """LPS to RAS or back, of a point or of the columns of a matrix; adding zero turns -0.0 into 0.0."""
    flipped: NDArray[np.float64] = (vectors.T * _LPS_TO_RAS).T + 0.0
    return flipped
