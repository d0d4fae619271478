"""The centreline of the spinal canal, with a frame of directions at each of its places.

Everything else is measured in its planes. It is meant to be smooth: a bulging disc pushes the middle of the canal back
over a centimetre, and a centreline that followed it would tilt the very section that shows how narrow the canal is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.ndimage import gaussian_filter1d, label

from LumbarSegLib.core.measure.grid import Floats, Part, unit

_STEP = 1.0  # mm from place to place
_SMOOTHING = 10.0  # mm; waves shorter than about 2 pi times this are levelled out, in the sagittal plane
_SMOOTHING_ACROSS = 15.0  # mm; the same from side to side
_TURN_SMOOTHING = 15.0  # mm; how fast the spine may turn about its own axis
_TURN_STEP = np.deg2rad(0.5)  # turning a section by half of this leaves its measures as they are
_SHORTEST = 15.0  # mm; a canal that is shorter says nothing about its direction
_ISLAND = 0.05  # of the volume of the largest piece; smaller pieces of canal are left out
_ROUNDS = 3  # the middle of each cross-section is found again across the new direction
_NO_CANAL = "No spinal canal was found; the direction of the spine is taken from its discs and vertebrae."
_RIGHT = np.array([1.0, 0.0, 0.0])


@dataclass(frozen=True, eq=False)
class Centreline:
    """Places (n, 3) every millimetre from the bottom upward in local coordinates (right, down, back; mm).

    `tangents` and `backs` (n, 3) are unit vectors upward and, perpendicular to them, to the patient's back. `of_canal`
    is False where there is no canal and it runs through the discs or vertebrae; `notes` say so.
    """

    places: Floats
    tangents: Floats
    backs: Floats
    of_canal: bool
    notes: tuple[str, ...] = ()

    @cached_property
    def along(self) -> Floats:
        """The length from the lower end to each place, (n,) in mm."""
        steps = np.linalg.norm(np.diff(self.places, axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(steps)])

    def nearest(self, places: Floats) -> NDArray[np.int64]:
        """The index of the nearest place on the centreline for each of `places` (m, 3)."""
        middle = self.places.mean(axis=0)
        line = self.places - middle
        squares = (line**2).sum(axis=1) - 2.0 * (np.atleast_2d(places) - middle) @ line.T  # but for what all share
        return np.asarray(np.argmin(squares, axis=1))

    def frame(self, index: int | NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
        """Unit vectors (up, back, right) at a place or at each of several, at right angles; back lies in the spine's
        sagittal plane there.
        """
        up, back = self.tangents[index], self.backs[index]
        return up, back, np.cross(back, up)


def centreline_of(canal: Part | None, discs: Sequence[Part], vertebrae: Sequence[Part]) -> Centreline | None:
    """The centreline of the canal, turned about its own axis as the discs lie in front of it.

    Without a canal it runs through the middles of the discs, or of the vertebrae where there are fewer than two discs.
    None where there are fewer than two of these either.
    """
    if canal is not None:
        voxels, cut = _voxels(canal)
        if np.ptp(voxels[:, 1]) >= _SHORTEST:
            places = _through(voxels, cut)
            return _with_backs(places, [disc for disc in discs if not disc.touches_side()])
    parts = discs if len(discs) >= 2 else vertebrae
    if len(parts) < 2:
        return None
    corners = sorted((part.middle for part in parts), key=lambda middle: -float(middle[1]))
    polyline = _resampled(np.array(corners))
    places = _resampled(_smoothed(polyline, np.ones(len(polyline))))
    return _finished(places, np.zeros(len(places)), False, (_NO_CANAL,))


def _voxels(canal: Part) -> tuple[Floats, NDArray[np.bool_]]:
    """The places (m, 3) of the canal's voxels, thinned out to about a millimetre, and which the upper or lower border
    of the stack cuts.
    """
    strides = np.maximum(1, np.round(_STEP / canal.spacing)).astype(int)
    strides[0] = 1
    thin = canal.mask[:, :: strides[1], :: strides[2]]
    pieces, _ = label(thin, np.ones((3, 3, 3)))
    counts = np.bincount(pieces.ravel())
    counts[0] = 0
    found = np.argwhere((counts >= _ISLAND * counts.max())[pieces])
    places = found * strides * canal.spacing + canal.start
    reach = strides[1] * canal.spacing[1]
    return places, (places[:, 1] < reach) | (places[:, 1] > canal.size_mm[1] - reach)


def _through(voxels: Floats, cut: NDArray[np.bool_]) -> Floats:
    """Smooth places through the middle of the voxels: first row by row, then across the direction found so far."""
    bottom = voxels[:, 1].max()
    slabs = ((bottom - voxels[:, 1]) / _STEP).astype(int)
    places = _resampled(_middles(voxels, slabs, cut))
    for _ in range(_ROUNDS):
        slabs = _slabs(voxels, places)
        low = min(int(slabs.min()), 0)
        places = _resampled(_middles(voxels, slabs - low, cut))
    return places


def _middles(voxels: Floats, slabs: NDArray[np.int64], cut: NDArray[np.bool_]) -> Floats:
    """The smoothed middle of each slab of voxels.

    A slab that the border cuts has its middle off centre and does not count; one at a ragged end counts little.
    """
    counts = np.bincount(slabs).astype(float)
    sums = np.stack([np.bincount(slabs, voxels[:, axis]) for axis in range(3)], axis=1)
    middles = sums / np.maximum(counts, 1.0)[:, None]
    weights = np.minimum(counts / np.median(counts[counts > 0]), 1.0)
    whole = weights.copy()
    whole[slabs[cut]] = 0.0
    return _smoothed(middles, whole if np.count_nonzero(whole) > _SMOOTHING else weights)


def _slabs(voxels: Floats, places: Floats) -> NDArray[np.int64]:
    """The index of the place at whose height along the centreline each voxel lies; beyond its ends it goes on straight.

    Voxels start at the place that is as low as they are and move along its tangent, twice, which settles to a fraction
    of a millimetre.
    """
    tangents = _tangents(places)
    down = places[:, 1]
    index = np.interp(-voxels[:, 1], -down, np.arange(len(places)))
    for _ in range(2):
        base = np.clip(np.round(index), 0, len(places) - 1).astype(int)
        index = base + ((voxels - places[base]) * tangents[base]).sum(1) / _STEP
    return np.asarray(np.round(index), dtype=np.int64)


def _smoothed(places: Floats, weights: Floats) -> Floats:
    """Whittaker's smoother (Eilers 2003, 10.1021/ac034173t), of third order in the sagittal plane and of second across.

    The third order leaves an arc an arc up to its ends. Across, where thick slices make steps and the sides of the
    stack cut, the ends shall go on straight.
    """
    across = _whittaker(places[:, :1], weights, 2, _SMOOTHING_ACROSS)
    return np.hstack([across, _whittaker(places[:, 1:], weights, 3, _SMOOTHING)])


def _whittaker(columns: Floats, weights: Floats, order: int, length: float) -> Floats:
    """The columns (n, m) smoothed by a penalty on their differences of an order; the matrix has few diagonals."""
    differences = np.diff(np.eye(order + 1), order, axis=0)[0]
    bands = np.zeros((order + 1, len(columns)))  # from the diagonal downward
    bands[0] = weights
    rows = len(columns) - order
    for a, b in combinations_with_replacement(range(order + 1), 2):
        bands[b - a, a : a + rows] += (length / _STEP) ** (2 * order) * differences[a] * differences[b]
    return np.asarray(solveh_banded(bands, weights[:, None] * columns, lower=True))


def _resampled(places: Floats) -> Floats:
    """The same line with a place every millimetre of its length."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=1))])
    even = np.arange(0.0, along[-1] + 1e-6, _STEP)
    return np.stack([np.interp(even, along, column) for column in places.T], axis=1)


