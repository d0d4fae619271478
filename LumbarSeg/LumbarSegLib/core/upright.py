"""A label map turned upright by its header, so that the spine can be read in one order of axes."""

from itertools import product

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core.images import stored_as

Labels = NDArray[np.uint8]
Spacing = tuple[float, float, float]

_AXES = "PSR"  # to the back, upward, to the right; an array of it runs across, up, back
_COARSE = 1.0  # mm; finer images are thinned out to about this while the levels are found
_BORDER = 1.5  # mm; what comes this near to the upper or lower border of the image is cut by it


class Upright:
    """A 3D label map, stored in any order, as an upright array cropped to what is in it.

    `crop` has the full resolution, `coarse` is every n-th voxel of it. Arrays run across (to the right), up and to
    the back; `spacing` is that of `coarse`, in the same order, and `voxel_mm3` the volume of a voxel of `crop`.
    """

    def __init__(self, image: sitk.Image) -> None:
        self._image = image
        self._oriented = sitk.DICOMOrient(image, _AXES)
        full = sitk.GetArrayViewFromImage(self._oriented)
        self._shape = full.shape
        shadow = full.max(axis=0)
        self._box = (_extent(full.max(axis=(1, 2))), _extent(shadow.max(axis=1)), _extent(shadow.max(axis=0)))
        self.crop: Labels = np.ascontiguousarray(full[self._box], dtype=np.uint8)
        back, up, across = self._oriented.GetSpacing()
        self._stride = tuple(max(1, round(_COARSE / length)) for length in (across, up, back))
        self.coarse: Labels = np.ascontiguousarray(self.crop[tuple(slice(None, None, n) for n in self._stride)])
        self.spacing: Spacing = (across * self._stride[0], up * self._stride[1], back * self._stride[2])
        self.voxel_mm3 = float(across * up * back)

    def refined(self, coarse: Labels, mask: NDArray[np.bool_]) -> Labels:
        """`coarse` values at full resolution inside `mask` (shape of `crop`), 0 outside and far from any value."""
        fine = coarse
        for axis, step in enumerate(self._stride):
            fine = np.repeat(fine, step, axis=axis) if step > 1 else fine
        fine = fine[tuple(slice(0, size) for size in self.crop.shape)] * mask
        left = np.stack(np.nonzero(mask & (fine == 0)))
        steps = [(0, 1, -1) if step > 1 else (0,) for step in self._stride]
        for shift in sorted(product(*steps), key=lambda shift: np.abs(shift).sum()):
            near = left // np.reshape(self._stride, (3, 1)) + np.reshape(shift, (3, 1))
            inside = ((near >= 0) & (near < np.reshape(coarse.shape, (3, 1)))).all(axis=0)
            value = np.zeros(left.shape[1], dtype=np.uint8)
            value[inside] = coarse[tuple(near[:, inside])]
            fine[tuple(left)] = value
            left = left[:, value == 0]
        return fine

    def image_of(self, crop: Labels) -> sitk.Image:
        """A label map on the grid of the image that this was made from, with these values."""
        full = np.zeros(self._shape, dtype=np.uint8)
        full[self._box] = crop
        oriented = sitk.GetImageFromArray(full)
        oriented.CopyInformation(self._oriented)
        return stored_as(oriented, self._image)

    def centers(self, crop: Labels) -> dict[int, tuple[float, float, float]]:
        """The centre of mass of each value in `crop`, in LPS (mm)."""
        thin = crop[tuple(slice(None, None, n) for n in self._stride)]
        place = np.nonzero(thin)
        value = thin[place]
        count = np.bincount(value, minlength=256)
        start = [part.start for part in self._box]
        index = [
            np.bincount(value, axis, minlength=256) / np.maximum(count, 1) * step + first
            for axis, step, first in zip(place, self._stride, start, strict=True)
        ]
        return {
            int(k): self._oriented.TransformContinuousIndexToPhysicalPoint([axis[k] for axis in reversed(index)])
            for k in np.flatnonzero(count)
        }

    @property
    def cut_below(self) -> bool:
        """Whether `crop` reaches the lower border of the image."""
        return self._margins()[0] > 0

    def cut_values(self, crop: Labels) -> set[int]:
        """The values in `crop` that reach the lower or the upper border of the image."""
        below, above = self._margins()
        return set(np.unique(crop[:, :below]).tolist()) | set(np.unique(crop[:, crop.shape[1] - above :]).tolist())

    def _margins(self) -> tuple[int, int]:
        """How many of the lowest and highest rows of `crop` lie at the border."""
        edge = max(1, round(_BORDER / self._oriented.GetSpacing()[1]))
        rows = self._box[1]
        return max(0, edge - rows.start), max(0, rows.stop - (self._shape[1] - edge))


def _extent(seen: Labels) -> slice:
    """From the first to the last place that is seen; one place where none is, so that an empty map has a shape."""
    place = np.flatnonzero(seen)
    return slice(int(place[0]), int(place[-1]) + 1) if len(place) else slice(0, 1)
