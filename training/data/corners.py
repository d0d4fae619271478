"""Whether the four corners of each vertebra of a frontal radiograph can be believed.

The limits were set on the training part of AASCE with overlays beside them: what lies beyond them is visibly wrong.
There the distance between the centres of two neighbours is 1.2 to 1.65 times their height on 90 % of the images.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

Corners = NDArray[np.float64]
"""(vertebrae, 4, 2): top left, top right, bottom left, bottom right; x to the right, y down, in pixels."""

_RING = [0, 1, 3, 2]
_BORDER_PX = 1.0
_NEIGHBOURS = 3  # on either side, whose median size a vertebra is held against
_SIZE_FACTOR = 3.0
_NEAREST_CENTRES = 0.75  # of the vertebrae's height; nearer ones are the same vertebra twice
_FARTHEST_CENTRES = 2.0  # in the median of an image; beyond it only a strip of each vertebra is marked


def fault(corners: Corners, size: tuple[int, int]) -> str:
    """What is wrong with the corners in a picture of (rows, columns), or nothing.

    In which order the vertebrae are listed does not matter: several images of AASCE list the topmost one last.
    """
    return _fault_of_shapes(corners[:, _RING], size) or _fault_of_sizes(corners[:, _RING])


def _fault_of_shapes(rings: Corners, size: tuple[int, int]) -> str:
    low, high = -_BORDER_PX, np.array(size[::-1]) - 1 + _BORDER_PX
    following = np.roll(rings, -1, 1)
    turns = _cross(following - rings, np.roll(rings, -2, 1) - following)
    swapped = (rings[:, 0, 0] >= rings[:, 1, 0]) & (rings[:, 3, 0] >= rings[:, 2, 0])
    faults = {
        "has a corner that is no number": ~np.isfinite(rings).all((1, 2)),
        "lies partly outside the image": ((rings < low) | (rings > high)).any((1, 2)),
        "has its corners in a wrong order": (turns < 0).all(1) | swapped,
        "has crossed sides or a corner that points inwards": (turns <= 0).any(1),
    }
    return next((f"vertebra {np.argmax(bad) + 1} {words}" for words, bad in faults.items() if bad.any()), "")


def _fault_of_sizes(rings: Corners) -> str:
    order = np.argsort(rings[:, :, 1].mean(1))
    rings = rings[order]
    widths = 0.5 * (
        np.linalg.norm(rings[:, 1] - rings[:, 0], axis=1) + np.linalg.norm(rings[:, 2] - rings[:, 3], axis=1)
    )
    heights = 0.5 * _cross(rings, np.roll(rings, -1, 1)).sum(1) / widths
    for what, sizes in (("wide", widths), ("high", heights)):
        times = sizes / median_filter(sizes, 2 * _NEIGHBOURS + 1, mode="mirror")
        absurd = np.flatnonzero((times > _SIZE_FACTOR) | (times * _SIZE_FACTOR < 1))
        if absurd.size:
            return f"vertebra {order[absurd[0]] + 1} is {times[absurd[0]]:.2f} times as {what} as those beside it"
    if len(rings) < 2:
        return ""
    steps = np.linalg.norm(np.diff(rings.mean(1), axis=0), axis=1) / (0.5 * (heights[1:] + heights[:-1]))
    if steps.min() < _NEAREST_CENTRES:
        first = int(steps.argmin())
        return f"vertebrae {order[first] + 1} and {order[first + 1] + 1} cover each other"
    if np.median(steps) > _FARTHEST_CENTRES:
        return "only a strip of each vertebra is marked"
    return ""


def _cross(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    product: NDArray[np.float64] = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    return product
