"""Patches of a radiograph, each laid along one vertebra, and the corners that a network answers in them.

A network that draws all vertebrae at once sees each at the tilt, size and place that it has. Laid along a vertebra that
was found, a patch shows it upright, always as wide, with both its neighbours; so a small network can say where exactly
its four corners are.

Everything here is 2D: places (x, y) to the right and down, in mm, or in pixels where these have no size. Corners (4, 2)
run from the upper left one along the upper endplate to the right, down and to the left again.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from LumbarSegLib.core.measure.outline import Floats

Pixels = NDArray[np.float32]

SIZE = (96, 80)
"""Rows and columns of a patch."""
WIDTH_PX = 32.0
"""How wide the vertebra that a patch is laid along is in it."""
_BLUR = 0.4  # standard deviation in pixels for each time that the pixels of an image are finer than those of a patch
_MIRRORED = [1, 0, 3, 2]  # the corners of a vertebra whose left and right are exchanged


@dataclass(frozen=True, eq=False)
class Frames:
    """Where patches lie: their `middles` (n, 2), the unit vectors `across` (n, 2) along their rows, and how long the
    `widths` (n,) are that count as `WIDTH_PX`.
    """

    middles: Floats
    across: Floats
    widths: Floats

    @property
    def down(self) -> Floats:
        return np.stack([-self.across[:, 1], self.across[:, 0]], -1)

    def enter(self, corners: Floats) -> Floats:
        """Corners (n, 4, 2) as places in patches: pixels from the middle."""
        away = (corners - self.middles[:, None]) * (WIDTH_PX / self.widths)[:, None, None]
        axes = np.stack([self.across, self.down], 1)
        return np.einsum("nkx,nax->nka", away, axes)

    def leave(self, places: Floats) -> Floats:
        """The corners (n, 4, 2) that lie at places in patches: the way back of `enter`."""
        axes = np.stack([self.across, self.down], 1)
        away = np.einsum("nka,nax->nkx", places, axes)
        return np.asarray(self.middles[:, None] + away * (self.widths / WIDTH_PX)[:, None, None])


def along(corners: Floats) -> Frames:
    """The frames of vertebrae with corners (n, 4, 2): along the line between the middles of their two sides."""
    left, right = corners[:, [0, 3]].mean(1), corners[:, [1, 2]].mean(1)
    widths = np.linalg.norm(right - left, axis=1)
    return Frames(corners.mean(1), (right - left) / widths[:, None], widths)


def evened(pixels: Pixels, spacing: tuple[float, float], width: float) -> Pixels:
    """An image (rows, columns) without what is finer than the pixels of patches where vertebrae are about so wide;
    `spacing` is (across, down) of its pixels.
    """
    times = [width / WIDTH_PX / side for side in spacing[::-1]]
    return np.asarray(gaussian_filter(pixels, [_BLUR * max(one - 1.0, 0.0) for one in times]), np.float32)


def cut(pixels: Pixels, spacing: tuple[float, float], frames: Frames) -> Pixels:
    """Patches (n, rows, columns) of an evened image, its border carried on; places count from its first pixel."""
    row, column = (np.arange(side) - (side - 1) / 2 for side in SIZE)
    steps = np.stack(np.meshgrid(column, row), -1) / WIDTH_PX
    axes = np.stack([frames.across, frames.down], 1) * frames.widths[:, None, None]
    places = frames.middles[:, None, None] + np.einsum("rca,nax->nrcx", steps, axes)
    x, y = np.moveaxis(places / spacing, -1, 0)
    return np.asarray(map_coordinates(pixels, [y, x], order=1, mode="nearest"), np.float32)


def read(heat: Pixels) -> Floats:
    """Places (n, 4, 2) in patches that maps (n, 4, rows, columns) answer: the mean place under the softmax of each."""
    flat = heat.reshape(*heat.shape[:2], -1).astype(np.float64)
    weight = np.exp(flat - flat.max(-1, keepdims=True))
    weight = (weight / weight.sum(-1, keepdims=True)).reshape(heat.shape)
    row, column = (np.arange(side) - (side - 1) / 2 for side in SIZE)
    return np.stack([weight.sum(2) @ column, weight.sum(3) @ row], -1)


def mirrored(places: Floats) -> Floats:
    """Places (n, 4, 2) in patches whose left and right are exchanged."""
    return np.asarray(places[:, _MIRRORED] * (-1.0, 1.0))
