"""Reads radiographs with vertebra masks: DICOM or pictures, each with a mask PNG of the same name.

Layouts: `images/` and `masks/`, or DICOM files and their mask PNG side by side. A mask holds 0 and one other value, or
numbers each vertebra from 1.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

from training.data.cases import CLASSES, Case, DataSet, LeftOut
from training.data.pictures import SUFFIXES, one_slice, read_grey, size_of
from training.errors import TrainingError

_DICOM_SUFFIXES = (".dcm", ".dicom", "")
_MOST_VERTEBRAE = 30


def read_radiographs(folder: Path) -> DataSet:
    """All radiographs of the folder that have a mask of their size; the others are left out with the reason.

    A patient is told by the DICOM's PatientID and named after the first of their files, so that no identity is passed
    on; without one each image is a patient of its own.
    """
    separate = (folder / "images").is_dir()
    images, masks = (folder / "images", folder / "masks") if separate else (folder, folder)
    cases: list[Case] = []
    left_out: list[LeftOut] = []
    patients: dict[str, str] = {}
    for path in sorted(images.iterdir()):
        suffix = path.suffix.lower()
        if not path.is_file() or suffix not in (_DICOM_SUFFIXES + SUFFIXES if separate else _DICOM_SUFFIXES):
            continue
        try:
            cases.append(_case(path, masks / f"{path.stem}.png", patients))
        except TrainingError as error:
            left_out.append(LeftOut(path.stem, str(error)))
    return DataSet(
        "radiographs", "xray", CLASSES["xray"], tuple(cases), tuple(left_out), "the user's own", "the user's own"
    )


def _case(path: Path, mask: Path, patients: dict[str, str]) -> Case:
    if not mask.is_file():
        raise TrainingError(f"there is no mask {mask.name} in {mask.parent.name}")
    if path.suffix.lower() in SUFFIXES:
        size, patient, spacing = size_of(path), path.stem, (1.0, 1.0)
        metadata = {"spacing": "unknown"}
        read: Callable[[], NDArray[np.uint8 | np.uint16]] = lambda: read_grey(path)  # noqa: E731
    else:
        header = _header(path)
        size = (int(header.Rows), int(header.Columns))
        patient = patients.setdefault(str(header.get("PatientID", "")).strip() or path.stem, path.stem)
        spacing, source = spacing_of(header)
        metadata = {"spacing": source, **person(header)}
        read = lambda: dicom_pixels(path)  # noqa: E731
    if size != size_of(mask):
        raise TrainingError(f"the image has {size} rows and columns, its mask {size_of(mask)}")

    def image() -> sitk.Image:
        return one_slice(read(), spacing)

    def classes() -> sitk.Image:
        return one_slice(vertebrae(read_grey(mask), mask.name), spacing)

    return Case(patient, path.stem, (path, mask), image, classes, metadata)


def _header(path: Path) -> pydicom.Dataset:
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True)
    except (InvalidDicomError, OSError) as error:
        raise TrainingError("it is no DICOM file") from error
    if "Rows" not in header or "Columns" not in header:
        raise TrainingError("the DICOM file holds no image")
    return header


def spacing_of(header: pydicom.Dataset) -> tuple[tuple[float, float], str]:
    """Spacing of (rows, columns) in mm and where it is from."""
    for name in ("PixelSpacing", "ImagerPixelSpacing"):
        values = header.get(name)
        if values and len(values) == 2 and min(values) > 0:
            return (float(values[0]), float(values[1])), name
    return (1.0, 1.0), "unknown"


def person(header: pydicom.Dataset) -> Mapping[str, str]:
    """Age in years and sex, as far as the header has them."""
    known = {}
    age = str(header.get("PatientAge", "")).strip().upper()
    if age[:-1].isdigit() and age[-1:] in tuple("YMWD"):
        years = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}[age[-1]] * int(age[:-1])
        known["age"] = str(int(years))
    sex = str(header.get("PatientSex", "")).strip().upper()
    if sex in ("M", "F", "O"):
        known["sex"] = sex
    return known


def dicom_pixels(path: Path) -> NDArray[np.uint8 | np.uint16]:
    """The pixels (rows, columns), bright bone: MONOCHROME1 is inverted."""
    dataset = pydicom.dcmread(path)
    try:
        pixels = dataset.pixel_array
    except Exception as error:
        raise TrainingError(f"{path.name}: its pixels cannot be read ({error}); store it uncompressed.") from error
    if pixels.ndim != 2:
        raise TrainingError(f"{path.name} is no single grey image.")
    shifted = pixels.astype(np.int64) - min(int(pixels.min()), 0)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        shifted = shifted.max() - shifted
    return shifted.astype(np.uint16)


def vertebrae(values: NDArray[np.uint8 | np.uint16], name: str) -> NDArray[np.uint8]:
    """A mask's values as classes. Raises TrainingError for an empty mask and for values that are no mask's."""
    others = [value for value in np.unique(values).tolist() if value]
    if not others:
        raise TrainingError(f"{name} is empty; label its vertebrae or take the image out.")
    if len(others) > 1 and max(others) > _MOST_VERTEBRAE:
        raise TrainingError(
            f"{name} has the values {others[:8]}; a mask holds 0 and one other value, or numbers vertebrae from 1."
        )
    return (values > 0).astype(np.uint8)
