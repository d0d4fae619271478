"""The sub-pixel outline of a sampled section.

scikit-image and contourpy have this too, but measuring runs in Slicer's own process, on what its Python brings.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The four corners of a cell, anticlockwise from (0, 0), and the cell's edges between them.
_CORNERS = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
_EDGES = ((0, 1), (1, 2), (2, 3), (3, 0))


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


def _segments(inside: NDArray[np.bool_]) -> dict[tuple[int, ...], tuple[int, ...]]:
    """From each crossed grid edge (row, column, row, column) to the next one, inside always on the same side."""
    corners = np.stack([inside[i : inside.shape[0] - 1 + i, j : inside.shape[1] - 1 + j] for i, j in _CORNERS])
    mixed = np.argwhere(corners.any(0) & ~corners.all(0))
    following = {}
    for row, column in mixed:
        state = corners[:, row, column]
        entries = [k for k, (a, b) in enumerate(_EDGES) if state[a] and not state[b]]
        for entry in entries:
            leave = next(k % 4 for k in range(entry + 3, entry - 1, -1) if not state[k % 4] and state[(k + 1) % 4])
            following[_edge(row, column, entry)] = _edge(row, column, leave)
    return following


def _edge(row: int, column: int, number: int) -> tuple[int, ...]:
    ends = sorted((int(row + i), int(column + j)) for i, j in _CORNERS[list(_EDGES[number])])
    return (*ends[0], *ends[1])


def _crossings(edges: NDArray[np.int64], values: Floats, level: float) -> Floats:
    low, high = values[edges[:, 0], edges[:, 1]], values[edges[:, 2], edges[:, 3]]
    part = ((level - low) / (high - low))[:, None]
    return np.asarray(edges[:, :2] + part * (edges[:, 2:] - edges[:, :2]))


def area(polygon: Floats) -> float:
    """Signed area of a closed polygon (n, 2) by the shoelace formula."""
    x, y = polygon[:, 0], polygon[:, 1]
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))
