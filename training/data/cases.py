"""What a data set is to everything that trains, checks or scores: cases that are read when they are needed, and what
was left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

UNKNOWN = 255
"""The value of a pixel whose class nobody knows: it counts in no loss and in no metric."""

CLASSES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sagittal": ("background", "vertebra", "disc", "canal"),
        "axial": ("background", "ivd", "pe", "ts", "aap"),
        "xray": ("background", "vertebra"),
    }
)
"""Each task's classes; the index is the class's value."""


def unchanged(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Teach the classes as they are."""
    return classes


@dataclass(frozen=True)
class Case:
    """One image with its classes. Nothing is read before `read_image` or `read_classes` is called.

    Both give 3D images (a slice or radiograph is a volume of one slice) on the same grid, LPS and mm; the classes are
    uint8, indices of the set's classes or UNKNOWN. Both raise TrainingError for a file that cannot be used.
    `name` is unique in its set and fit for a file name; `files` are all that the case is read from.
    """

    patient: str
    name: str
    files: tuple[Path, ...]
    read_image: Callable[[], sitk.Image]
    read_classes: Callable[[], sitk.Image]
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LeftOut:
    """A case that is not used, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class DataSet:
    """Cases with one meaning of their classes, and the terms on which they may be used.

    `for_teaching` changes the classes (slices, rows, columns in stack order) for training alone; a score is taken on
    what it was not applied to.
    """

    name: str
    task: str
    classes: tuple[str, ...]
    cases: tuple[Case, ...]
    left_out: tuple[LeftOut, ...]
    citation: str
    licence: str
    for_teaching: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] = unchanged

    @property
    def patients(self) -> tuple[str, ...]:
        """All patients, each once, in the order of their cases."""
        return tuple(dict.fromkeys(case.patient for case in self.cases))

    def of_patients(self, patients: tuple[str, ...]) -> list[Case]:
        """The cases of these patients."""
        return [case for case in self.cases if case.patient in patients]
