"""Radiographs drawn by rule: a column of vertebrae along a known curve, with what a film shows around it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.draw import polygon

from LumbarSegLib.core.projection import AXES, View, with_projection
from LumbarSegLib.core.spacing import unspaced

Floats = NDArray[np.float64]

VERTEBRA, LATERAL_VERTEBRA, DISC_SPACE = 1, 2, 3
_TISSUE, _RIB, _PELVIS = 0.05, 0.10, 0.12
_READ = {VERTEBRA: 1 / 3, LATERAL_VERTEBRA: 2 / 3, DISC_SPACE: 1.0}
"""Brightness by which `small_model.write_reading_model` tells the classes apart; all that is no class is darker."""


@dataclass(frozen=True)
class DrawnRadiograph:
    """A spine of `vertebrae` blocks in a picture of (rows, columns), the lowest one near the bottom.

    `curves` are the half waves of its bends, each as its share of the column's height from the top (start, end) and its
    sideways reach as a share of the picture's width, positive to the right. `wedge` (degrees) is how much further each
    upper endplate is turned than the lower one. `view` only decides which class the blocks are.
    """

    vertebrae: int = 17
    size: tuple[int, int] = (1000, 500)
    curves: tuple[tuple[float, float, float], ...] = ((0.1, 0.55, 0.06), (0.55, 1.0, -0.05))
    wedge: float = 0.0
    view: View = "frontal"
    top: float = 0.06
    bottom: float = 0.84

    @cached_property
    def corners(self) -> Floats:
        """Truth in pixels (centres of pixels at whole numbers), shape (vertebrae, 4, 2), from the top downward: top
        left, top right, bottom left, bottom right; x to the right, y down.
        """
        across = np.stack([np.cos(self._turns), np.sin(self._turns)], -1)
        down = np.stack([-np.sin(self._turns), np.cos(self._turns)], -1)
        half = np.deg2rad(self.wedge) / 2
        found = []
        for k, (width, height) in enumerate(zip(self.widths, self.heights, strict=True)):
            for sign, side in ((-1, -1), (-1, 1), (1, -1), (1, 1)):  # upper or lower, left or right
                slant = np.tan(-sign * half) * side * width / 2
                middle = self.centres[k] + sign * height / 2 * down[k]
                found.append(middle + side * width / 2 * across[k] + slant * down[k])
        return np.reshape(found, (self.vertebrae, 4, 2))

    @cached_property
    def tilts(self) -> Floats:
        """Truth in degrees, shape (vertebrae, 2): of the upper and the lower endplate of each vertebra, from the top
        downward; positive where its right end in the picture is the lower one.
        """
        turns = np.rad2deg(self._turns)
        return np.stack([turns + self.wedge / 2, turns - self.wedge / 2], -1)

    @cached_property
    def centres(self) -> Floats:
        """Of the blocks in pixels, (x, y), from the top downward."""
        return np.stack([self._x(self._shares), self._y(self._shares)], -1)

    @property
    def widths(self) -> Floats:
        """Of the blocks in pixels, from the top downward: they grow, as vertebrae do."""
        return np.linspace(0.8, 1.3, self.vertebrae) * 0.068 * self.size[0] * self._scale

    @property
    def heights(self) -> Floats:
        """Of the blocks in pixels, from the top downward."""
        return np.linspace(0.78, 1.2, self.vertebrae) * 0.72 * (self.bottom - self.top) * self.size[0] / self.vertebrae

    @cached_property
    def classes(self) -> NDArray[np.uint8]:
        """True semantic map, shape (rows, columns): the blocks, and the spaces between neighbours."""
        classes = np.zeros(self.size, np.uint8)
        for upper, lower in zip(self.corners, self.corners[1:], strict=False):
            _fill(classes, np.stack([upper[2], upper[3], lower[1], lower[0]]), DISC_SPACE)
        for block in self.corners:
            _fill(classes, block[[0, 1, 3, 2]], VERTEBRA if self.view == "frontal" else LATERAL_VERTEBRA)
        return classes

    @property
    def semantic(self) -> sitk.Image:
        """The true semantic map as an image on the grid of `image`."""
        labels = sitk.GetImageFromArray(self.classes[None])
        labels.CopyInformation(self.image)
        return labels

    @cached_property
    def reading_pixels(self) -> NDArray[np.uint16]:
        """12 bit pixels that give the classes away to a reading model: bright blocks with noise, on darker ribs and a
        darker pelvis.
        """
        shown = np.maximum(_TISSUE, self._around_the_spine())
        for value, brightness in _READ.items():
            shown[self.classes == value] = brightness
        noise = np.random.default_rng(0).normal(0, 0.012, self.size)
        noisy = np.clip(shown + noise, 0, 1)
        noisy[0, :2] = 0, 1  # so that the span of brightness is known
        return np.rint(4095 * noisy).astype(np.uint16)

    @property
    def image(self) -> sitk.Image:
        """`reading_pixels` as they are read from a picture: one slice of this view without spacing."""
        image = sitk.GetImageFromArray(self.reading_pixels[None])
        return with_projection(unspaced(image, AXES[self.view]), view=self.view, tells_sides=True)

    @property
    def film(self) -> NDArray[np.uint8]:
        """8 bit pixels as a film shows them, for the real model: bodies with bright rims and pedicles, ribs, pelvis."""
        rows, columns = self.size
        y, x = np.mgrid[:rows, :columns]
        off = (x - self._x(np.clip((y / rows - self.top) / (self.bottom - self.top), 0, 1))) / columns
        shown = 0.34 * np.exp(-((off / 0.42) ** 4)) + 0.10 * np.exp(-((off / 0.12) ** 2)) + 0.12 * y / rows
        shown += 1.1 * gaussian_filter(self._around_the_spine(), 0.002 * rows)
        bodies, rims = np.zeros(self.size), np.zeros(self.size)
        for k, block in enumerate(self.corners):
            ring = block[[0, 1, 3, 2]]
            _fill(bodies, ring, 1.0)
            inner = self.centres[k] + 0.86 * (ring - self.centres[k])
            _fill(rims, ring, 1.0)
            _fill(rims, inner, 0.0)
            for side in (-1, 1):  # pedicles
                middle = self.centres[k] + side * 0.3 * (block[1] - block[0]) - 0.12 * (block[2] - block[0])
                rims += 0.7 * np.exp(-((np.hypot(x - middle[0], y - middle[1]) / (0.1 * self.widths[k])) ** 4))
        shown += 0.2 * gaussian_filter(bodies, 0.0015 * rows) + 0.10 * gaussian_filter(rims, 0.0012 * rows)
        shown += 0.03 * gaussian_filter(np.random.default_rng(1).normal(0, 6, self.size), 0.004 * rows)
        shown += gaussian_filter(np.random.default_rng(0).normal(0, 0.03, self.size), 0.7)
        return np.rint(255 * np.clip(shown, 0, 1)).astype(np.uint8)

    def _around_the_spine(self) -> Floats:
        """Ribs beside the upper two thirds and the wings of the pelvis below, in 0..1."""
        rows, columns = self.size
        y, x = np.mgrid[:rows, :columns]
        shown = np.zeros(self.size)
        for k, (middle, step) in enumerate(zip(self.centres, self.heights, strict=True)):
            if k >= 0.7 * self.vertebrae:
                break
            reach = np.abs(x - middle[0]) / columns
            path = middle[1] + 3.2 * step * reach / 0.35 * (0.35 + reach)
            on_rib = (np.abs(y - path) < 0.16 * step) & (reach > 0.05) & (reach < 0.36)
            shown[on_rib] = _RIB
        for side in (-1, 1):
            middle = self.centres[-1] + (side * 0.27 * columns, 0.05 * rows)
            wing = ((x - middle[0]) / (0.15 * columns)) ** 2 + ((y - middle[1]) / (0.10 * rows)) ** 2
            shown[wing < 1] = _PELVIS
        return shown

    @property
    def _shares(self) -> Floats:
        """How far down the column each block's middle lies, 0 to 1."""
        ends = np.concatenate([[0.0], np.cumsum(np.linspace(0.78, 1.2, self.vertebrae))])
        return (ends[1:] + ends[:-1]) / 2 / ends[-1]

    @property
    def _scale(self) -> float:
        return 17 / self.vertebrae * (self.bottom - self.top) / 0.78

    @property
    def _turns(self) -> Floats:
        """How far each block is turned, in radians, clockwise as the picture is seen."""
        step = 1e-4
        run = self._x(self._shares + step) - self._x(self._shares - step)
        return -np.arctan(run / (self._y(self._shares + step) - self._y(self._shares - step)))

    def _x(self, shares: Any) -> Floats:
        sideways = np.full(np.shape(shares), 0.5)
        for start, end, reach in self.curves:
            phase = np.clip((np.asarray(shares) - start) / (end - start), 0, 1)
            sideways = sideways + reach * np.sin(np.pi * phase) ** 2
        return np.asarray(self.size[1] * sideways)

    def _y(self, shares: Any) -> Floats:
        return np.asarray(self.size[0] * (self.top + np.asarray(shares) * (self.bottom - self.top)))


def _fill(picture: NDArray[Any], ring: Floats, value: float) -> None:
    picture[polygon(ring[:, 1], ring[:, 0], picture.shape)] = value
