"""Reads SPIDER (van der Graaf et al. 2024, 10.1038/s41597-024-03090-w): `images/*.mha`, `masks/*.mha` and, where it is,
`overview.csv`, by patient.
"""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from training.data.cases import CLASSES as TASK_CLASSES
from training.data.cases import UNKNOWN, Case, DataSet, LeftOut
from training.data.pairs import grid_difference
from training.errors import TrainingError

BACKGROUND, VERTEBRA, DISC, CANAL = range(4)
CLASSES = TASK_CLASSES["sagittal"]
_NAME = re.compile(r"\d+_(t1|t2|t2_SPACE)")
_NAME_COLUMN = "new_file_name"
_NOT_CARRIED = (_NAME_COLUMN, "birth_date")
_CITATION = (
    "van der Graaf JW, et al. Lumbar spine segmentation in MR images: a dataset and a public benchmark. "
    "Scientific Data 11:264 (2024), 10.1038/s41597-024-03090-w."
)


def classes_of(mask: sitk.Image) -> sitk.Image:
    """Reduce SPIDER's values to the three classes.

    1-25 vertebrae, 101-125 partly visible vertebrae, 100 canal, 201-225 discs; the coding with merged
    instances (1, 100, 201) is the same ranges. Raises ValueError for any other value.
    """
    values = sitk.GetArrayViewFromImage(mask)
    table = np.full(256, UNKNOWN, np.uint8)
    table[0] = BACKGROUND
    table[1:26] = VERTEBRA
    table[101:126] = VERTEBRA
    table[201:226] = DISC
    table[100] = CANAL
    if values.min() < 0 or values.max() > 255 or (table[np.unique(values).astype(np.uint8)] == UNKNOWN).any():
        raise ValueError(f"mask values {np.unique(values).tolist()} are not SPIDER's")
    classes = sitk.GetImageFromArray(table[values.astype(np.uint8)])
    classes.CopyInformation(mask)
    return classes


def read_spider(folder: Path) -> DataSet:
    """All series that have an image and a mask on one grid, by patient; the others are left out with the reason.

    What `overview.csv` says of a series goes into its metadata, but for dates of birth. Only headers are read here.
    Raises TrainingError if the folder holds no images.
    """
    images = {path.stem: path for path in (folder / "images").glob("*.mha")}
    masks = {path.stem: path for path in (folder / "masks").glob("*.mha")}
    if not images:
        raise TrainingError(f"{folder} holds no images/*.mha; give the folder that holds SPIDER's images and masks.")
    told = _overview(folder / "overview.csv")
    cases, left_out = [], []
    for name in sorted(set(images) | set(masks), key=_by_patient):
        reason = _fault(name, images.get(name), masks.get(name))
        if reason:
            left_out.append(LeftOut(name, reason))
        else:
            cases.append(_case(name, images[name], masks[name], told.get(name, {})))
    return DataSet(
        name="spider",
        task="sagittal",
        classes=CLASSES,
        cases=tuple(cases),
        left_out=tuple(left_out),
        citation=_CITATION,
        licence="CC BY 4.0",
        for_teaching=without_unlabelled_top,
    )


def _by_patient(name: str) -> tuple[int, str]:
    patient = name.partition("_")[0]
    return (int(patient) if patient.isdigit() else 0, name)


def _fault(name: str, image: Path | None, mask: Path | None) -> str:
    if not _NAME.fullmatch(name):
        return "its name is not one of SPIDER's, such as 12_t2 or 12_t2_SPACE"
    if image is None or mask is None:
        return f"there is no {'image' if image is None else 'mask'} of it"
    headers = []
    for path in (image, mask):
        header = sitk.ImageFileReader()
        header.SetFileName(str(path))
        try:
            header.ReadImageInformation()
        except RuntimeError:
            return f"{path.parent.name}/{path.name} is damaged; copy it again"
        headers.append(header)
    return grid_difference(*headers) or ""


def _case(name: str, image: Path, mask: Path, told: Mapping[str, str]) -> Case:
    def read_image() -> sitk.Image:
        try:
            return sitk.ReadImage(str(image))
        except RuntimeError as error:
            raise TrainingError(f"images/{image.name} is damaged; copy it again.") from error

    def read_classes() -> sitk.Image:
        try:
            return classes_of(sitk.ReadImage(str(mask)))
        except RuntimeError as error:
            raise TrainingError(f"masks/{mask.name} is damaged; copy it again.") from error
        except ValueError as error:
            raise TrainingError(f"masks/{mask.name}: {error}; take the series out or mend its mask.") from error

    patient, _, weighting = name.partition("_")
    metadata = {**told, "weighting": weighting.upper().replace("_", " ")}
    return Case(patient, name, (image, mask), read_image, read_classes, metadata)


def _overview(path: Path) -> dict[str, dict[str, str]]:
    """What the table says of each series, by its name; empty cells and dates of birth are dropped."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file)
        if _NAME_COLUMN not in (table.fieldnames or ()):
            raise TrainingError(f"overview.csv has no column {_NAME_COLUMN}; fetch it again or take it away.")
        rows = [{key: (value or "").strip() for key, value in row.items() if isinstance(key, str)} for row in table]
    return {
        row[_NAME_COLUMN]: {key: value for key, value in row.items() if value and key not in _NOT_CARRIED}
        for row in rows
    }


def without_unlabelled_top(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same classes with the background unknown where the canal goes on above the highest labelled vertebra or disc.

    Some masks leave out the uppermost, often partly visible vertebrae, others label them. Taken as background they
    would teach the network both.
    """
    labelled = np.flatnonzero(((classes == VERTEBRA) | (classes == DISC)).any((0, 2)))
    canal = np.flatnonzero((classes == CANAL).any((0, 2)))
    known = classes.copy()
    if len(labelled) and len(canal):
        top = known[:, canal[0] : labelled[0]]
        top[top == BACKGROUND] = UNKNOWN
    return known
