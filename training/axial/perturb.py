"""The changes under which an axial model has to hold: finer and coarser grids, other contrasts, noise, storage orders.

Each maps a T1 image and its class map (SimpleITK, one grid, slices in stack order) to a changed pair on one grid.
"""

from collections.abc import Callable

import numpy as np
import SimpleITK as sitk
import torch

from LumbarSegLib.core import preprocess
from training.changes import Pair, noisy, on_pixels, resample
from training.feed.t2 import t2_like

STORAGE_ORDERS = ("RAS", "PIR", "SLP")
T2_DRAWN = (1, 2, 3)
"""Each is another draw of `training.feed.t2`."""


def perturbations() -> dict[str, Callable[[sitk.Image, sitk.Image], Pair]]:
    """By name, in the order of the report."""
    changes: dict[str, Callable[[sitk.Image, sitk.Image], Pair]] = {
        "0.4 mm pixels": lambda i, c: resample(i, c, (0.4, 0.4, i.GetSpacing()[2])),
        "0.9 mm pixels": lambda i, c: resample(i, c, (0.9, 0.9, i.GetSpacing()[2])),
        "contrast inverted": lambda i, c: (on_pixels(i, lambda u: 1 - u), c),
        "gamma 0.5": lambda i, c: (on_pixels(i, lambda u: u**0.5), c),
        "gamma 2": lambda i, c: (on_pixels(i, lambda u: u**2), c),
        "noise 5 %": lambda i, c: (on_pixels(i, noisy), c),
    }
    for seed in T2_DRAWN:
        changes[f"made T2-like, draw {seed}"] = lambda i, c, s=seed: (made_t2_like(i, c, s), c)  # type: ignore[misc]
    for order in STORAGE_ORDERS:
        changes[stored_as(order)] = lambda i, c, o=order: (sitk.DICOMOrient(i, o), sitk.DICOMOrient(c, o))  # type: ignore[misc]
    return changes


def stored_as(order: str) -> str:
    """The name of the change to a storage order."""
    return f"stored as {order}"


def made_t2_like(image: sitk.Image, classes: sitk.Image, seed: int) -> sitk.Image:
    """A T1 image as T2 might show what the axial classes on its grid say is there, drawn from a seed."""
    labels = sitk.GetArrayFromImage(classes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unit = preprocess.scale_to_unit(sitk.GetArrayFromImage(image).astype(np.float32))
        slices = [
            t2_like(torch.from_numpy(one)[None], torch.from_numpy(its))[0].numpy()
            for one, its in zip(unit, labels, strict=True)
        ]
    made = sitk.GetImageFromArray((1000 * np.stack(slices)).astype(np.float32))
    made.CopyInformation(image)
    return made
