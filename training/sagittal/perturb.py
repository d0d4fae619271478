"""The changes under which a sagittal model has to hold: other contrasts, coarser grids, noise, rotation,
storage orders.

Each maps an image and its class map (SimpleITK, one grid) to a changed pair on one grid.
"""

from collections.abc import Callable

import numpy as np
import SimpleITK as sitk

from training.changes import Pair, noisy, on_pixels, resample

STORAGE_ORDERS = ("LPS", "RAS", "PIR", "ASL", "SRP", "IAL")


def _rotate(image: sitk.Image, classes: sitk.Image, degrees: float) -> Pair:
    """Turn the patient about the left-right axis."""
    centre = image.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in image.GetSize()])
    turn = sitk.VersorTransform((1.0, 0.0, 0.0), np.deg2rad(degrees), centre)
    turned = sitk.Resample(image, image, turn, sitk.sitkLinear, 0.0)
    return turned, sitk.Resample(classes, classes, turn, sitk.sitkNearestNeighbor, 0)


def perturbations() -> dict[str, Callable[[sitk.Image, sitk.Image], Pair]]:
    """By name, in the order of the report. Images must be in stack order (see `core.preprocess`)."""
    changes: dict[str, Callable[[sitk.Image, sitk.Image], Pair]] = {
        "contrast inverted": lambda i, c: (on_pixels(i, lambda u: 1 - u), c),
        "gamma 0.5": lambda i, c: (on_pixels(i, lambda u: u**0.5), c),
        "gamma 2": lambda i, c: (on_pixels(i, lambda u: u**2), c),
        "4.4 mm slices": lambda i, c: resample(i, c, (i.GetSpacing()[0], i.GetSpacing()[1], 4.4)),
        "1.2 mm in plane": lambda i, c: resample(i, c, (1.2, 1.2, i.GetSpacing()[2])),
        "noise 5 %": lambda i, c: (on_pixels(i, noisy), c),
        "rotated 15°": lambda i, c: _rotate(i, c, 15.0),
        "rotated -15°": lambda i, c: _rotate(i, c, -15.0),
    }
    for order in STORAGE_ORDERS:
        changes[f"stored as {order}"] = lambda i, c, o=order: (sitk.DICOMOrient(i, o), sitk.DICOMOrient(c, o))  # type: ignore[misc]
    return changes
