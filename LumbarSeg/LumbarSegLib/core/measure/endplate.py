"""The endplate along the lower border of a disc. The sacrum has no label, so that of the lowest disc stands for S1.

It ends where the wall of the disc would meet it, were the corner sharp. A wall that leans, as above a slip, leaves the
endplate at another angle than a right one, and smoothing draws in an acute corner more than an obtuse one; so the lean
is read from the wall, and what smoothing does to a sharp corner of that angle is given back.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from LumbarSegLib.core.measure.grid import Floats
from LumbarSegLib.core.measure.outline import evenly

_STEP = 0.25  # mm between the points of the outline that are looked at
_INNER = 0.36  # of the depth of the disc to the front and back of its middle, where its lower border is the endplate
_OFF_ARC = 0.8  # mm; where the border lies off the arc of the endplate by more for good, the endplate has ended
_NO_ARC = 1.0  # mm; a border that lies off the arc by more, as root mean square, is no endplate
_ROUNDS = 5  # of weighting
_TUKEY = 2.0  # mm; a point of the border farther from the arc hardly counts
_WALL = 4.0  # mm above the arc up to which the wall of the disc is read from where it leaves the arc,
_WALL_PART = 0.6  # and at most up to this part of the height of the disc there
_BESIDE = 4.0  # mm from the end of the arc within which that height is looked for
_FEWEST = 4  # points of a wall that tell of its lean
_UPRIGHT = 0.5  # mm2; by so much a wall is held upright: leans have SD 0.7, places 0.2 mm, and six share a voxel
_TAIL = 6.0  # sigmas; a normal distribution is nothing beyond


def endplate_below(outline: Floats, smoothing_mm: float) -> Floats | None:
    """The ends (2, 2), front first, of the endplate along the lower border of an outline (n, 2) to the back and up.

    The border between them is an arc, since S1 may be domed; an end lies where the wall of the disc meets the arc, or
    where the border leaves it downward, so that what hangs over the edge of the endplate does not count. None where the
    border is no arc. `smoothing_mm` is the sigma of the Gaussian that made the outline smooth, interpolation included.
    """
    even = evenly(outline, _STEP)
    middle = even.mean(axis=0)
    depth = np.linalg.svd(even - middle, full_matrices=False)[2][0]
    depth = depth if depth[0] > 0 else -depth
    turn = np.stack([depth, [-depth[1], depth[0]]])
    along, height = ((even - middle) @ turn.T).T
    border = _lower_border(along, height)
    share = (along[border] - along[border[0]]) / (along[border[-1]] - along[border[0]]) - 0.5
    inner = border[np.abs(share) < _INNER]
    arc = _robust_arc(along[inner], height[inner])
    above = height - np.polyval(arc, along)
    if np.sqrt(np.mean(above[inner] ** 2)) > _NO_ARC:
        return None
    on_arc = np.flatnonzero(np.abs(above[border]) <= _OFF_ARC)
    step = 1 if border[1] == (border[0] + 1) % len(even) else -1
    around = step * np.arange(-(len(even) // 4), len(even) // 4 + 1)
    ends = []
    for way, last in ((-1, on_arc[0]), (1, on_arc[-1])):
        walk = (border[last] + way * around) % len(even)
        ends.append(way * _end(way * along[walk], above[walk], smoothing_mm))
    reach = np.array(ends)
    return np.asarray(middle + np.stack([reach, np.polyval(arc, reach)], axis=1) @ turn)


def _lower_border(along: Floats, height: Floats) -> NDArray[np.int64]:
    """Which points of a closed outline make up its lower border, from the front end to the back end."""
    front, back = int(np.argmin(along)), int(np.argmax(along))
    count = len(along)
    one = (front + np.arange((back - front) % count + 1)) % count
    other = (front - np.arange((front - back) % count + 1)) % count
    return one if height[one].mean() < height[other].mean() else other


def _robust_arc(x: Floats, y: Floats) -> Floats:
    """A parabola through points by iterated least squares with Tukey's weights."""
    weights = np.ones(len(x))
    for _ in range(_ROUNDS):
        arc = np.polyfit(x, y, 2, w=np.sqrt(weights))
        weights = np.maximum(1 - ((y - np.polyval(arc, x)) / _TUKEY) ** 2, 1e-2) ** 2
    return np.asarray(arc)


def _end(outward: Floats, above: Floats, smoothing_mm: float) -> float:
    """How far outward an endplate ends, from the points of an outline in order, from within it outward.

    `outward` and `above` (n,) are how far they lie outward and above the arc of the endplate in mm; the point in the
    middle is the last one that lies on the arc.
    """
    last = len(outward) // 2
    highest = float(above[np.abs(outward - outward[last]) < _BESIDE].max())
    after = above[last + 1 :]
    wall = slice(last + 1, last + 1 + int(np.argmax(after > min(_WALL, _WALL_PART * highest))))
    place, height = outward[wall], above[wall]
    if after[0] < 0 or len(place) < _FEWEST:
        return float(outward[last] + _drawn_in(0.0, np.array([_OFF_ARC]), smoothing_mm)[0])
    lean, sharp = 0.0, place
    spread = height - height.mean()
    for _ in range(_ROUNDS):
        sharp = place + _drawn_in(lean, height, smoothing_mm)
        lean = float(spread @ sharp / (spread @ spread + _UPRIGHT))
    return float(sharp.mean() - lean * height.mean())


def _drawn_in(lean: float, above: Floats, smoothing_mm: float) -> Floats:
    """How far in from a straight wall the outline lies at heights `above` (n,) the arc, in mm, where both would meet
    sharply. The wall leans outward by `lean` mm for each mm upward.

    The smoothed label is the share of a normal distribution that lies within both, a half at the outline; in sigmas it
    is added up over heights below the place, and how far the wall is from there is found by halving.
    """
    upright = np.hypot(1.0, lean)
    height = above[:, None] / smoothing_mm
    below = height - (height + _TAIL) * np.linspace(0.0, 1.0, 101)
    density = np.exp(-(below**2) / 2) / np.sqrt(2 * np.pi) * (height + _TAIL) / 100
    low, high = np.full(len(above), -_TAIL), np.full(len(above), _TAIL)
    for _ in range(20):
        inward = (low + high) / 2
        share = (density * ndtr(inward[:, None] * upright - lean * below)).sum(axis=1)
        low, high = np.where(share < 0.5, inward, low), np.where(share < 0.5, high, inward)
    return np.asarray((low + high) / 2 * smoothing_mm * upright)
