"""Measures the exported model of a fold on its test patients, through the very code that segments a user's image."""

import dataclasses
import json
import statistics
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from tqdm import tqdm

from LumbarSegLib.core import anatomy, inference, levels, models, preprocess
from LumbarSegLib.core.anatomy import Kind, Structure
from LumbarSegLib.core.models import Model
from training import metrics, roc, runs, scores
from training.data.cases import UNKNOWN, Case, DataSet
from training.errors import TrainingError
from training.instances import dice_by_instance
from training.metrics import Scores

_TIMED = 5


def evaluate_run(folder: Path, dataset: DataSet) -> list[scores.CaseScores]:
    """Score `model.ts` of a fold on its test patients and write the scores, curves, speed and predictions beside it.

    What an earlier evaluation wrote is written anew. Raises TrainingError where the fold is not finished, has no model
    file, or the data are not those it was trained on.
    """
    facts = runs.read_facts(folder)
    cases = test_cases(facts, dataset)
    path = folder / f"model{models.SUFFIX}"
    if not path.is_file():
        raise TrainingError(f"{folder.parent.name}, {folder.name} has no {path.name}; train it to its end first.")
    model = models.open_model(models.find(str(path)), "cpu", accept_unlisted=True)
    rows: list[scores.CaseScores] = []
    areas: list[scores.Area] = []
    curves: list[scores.CaseCurve] = []
    (folder / scores.PREDICTIONS).mkdir(exist_ok=True)
    for case in tqdm(cases, desc=f"{folder.parent.name} {folder.name}", unit="case"):
        image, truth = case.read_image(), case.read_classes()
        found = found_classes(image, model, dataset)
        sitk.WriteImage(found, str(prediction_path(folder, case)))
        drawn = case_curves(image, truth, model, dataset)
        curves += [scores.CaseCurve(case.patient, case.name, curve) for curve in drawn]
        rows += case_scores(case, truth, found, dataset, drawn)
        areas += case_areas(case, truth, found, dataset)
    scores.write_scores(folder / scores.SCORES, rows)
    scores.write_areas(folder / scores.AREAS, areas)
    scores.write_curves(folder / scores.ROC, curves)
    speed = measure_speed(cases[0], model) | {"model_mb": round(path.stat().st_size / 1e6, 2)}
    (folder / scores.SPEED).write_text(json.dumps(speed, indent=2) + "\n", encoding="utf-8")
    return rows


def test_cases(facts: dict[str, Any], dataset: DataSet) -> list[Case]:
    """The cases of a fold's test patients. Raises TrainingError if the data are others than the fold was trained on, or
    lack a patient.
    """
    if (facts["task"], facts["data"]["set"]) != (dataset.task, dataset.name):
        raise TrainingError(
            f"{facts['name']} was trained on {facts['data']['set']} ({facts['task']}), and the data given are "
            f"{dataset.name} ({dataset.task}); give the data it was trained on."
        )
    patients = tuple(facts["patients"]["test"])
    if not patients:
        raise TrainingError(f"{facts['name']} was trained on everyone, so nobody is left to measure it on.")
    missing = [patient for patient in patients if patient not in dataset.patients]
    if missing:
        raise TrainingError(
            f"The data hold no patient {', '.join(missing)}, on whom {facts['name']} is tested; "
            "give the whole data set."
        )
    return dataset.of_patients(patients)


def prediction_path(folder: Path, case: Case) -> Path:
    """Where the classes found in a case lie."""
    return folder / scores.PREDICTIONS / f"{case.name}.nii.gz"


def found_classes(image: sitk.Image, model: Model, dataset: DataSet) -> sitk.Image:
    """What a model finds in an image, as the data set's class values, on the image's grid."""
    labels = inference.segment_labels(image, model)
    table = np.zeros(256, np.uint8)
    for value, name in enumerate(dataset.classes):
        if value:
            table[structure_of(dataset.task, name).label] = value
    found = sitk.GetImageFromArray(table[sitk.GetArrayViewFromImage(labels)])
    found.CopyInformation(labels)
    return found


def structure_of(task: str, name: str) -> Structure:
    """The structure that a class of a task stands for."""
    return anatomy.kinds_of(task)[cast(Kind, name)]


def in_stack_order(image: sitk.Image, task: str) -> sitk.Image:
    """The image with its axes in the order in which a task's slices are read."""
    return preprocess.to_stack_order(image, preprocess.ORIENTATIONS[task])


