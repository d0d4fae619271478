"""The canal in one plane: its area, its diameters and its outline.

The area is the integral of the label over the plane, each slice counting with its thickness, and not the area within
the outline: with slices of 4 mm an outline through six points of the border is some per cent too small, while the
integral is right on average.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, label

from LumbarSegLib.core.findings import Point, Section
from LumbarSegLib.core.measure.centreline import Centreline
from LumbarSegLib.core.measure.grid import Floats, Part, Plane
from LumbarSegLib.core.measure.outline import outlines

_STEP = 0.5  # mm between samples in the plane
_HALF_WIDTH, _HALF_DEPTH = 26.0, 20.0  # mm; how far a section is looked at to the sides and to front and back
_SMOOTHING = 0.8  # mm; rounds the steps of the voxels and leaves the area
_TRACE = 0.02  # of the label; what is connected above this is one piece
_END_ZONE = 25.0  # mm from each end of the centreline in which the label may end
_END_SLOPE = 0.6  # cosine between the border's normal and the centreline where the border is the label's end
_END_SHARE = 0.05  # of the outline on the label's end that make a section incomplete
_ACROSS, _ALONG = np.meshgrid(
    np.arange(-_HALF_WIDTH, _HALF_WIDTH + _STEP / 2, _STEP),
    np.arange(-_HALF_DEPTH, _HALF_DEPTH + _STEP / 2, _STEP),
    indexing="ij",
)
_FLAT = np.stack([_ACROSS, _ALONG], axis=-1)

_SIDES = "The sides of the stack cut the canal here."
_BORDER = "The border of the image cuts the canal here."
_END = "The label of the canal ends here."
_NOTHING = "There is no canal here."


@dataclass(frozen=True, eq=False)
class Canal:
    """The canal with its centreline, ready to be cut."""

    part: Part
    centreline: Centreline

    @cached_property
    def field(self) -> NDArray[np.float32]:
        """The label smoothed in all directions, 0 to 1; its border lies at 0.5."""
        return gaussian_filter(self.part.mask.astype(np.float32), _SMOOTHING / self.part.spacing)

    @cached_property
    def _sections(self) -> dict[int, Section]:
        return {}

    def section(self, index: int) -> Section:
        """The section at a place of the centreline, with no level. All its places are local coordinates."""
        if index not in self._sections:
            self._sections[index] = self._cut_at(index)
        return self._sections[index]

    def _cut_at(self, index: int) -> Section:
        up, back, right = self.centreline.frame(index)
        plane = Plane(self.centreline.places[index], right, back)
        places = plane.places(_FLAT)
        values = _main_piece(self.part.sample(self.field, places))
        along = float(self.centreline.along[index])
        if values is None:
            return Section(along, "", _point(plane.origin), None, None, None, (), None, None, _NOTHING)
        middle = np.array([float((values * _ACROSS).sum()), float((values * _ALONG).sum())]) / float(values.sum())
        outline = _outline(values)
        front_to_back = self.chord(plane.places(middle), back)
        side_to_side = _widest(values)
        reason = self._cut(places[values >= 0.5]) or self._end(index, plane.places(outline), up)
        whole = not reason
        along_ends = front_to_back if whole or reason == _SIDES else None
        return Section(
            along,
            "",
            _point(plane.places(middle)),
            float(values.sum()) * _STEP**2 if whole else None,
            _length(along_ends),
            float(side_to_side[1, 0] - side_to_side[0, 0]) if whole else None,
            tuple(_point(place) for place in plane.places(outline)),
            _ends(along_ends),
            _ends(plane.places(side_to_side)) if whole else None,
            reason,
        )

    def chord(self, place: Floats, back: Floats) -> Floats | None:
        """The two ends (2, 3), front first, of the line through `place` along the unit vector `back` in the canal."""
        reach = np.arange(-_HALF_DEPTH, _HALF_DEPTH, 0.25)
        values = self.part.sample(self.field, place + reach[:, None] * back)
        inside = np.flatnonzero(values >= 0.5)
        if not len(inside):
            return None
        runs = np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1)
        run = max(runs, key=len)
        if run[0] == 0 or run[-1] == len(reach) - 1:
            return None
        return np.stack([place + _crossing(reach, values, k, side) * back for k, side in ((run[0], -1), (run[-1], 1))])

    def _cut(self, inside: Floats) -> str:
        """Why places inside the canal are not all of it, where the stack's border runs through it."""
        near = (inside < 0.5 * self.part.spacing) | (inside > self.part.size_mm - 0.5 * self.part.spacing)
        if near[:, 1:].any():
            return _BORDER
        return _SIDES if near[:, 0].any() else ""

    def _end(self, index: int, outline: Floats, up: Floats) -> str:
        """Whether the outline runs over the upper or lower end of the label, which faces along the canal."""
        along = self.centreline.along
        below, above = along[index], along[-1] - along[index]
        if min(below, above) > _END_ZONE:
            return ""
        steps = np.maximum(1.0, self.part.spacing)
        falls = [
            self.part.sample(self.field, outline - step) - self.part.sample(self.field, outline + step)
            for step in np.diag(steps)
        ]
        normals = np.stack(falls, axis=-1) / steps
        slope = normals @ (up if above < below else -up) / np.maximum(np.linalg.norm(normals, axis=-1), 1e-6)
        return _END if (slope > _END_SLOPE).mean() > _END_SHARE else ""


def _main_piece(values: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The largest connected piece of a sampled section, 0 elsewhere; None where there is nothing."""
    pieces, count = label(values > _TRACE)
    sums = np.bincount(pieces.ravel(), values.ravel(), count + 1)
    sums[0] = 0.0
    alone = np.where(pieces == np.argmax(sums), values, 0.0).astype(np.float32) if count else values
    return alone if (alone >= 0.5).any() else None


def _outline(values: NDArray[np.float32]) -> Floats:
    """The outline in the plane's own mm, (n, 2)."""
    corner = np.array([-_HALF_WIDTH, -_HALF_DEPTH])
    return np.asarray(corner + _STEP * outlines(values)[0])


def _widest(values: NDArray[np.float32]) -> Floats:
    """The ends (2, 2) of the extent from side to side, drawn half way between the heights of both."""
    profile = values.max(axis=1)
    inside = np.flatnonzero(profile >= 0.5)
    height = float(np.mean([_ALONG[0, np.argmax(values[k])] for k in (inside[0], inside[-1])]))
    ends = (_crossing(_ACROSS[:, 0], profile, k, side) for k, side in ((inside[0], -1), (inside[-1], 1)))
    return np.array([(end, height) for end in ends])


def _crossing(reach: Floats, values: NDArray[np.float32], inside: int, side: int) -> float:
    """Where values fall to 0.5 between the sample `inside` and the next one on this side."""
    beyond = min(max(inside + side, 0), len(reach) - 1)
    fall = float(values[inside] - values[beyond])
    return float(reach[inside] + (reach[beyond] - reach[inside]) * (values[inside] - 0.5) / max(fall, 1e-6))


def _length(ends: Floats | None) -> float | None:
    return None if ends is None else float(np.linalg.norm(ends[1] - ends[0]))


def _ends(ends: Floats | None) -> tuple[Point, Point] | None:
    return None if ends is None else (_point(ends[0]), _point(ends[1]))


def _point(place: Floats) -> Point:
    return float(place[0]), float(place[1]), float(place[2])
