"""Reads AASCE 2019 (SpineWeb data set 16): frontal radiographs and the four corners of seventeen vertebrae each.

Two layouts: as published, `data/PART/*.jpg` with `labels/PART/filenames.csv` and `landmarks.csv` (68 x, then 68 y, as
shares of width and height), PART being training or test; and `images/*.jpg` with one table `corners.csv` in pixels.
A vertebra is its filled quadrilateral; between two neighbours lies the space of their disc, which keeps them apart
where they nearly touch. The radiographs carry no pixel size; they are laid over the field of view that a network is
shown.
"""

import csv
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from skimage.draw import polygon

from LumbarSegLib.core.preprocess import RADIOGRAPH_HEIGHT_MM
from training.data.cases import Case, DataSet, LeftOut
from training.data.corners import Corners, fault
from training.data.pictures import one_slice, read_grey, size_of
from training.errors import TrainingError

VERTEBRAE = 17
CLASSES = ("background", "vertebra", "lateral_vertebra", "disc_space")
VERTEBRA, DISC_SPACE = CLASSES.index("vertebra"), CLASSES.index("disc_space")
_LEAST_SPACE_PX = 3.0  # between two neighbours; narrower spaces would be lost on the grid of a network
_PARTS = ("training", "test")
_COLUMNS = ("tl_x", "tl_y", "tr_x", "tr_y", "bl_x", "bl_y", "br_x", "br_y")
_CITATION = (
    "Wu H, Bailey C, Rasoulinejad P, Li S. Automatic landmark estimation for adolescent idiopathic scoliosis "
    "assessment using BoostNet. MICCAI 2017, 127-135 (SpineWeb data set 16, AASCE 2019)."
)
_LICENCE = "terms not verified; research only, do not pass the images on"


class Listed(NamedTuple):
    """An image, its corners in pixels, and the table they are from."""

    path: Path
    corners: Corners
    table: Path


def read_aasce(folder: Path, without: Collection[str] = ()) -> DataSet:
    """The radiographs of the folder whose corners are sound; the others are left out with the reason, and so are those
    `without` which it is asked for.

    Raises TrainingError if there is no table of corners or it is not in one of the two layouts.
    """
    found = _listed(folder)
    cases, left_out = [], []
    for path in sorted(found):
        reason = "the experiment does without it" if path.stem in without else _reason(found[path])
        if reason:
            left_out.append(LeftOut(path.stem, reason))
        else:
            cases.append(_case(found[path]))
    unlabelled = {other for place in {path.parent for path in found} for other in place.glob("*.jpg")} - set(found)
    left_out += [LeftOut(path.stem, "the table of corners does not name it") for path in sorted(unlabelled)]
    return DataSet(
        name="aasce",
        task="xray",
        classes=CLASSES,
        cases=tuple(cases),
        left_out=tuple(left_out),
        citation=_CITATION,
        licence=_LICENCE,
    )


def read_corners(folder: Path) -> list[Listed]:
    """The corners of the radiographs that `read_aasce` reads, without their pixels."""
    found = _listed(folder)
    return [found[path] for path in sorted(found) if not _reason(found[path])]


def _listed(folder: Path) -> dict[Path, Listed]:
    table = folder / "corners.csv"
    listed = _from_pixels(folder, table) if table.is_file() else _from_landmarks(folder)
    return {one.path: one for one in listed}


def _case(one: Listed) -> Case:
    def read_image() -> sitk.Image:
        grey = read_grey(one.path)
        return one_slice(grey, _spacing(len(grey)))

    def read_classes() -> sitk.Image:
        size = size_of(one.path)
        return one_slice(with_spaces(one.corners, size), _spacing(size[0]))

    name = one.path.stem
    return Case(name, name, (one.path, one.table), read_image, read_classes, {"view": "frontal", "spacing": "unknown"})


def _spacing(rows: int) -> tuple[float, float]:
    return RADIOGRAPH_HEIGHT_MM / rows, RADIOGRAPH_HEIGHT_MM / rows


