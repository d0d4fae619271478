"""From an image to what the sagittal network sees; training and inference share it, so that they cannot
drift apart.

A stack is a NumPy array of shape (slices, rows, columns) whose axes run to the patient's right, inferior and
posterior ("PIR" in the words of `SimpleITK.DICOMOrient`): anterior is on the left of a slice and the head at
its top.
"""

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

STACK_ORIENTATION = "PIR"
NORMALISATION = "percentile 0.5-99.5, then zero mean and unit deviation"
_ANTIALIAS_FROM = 1.3
_NEAR = 0.1  # of the spacing asked for; pixels as near to it as this stay, since moving them would only blur
_PERCENTILES = (0.5, 99.5)


def to_stack_order(image: sitk.Image) -> sitk.Image:
    """Reorder the axes of a 3D image by its header, without interpolation, to (posterior, inferior,
    right).
    """
    return sitk.DICOMOrient(image, STACK_ORIENTATION)


def without_place(stack: sitk.Image) -> sitk.Image:
    """The same stack with its origin at zero and its axes straight; only its spacing is left.

    Where the patient lies and how the file was stored then cannot change a result, not even by rounding.
    """
    placeless = sitk.Image(stack)
    placeless.SetOrigin((0.0, 0.0, 0.0))
    placeless.SetDirection((1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
    return placeless


def resample_in_plane(image: sitk.Image, spacing_mm: float) -> sitk.Image:
    """Resample the slices of an image in stack order to square pixels of `spacing_mm`; the slices stay what
    they are.

    Returns a 32 bit float image over the same field of view. An image that is finer than the target is
    smoothed first; one whose pixels are within a tenth of it keeps them.
    """
    source = sitk.Cast(image, sitk.sitkFloat32)
    step_x, step_y, step_z = image.GetSpacing()
    if all(abs(step / spacing_mm - 1) <= _NEAR for step in (step_x, step_y)):
        return source
    for axis, step in enumerate((step_x, step_y)):
        if spacing_mm / step > _ANTIALIAS_FROM and image.GetSize()[axis] >= 4:
            source = sitk.RecursiveGaussian(
                source, 0.4 * spacing_mm, False, sitk.RecursiveGaussianImageFilter.ZeroOrder, axis
            )
    columns = max(1, round(image.GetSize()[0] * step_x / spacing_mm))
    rows = max(1, round(image.GetSize()[1] * step_y / spacing_mm))
    grid = sitk.Image(columns, rows, image.GetSize()[2], sitk.sitkUInt8)
    grid.SetDirection(image.GetDirection())
    grid.SetSpacing((spacing_mm, spacing_mm, step_z))
    corner = [0.5 * spacing_mm / step_x - 0.5, 0.5 * spacing_mm / step_y - 0.5, 0.0]
    grid.SetOrigin(image.TransformContinuousIndexToPhysicalPoint(corner))
    resampler = sitk.ResampleImageFilter()
    resampler.SetReferenceImage(grid)
    resampler.SetInterpolator(sitk.sitkLinear)
    resampler.UseNearestNeighborExtrapolatorOn()
    return resampler.Execute(source)


def scale_to_unit(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map a stack to 0..1 between its 0.5 and 99.5 percentile of the pixels above its lowest value, and clip
    it.

    Pixels at the lowest value are left out of the percentiles, because scanners fill what they did not see
    with it.
    """
    sample = stack[:, ::3, ::3]
    above_floor = sample[sample > sample.min()]
    low, high = np.percentile(above_floor if above_floor.size else sample, _PERCENTILES)
    unit = np.clip((stack - low) / max(float(high - low), 1e-6), 0.0, 1.0)
    return unit.astype(np.float32, copy=False)


def standardise(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shift and scale a stack in 0..1 to zero mean and unit standard deviation."""
    sample = stack[:, ::3, ::3]
    standard = (stack - sample.mean()) / max(float(sample.std()), 1e-3)
    return standard.astype(np.float32, copy=False)


def neighbour_step(slice_spacing_mm: float, distance_mm: float) -> int:
    """How many slices away the neighbour lies that is about `distance_mm` from a slice, at least one."""
    return max(1, round(distance_mm / slice_spacing_mm))


def neighbour_indices(count: int, step: int, seen: int) -> NDArray[np.int64]:
    """For each of `count` slices, the indices of the `seen` slices that the network sees, shape (count, seen).

    `seen` is odd: the slice itself stands in the middle, the others are `step` apart; beyond the edge the outermost
    slice is repeated.
    """
    offsets = step * (np.arange(seen) - seen // 2)
    return np.clip(np.arange(count)[:, None] + offsets, 0, count - 1)
