"""Brings cases onto the network's grid through the functions that inference uses, and keeps them on disk."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache as once
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from tqdm import tqdm

import training.data
from LumbarSegLib.core import cropping, preprocess
from training.data.cases import Case, DataSet
from training.errors import TrainingError

if TYPE_CHECKING:
    from training.experiment import Preprocessing


@dataclass(frozen=True)
class Prepared:
    """A case as the network sees it: `image` in 0..1 and `classes` (UNKNOWN where nobody knows), both (slices, rows,
    columns) in the task's stack order.
    """

    patient: str
    name: str
    image: NDArray[np.float32]
    classes: NDArray[np.uint8]
    slice_spacing_mm: float


def prepare(case: Case, dataset: DataSet, settings: "Preprocessing", teach: bool = True) -> Prepared:
    """Bring one case onto the grid that `settings` ask for.

    `teach` changes the classes as the set asks for training; without it they stay as published, for a score.
    Raises TrainingError where the image and its classes do not lie on one grid.
    """
    image, classes = case.read_image(), case.read_classes()
    _check_same_grid(case, image, classes)
    stack, on_stack = (
        preprocess.without_place(preprocess.to_stack_order(one, preprocess.ORIENTATIONS[dataset.task]))
        for one in (image, classes)
    )
    grid = preprocess.to_network_grid(stack, settings.spacing_mm, settings.size, settings.crop)
    truth = sitk.Resample(on_stack, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    unit = preprocess.to_unit(sitk.GetArrayFromImage(grid), settings.normalisation)
    prepared = Prepared(case.patient, case.name, unit, sitk.GetArrayFromImage(truth), grid.GetSpacing()[2])
    return _taught(prepared, dataset) if teach else prepared


def _taught(prepared: Prepared, dataset: DataSet) -> Prepared:
    classes = dataset.for_teaching(np.asarray(prepared.classes))
    return Prepared(prepared.patient, prepared.name, prepared.image, classes, prepared.slice_spacing_mm)


def _check_same_grid(case: Case, image: sitk.Image, classes: sitk.Image) -> None:
    same = (
        image.GetSize() == classes.GetSize()
        and np.allclose(image.GetSpacing(), classes.GetSpacing(), rtol=1e-3)
        and np.allclose(image.GetOrigin(), classes.GetOrigin(), atol=0.1)
        and np.allclose(image.GetDirection(), classes.GetDirection(), atol=1e-3)
    )
    if not same:
        raise TrainingError(
            f"{case.name}: the image ({_in_words(image)}) and its labels ({_in_words(classes)}) do not lie on one "
            "grid; export the labels on the image's grid, or leave the case out."
        )


def _in_words(image: sitk.Image) -> str:
    size = " x ".join(map(str, image.GetSize()))
    return f"{size} voxels of {' x '.join(f'{step:.3g}' for step in image.GetSpacing())} mm"


def prepare_all(
    cases: Iterable[Case], dataset: DataSet, settings: "Preprocessing", cache: Path, teach: bool = True
) -> list[Prepared]:
    """Prepare cases, or take what `cache` holds of the same files, the same settings and the same code.

    The arrays are mapped from the disk, so that many stacks need little memory. Raises TrainingError where a file
    cannot be read or the cache cannot be written.
    """
    chosen = list(cases)
    return [
        _kept(case, dataset, settings, cache, teach)
        for case in tqdm(chosen, "preparing", unit="case", leave=False, delay=2)
    ]


def _kept(case: Case, dataset: DataSet, settings: "Preprocessing", cache: Path, teach: bool) -> Prepared:
    folder = cache / f"{dataset.task}-{case.name}-{_key(case, dataset, settings)}"
    prepared = _read(case, folder)
    if prepared is None:
        _write(prepare(case, dataset, settings, teach=False), folder)
        prepared = _read(case, folder)
        if prepared is None:
            raise TrainingError(f"What was written to {folder} cannot be read back; empty that folder and try again.")
    return _taught(prepared, dataset) if teach else prepared


def _read(case: Case, folder: Path) -> Prepared | None:
    """What the cache holds of a case; None where it is missing or damaged."""
    try:
        image, classes, spacing = (np.load(folder / f"{part}.npy", mmap_mode="c") for part in _PARTS)
    except (OSError, ValueError, EOFError):
        return None
    return Prepared(case.patient, case.name, image, classes, float(spacing))


_PARTS = ("image", "classes", "slice_spacing_mm")


def _write(prepared: Prepared, folder: Path) -> None:
    """Write a folder whole or not at all; another process may have been first."""
    part = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix="part-", dir=folder.parent))
        for name in _PARTS:
            np.save(part / f"{name}.npy", np.asarray(getattr(prepared, name)))
        if folder.exists() and _damaged(folder):
            shutil.rmtree(folder)
        if not folder.exists():
            part.rename(folder)
    except OSError as error:
        raise TrainingError(f"{folder.parent} cannot keep prepared stacks ({error}); make room there.") from error
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)


def _damaged(folder: Path) -> bool:
    try:
        for part in _PARTS:
            np.load(folder / f"{part}.npy", mmap_mode="c")
    except (OSError, ValueError, EOFError):
        return True
    return False


def _key(case: Case, dataset: DataSet, settings: "Preprocessing") -> str:
    """Everything that decides what a case becomes, as a short name."""
    asked = {
        "case": [dataset.name, dataset.task, *dataset.classes, case.name, sorted(case.metadata.items())],
        "settings": [settings.spacing_mm, settings.size, settings.normalisation, settings.crop],
        "files": [_digest(path) for path in case.files],
        "code": _code(),
    }
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TrainingError(f"{path} cannot be read ({error}); put it back, or leave its case out.") from error


@once
def _code() -> list[str]:
    """Digests of the code that reads and prepares, so that a change there never meets stacks of before."""
    readers = Path(str(training.data.__file__)).parent.glob("*.py")
    return [
        _digest(path)
        for path in sorted(
            (*readers, *(Path(str(module.__file__)) for module in (cropping, preprocess)), Path(__file__))
        )
    ]
