"""The segments of a node laid into one label map."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkIntArray, vtkStringArray
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.volumes import image_from_oriented

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkOrientedImageData

Labels = NDArray[np.uint8]

_VOXELS = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()
_SAME_VOXEL = 0.01  # of a voxel
_VALUES = 256


@dataclass(frozen=True)
class _Layer:
    """An image that segments share, as an array (k, j, i), the index in the grid of its first voxel, as (i, j, k), and
    the rank of each segment by its value there.
    """

    voxels: Labels
    first: NDArray[np.int_]
    ranks: Mapping[int, int]


def merged(
    segmentation: "vtkMRMLSegmentationNode", labels: Mapping[str, int], grid: "vtkOrientedImageData"
) -> sitk.Image:
    """A label map of the segments with these ids and their labels, on a grid in the coordinates of the segments.

    Where segments overlap the one that comes later in `labels` counts. Raises InputError where the segments cannot be
    put on the grid.
    """
    if not segmentation.GetSegmentation().ContainsRepresentation(_VOXELS):
        raise InputError(f"{segmentation.GetName()} holds surfaces alone. Create its binary labelmap first.")
    image = image_from_oriented(grid)
    layers = _layers(segmentation, tuple(labels), grid)
    if layers is None:
        return _merged_by_mrml(segmentation, labels, grid)
    ranks = np.zeros(image.GetSize()[::-1], np.uint8)
    for layer in layers:
        _lay(layer, ranks)
    found = sitk.GetImageFromArray(_translated(ranks, dict(enumerate(labels.values(), start=1))))
    found.CopyInformation(image)
    return found


def _layers(
    segmentation: "vtkMRMLSegmentationNode", ids: tuple[str, ...], grid: "vtkOrientedImageData"
) -> list[_Layer] | None:
    """The images that the segments lie in; None where one does not lie on the voxels of the grid, or holds values that
    this way, the quick one, does not know.
    """
    found: dict[str, tuple[Any, dict[int, int]]] = {}
    segments = segmentation.GetSegmentation()
    if segments.GetSourceRepresentationName() != _VOXELS:
        return None
    for rank, segment_id in enumerate(ids, start=1):
        voxels = segmentation.GetBinaryLabelmapInternalRepresentation(segment_id)
        if voxels is not None and voxels.GetNumberOfPoints():
            _, ranks = found.setdefault(voxels.GetAddressAsString(""), (voxels, {}))
            ranks[segments.GetSegment(segment_id).GetLabelValue()] = rank
    layers = [_layer(voxels, ranks, grid) for voxels, ranks in found.values()]
    known = [layer for layer in layers if layer is not None]
    return known if len(known) == len(layers) and len(ids) < _VALUES else None


def _layer(voxels: "vtkOrientedImageData", ranks: Mapping[int, int], grid: "vtkOrientedImageData") -> _Layer | None:
    scalars = voxels.GetPointData().GetScalars()
    array = vtk_to_numpy(scalars) if scalars is not None else np.empty(0)  # type: ignore[no-untyped-call]  # VTK has no types here
    size = voxels.GetDimensions()
    if array.dtype != np.uint8 or array.shape != (np.prod(size),) or not all(0 < k < _VALUES for k in ranks):
        return None
    to_grid = np.linalg.inv(_to_world(grid)) @ _to_world(voxels)
    ends = np.reshape(voxels.GetExtent(), (3, 2)).T
    corners = np.array([[ends[bit][axis] for axis, bit in enumerate(corner)] for corner in np.ndindex(2, 2, 2)])
    places = corners @ to_grid[:3, :3].T + to_grid[:3, 3]
    moved = np.rint(places[0]) - corners[0]
    if np.abs(places - corners - moved).max() > _SAME_VOXEL:
        return None
    first = (ends[0] + moved).astype(int) - np.array(grid.GetExtent()[::2])
    return _Layer(array.reshape(size[::-1]), first, ranks)


def _lay(layer: _Layer, ranks: Labels) -> None:
    """Lay a layer into the ranks on the grid; the part of it that lies outside is lost."""
    size = np.array(ranks.shape[::-1])
    low = np.maximum(layer.first, 0)
    high = np.minimum(layer.first + layer.voxels.shape[::-1], size)
    if (low >= high).any():
        return
    there = tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))
    here = tuple(slice(a - c, b - c) for a, b, c in zip(low[::-1], high[::-1], layer.first[::-1], strict=True))
    np.maximum(ranks[there], _translated(layer.voxels[here], layer.ranks), out=ranks[there])


def _translated(voxels: Labels, table: Mapping[int, int]) -> Labels:
    """Each value in the place of another one, 0 for those that the table does not name."""
    values = bytes(table.get(value, 0) for value in range(_VALUES))
    # Several times as quick as indexing a table with the array.
    return np.frombuffer(voxels.tobytes().translate(values), np.uint8).reshape(voxels.shape)


def _merged_by_mrml(
    segmentation: "vtkMRMLSegmentationNode", labels: Mapping[str, int], grid: "vtkOrientedImageData"
) -> sitk.Image:
    ids, values = vtkStringArray(), vtkIntArray()
    for segment_id, label in labels.items():
        ids.InsertNextValue(segment_id)
        values.InsertNextValue(label)
    found = slicer.vtkOrientedImageData()
    extent = slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY
    done = segmentation.GenerateMergedLabelmapForAllSegments(found, extent, grid, ids, values)
    if not done or found.GetDimensions() != grid.GetDimensions():
        raise InputError(f"{segmentation.GetName()} cannot be put on the grid of its volume. Harden their transforms.")
    return image_from_oriented(found)


def _to_world(image: "vtkOrientedImageData") -> NDArray[np.float64]:
    matrix = vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
