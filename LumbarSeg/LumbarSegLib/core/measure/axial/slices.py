"""An axial label map slice by slice, each in its own plane."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core.anatomy import Kind, kinds_of
from LumbarSegLib.core.findings import slice_name
from LumbarSegLib.core.measure.outline import Floats
from LumbarSegLib.core.planes import Plane, blocks_of, carries_planes, planes_of, to_stack_order, with_planes
from LumbarSegLib.core.preprocess import ORIENTATIONS

Mask = NDArray[np.bool_]

VALUES: Mapping[Kind, int] = {kind: row.label for kind, row in kinds_of("axial").items()}
"""The label value of each region."""


@dataclass(frozen=True, eq=False)
class AxialSlice:
    """One slice of an axial stack; rows run to the patient's back, columns to his left.

    `number` counts from below upward and starts at 1, `block` counts the blocks in the same way. Places in the slice
    are mm along its rows and columns, (across, down), from the centre of its first pixel.
    """

    number: int
    block: int
    labels: NDArray[np.uint8]
    plane: Plane

    @property
    def name(self) -> str:
        """What the slice is called where a level's name stands: "slice 4"."""
        return slice_name(self.number)

    def mask(self, kind: Kind) -> Mask:
        """Where a region is labelled, (rows, columns)."""
        return np.asarray(self.labels == VALUES[kind])

    @cached_property
    def digests(self) -> dict[Kind, str]:
        """Tells two slices apart by the content of each region and by place."""
        plane = repr(self.plane).encode()
        return {kind: _digest(plane, np.packbits(self.mask(kind)).tobytes()) for kind in VALUES}

    def height(self, points: Floats) -> Floats:
        """How far LPS points (..., 3) lie above the plane of the slice, in mm along its normal."""
        return np.asarray((points - np.array(self.plane.origin)) @ self.plane.normal)


def _digest(*parts: bytes) -> str:
    content = hashlib.blake2b(digest_size=16)
    for part in parts:
        content.update(part)
    return content.hexdigest()


def slices_of(labels: sitk.Image, image: sitk.Image | None = None) -> tuple[AxialSlice, ...]:
    """The slices of a label map from below upward. `image` on the same grid may carry the true planes of its slices."""
    if image is not None and carries_planes(image):
        labels = with_planes(labels, planes_of(image))
    stack = to_stack_order(labels, ORIENTATIONS["axial"])
    planes = planes_of(stack)
    blocks = [number for number, block in enumerate(blocks_of(planes), start=1) for _ in block]
    values: NDArray[np.uint8] = sitk.GetArrayFromImage(stack)
    return tuple(
        AxialSlice(k + 1, block, pixels, plane)
        for k, (block, pixels, plane) in enumerate(zip(blocks, values, planes, strict=True))
    )
