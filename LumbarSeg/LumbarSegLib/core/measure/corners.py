"""The four corners of a vertebral body in its mid-sagittal outline.

The quadrilateral of largest area in the convex hull finds the corners to a millimetre or so; a rounded corner draws it
in, a spur draws it out. So a curve runs along each side, which a spur, a notch or a Schmorl node does not bend and
which the quadrilateral holds loosely at its ends. Where two curves meet the corner would be, were it sharp; from there
it is drawn back onto the bone by as much as the outline is rounded. A ruler laid along each side, its ends left out,
is the reading to compare with.

Everything here is 2D, in mm: x to the back, y upward. Outlines and corners run from the upper anterior corner along the
upper side to the back, down and to the front again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from LumbarSegLib.core.measure.outline import area, evenly

Floats = NDArray[np.float64]

_STEP = 0.5  # mm between the points that curves are fitted to
_HULL_STEP = 2.0  # mm between the points that diagonals are tried between
_ROUNDED, _ROUNDED_PART = 3.0, 0.2  # mm, and at most part of the side, that its curve leaves out at each end
_ROUNDS = 8  # of reweighting
_HOLD = 2.0  # how much the quadrilateral holds the ends of a curve, in points of the outline
_CIRCLE = 1.86  # sigmas; the smoothing rounds a right angle about as a circle of this radius does
_DRAWN_IN = 0.85  # sigmas by which the smoothing draws in the outline of a right angle (0.77), and what voxels add
_ROUNDING = 2.5  # mm that a corner is rounded for each mm that the outline shows, since the curves are held near it
_RULER = 0.9  # how much what lies outside of the ruler counts, against what lies inside
_SPREAD = 0.25  # mm; the least spread about a side, about that of a binary mask
_TUKEY = 4.685  # spreads beyond which a point counts nothing: 95 % efficiency where the noise is normal
_OFF_BONE = 1.0  # mm; as far as a corner may lie outside of the outline
_ALIKE = 0.55  # the least part that the shorter endplate has of the longer one; vertebrae that were looked at: 0.65
_SHORTEST = 6.0  # mm; a side that is shorter has no direction
_FARTHEST = 8.0  # mm between the two readings of a corner; beyond, one of them is no corner of the body
_FILLED = 0.8, 1.35  # area between the corners, in areas of the outline; in 200 vertebrae that were looked at 0.83-1.27
_ACUTE = 0.5  # the least sine of the angle between two sides: 30 degrees
_MIDDLE = 2.0  # mm to each side over which the middle of an endplate is read
_NO_CORNERS = "The outline of the body shows no four clean corners."
_UPPER_ANTERIOR_FIRST = np.array([(-1.0, 1.0), (1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)])


@dataclass(frozen=True)
class Side:
    """One side of a body: the chord from `start` to `end` (2,), and how far the side lies outside of it (mm) as a
    parabola over the place along the chord (mm from `start`): three coefficients, the constant first.
    """

    start: Floats
    end: Floats
    bow: Floats = field(default_factory=lambda: np.zeros(3))

    @property
    def length(self) -> float:
        return float(np.hypot(*(self.end - self.start)))

    @property
    def along(self) -> Floats:
        return np.asarray((self.end - self.start) / self.length)

    def at(self, place: float) -> Floats:
        """The point (2,) of the side at a place along the chord."""
        offset = float(self.bow @ (1.0, place, place**2))
        return np.asarray(self.start + place * self.along + offset * _outward(self.along))

    def direction(self, place: float) -> Floats:
        """The unit tangent (2,) at a place along the chord."""
        tangent = self.along + float(self.bow @ (0.0, 1.0, 2.0 * place)) * _outward(self.along)
        return np.asarray(tangent / np.hypot(*tangent))


@dataclass(frozen=True)
class Corners:
    """The corners `places` (4, 2) and the `middles` (2, 2) of the upper and the lower side, on the outline.

    How far the readings part: `apart_mm` (4,) from the corners of the largest quadrilateral, `turned` (4,) in degrees
    from each side, as its corners give it, to the ruler along it.
    """

    places: Floats
    middles: Floats
    apart_mm: Floats
    turned: Floats


def find_corners(outline: Floats, smoothing_mm: float) -> Corners | str:
    """The corners of a closed outline (n, 2), or why it shows none.

    `smoothing_mm` is the sigma of the Gaussian that made the outline smooth.
    """
    clockwise = evenly(outline if area(outline) < 0 else outline[::-1], _STEP)
    quadrilateral = largest_quadrilateral(clockwise)
    if not _has_four_sides(quadrilateral):
        return _NO_CORNERS
    sides = _sides(clockwise, quadrilateral, smoothing_mm)
    sharp = np.array([_meet(sides[k - 1], sides[k]) for k in range(4)])
    places = _drawn_back(clockwise, sides, sharp, smoothing_mm)
    apart = np.hypot(*(places - quadrilateral).T)
    filled = area(places) / area(clockwise)
    if not apart.max() < _FARTHEST or not _has_four_sides(places) or not _FILLED[0] < filled < _FILLED[1]:
        return _NO_CORNERS
    turned = np.array([_turned(clockwise, places[k], places[(k + 1) % 4]) for k in range(4)])
    middles = np.array([_middle(clockwise, places[k], places[k + 1]) for k in (0, 2)])
    return Corners(places, middles, apart, turned)


def largest_quadrilateral(outline: Floats) -> Floats:
    """The corners (4, 2) of the quadrilateral of largest area in the convex hull of points (n, 2).

    Each pair of points, a few along the hull, is tried as a diagonal; the farthest on either side of it completes the
    best. Each corner then moves to the farthest hull point from the diagonal beside it.
    """
    hull = outline[ConvexHull(outline).vertices]
    few = evenly(hull, _HULL_STEP)
    away = few[None] - few[:, None]
    beside = away[:, :, None, 0] * away[:, None, :, 1] - away[:, :, None, 1] * away[:, None, :, 0]
    both = beside.max(axis=2) - beside.min(axis=2)
    i, j = np.unravel_index(int(both.argmax()), both.shape)
    chosen = sorted({int(i), int(j), int(beside[i, j].argmax()), int(beside[i, j].argmin())}, reverse=True)
    corners = few[chosen]
    for k in (0, 1, 2, 3, 0, 1):
        diagonal = corners[(k + 1) % 4] - corners[k - 1]
        corners[k] = hull[np.argmax((hull - corners[k - 1]) @ _outward(diagonal))]
    fits = [float((np.roll(corners, -k, axis=0) * _UPPER_ANTERIOR_FIRST).sum()) for k in range(4)]
    return np.roll(corners, -int(np.argmax(fits)), axis=0)


def _between(outline: Floats, start: Floats, end: Floats) -> Floats:
    """The points of a clockwise outline from next to `start` to next to `end`."""
    first, last = (int(np.hypot(*(outline - corner).T).argmin()) for corner in (start, end))
    return outline[(first + np.arange((last - first) % len(outline) + 1)) % len(outline)]


def _inner(outline: Floats, chord: Side) -> tuple[Floats, Floats]:
    """Place along a chord and offset from it (mm) of the outline beside it, the rounded ends left out."""
    points = _between(outline, chord.start, chord.end) - chord.start
    place, offset = points @ chord.along, points @ _outward(chord.along)
    margin = min(_ROUNDED, _ROUNDED_PART * chord.length)
    inner = (place > margin) & (place < chord.length - margin)
    return place[inner], offset[inner]


def _sides(outline: Floats, quadrilateral: Floats, smoothing_mm: float) -> list[Side]:
    """The curve along each side, held at its ends as far outside of the quadrilateral as the smoothing draws that in.

    It touches the rounding where this is parallel to the diagonal beside it, so a long side is drawn in less.
    """
    found = []
    for k in range(4):
        before, start, end, after = (quadrilateral[(k + place) % 4] for place in (-1, 0, 1, 2))
        touched = Side(before, end), Side(start, after)
        away = np.array([1.0 - Side(start, end).along @ diagonal.along for diagonal in touched])
        found.append(_side(outline, start, end, _CIRCLE * smoothing_mm * away))
    return found


def _side(outline: Floats, start: Floats, end: Floats, outside: Floats) -> Side:
    """A parabola along a side of an evenly spaced outline, by Tukey's biweight, held `outside` (2,) mm of its ends."""
    chord = Side(start, end)
    place, offset = _inner(outline, chord)
    terms, ends = np.vander(place, 3, increasing=True), np.vander([0.0, chord.length], 3, increasing=True)
    bow = chord.bow
    for _ in range(_ROUNDS):
        left = np.abs(offset - terms @ bow)
        spread = max(1.4826 * float(np.median(left)), _SPREAD)
        weight = np.clip(1.0 - (left / (_TUKEY * spread)) ** 2, 0.0, None) ** 2
        squares = (terms.T * weight) @ terms + _HOLD * ends.T @ ends
        pull = (terms.T * weight) @ offset + _HOLD * ends.T @ outside
        bow = np.asarray(np.linalg.solve(squares, pull), dtype=np.float64)
    return Side(start, end, bow)


