"""Radiographs drawn by formula: quadrilaterals along a column whose tilts, and so its Cobb angles, are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from skimage.draw import polygon

from LumbarSegLib.core.anatomy import Numbering, kinds_of
from LumbarSegLib.core.projection import AXES, View, with_projection
from LumbarSegLib.core.spacing import unspaced

Floats = NDArray[np.float64]

TOP_DOWN = tuple(level.vertebra for level in reversed(Numbering().levels()))
WIDTHS = (33, 31, 29, 28, 29, 30, 31, 32, 33, 35, 37, 39, 41, 42, 44, 46, 50)
HEIGHTS = (13, 15, 16, 17, 18, 18, 19, 19, 20, 21, 22, 23, 24, 24, 24, 25, 24)
"""Medians of 367 radiographs from T1 to L5, mm over a field of view of 500 mm in height."""
_SPACE = 0.36  # of a disc, in heights of the vertebrae beside it
_WAVE_MM = 6.0  # along an outline, from one bump of the noise to the next


@dataclass(frozen=True)
class Spine:
    """Vertebrae from the top downward, the last one L5; each turned by its `tilts` (degrees, clockwise in the picture).

    `wedges` (degrees) turn the inferior endplate against the superior one, each by half. Corners are rounded by
    `rounding_mm`, and the outlines moved in and out by smooth noise of `noise_mm` (standard deviation).
    """

    tilts: Sequence[float]
    wedges: Sequence[float] = ()
    spacing_mm: float = 0.4
    view: View = "frontal"
    noise_mm: float = 0.0
    rounding_mm: float = 0.0
    seed: int = 0

    @cached_property
    def corners(self) -> Floats:
        """Truth in mm from the middle of the first pixel (n, 4, 2), clockwise from the upper left one."""
        turns = np.deg2rad(self.tilts)
        wedges = np.deg2rad(self.wedges) if len(self.wedges) else np.zeros(len(turns))
        place, found = np.zeros(2), []
        for k, (turn, wedge) in enumerate(zip(turns, wedges, strict=True)):
            width, height = WIDTHS[k - len(turns)], HEIGHTS[k - len(turns)]
            across, down = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
            place = place + (0.5 + _SPACE / 2) * height * down
            slant = np.tan(wedge / 2) * width / 2
            ends = ((-1, -1, 1), (1, -1, -1), (1, 1, 1), (-1, 1, -1))  # left or right, upper or lower, how it slants
            found.append(
                [
                    place + side * width / 2 * across + (row * height / 2 + sign * slant) * down
                    for side, row, sign in ends
                ]
            )
            place = place + (0.5 + _SPACE / 2) * height * down
        corners = np.array(found)
        return np.asarray(corners - corners.reshape(-1, 2).min(axis=0) + np.array([25.3, 15.7]))

    @property
    def names(self) -> list[str]:
        """Of the vertebrae, from the top downward."""
        return [row.name for row in TOP_DOWN[-len(self.tilts) :]]

    @cached_property
    def endplates(self) -> Floats:
        """The tilt of the superior and the inferior endplate in degrees (n, 2)."""
        upper, lower = self.corners[:, 1] - self.corners[:, 0], self.corners[:, 2] - self.corners[:, 3]
        return np.degrees([np.arctan2(*way.T[::-1]) for way in (upper, lower)]).T

    @cached_property
    def semantic(self) -> sitk.Image:
        """The map that a model answers: vertebrae and the disc spaces between them."""
        kinds = kinds_of("xray")
        value = kinds["vertebra" if self.view == "frontal" else "lateral_vertebra"].label
        farthest = self.corners.reshape(-1, 2).max(axis=0) + np.array([25.0, 15.0])
        size = np.ceil(farthest / self.spacing_mm).astype(int)
        values = np.zeros(size[::-1], np.uint8)
        for upper, lower in zip(self.corners, self.corners[1:], strict=False):
            self._fill(values, np.array([upper[3], upper[2], lower[1], lower[0]]), kinds["disc_space"].label)
        chance = np.random.default_rng(self.seed)
        for ring in self.corners:
            self._fill(values, self._outline(ring, chance), value)
        labels = sitk.GetImageFromArray(values[None])
        labels.SetSpacing((self.spacing_mm, self.spacing_mm, 1.0))
        labels.SetOrigin((-40.0, 12.0, 300.0))
        labels.SetDirection(AXES[self.view])
        return labels

    def image(self, *, spacing: bool = True, magnified: bool = False, **patient: str) -> sitk.Image:
        """A radiograph on the grid of the map, as its file gives it."""
        grey = sitk.Cast(self.semantic, sitk.sitkUInt16) * 300 + 100
        if not spacing:
            grey = unspaced(grey, AXES[self.view])
        return with_projection(grey, magnified=magnified, view=self.view, patient=patient, tells_sides=True)

    def _outline(self, ring: Floats, chance: np.random.Generator) -> Floats:
        points = _rounded(ring, self.rounding_mm)
        if not self.noise_mm:
            return points
        ways = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
        outward = np.stack([ways[:, 1], -ways[:, 0]], axis=1) / np.hypot(*ways.T)[:, None]
        return points + _waves(len(points), float(_lengths(points).sum()), chance)[:, None] * self.noise_mm * outward

    def _fill(self, values: NDArray[np.uint8], ring: Floats, value: int) -> None:
        columns, rows = (ring / self.spacing_mm).T
        values[polygon(rows, columns, values.shape)] = value


def arcs(*bends: tuple[int, int, float], count: int = 17, start: float = 0.0) -> tuple[float, ...]:
    """Tilts of a column that bends evenly from one vertebra to another, counted from 0 on top, by so many degrees."""
    tilts = np.full(count, start)
    for first, last, degrees in bends:
        tilts += degrees * np.clip((np.arange(count) - first) / (last - first), 0.0, 1.0)
    return tuple(tilts.tolist())


def _rounded(ring: Floats, radius_mm: float) -> Floats:
    """Points at small distances along a quadrilateral whose corners are cut by arcs (4, 2) -> (n, 2)."""
    points = []
    for k, corner in enumerate(ring):
        to, back = (ring[j] - corner for j in ((k + 1) % 4, k - 1))
        into, along = back / np.hypot(*back), to / np.hypot(*to)
        half = np.arccos(np.clip(into @ along, -1, 1)) / 2
        reach = radius_mm / np.tan(half)
        middle = corner + radius_mm / np.sin(half) * (into + along) / np.hypot(*(into + along))
        arc = np.linspace(0.0, 1.0, 9)[:, None] * (corner + reach * along) + np.linspace(1.0, 0.0, 9)[:, None] * (
            corner + reach * into
        )
        away = arc - middle
        arc = middle + radius_mm * away / np.maximum(np.hypot(*away.T), 1e-9)[:, None] if radius_mm else arc[:1]
        end = ring[(k + 1) % 4] - radius_mm / np.tan(_half_angle(ring, (k + 1) % 4)) * along
        side = np.linspace(0.0, 1.0, max(2, int(np.hypot(*to) / 0.25)), endpoint=False)[1:, None]
        points += [arc, arc[-1] + side * (end - arc[-1])]
    return np.concatenate(points)


def _half_angle(ring: Floats, k: int) -> float:
    one, other = ring[k - 1] - ring[k], ring[(k + 1) % 4] - ring[k]
    return float(np.arccos(np.clip(one @ other / np.hypot(*one) / np.hypot(*other), -1, 1)) / 2)


def _lengths(points: Floats) -> Floats:
    return np.hypot(*(np.roll(points, -1, axis=0) - points).T)


def _waves(count: int, length: float, chance: np.random.Generator) -> Floats:
    """Smooth periodic noise of unit standard deviation at `count` points around an outline."""
    most = max(2, int(length / _WAVE_MM))
    turns = 2 * np.pi * np.arange(count)[:, None] / count * np.arange(1, most + 1)
    cosine, sine = chance.standard_normal((2, most))
    return np.asarray((np.cos(turns) @ cosine + np.sin(turns) @ sine) / np.sqrt(most))