def case_scores(
    case: Case, truth: sitk.Image, found: sitk.Image, dataset: DataSet, curves: list[roc.Curve]
) -> list[scores.CaseScores]:
    """The rows of a case: each class, then all structures."""
    true, called, spacing = _arrays(truth, found, dataset.task)
    *rows, overall = metrics.score(true, called, spacing, dataset.classes)
    by_instance = _by_instance(truth, found) if dataset.task == "sagittal" else {}
    auc = {curve.name: curve.auc for curve in curves}
    rows = [_with(row, by_instance.get(row.name), auc.get(row.name)) for row in rows]
    rows.append(metrics.over_structures(rows, overall.accuracy))
    unit = "px" if case.metadata.get("spacing") == "unknown" else "mm"
    return [scores.CaseScores(case.patient, case.name, unit, row) for row in rows]


def case_areas(case: Case, truth: sitk.Image, found: sitk.Image, dataset: DataSet) -> list[scores.Area]:
    """Areas of the canal classes in each slice that shows them in either map."""
    true, called, spacing = _arrays(truth, found, dataset.task)
    called = np.where(true == UNKNOWN, UNKNOWN, called)
    rows = []
    for name in (name for name in dataset.classes if name in metrics.AREA_CLASSES):
        value = dataset.classes.index(name)
        both = (metrics.areas(shape == value, spacing) for shape in (true, called))
        rows += [
            scores.Area(case.patient, case.name, number, name, one, other)
            for number, (one, other) in enumerate(zip(*both, strict=True))
            if one or other
        ]
    return rows


def case_curves(image: sitk.Image, truth: sitk.Image, model: Model, dataset: DataSet) -> list[roc.Curve]:
    """ROC curves on the network's own grid."""
    probabilities, grid = inference.probabilities(image, model)
    ordered = in_stack_order(truth, dataset.task)
    on_grid = sitk.Resample(ordered, grid, sitk.Transform(), sitk.sitkNearestNeighbor, UNKNOWN, sitk.sitkUInt8)
    return roc.curves(sitk.GetArrayFromImage(on_grid), probabilities, dataset.classes)


def measure_speed(case: Case, model: Model) -> dict[str, Any]:
    """How long a case takes on this machine's CPU from image to label map, the model loaded: the median of several."""
    image = case.read_image()
    seconds = []
    for _ in range(_TIMED):
        began = time.perf_counter()
        inference.segment_labels(image, model)
        seconds.append(time.perf_counter() - began)
    columns, rows, slices = in_stack_order(image, model.info.task).GetSize()
    milliseconds = 1000 * statistics.median(seconds)
    return {
        "case": case.name,
        "size": [slices, rows, columns],
        "milliseconds": round(milliseconds, 2),
        "milliseconds_per_slice": round(milliseconds / slices, 2),
        "repeats": _TIMED,
        "machine": runs.machine(),
    }


def _arrays(
    truth: sitk.Image, found: sitk.Image, task: str
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], metrics.Spacing]:
    """Both maps in stack order and the spacing of slices, rows and columns."""
    ordered = in_stack_order(truth, task)
    columns_mm, rows_mm, slices_mm = ordered.GetSpacing()
    called = sitk.GetArrayFromImage(in_stack_order(found, task))
    return sitk.GetArrayFromImage(ordered), called, (slices_mm, rows_mm, columns_mm)


def _by_instance(truth: sitk.Image, found: sitk.Image) -> dict[str, float]:
    """SPIDER's protocol by class of a sagittal image; pixels of unknown class belong to no structure."""
    known = sitk.Cast(sitk.NotEqual(truth, UNKNOWN), sitk.sitkUInt8)
    spines = [levels.find_levels(sitk.Cast(one * known, sitk.sitkUInt8)) for one in (found, truth)]
    values: dict[str, list[float]] = {}
    for kind, dice in dice_by_instance(*spines):
        values.setdefault(kind, []).append(dice)
    return {kind: float(np.mean(dice)) for kind, dice in values.items()}


def _with(row: Scores, by_instance: float | None, auc: float | None) -> Scores:
    return dataclasses.replace(
        row,
        dice_by_instance=np.nan if by_instance is None else by_instance,
        auc=np.nan if auc is None else auc,
    )
