"""Reads AASCE 2019 (SpineWeb data set 16): frontal radiographs and the four corners of seventeen vertebrae each.

Two layouts: as published, `data/PART/*.jpg` with `labels/PART/filenames.csv` and `landmarks.csv` (68 x, then 68 y, as
shares of width and height), PART being training or test; and `images/*.jpg` with one table `corners.csv` in pixels.
A vertebra is its filled quadrilateral. The radiographs carry no pixel size.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from training.data.cases import CLASSES, Case, DataSet, LeftOut
from training.data.corners import Corners, fault
from training.data.pictures import one_slice, read_grey, size_of
from training.errors import TrainingError

VERTEBRAE = 17
_PARTS = ("training", "test")
_COLUMNS = ("tl_x", "tl_y", "tr_x", "tr_y", "bl_x", "bl_y", "br_x", "br_y")
_CITATION = (
    "Wu H, Bailey C, Rasoulinejad P, Li S. Automatic landmark estimation for adolescent idiopathic scoliosis "
    "assessment using BoostNet. MICCAI 2017, 127-135 (SpineWeb data set 16, AASCE 2019)."
)
_LICENCE = "terms not verified; research only, do not pass the images on"


def read_aasce(folder: Path) -> DataSet:
    """The radiographs of the folder whose corners are sound; the others are left out with the reason.

    Raises TrainingError if there is no table of corners or it is not in one of the two layouts.
    """
    table = folder / "corners.csv"
    found = dict(_from_pixels(folder, table) if table.is_file() else _from_landmarks(folder))
    cases, left_out = [], []
    for path, corners in sorted(found.items()):
        reason = _reason(path, corners)
        if reason:
            left_out.append(LeftOut(path.stem, reason))
        else:
            cases.append(_case(path, corners))
    unlabelled = {other for place in {path.parent for path in found} for other in place.glob("*.jpg")} - set(found)
    left_out += [LeftOut(path.stem, "the table of corners does not name it") for path in sorted(unlabelled)]
    return DataSet("aasce", "xray", CLASSES["xray"], tuple(cases), tuple(left_out), _CITATION, _LICENCE)


def _case(path: Path, corners: Corners) -> Case:
    def image() -> sitk.Image:
        return one_slice(read_grey(path), (1.0, 1.0))

    def classes() -> sitk.Image:
        return one_slice(filled(corners, size_of(path)), (1.0, 1.0))

    return Case(path.stem, path.stem, (path,), image, classes, {"view": "frontal", "spacing": "unknown"})


def filled(corners: Corners, size: tuple[int, int]) -> NDArray[np.uint8]:
    """One where a quadrilateral covers the pixel, in a picture of (rows, columns)."""
    picture = Image.new("L", (size[1], size[0]))
    draw = ImageDraw.Draw(picture)
    for top_left, top_right, bottom_left, bottom_right in corners:
        draw.polygon([tuple(map(float, point)) for point in (top_left, top_right, bottom_right, bottom_left)], fill=1)
    return np.array(picture, np.uint8)


def _reason(path: Path, corners: Corners) -> str:
    if not path.is_file():
        return f"there is no {path.name} in {path.parent.name}"
    try:
        return fault(corners, size_of(path))
    except TrainingError as error:
        return str(error)


def _from_pixels(folder: Path, table: Path) -> Iterator[tuple[Path, Corners]]:
    by_image: dict[str, dict[int, list[float]]] = {}
    with table.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"image", "vertebra", *_COLUMNS} - set(reader.fieldnames or ())
        if missing:
            raise TrainingError(f"{table.name} has no column {', '.join(sorted(missing))}; see the reader's layout.")
        for row in reader:
            by_image.setdefault(row["image"], {})[int(row["vertebra"])] = _numbers(row, table)
    for name, rows in by_image.items():
        corners = np.array([rows[number] for number in sorted(rows)]).reshape(-1, 4, 2)
        yield folder / "images" / f"{name}.jpg", corners


def _numbers(row: Mapping[str, str], table: Path) -> list[float]:
    try:
        return [float(row[column]) for column in _COLUMNS]
    except (TypeError, ValueError) as error:
        raise TrainingError(f"{table.name} has no number for a corner of {row['image']}; mend that row.") from error


def _from_landmarks(folder: Path) -> Iterator[tuple[Path, Corners]]:
    parts = [part for part in _PARTS if (folder / "labels" / part / "landmarks.csv").is_file()]
    if not parts:
        raise TrainingError(
            f"{folder} holds neither corners.csv nor labels/training/landmarks.csv; give the folder of the data set."
        )
    for part in parts:
        labels = folder / "labels" / part
        names = [name.strip() for name in _lines(labels / "filenames.csv")]
        rows = [row.split(",") for row in _lines(labels / "landmarks.csv")]
        if len(names) != len(rows):
            raise TrainingError(
                f"{part}: filenames.csv names {len(names)} images, landmarks.csv has {len(rows)} rows; they must match."
            )
        for name, row in zip(names, rows, strict=True):
            path = folder / "data" / part / name
            yield path, _in_pixels(row, path)


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise TrainingError(f"There is no {path.name} in {path.parent}; fetch the labels again.")
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _in_pixels(row: list[str], path: Path) -> Corners:
    if len(row) != 8 * VERTEBRAE:
        raise TrainingError(f"{path.name}: landmarks.csv has {len(row)} numbers for it, not {8 * VERTEBRAE}.")
    shares = np.array(row, float).reshape(2, VERTEBRAE, 4)
    rows, columns = size_of(path) if path.is_file() else (1, 1)
    return np.stack([shares[0] * columns, shares[1] * rows], -1)
