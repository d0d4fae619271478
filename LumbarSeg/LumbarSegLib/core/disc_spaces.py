"""Vertebrae kept apart where a disc space was seen between them but not over their whole width."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

_FLAT = 2.6  # how much longer than high a disc space is at least; seen whole it is 4 to 6 times
_SEEN = 0.4  # of the way across the column, the least of it that is seen as disc space
_HALF_WIDTH = 0.75  # pixels, of a cut; vertebrae that it parts touch at no side
_STEP = 0.5  # pixels


def cut_along(spaces: Mask, vertebrae: Mask) -> Mask:
    """The vertebrae (rows, columns) without those pixels that carry a disc space on to both sides of the column."""
    parted = vertebrae.copy()
    numbers, _ = label(spaces, np.ones((3, 3)))
    for number, box in enumerate(find_objects(numbers), start=1):
        places = np.argwhere(numbers[box] == number) + np.array([box[0].start, box[1].start], dtype=float)
        middle = places.mean(axis=0)
        spread, ways = np.linalg.eigh((places - middle).T @ (places - middle) / len(places) + 1e-9 * np.eye(2))
        if spread[1] < _FLAT**2 * spread[0]:
            continue
        way = ways[:, 1]
        along = (places - middle) @ way
        ends = [_end(middle, side * way, float((side * along).max()), spaces | vertebrae) for side in (1.0, -1.0)]
        if np.ptp(along) >= _SEEN * sum(ends):
            _cut(parted, middle, way, -ends[1], ends[0])
    return parted


def _end(middle: Floats, way: Floats, start: float, column: Mask) -> float:
    """How far from the middle of a space the column reaches in a direction, from the end of the space outward."""
    farthest = float(max(column.shape))
    places = np.arange(max(start, 0.0), farthest, _STEP)
    rows, columns = np.rint(middle[:, None] + way[:, None] * places).astype(int)
    inside = (rows >= 0) & (columns >= 0) & (rows < column.shape[0]) & (columns < column.shape[1])
    inside[inside] = column[rows[inside], columns[inside]]
    beyond = np.flatnonzero(~inside[1:])
    return float(places[beyond[0] + 1] if len(beyond) else places[-1])


def _cut(parted: Mask, middle: Floats, way: Floats, start: float, end: float) -> None:
    """Take away what lies on the line between two places along a direction."""
    ends = np.stack([middle + start * way, middle + end * way])
    low = np.maximum(np.floor(ends.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(ends.max(axis=0)).astype(int) + 2, parted.shape)
    rows, columns = np.mgrid[low[0] : high[0], low[1] : high[1]]
    away = np.stack([rows - middle[0], columns - middle[1]], axis=-1)
    on_line = (np.abs(away @ np.array([-way[1], way[0]])) <= _HALF_WIDTH) & (away @ way >= start) & (away @ way <= end)
    parted[low[0] : high[0], low[1] : high[1]][on_line] = False
