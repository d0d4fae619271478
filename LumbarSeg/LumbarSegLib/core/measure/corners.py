"""The four corners of a vertebral body in its mid-sagittal outline.

Two readings that share no step are compared. The quadrilateral of largest area in the convex hull errs outward where a
spur juts out. Robust curves along the four sides pass a spur by and meet where the corner would be, were it sharp. The
corner that is given lies where the curves meet, drawn back onto the bone by as much as the outline is rounded there.

Everything here is 2D, in mm: x to the back, y upward. Outlines and corners run from the upper anterior corner along the
upper side to the back, down and to the front again.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.polynomial import polyder, polyval, polyvander
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from LumbarSegLib.core.measure.outline import area

Floats = NDArray[np.float64]

_STEP = 0.5  # mm between the points that curves are fitted to
_HULL_STEP = 1.2  # mm between the points that quadrilaterals are made of
_ROUNDED, _ROUNDED_PART = 3.0, 0.2  # mm, and at most part of the side, that its curve leaves out at each end
_DRAWN_IN = 0.77  # sigmas by which a Gaussian draws in the half-way outline of a right angle
_SPREAD = 0.25  # mm; the least spread about a side, about that of a binary mask
_TUKEY = 4.685  # spreads beyond which a point counts nothing: 95 % efficiency where the noise is normal
_SHORTEST = 6.0  # mm; a side that is shorter has no direction
_FARTHEST = 8.0  # mm between the two readings of a corner; beyond, one of them is no corner of the body
_ACUTE = 0.5  # the least sine of the angle between two sides: 30 degrees
_MIDDLE = 2.0  # mm to each side over which the middle of an endplate is read
_NO_CORNERS = "The outline of the body shows no four clean corners."
_UPPER_ANTERIOR_FIRST = np.array([(-1.0, 1.0), (1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)])


@dataclass(frozen=True)
class Side:
    """One side of a body: the chord from `start` to `end` (2,), and how far the side lies outside of it (mm) as a
    polynomial of the place along the chord (mm from `start`), the constant first.
    """

    start: Floats
    end: Floats
    bow: Floats

    @property
    def length(self) -> float:
        return float(np.hypot(*(self.end - self.start)))

    @property
    def along(self) -> Floats:
        return np.asarray((self.end - self.start) / self.length)

    def at(self, place: float) -> Floats:
        """The point (2,) of the side at a place along the chord."""
        return np.asarray(self.start + place * self.along + polyval(place, self.bow) * _outward(self.along))

    def direction(self, place: float) -> Floats:
        """The unit tangent (2,) at a place along the chord."""
        tangent = self.along + polyval(place, polyder(self.bow)) * _outward(self.along)
        return np.asarray(tangent / np.hypot(*tangent))


@dataclass(frozen=True)
class Corners:
    """The corners `places` (4, 2) and the `middles` (2, 2) of the upper and the lower side, on the outline.

    How far the readings part: `apart_mm` (4,) from the corners of the largest quadrilateral, `turned` (4,) in degrees
    between each side from corner to corner and the robust straight line along it.
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
    sharp = quadrilateral
    for _ in range(2):
        if not _has_four_sides(sharp):
            return _NO_CORNERS
        sides = fit_sides(clockwise, sharp, degree=2)
        sharp = np.array([_meet(sides[k - 1], sides[k]) for k in range(4)])
        if np.hypot(*(sharp - quadrilateral).T).max() > _FARTHEST:
            return _NO_CORNERS
    places = np.array([_drawn_back(clockwise, sides[k - 1], sides[k], sharp[k], smoothing_mm) for k in range(4)])
    straight = fit_sides(clockwise, sharp, degree=1)
    chords = np.roll(places, -1, axis=0) - places
    turned = np.array([_angle(chord, side.direction(0.0)) for chord, side in zip(chords, straight, strict=True)])
    middles = np.array([_middle(clockwise, places[k], places[k + 1]) for k in (0, 2)])
    return Corners(places, middles, np.hypot(*(places - quadrilateral).T), turned)


def evenly(outline: Floats, step: float) -> Floats:
    """The closed outline (n, 2) as points at equal distances of about `step` mm."""
    closed = np.concatenate([outline, outline[:1]])
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    places = np.linspace(0.0, length[-1], max(8, round(length[-1] / step)), endpoint=False)
    return np.stack([np.interp(places, length, closed[:, axis]) for axis in (0, 1)], axis=1)


