"""The sub-pixel outline of a sampled section.

scikit-image and contourpy have this too, but measuring runs in Slicer's own process, on what its Python brings.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The four corners of a cell, anticlockwise from (0, 0), and the cell's edges between them: where each starts in the
# cell and whether it runs along the columns.
_CORNERS = ((0, 0), (1, 0), (1, 1), (0, 1))
_EDGES = ((0, 0, 0), (1, 0, 1), (0, 1, 0), (0, 0, 1))


def outlines(values: NDArray[np.floating], level: float = 0.5) -> list[Floats]:
    """Closed polygons (n, 2) in index units where a 2D array crosses `level`, the one around most area first.

    The array is taken as below `level` beyond its border, so that every polygon closes.
    """
    padded = np.pad(values.astype(float), 1, constant_values=min(float(values.min()), level) - 1.0)
    following = _segments(padded >= level)
    polygons = []
    while following:
        first, edge = following.popitem()
        chain = [first]
        while edge != first:
            chain.append(edge)
            edge = following.pop(edge)
        polygons.append(_crossings(np.array(chain), padded, level) - 1.0)
    return sorted(polygons, key=lambda polygon: -abs(area(polygon)))


def _segments(inside: NDArray[np.bool_]) -> dict[int, int]:
    """From each crossed grid edge to the next one, inside always on the same side.

    An edge is twice the flat index of its first point, and one more where it runs along the columns.
    """
    rows, columns = inside.shape
    corners = np.stack([inside[i : rows - 1 + i, j : columns - 1 + j] for i, j in _CORNERS])
    row, column = np.nonzero(corners.any(0) & ~corners.all(0))
    state = corners[:, row, column]
    edges = np.stack([2 * ((row + i) * columns + column + j) + along for i, j, along in _EDGES])
    following: dict[int, int] = {}
    for entry in range(4):
        enters = np.flatnonzero(state[entry] & ~state[(entry + 1) % 4])
        leave = np.full(len(enters), entry)
        for k in ((entry + turn) % 4 for turn in (1, 2, 3)):
            leave[~state[k, enters] & state[(k + 1) % 4, enters]] = k
        following.update(zip(edges[entry, enters].tolist(), edges[leave, enters].tolist(), strict=True))
    return following


def _crossings(edges: NDArray[np.int64], values: Floats, level: float) -> Floats:
    first, along = edges // 2, edges % 2
    start = np.stack(np.unravel_index(first, values.shape), axis=1)
    low, high = values.ravel()[first], values.ravel()[first + np.where(along == 1, 1, values.shape[1])]
    part = (level - low) / (high - low)
    return np.asarray(start + np.stack([part * (along == 0), part * (along == 1)], axis=1))


def area(polygon: Floats) -> float:
    """Signed area of a closed polygon (n, 2) by the shoelace formula."""
    x, y = polygon[:, 0], polygon[:, 1]
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


def evenly(outline: Floats, step: float) -> Floats:
    """The closed outline (n, 2) as points at equal distances of about `step` mm."""
    closed = np.concatenate([outline, outline[:1]])
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    places = np.linspace(0.0, length[-1], max(8, round(length[-1] / step)), endpoint=False)
    return np.stack([np.interp(places, length, closed[:, axis]) for axis in (0, 1)], axis=1)