def _tangents(places: Floats) -> Floats:
    return unit(np.gradient(places, axis=0))


def _with_backs(places: Floats, discs: Sequence[Part]) -> Centreline:
    """Turn the frame so that the discs that are wholly seen lie straight in front of the canal.

    A disc that the sides of the stack cut has its middle in the middle of the stack and tells nothing.
    """
    line = _finished(places, np.zeros(len(places)), True)
    if not discs:
        return line
    middles = np.array([disc.middle for disc in discs])
    at = line.nearest(middles)
    order = np.argsort(at)
    turns = [_turn(line, int(at[k]), middles[k]) for k in order]
    even = np.interp(np.arange(len(places)), at[order], turns)
    return _finished(places, gaussian_filter1d(even, _TURN_SMOOTHING / _STEP, mode="nearest"), True)


def _turn(line: Centreline, index: int, disc: Floats) -> float:
    """The angle in radians about the centreline from the stack's own back to the direction away from the disc.

    In coarse steps, so that a stroke of a brush on one disc does not turn all that is cut along the canal.
    """
    _, back, right = line.frame(index)
    away = line.places[index] - disc
    return round(float(np.arctan2(away @ right, away @ back)) / _TURN_STEP) * _TURN_STEP


def _finished(places: Floats, turns: Floats, of_canal: bool, notes: tuple[str, ...] = ()) -> Centreline:
    tangents = _tangents(places)
    right = unit(_RIGHT - (tangents @ _RIGHT)[:, None] * tangents)
    backs = np.cos(turns)[:, None] * np.cross(tangents, right) + np.sin(turns)[:, None] * right
    return Centreline(places, tangents, backs, of_canal, notes)
