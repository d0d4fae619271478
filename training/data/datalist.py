"""Data sets as MONAI's datalists, the JSON files of the Medical Segmentation Decathlon, read and written.

A list is read with its `labels` ({"1": "ivd"}, the names of this project's classes, or "unknown") and, beyond the
standard, `task` for the whole, `patient` and `name` for an item; without `patient` each item is a patient of its own.
What else an item says is kept as metadata. Items under training, validation and test that have a label become cases.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from LumbarSegLib.core.images import full_suffix, write_whole
from training.data.cases import CLASSES, UNKNOWN, Case, DataSet, LeftOut
from training.data.pairs import Meaning, class_values, grid_difference, make_case
from training.data.split import Split
from training.errors import TrainingError

PARTS = ("training", "validation", "test")
_VOLUMES = (".nii.gz", ".nii", ".mha", ".mhd", ".nrrd")


def read_datalist(path: Path, folder: Path) -> DataSet:
    """The data set of a datalist whose paths are relative to `folder`, or to its own folder where they lead nowhere.

    Raises TrainingError with one sentence for a file that is no datalist, a task that neither it nor its labels tell,
    and label names that are not the task's.
    """
    listed = _loaded(path)
    task = _task(path, listed)
    meaning = Meaning(task, class_values(task, _values(path, listed)))
    cases: dict[str, Case] = {}
    left_out = []
    items = list(_all_items(path, listed, folder))
    stems = Counter(_stem(item.get("image")) for _, item, _ in items)
    for part, item, told in items:
        image, label, stem = item.get("image"), item.get("label"), _stem(item.get("image"))
        unique = stem if stems[stem] == 1 else f"{Path(str(image)).parent.name}_{stem}"
        name = told.pop("name", unique)
        if not isinstance(image, str) or not isinstance(label, str):
            left_out.append(LeftOut(name, f"the {part} list gives no single image with a single label"))
        elif missing := [file for file in (image, label) if not Path(file).is_file()]:
            left_out.append(LeftOut(name, f"there is no file {missing[0]}"))
        elif name in cases:
            left_out.append(LeftOut(name, "another item has the same name"))
        else:
            patient = told.pop("patient", name)
            cases[name] = make_case(patient, name, Path(image), Path(label), meaning, told)
    return DataSet(
        name=str(listed.get("name", path.stem)),
        task=task,
        classes=CLASSES[task],
        cases=tuple(cases.values()),
        left_out=tuple(left_out),
        citation=str(listed.get("reference", "not stated")),
        licence=str(listed.get("licence", "not stated")),
    )


def write_datalist(dataset: DataSet, path: Path, splits: Sequence[Split] = ()) -> None:
    """Write a set as a datalist, with its labels as NIfTI in the folder NAME_files beside it.

    An image that lies in one volume file stays there; others are written as NIfTI too, since MONAI reads no geometry
    from pictures. One split gives the lists of its parts, several (folds) the number of the fold in which a case is
    tested. Paths are relative to the folder of `path`. Raises TrainingError for a case that cannot be read, OutputError
    where nothing can be written.
    """
    files = path.with_name(f"{path.stem}_files")
    parts: dict[str, list[dict[str, Any]]] = {part: [] for part in PARTS}
    for folder in (files / "images", files / "labels"):
        folder.mkdir(parents=True, exist_ok=True)
    for case in dataset.cases:
        image, label = _written(case, files)
        item: dict[str, Any] = {
            "image": _relative(image, path.parent),
            "label": _relative(label, path.parent),
            **case.metadata,
            "name": case.name,
            "patient": case.patient,
        }
        if len(splits) > 1:
            item["fold"] = next(number for number, split in enumerate(splits) if case.patient in split.test)
        parts[_part(case.patient, splits)].append(item)
    values = dict(enumerate(dataset.classes)) | {UNKNOWN: "unknown"}
    listed = {
        "name": dataset.name,
        "task": dataset.task,
        "reference": dataset.citation,
        "licence": dataset.licence,
        "labels": {str(value): name for value, name in values.items()},
        "numTraining": len(parts["training"]),
        "numTest": len(parts["test"]),
        **{part: items for part, items in parts.items() if items or part == "training"},
    }
    text = json.dumps(listed, indent=2, ensure_ascii=False) + "\n"
    write_whole(path, lambda place: _write_text(place, text))


def _write_text(place: Path, text: str) -> None:
    place.write_text(text, encoding="utf-8")


def _loaded(path: Path) -> dict[str, Any]:
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TrainingError(f"There is no datalist {path}.") from error
    except ValueError as error:
        raise TrainingError(f"{path.name} is not valid JSON: {error}.") from error
    if not isinstance(listed, dict) or not isinstance(listed.get("training"), list):
        raise TrainingError(f'{path.name} is no datalist: it has no list "training" of images and labels.')
    return listed


def _all_items(
    path: Path, listed: Mapping[str, Any], folder: Path
) -> Iterator[tuple[str, dict[str, Any], dict[str, str]]]:
    """Each item with its list's name, its image and label as whole paths, and what else it says."""
    for part in PARTS:
        if listed.get(part):
            for item, stated in zip(_items(path, part, folder), listed[part], strict=True):
                yield part, item, _metadata(stated)