def _turned(outline: Floats, start: Floats, end: Floats) -> float:
    """Degrees from a chord to a ruler that is laid on the outline from outside: the line of the expectile
    (Newey and Powell 1987, 10.2307/1911031), which rests on the rims of a hollow.
    """
    place, offset = _inner(outline, Side(start, end))
    terms = np.vander(place, 2, increasing=True)
    weight = np.ones(len(offset))
    for _ in range(_ROUNDS):
        line = np.linalg.lstsq((terms.T * weight) @ terms, (terms.T * weight) @ offset, rcond=None)[0]
        weight = np.where(offset > terms @ line, _RULER, 1.0 - _RULER)
    return float(np.degrees(np.arctan(line[1])))


def _has_four_sides(corners: Floats) -> bool:
    """Whether a clockwise quadrilateral is long enough at each side, open enough at each corner, and its upper and
    lower side alike enough in length, as they are in a broken body too.
    """
    sides = np.roll(corners, -1, axis=0) - corners
    lengths = np.hypot(*sides.T)
    x, y = (sides / np.maximum(lengths, _SHORTEST)[:, None]).T
    open_enough = (np.roll(x, -1) * y - np.roll(y, -1) * x).min() > _ACUTE
    return bool(lengths.min() >= _SHORTEST and open_enough and _ALIKE < lengths[0] / lengths[2] < 1.0 / _ALIKE)


