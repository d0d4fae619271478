"""The canal in planes across it: its area, its diameters and its outline, or why they are not all there.

All planes that are asked for together are cut together, each as if it were alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import generate_binary_structure, label

from LumbarSegLib.core.findings import Point, Section
from LumbarSegLib.core.measure.centreline import Centreline
from LumbarSegLib.core.measure.chords import Chords
from LumbarSegLib.core.measure.grid import Floats, Mask, Part, Plane, as_point

_STEP = 0.5  # mm between samples of a chord
_REACH = 20.0  # mm; how far a section is looked at to the front and the back
_HEIGHTS = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
_SMOOTHING = 0.8  # mm within the slices, but at least as many pixels by _SMOOTHING_PIXELS; levels the steps of voxels
_SMOOTHING_PIXELS = 1.2
_SIDE = 3.0  # mm; a label that ends nearer to the side of the stack may end there for want of an image
_FEWEST = 3  # chords that a width can be read from
_TRACE = 0.005  # of the label; what is connected above this is one piece
_END_ZONE = 25.0  # mm from each end of the centreline in which the label may end
_END_SLOPE = 0.6  # cosine between the border's normal and the centreline where the border is the label's end
_END_SHARE = 0.05  # of the walls on the label's end that make a section incomplete

_SIDES = "The sides of the stack cut the canal here."
_BORDER = "The border of the image cuts the canal here."
_END = "The label of the canal ends here."
_FEW = "The canal shows in fewer than three slices here, too few for its width."
_NOTHING = "There is no canal here."

_IN_PLANE = np.zeros((3, 3, 3), dtype=bool)  # what hangs together: samples of one plane that touch by a side
_IN_PLANE[1] = generate_binary_structure(2, 1)


@dataclass(frozen=True, eq=False)
class Canal:
    """The canal with its centreline, ready to be cut; what was cut once is kept."""

    part: Part
    centreline: Centreline

    @cached_property
    def field(self) -> NDArray[np.float32]:
        """The label smoothed within its slices, 0 to 1; its border lies at 0.5."""
        return self.part.field(self._smoothing)

    @property
    def _smoothing(self) -> float:
        return max(_SMOOTHING, _SMOOTHING_PIXELS * float(self.part.spacing[1:].max()))

    @cached_property
    def _known(self) -> dict[int, tuple[Section, Floats | None]]:
        return {}

    def sections(self, indices: Iterable[int]) -> list[Section]:
        """The sections at places of the centreline, with no level. All their places are local coordinates."""
        return [section for section, _ in self._cut(list(indices))]

    def diameters(self, indices: Iterable[int]) -> list[Floats | None]:
        """Ends (2, 3), front first, of the AP diameter through each of these places of the centreline; None beside the
        canal and where the border of the image cuts it.
        """
        return [diameter for _, diameter in self._cut(list(indices))]

    def _cut(self, indices: list[int]) -> list[tuple[Section, Floats | None]]:
        """The section at each of these places and the AP diameter through it."""
        new = np.array(sorted(set(indices) - self._known.keys()), dtype=np.int64)
        if len(new):
            values = self._sampled(self._planes(new))
            shown = (values >= 0.5).any(axis=(1, 2))
            self._known.update((int(index), (self._nothing(int(index)), None)) for index in new[~shown])
            self._known.update(zip(new[shown].tolist(), self._read(new[shown], values[shown]), strict=True))
        return [self._known[index] for index in indices]

    def _planes(self, indices: NDArray[np.int64]) -> Plane:
        """The planes (p, 1, 3) across the canal at p places of the centreline."""
        _, back, right = self.centreline.frame(indices)
        return Plane(self.centreline.places[indices, None], right[:, None], back[:, None])

    def _passes(self, planes: Plane) -> tuple[Floats, Floats, Floats]:
        """Where the first slice of the crop passes each plane at height 0, how far the next one is from there, and how
        far a slice moves to the left for each mm to the back; each (p,).
        """
        start, along = planes.origin[:, 0, 0], planes.along[:, 0, 0]
        across = planes.across[:, 0, 0]
        return (self.part.start[0] - start) / across, self.part.spacing[0] / across, along / across

    def _sampled(self, planes: Plane) -> NDArray[np.float32]:
        """The largest piece of canal in each plane, (p, slices, heights): in the planes' own slices, 0 elsewhere."""
        first, step, skew = (one[:, None, None] for one in self._passes(planes))
        slices = np.arange(len(self.part.mask))[:, None]
        right = first + step * slices - skew * _HEIGHTS
        flat = np.stack([right, np.broadcast_to(_HEIGHTS, right.shape)], axis=-1).reshape(len(right), -1, 2)
        return _main_pieces(self.part.sample(self.field, planes.places(flat)).reshape(right.shape))

    def _nothing(self, index: int) -> Section:
        place, along = self.centreline.places[index], self.centreline.along[index]
        return Section(float(along), "", as_point(place), None, None, None, (), None, None, _NOTHING)

    def _read(self, indices: NDArray[np.int64], values: NDArray[np.float32]) -> Iterator[tuple[Section, Floats | None]]:
        """What `_cut` gives, for planes that all show canal; `values` as `_sampled` gives them."""
        planes = self._planes(indices)
        chords = _chords(values, *self._passes(planes))
        reasons = self._reasons(indices, chords, planes)
        middles, extents = chords.middle, chords.extent
        diameters, drawn = chords.diameter(middles)
        axes, through = chords.diameter(np.zeros_like(middles))
        ends = planes.places(axes)
        through &= ~self._at_border(ends).any(axis=1)
        lengths, widths = diameters[:, 1, 1] - diameters[:, 0, 1], extents[:, 1, 0] - extents[:, 0, 0]
        contours, lines, sides = (planes.places(flat).tolist() for flat in (chords.outline, diameters, extents))
        centers, areas = planes.places(middles[:, None])[:, 0].tolist(), self._areas(chords, values)
        for k, reason in enumerate(reasons):
            whole, has_diameter = not reason, drawn[k] and reason not in (_BORDER, _END)
            section = Section(
                float(self.centreline.along[indices[k]]),
                "",
                tuple(centers[k]),
                float(areas[k]) if whole else None,
                float(lengths[k]) if has_diameter else None,
                float(widths[k]) if whole else None,
                tuple(tuple(place) for place, is_there in zip(contours[k], chords.drawn[k], strict=True) if is_there),
                _line(lines[k]) if has_diameter else None,
                _line(sides[k]) if whole else None,
                reason,
            )
            yield section, ends[k] if through[k] else None

    def _areas(self, chords: Chords, values: NDArray[np.float32]) -> Floats:
        """Area in each plane (p,).

        In slices that lie askew, smoothing moves some of the canal from the outermost chords beyond them. Where slices
        are as thin as it reaches, all of it is added up, and nothing is lost.
        """
        if self.part.spacing[0] > self._smoothing:
            return chords.area
        return np.asarray(values.sum(axis=(1, 2), dtype=np.float64) * _STEP * chords.step)

    def _reasons(self, indices: NDArray[np.int64], chords: Chords, planes: Plane) -> list[str]:
        """Why the chords in each plane are not the whole canal; "" where they are."""
        walls, there = planes.places(chords.walls), np.tile(chords.there, 2)
        beyond = max(_SIDE, 0.5 * float(self.part.spacing[0]))
        right = walls[..., 0]
        sides = there & ((right < beyond) | (right > self.part.size_mm[0] - beyond))
        doubts = {
            _BORDER: (there & self._at_border(walls)).any(axis=1),
            _SIDES: sides.any(axis=1),
            _END: self._at_end(indices, walls, np.tile(_inner(chords), 2)),
            _FEW: chords.counts < _FEWEST,
        }
        return [next((reason for reason in doubts if doubts[reason][k]), "") for k in range(len(indices))]

    def _at_border(self, places: Floats) -> Mask:
        """Which of the places (..., 3) lie at the border of the slices."""
        near = (places < 0.5 * self.part.spacing) | (places > self.part.size_mm - 0.5 * self.part.spacing)
        return np.asarray(near[..., 1:].any(axis=-1))

    def _at_end(self, indices: NDArray[np.int64], walls: Floats, counted: Mask) -> Mask:
        """Where the walls (p, m, 3) run over the upper or lower end of the label, which faces along the canal, (p,).

        `counted` (p, m) are the walls that are asked.
        """
        along = self.centreline.along
        below, above = along[indices], along[-1] - along[indices]
        found = np.minimum(below, above) <= _END_ZONE
        steps = np.maximum(1.0, self.part.spacing)
        falls = [
            self.part.sample(self.field, walls[found] - step) - self.part.sample(self.field, walls[found] + step)
            for step in np.diag(steps)
        ]
        normals = np.stack(falls, axis=-1) / steps
        outward = np.where(above < below, 1.0, -1.0)[:, None] * self.centreline.tangents[indices]
        slope = (normals * outward[found, None]).sum(-1) / np.maximum(np.linalg.norm(normals, axis=-1), 1e-6)
        over = (counted[found] & (slope > _END_SLOPE)).sum(axis=1)
        found[found] = over > _END_SHARE * counted[found].sum(axis=1)
        return found


