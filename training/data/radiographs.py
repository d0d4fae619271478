"""Reads radiographs with vertebra masks: DICOM or pictures, each with a mask PNG of the same name.

Either `images/` and `masks/`, or DICOM files with their mask PNG beside them. A mask has the size of its image and
holds 0 and one other value for all vertebrae, or numbers them from 1. Everything but the pixels is checked at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from training.data import dicom_radiograph
from training.data.cases import CLASSES, Case, DataSet, LeftOut
from training.data.pictures import SUFFIXES, one_slice, read_grey, size_of
from training.errors import TrainingError

_DICOM_SUFFIXES = (".dcm", ".dicom", ".ima", "")
_MOST_VERTEBRAE = 30


@dataclass(frozen=True)
class _Radiograph:
    """What is known of an image before its pixels are read. `person` tells patients apart; nobody else sees it."""

    person: str
    size: tuple[int, int]
    spacing_mm: tuple[float, float]
    metadata: Mapping[str, str]
    read: Callable[[], NDArray[np.uint8 | np.uint16]]


def read_radiographs(folder: Path) -> DataSet:
    """All radiographs of the folder that have a mask of their size; the others are left out with the reason.

    Images with the same PatientID belong to one patient, who is named after the first of them; a picture, and a DICOM
    file without that entry, is a patient of its own. Raises TrainingError if there are no images.
    """
    separate = (folder / "images").is_dir()
    suffixes = _DICOM_SUFFIXES + SUFFIXES if separate else _DICOM_SUFFIXES
    images, masks = (folder / "images", folder / "masks") if separate else (folder, folder)
    paths = [
        path
        for path in sorted(images.iterdir())
        if path.is_file() and path.suffix.lower() in suffixes and not path.name.startswith(".")
    ]
    if not paths:
        raise TrainingError(f"{folder} holds no radiographs; put them into images/ and their mask PNGs into masks/.")
    cases: dict[str, Case] = {}
    left_out: list[LeftOut] = []
    patients: dict[str, str] = {}
    for path in paths:
        try:
            if path.stem in cases:
                raise TrainingError(f"{path.name} has the name of another image")
            cases[path.stem] = _case(path, masks / f"{path.stem}.png", patients)
        except TrainingError as error:
            left_out.append(LeftOut(path.stem, str(error)))
    known = {path.stem for path in paths}
    left_out += [
        LeftOut(mask.stem, "there is no image of it") for mask in masks.glob("*.png") if mask.stem not in known
    ]
    return DataSet(
        name="radiographs",
        task="xray",
        classes=CLASSES["xray"],
        cases=tuple(cases.values()),
        left_out=tuple(left_out),
        citation="not stated",
        licence="not stated",
    )


def _case(path: Path, mask: Path, patients: dict[str, str]) -> Case:
    if not mask.is_file():
        raise TrainingError(f"there is no mask {mask.parent.name}/{mask.name}")
    found = _picture(path) if path.suffix.lower() in SUFFIXES else _dicom(path)
    if found.size != size_of(mask):
        (rows, columns), (mask_rows, mask_columns) = found.size, size_of(mask)
        raise TrainingError(f"its image has {rows} x {columns} pixels, its mask {mask_rows} x {mask_columns}")

    def read_image() -> sitk.Image:
        return one_slice(found.read(), found.spacing_mm)

    def read_classes() -> sitk.Image:
        return one_slice(vertebrae(read_grey(mask), mask.name), found.spacing_mm)

    patient = patients.setdefault(found.person, path.stem)
    return Case(patient, path.stem, (path, mask), read_image, read_classes, found.metadata)


def _picture(path: Path) -> _Radiograph:
    return _Radiograph(path.name, size_of(path), (1.0, 1.0), {"spacing": "unknown"}, partial(read_grey, path))


def _dicom(path: Path) -> _Radiograph:
    header = dicom_radiograph.header_of(path)
    spacing, source = dicom_radiograph.spacing_of(header)
    return _Radiograph(
        person=str(header.get("PatientID") or "").strip() or path.name,
        size=(int(header.Rows), int(header.Columns)),
        spacing_mm=spacing,
        metadata={"spacing": source, **dicom_radiograph.person(header)},
        read=partial(dicom_radiograph.pixels_of, path),
    )


def vertebrae(mask: NDArray[np.uint8 | np.uint16], name: str) -> NDArray[np.uint8]:
    """A mask's values as classes. Raises TrainingError for an empty mask and for values that no mask has, such as the
    in-between ones of a scaled or lossily stored one.
    """
    others = [value for value in np.unique(mask).tolist() if value]
    if not others:
        raise TrainingError(f"The mask {name} is empty; mark its vertebrae or take the image out.")
    if len(others) > 1 and max(others) > _MOST_VERTEBRAE:
        shown = ", ".join(map(str, others[:8])) + (" …" if len(others) > 8 else "")
        raise TrainingError(
            f"The mask {name} has the values {shown}; it should hold 0 and one other value, or number vertebrae from 1."
        )
    return (mask > 0).astype(np.uint8)
