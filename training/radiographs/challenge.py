"""The three Cobb angles of AASCE 2019 and how they were scored there (Wang et al., Med Image Anal 72:102115, 2021).

The challenge measures all curves on the vertebrae's middle lines, from the middle of the left side to that of the right
one: the largest angle between any two, and one angle above and one below it, or two above it where the spine bends both
ways and the largest lies in the lower half of the picture.
"""

import numpy as np

from LumbarSegLib.core.measure.grid import Floats
from training.data.corners import Corners


def three_angles(corners: Corners, rows: int) -> Floats:
    """The largest angle, then the two others, in degrees (3,), of corners (vertebrae, 4, 2) from the top downward in a
    picture of so many rows.
    """
    left, right = corners[:, [0, 2]].mean(1), corners[:, [1, 3]].mean(1)
    ways = right - left
    ways = ways / np.linalg.norm(ways, axis=1, keepdims=True)
    angles = np.degrees(np.arccos(np.clip(ways @ ways.T, -1.0, 1.0)))
    upper, lower = sorted(np.unravel_index(int(angles.argmax()), angles.shape))
    middles = corners.mean(1)
    above, below = angles[0, upper], angles[lower, -1]
    if _bends_both_ways(middles):
        if middles[upper, 1] + middles[lower, 1] < rows:
            below = angles[lower, lower:].max()
        else:
            end = int(angles[upper, : upper + 1].argmax())
            above, below = angles[upper, end], angles[end, : end + 1].max()
    return np.array([angles[upper, lower], above, below])


def _bends_both_ways(middles: Floats) -> bool:
    """Whether the middles of the vertebrae lie on both sides of the line from the first to the last."""
    along = middles[-1] - middles[0]
    aside = (middles[1:-1] - middles[0]) @ np.array([along[1], -along[0]])
    return bool((aside > 0).any() and (aside < 0).any())


def smape(found: Floats, true: Floats) -> float:
    """Symmetric mean absolute percentage error of the angles (3,) of one radiograph, in percent."""
    return float(100 * np.abs(found - true).sum() / max(np.sum(found + true), 1e-9))
