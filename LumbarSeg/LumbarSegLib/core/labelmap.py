"""A label map from anywhere, made fit for measuring: whole numbers on the grid of the image, or a clear refusal."""

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core.anatomy import STRUCTURES
from LumbarSegLib.core.spacing import states_spacing
from LumbarSegLib.errors import InputError

_LEAST_INSIDE = 0.95  # of the labelled voxels; with fewer in the image, the label map belongs to another one
_SAME_PLACE = 0.01  # of a voxel
_SAME_GRID = 1e-4  # mm; a scene file rounds
_PROBED = 20000
_LABELS = [0, *(row.label for row in STRUCTURES)]


def label_map(labels: sitk.Image) -> sitk.Image:
    """The same label map as uint8. Raises InputError where it is not 3D or its values cannot be labels."""
    if labels.GetDimension() != 3 or 0 in labels.GetSize():
        raise InputError(f"the label map is {labels.GetDimension()}D or empty; give a single 3D label map.")
    if labels.GetNumberOfComponentsPerPixel() != 1 or "complex" in labels.GetPixelIDTypeAsString():
        raise InputError("the label map has several values for each voxel, as in colour; give one label for each.")
    if labels.GetPixelID() == sitk.sitkUInt8:
        return labels
    values = sitk.GetArrayViewFromImage(labels)
    whole = np.isfinite(values).all() and (values == np.round(values)).all()
    if not whole or values.min() < 0 or values.max() > 255:
        raise InputError("the label map holds values that are no labels; give whole numbers from 0 to 255.")
    return sitk.Cast(labels, sitk.sitkUInt8)


def values_of(labels: sitk.Image) -> list[int]:
    """The values other than 0 that a 3D uint8 label map holds, in their order."""
    counts = np.zeros(256, dtype=np.int64)
    for layer in sitk.GetArrayViewFromImage(labels):  # the whole array would be copied as eight times as many bytes
        counts += np.bincount(layer.ravel(), minlength=256)
    return [value for value in np.flatnonzero(counts).tolist() if value]


def is_label_map(image: sitk.Image) -> bool:
    """Whether an image holds nothing but the values of structures of a spine, as no picture of one does."""
    values = sitk.GetArrayViewFromImage(image)
    if not np.isin(_a_few(values), _LABELS).all() or values.min() < 0 or values.max() > max(_LABELS):
        return False
    return bool(np.isin(np.unique(values), _LABELS).all())


def is_grey(image: sitk.Image) -> bool:
    """Whether an image holds more values than there are structures, as no label map does."""
    return len(np.unique(_a_few(sitk.GetArrayViewFromImage(image)))) > len(_LABELS)


def _a_few(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Some voxels from everywhere; of an image they tell already that it is one."""
    return np.asarray(values.ravel()[:: max(1, values.size // _PROBED)])


def on_grid_of(image: sitk.Image, labels: sitk.Image) -> tuple[sitk.Image, bool]:
    """The label map on the grid of the image, and whether it had to be resampled for that (nearest neighbour).

    Both are 3D. Raises InputError where a good part of what is labelled does not lie within the image.
    """
    labels = label_map(labels)
    # Where the file states no spacing, its label map was made with none or another one given.
    if _same_grid(image, labels) or (not states_spacing(image) and image.GetSize() == labels.GetSize()):
        placed = sitk.Image(labels)
        placed.CopyInformation(image)
        return placed, False
    inside = _share_inside(image, labels)
    if inside < _LEAST_INSIDE:
        raise InputError(
            f"the label map lies elsewhere: {100 * inside:.0f} % of it is inside of the image; "
            "give the label map that belongs to this image."
        )
    return sitk.Resample(labels, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8), True


def _same_grid(image: sitk.Image, labels: sitk.Image) -> bool:
    """Whether all corners of the two grids lie in the same places."""
    if image.GetSize() != labels.GetSize():
        return False
    size = np.array(image.GetSize())
    corners = [[int(v) for v in np.array(corner) * (size - 1)] for corner in np.ndindex(2, 2, 2)]
    places = [np.array([grid.TransformIndexToPhysicalPoint(corner) for corner in corners]) for grid in (image, labels)]
    return bool(np.abs(places[0] - places[1]).max() < _SAME_PLACE * min(image.GetSpacing()))


def _share_inside(image: sitk.Image, labels: sitk.Image) -> float:
    """The share of the labelled voxels whose centre lies in the image; 1 where nothing is labelled."""
    index = np.argwhere(sitk.GetArrayViewFromImage(labels) > 0)[:, ::-1]
    if not len(index):
        return 1.0
    index = index[:: max(1, len(index) // _PROBED)]
    place = _in_image(image, _in_patient(labels, index))
    return float(((place > -0.5) & (place < np.array(image.GetSize()) - 0.5)).all(1).mean())


def _in_patient(grid: sitk.Image, index: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(grid.GetOrigin() + index * np.array(grid.GetSpacing()) @ _axes(grid).T)


def _in_image(grid: sitk.Image, places: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((places - np.array(grid.GetOrigin())) @ np.linalg.inv(_axes(grid)).T / grid.GetSpacing())


def _axes(grid: sitk.Image) -> NDArray[np.float64]:
    return np.reshape(grid.GetDirection(), (3, 3))


def are_same(one: sitk.Image, other: sitk.Image) -> bool:
    """Whether two label maps have the same labels on the same grid, but for what a scene file rounds."""
    if one.GetSize() != other.GetSize():
        return False
    grid, other_grid = ((*image.GetOrigin(), *image.GetSpacing(), *image.GetDirection()) for image in (one, other))
    return np.allclose(grid, other_grid, rtol=0, atol=_SAME_GRID) and np.array_equal(
        sitk.GetArrayViewFromImage(one), sitk.GetArrayViewFromImage(other)
    )