def _items(path: Path, part: str, folder: Path) -> list[dict[str, Any]]:
    from monai.data.decathlon_datalist import load_decathlon_datalist  # takes seconds to import

    try:
        found = load_decathlon_datalist(str(path), True, part, str(folder))
        if any(Path(str(item.get("image"))).is_file() for item in found):
            return found
        return load_decathlon_datalist(str(path), True, part)
    except (TypeError, ValueError, AttributeError) as error:
        raise TrainingError(f"The {part} list of {path.name} cannot be used: {error}.") from error


def _metadata(stated: object) -> dict[str, str]:
    """An item's other entries as the file has them: MONAI makes a path of each that happens to name a file."""
    if not isinstance(stated, dict):
        return {}
    return {key: str(value) for key, value in stated.items() if key not in ("image", "label")}


def _values(path: Path, listed: Mapping[str, Any]) -> dict[str, list[int]]:
    labels = listed.get("labels")
    if not isinstance(labels, dict) or not labels:
        raise TrainingError(
            f'{path.name} has no "labels"; add what the label values mean, such as {{"0": "background"}}.'
        )
    values: dict[str, list[int]] = {}
    for value, name in labels.items():
        if not str(value).isdecimal():
            raise TrainingError(f"{path.name}: the label value {value!r} is no whole number.")
        values.setdefault(str(name), []).append(int(value))
    return values


def _task(path: Path, listed: Mapping[str, Any]) -> str:
    """The task that the list names, else the only one that has all of its labels."""
    if "task" in listed:
        if listed["task"] not in CLASSES:
            raise TrainingError(f"{path.name}: there is no task {listed['task']!r}; give one of {', '.join(CLASSES)}.")
        return str(listed["task"])
    names = set(_values(path, listed)) - {"unknown"}
    fitting = [task for task, classes in CLASSES.items() if names <= set(classes)]
    if len(fitting) != 1:
        raise TrainingError(
            f'The labels of {path.name} ({", ".join(sorted(names))}) do not tell the task; add "task": one of '
            f"{', '.join(CLASSES)}, and name the labels as that task does."
        )
    return fitting[0]


def _stem(image: object) -> str:
    if not isinstance(image, str):
        return str(image)
    path = Path(image)
    return path.name[: len(path.name) - len(full_suffix(path))]


def _part(patient: str, splits: Sequence[Split]) -> str:
    if len(splits) != 1:
        return "training"
    return next((part for part in PARTS if patient in getattr(splits[0], part)), "training")


def _written(case: Case, files: Path) -> tuple[Path, Path]:
    """The image file and the label file of a case, written where they are not there as volumes on one grid."""
    image = case.read_image()
    label_path = files / "labels" / f"{case.name}.nii.gz"
    _write_volume(case.read_classes(), label_path)
    for file in case.files:
        if full_suffix(file) in _VOLUMES and _is_image(file, image):
            return file, label_path
    image_path = files / "images" / f"{case.name}.nii.gz"
    _write_volume(image, image_path)
    return image_path, label_path


def _is_image(file: Path, image: sitk.Image) -> bool:
    """Whether a file holds this very image, not its label: same grid, same voxels."""
    stored = sitk.ReadImage(str(file))
    if stored.GetDimension() != 3 or stored.GetPixelID() != image.GetPixelID() or grid_difference(stored, image):
        return False
    return sitk.Hash(stored) == sitk.Hash(image)


def _write_volume(image: sitk.Image, path: Path) -> None:
    write_whole(path, lambda place: sitk.WriteImage(image, str(place), True))


def _relative(file: Path, folder: Path) -> str:
    """From the list's folder if the file lies below it, else the whole path: it then works on this machine alone."""
    file, folder = file.resolve(), folder.resolve()
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.as_posix()
