"""Where a result lies in the DICOM images that it was made from: labels on their pixels, places in a radiograph.

Every slice of a label map is found again by its plane, and every pixel by its place, so that neither the order of the
files nor that of the label map matters, and a slice of an oblique block gets what was found in it.
"""

from collections.abc import Callable, Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from LumbarSegLib.core.dicom.radiograph import pixels_in_file
from LumbarSegLib.core.dicom.source import Source
from LumbarSegLib.core.planes import Plane, carries_planes, planes_of
from LumbarSegLib.errors import InputError

Labels = NDArray[np.uint8]

_SAME_PLACE = 0.05  # of the size of a pixel
_SAME_PLANE_MM = 0.05
_CORNER = 0.5  # DICOM counts the places in an image from the corner of its first pixel, not from its middle


def labels_on(source: Source, labels: sitk.Image, image: sitk.Image | None = None) -> list[Labels]:
    """The label map on the pixels of each frame of the source, shape (rows, columns), in the order of the frames.

    `image` is what it lies on, whose slices may have planes of their own; a label map loses them easily. Raises
    InputError where what is labelled lies on none of them.
    """
    values = sitk.GetArrayViewFromImage(labels)
    if source.is_radiograph:
        return [_on_film(source.first, values[0])]
    lost = image is not None and carries_planes(image) and image.GetSize() == labels.GetSize()
    planes = planes_of(image if image is not None and lost else labels)
    middles = np.array([plane.to_lps([_middle(values.shape[1:])])[0] for plane in planes])
    found, used = [], set()
    for frame in source.frames:
        assert frame.plane is not None
        shape = (int(frame.header.Rows), int(frame.header.Columns))
        own = frame.plane.to_lps([_middle(shape)])[0]
        nearest = int(np.argmin(np.linalg.norm(middles - own, axis=1)))
        index = _index_of(frame.plane, planes[nearest], shape, values.shape[1:])
        found.append(np.zeros(shape, np.uint8) if index is None else values[nearest][index])
        used |= {nearest} if index is not None else set()
    if any(values[k].any() for k in range(len(planes)) if k not in used):
        raise InputError(
            "the segmentation has slices that the DICOM images do not have; give the images that it was made from."
        )
    return found


def on_film(header: Dataset, grid: sitk.Image) -> Callable[[Sequence[Sequence[float]]], NDArray[np.float64]]:
    """What brings places (n, 3) in LPS (mm) of a radiograph into its file, as DICOM counts them there: (n, 2), column
    and row from the outer corner of its first pixel. `grid` is the image that they were read from, upright.
    """
    stored = pixels_in_file(header)
    first = stored[0, 0]
    across, down = stored[0, 1] - first, stored[1, 0] - first

    def in_file(places: Sequence[Sequence[float]]) -> NDArray[np.float64]:
        index = np.array([grid.TransformPhysicalPointToContinuousIndex([float(mm) for mm in one]) for one in places])
        return np.asarray(first + index[:, :1] * across + index[:, 1:2] * down + _CORNER)

    return in_file


def _on_film(header: Dataset, upright: Labels) -> Labels:
    stored = pixels_in_file(header)
    if stored.shape[:2] != upright.shape:
        raise InputError("the segmentation has another size than the radiograph; give the file that it was made from.")
    labels = np.zeros((int(header.Rows), int(header.Columns)), np.uint8)
    labels[stored[..., 1], stored[..., 0]] = upright
    return labels


def _middle(shape: tuple[int, ...]) -> tuple[float, float]:
    return (shape[1] - 1) / 2, (shape[0] - 1) / 2


def _index_of(
    own: Plane, other: Plane, shape: tuple[int, ...], size: tuple[int, ...]
) -> tuple[NDArray[np.int_], NDArray[np.int_]] | None:
    """The index in a slice of `other`, of this `size`, of each pixel of `own`; None where these are not its pixels."""
    rows, columns = shape
    corners = own.to_lps([(0, 0), (columns - 1, 0), (0, rows - 1), (columns - 1, rows - 1)])
    if np.abs((corners - other.origin) @ other.normal).max() > _SAME_PLANE_MM or sorted(shape) != sorted(size):
        return None
    places = np.array([other.mm_from_lps(corner) for corner in corners]) / other.spacing
    whole = np.rint(places).astype(int)
    if np.abs(places - whole).max() > _SAME_PLACE or whole.min() < 0 or (whole.max(0) >= size[::-1]).any():
        return None
    across = (whole[1] - whole[0]) // max(1, columns - 1)
    down = (whole[2] - whole[0]) // max(1, rows - 1)
    row, column = np.ogrid[:rows, :columns]
    x, y = (whole[0][axis] + across[axis] * column + down[axis] * row for axis in (0, 1))
    return y, x
