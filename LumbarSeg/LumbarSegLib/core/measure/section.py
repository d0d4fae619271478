"""The canal in one plane: its area, its diameters and its outline, or why they are not all there."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from LumbarSegLib.core.findings import Point, Section
from LumbarSegLib.core.measure.centreline import Centreline
from LumbarSegLib.core.measure.chords import Chords
from LumbarSegLib.core.measure.grid import Floats, Part, Plane, as_point

_STEP = 0.5  # mm between samples of a chord
_REACH = 20.0  # mm; how far a section is looked at to the front and the back
_HEIGHTS = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
_SMOOTHING = 0.8  # mm within the slices, but at least as many pixels by _SMOOTHING_PIXELS; levels the steps of voxels
_SMOOTHING_PIXELS = 1.2
_SIDE = 3.0  # mm; a label that ends nearer to the side of the stack may end there for want of an image
_FEWEST = 3  # chords that a width can be read from
_TRACE = 0.02  # of the label; what is connected above this is one piece
_END_ZONE = 25.0  # mm from each end of the centreline in which the label may end
_END_SLOPE = 0.6  # cosine between the border's normal and the centreline where the border is the label's end
_END_SHARE = 0.05  # of the walls on the label's end that make a section incomplete

_SIDES = "The sides of the stack cut the canal here."
_BORDER = "The border of the image cuts the canal here."
_END = "The label of the canal ends here."
_FEW = "The canal shows in fewer than three slices here, too few for its width."
_NOTHING = "There is no canal here."


@dataclass(frozen=True, eq=False)
class Canal:
    """The canal with its centreline, ready to be cut; what was cut once is kept."""

    part: Part
    centreline: Centreline

    @cached_property
    def field(self) -> NDArray[np.float32]:
        """The label smoothed within its slices, 0 to 1; its border lies at 0.5."""
        return self.part.field(max(_SMOOTHING, _SMOOTHING_PIXELS * float(self.part.spacing[1:].max())))

    @cached_property
    def _sections(self) -> dict[int, Section]:
        return {}

    @cached_property
    def _diameters(self) -> dict[int, Floats | None]:
        return {}

    def section(self, index: int) -> Section:
        """The section at a place of the centreline, with no level. All its places are local coordinates."""
        if index not in self._sections:
            self._sections[index] = self._cut_at(index)
        return self._sections[index]

    def diameter(self, index: int) -> Floats | None:
        """Ends (2, 3), front first, of the AP diameter through a place of the centreline; None beside the canal
        and where the border of the image cuts it.
        """
        if index not in self._diameters:
            plane = self._plane(index)
            chords = self._chords(plane)
            ends = None if chords is None else chords.diameter(np.zeros(2))
            places = None if ends is None else plane.places(ends)
            self._diameters[index] = None if places is None or self._at_border(places) else places
        return self._diameters[index]

    def _plane(self, index: int) -> Plane:
        _, back, right = self.centreline.frame(index)
        return Plane(self.centreline.places[index], right, back)

    def _cut_at(self, index: int) -> Section:
        plane = self._plane(index)
        along = float(self.centreline.along[index])
        chords = self._chords(plane)
        if chords is None:
            return Section(along, "", as_point(plane.origin), None, None, None, (), None, None, _NOTHING)
        outline = plane.places(chords.outline)
        reason = self._cut(plane.places(np.concatenate(chords.walls))) or self._end(index, _inner(chords, plane))
        diameter = None if reason in (_BORDER, _END) else chords.diameter(chords.middle)
        if not reason and len(chords.lengths) < _FEWEST:
            reason = _FEW
        extent = chords.extent
        return Section(
            along,
            "",
            as_point(plane.places(chords.middle)),
            None if reason else chords.area,
            None if diameter is None else float(diameter[1, 1] - diameter[0, 1]),
            None if reason else float(extent[1, 0] - extent[0, 0]),
            tuple(as_point(place) for place in outline),
            None if diameter is None else _line(plane.places(diameter)),
            None if reason else _line(plane.places(extent)),
            reason,
        )

    def _chords(self, plane: Plane) -> Chords | None:
        """The chords of the largest piece of canal in the plane, one in each slice that shows it."""
        step = float(self.part.spacing[0] / plane.across[0])
        skew = float(plane.along[0] / plane.across[0])
        first = float((self.part.start[0] - plane.origin[0]) / plane.across[0])
        passes = first + step * np.arange(len(self.part.mask))
        heights = np.broadcast_to(_HEIGHTS, (len(passes), len(_HEIGHTS)))
        flat = np.stack([passes[:, None] - skew * heights, heights], axis=-1)
        values = _main_piece(self.part.sample(self.field, plane.places(flat)))
        seen = np.flatnonzero((values >= 0.5).any(axis=1))
        if not len(seen):
            return None
        shown = values[seen[0] : seen[-1] + 1]
        lengths = np.maximum(shown.sum(axis=1) * _STEP, _STEP)
        return Chords(lengths, _ends(shown), first + step * float(seen[0]), step, skew)

    def _cut(self, walls: Floats) -> str:
        """Why the chords with these ends are not the whole canal, where the stack's border runs through it."""
        if self._at_border(walls):
            return _BORDER
        beyond = max(_SIDE, 0.5 * float(self.part.spacing[0]))
        right = walls[:, 0]
        return _SIDES if right.min() < beyond or right.max() > self.part.size_mm[0] - beyond else ""

    def _at_border(self, places: Floats) -> bool:
        """Whether any of the places (n, 3) lies at the border of the slices."""
        near = (places < 0.5 * self.part.spacing) | (places > self.part.size_mm - 0.5 * self.part.spacing)
        return bool(near[:, 1:].any())

    def _end(self, index: int, walls: Floats) -> str:
        """Whether the walls run over the upper or lower end of the label, which faces along the canal."""
        along = self.centreline.along
        below, above = along[index], along[-1] - along[index]
        if min(below, above) > _END_ZONE:
            return ""
        steps = np.maximum(1.0, self.part.spacing)
        falls = [
            self.part.sample(self.field, walls - step) - self.part.sample(self.field, walls + step)
            for step in np.diag(steps)
        ]
        normals = np.stack(falls, axis=-1) / steps
        up = self.centreline.tangents[index]
        slope = normals @ (up if above < below else -up) / np.maximum(np.linalg.norm(normals, axis=-1), 1e-6)
        return _END if (slope > _END_SLOPE).mean() > _END_SHARE else ""


