"""The border of a labelled region in one slice, finer than its pixels, around just the area that its pixels have.

The count of pixels tells the area of a region without bias, and nothing comes nearer to it for a shape of which nothing
is known: circles of 75 mm² and of 3 % more can have the very same pixels (`Testing/core/test_axial_contour.py`). So the
steps of the pixels are smoothed away, and the border is drawn at the level that keeps the area.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, gaussian_filter, label
from scipy.optimize import brentq

from LumbarSegLib.core.measure.outline import Floats, area, outlines

Mask = NDArray[np.bool_]

_SMOOTHING = 1.2  # of the larger side of a pixel; rounds its steps
_AROUND = 6  # pixels
_LEVELS = (0.02, 0.98)
_LEVEL_TOLERANCE = 1e-5
_TOUCHING = np.ones((3, 3), dtype=int)


def main_piece(mask: Mask) -> tuple[Mask, float]:
    """The largest connected piece of a region (rows, columns) without holes, and the share of pixels that lie apart.

    Pixels that touch at a corner are connected. The region is not empty.
    """
    pieces, _ = label(mask, _TOUCHING)
    sizes = np.bincount(pieces[mask])
    main = binary_fill_holes(pieces == int(sizes.argmax()))
    return np.asarray(main), float(1.0 - sizes.max() / sizes.sum())


def borders(mask: Mask, spacing: tuple[float, float]) -> list[Floats]:
    """Closed polygons (n, 2) around a region (rows, columns), the largest first; what they hold has its pixels' area.

    `spacing` is (across, down) in mm. Places are (across, down) in mm from the centre of the first pixel of the slice.
    Around a region they run so that `area` is positive, around a hole in it negative. Empty where the mask is.
    """
    seen = np.nonzero(mask)
    if not len(seen[0]):
        return []
    start = np.array([axis.min() for axis in seen]) - _AROUND
    size = np.array([axis.max() for axis in seen]) + _AROUND + 1 - start
    crop = np.zeros(size, dtype=float)
    crop[tuple(np.subtract(seen, start[:, None]))] = 1.0
    across, down = spacing
    field = gaussian_filter(crop, _SMOOTHING * max(spacing) / np.array([down, across]))
    pixels = len(seen[0])

    def excess(level: float) -> float:
        return abs(sum(map(area, outlines(field, level)))) - pixels

    ends = _LEVELS[0], min(_LEVELS[1], 0.999 * float(field.max()))
    level = brentq(excess, *ends, xtol=_LEVEL_TOLERANCE)
    found = [(outline + start)[:, ::-1] * (across, down) for outline in outlines(field, float(level))]
    return found if area(found[0]) > 0 else [outline[::-1] for outline in found]


def enclosed(polygons: list[Floats]) -> float:
    """The area in mm² that `borders` enclose."""
    return float(sum(map(area, polygons)))


def middle(polygon: Floats) -> Floats:
    """The centre of area (2,) of a closed polygon (n, 2)."""
    x, y = (polygon - polygon[0]).T
    turn = x * np.roll(y, -1) - np.roll(x, -1) * y
    sums = np.array([(x + np.roll(x, -1)) @ turn, (y + np.roll(y, -1)) @ turn])
    return np.asarray(polygon[0] + sums / (3 * turn.sum()))


def chord(polygon: Floats, through: Floats, along: Floats) -> tuple[Floats, Floats]:
    """The ends of the part of a line within a closed polygon, the first against the direction `along` (2,), unit.

    They are the outermost places where the line `through` a place meets the polygon; a place outside of it gives the
    two nearest to the line.
    """
    across = np.array([-along[1], along[0]])
    aside, ahead = (polygon - through) @ across, (polygon - through) @ along
    beyond, further = np.roll(aside, -1), np.roll(ahead, -1)
    meets = (aside > 0) != (beyond > 0)
    if not meets.any():
        nearest = ahead[np.abs(aside).argmin()]
        return through + nearest * along, through + nearest * along
    places = ahead[meets] + (further - ahead)[meets] * aside[meets] / (aside - beyond)[meets]
    return through + places.min() * along, through + places.max() * along


def widest(polygon: Floats, along: Floats) -> tuple[Floats, Floats]:
    """The extent of a closed polygon in the direction `along` (2,), unit, as a line half way between its two ends."""
    ahead = polygon @ along
    first, last = polygon[ahead.argmin()], polygon[ahead.argmax()]
    half = (last - first) @ along / 2 * along
    return (first + last) / 2 - half, (first + last) / 2 + half
