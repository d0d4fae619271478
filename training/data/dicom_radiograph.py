"""What the training needs of a DICOM radiograph: size, spacing, age and sex from its header, and its pixels."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

from training.errors import TrainingError

_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


def header_of(path: Path) -> pydicom.Dataset:
    """The header of a single grey image. Raises TrainingError if the file is none."""
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True)
    except (InvalidDicomError, OSError, EOFError) as error:
        raise TrainingError(f"{path.name} is no DICOM file, or a damaged one") from error
    if not (header.get("Rows") and header.get("Columns")):
        raise TrainingError(f"{path.name} holds no image")
    if header.get("SamplesPerPixel", 1) != 1 or int(header.get("NumberOfFrames") or 1) != 1:
        raise TrainingError(f"{path.name} is in colour or has several frames; a radiograph is one grey image")
    return header


def spacing_of(header: pydicom.Dataset) -> tuple[tuple[float, float], str]:
    """Spacing of (rows, columns) in mm, and which entry it is from; (1, 1) and "unknown" if there is none.

    The spacing at the detector is divided by the magnification, where the header has it.
    """
    for name in ("PixelSpacing", "ImagerPixelSpacing"):
        values = header.get(name)
        if values and len(values) == 2 and min(map(float, values)) > 0:
            at_detector = name == "ImagerPixelSpacing"
            magnification = float(header.get("EstimatedRadiographicMagnificationFactor") or 1) if at_detector else 1.0
            return (float(values[0]) / magnification, float(values[1]) / magnification), name
    return (1.0, 1.0), "unknown"


def person(header: pydicom.Dataset) -> dict[str, str]:
    """The patient's `age` in whole years and `sex` (M, F or O), as far as the header tells them."""
    known = {}
    age = _stated_age(str(header.get("PatientAge") or "")) or _age_on_day(header)
    if age:
        known["age"] = age
    sex = str(header.get("PatientSex") or "").strip().upper()
    if sex in ("M", "F", "O"):
        known["sex"] = sex
    return known


def _stated_age(text: str) -> str:
    """DICOM's age string, such as 045Y or 006M."""
    number, unit = text.strip()[:-1], text.strip()[-1:].upper()
    return str(int(int(number) * _YEARS[unit])) if number.isdigit() and unit in _YEARS else ""


def _age_on_day(header: pydicom.Dataset) -> str:
    try:
        born, taken = (
            datetime.strptime(str(header.get(name) or ""), "%Y%m%d") for name in ("PatientBirthDate", "StudyDate")
        )
    except ValueError:
        return ""
    return str(taken.year - born.year - ((taken.month, taken.day) < (born.month, born.day)))


def pixels_of(path: Path) -> NDArray[np.uint8 | np.uint16]:
    """The pixels (rows, columns), 8 to 16 bits, with bone brighter than air: MONOCHROME1 is inverted.

    Raises TrainingError if they cannot be decoded.
    """
    dataset = pydicom.dcmread(path)
    try:
        stored = dataset.pixel_array
    except (AttributeError, NotImplementedError, RuntimeError, ValueError) as error:
        raise TrainingError(
            f"The pixels of {path.name} cannot be decoded; store it uncompressed, for example with gdcmconv --raw."
        ) from error
    lowest, highest = int(stored.min()), int(stored.max())
    if highest - lowest > np.iinfo(np.uint16).max:
        raise TrainingError(f"{path.name} has values beyond 16 bits; export it with 8 to 16 bits.")
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        stored = highest - stored.astype(np.int32)
    elif lowest < 0:
        stored = stored.astype(np.int32) - lowest
    return stored.astype(np.uint8 if stored.max() < 256 else np.uint16)
