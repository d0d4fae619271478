"""Where each slice of an image lies in the patient: its own plane, which need not be that of the stack that holds it.

An axial series is often several oblique blocks. They are kept as one regular stack, which names the slices by their
index, and the image's metadata carry the true plane of each. What is measured in a slice is measured in its plane.
"""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray

from LumbarSegLib.core import preprocess
from LumbarSegLib.core.carried import carrying
from LumbarSegLib.errors import InputError

Vector = NDArray[np.float64]
Triple = tuple[float, float, float]

PLANES = "LumbarSeg.Planes"
"""Key of an image's metadata: the planes that it carries."""

PARALLEL = np.deg2rad(2.0)
"""Planes at a smaller angle count as parallel."""

_IRREGULAR = 0.1  # of the distance of neighbouring slices
_SAME_PLACE_MM = 0.01


@dataclass(frozen=True)
class Plane:
    """The plane of one slice (LPS, mm): the centre of its first pixel, the unit vectors along a row, where the column
    index grows, and along a column, and the distances of pixel centres along a row and along a column.
    """

    origin: Triple
    row: Triple
    column: Triple
    spacing: tuple[float, float]

    @property
    def normal(self) -> Vector:
        """Unit vector, shape (3,), `row` x `column`."""
        return np.cross(self.row, self.column)

    def to_lps(self, pixels: ArrayLike) -> Vector:
        """Places (n, 3) in LPS mm of continuous indices (n, 2), each (column, row)."""
        steps = np.array([self.row, self.column]) * np.array(self.spacing)[:, None]
        return np.asarray(self.origin + np.asarray(pixels, float) @ steps)

    def mm_to_lps(self, places: ArrayLike) -> Vector:
        """Places (..., 3) in LPS mm of places in the slice (..., 2), (across, down) in mm from its first pixel."""
        flat = np.reshape(places, (-1, 2)) / self.spacing
        return self.to_lps(flat).reshape(*np.shape(places)[:-1], 3)

    def mm_from_lps(self, point: ArrayLike) -> Vector:
        """The place in the slice (2,), in mm as above, that lies straight above or below a point (LPS mm)."""
        away = np.subtract(point, self.origin)
        return np.array([away @ np.array(self.row), away @ np.array(self.column)])


def planes_of(image: sitk.Image) -> tuple[Plane, ...]:
    """The plane of each slice along the third axis of a 3D image: as its metadata carry them, else as its grid lies.

    Raises ValueError where other slices are carried than the image has.
    """
    if not carries_planes(image):
        return _planes_of_grid(image)
    carried = json.loads(image.GetMetaData(PLANES))
    planes = tuple(
        Plane(triple(origin), triple(row), triple(column), (across, down))
        for origin, row, column, (across, down) in carried
    )
    _check_count(image, planes)
    return planes


def carries_planes(image: sitk.Image) -> bool:
    """Whether the slices have planes of their own, apart from the image's grid."""
    return bool(image.HasMetaDataKey(PLANES))


def with_planes(image: sitk.Image, planes: Sequence[Plane]) -> sitk.Image:
    """A copy of a 3D image that carries the true plane of each slice. Its grid stays as it is and names the slices.

    SimpleITK's filters drop what is carried; copies keep it. Raises ValueError unless there is a plane for each slice.
    """
    _check_count(image, planes)
    return carrying(image, {PLANES: json.dumps([astuple(plane) for plane in planes])})


def to_stack_order(image: sitk.Image, orientation: str) -> sitk.Image:
    """`preprocess.to_stack_order` of an image whose carried planes are turned along, so that each pixel stays where it
    is in the patient.

    Raises InputError where the slices that carry planes would be cut across.
    """
    ordered = preprocess.to_stack_order(image, orientation)
    if not carries_planes(image):
        return ordered
    old, new = (np.reshape(one.GetDirection(), (3, 3)) for one in (image, ordered))
    # The axes are exchanged and turned round, not moved: each new one runs along just one old one.
    turns = np.rint(old.T @ new).astype(int)
    if turns[2, 2] == 0:
        raise InputError("the slices lie in several planes, so they can only be read as they were taken.")
    planes = [_turned(plane, turns[:2, :2], image.GetSize()) for plane in planes_of(image)]
    return with_planes(ordered, planes[:: turns[2, 2]])


def blocks_of(planes: Sequence[Plane]) -> tuple[tuple[int, ...], ...]:
    """Indices of the slices of each block, in the order of the stack.

    Neighbours are of one block where they are parallel within 2 degrees, straight above each other and at a regular
    distance; a slice without such a neighbour is a block of its own.
    """
    gaps = [_gap(one, other) for one, other in pairwise(planes)]
    blocks: list[list[int]] = [[]] if planes else []
    for index in range(len(planes)):
        # A missing slice makes a gap wider than those beside it.
        widest = (1 + _IRREGULAR) * min(gaps[max(0, index - 2) : index + 1], default=0.0)
        if index and not gaps[index - 1] <= widest < np.inf:
            blocks.append([])
        blocks[-1].append(index)
    return tuple(tuple(block) for block in blocks)


def distances_of(planes: Sequence[Plane], otherwise_mm: float) -> Vector:
    """How much of its block each slice stands for, in mm, shape (n,): the distance of the slices of its block, or
    `otherwise_mm` where it is alone.
    """
    distances = np.full(len(planes), otherwise_mm)
    for block in blocks_of(planes):
        if len(block) > 1:
            distances[list(block)] = np.median([_gap(planes[k], planes[k + 1]) for k in block[:-1]])
    return distances


def _gap(one: Plane, other: Plane) -> float:
    """Distance in mm of two slices of a block; infinite where they are of none."""
    cosines = (np.dot(one.row, other.row), np.dot(one.column, other.column), one.normal @ other.normal)
    step = np.subtract(other.origin, one.origin)
    gap = float(abs(step @ one.normal))
    aside = np.linalg.norm(step - (step @ one.normal) * one.normal)
    if min(cosines) < np.cos(PARALLEL) or gap < _SAME_PLACE_MM or aside > _IRREGULAR * gap:
        return np.inf
    return gap


def _turned(plane: Plane, turns: NDArray[np.int_], size: tuple[int, ...]) -> Plane:
    """The same pixels counted along other axes: column j of `turns` says which old axis the new axis j runs along."""
    last = [size[axis] - 1 if turns[axis].sum() < 0 else 0 for axis in (0, 1)]
    axes = np.array([plane.row, plane.column]).T @ turns
    across, down = np.array(plane.spacing) @ np.abs(turns)
    origin = plane.to_lps([last])[0]
    return Plane(triple(origin), triple(axes[:, 0]), triple(axes[:, 1]), (float(across), float(down)))


def _planes_of_grid(image: sitk.Image) -> tuple[Plane, ...]:
    direction = np.reshape(image.GetDirection(), (3, 3))
    across, down, _ = image.GetSpacing()
    places = [image.TransformIndexToPhysicalPoint((0, 0, index)) for index in range(image.GetSize()[2])]
    return tuple(Plane(place, triple(direction[:, 0]), triple(direction[:, 1]), (across, down)) for place in places)


def _check_count(image: sitk.Image, planes: Sequence[Plane]) -> None:
    if len(planes) != image.GetSize()[2]:
        raise ValueError(f"there are {len(planes)} planes for {image.GetSize()[2]} slices")


def triple(vector: ArrayLike) -> Triple:
    """Three numbers as a plane holds them."""
    x, y, z = (float(value) for value in np.asarray(vector, float))
    return x, y, z
