"""A DICOM radiograph -> an image of one slice that carries what its header tells: view, sides, spacing, age and sex.

Pixels are decoded by GDCM through SimpleITK, which turns MONOCHROME1 so that bone is bright; windows are for screens
and are not applied.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset

from LumbarSegLib.core.dicom.pixels import Pixels
from LumbarSegLib.core.dicom.series import Header, frames_of
from LumbarSegLib.core.grey import grey_of
from LumbarSegLib.core.notes import listed, with_notes
from LumbarSegLib.core.projection import AXES, Direction, View, upright, with_projection
from LumbarSegLib.core.spacing import unspaced
from LumbarSegLib.errors import InputError

MODALITIES = ("DX", "CR", "RG")
"""DICOM's names of the kinds of radiograph: digital, computed and on film."""

THICKNESS_MM = 1.0
"""Taken as the thickness of the one slice; nothing is measured by it."""

TURNED = "The file stores the image mirrored or turned, as its header says: pixels are counted in the upright image."

_TOWARDS = {"L": (1, 0, 0), "R": (-1, 0, 0), "P": (0, 1, 0), "A": (0, -1, 0), "H": (0, 0, 1), "F": (0, 0, -1)}
_POSITIONS: Mapping[str, View] = {
    "AP": "frontal",
    "PA": "frontal",
    "LL": "lateral",
    "RL": "lateral",
    "LLAT": "lateral",
    "RLAT": "lateral",
    "LATERAL": "lateral",
}
_MEANINGS: Mapping[str, View] = {
    "antero-posterior": "frontal",
    "postero-anterior": "frontal",
    "lateral": "lateral",
    "left lateral": "lateral",
    "right lateral": "lateral",
}
_UNITS = {"Y": "year", "M": "month", "W": "week", "D": "day"}
_SEXES = {"M": "male", "F": "female", "O": "other"}
_SAME_SPACING = 0.005
_LARGEST_MAGNIFICATION = 2.0


class _Spacing(NamedTuple):
    """Of rows and of columns in mm, whether it is that at the detector, and by what it was divided."""

    mm: tuple[float, float]
    magnified: bool
    corrected_by: float = 1.0


def read_radiograph(headers: Sequence[Header], path: Path) -> sitk.Image:
    """The radiograph among the files of a series: the only one, or that of `path`.

    Its slice is unspaced (`core.spacing`) where the header states no size of pixels. It is turned upright where the
    header tells the sides, else placed as the view says. Raises InputError: several images or frames, unreadable
    pixels, colour, pixels that are not square and have no size.
    """
    chosen = [header for header in headers if header[0] == path] or list(headers)
    if len(chosen) > 1:
        names = listed([file.name for file, _ in chosen])
        raise InputError(f"{path.name}: there are {len(chosen)} radiographs in this series ({names}); give one file.")
    file, header = chosen[0]
    if frames_of(header) > 1:
        raise InputError(
            f"{file.name}: the file holds {frames_of(header)} frames, and a radiograph is one image; export a "
            "single frame."
        )
    direction, view, tells_sides = _lying(header)
    image = sitk.GetImageFromArray(_pixels(file, header)[None])
    spacing = _spacing(header)
    image.SetSpacing((*reversed(spacing.mm if spacing else (1.0, 1.0)), THICKNESS_MM))
    image.SetDirection(direction)
    image = upright(image, view or "frontal")
    notes = [] if image.GetDirection() == direction else [TURNED]
    if spacing is None:
        _check_square(file, header)
        image = unspaced(image, image.GetDirection())
    elif spacing.corrected_by != 1:
        by = f"{spacing.corrected_by:g}"
        notes.append(f"Lengths are corrected for the magnification of {by} that the file estimates.")
    image = with_notes(image, notes)
    magnified = spacing is not None and spacing.magnified
    return with_projection(image, magnified=magnified, view=view, patient=_patient(header), tells_sides=tells_sides)


