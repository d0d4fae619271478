"""What the models of a run that leaves out one patient at a time find in the slices of that patient, as they are and
shown otherwise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from tqdm import tqdm

from LumbarSegLib.core import models, regions
from LumbarSegLib.core.models import Model
from training import evaluate, runs
from training.axial.perturb import STORAGE_ORDERS, perturbations, stored_as
from training.data.cases import Case, DataSet
from training.errors import TrainingError
from training.scores import Area, CaseScores

T1, T2 = "T1 as published", "real T2"
ONE_PIECE = ("ivd", "ts")
_LEAST_TS = 0.5

Classes = NDArray[np.uint8]


@dataclass(frozen=True)
class Fold:
    """A model file and the one patient on whom it is measured, of whom its network saw nothing."""

    patient: str
    path: Path


@dataclass(frozen=True)
class Answer:
    """A case as it is, its reference and what was found in it, all in stack order (rows, columns)."""

    case: Case
    image: NDArray[np.float32]
    truth: Classes
    found: Classes
    pixel_mm: tuple[float, float]  # row step, column step
    scores: tuple[CaseScores, ...]
    area: Area | None  # of the sac; None where neither map has one

    def dice(self, name: str) -> float:
        """Dice of a class, or of all structures by `metrics.ALL`."""
        return next(row.scores.dice for row in self.scores if row.scores.name == name)


@dataclass
class Condition:
    """One way of showing the slices: the scores of all cases and the areas of the sac."""

    name: str
    scores: list[CaseScores] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)


@dataclass
class Measured:
    """All that was measured: the cases as they are, each condition by name, the SHA-256 of the weights of each
    patient's model, and in which cases the storage order changed how many pixels.
    """

    classes: tuple[str, ...]
    answers: list[Answer] = field(default_factory=list)
    conditions: dict[str, Condition] = field(default_factory=dict)
    weights: dict[str, str] = field(default_factory=dict)
    changed_by_order: dict[str, int] = field(default_factory=dict)

    def of(self, weighting: str) -> list[Answer]:
        """The cases of a weighting as they are."""
        return [one for one in self.answers if one.case.metadata["weighting"] == weighting]

    @property
    def patients(self) -> tuple[str, ...]:
        return tuple(self.weights)


def leave_one_out(run: str, dataset: DataSet) -> list[Fold]:
    """The folds of a run, in the order of the patients.

    Raises TrainingError where the run does not leave out one patient at a time, where a fold learned from its patient
    or has no model, and where a patient of the data is tested by no fold.
    """
    folds: dict[str, Fold] = {}
    for folder in runs.folds_of(run):
        facts = runs.read_facts(folder)
        evaluate.test_cases(facts, dataset)
        patient = _only_patient(facts, folder)
        path = folder / f"model{models.SUFFIX}"
        if not path.is_file():
            raise TrainingError(f"{run}, {folder.name} has no {path.name}; train it to its end first.")
        if patient in folds:
            raise TrainingError(f"Patient {patient} is tested in two folds of {run}; train its folds anew.")
        folds[patient] = Fold(patient, path)
    missing = [patient for patient in dataset.patients if patient not in folds]
    if missing:
        raise TrainingError(f"No fold of {run} is tested on patient {', '.join(missing)}; train all of its folds.")
    return [folds[patient] for patient in dataset.patients]


def _only_patient(facts: dict[str, Any], folder: Path) -> str:
    test = facts["patients"]["test"]
    if len(test) != 1:
        raise TrainingError(
            f"{facts['name']}, {folder.name} is tested on {len(test)} patients; give a run that leaves out one at a "
            'time ([split] folds = "patients").'
        )
    if test[0] in (*facts["patients"]["training"], *facts["patients"]["validation"]):
        raise TrainingError(f"{facts['name']}, {folder.name} learned from patient {test[0]}, on whom it is tested.")
    return str(test[0])


def measure(folds: Sequence[Fold], dataset: DataSet) -> Measured:
    """Measure each fold's model on the cases of its patient. Raises TrainingError where two models are the same."""
    names = (T1, *perturbations(), T2)
    measured = Measured(dataset.classes, conditions={name: Condition(name) for name in names})
    for fold in tqdm(folds, desc="patients"):
        model = models.open_model(models.find(str(fold.path)), "cpu", accept_unlisted=True)
        weights = model.info.weights_sha256
        if weights in measured.weights.values():
            raise TrainingError(f"The model of patient {fold.patient} is that of another patient too; train it anew.")
        measured.weights[fold.patient] = weights
        for case in dataset.of_patients((fold.patient,)):
            _measure_case(case, model, dataset, measured)
    return measured


def _measure_case(case: Case, model: Model, dataset: DataSet, measured: Measured) -> None:
    shown = case.read_image(), case.read_classes()
    image, truth = (evaluate.in_stack_order(one, dataset.task) for one in shown)
    answered = find(image, model, dataset)
    rows = tuple(evaluate.case_scores(case, truth, answered, dataset, []))
    areas = evaluate.case_areas(case, truth, answered, dataset)
    measured.answers.append(
        Answer(
            case,
            sitk.GetArrayFromImage(image)[0].astype(np.float32),
            sitk.GetArrayFromImage(truth)[0],
            sitk.GetArrayFromImage(answered)[0],
            (image.GetSpacing()[1], image.GetSpacing()[0]),
            rows,
            areas[0] if areas else None,
        )
    )
    weighting = case.metadata["weighting"]
    _add(measured.conditions[T1 if weighting == "T1" else T2], rows, areas)
    if weighting != "T1":
        return
    for name, change in perturbations().items():
        changed, reference = change(image, truth)
        found = find(changed, model, dataset)
        _add(
            measured.conditions[name],
            evaluate.case_scores(case, reference, found, dataset, []),
            evaluate.case_areas(case, reference, found, dataset),
        )
        if name in map(stored_as, STORAGE_ORDERS):
            _count_changed(f"{case.name}, {name}", answered, found, dataset.task, measured)


def _add(condition: Condition, rows: Iterable[CaseScores], areas: Iterable[Area]) -> None:
    condition.scores.extend(rows)
    condition.areas.extend(areas)


def _count_changed(name: str, answered: sitk.Image, found: sitk.Image, task: str, measured: Measured) -> None:
    one, other = (sitk.GetArrayFromImage(evaluate.in_stack_order(each, task)) for each in (answered, found))
    changed = int((one != other).sum())
    if changed:
        measured.changed_by_order[name] = changed


def find(image: sitk.Image, model: Model, dataset: DataSet) -> sitk.Image:
    """The classes of the regions that a user gets, on the grid of the image."""
    found = evaluate.found_classes(image, model, dataset)
    # The classes of an axial set have the values of the label map.
    return regions.regions_of(found, dataset.task).labels


def failures(answers: Iterable[Answer], classes: Sequence[str]) -> list[str]:
    """What went wrong, a line for each case in which something did: a disc or sac that is missing or in pieces, a sac
    that is mostly elsewhere.
    """
    lines = []
    for one in answers:
        told = []
        for name in ONE_PIECE:
            _, pieces = ndimage.label(one.found == classes.index(name), np.ones((3, 3)))
            if pieces != 1:
                told.append(f"{name.upper()} {f'in {pieces} pieces' if pieces else 'missing'}")
        if one.dice("ts") < _LEAST_TS:
            told.append(f"Dice TS {one.dice('ts'):.3f}")
        if told:
            lines.append(f"{one.case.name}: {', '.join(told)}")
    return lines
