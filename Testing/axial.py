"""A small axial stack, drawn: a disc, the thecal sac behind it, bone at the back, and what lies between them."""

import numpy as np
import SimpleITK as sitk

IVD, PE, TS, AAP = 1, 2, 3, 4
_SLICES, _ROWS, _COLUMNS = 6, 56, 64
_SHAPES = {AAP: (30, 36, 14, 50), IVD: (8, 30, 16, 48), TS: (31, 40, 26, 38), PE: (40, 50, 20, 44)}
"""First and last row and column of each region, the later ones in front."""


def axial_labels(slices: int = _SLICES) -> sitk.Image:
    """Label map of pixels of 1 mm and slices of 4 mm, tilted as a block along a disc is; no region in the outer slices.

    The sac has a notch on the patient's left, so that left and right cannot be exchanged unseen.
    """
    values = np.zeros((slices, _ROWS, _COLUMNS), np.uint8)
    inner = values[1:-1] if slices > 2 else values
    for label, (top, bottom, left, right) in _SHAPES.items():
        inner[:, top:bottom, left:right] = label
    inner[:, 33:37, 35:38] = AAP
    labels = sitk.GetImageFromArray(values)
    labels.SetSpacing((1.0, 1.0, 4.0))
    tilt = np.deg2rad(15)
    labels.SetDirection((1, 0, 0, 0, np.cos(tilt), -np.sin(tilt), 0, np.sin(tilt), np.cos(tilt)))
    labels.SetOrigin((-31.0, -20.5, 210.0))
    return labels


def axial_image(labels: sitk.Image) -> sitk.Image:
    """An image on the grid of a label map, whose brightness gives its classes away."""
    image = sitk.Cast(labels, sitk.sitkInt16) * 100
    image.CopyInformation(labels)
    return image
