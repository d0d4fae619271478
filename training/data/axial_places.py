"""Where an axial PNG of the Mendeley set lies in the patient: the slice of the DICOM record (k57fr854j2) that it shows.

The PNG files are linear stretches of DICOM slices, so their pixels correlate almost perfectly with the right one and
clearly less with its neighbours and with the other weighting.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

from training.errors import TrainingError

_SAME_SLICE = 0.98
_AXIAL = 0.7  # least share of the slice's normal along the body


@dataclass(frozen=True)
class Place:
    """Geometry of a slice: spacing of (rows, columns, slices) in mm; origin and direction as SimpleITK has them; the
    DICOM file that it is from.
    """

    spacing: tuple[float, float, float]
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    source: Path | None = None

    def put(self, pixels: NDArray[np.uint8 | np.uint16]) -> sitk.Image:
        """Pixels (rows, columns) as an image of one slice at this place."""
        image = sitk.GetImageFromArray(pixels[np.newaxis])
        image.SetSpacing((self.spacing[1], self.spacing[0], self.spacing[2]))
        image.SetOrigin(self.origin)
        image.SetDirection(self.direction)
        return image


def patient_folders(record: Path) -> Mapping[int, Path]:
    """Each patient's folder of the DICOM record, by number. Raises TrainingError if there is none."""
    places = [record, *(path for path in record.glob("*") if path.is_dir() and not path.name.isdigit())]
    found = {
        int(path.name): path for place in places for path in place.glob("*") if path.is_dir() and path.name.isdigit()
    }
    if not found:
        raise TrainingError(
            f"{record} holds no patients' folders (0001, 0002, …); give the folder of the DICOM record."
        )
    return found


def place_of(pixels: NDArray[np.uint8 | np.uint16], slices: list[tuple[NDArray[np.float64], Place]]) -> Place | None:
    """The place of the slice that a PNG shows, or None if it shows none of them."""
    wanted = _standard(pixels)
    alike = [(float((one * wanted).mean()), place) for one, place in slices if one.shape == wanted.shape]
    best = max(alike, key=lambda pair: pair[0], default=(0.0, None))
    return best[1] if best[0] >= _SAME_SLICE else None


def axial_slices(folder: Path) -> Iterator[tuple[NDArray[np.float64], Place]]:
    """All axial slices of a patient's folder: their pixels with zero mean and unit deviation, and their places."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True)
            place = _place(header, path)
            if place is not None:
                yield _standard(pydicom.dcmread(path).pixel_array), place
        except (InvalidDicomError, AttributeError, NotImplementedError, RuntimeError, ValueError):
            continue  # no DICOM image, or one whose pixels cannot be decoded: it places no PNG


def _place(header: pydicom.Dataset, path: Path) -> Place | None:
    position, orientation = header.get("ImagePositionPatient"), header.get("ImageOrientationPatient")
    spacing = header.get("PixelSpacing")
    if not (position and orientation and spacing):
        return None
    x, y = np.array(orientation[:3], float), np.array(orientation[3:], float)
    normal = np.cross(x, y)
    if abs(normal[2]) < _AXIAL:
        return None
    thickness = header.get("SpacingBetweenSlices") or header.get("SliceThickness") or 1.0
    direction = np.stack([x, y, normal], 1)
    return Place(
        (float(spacing[0]), float(spacing[1]), float(thickness)),
        (float(position[0]), float(position[1]), float(position[2])),
        tuple(direction.ravel().tolist()),
        path,
    )


def _standard(pixels: NDArray[np.generic]) -> NDArray[np.float64]:
    values = pixels.astype(np.float64)
    standard: NDArray[np.float64] = (values - values.mean()) / max(float(values.std()), 1e-9)
    return standard
