"""Whether the four corners of each vertebra of a frontal radiograph can be believed."""

import numpy as np
from numpy.typing import NDArray

Corners = NDArray[np.float64]
"""(vertebrae from the top, 4, 2): top left, top right, bottom left, bottom right; x to the right, y down, in pixels."""

_RING = [0, 1, 3, 2]
_BORDER_PX = 1.0


def fault(corners: Corners, size: tuple[int, int]) -> str:
    """What is wrong with the corners in a picture of (rows, columns), or nothing.

    Each quadrilateral must be convex, its corners in their order, within the picture.
    """
    for number, quadrilateral in enumerate(corners, 1):
        reason = _fault_of_one(quadrilateral, size)
        if reason:
            return f"vertebra {number} from the top {reason}"
    return ""


def _fault_of_one(corners: Corners, size: tuple[int, int]) -> str:
    ring = corners[_RING]
    if not np.isfinite(ring).all():
        return "has a corner that is no number"
    low, high = -_BORDER_PX, np.array(size[::-1]) - 1 + _BORDER_PX
    if (ring < low).any() or (ring > high).any():
        return "lies partly outside the image"
    edges = np.roll(ring, -1, 0) - ring
    following = np.roll(edges, -1, 0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    if (turns < 0).all():
        return "has its corners in a wrong order (mirrored or turned over)"
    if (turns <= 0).any():
        return "has crossed sides or a corner that points inwards"
    return ""
