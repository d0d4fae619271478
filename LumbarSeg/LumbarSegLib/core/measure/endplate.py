"""The endplate along the lower border of a disc. The sacrum has no label, so that of the lowest disc stands for S1."""

import numpy as np
from numpy.typing import NDArray

from LumbarSegLib.core.measure.grid import Floats
from LumbarSegLib.core.measure.outline import evenly

_STEP = 0.25  # mm between the points of the outline that are looked at
_INNER = 0.36  # of the depth of the disc to the front and back of its middle, where its lower border is the endplate
_OFF_ARC = 0.8  # mm; where the border lies off the arc of the endplate by more for good, the endplate has ended
_NO_ARC = 1.0  # mm; a border that lies off the arc by more, as root mean square, is no endplate
_DRAWN_IN = (
    0.19  # mm by which smoothing of a right angle with 0.8 mm draws in the place where it lies 0.8 mm off its side
)
_ROUNDS = 5  # of weighting
_TUKEY = 2.0  # mm; a point of the border farther from the arc hardly counts


def endplate_below(outline: Floats) -> Floats | None:
    """The ends (2, 2), front first, of the endplate along the lower border of an outline (n, 2) to the back and up.

    The border between them is an arc, since S1 may be domed; an end lies where the border leaves the arc, so that what
    hangs over the edge of the endplate does not count. None where the border is no arc. The outline is that of a label
    smoothed with a Gaussian of 0.8 mm.
    """
    even = evenly(outline, _STEP)
    middle = even.mean(axis=0)
    depth = np.linalg.svd(even - middle, full_matrices=False)[2][0]
    depth = depth if depth[0] > 0 else -depth
    turn = np.stack([depth, [-depth[1], depth[0]]])
    along, height = ((even - middle) @ turn.T).T
    border = _lower_border(along, height)
    along, height = along[border], height[border]
    share = (along - along[0]) / (along[-1] - along[0]) - 0.5
    arc = _robust_arc(along, height, np.abs(share) < _INNER)
    off = np.abs(height - np.polyval(arc, along))
    if np.sqrt(np.mean(off[np.abs(share) < _INNER] ** 2)) > _NO_ARC:
        return None
    on_arc = along[off <= _OFF_ARC]
    reach = np.array([on_arc.min() - _DRAWN_IN, on_arc.max() + _DRAWN_IN])
    return np.asarray(middle + np.stack([reach, np.polyval(arc, reach)], axis=1) @ turn)


def _lower_border(along: Floats, height: Floats) -> NDArray[np.int64]:
    """Which points of a closed outline make up its lower border, from the front end to the back end."""
    front, back = int(np.argmin(along)), int(np.argmax(along))
    count = len(along)
    one = (front + np.arange((back - front) % count + 1)) % count
    other = (front - np.arange((front - back) % count + 1)) % count
    return one if height[one].mean() < height[other].mean() else other


def _robust_arc(along: Floats, height: Floats, inner: NDArray[np.bool_]) -> Floats:
    """A parabola through the inner points by iterated least squares with Tukey's weights."""
    x, y = along[inner], height[inner]
    weights = np.ones(len(x))
    for _ in range(_ROUNDS):
        arc = np.polyfit(x, y, 2, w=np.sqrt(weights))
        weights = np.maximum(1 - ((y - np.polyval(arc, x)) / _TUKEY) ** 2, 1e-2) ** 2
    return np.asarray(arc)
