"""Reads the Lumbar Spine MRI Dataset (Sudirman et al., Mendeley zbf6b4pttk): axial slices through the discs L3/4, L4/5
and L5/S1 (D3, D4, D5) with four regions, as published or in folders `labels`, `T1` and `T2_recovered`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from training.data.cases import CLASSES, UNKNOWN, Case, DataSet, LeftOut
from training.data.pictures import one_slice, read_grey, size_of
from training.errors import TrainingError

SPACING_MM = 0.6875
THICKNESS_MM = 4.4
_NAME = re.compile(r"_(\d{4})_(D\d)\.png$", re.IGNORECASE)
_LABELS = ("label_images", "labels")
_IMAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "T1": ("t1_output", "t1_images", "t1"),
        "T2": ("t2_output", "t2_images", "t2", "t2_recovered"),
        "composite": ("composite_images", "composite"),
    }
)
_CODES = MappingProxyType({0: UNKNOWN, 50: 1, 100: 2, 150: 3, 200: 4, 250: 0})
_CITATION = (
    "Sudirman S, et al. Lumbar Spine MRI Dataset, Mendeley Data, 10.17632/k57fr854j2.2, and Label Image Ground Truth "
    "Data for Lumbar Spine MRI Dataset, 10.17632/zbf6b4pttk.2 (2019)."
)


def read_mendeley(folder: Path, weighting: str = "T1") -> DataSet:
    """The labelled slices of one weighting."""
    labels = _files(folder, _LABELS)
    images = _files(folder, _IMAGES[weighting])
    if not labels:
        raise TrainingError(
            f"{folder} holds no label images (folder Label_Images or labels); give the data set's folder."
        )
    cases, left_out = [], []
    for key, label in sorted(labels.items()):
        name = "_".join(key)
        if key not in images:
            left_out.append(LeftOut(name, f"there is no {weighting} image of it"))
        elif size_of(images[key]) != size_of(label):
            left_out.append(LeftOut(name, "image and label have different sizes"))
        else:
            cases.append(_case(key, images[key], label, weighting))
    return DataSet("mendeley", "axial", CLASSES["axial"], tuple(cases), tuple(left_out), _CITATION, "CC BY 4.0")


def _files(folder: Path, names: tuple[str, ...]) -> dict[tuple[str, str], Path]:
    found: dict[tuple[str, str], Path] = {}
    for place in sorted(path for path in folder.rglob("*") if path.is_dir() and path.name.lower() in names):
        for path in sorted(place.glob("*.png")):
            match = _NAME.search(path.name)
            if match:
                found.setdefault((match[1], match[2].upper()), path)
    return found


def _case(key: tuple[str, str], image: Path, label: Path, weighting: str) -> Case:
    spacing = (SPACING_MM, SPACING_MM)

    def read_image() -> sitk.Image:
        return one_slice(read_grey(image), spacing, THICKNESS_MM)

    def read_classes() -> sitk.Image:
        return one_slice(decoded(read_grey(label), label.name), spacing, THICKNESS_MM)

    metadata = {"weighting": weighting, "disc": key[1], "spacing": "published"}
    return Case(key[0], "_".join(key), (image, label), read_image, read_classes, metadata)


def decoded(values: NDArray[np.uint8 | np.uint16], name: str) -> NDArray[np.uint8]:
    """A label image's values as classes."""
    foreign = sorted(set(np.unique(values).tolist()) - set(_CODES))
    if foreign:
        raise TrainingError(f"{name} has the values {foreign}, which are not of the data set.")
    table = np.full(256, UNKNOWN, np.uint8)
    for value, index in _CODES.items():
        table[value] = index
    return without_border(table[values])


def without_border(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same classes without discs at the image's border."""
    pieces, _ = ndimage.label(classes == 1)
    border = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    cleaned = classes.copy()
    cleaned[np.isin(pieces, border[border > 0])] = 0
    return cleaned
