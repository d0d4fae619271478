"""From an image to what a network sees; training and inference share it, so that they cannot drift apart.

A stack is a 3D image whose axes run as its task's `ORIENTATIONS` say, or its NumPy array of shape (slices, rows,
columns). A sagittal one runs to the patient's posterior, inferior and right: anterior is on the left of a slice and the
head at its top. In an axial one the patient's right is on the left of a slice and anterior at its top. A radiograph
stays as it is stored.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from LumbarSegLib.core.cropping import spine_region

Floats = NDArray[np.float32]

ORIENTATIONS: Mapping[str, str] = MappingProxyType({"sagittal": "PIR", "axial": "LPS", "xray": ""})
"""Where columns, rows and slices of a task's stack run to, in the words of `SimpleITK.DICOMOrient`; "" is as stored."""

FIELD_OF_VIEW_MM = 220.0
"""Taken as the width of axial slices whose file states no pixel spacing: that of the set that axial models are trained
on (320 pixels of 0.6875 mm, Sudirman et al., doi:10.17632/k57fr854j2). Only a network sees it; nothing is measured by
it.
"""
SLICE_DISTANCE_MM = 4.4
"""Taken as the distance of axial slices that a file does not state: that of the same set."""

RADIOGRAPH_HEIGHT_MM = 500.0
"""Taken as the height of a radiograph whose file states no pixel spacing: that of a body from the shoulders to the
pelvis, which is what the set shows that models for radiographs are trained on. Only a network sees it; nothing is
measured by it.
"""

_ANTIALIAS_FROM = 1.3
_SMOOTHING = 0.4  # of the new spacing
_FEWEST_TO_SMOOTH = 4  # pixels; ITK's recursive filter asks for them
_NEAR = 0.1  # of the spacing asked for; pixels as near to it as this stay, since moving them would only blur
_PERCENTILES = (0.5, 99.5)
_SURROUNDINGS = 49  # pixels of a network's grid; about the width of a vertebra on a radiograph's
_LEAST_DEVIATION = 0.01  # so that the noise of a dark border is not taken for contrast


def to_stack_order(image: sitk.Image, orientation: str = ORIENTATIONS["sagittal"]) -> sitk.Image:
    """Reorder the axes of a 3D image by its header, without interpolation, to an orientation of `ORIENTATIONS`."""
    return sitk.DICOMOrient(image, orientation) if orientation else image