def _inner(chords: Chords) -> Mask:
    """The chords (p, n) but the outermost of each plane, where a canal that leans aside comes and goes along it."""
    inner = chords.there.copy()
    inner[:, 0] = False
    inner[np.arange(len(inner)), chords.counts - 1] = False
    return np.where(chords.counts[:, None] >= _FEWEST, inner, chords.there)


def _main_pieces(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest connected piece in each plane (p, rows, columns), 0 elsewhere."""
    pieces, count = label(values > _TRACE, _IN_PLANE)
    inside = np.nonzero(pieces)
    plane_of = np.zeros(count + 1, dtype=np.int64)
    plane_of[pieces[inside]] = inside[0]
    sums = np.bincount(pieces[inside], values[inside], count + 1)
    main = np.full(len(values), -1)
    for piece in np.argsort(sums[1:], kind="stable") + 1:
        main[plane_of[piece]] = piece
    return np.where(pieces == main[:, None, None], values, np.float32(0.0))


def _chords(values: NDArray[np.float32], first: Floats, step: Floats, skew: Floats) -> Chords:
    """The chords in planes that each show canal; `values` (p, slices, heights), the rest as `Chords` has it."""
    shows = np.asarray((values >= 0.5).any(axis=2))
    start = shows.argmax(axis=1)
    counts = shows.shape[1] - shows[:, ::-1].argmax(axis=1) - start
    rows = np.minimum(start[:, None] + np.arange(shows.shape[1]), shows.shape[1] - 1)
    shown = np.take_along_axis(values, rows[..., None], axis=1)
    lengths = np.maximum(shown.sum(axis=2, dtype=np.float64) * _STEP, _STEP)
    ends = _ends(shown.reshape(-1, shown.shape[2])).reshape(*lengths.shape, 2)
    return Chords(counts, lengths, ends, first + step * start, step, skew)


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


def _line(ends: Sequence[Sequence[float]]) -> tuple[Point, Point]:
    (a, b, c), (d, e, f) = ends
    return (a, b, c), (d, e, f)
