"""Axial slices drawn by formula: disc, sac, posterior elements and AAP as ellipses, so that each measure is known."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core.images import read_image
from LumbarSegLib.core.planes import carries_planes, planes_of, with_planes
from Testing.axial import AAP, IVD, PE, TS
from Testing.dicom_blocks import Block, write_blocks

Floats = NDArray[np.float64]
STEP = 80
"""Grey values from one label to the next; the brightness of a pixel gives its label away."""


@dataclass(frozen=True)
class Ellipse:
    """Half axes, middle (left, back) in mm, and the turn of the first half axis from left to back in degrees."""

    first: float
    second: float
    left: float = 0.0
    back: float = 0.0
    turn: float = 0.0

    def holds(self, left: Floats, back: Floats) -> NDArray[np.bool_]:
        x, y = left - self.left, back - self.back
        cos, sin = np.cos(np.deg2rad(self.turn)), np.sin(np.deg2rad(self.turn))
        return np.asarray(((x * cos + y * sin) / self.first) ** 2 + ((y * cos - x * sin) / self.second) ** 2 < 1)

    @property
    def area(self) -> float:
        return float(np.pi * self.first * self.second)

    def chord(self, degrees: float) -> float:
        """The length through its middle, in a direction that lies so many degrees from back to left."""
        angle = np.deg2rad(90 - degrees - self.turn)
        return float(2 / np.hypot(np.cos(angle) / self.first, np.sin(angle) / self.second))

    def extent(self, degrees: float) -> float:
        """The widest extent at right angles to that direction."""
        angle = np.deg2rad(-degrees - self.turn)
        return float(2 * np.hypot(np.cos(angle) * self.first, np.sin(angle) * self.second))


@dataclass(frozen=True)
class Anatomy:
    """What a slice shows, in the patient's own frame, which lies `lying` degrees turned in the slice (back to left).

    The sac has AAP around it, `aap_left` mm more to the patient's left; bone lies behind.
    """

    sac: Ellipse = field(default_factory=lambda: Ellipse(9.0, 6.0, 0.0, 27.0))
    disc: Ellipse = field(default_factory=lambda: Ellipse(25.0, 17.0, 0.0, 0.0))
    aap_left: float = 0.0
    lying: float = 0.0

    def labels(self, x: Floats, y: Floats) -> NDArray[np.uint8]:
        """Label values at places of the slice, mm to the left and to the back of its middle."""
        cos, sin = np.cos(np.deg2rad(self.lying)), np.sin(np.deg2rad(self.lying))
        left, back = x * cos - y * sin, x * sin + y * cos
        back = back + 14.0  # the sac lies near the middle of the slice, the disc in front
        found = np.zeros(np.broadcast(x, y).shape, np.uint8)
        beside = (left > -17.0) & (left < 17.0 + self.aap_left)
        found[beside & (back > 18.0) & (back < self.sac.back + self.sac.second)] = AAP
        for side in (-1, 1):
            found[Ellipse(14.0, 6.0, 13.0 * side, 40.0, 30.0 * side).holds(left, back)] = PE
        found[self.disc.holds(left, back)] = IVD
        found[self.sac.holds(left, back)] = TS
        return found

    def image(self, x: Floats, y: Floats) -> NDArray[np.uint16]:
        return STEP * self.labels(x, y).astype(np.uint16)


def labels_of(image: sitk.Image) -> sitk.Image:
    """The label map that the brightness of a phantom's image gives away, on its grid."""
    labels = sitk.GetImageFromArray((sitk.GetArrayFromImage(image) // STEP).astype(np.uint8))
    labels.CopyInformation(image)
    return with_planes(labels, planes_of(image)) if carries_planes(image) else labels


def block(anatomy: Anatomy, middle: Sequence[float] = (0.0, 0.0, 0.0), **given: Any) -> Block:
    """A block whose slices all show an anatomy; `given` as `Block` has it."""
    x, y, z = middle
    shown = Block((x, y, z), draw=anatomy.image, spacing=(0.6875, 0.6875), size=(128, 128))
    return replace(shown, **given)


def image_of(folder: Path, blocks: Sequence[Block]) -> sitk.Image:
    """The image as it is read from DICOM files that are written into a folder."""
    write_blocks(folder, blocks)
    return read_image(folder)


def one_slice(anatomy: Anatomy, spacing: tuple[float, float], offset: tuple[float, float] = (0.0, 0.0)) -> sitk.Image:
    """A label map of one slice, its pixels of `spacing` (across, down) mm moved by a part of themselves."""
    size = np.ceil(np.array([96.0, 96.0]) / spacing).astype(int)
    x, y = (
        (np.arange(count) - (count - 1) / 2 + part) * mm for count, part, mm in zip(size, offset, spacing, strict=True)
    )
    labels = sitk.GetImageFromArray(anatomy.labels(x[None, :], y[:, None])[None])
    labels.SetSpacing((*spacing, 4.0))
    labels.SetOrigin((-48.0, -48.0, 30.0))
    return labels


LEAN = 10.0
"""Degrees by which the spine of `sagittal_labels` leans: its upper end lies in front."""
DISC_STEP, _DISC_HALF = 35.0, 5.0  # mm along the spine from disc to disc; half of their height
_UP = np.array([0.0, -np.sin(np.deg2rad(LEAN)), np.cos(np.deg2rad(LEAN))])
_BACK = np.array([0.0, np.cos(np.deg2rad(LEAN)), np.sin(np.deg2rad(LEAN))])


def disc_middle(count: int) -> Floats:
    """The middle of a disc of `sagittal_labels`, counted from 0 at L5/S1 upward, LPS mm."""
    return count * DISC_STEP * _UP


def sagittal_labels(discs: int = 3) -> sitk.Image:
    """A straight spine with SPIDER's values, in the coordinates of blocks that `through_disc` places."""
    grid = sitk.Image([52, 100, int(discs * DISC_STEP) + 50], sitk.sitkUInt8)
    grid.SetOrigin((-26.0, -50.0, -28.0))
    axes = [np.arange(n) + first for n, first in zip(grid.GetSize(), grid.GetOrigin(), strict=True)]
    left, back, up = np.meshgrid(*axes, indexing="ij")
    places = np.stack([left, back, up], axis=-1)
    height, depth = places @ _UP, places @ _BACK
    count = np.rint(height / DISC_STEP).astype(int)
    body = (np.abs(left) < 23) & (np.abs(depth) < 16)
    in_disc = np.abs(height - count * DISC_STEP) < _DISC_HALF
    values = np.zeros(height.shape, np.uint8)
    above = np.floor(height / DISC_STEP).astype(int)
    values[body & ~in_disc & (above >= 0) & (above < discs)] = 1
    values[values > 0] += above[values > 0].astype(np.uint8)
    seen = body & in_disc & (count >= 0) & (count < discs)
    values[seen] = 201 + count[seen].astype(np.uint8)
    values[(np.abs(left) < 9) & (np.abs(depth - 27.0) < 6) & (height > -20) & (height < discs * DISC_STEP)] = 100
    labels = sitk.GetImageFromArray(np.ascontiguousarray(values.T))
    labels.CopyInformation(grid)
    return sitk.DICOMOrient(labels, "PIR")


def through_disc(disc: int, tilt: float = 0.0, above: float = 0.0, **given: Any) -> Block:
    """A block whose middle slice is tilted so much against that spine and passes so many mm above a disc's middle."""
    lean = np.deg2rad(LEAN + tilt)
    slices, distance = given.setdefault("count", 1), given.setdefault("distance", 4.4)
    column, normal = np.array([0.0, np.cos(lean), np.sin(lean)]), np.array([0.0, -np.sin(lean), np.cos(lean)])
    middle = disc_middle(disc) + above * _UP + 14.0 * column - (slices - 1) / 2 * distance * normal
    return block(given.pop("anatomy", Anatomy()), middle, tilt=LEAN + tilt, **given)
