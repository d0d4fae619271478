"""The same image and its class map shown otherwise, as reports on a model's robustness show them: on one grid again."""

from collections.abc import Callable

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core import preprocess

Pair = tuple[sitk.Image, sitk.Image]


def on_pixels(image: sitk.Image, change: Callable[[np.ndarray], np.ndarray]) -> sitk.Image:
    """The image with its intensities, scaled to 0..1, changed, and then in 0..1000."""
    unit = preprocess.scale_to_unit(sitk.GetArrayFromImage(image).astype(np.float32))
    changed = sitk.GetImageFromArray((1000 * change(unit)).astype(np.float32))
    changed.CopyInformation(image)
    return changed


def resample(image: sitk.Image, classes: sitk.Image, spacing: tuple[float, float, float]) -> Pair:
    """To another grid (mm) over the same field of view; each voxel of a coarser one averages what it covers, as a
    thicker slice does.
    """
    source = sitk.Cast(image, sitk.sitkFloat32)
    radius = [max(0, round((new / old - 1) / 2)) for new, old in zip(spacing, image.GetSpacing(), strict=True)]
    source = sitk.Mean(source, radius)
    size = [
        max(1, round(n * old / new)) for n, old, new in zip(image.GetSize(), image.GetSpacing(), spacing, strict=True)
    ]
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetDirection(image.GetDirection())
    grid.SetSpacing(spacing)
    corner = [new / old / 2 - 0.5 for new, old in zip(spacing, image.GetSpacing(), strict=True)]
    grid.SetOrigin(image.TransformContinuousIndexToPhysicalPoint(corner))
    nearest = sitk.Resample(classes, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    return sitk.Resample(source, grid, sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkFloat32), nearest


def noisy(unit: np.ndarray) -> np.ndarray:
    """Intensities in 0..1 with noise of 5 % as magnitude images have it, the same one each time."""
    noise = np.random.default_rng(7).normal(0, 0.05, unit.shape)
    return np.asarray(np.abs(unit + noise))
