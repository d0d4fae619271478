"""Grids as scanners store them, and whether two images are the same."""

import numpy as np
import SimpleITK as sitk


def place_obliquely(image: sitk.Image) -> None:
    """A sagittal stack, turned about two axes, as scanners store it."""
    turned = sitk.Euler3DTransform()
    turned.SetRotation(0.1, 0.2, -0.15)
    sagittal = np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]])
    image.SetDirection((np.reshape(turned.GetMatrix(), (3, 3)) @ sagittal).ravel().tolist())
    image.SetSpacing((0.7, 0.65, 4.4))
    image.SetOrigin((-31.4, 12.25, 157.9))


def same_grid(one: sitk.Image, other: sitk.Image) -> bool:
    return (
        one.GetSize() == other.GetSize()
        and np.allclose(one.GetSpacing(), other.GetSpacing(), atol=1e-5)
        and np.allclose(one.GetOrigin(), other.GetOrigin(), atol=1e-4)
        and np.allclose(one.GetDirection(), other.GetDirection(), atol=1e-6)
    )


def same_voxels(one: sitk.Image, other: sitk.Image) -> bool:
    return np.array_equal(sitk.GetArrayViewFromImage(one), sitk.GetArrayViewFromImage(other))
