"""The three angles of the AASCE 2019 challenge and its score, so that figures can stand beside published ones.

The challenge takes no endplates. Of each vertebra it takes the line from the middle of its left to the middle of its
right side, and of all pairs of vertebrae the two whose lines part most: theirs is the first angle. Where the column
bends to one side only, the others are those from the uppermost line to that of the upper of the two and from that of
the lower one to the lowest line. Where it crosses the line between its ends, the second is the largest angle of the
upper one with any vertebra above it. The third is that of the lower one with any below it, where the pair lies in the
upper half of the image; else the largest that the end of the second angle makes with a vertebra above that.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def three_angles(corners: Floats, rows: int) -> Floats:
    """The angles (3,) in degrees, the largest first, of vertebrae from the top downward with corners (n, 4, 2).

    Corners run top left, top right, bottom left, bottom right, as the challenge lists them, x to the right and y down
    in pixels; `rows` is the height of the image in pixels.
    """
    across = corners[:, [1, 3]].mean(axis=1) - corners[:, [0, 2]].mean(axis=1)
    directions = across / np.linalg.norm(across, axis=1, keepdims=True)
    between = np.degrees(np.arccos(np.clip(directions @ directions.T, 0.0, 1.0)))
    upper, lower = sorted(int(place) for place in np.unravel_index(int(between.argmax()), between.shape))
    middles = corners.reshape(-1, 2, 2).mean(axis=1)
    if not _crosses(middles):
        return np.array([between[upper, lower], between[0, upper], between[lower, -1]])
    above = between[upper, : upper + 1]
    if middles[2 * upper, 1] + middles[2 * lower, 1] < rows:
        return np.array([between[upper, lower], above.max(), between[lower, lower:].max()])
    end = int(above.argmax())
    return np.array([between[upper, lower], above.max(), between[end, : end + 1].max()])


def smape(found: Floats, true: Floats) -> float:
    """The challenge's score of the angles (3,) of one radiograph in per cent: the sum of what they are off over the sum
    of both. The score of a set is the mean over its radiographs.
    """
    return float(100 * np.abs(found - true).sum() / max(float(np.sum(found + true)), 1e-9))


def _crosses(middles: Floats) -> bool:
    """Whether points of the column lie on both sides of the line from its first to its last one."""
    first, last = middles[0], middles[-1]
    way = last - first
    aside = (middles[1:-1, 0] - first[0]) * way[1] - (middles[1:-1, 1] - first[1]) * way[0]
    return bool((aside > 0).any() and (aside < 0).any())