def _meet(one: Side, other: Side) -> Floats:
    """Where the curve of one side, carried on beyond its end, meets that of the next, by Newton's method."""
    place, other_place = one.length, 0.0
    for _ in range(3):
        steps = np.stack([one.direction(place), -other.direction(other_place)], axis=1)
        moved = np.linalg.lstsq(steps, other.at(other_place) - one.at(place), rcond=0.1)[0]
        place, other_place = place + moved[0], other_place + moved[1]
    return one.at(place)


def _drawn_back(outline: Floats, sides: Sequence[Side], sharp: Floats, smoothing_mm: float) -> Floats:
    """From where the sides meet (4, 2) back onto the rounded bone, less what the smoothing alone has rounded.

    The steps of the voxels blur each gap, so all corners are taken to be as rounded as the median, unless that leaves
    one off the bone.
    """
    inward = np.array([sides[k].direction(0.0) - sides[k - 1].direction(sides[k - 1].length) for k in range(4)])
    inward /= np.hypot(*inward.T)[:, None]
    gaps = np.array([_gap(outline, corner, way) for corner, way in zip(sharp, inward, strict=True)])
    rounded = _ROUNDING * max(float(np.median(gaps)) - _DRAWN_IN * smoothing_mm, 0.0)
    drawn = np.maximum(np.clip(gaps, 0.0, rounded), gaps - _OFF_BONE)
    return np.asarray(sharp + drawn[:, None] * inward)


def _gap(outline: Floats, corner: Floats, inward: Floats) -> float:
    """How far the outline lies from a corner in the direction into the body, in mm."""
    depth, beside = (outline - corner) @ inward, (outline - corner) @ _outward(inward)
    crossed = depth[beside * np.roll(beside, -1) <= 0]
    return float(crossed[np.abs(crossed).argmin()]) if len(crossed) else 0.0


def _middle(outline: Floats, start: Floats, end: Floats) -> Floats:
    """The point of the outline beside the middle of a chord."""
    chord = Side(start, end)
    points = _between(outline, start, end) - start
    place, offset = points @ chord.along, points @ _outward(chord.along)
    near = np.abs(place - chord.length / 2) < _MIDDLE
    return chord.at(chord.length / 2) + float(np.median(offset[near])) * _outward(chord.along)


def _outward(along: Floats) -> Floats:
    """To the left of a direction, which is outside where an outline runs clockwise."""
    return np.array([-along[1], along[0]])
