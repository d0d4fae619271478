"""Reads SPIDER (van der Graaf et al. 2024, 10.1038/s41597-024-03090-w): `images/*.mha` and `masks/*.mha`,
by patient.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core import preprocess
from training.data.cases import CLASSES as TASK_CLASSES
from training.data.cases import UNKNOWN, Case, DataSet, LeftOut
from training.errors import TrainingError

BACKGROUND, VERTEBRA, DISC, CANAL = range(4)
CLASSES = TASK_CLASSES["sagittal"]


_CITATION = (
    "van der Graaf JW, et al. Lumbar spine segmentation in MR images: a dataset and a public benchmark. "
    "Scientific Data 11:264 (2024), 10.1038/s41597-024-03090-w."
)


@dataclass(frozen=True)
class Series:
    """One image with its mask, as files; `patient` is SPIDER's number."""

    patient: int
    name: str
    image_path: Path
    mask_path: Path

    def image(self) -> sitk.Image:
        return sitk.ReadImage(str(self.image_path))

    def classes(self) -> sitk.Image:
        """The mask as 0 background, 1 vertebra, 2 disc, 3 canal, on the image's grid."""
        return classes_of(sitk.ReadImage(str(self.mask_path)))


@dataclass(frozen=True)
class Stack:
    """One series as the network sees it: `image` in 0..1 and `classes` (255 where unknown), both (slices, rows,
    columns) in stack order.
    """

    name: str
    image: NDArray[np.float32]
    classes: NDArray[np.uint8]
    slice_spacing_mm: float


def classes_of(mask: sitk.Image) -> sitk.Image:
    """Reduce SPIDER's values to the three classes.

    1-25 vertebrae, 101-125 partly visible vertebrae, 100 canal, 201-225 discs; the coding with merged
    instances (1, 100, 201) is the same ranges. Raises ValueError for any other value.
    """
    values = sitk.GetArrayViewFromImage(mask)
    table = np.full(256, 255, np.uint8)
    table[0] = BACKGROUND
    table[1:26] = VERTEBRA
    table[101:126] = VERTEBRA
    table[201:226] = DISC
    table[100] = CANAL
    if values.min() < 0 or values.max() > 255 or (table[np.unique(values).astype(np.uint8)] == 255).any():
        raise ValueError(f"mask values {np.unique(values).tolist()} are not SPIDER's")
    classes = sitk.GetImageFromArray(table[values.astype(np.uint8)])
    classes.CopyInformation(mask)
    return classes


def read_spider(folder: Path) -> DataSet:
    """All series that have an image and a mask on one grid; the others are left out with the reason."""
    images = {path.stem: path for path in sorted((folder / "images").glob("*.mha"))}
    masks = {path.stem: path for path in sorted((folder / "masks").glob("*.mha"))}
    if not images:
        raise TrainingError(f"{folder} holds no images/*.mha; give the folder that holds SPIDER's images and masks.")
    cases, left_out = [], [LeftOut(name, "there is no image of it") for name in sorted(set(masks) - set(images))]
    for name, image in images.items():
        reason = "there is no mask of it" if name not in masks else _difference(image, masks[name])
        if reason:
            left_out.append(LeftOut(name, reason))
        else:
            cases.append(_case(name, image, masks[name]))
    return DataSet(
        "spider", "sagittal", CLASSES, tuple(cases), tuple(left_out), _CITATION, "CC BY 4.0", without_unlabelled_top
    )


def _case(name: str, image: Path, mask: Path) -> Case:
    def read_classes() -> sitk.Image:
        try:
            return classes_of(sitk.ReadImage(str(mask)))
        except (ValueError, RuntimeError) as error:
            raise TrainingError(f"{mask.name} cannot be used: {error}.") from error

    patient, _, weighting = name.partition("_")
    return Case(
        patient, name, (image, mask), lambda: sitk.ReadImage(str(image)), read_classes, {"weighting": weighting.lower()}
    )


def _difference(image: Path, mask: Path) -> str:
    headers = []
    for path in (image, mask):
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(path))
        try:
            reader.ReadImageInformation()
        except RuntimeError:
            return f"{path.parent.name}/{path.name} is damaged"
        headers.append(reader)
    one, other = headers
    if one.GetSize() != other.GetSize():
        return f"the image has {one.GetSize()} voxels, its mask {other.GetSize()}"
    for what in ("Spacing", "Origin", "Direction"):
        if not np.allclose(getattr(one, f"Get{what}")(), getattr(other, f"Get{what}")(), atol=1e-2):
            return f"image and mask differ in their {what.lower()}"
    return ""


def find_series(folder: Path) -> list[Series]:
    """All series of the folder, sorted by patient. An image without a mask is an error, so that nothing is
    lost silently.
    """
    found = []
    for image_path in (folder / "images").glob("*.mha"):
        mask_path = folder / "masks" / image_path.name
        if not mask_path.is_file():
            raise FileNotFoundError(f"{image_path.name} has no mask beside it in {mask_path.parent}")
        found.append(Series(int(image_path.name.split("_")[0]), image_path.stem, image_path, mask_path))
    return sorted(found, key=lambda series: (series.patient, series.name))


def split(series: Iterable[Series], held_out: Iterable[int]) -> tuple[list[Series], list[Series]]:
    """Split by patient into (training, held out)."""
    held = set(held_out)
    all_series = list(series)
    return [s for s in all_series if s.patient not in held], [s for s in all_series if s.patient in held]


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


def load_stacks(series: Iterable[Series], spacing_mm: float) -> Iterator[Stack]:
    """Each series on the network's grid, through the very functions that inference uses."""
    for one in series:
        image = preprocess.to_stack_order(one.image())
        classes = preprocess.to_stack_order(one.classes())
        resampled = preprocess.resample_in_plane(image, spacing_mm)
        on_grid = sitk.Resample(classes, resampled, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
        yield Stack(
            one.name,
            preprocess.scale_to_unit(sitk.GetArrayFromImage(resampled)),
            without_unlabelled_top(sitk.GetArrayFromImage(on_grid)),
            image.GetSpacing()[2],
        )
