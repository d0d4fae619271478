"""Digital phantoms: an analytic spine as a label map on any grid, with the true value of every measure.

A voxel belongs to a structure where the formula of that structure is positive at the voxel's centre; nothing is
sub-sampled. Thick slices are thus cuts through their middle, as a reader draws them.

Noise moves each boundary as a reader's hand or a network does: the shape is looked up at places that are moved by a
random vector field, so that a boundary moves by the SD that is asked for at right angles to itself, and what touches
still touches, as where one line is drawn between two structures. Each component of it is white noise on a lattice
of 1 mm, smoothed with a Gaussian of SD 2 mm, which correlates it over about 4 mm in all directions. It stands still in
the spine, so that each grid sees the same noise.
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial.transform import Rotation

from LumbarSegLib.core.anatomy import STRUCTURES
from LumbarSegLib.core.findings import Point
from Testing.spine_shapes import Floats, Solid, SpineShape
from Testing.spine_truth import Truth

_LABELS = {row.name: row.label for row in STRUCTURES if row.name not in {"L6", "L6/S1", "L5/L6"}}
_LATTICE = (64, 96, 128)  # mm
_CORRELATION = 2.0  # mm, SD of the Gaussian that smooths the noise
_MARGIN = (26.0, 16.0, 12.0)  # mm around the corners of the bodies to the side, in front, below and above
_BEHIND = 62.0  # mm behind them, for the arches


@dataclass(frozen=True)
class Phantom:
    """A spine of known shape as a label map.

    `spacing` in mm is (across, down, back). `width` in mm is how far the stack reaches across, None for all of it.
    `turn` turns the spine inside the grid and `tilt` the grid with the spine in the patient, both as rotation vectors
    in degrees (right, back, up) and (left, back, up). `offset` moves the spine inside the grid (right, back, up; mm),
    `shift` the grid in the patient (LPS, mm). `orientation` is the order in which the voxels are stored. `noise` is the
    SD in mm of each boundary.
    """

    shape: SpineShape = field(default_factory=SpineShape)
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    width: float | None = None
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    tilt: tuple[float, float, float] = (0.0, 0.0, 0.0)
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    orientation: str = "PIR"
    noise: float = 0.0
    seed: int = 0

    @cached_property
    def labels(self) -> sitk.Image:
        """The label map, uint8 with SPIDER's values."""
        array = np.zeros(self._size, dtype=np.uint8)
        for solid in self.shape.solids():
            self._draw(array, solid)
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(self.spacing[::-1])
        image.SetOrigin(tuple(self._lps(self._first)))
        image.SetDirection((self._tilt @ np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]])).ravel())
        stored: sitk.Image = sitk.DICOMOrient(image, self.orientation)
        return stored

    @cached_property
    def truth(self) -> dict[tuple[str, str], float]:
        """The true value by measure and level."""
        return Truth(self.shape).values

    @cached_property
    def landmarks(self) -> dict[str, Point]:
        """The true places of all landmarks in LPS, mm."""
        places = Truth(self.shape).landmarks
        lps = self._lps(self._in_grid(np.array([(0.0, y, z) for y, z in places.values()])))
        return {name: (float(x), float(y), float(z)) for name, (x, y, z) in zip(places, lps, strict=True)}

    def _draw(self, array: NDArray[np.uint8], solid: Solid) -> None:
        """Writes one solid over what is there."""
        corners = self._in_grid(np.array(list(product(*zip(solid.low, solid.high, strict=True)))))
        index = (corners - self._first) @ _INTO_ARRAY / self.spacing
        start = np.clip(np.ceil(index.min(axis=0)).astype(int), 0, self._size)
        stop = np.clip(np.floor(index.max(axis=0)).astype(int) + 1, 0, self._size)
        if (start >= stop).any():
            return
        places = self._places(start, stop)
        depth = np.broadcast_to(solid.depth(*places), stop - start)
        if self.noise:
            near = np.abs(depth) < 5 * self.noise
            depth = depth.copy()
            depth[near] = solid.depth(*self._moved([np.broadcast_to(axis, near.shape)[near] for axis in places]))
        array[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))][depth > 0] = _LABELS[solid.name]

    def _places(self, start: NDArray[np.int_], stop: NDArray[np.int_]) -> tuple[Floats, Floats, Floats]:
        """Where the voxels of a box of the array lie in the spine; axes along which a coordinate stands still are 1."""
        step = (_INTO_ARRAY * self.spacing).T @ self._turn  # rows: array axes
        zero = self._in_spine(self._first)
        places = []
        for coordinate in range(3):
            value = np.full((1, 1, 1), zero[coordinate])
            for axis in range(3):
                if abs(step[axis, coordinate]) > 1e-12:
                    count = np.arange(start[axis], stop[axis]) * step[axis, coordinate]
                    value = value + count.reshape([-1 if k == axis else 1 for k in range(3)])
            places.append(value)
        return places[0], places[1], places[2]

    def _moved(self, places: list[Floats]) -> list[Floats]:
        """The places in the spine (x, y, z; mm) where the noise lets the shape be looked up."""
        index = np.stack(places) + np.reshape(_LATTICE, (3, 1)) / 2.0
        return [
            place + self.noise * map_coordinates(field, index, order=1, mode="grid-wrap")
            for place, field in zip(places, self._lattice, strict=True)
        ]

    @cached_property
    def _lattice(self) -> list[NDArray[np.float32]]:
        """Three smooth random fields of mean 0 and SD 1, one value each mm; they go on without end."""
        random = np.random.default_rng(self.seed)
        smooth = [
            gaussian_filter(random.standard_normal(_LATTICE, dtype=np.float32), _CORRELATION, mode="wrap")
            for _ in range(3)
        ]
        return [np.asarray((field - field.mean()) / field.std()) for field in smooth]

    @cached_property
    def _turn(self) -> Floats:
        return Rotation.from_rotvec(self.turn, degrees=True).as_matrix()

    @cached_property
    def _tilt(self) -> Floats:
        return Rotation.from_rotvec(self.tilt, degrees=True).as_matrix()

    def _in_grid(self, places: Floats) -> Floats:
        """From the spine's x, y, z to the grid's own (right, back, up)."""
        return places @ self._turn.T + self.offset

    def _in_spine(self, places: Floats) -> Floats:
        return (places - self.offset) @ self._turn

    def _lps(self, places: Floats) -> Floats:
        """From the grid's own (right, back, up) to the patient."""
        return (places * (-1.0, 1.0, 1.0)) @ self._tilt.T + self.shift

    @cached_property
    def _box(self) -> tuple[Floats, Floats]:
        """The lowest and highest corner of the grid, (right, back, up)."""
        edges = np.concatenate([block.corners for block in (*self.shape.bodies.values(), *self.shape.discs.values())])
        low, high = edges.min(axis=0), edges.max(axis=0)
        side, margin, _ = _MARGIN
        box = ((-side, side), (low[0] - margin, high[0] + _BEHIND), (low[1] - 24.0, high[1] + _MARGIN[2]))
        turned = np.array(list(product(*box))) @ self._turn.T
        first, last = turned.min(axis=0), turned.max(axis=0)
        if self.width is not None:
            first[0], last[0] = -self.width / 2, self.width / 2
        return first, last

    @cached_property
    def _size(self) -> tuple[int, int, int]:
        across, back, up = self._box[1] - self._box[0]
        right, down, behind = self.spacing
        return round(across / right) + 1, round(up / down) + 1, round(back / behind) + 1

    @cached_property
    def _first(self) -> Floats:
        """The centre of the first voxel, (right, back, up)."""
        low, high = self._box
        across = (self._size[0] - 1) * self.spacing[0]
        return np.array([(low[0] + high[0] - across) / 2, low[1], high[2]])


_INTO_ARRAY = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""From (right, back, up) to the array's (right, down, back), as rows @ matrix."""