def largest_quadrilateral(outline: Floats) -> Floats:
    """The corners (4, 2) of the quadrilateral of largest area in the convex hull of points (n, 2).

    Each pair of hull points is tried as a diagonal; the farthest hull point on either side of it completes the best.
    """
    hull = outline[ConvexHull(outline).vertices]
    hull = evenly(hull, _HULL_STEP)
    away = hull[None] - hull[:, None]
    beside = away[:, :, None, 0] * away[:, None, :, 1] - away[:, :, None, 1] * away[:, None, :, 0]
    both = beside.max(axis=2) - beside.min(axis=2)
    i, j = np.unravel_index(int(both.argmax()), both.shape)
    chosen = sorted({int(i), int(j), int(beside[i, j].argmax()), int(beside[i, j].argmin())}, reverse=True)
    corners = hull[chosen]
    centered = corners - corners.mean(axis=0)
    fits = [float((np.roll(centered, -k, axis=0) * _UPPER_ANTERIOR_FIRST).sum()) for k in range(4)]
    return np.roll(corners, -int(np.argmax(fits)), axis=0)


def fit_sides(outline: Floats, corners: Floats, degree: int) -> tuple[Side, ...]:
    """A robust polynomial along each side of an evenly spaced clockwise outline (n, 2), its rounded ends left out."""
    ends = np.roll(corners, -1, axis=0)
    return tuple(_fit(_between(outline, a, b), a, b, degree) for a, b in zip(corners, ends, strict=True))


def _between(outline: Floats, start: Floats, end: Floats) -> Floats:
    """The points of a clockwise outline from next to `start` to next to `end`."""
    first, last = (int(np.hypot(*(outline - corner).T).argmin()) for corner in (start, end))
    return outline[(first + np.arange((last - first) % len(outline) + 1)) % len(outline)]


def _fit(points: Floats, start: Floats, end: Floats, degree: int) -> Side:
    """Tukey's biweight, reweighted ten times; the spread is the median of what is left over."""
    chord = Side(start, end, np.zeros(1))
    place, offset = (points - start) @ chord.along, (points - start) @ _outward(chord.along)
    margin = min(_ROUNDED, _ROUNDED_PART * chord.length)
    inner = (place > margin) & (place < chord.length - margin)
    terms, offset = polyvander(place[inner], degree), offset[inner]
    weight = np.ones(len(offset))
    bow: Floats = np.zeros(degree + 1)
    for _ in range(10):
        bow = np.linalg.lstsq(terms * weight[:, None], offset * weight, rcond=None)[0]
        left = np.abs(offset - terms @ bow)
        spread = max(1.4826 * float(np.median(left)), _SPREAD)
        weight = np.clip(1.0 - (left / (_TUKEY * spread)) ** 2, 0.0, None)
    return Side(start, end, bow)


def _has_four_sides(corners: Floats) -> bool:
    """Whether a clockwise quadrilateral is long enough at each side and open enough at each corner."""
    sides = np.roll(corners, -1, axis=0) - corners
    lengths = np.hypot(*sides.T)
    if lengths.min() < _SHORTEST:
        return False
    x, y = (sides / lengths[:, None]).T
    return bool((np.roll(x, -1) * y - np.roll(y, -1) * x).min() > _ACUTE)


def _meet(one: Side, other: Side) -> Floats:
    """Where the curve of one side, carried on beyond its end, meets that of the next, by Newton's method."""
    place, other_place = one.length, 0.0
    for _ in range(5):
        steps = np.stack([one.direction(place), -other.direction(other_place)], axis=1)
        moved = np.linalg.lstsq(steps, other.at(other_place) - one.at(place), rcond=0.1)[0]
        place, other_place = place + moved[0], other_place + moved[1]
    return one.at(place)


def _drawn_back(outline: Floats, one: Side, other: Side, sharp: Floats, smoothing_mm: float) -> Floats:
    """From where two sides meet back onto the rounded bone, less what the smoothing alone has rounded."""
    inward = other.direction(0.0) - one.direction(one.length)
    inward /= np.hypot(*inward)
    away = outline - sharp
    depth, beside = away @ inward, away @ _outward(inward)
    crossed = depth[beside * np.roll(beside, -1) <= 0]
    gap = float(crossed[np.abs(crossed).argmin()]) if len(crossed) else 0.0
    return np.asarray(sharp + max(gap - _DRAWN_IN * smoothing_mm, 0.0) * inward)


def _middle(outline: Floats, start: Floats, end: Floats) -> Floats:
    """The point of the outline beside the middle of a chord."""
    chord = Side(start, end, np.zeros(1))
    points = _between(outline, start, end) - start
    place, offset = points @ chord.along, points @ _outward(chord.along)
    near = np.abs(place - chord.length / 2) < _MIDDLE
    return chord.at(chord.length / 2) + float(np.median(offset[near])) * _outward(chord.along)


def _outward(along: Floats) -> Floats:
    """To the left of a direction, which is outside where an outline runs clockwise."""
    return np.array([-along[1], along[0]])


def _angle(one: Floats, other: Floats) -> float:
    """Degrees from one direction to another, signed."""
    return float(np.degrees(np.arctan2(one[0] * other[1] - one[1] * other[0], one @ other)))
