"""What the evaluated folds of a run say together, and whether runs may be set side by side."""

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from training import runs, scores
from training.data.cases import CLASSES
from training.errors import TrainingError
from training.metrics import ALL
from training.scores import CaseCurve, CaseScores


@dataclass(frozen=True)
class Run:
    """A run with all its folds: the facts of each (`run.json`), how fast its model is, its scores and its curves."""

    name: str
    folders: tuple[Path, ...]
    facts: tuple[dict[str, Any], ...]
    speed: tuple[dict[str, Any], ...]
    scores: tuple[CaseScores, ...]
    curves: tuple[CaseCurve, ...]

    @property
    def task(self) -> str:
        return str(self.facts[0]["task"])

    @property
    def data(self) -> str:
        return str(self.facts[0]["data"]["set"])

    @property
    def network(self) -> str:
        return str(self.facts[0]["network"])

    @cached_property
    def patients(self) -> tuple[str, ...]:
        """The test patients of all folds."""
        return tuple(sorted({patient for facts in self.facts for patient in facts["patients"]["test"]}, key=_by_number))

    @cached_property
    def cases(self) -> tuple[str, ...]:
        """The scored cases of all folds."""
        return tuple(sorted({row.case for row in self.scores}, key=_by_number))

    @property
    def structures(self) -> tuple[str, ...]:
        """The classes but the background."""
        return CLASSES[self.task][1:]

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows of a table of scores: all structures together, where there are several, then each."""
        return (ALL, *self.structures) if len(self.structures) > 1 else self.structures

    @property
    def unit(self) -> str:
        """Of distances: mm, or px as soon as one case has no known spacing."""
        return "px" if any(row.unit == "px" for row in self.scores) else "mm"

    def folder_of(self, patient: str) -> Path:
        """The fold that a patient is tested in."""
        folds = zip(self.folders, self.facts, strict=True)
        return next(folder for folder, facts in folds if patient in facts["patients"]["test"])

    @property
    def milliseconds(self) -> float:
        """For a case: a volume, or a slice where the data are slices; the median over the folds."""
        return float(statistics.median(speed["milliseconds"] for speed in self.speed))

    @property
    def milliseconds_per_slice(self) -> float:
        return float(statistics.median(speed["milliseconds_per_slice"] for speed in self.speed))

    @property
    def machine(self) -> str:
        """Where the speed was measured."""
        return " / ".join(dict.fromkeys(str(speed["machine"]) for speed in self.speed))


def _by_number(name: str) -> tuple[int, str]:
    digits = "".join(letter for letter in name if letter.isdigit())
    return int(digits or 0), name


def read_run(folder: Path) -> Run:
    """Read the evaluated folds in the folder of a run.

    Raises TrainingError where there is none, or one is not finished or not evaluated, or two folds test one patient.
    """
    folders = tuple(sorted(folder.glob("fold-*"), key=lambda fold: _by_number(fold.name)))
    if not folders:
        raise TrainingError(f"There is no run in {folder}; give a folder that holds fold-0.")
    facts = tuple(runs.read_facts(fold) for fold in folders)
    tested = [patient for fold in facts for patient in fold["patients"]["test"]]
    twice = sorted({patient for patient in tested if tested.count(patient) > 1})
    if twice:
        raise TrainingError(f"Patient {twice[0]} is tested in two folds of {folder.name}; train its folds anew.")
    rows = tuple(row for fold in folders for row in scores.read_scores(fold / scores.SCORES))
    curves = tuple(curve for fold in folders for curve in scores.read_curves(fold / scores.ROC))
    speed = tuple(json.loads((fold / scores.SPEED).read_text(encoding="utf-8")) for fold in folders)
    return Run(folder.name, folders, facts, speed, rows, curves)


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """Read runs that can be compared.

    Raises TrainingError for fewer than two, for one given twice, and for runs that differ in task, data set, test
    patients or cases.
    """
    if len(folders) < 2:
        raise TrainingError("Give two runs or more to compare.")
    names = [folder.name for folder in folders]
    if len(set(names)) < len(names):
        raise TrainingError(f"The run {max(names, key=names.count)} is given twice; give each run once.")
    read = [read_run(folder) for folder in folders]
    for other in read[1:]:
        _check(read[0], other)
    return read


def _check(one: Run, other: Run) -> None:
    aspects: tuple[tuple[str, Callable[[Run], str]], ...] = (
        ("the task", lambda run: run.task),
        ("the data set", lambda run: run.data),
    )
    for what, of in aspects:
        if of(one) != of(other):
            raise TrainingError(
                f"{one.name} and {other.name} differ in {what} ({of(one)}, {of(other)}); "
                "only runs of the same task on the same data can be compared."
            )
    for what, first, second in (
        ("test patients", one.patients, other.patients),
        ("test cases", one.cases, other.cases),
    ):
        if first != second:
            raise TrainingError(
                f"{one.name} and {other.name} have different {what}: {_difference(one.name, first, second)}"
                f"{_difference(other.name, second, first)}train and measure both on the same split."
            )


def _difference(name: str, first: Sequence[str], second: Sequence[str]) -> str:
    alone = [one for one in first if one not in second]
    return f"only {name} has {', '.join(alone[:6])}{' and more' * (len(alone) > 6)}; " if alone else ""
