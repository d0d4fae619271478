"""The vertebrae of a frontal radiograph drawn anew by corners that a second network reads in patches along them.

The network that draws masks sees a whole film; where it has parted the vertebrae, the second one looks at each alone.
What is drawn is the quadrilateral of the four corners, as readers mark them, and the space between two of these. In
gaps of the column it looks too; what turns out to be one vertebra is drawn once. A vertebra of which two looks do not
agree, or whose corners would lie elsewhere than it does, stays as it was drawn; so does a whole film on which it reads
all vertebrae larger or smaller, as it does on films unlike those that it learned from.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from LumbarSegLib.core import vertebra_patches
from LumbarSegLib.core.anatomy import Numbering, kinds_of
from LumbarSegLib.core.disc_spaces import cut_along
from LumbarSegLib.core.measure.outline import Floats, area
from LumbarSegLib.core.measure.radiograph.corners import find_corners
from LumbarSegLib.core.pieces import Piece, column_of
from LumbarSegLib.core.radiograph import FLATNESS, ends_at_sacrum
from LumbarSegLib.core.vertebra_patches import Pixels

Labels = NDArray[np.uint8]
Look = Callable[[Pixels], Pixels]
"""A network: patches (n, rows, columns) of any intensities to maps of logits (n, 4, rows, columns)."""

_APART = 0.15  # widths between the corners that a look and that at the mirrored patch read
_MOVED = 0.35  # widths that the middle of a vertebra may move
_AS_LARGE = (0.87, 1.15)
"""Areas of the vertebrae as they are read, in areas of what was drawn, the median over a film: 0.88 to 1.13 on 36 real
films that the network did not learn from, less on drawn ones, whose edges look otherwise.
"""
_CLOSED = 0.25  # of the longest side; a quadrilateral that is lower is no vertebra
_OVERLAP = 0.25  # heights that two neighbours may reach into one another; beyond, they are no two vertebrae
_HIDDEN = 1.6  # usual steps from one vertebra to the next; beyond, one between them was not drawn
_NEAR = 4  # steps on either side by which a step is usual
_LEAST_SPACE_PX = 3.0  # between two vertebrae, so that they stay apart
_VERTEBRA, _SPACE = (kinds_of("xray")[kind].label for kind in ("vertebra", "disc_space"))


def redrawn(labels: Labels, pixels: Pixels, spacing: tuple[float, float], look: Look) -> Labels:
    """A semantic map (rows, columns) of a frontal radiograph with its vertebrae drawn anew.

    `pixels` is the radiograph on the same grid, whose pixels measure `spacing` (across, down).
    """
    vertebrae = cut_along(labels == _SPACE, labels == _VERTEBRA)
    column = column_of(vertebrae, spacing, FLATNESS["frontal"])
    # What names the vertebrae tells the top of a sacrum by how small it was drawn.
    unseen = 1 if ends_at_sacrum(column, len(Numbering("L5/S1").levels())) else 0
    pieces = column.pieces[unseen:]
    if not pieces:
        return labels
    first = np.array([_corners_of(one, spacing) for one in pieces])
    evened = vertebra_patches.evened(pixels, spacing, float(np.median(vertebra_patches.along(first).widths)))
    starts, of_piece = _without_gaps(*_read(first, evened, spacing, look))
    read, apart = _read(starts, evened, spacing, look)
    expected = np.where(of_piece[:, None, None] >= 0, first[of_piece], starts)
    sure = (apart < _APART) & (_moved(expected, read) < _MOVED) & _are_vertebrae(read)
    low, high = _AS_LARGE
    if not sure.any() or not low <= np.median((_areas(read) / _areas(expected))[sure]) <= high:
        return labels
    corners = np.where(sure[:, None, None], read, expected)
    shown = [k for k in _once(corners, apart) if sure[k] or of_piece[k] >= 0]
    kept = [*column.pieces[:unseen], *(pieces[of_piece[k]] for k in shown if not sure[k])]
    drawn = _without(labels, column.pieces, kept)
    _draw(drawn, corners[shown] / np.array(spacing), sure[shown])
    return drawn


def _corners_of(piece: Piece, spacing: tuple[float, float]) -> Floats:
    """The corners (4, 2) of a piece as its outline shows them; of one that shows none, those of a block of its size."""
    start = piece.pixels.min(0)
    mask = np.zeros(np.ptp(piece.pixels, axis=0) + 1, bool)
    mask[tuple((piece.pixels - start).T)] = True
    found = find_corners(mask, spacing, "", -piece.along)
    if not isinstance(found, str):
        return found.places + start[::-1] * np.array(spacing)
    across = np.array([piece.along[1], -piece.along[0]]) * piece.width / 2
    down = piece.along * piece.height / 2
    return piece.middle + np.array([-across - down, across - down, across + down, down - across])


def _read(starts: Floats, evened: Pixels, spacing: tuple[float, float], look: Look) -> tuple[Floats, Floats]:
    """The corners (n, 4, 2) that are read in patches along others, and how far (n,) two looks at each part at most, in
    widths.
    """
    frames = vertebra_patches.along(starts)
    patches = vertebra_patches.cut(evened, spacing, frames)
    straight = vertebra_patches.read(look(patches))
    turned = vertebra_patches.mirrored(vertebra_patches.read(look(patches[..., ::-1])))
    apart = np.linalg.norm(straight - turned, axis=-1).max(1) / vertebra_patches.WIDTH_PX
    return frames.leave((straight + turned) / 2), apart


def _moved(expected: Floats, read: Floats) -> Floats:
    """How far the middles of vertebrae (n, 4, 2) lie from where they were expected, in widths (n,)."""
    frames = vertebra_patches.along(expected)
    return np.asarray(np.linalg.norm(read.mean(1) - frames.middles, axis=1) / frames.widths)


def _areas(corners: Floats) -> Floats:
    """Of quadrilaterals (n, 4, 2), (n,)."""
    return np.array([area(one) for one in corners])


def _once(corners: Floats, apart: Floats) -> list[int]:
    """Which of the corners (n, 4, 2), from the lowest upward, to keep so that no vertebra is there twice: those about
    which the looks part less.
    """
    heights = np.linalg.norm(corners[:, 2:].mean(1) - corners[:, :2].mean(1), axis=1)
    downward = vertebra_patches.along(corners).down
    kept = [0]
    for k in range(1, len(corners)):
        last = kept[-1]
        space = (corners[last, :2] - corners[k, [3, 2]]) @ (downward[last] + downward[k]) / 2
        if space.min() > -_OVERLAP * min(heights[k], heights[last]):
            kept.append(k)
        elif apart[k] < apart[last]:
            kept[-1] = k
    return kept


def _without_gaps(read: Floats, apart: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """The corners (n, 4, 2) that were read, each vertebra once, and those that must lie in the gaps of the column; and
    which of the given ones each is, -1 for one in a gap.
    """
    kept = _once(read, apart)
    steps = np.linalg.norm(np.diff(read[kept].mean(1), axis=0), axis=1)
    found, of_given = [read[kept[0]]], [kept[0]]
    for place, (below, k) in enumerate(pairwise(kept)):
        usual = float(np.median(steps[max(0, place - _NEAR) : place + _NEAR + 1]))
        missing = round(steps[place] / usual) - 1 if steps[place] > _HIDDEN * usual else 0
        shares = np.arange(1, missing + 1)[:, None, None] / (missing + 1)
        found += [*((1 - shares) * read[below] + shares * read[k]), read[k]]
        of_given += [-1] * missing + [k]
    return np.array(found), np.array(of_given, np.intp)


def _without(labels: Labels, pieces: Sequence[Piece], kept: Sequence[Piece]) -> Labels:
    """The map with the kept ones of the pieces of a column alone, without what was lost between the others, and without
    spaces; what lies beside the column stays.
    """
    drawn = np.where(labels == _SPACE, 0, labels).astype(np.uint8)
    numbers, _ = label(labels == _VERTEBRA)
    column = np.unique(np.concatenate([numbers[tuple(piece.pixels.T)] for piece in pieces]))
    drawn[np.isin(numbers, column[column > 0])] = 0
    for piece in kept:
        drawn[tuple(piece.pixels.T)] = _VERTEBRA
    return drawn


def _are_vertebrae(corners: Floats) -> NDArray[np.bool_]:
    """Whether each quadrilateral (n, 4, 2) turns one way at all its corners and is not closed."""
    sides = np.roll(corners, -1, axis=1) - corners
    following = np.roll(sides, -1, axis=1)
    turns = sides[..., 0] * following[..., 1] - sides[..., 1] * following[..., 0]
    return np.asarray(turns.min(1) > _CLOSED**2 * (sides**2).sum(-1).max(1))


def _draw(labels: Labels, corners: Floats, sure: NDArray[np.bool_]) -> None:
    """Draw the vertebrae whose corners (n, 4, 2), in pixels, from the lowest upward, are `sure`, and what lies between
    any two neighbours.
    """
    for k in np.flatnonzero(sure):
        _fill(labels, corners[k], _VERTEBRA)
    for below, above in pairwise(corners):
        upper, lower = above[[3, 2]], below[[0, 1]]
        middle, half = (upper + lower) / 2, (lower - upper) / 2
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
