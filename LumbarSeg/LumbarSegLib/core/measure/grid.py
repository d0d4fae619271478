"""A label map as measuring sees it: an array in one order of axes, in mm, and the way back into the patient.

Local coordinates are mm along (right, down, back) of the stack from the centre of its first voxel, as arrays of shape
(..., 3). They do not know where the patient lies or in which order the file is stored, so neither can change a number.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import find_objects, gaussian_filter, label, map_coordinates

from LumbarSegLib.core.findings import Point
from LumbarSegLib.core.preprocess import to_stack_order

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Box = tuple[slice, ...]

_TURN, _MOVE = 0.005, 0.02  # steps of a steady plane, radians and mm


class Grid:
    """A 3D label map of any orientation as an array (right, down, back); `spacing` in mm in the same order."""

    def __init__(self, labels: sitk.Image) -> None:
        ordered = to_stack_order(labels)
        self.labels: NDArray[np.uint8] = sitk.GetArrayFromImage(ordered)
        self.spacing: Floats = np.array(ordered.GetSpacing()[::-1])
        self._origin = np.array(ordered.GetOrigin())
        self._axes = np.array(ordered.GetDirection()).reshape(3, 3)[:, ::-1].T  # rows: right, down, back in LPS
        self._boxes = _boxes(self.labels)

    @property
    def size_mm(self) -> Floats:
        """From the centre of the first voxel to the centre of the last, (right, down, back)."""
        return (np.array(self.labels.shape) - 1) * self.spacing

    @property
    def values(self) -> list[int]:
        """The label values that are seen."""
        return [k + 1 for k, box in enumerate(self._boxes) if box is not None]

    def is_like(self, other: "Grid") -> bool:
        """Whether both have the same voxels in the same places."""
        return self.labels.shape == other.labels.shape and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in ("spacing", "_origin", "_axes")
        )

    def part(self, label: int) -> "Part":
        """The voxels of one label, cropped to them with a voxel around. Raises KeyError where there are none."""
        box = self._boxes[label - 1] if 0 < label <= len(self._boxes) else None
        if box is None:
            raise KeyError(label)
        start = np.array([axis.start for axis in box])
        mask = np.pad(self.labels[box] == label, 1)
        return Part(mask, (start - 1) * self.spacing, self.spacing, self.size_mm)

    def to_lps(self, places: Floats) -> Floats:
        """Local coordinates to LPS, both (..., 3) in mm."""
        return self._origin + places @ self._axes

    def from_lps(self, places: Floats) -> Floats:
        """LPS to local coordinates, both (..., 3) in mm."""
        return (places - self._origin) @ np.linalg.inv(self._axes)


@dataclass(frozen=True, eq=False)
class Part:
    """One structure: a cropped mask (right, down, back) with an empty voxel around it.

    `start` is where its first voxel lies and `size_mm` how far the whole stack reaches, in local coordinates.
    """

    mask: Mask
    start: Floats
    spacing: Floats
    size_mm: Floats

    @cached_property
    def digest(self) -> str:
        """Tells two parts apart by content and place."""
        content = hashlib.blake2b(np.packbits(self.mask).tobytes(), digest_size=16)
        content.update(repr((self.mask.shape, *self.start.round(6), *self.spacing.round(9))).encode())
        return content.hexdigest()

    @cached_property
    def places(self) -> Floats:
        """The centres of its voxels in local coordinates, (n, 3)."""
        return np.argwhere(self.mask) * self.spacing + self.start

    @cached_property
    def bounds(self) -> tuple[Floats, Floats]:
        """The lowest and the highest of `places`, (3,) each."""
        seen = [np.flatnonzero(counts)[[0, -1]] for counts in self._counts]
        low, high = np.transpose(seen) * self.spacing + self.start
        return low, high

    @cached_property
    def middle(self) -> Floats:
        """The mean of `places`, (3,)."""
        index = [float(counts @ np.arange(len(counts))) / float(counts.sum()) for counts in self._counts]
        return np.array(index) * self.spacing + self.start

    @cached_property
    def _counts(self) -> list[NDArray[np.int64]]:
        """How many voxels lie in each layer, along each axis."""
        flat = self.mask.sum(axis=0)
        return [np.array([np.count_nonzero(layer) for layer in self.mask]), flat.sum(axis=1), flat.sum(axis=0)]

    @cached_property
    def share_apart(self) -> float:
        """The share of its voxels that touch its largest piece by no face, edge or corner, directly or not."""
        pieces, count = label(self.mask, np.ones((3, 3, 3)))
        if count < 2:
            return 0.0
        sizes = np.bincount(pieces.ravel())[1:]
        return float(1.0 - sizes.max() / sizes.sum())

    @cached_property
    def volume_mm3(self) -> float:
        return float(self.mask.sum() * np.prod(self.spacing))

    def only(self, mask: Mask) -> "Part":
        """The same crop with another mask, as the body without the arch."""
        return Part(mask, self.start, self.spacing, self.size_mm)

    def touches_side(self) -> bool:
        """Whether the first or last slice of the stack cuts it."""
        seen = np.flatnonzero(self.mask.any((1, 2))) * self.spacing[0] + self.start[0]
        return bool(len(seen)) and bool(
            seen[0] < 0.5 * self.spacing[0] or seen[-1] > self.size_mm[0] - 0.5 * self.spacing[0]
        )

    def field(self, smoothing_mm: float) -> NDArray[np.float32]:
        """The mask smoothed within its slices, 0 to 1; the boundary lies at 0.5."""
        sigma = (0.0, smoothing_mm / self.spacing[1], smoothing_mm / self.spacing[2])
        return gaussian_filter(self.mask.astype(np.float32), sigma)

    def sample(self, field: NDArray[np.float32], places: Floats) -> NDArray[np.float32]:
        """Linear interpolation of a field of this crop at local coordinates (..., 3); 0 outside of the crop.

        Beyond the first and last slice of the stack the field goes on as it is there.
        """
        clipped = places.copy()
        clipped[..., 0] = np.clip(clipped[..., 0], 0.0, self.size_mm[0])
        index = np.moveaxis((clipped - self.start) / self.spacing, -1, 0)
        return map_coordinates(field, index, order=1, mode="constant", cval=0.0)


@dataclass(frozen=True)
class Plane:
    """A plane through `origin` with unit vectors `across` and `along`, all (3,) in local coordinates.

    Several planes in one have them as (p, 1, 3); flat coordinates in them are (p, m, 2).
    """

    origin: Floats
    across: Floats
    along: Floats

    @property
    def normal(self) -> Floats:
        return np.cross(self.across, self.along)

    @property
    def key(self) -> bytes:
        """Tells two planes apart."""
        return np.concatenate([self.origin, self.across, self.along]).tobytes()

    def steady(self, middle: Floats) -> "Plane":
        """The same plane with its origin beside `middle` (3,), moved in steps of 0.02 mm and turned in steps of 0.3°.

        So an edit far away, which moves it by less, leaves it as it is, and all that is read in it.
        """
        along, across = steady(self.along), steady(self.across)
        across = unit(across - (across @ along) * along)
        normal = np.cross(across, along)
        return Plane(middle + round(float((self.origin - middle) @ normal) / _MOVE) * _MOVE * normal, across, along)

    def places(self, flat: Floats) -> Floats:
        """In-plane coordinates (..., 2) in mm to local coordinates (..., 3)."""
        return self.origin + flat[..., :1] * self.across + flat[..., 1:] * self.along

    def flat(self, places: Floats) -> Floats:
        """Local coordinates (..., 3) projected into the plane, (..., 2) in mm."""
        away = places - self.origin
        return np.stack([away @ self.across, away @ self.along], axis=-1)


def _boxes(labels: NDArray[np.uint8]) -> list[Box | None]:
    """The box of each label from 1 upward, None where there is none. What is empty of a stack is not looked through."""
    flat = labels.max(axis=0)
    seen = [np.flatnonzero(line) for line in (labels.any(axis=(1, 2)), flat.any(axis=1), flat.any(axis=0))]
    if not len(seen[0]):
        return []
    start = [int(line[0]) for line in seen]
    found = find_objects(labels[tuple(slice(line[0], line[-1] + 1) for line in seen)])
    return [box and _moved(box, start) for box in found]


def _moved(box: Box, start: Sequence[int]) -> Box:
    return tuple(slice(axis.start + first, axis.stop + first) for axis, first in zip(box, start, strict=True))


def steady(direction: Floats) -> Floats:
    """The unit vector (3,) turned in steps of 0.3°."""
    return unit(np.round(direction / _TURN) * _TURN)


def unit(vectors: Floats) -> Floats:
    """Vectors (..., 3) made one long; one that is 0 stays 0."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))


def as_point(place: Floats) -> Point:
    """A place (3,) as it stands in a trace."""
    return float(place[0]), float(place[1]), float(place[2])
