"""The curves of a spine seen from the front, and the angle that each has by Cobb.

Along the column the tilt of the vertebrae rises and falls; where it turns, a curve ends and the next begins. A turn by
less than readers see is none, so that an unsteady outline makes no curve. About each turn the end vertebra is the one
whose outer endplate is the most tilted: two neighbours can be tilted alike, and an angle must not depend on which of
them an unsteady outline makes the most tilted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from LumbarSegLib.core.measure.outline import Floats

LEAST = 5.0
"""Degrees of a curve; a smaller turn of the tilt is within what readers differ by (inter-observer 5 to 7)."""


@dataclass(frozen=True)
class Curve:
    """A curve from an upper to a lower end vertebra, as places in the column from the top downward.

    `degrees` is the angle from the superior endplate of the upper against the inferior endplate of the lower one.
    `apex` is the place of the vertebra that lies farthest from the line between the middles of both, halves being
    discs; `right` tells whether that is to the right of the picture.
    """

    upper: int
    lower: int
    degrees: float
    apex: float
    right: bool


def tilts(corners: Floats) -> tuple[Floats, Floats]:
    """The tilt of the superior and the inferior endplate in degrees (n,) of vertebrae with corners (n, 4, 2), clockwise
    from the upper left one, x to the right and y down; positive where the right end in the picture lies lower.
    """
    return _degrees(corners[:, 1] - corners[:, 0]), _degrees(corners[:, 2] - corners[:, 3])


def curves(corners: Floats) -> list[Curve]:
    """The curves of a column of vertebrae with corners (n, 4, 2) as `tilts` takes them, from the top downward.

    The one between the two most tilted vertebrae is there even where it is smaller than `LEAST`. Empty for fewer than
    two vertebrae.
    """
    if len(corners) < 2:
        return []
    superior, inferior = tilts(corners)
    tilt = (superior + inferior) / 2
    turns = _turns(tilt)
    halves = [_half_way(tilt, *turn) for turn in pairwise(turns)]
    limits = [-1, *halves, len(tilt) - 1]
    found = []
    for k, (first, last) in enumerate(pairwise(turns)):
        above, half, below = limits[k : k + 3]
        sense = 1.0 if tilt[first] > tilt[last] else -1.0
        upper = above + 1 + int((sense * superior[above + 1 : half + 1]).argmax())
        lower = half + 1 + int((sense * inferior[half + 1 : below + 1]).argmin())
        degrees = abs(_wrapped(float(superior[upper] - inferior[lower])))
        found.append(Curve(upper, lower, degrees, *_apex(corners, upper, lower)))
    return found


def _half_way(tilt: Floats, first: int, last: int) -> int:
    """The last vertebra whose tilt is still nearer to that at the upper end of a curve than to that at its lower."""
    nearer = np.abs(tilt[first:last] - tilt[first]) <= np.abs(tilt[first:last] - tilt[last])
    return first + int(np.flatnonzero(nearer)[-1])


def _turns(tilt: Floats) -> list[int]:
    """Where the tilt along a column turns by at least `LEAST`, both ends of the column being turns at first."""
    rises = np.sign(np.diff(tilt))
    found = [0, *(int(k) + 1 for k in np.flatnonzero(rises[1:] * rises[:-1] < 0)), len(tilt) - 1]
    while len(found) > 2:
        steps = np.abs(np.diff(tilt[found]))
        k = int(steps.argmin())
        if steps[k] >= LEAST:
            break
        if k == 0:
            del found[0]
        elif k == len(steps) - 1:
            del found[-1]
        else:
            del found[k : k + 2]
    return found


def _apex(corners: Floats, upper: int, lower: int) -> tuple[float, bool]:
    """Where a curve lies farthest from the line between its ends, and whether to the right of the picture.

    Where the line is that of the patient's axis this is the vertebra or disc farthest to the side.
    """
    middles = corners.mean(axis=1)
    discs = (corners[:-1, 2:].mean(axis=1) + corners[1:, :2].mean(axis=1)) / 2
    places = np.concatenate([np.arange(upper, lower + 1.0), np.arange(upper, lower) + 0.5])
    points = np.concatenate([middles[upper : lower + 1], discs[upper:lower]])
    along = middles[lower] - middles[upper]
    aside = (points - middles[upper]) @ np.array([along[1], -along[0]])
    farthest = int(np.abs(aside).argmax())
    return float(places[farthest]), bool(aside[farthest] > 0)


def _degrees(ways: Floats) -> Floats:
    return np.degrees(np.arctan2(ways[:, 1], ways[:, 0]))


def _wrapped(degrees: float) -> float:
    return (degrees + 180.0) % 360.0 - 180.0


def together(corners: Sequence[Floats]) -> Floats:
    """Corners (4, 2) of several vertebrae as one array (n, 4, 2)."""
    return np.array(corners, dtype=float).reshape(-1, 4, 2)
