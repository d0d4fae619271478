"""The vertebrae of a frontal radiograph drawn anew by corners that a second network reads in patches along them.

The network that draws masks sees a whole film; where it has parted the vertebrae, the second one looks at each alone.
What is drawn is the quadrilateral of the four corners, as readers mark them, and the space between two of these. A
vertebra of which two looks do not agree, or whose corners would lie elsewhere than it does, stays as it was drawn.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from LumbarSegLib.core import vertebra_patches
from LumbarSegLib.core.anatomy import kinds_of
from LumbarSegLib.core.disc_spaces import cut_along
from LumbarSegLib.core.measure.outline import Floats
from LumbarSegLib.core.measure.radiograph.corners import find_corners
from LumbarSegLib.core.pieces import Piece, column_of
from LumbarSegLib.core.radiograph import FLATNESS
from LumbarSegLib.core.vertebra_patches import Pixels

Labels = NDArray[np.uint8]
Look = Callable[[Pixels], Pixels]
"""A network: patches (n, rows, columns) of any intensities to maps of logits (n, 4, rows, columns)."""

_LOOKS = 2  # one after the other; the second patch lies along what the first look has read
_APART = 0.15  # widths between the corners that a look and that at the mirrored patch read
_MOVED = 0.35  # widths that the middle of a vertebra may move
_CLOSED = 0.25  # of the longest side; a quadrilateral that is lower is no vertebra
_LEAST_SPACE_PX = 3.0  # between two vertebrae, so that they stay apart
_VERTEBRA, _SPACE = (kinds_of("xray")[kind].label for kind in ("vertebra", "disc_space"))


def redrawn(labels: Labels, pixels: Pixels, spacing: tuple[float, float], look: Look) -> Labels:
    """A semantic map (rows, columns) of a frontal radiograph with its vertebrae drawn anew.

    `pixels` is the radiograph on the same grid, whose pixels measure `spacing` (across, down).
    """
    vertebrae = cut_along(labels == _SPACE, labels == _VERTEBRA)
    pieces = [(one, _corners_of(one, spacing)) for one in column_of(vertebrae, spacing, FLATNESS["frontal"]).pieces]
    known = [(one, corners) for one, corners in pieces if corners is not None]
    if not known:
        return labels
    first = np.array([corners for _, corners in known])
    corners, sure = _read(first, pixels, spacing, look)
    drawn = labels.copy()
    for (piece, _), keep in zip(known, sure, strict=True):
        if keep:
            drawn[tuple(piece.pixels.T)] = 0
    _draw(drawn, corners / np.array(spacing), sure)
    return drawn


def _corners_of(piece: Piece, spacing: tuple[float, float]) -> Floats | None:
    """The corners (4, 2) of a piece as its outline shows them, None where it shows none."""
    start = piece.pixels.min(0)
    mask = np.zeros(np.ptp(piece.pixels, axis=0) + 1, bool)
    mask[tuple((piece.pixels - start).T)] = True
    found = find_corners(mask, spacing, "", -piece.along)
    return None if isinstance(found, str) else found.places + start[::-1] * np.array(spacing)


def _read(first: Floats, pixels: Pixels, spacing: tuple[float, float], look: Look) -> tuple[Floats, NDArray[np.bool_]]:
    """The corners (n, 4, 2) that are read where vertebrae have about the `first` ones, and which can be believed."""
    evened = vertebra_patches.evened(pixels, spacing, float(np.median(vertebra_patches.along(first).widths)))
    corners = first
    for _ in range(_LOOKS):
        frames = vertebra_patches.along(corners)
        patches = vertebra_patches.cut(evened, spacing, frames)
        straight = vertebra_patches.read(look(patches))
        turned = vertebra_patches.mirrored(vertebra_patches.read(look(patches[..., ::-1])))
        corners = frames.leave((straight + turned) / 2)
    apart = np.linalg.norm(straight - turned, axis=-1).max(1) / vertebra_patches.WIDTH_PX
    frames = vertebra_patches.along(first)
    moved = np.linalg.norm(corners.mean(1) - frames.middles, axis=1) / frames.widths
    return corners, (apart < _APART) & (moved < _MOVED) & _are_vertebrae(corners)


def _are_vertebrae(corners: Floats) -> NDArray[np.bool_]:
    """Whether each quadrilateral (n, 4, 2) turns one way at all its corners and is not closed."""
    sides = np.roll(corners, -1, axis=1) - corners
    following = np.roll(sides, -1, axis=1)
    turns = sides[..., 0] * following[..., 1] - sides[..., 1] * following[..., 0]
    return np.asarray(turns.min(1) > _CLOSED**2 * (sides**2).sum(-1).max(1))


def _draw(labels: Labels, corners: Floats, sure: NDArray[np.bool_]) -> None:
    """Draw the vertebrae whose corners (n, 4, 2), in pixels, from the lowest upward, are `sure`, and what lies between
    two neighbours of them.
    """
    for k in np.flatnonzero(sure):
        _fill(labels, corners[k], _VERTEBRA)
    for lower in np.flatnonzero(sure[1:] & sure[:-1]):
        above, below = corners[lower + 1][[3, 2]], corners[lower][[0, 1]]
        middle, half = (above + below) / 2, (below - above) / 2
        half[:, 1] = np.maximum(half[:, 1], _LEAST_SPACE_PX / 2)
        _fill(labels, np.concatenate([middle - half, (middle + half)[::-1]]), _SPACE)


def _fill(labels: Labels, ring: Floats, value: int) -> None:
    """Give a value to the pixels whose centres lie in a convex polygon (n, 2), clockwise."""
    low = np.maximum(np.floor(ring.min(0)).astype(int), 0)
    high = np.minimum(np.ceil(ring.max(0)).astype(int) + 1, labels.shape[::-1])
    x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    inside = np.ones(x.shape, bool)
    for start, end in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        inside &= (end[0] - start[0]) * (y - start[1]) - (end[1] - start[1]) * (x - start[0]) >= 0
    labels[low[1] : high[1], low[0] : high[0]][inside] = value