def without_place(stack: sitk.Image) -> sitk.Image:
    """The same stack with its origin at zero and its axes straight; only its spacing is left.

    Where the patient lies and how the file was stored then cannot change a result, not even by rounding.
    """
    placeless = sitk.Image(stack)
    placeless.SetOrigin((0.0, 0.0, 0.0))
    placeless.SetDirection((1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
    return placeless


def over_field_of_view(stack: sitk.Image) -> sitk.Image:
    """The same axial stack with square pixels over `FIELD_OF_VIEW_MM` and slices at `SLICE_DISTANCE_MM`: so a network
    is shown one whose file states no spacing.
    """
    spread = sitk.Image(stack)
    step = FIELD_OF_VIEW_MM / stack.GetSize()[0]
    spread.SetSpacing((step, step, SLICE_DISTANCE_MM))
    return spread


def to_network_grid(
    stack: sitk.Image, spacing_mm: float | None = None, size: tuple[int, ...] | None = None, crop: bool = False
) -> sitk.Image:
    """A stack on the grid of a network, 32 bit float: all of it or (`crop`) the region of the spine, with pixels of
    `spacing_mm`, or else of a fixed `size` as `resample_to_size` takes it. The grid lies where the stack lies.
    """
    if crop:
        unit = to_unit(sitk.GetArrayFromImage(stack).astype(np.float32), "percentile")
        slices, rows, columns = spine_region(unit, stack.GetSpacing()[::-1])
        stack = stack[columns, rows, slices]
    if size is not None:
        return resample_to_size(stack, size)
    if spacing_mm is None:
        raise ValueError("give a spacing or a size")
    return resample_in_plane(stack, spacing_mm)


def resample_in_plane(image: sitk.Image, spacing_mm: float) -> sitk.Image:
    """Resample the slices of an image in stack order to square pixels of `spacing_mm`; the slices stay what
    they are.

    Returns a 32 bit float image over the same field of view. An image that is finer than the target is
    smoothed first; one whose pixels are within a tenth of it keeps them.
    """
    *in_plane, between = image.GetSpacing()
    if all(abs(step / spacing_mm - 1) <= _NEAR for step in in_plane):
        return sitk.Cast(image, sitk.sitkFloat32)
    columns, rows = (
        max(1, round(count * step / spacing_mm)) for count, step in zip(image.GetSize()[:2], in_plane, strict=True)
    )
    return _resampled(image, (columns, rows, image.GetSize()[2]), (spacing_mm, spacing_mm, between))


def resample_to_size(stack: sitk.Image, size: tuple[int, ...]) -> sitk.Image:
    """Resample an image in stack order to `size`, (rows, columns) of each slice or (slices, rows, columns).

    Returns a 32 bit float image over the same field of view; an axis that becomes coarser is smoothed first.
    """
    old = stack.GetSize()
    new = (size[-1], size[-2], size[0] if len(size) == 3 else old[2])
    steps = [step * before / after for step, before, after in zip(stack.GetSpacing(), old, new, strict=True)]
    return _resampled(stack, new, steps)


def _resampled(image: sitk.Image, size: tuple[int, ...], spacing: "tuple[float, ...] | list[float]") -> sitk.Image:
    """The image on a grid whose first corner is its own, linear, smoothed along each axis that becomes much coarser."""
    source = sitk.Cast(image, sitk.sitkFloat32)
    steps = image.GetSpacing()
    for axis, (old, new) in enumerate(zip(steps, spacing, strict=True)):
        if new / old > _ANTIALIAS_FROM and image.GetSize()[axis] >= _FEWEST_TO_SMOOTH:
            order = sitk.RecursiveGaussianImageFilter.ZeroOrder
            source = sitk.RecursiveGaussian(source, _SMOOTHING * new, False, order, axis)
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetDirection(image.GetDirection())
    grid.SetSpacing(spacing)
    corner = [0.5 * new / old - 0.5 for old, new in zip(steps, spacing, strict=True)]
    grid.SetOrigin(image.TransformContinuousIndexToPhysicalPoint(corner))
    resampler = sitk.ResampleImageFilter()
    resampler.SetReferenceImage(grid)
    resampler.SetInterpolator(sitk.sitkLinear)
    resampler.UseNearestNeighborExtrapolatorOn()
    return resampler.Execute(source)


def scale_to_unit(stack: Floats) -> Floats:
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


def _stretch(stack: Floats) -> Floats:
    """Map a stack to 0..1 between its lowest and its highest value."""
    low, high = float(stack.min()), float(stack.max())
    return ((stack - low) / max(high - low, 1e-6)).astype(np.float32, copy=False)


def standardise(stack: Floats, every: int = 3) -> Floats:
    """Shift and scale a stack in 0..1 to zero mean and unit standard deviation; `every` third row and column say enough
    of a large one.
    """
    sample = stack[:, ::every, ::every]
    standard = (stack - sample.mean()) / max(float(sample.std()), 1e-3)
    return standard.astype(np.float32, copy=False)


def local_contrast(stack: Floats) -> Floats:
    """What stands out of its surroundings in a radiograph in 0..1: the difference to the mean around each pixel, in
    deviations there. The edges of a vertebra then count as much before the lungs as before the pelvis.
    """
    around = (1, _SURROUNDINGS, _SURROUNDINGS)
    mean = ndimage.uniform_filter(stack, around, mode="nearest")
    variance = ndimage.uniform_filter(stack * stack, around, mode="nearest") - mean * mean
    local = (stack - mean) / (np.sqrt(np.maximum(variance, 0.0)) + _LEAST_DEVIATION)
    return local.astype(np.float32, copy=False)


def _z_score(stack: Floats) -> Floats:
    return standardise(stack, every=1)


def _unchanged(stack: Floats) -> Floats:
    return stack


class _Normalisation(NamedTuple):
    to_unit: Callable[[Floats], Floats]
    after_unit: Callable[[Floats], Floats]


_NORMALISATIONS = {
    "percentile": _Normalisation(scale_to_unit, standardise),
    "local": _Normalisation(scale_to_unit, local_contrast),
    "z-score": _Normalisation(_stretch, _z_score),
    "min-max": _Normalisation(_stretch, _unchanged),
}
NORMALISATIONS = tuple(_NORMALISATIONS)
"""Names of the ways from intensities to what a network sees: through 0..1, where training augments."""


def to_unit(stack: Floats, normalisation: str) -> Floats:
    """The first half of a normalisation: a stack of any intensities to 0..1."""
    return _NORMALISATIONS[normalisation].to_unit(stack)


def after_unit(stack: Floats, normalisation: str) -> Floats:
    """The second half of a normalisation: a stack in 0..1 to what the network sees."""
    return _NORMALISATIONS[normalisation].after_unit(stack)


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