def _inner(chords: Chords, plane: Plane) -> Floats:
    """The walls (m, 3) without the outermost slices, where a canal that leans aside comes and goes along its length."""
    inner = slice(1, -1) if len(chords.lengths) >= _FEWEST else slice(None)
    return plane.places(np.concatenate([wall[inner] for wall in chords.walls]))


def _main_piece(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest connected piece of a sampled section, 0 elsewhere."""
    pieces, count = label(values > _TRACE)
    sums = np.bincount(pieces.ravel(), values.ravel(), count + 1)
    sums[0] = 0.0
    return np.where(pieces == np.argmax(sums), values, 0.0).astype(np.float32) if count else values


def _ends(values: NDArray[np.float32]) -> Floats:
    """Where each row of samples comes up to 0.5 and falls below it for the last time, (n, 2)."""
    inside = values >= np.minimum(0.5, values.max(axis=1, keepdims=True))
    first, last = inside.argmax(axis=1), values.shape[1] - 1 - inside[:, ::-1].argmax(axis=1)
    return np.stack([_crossings(values, first, -1), _crossings(values, last, 1)], axis=1)


def _crossings(values: NDArray[np.float32], inside: NDArray[np.int64], side: int) -> Floats:
    """The height at which each row falls to 0.5 between its sample `inside` and the next one on this side."""
    rows, beyond = np.arange(len(values)), np.clip(inside + side, 0, values.shape[1] - 1)
    own = values[rows, inside].astype(np.float64)
    fall = np.maximum(own - values[rows, beyond], 1e-6)
    return np.asarray(_HEIGHTS[inside] + side * _STEP * np.minimum(np.maximum(own - 0.5, 0.0) / fall, 1.0))


def _line(ends: Floats) -> tuple[Point, Point]:
    return as_point(ends[0]), as_point(ends[1])
