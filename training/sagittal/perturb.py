"""The changes under which a sagittal model has to hold: other contrasts, coarser grids, noise, rotation,
storage orders.

Each maps an image and its class map (SimpleITK, one grid) to a changed pair on one grid.
"""

from collections.abc import Callable

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core import preprocess

Pair = tuple[sitk.Image, sitk.Image]
STORAGE_ORDERS = ("LPS", "RAS", "PIR", "ASL", "SRP", "IAL")


def _on_pixels(image: sitk.Image, change: Callable[[np.ndarray], np.ndarray]) -> sitk.Image:
    unit = preprocess.scale_to_unit(sitk.GetArrayFromImage(image).astype(np.float32))
    changed = sitk.GetImageFromArray((1000 * change(unit)).astype(np.float32))
    changed.CopyInformation(image)
    return changed


def _resample(image: sitk.Image, classes: sitk.Image, spacing: tuple[float, float, float]) -> Pair:
    """To a coarser grid over the same field of view; each voxel averages what it covers, as a thicker
    slice does.
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


def _rotate(image: sitk.Image, classes: sitk.Image, degrees: float) -> Pair:
    """Turn the patient about the left-right axis."""
    centre = image.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in image.GetSize()])
    turn = sitk.VersorTransform((1.0, 0.0, 0.0), np.deg2rad(degrees), centre)
    turned = sitk.Resample(image, image, turn, sitk.sitkLinear, 0.0)
    return turned, sitk.Resample(classes, classes, turn, sitk.sitkNearestNeighbor, 0)


def _noisy(unit: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(7).normal(0, 0.05, unit.shape)
    return np.asarray(np.abs(unit + noise))


def perturbations() -> dict[str, Callable[[sitk.Image, sitk.Image], Pair]]:
    """By name, in the order of the report. Images must be in stack order (see `core.preprocess`)."""
    changes: dict[str, Callable[[sitk.Image, sitk.Image], Pair]] = {
        "contrast inverted": lambda i, c: (_on_pixels(i, lambda u: 1 - u), c),
        "gamma 0.5": lambda i, c: (_on_pixels(i, lambda u: u**0.5), c),
        "gamma 2": lambda i, c: (_on_pixels(i, lambda u: u**2), c),
        "4.4 mm slices": lambda i, c: _resample(i, c, (i.GetSpacing()[0], i.GetSpacing()[1], 4.4)),
        "1.2 mm in plane": lambda i, c: _resample(i, c, (1.2, 1.2, i.GetSpacing()[2])),
        "noise 5 %": lambda i, c: (_on_pixels(i, _noisy), c),
        "rotated 15°": lambda i, c: _rotate(i, c, 15.0),
        "rotated -15°": lambda i, c: _rotate(i, c, -15.0),
    }
    for order in STORAGE_ORDERS:
        changes[f"stored as {order}"] = lambda i, c, o=order: (sitk.DICOMOrient(i, o), sitk.DICOMOrient(c, o))  # type: ignore[misc]
    return changes
