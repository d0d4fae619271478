"""Whether the four corners of each vertebra of a frontal radiograph can be believed.

The limits were set on the training part of AASCE with overlays beside them: what lies beyond them is visibly wrong.
There the distance between the centres of two neighbours is 1.2 to 1.65 times their height on 90 % of the images.
"""

import numpy as np
from numpy.typing import NDArray

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
    for number, one in enumerate(corners, 1):
        reason = _fault_of_shape(one, size)
        if reason:
            return f"vertebra {number} {reason}"
    return _fault_of_sizes(corners)


def _fault_of_shape(corners: Corners, size: tuple[int, int]) -> str:
    ring = corners[_RING]
    if not np.isfinite(ring).all():
        return "has a corner that is no number"
    low, high = -_BORDER_PX, np.array(size[::-1]) - 1 + _BORDER_PX
    if (ring < low).any() or (ring > high).any():
        return "lies partly outside the image"
    turns = _cross(np.roll(ring, -1, 0) - ring, np.roll(ring, -2, 0) - np.roll(ring, -1, 0))
    if (turns < 0).all() or (ring[0, 0] >= ring[1, 0] and ring[3, 0] >= ring[2, 0]):
        return "has its corners in a wrong order"
    if (turns <= 0).any():
        return "has crossed sides or a corner that points inwards"
    return ""


def _fault_of_sizes(corners: Corners) -> str:
    order = np.argsort(corners[:, :, 1].mean(1))
    ring = corners[order][:, _RING]
    widths = 0.5 * (np.linalg.norm(ring[:, 1] - ring[:, 0], axis=1) + np.linalg.norm(ring[:, 2] - ring[:, 3], axis=1))
    heights = 0.5 * _cross(ring, np.roll(ring, -1, 1)).sum(1) / widths
    for what, sizes in (("wide", widths), ("high", heights)):
        nearby = np.array([np.median(sizes[max(0, i - _NEIGHBOURS) : i + _NEIGHBOURS + 1]) for i in range(len(sizes))])
        absurd = np.flatnonzero((sizes > _SIZE_FACTOR * nearby) | (sizes * _SIZE_FACTOR < nearby))
        if absurd.size:
            first = absurd[0]
            return (
                f"vertebra {order[first] + 1} is {sizes[first] / nearby[first]:.2f} times as {what} as those beside it"
            )
    if len(corners) < 2:
        return ""
    steps = np.linalg.norm(np.diff(ring.mean(1), axis=0), axis=1) / (0.5 * (heights[1:] + heights[:-1]))
    if steps.min() < _NEAREST_CENTRES:
        first = int(steps.argmin())
        return f"vertebrae {order[first] + 1} and {order[first + 1] + 1} cover each other"
    if np.median(steps) > _FARTHEST_CENTRES:
        return "only a strip of each vertebra is marked"
    return ""


def _cross(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    product: NDArray[np.float64] = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    return product