def with_spaces(corners: Corners, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The classes in a picture of (rows, columns): the quadrilaterals, and what lies between neighbours."""
    classes = np.where(filled(corners, size), np.uint8(VERTEBRA), np.uint8(0))
    order = np.argsort(corners[:, :, 1].mean(1))
    for above, below in zip(corners[order], corners[order][1:], strict=False):
        upper, lower = _apart(above[2:], below[:2])
        ring = np.round(np.concatenate([upper, lower[::-1]]), 3)
        classes[polygon(ring[:, 1], ring[:, 0], size)] = DISC_SPACE
    return classes


def _apart(upper: Corners, lower: Corners) -> tuple[Corners, Corners]:
    """The two sides (2, 2) of a disc's space, left end first, moved apart where they are nearer than the least."""
    middle, half = (upper + lower) / 2, (lower - upper) / 2
    half[:, 1] = np.maximum(half[:, 1], _LEAST_SPACE_PX / 2)
    return middle - half, middle + half


def filled(corners: Corners, size: tuple[int, int]) -> NDArray[np.uint8]:
    """One where a pixel's centre lies in a quadrilateral, in a picture of (rows, columns)."""
    mask = np.zeros(size, np.uint8)
    for top_left, top_right, bottom_left, bottom_right in np.round(corners, 3):
        ring = np.stack([top_left, top_right, bottom_right, bottom_left])
        mask[polygon(ring[:, 1], ring[:, 0], size)] = 1
    return mask


def _reason(one: Listed) -> str:
    if not one.path.is_file():
        return f"there is no {one.path.parent.name}/{one.path.name}"
    if len(one.corners) != VERTEBRAE:
        return f"{len(one.corners)} vertebrae are listed, not {VERTEBRAE}"
    try:
        return fault(one.corners, size_of(one.path))
    except TrainingError as error:
        return str(error)


def _from_pixels(folder: Path, table: Path) -> Iterator[Listed]:
    by_image: dict[str, dict[int, list[float]]] = {}
    with table.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"image", "vertebra", *_COLUMNS} - set(reader.fieldnames or ())
        if missing:
            raise TrainingError(
                f"{table.name} has no column {', '.join(sorted(missing))}; give the table as published."
            )
        for row in reader:
            try:
                by_image.setdefault(row["image"], {})[int(row["vertebra"])] = [float(row[name]) for name in _COLUMNS]
            except (TypeError, ValueError) as error:
                raise TrainingError(f"{table.name}, line {reader.line_num}: a number is missing; mend it.") from error
    for name, rows in by_image.items():
        corners = np.array([rows[number] for number in sorted(rows)]).reshape(-1, 4, 2)
        yield Listed(folder / "images" / f"{name}.jpg", corners, table)


def _from_landmarks(folder: Path) -> Iterator[Listed]:
    parts = [part for part in _PARTS if (folder / "labels" / part / "landmarks.csv").is_file()]
    if not parts:
        raise TrainingError(
            f"{folder} holds neither corners.csv nor labels/training/landmarks.csv; give the folder of the data set."
        )
    for part in parts:
        labels = folder / "labels" / part
        table = labels / "landmarks.csv"
        names, rows = _lines(labels / "filenames.csv"), _lines(table)
        if len(names) != len(rows):
            raise TrainingError(
                f"labels/{part}: filenames.csv names {len(names)} images, but landmarks.csv has {len(rows)} rows; "
                f"fetch both again."
            )
        for name, row in zip(names, rows, strict=True):
            path = folder / "data" / part / name.strip().strip('"')
            yield Listed(path, _in_pixels(row, path, table), table)


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise TrainingError(f"There is no {path.name} in {path.parent}; fetch the labels again.")
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _in_pixels(row: str, path: Path, table: Path) -> Corners:
    try:
        shares = np.array(row.split(","), float).reshape(2, VERTEBRAE, 4)
    except ValueError as error:
        raise TrainingError(
            f"{table.name}: the row of {path.name} does not hold {8 * VERTEBRAE} numbers; fetch the labels again."
        ) from error
    rows, columns = size_of(path) if path.is_file() else (1, 1)
    return np.stack([shares[0] * columns, shares[1] * rows], -1)
