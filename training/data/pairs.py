"""Image and label files in pairs, as users bring them: volumes (NIfTI, NRRD, MetaImage, DICOM) or pictures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from PIL import Image

from training.data import pictures
from training.data.cases import CLASSES, UNKNOWN, Case
from training.errors import TrainingError

SPACING_UNKNOWN = "unknown"
_SAME_SPACING = 1e-3
_SAME_DIRECTION = 1e-2
_SAME_PLACE = 0.1  # of a voxel
_PICTURE_DIRECTIONS: Mapping[str, tuple[float, ...]] = {
    # head up and anterior on the left, as sagittal pictures are shown: columns run posterior, rows inferior
    "sagittal": (0, 0, -1, 1, 0, 0, 0, -1, 0),
}


class Grid(Protocol):
    """What an image and the header of one (`sitk.ImageFileReader`) both tell."""

    def GetSize(self) -> tuple[int, ...]: ...  # noqa: N802
    def GetSpacing(self) -> tuple[float, ...]: ...  # noqa: N802
    def GetOrigin(self) -> tuple[float, ...]: ...  # noqa: N802
    def GetDirection(self) -> tuple[float, ...]: ...  # noqa: N802


@dataclass(frozen=True)
class Meaning:
    """What label files hold: `classes` gives the class (or UNKNOWN) of each value; `spacing_mm` is that of pictures,
    (row step, column step, thickness), None where nobody knows it.
    """

    task: str
    classes: Mapping[int, int]
    spacing_mm: tuple[float, float, float] | None = None


def class_values(task: str, values: Mapping[str, list[int]]) -> dict[int, int]:
    """The class of each label value, from the values of each class name; "unknown" names pixels of no known class.

    Raises TrainingError for a name that is not one of the task's and for a value that is given twice.
    """
    known = {name: index for index, name in enumerate(CLASSES[task])} | {"unknown": UNKNOWN}
    found: dict[int, int] = {}
    for name, of_name in values.items():
        if name not in known:
            raise TrainingError(f"The task {task} has no class {name!r}; its classes are {', '.join(known)}.")
        for value in of_name:
            if value in found:
                raise TrainingError(f"The label value {value} stands for two classes; give each value once.")
            found[value] = known[name]
    return found


def make_case(
    patient: str, name: str, image: Path, label: Path, meaning: Meaning, metadata: Mapping[str, str] | None = None
) -> Case:
    """The case of an image file and its label file. Nothing is read yet."""
    told = dict(metadata or {})
    if is_picture(image) and meaning.spacing_mm is None:
        told["spacing"] = SPACING_UNKNOWN
    read_image: Callable[[], sitk.Image] = partial(_read, image, meaning)
    read_classes: Callable[[], sitk.Image] = partial(_read_classes, image, label, meaning)
    return Case(patient, name, (image, label), read_image, read_classes, told)


def grid_difference(image: Grid, label: Grid) -> str | None:
    """What keeps two images, or their headers, from lying on one grid, in words, or None. Size first, since it
    explains the rest.
    """
    if image.GetSize() != label.GetSize():
        return f"the image has {_times(image.GetSize())} voxels and the label {_times(label.GetSize())}"
    if not np.allclose(image.GetSpacing(), label.GetSpacing(), rtol=_SAME_SPACING):
        return f"the image's voxels are {_mm(image.GetSpacing())} and the label's {_mm(label.GetSpacing())}"
    if not np.allclose(image.GetDirection(), label.GetDirection(), atol=_SAME_DIRECTION):
        return "the image and the label are oriented differently"
    away = np.subtract(image.GetOrigin(), label.GetOrigin())
    if np.linalg.norm(away) > _SAME_PLACE * min(image.GetSpacing()):
        return f"the label lies {np.linalg.norm(away):.3g} mm away from the image"
    return None


def decode(values: NDArray[np.generic], classes: Mapping[int, int], name: str) -> NDArray[np.uint8]:
    """Label values as classes, same shape. Raises TrainingError for values that have no meaning, fractions included."""
    found, places = np.unique(values, return_inverse=True)
    strange = [f"{value:g}" for value in found.tolist() if value not in classes]
    if strange:
        shown = ", ".join(strange[:8]) + (" …" if len(strange) > 8 else "")
        meant = ", ".join(str(value) for value in sorted(classes))
        raise TrainingError(f"{name} holds the label values {shown}, which have no meaning here; known are {meant}.")
    return np.array([classes[int(value)] for value in found], np.uint8)[places].reshape(values.shape)


def _read_classes(image: Path, label: Path, meaning: Meaning) -> sitk.Image:
    if is_picture(label):
        values, grid = _label_picture(label), _read(image, meaning)
        difference = (
            None
            if values.shape == grid.GetSize()[::-1]
            else (f"the image has {_times(grid.GetSize()[:2])} pixels and the label {_times(values.shape[:0:-1])}")
        )
    else:
        volume = _read(label, meaning)
        values, grid = sitk.GetArrayViewFromImage(volume), volume
        difference = grid_difference(_read(image, meaning), volume)
    if difference:
        raise TrainingError(f"{image.name} and {label.name} do not fit: {difference}; export both on one grid.")
    classes = sitk.GetImageFromArray(decode(values, meaning.classes, label.name))
    classes.CopyInformation(grid)
    return classes


def _read(path: Path, meaning: Meaning) -> sitk.Image:
    if is_picture(path):
        row_step, column_step, thickness = meaning.spacing_mm or (1.0, 1.0, 1.0)
        picture = pictures.one_slice(pictures.read_grey(path), (row_step, column_step), thickness)
        if meaning.task in _PICTURE_DIRECTIONS:
            picture.SetDirection(_PICTURE_DIRECTIONS[meaning.task])
        return picture
    try:
        volume = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise TrainingError(f"{path.name} is damaged or no image; copy or export it again.") from error
    if volume.GetNumberOfComponentsPerPixel() != 1:
        raise TrainingError(f"{path.name} has several channels; export each as an image of its own.")
    if volume.GetDimension() == 2:
        return sitk.JoinSeries(volume)
    if volume.GetDimension() != 3:
        raise TrainingError(f"{path.name} has {volume.GetDimension()} dimensions; give an image of 2 or 3.")
    return volume


def _label_picture(path: Path) -> NDArray[np.generic]:
    """The values of a label picture, (1, rows, columns); with a palette they are its indices, whatever the colours."""
    try:
        with Image.open(path) as picture:
            if picture.mode == "P":
                return np.asarray(picture)[np.newaxis]
    except OSError as error:
        raise TrainingError(f"{path.name} is damaged or no picture; copy or export it again.") from error
    return pictures.read_grey(path)[np.newaxis]


def is_picture(path: Path) -> bool:
    """Whether a file is of a kind that carries no place in the patient and no spacing."""
    return path.suffix.lower() in pictures.SUFFIXES


def _times(size: tuple[int, ...]) -> str:
    return " x ".join(str(count) for count in size)


def _mm(spacing: tuple[float, ...]) -> str:
    return " x ".join(f"{step:.3g}" for step in spacing) + " mm"