def pixels_in_file(header: Dataset) -> Pixels:
    """Where the file holds each pixel of the radiograph that is read from it, shape (rows, columns, 2): column, row."""
    rows, columns = int(header.Rows), int(header.Columns)
    counted = sitk.GetImageFromArray(np.arange(rows * columns, dtype=np.int32).reshape(1, rows, columns))
    direction, view, _ = _lying(header)
    counted.SetDirection(direction)
    place = sitk.GetArrayFromImage(upright(counted, view or "frontal"))[0]
    return np.stack([place % columns, place // columns], axis=-1)


def _lying(header: Dataset) -> tuple[Direction, View | Literal[""], bool]:
    """The axes of the pixels as they are stored, the view, and whether the header tells the sides of the patient."""
    placed, view = _direction(header), _view(header)
    if placed is not None and view == _seen_along(placed):
        return placed, view, True
    return AXES[view or "frontal"], view, False


def _pixels(file: Path, header: Dataset) -> Pixels:
    try:
        picture = sitk.ReadImage(str(file))
    except RuntimeError as error:
        compression = header.file_meta.TransferSyntaxUID.name
        raise InputError(
            f"{file.name}: the pixels cannot be read (damaged, or compressed as {compression}); export it uncompressed."
        ) from error
    values = sitk.GetArrayFromImage(picture)
    return grey_of(values[0] if picture.GetDimension() == 3 else values, file.name, tinted=True)


def _spacing(header: Dataset) -> _Spacing | None:
    """What the header states; mm of the patient only where it says that they were calibrated or how far magnified."""
    own, imager = _two(header, "PixelSpacing"), _two(header, "ImagerPixelSpacing")
    differs = own is not None and imager is not None and not np.allclose(own, imager, rtol=_SAME_SPACING)
    if own is not None and (differs or header.get("PixelSpacingCalibrationType")):
        return _Spacing(own, magnified=False)
    if imager is not None:
        factor = float(header.get("EstimatedRadiographicMagnificationFactor") or 1)
        if 1 < factor <= _LARGEST_MAGNIFICATION:
            return _Spacing((imager[0] / factor, imager[1] / factor), magnified=False, corrected_by=factor)
    stated = imager or own or _two(header, "NominalScannedPixelSpacing")
    return None if stated is None else _Spacing(stated, magnified=True)


def _two(header: Dataset, keyword: str) -> tuple[float, float] | None:
    values = header.get(keyword)
    if not values or len(values) != 2 or not all(np.isfinite(float(mm)) and float(mm) > 0 for mm in values):
        return None
    return float(values[0]), float(values[1])


def _check_square(file: Path, header: Dataset) -> None:
    ratio = header.get("PixelAspectRatio")
    if ratio and len(ratio) == 2 and float(ratio[0]) != float(ratio[1]):
        raise InputError(
            f"{file.name}: the pixels are not square and have no stated size; export the image with its pixel spacing."
        )


def _direction(header: Dataset) -> Direction | None:
    """The axes of the image as columns (LPS), by PatientOrientation, where that puts the head above, below or aside."""
    letters = [str(letter)[:1].upper() for letter in header.get("PatientOrientation") or ()]
    if len(letters) != 2 or any(letter not in _TOWARDS for letter in letters):
        return None
    along_row, along_column = (np.array(_TOWARDS[letter], float) for letter in letters)
    through = np.cross(along_row, along_column)
    if not through.any() or through[2]:
        return None
    return tuple(np.stack([along_row, along_column, through], -1).ravel().tolist())


def _seen_along(direction: Direction) -> View:
    return "frontal" if direction[5] else "lateral"


def _view(header: Dataset) -> View | Literal[""]:
    """The view in which the header's entries agree; "" where they do not, or say nothing."""
    told = {_POSITIONS.get(str(header.get("ViewPosition") or "").strip().upper())}
    told |= {_MEANINGS.get(str(code.get("CodeMeaning", "")).lower()) for code in header.get("ViewCodeSequence") or ()}
    placed = _direction(header)
    told |= {_seen_along(placed) if placed else None}
    views = [view for view in told if view]
    return views[0] if len(views) == 1 else ""


def _patient(header: Dataset) -> dict[str, str]:
    """Age and sex in words, where the header states them."""
    text, sex = str(header.get("PatientAge") or "").strip(), str(header.get("PatientSex") or "").strip().upper()
    number, unit = text[:-1], _UNITS.get(text[-1:].upper(), "")
    age = f"{int(number)} {unit}{'s' * (int(number) != 1)}" if number.isdecimal() and unit else ""
    return {key: words for key, words in {"age": age, "sex": _SEXES.get(sex, "")}.items() if words}
