"""The four corners of a vertebra on a radiograph, from the outline of its mask.

The quadrilateral of largest area in the convex hull finds the corners. The mask of a network is rounded there, which
draws them in, the more the narrower the corner is, and so turns the endplates. So a straight line is laid along each
side with its ends left out, by Huber's weights, which a spur or a notch bends little, and neighbouring lines meet in
the corner that the vertebra would have were it not rounded. The two readings check each other.

An unsteady outline turns the line and the side of the quadrilateral each in its own way, so there a side runs along its
line in the mean direction of both, which is off by a quarter less (in the mean, at 0.5 mm of noise). Where the outline
is steady the line alone is the better.

Everything here is 2D: x to the right, y down, in mm, or in pixels where these have no size. Corners run from the upper
left one along the upper endplate to the right, down and to the left again, as the picture shows them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import ConvexHull

from LumbarSegLib.core.measure.outline import Floats, area, evenly, outlines

Mask = NDArray[np.bool_]

_SMOOTHING = 0.8  # pixels; rounds the steps of a mask
_POINTS = 200  # along an outline
_TRIED = 40  # hull points that diagonals are tried between
_ENDS = 0.06  # of a side, at each end, that its line leaves out
_ROUNDS = 6  # of reweighting
_HUBER = 1.345  # spreads beyond which a point counts less: 95 % efficiency where the noise is normal
_SPREAD = 0.004  # of the perimeter; the least spread about a side
_UNSTEADY = 0.3, 0.6  # pixels that an outline lies off its line: of a straight side, and of one that is not
_WIDER = 1.25  # times; sides that are longer than the others are endplates
_ACROSS = 0.4  # the least cosine of the angle between an endplate and the direction across the spine: 66 degrees
_ACUTE = 0.34  # the least sine of the angle between two sides: 20 degrees
_SHORT = 0.05  # of the perimeter; a side that is shorter has no direction
_FARTHEST = 0.35  # of the shorter endplate between the two readings of a corner; beyond, one of them is no corner
_NO_CORNERS = "The outline of {} shows no four clean corners."


@dataclass(frozen=True, eq=False)
class Corners:
    """The corners `places` (4, 2) of a vertebra and what its outline (n, 2) is.

    `apart` is how far the two readings of a corner part at most, `turned` by how many degrees those of an endplate.
    """

    places: Floats
    outline: Floats
    apart: float
    turned: float

    @property
    def endplate(self) -> float:
        """The mean length of both endplates."""
        upper, lower = self.places[1] - self.places[0], self.places[2] - self.places[3]
        return float(np.hypot(*upper) + np.hypot(*lower)) / 2


def find_corners(mask: Mask, spacing: tuple[float, float], name: str, up: Floats | None = None) -> Corners | str:
    """The corners of a vertebra (rows, columns), or why it shows none.

    `spacing` is (across, down) of a pixel; places are counted from the centre of the first one. `up` (2,) is where the
    spine runs to from this vertebra, upward in the picture where nothing is said; `name` is what a reason calls it.
    """
    outline = outline_of(mask, spacing)
    hull = largest_quadrilateral(outline, np.array([0.0, -1.0]) if up is None else up)
    if not _has_four_sides(hull):
        return _NO_CORNERS.format(name)
    lines = [_line(outline, hull[k], hull[(k + 1) % 4]) for k in range(4)]
    sharp = np.array([_meet(lines[k - 1], lines[k]) for k in range(4)])
    apart = float(np.hypot(*(sharp - hull).T).max())
    shorter = min(float(np.hypot(*(hull[1] - hull[0]))), float(np.hypot(*(hull[2] - hull[3]))))
    if not apart <= _FARTHEST * shorter or not _has_four_sides(sharp):
        return _NO_CORNERS.format(name)
    turned = max(abs(_degrees(sharp[k + 1] - sharp[k], hull[k + 1] - hull[k])) for k in (0, 2))
    sides = [_side(lines[k], hull[(k + 1) % 4] - hull[k], max(spacing)) for k in range(4)]
    places = np.array([_meet(sides[k - 1], sides[k]) for k in range(4)])
    return Corners(places, outline, apart, turned)


def outline_of(mask: Mask, spacing: tuple[float, float]) -> Floats:
    """The closed outline (n, 2) of a mask that is not empty, its steps smoothed, clockwise in the picture."""
    rows, columns = np.nonzero(mask)
    pad = 4
    top, left = rows.min() - pad, columns.min() - pad
    crop = np.zeros((rows.max() - top + pad + 1, columns.max() - left + pad + 1))
    crop[rows - top, columns - left] = 1.0
    found = outlines(gaussian_filter(crop, _SMOOTHING), 0.5)
    polygon = ((found[0] if found else outlines(crop, 0.5)[0]) + (top, left))[:, ::-1] * spacing
    return evenly(polygon if area(polygon) > 0 else polygon[::-1], np.ptp(polygon, axis=0).sum() * 2 / _POINTS)


def largest_quadrilateral(outline: Floats, up: Floats) -> Floats:
    """The corners (4, 2) of the quadrilateral of largest area in the convex hull of an outline (n, 2).

    Each pair of points along the hull is tried as a diagonal; the farthest on either side of it completes the best.
    Each corner then moves to the hull point farthest from the diagonal beside it.
    """
    hull = outline[ConvexHull(outline).vertices]
    few = evenly(hull, np.hypot(*np.diff(hull, axis=0, append=hull[:1]).T).sum() / _TRIED)
    away = few[None] - few[:, None]
    beside = away[:, :, None, 0] * away[:, None, :, 1] - away[:, :, None, 1] * away[:, None, :, 0]
    both = beside.max(axis=2) - beside.min(axis=2)
    i, j = np.unravel_index(int(both.argmax()), both.shape)
    corners = few[sorted({int(i), int(j), int(beside[i, j].argmax()), int(beside[i, j].argmin())})]
    if len(corners) < 4:
        return np.zeros((4, 2))
    for k in (0, 1, 2, 3, 0, 1):
        diagonal = corners[(k + 1) % 4] - corners[k - 1]
        away_from = (hull - corners[k - 1]) @ np.array([diagonal[1], -diagonal[0]])
        inside = (corners[k] - corners[k - 1]) @ np.array([diagonal[1], -diagonal[0]])
        corners[k] = hull[np.argmax(away_from * np.sign(inside))]
    return _upper_left_first(corners if area(corners) > 0 else corners[::-1], up)


def _upper_left_first(corners: Floats, up: Floats) -> Floats:
    """Corners (4, 2), clockwise, from the upper left one, where the spine runs `up` (2,).

    Where two sides facing each other are clearly longer and do not run along the spine they are the endplates: at the
    ends of a column its direction is less sure than that a vertebra is wider than high.
    """
    right = np.array([-up[1], up[0]]) / np.hypot(*up)
    wanted = np.array([up - right, up + right, right - up, -up - right])
    fits = np.array([float((np.roll(corners, -k, axis=0) * wanted).sum()) for k in range(4)])
    lengths = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    even, odd = lengths[0] + lengths[2], lengths[1] + lengths[3]
    longer = 0 if even > odd else 1
    side = corners[longer + 1] - corners[longer]
    if max(even, odd) > _WIDER * min(even, odd) and abs(side @ right) > _ACROSS * np.hypot(*side):
        fits[1 - longer :: 2] = -np.inf
    return np.roll(corners, -int(np.argmax(fits)), axis=0)


@dataclass(frozen=True, eq=False)
class _Line:
    """A line through a point (2,) in a direction (2,), unit, and how far the outline lies off it (robust spread)."""

    point: Floats
    way: Floats
    off: float


def _line(outline: Floats, start: Floats, end: Floats) -> _Line:
    """The line along an outline from one corner to the next."""
    first, last = (int(np.hypot(*(outline - corner).T).argmin()) for corner in (start, end))
    points = outline[(first + np.arange((last - first) % len(outline) + 1)) % len(outline)]
    length = float(np.hypot(*(end - start)))
    point, way, off = (start + end) / 2, (end - start) / length, 0.0
    least = _SPREAD * np.hypot(*np.diff(outline, axis=0, append=outline[:1]).T).sum()
    for _ in range(_ROUNDS):
        place = (points - point) @ way
        offset = (points - point) @ np.array([-way[1], way[0]])
        inner = np.abs(place) < (0.5 - _ENDS) * length
        if inner.sum() < 4:
            break
        off = 1.4826 * float(np.median(np.abs(offset[inner])))
        weight = inner / np.maximum(np.abs(offset) / (_HUBER * max(off, least)), 1.0)
        center = weight @ points / weight.sum()
        spread_out = (points - center).T * weight @ (points - center)
        along = np.linalg.eigh(spread_out)[1][:, 1]
        point = center + ((start + end) / 2 - center) @ along * along
        way = along * np.sign(along @ (end - start))
    return _Line(point, way, off)


def _side(line: _Line, chord: Floats, pixel: float) -> _Line:
    """A line turned toward the direction of a chord, half way where the outline is unsteady for its pixels."""
    low, high = _UNSTEADY
    part = 0.5 * float(np.clip((line.off / pixel - low) / (high - low), 0.0, 1.0))
    way = (1.0 - part) * line.way + part * chord / np.hypot(*chord)
    return _Line(line.point, way / np.hypot(*way), line.off)


def _meet(one: _Line, other: _Line) -> Floats:
    steps = np.stack([one.way, -other.way], axis=1)
    if abs(np.linalg.det(steps)) < _ACUTE:
        return np.full(2, np.nan)
    return np.asarray(one.point + np.linalg.solve(steps, other.point - one.point)[0] * one.way)


def _has_four_sides(corners: Floats) -> bool:
    """Whether a quadrilateral is long enough at each side and open enough at each corner."""
    if not np.isfinite(corners).all():
        return False
    sides = np.roll(corners, -1, axis=0) - corners
    lengths = np.hypot(*sides.T)
    if lengths.min() <= _SHORT * lengths.sum():
        return False
    x, y = (sides / lengths[:, None]).T
    return bool((x * np.roll(y, -1) - y * np.roll(x, -1)).min() > _ACUTE)


def _degrees(one: Floats, other: Floats) -> float:
    return float(np.degrees(np.arctan2(one[0] * other[1] - one[1] * other[0], one @ other)))
