"""Spines made by rule, for tests that need a known answer."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

_STEP = 34.0  # mm from disc to disc
_DISC = 8.0  # mm, height of a disc
_INTENSITY = {0: 40, 1: 120, 2: 90, 3: 220}


@dataclass(frozen=True)
class PhantomSpine:
    """A lordotic lumbar spine; label 1 is its lowest vertebra, 201 the disc below it.

    Lengths are in mm. The arches touch at the facet joints. `tilt` turns the stack in the scanner (degrees), so that
    its header is oblique. `cut_above` is how much of the uppermost vertebra lies above the image. `orientation` is
    the order in which the voxels are stored.
    """

    vertebrae: int = 6
    in_plane: float = 1.0
    slice_thickness: float = 4.0
    slices: int = 13
    orientation: str = "PIR"
    tilt: float = 0.0
    cut_above: float = -20.0

    @cached_property
    def labels(self) -> sitk.Image:
        """The true label map, with SPIDER's values."""
        return self._stored(self._truth())

    @cached_property
    def semantic(self) -> sitk.Image:
        """The kinds only: 1 vertebra, 2 disc, 3 canal."""
        return self._stored(_kinds(self._truth()))

    @cached_property
    def image(self) -> sitk.Image:
        """A T2-like image of it, 8 bit, with a little noise."""
        kinds = _kinds(self._truth())
        clean = np.select([kinds == kind for kind in _INTENSITY], list(_INTENSITY.values()))
        noise = np.random.default_rng(1).normal(0.0, 5.0, kinds.shape)
        return self._stored(np.clip(clean + noise, 0, 255).astype(np.uint8))

    def _truth(self) -> NDArray[np.uint8]:
        height = 30.0 + self.vertebrae * _STEP - self.cut_above
        across = (np.arange(self.slices) - (self.slices - 1) / 2) * self.slice_thickness
        up = height - np.arange(round(height / self.in_plane)) * self.in_plane - 30.0
        back = np.arange(round(130.0 / self.in_plane)) * self.in_plane
        x, z, p = np.meshgrid(across, up, back, indexing="ij")
        length = self.vertebrae * _STEP
        bend = np.pi * np.clip(z, -30.0, length) / length
        d = p - (75.0 - 15.0 * np.sin(bend))
        s = z - 15.0 * np.cos(bend) * np.pi / length * d
        truth = np.zeros(x.shape, dtype=np.uint8)
        for level in range(self.vertebrae):
            _put_level(truth, x, s - level * _STEP, d, level + 1)
        truth[(d / 8.0) ** 2 + (x / 10.0) ** 2 < 1.0] = 100
        return truth

    def _stored(self, array: NDArray[np.uint8]) -> sitk.Image:
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((self.in_plane, self.in_plane, self.slice_thickness))
        image.SetOrigin((11.0, -60.0, 40.0))
        angle = np.deg2rad(self.tilt)
        turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        upright = np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]])  # PIR in LPS
        image.SetDirection((turn @ upright).ravel())
        stored: sitk.Image = sitk.DICOMOrient(image, self.orientation)
        return stored


def spine_phantom(**shape: float | int | str) -> tuple[sitk.Image, sitk.Image]:
    """Image and semantic map of `PhantomSpine(**shape)`."""
    phantom = PhantomSpine(**shape)  # type: ignore[arg-type]  # the dataclass checks the names
    return phantom.image, phantom.semantic


def _kinds(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.select([truth == 0, truth < 100, truth == 100], [0, 1, 3], 2).astype(np.uint8)


def _put_level(
    truth: NDArray[np.uint8], x: NDArray[np.float64], s: NDArray[np.float64], d: NDArray[np.float64], label: int
) -> None:
    """Writes a vertebra and the disc below it; s is the height above the middle of that disc."""
    column = ((d + 26.0) / 17.0) ** 4 + (x / 22.0) ** 4 < 1.0
    side = (np.abs(x) > 10.0) & (np.abs(x) < 18.0)
    pedicle = side & (d > -12.0) & (d < 6.0) & (s > 17.0) & (s < 28.0)
    upper_facet = side & (d > 2.0) & (d < 7.0) & (s > 20.0) & (s < 38.0)
    lower_facet = side & (d > 7.0) & (d < 12.0) & (s > -4.0) & (s < 24.0)
    lamina = (np.abs(x) < 18.0) & (d > 8.5) & (d < 13.0) & (s > 3.0) & (s < 17.0)
    process = (np.abs(x) < 5.0) & (d > 12.0) & (d < 38.0) & (np.abs(s - 6.0 + 0.2 * (d - 12.0)) < 9.0)
    truth[column & (np.abs(s) < _DISC / 2)] = 200 + label
    truth[column & (s > _DISC / 2 + 0.8) & (s < _STEP - _DISC / 2 - 0.8)] = label
    truth[(pedicle | upper_facet | lower_facet | lamina | process) & (truth == 0)] = label
