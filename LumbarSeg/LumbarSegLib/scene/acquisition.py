"""Slices with planes of their own, in the scene: a volume under a grid transform, as 3D Slicer's DICOM reader makes it.

The volume's grid names the slices and the transform moves each to its true place. Here the sign changes too: planes are
in LPS, the scene in RAS.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkCommonTransforms import vtkGeneralTransform

from LumbarSegLib.core.planes import Plane, triple
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.host import slicer

if TYPE_CHECKING:
    from slicer import vtkMRMLGridTransformNode, vtkMRMLVolumeNode

Floats = NDArray[np.float64]

_LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])
_NEAR_MM = 0.1
_SQUARE = 0.01
_PROBED = 5  # places along a row and along a column


def put_in_planes(volume: "vtkMRMLVolumeNode", planes: Sequence[Plane]) -> "vtkMRMLGridTransformNode":
    """Place a volume under a new grid transform that moves each of its slices to its plane (LPS, mm).

    The transform has a vector at each corner of each slice, so that it is exact all over the slices.
    """
    columns, rows, slices = volume.GetImageData().GetDimensions()
    across, down, between = volume.GetSpacing()
    corners = np.array([(i, j) for j in (-0.5, rows - 0.5) for i in (-0.5, columns - 0.5)])
    places = np.stack([plane.to_lps(corners) for plane in planes]) * _LPS_TO_RAS
    to_ras = _matrix(volume)
    indices = np.array([(*corner, k) for k in range(slices) for corner in corners])
    moved = places.reshape(-1, 3) - _applied(to_ras, indices)

    grid = vtkImageData()
    grid.SetDimensions(2, 2, slices)
    grid.SetSpacing(columns * across, rows * down, between)
    grid.SetOrigin(_applied(to_ras, indices[:1])[0].tolist())
    vectors = numpy_to_vtk(moved, deep=True)  # type: ignore[no-untyped-call]  # VTK has no types here
    vectors.SetName("displacement")
    grid.GetPointData().SetScalars(vectors)

    directions = vtkMatrix4x4()
    volume.GetIJKToRASDirectionMatrix(directions)
    transform = slicer.vtkOrientedGridTransform()
    transform.SetGridDirectionMatrix(directions)
    transform.SetDisplacementGridData(grid)
    node = volume.GetScene().AddNewNodeByClass("vtkMRMLGridTransformNode", f"{volume.GetName()} acquisition transform")
    node.SetAndObserveTransformToParent(transform)
    volume.SetAndObserveTransformNodeID(node.GetID())
    return node


def planes_in_world(volume: "vtkMRMLVolumeNode") -> tuple[Plane, ...] | None:
    """The planes (LPS, mm) that the slices of a volume stand in under a transform that is not linear, and under what
    else it stands.

    None where there is no such transform, or where it moves nothing by more than 0.1 mm: 3D Slicer adds one for errors
    of a micrometre. Raises InputError where a slice is bent or sheared: nothing can then be measured in its plane.
    """
    parent = volume.GetParentTransformNode()
    if parent is None or parent.IsTransformToWorldLinear():
        return None
    to_world = vtkGeneralTransform()
    parent.GetTransformToWorld(to_world)
    columns, rows, slices = volume.GetImageData().GetDimensions()
    probed = np.array([(i, j) for j in _spread(rows) for i in _spread(columns)])
    indices = np.array([(*pixel, k) for k in range(slices) for pixel in probed])
    there = _applied(_matrix(volume), indices)
    places = _moved(to_world, there)
    if np.abs(places - there).max() <= _NEAR_MM:
        return None
    by_slice = (places * _LPS_TO_RAS).reshape(slices, len(probed), 3)
    return tuple(_plane_through(probed, its, volume.GetName()) for its in by_slice)


def _plane_through(pixels: Floats, places: Floats, name: str) -> Plane:
    """The plane in which pixels (n, 2), as (column, row), lie at these places (n, 3), best in the sense of squares."""
    known = np.column_stack([np.ones(len(pixels)), pixels])
    origin, row, column = np.linalg.lstsq(known, places, rcond=None)[0]
    across, down = float(np.linalg.norm(row)), float(np.linalg.norm(column))
    bent = np.abs(known @ (origin, row, column) - places).max() > _NEAR_MM
    if bent or min(across, down) == 0 or abs(row @ column) > _SQUARE * across * down:
        raise InputError(
            f"The transform of {name} bends or shears its slices, so nothing can be measured in them. "
            "Remove it, or harden it on a copy."
        )
    return Plane(triple(origin), triple(row / across), triple(column / down), (across, down))


def _spread(count: int) -> Floats:
    return np.linspace(0, max(count - 1, 1), _PROBED)


def _matrix(volume: "vtkMRMLVolumeNode") -> Floats:
    matrix = vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def _applied(matrix: Floats, points: Floats) -> Floats:
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])


def _moved(transform: vtkGeneralTransform, points: Floats) -> Floats:
    before, after = vtkPoints(), vtkPoints()
    before.SetDataTypeToDouble()
    after.SetDataTypeToDouble()
    for point in points:
        before.InsertNextPoint(point.tolist())
    transform.TransformPoints(before, after)
    return np.array([after.GetPoint(index) for index in range(after.GetNumberOfPoints())])
