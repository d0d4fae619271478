"""A user's own folder of image and label pairs, described by a small TOML file, so that it trains without code.

    name = "our-clinic"
    task = "axial"                            # sagittal, axial or xray
    images = "images/*.png"                   # below the folder; the * stands for the name of the case
    labels = "labels/*_seg.png"               # the same * gives the label of each image
    patient = '(\\d+)_D\\d'                     # a regular expression on that name; its group is the patient
    spacing_mm = [0.6875, 0.6875, 4.4]        # row step, column step, thickness; only for pictures, which carry none
    licence = "not published"
    citation = "Our clinic, 2025"

    [classes]                                 # the values of each class in the label files
    background = 0
    ivd = 50
    ts = [150, 151]                           # several values may mean one class
    unknown = 250                             # pixels that count neither in training nor in scores

Class names are those of the task (`training.data.cases.CLASSES`); a class that the labels do not know is left out.
Volumes are NIfTI, NRRD, MetaImage or single DICOM files, with label volumes on the same grid. Pictures are PNG, JPEG,
BMP or TIFF; a sagittal one shows the head up and anterior on the left, an axial one anterior up and the patient's
right on the left. Without `patient` each case is a patient of its own: right only if each patient has one image.
"""

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from training.data.cases import CLASSES, Case, DataSet, LeftOut
from training.data.pairs import Meaning, class_values, is_picture, make_case
from training.errors import TrainingError

Step = Annotated[float, Field(gt=0)]


class Description(BaseModel):
    """The keys of a description file, as in this module's example."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1)]
    task: Literal["sagittal", "axial", "xray"]
    images: str
    labels: str
    classes: dict[str, int | list[int]]
    patient: str = "(.+)"
    spacing_mm: tuple[Step, Step, Step] | None = None
    licence: str = "not stated"
    citation: str = "not stated"

    @field_validator("images", "labels")
    @classmethod
    def _one_star(cls, pattern: str) -> str:
        if pattern.count("*") != 1 or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise ValueError("give a path below the folder with exactly one *, such as images/*.nii.gz")
        return pattern

    @field_validator("patient")
    @classmethod
    def _one_group(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"this is no regular expression ({error})") from error
        if groups != 1:
            raise ValueError("put exactly one group in brackets around the part of the name that is the patient")
        return pattern


def read_description(path: Path, folder: Path) -> DataSet:
    """The data set that the TOML file at `path` describes, in `folder`.

    Raises TrainingError with one sentence for a file that cannot be read, a key that does not exist, a class that the
    task has not and a value with two meanings. Images without a label and names that do not fit are left out.
    """
    description = _described(path)
    values = {name: given if isinstance(given, list) else [given] for name, given in description.classes.items()}
    meaning = Meaning(description.task, class_values(description.task, values), description.spacing_mm)
    images, labels = _named(folder, description.images), _named(folder, description.labels)
    cases: list[Case] = []
    left_out = [LeftOut(name, f"{labels[name].name} has no image") for name in labels if name not in images]
    for name, image in images.items():
        if image in labels.values():  # both lie in one folder and the images' pattern fits the labels too
            continue
        patient = re.fullmatch(description.patient, name)
        if name not in labels:
            left_out.append(LeftOut(name, f"{image.name} has no label {description.labels.replace('*', name)}"))
        elif patient is None or not patient[1]:
            left_out.append(LeftOut(name, f"its name does not fit the patient pattern {description.patient}"))
        else:
            cases.append(make_case(patient[1], name, image, labels[name], meaning))
    if description.spacing_mm and images and not any(map(is_picture, images.values())):
        raise TrainingError(f"{path.name}: spacing_mm is for pictures; these images carry their own, leave it out.")
    return DataSet(
        name=description.name,
        task=description.task,
        classes=CLASSES[description.task],
        cases=tuple(cases),
        left_out=tuple(left_out),
        citation=description.citation,
        licence=description.licence,
    )


def _described(path: Path) -> Description:
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TrainingError(f"There is no description file {path}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path.name} is not valid TOML: {error}.") from error
    for key in table:
        if key not in Description.model_fields:
            nearest = get_close_matches(key, Description.model_fields, 1, cutoff=0.0)[0]
            raise TrainingError(f"{path.name}: there is no key {key!r}; the nearest one is {nearest!r}.")
    try:
        return Description(**table)
    except ValidationError as error:
        first = error.errors()[0]
        reason = first["msg"].removeprefix("Value error, ")
        raise TrainingError(f"{path.name}: {first['loc'][0]}: {reason[0].lower()}{reason[1:]}.") from error


def _named(folder: Path, pattern: str) -> dict[str, Path]:
    """The files that fit a pattern, by what its star stands for, in the order of these names."""
    before, after = (re.escape(part) for part in pattern.split("*"))
    found = {}
    for path in folder.glob(pattern):
        match = re.fullmatch(f"{before}([^/]+){after}", path.relative_to(folder).as_posix())
        if match and path.is_file():
            found[match[1]] = path
    return dict(sorted(found.items()))
