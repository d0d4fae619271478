"""The scores of a run's cases as CSV files, and what they come to for each patient."""

import csv
import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingError
from training.metrics import Scores
from training.roc import FALSE_POSITIVE_RATES, Curve

SCORES, AREAS, ROC, SPEED, PREDICTIONS = "scores.csv", "areas.csv", "roc.csv", "speed.json", "predictions"
"""What an evaluation writes into the folder of a fold."""

METRICS = tuple(field.name for field in dataclasses.fields(Scores) if field.name not in ("name", "outcome"))


@dataclass(frozen=True)
class CaseScores:
    """One class of one case; `unit` is that of its distances, "mm" or "px"."""

    patient: str
    case: str
    unit: str
    scores: Scores


@dataclass(frozen=True)
class Area:
    """The area of a class in one slice of a case, in the square of the case's unit."""

    patient: str
    case: str
    slice: int
    name: str
    true: float
    found: float


@dataclass(frozen=True)
class CaseCurve:
    """A ROC curve of one class of one case."""

    patient: str
    case: str
    curve: Curve


def write_scores(path: Path, rows: Iterable[CaseScores]) -> None:
    head = ("patient", "case", "unit", "class", "outcome", *METRICS)
    _write(
        path,
        head,
        (
            (
                *(row.patient, row.case, row.unit, row.scores.name, row.scores.outcome),
                *(_number(getattr(row.scores, metric)) for metric in METRICS),
            )
            for row in rows
        ),
    )


def read_scores(path: Path) -> list[CaseScores]:
    """Raises TrainingError where the fold was not evaluated, or by another version."""
    return [
        CaseScores(
            row["patient"],
            row["case"],
            row["unit"],
            Scores(row["class"], row["outcome"], **{metric: float(row[metric] or "nan") for metric in METRICS}),
        )
        for row in _read(path, ("patient", "case", "unit", "class", "outcome", *METRICS))
    ]


def write_areas(path: Path, rows: Iterable[Area]) -> None:
    head = ("patient", "case", "slice", "class", "true", "found", "error")
    _write(
        path,
        head,
        (
            (row.patient, row.case, row.slice, row.name, *map(_number, (row.true, row.found, row.found - row.true)))
            for row in rows
        ),
    )


def write_curves(path: Path, rows: Iterable[CaseCurve]) -> None:
    head = ("patient", "case", "class", "auc", "false_positive_rate", "true_positive_rate")
    _write(
        path,
        head,
        (
            (row.patient, row.case, row.curve.name, *map(_number, (row.curve.auc, across, up)))
            for row in rows
            for across, up in zip(FALSE_POSITIVE_RATES, row.curve.true_positive_rates, strict=True)
        ),
    )


def read_curves(path: Path) -> list[CaseCurve]:
    """Raises TrainingError where the fold was not evaluated, or by another version."""
    lines: dict[tuple[str, str, str, float], list[float]] = {}
    for row in _read(path, ("patient", "case", "class", "auc", "true_positive_rate")):
        key = (row["patient"], row["case"], row["class"], float(row["auc"]))
        lines.setdefault(key, []).append(float(row["true_positive_rate"]))
    return [
        CaseCurve(patient, case, Curve(name, auc, np.array(rates)))
        for (patient, case, name, auc), rates in lines.items()
    ]


def by_patient(rows: Iterable[CaseScores], name: str, metric: str, patients: Sequence[str]) -> NDArray[np.float64]:
    """For each patient the mean of a class's metric over his cases; nan where no case has it."""
    values: dict[str, list[float]] = {patient: [] for patient in patients}
    for row in rows:
        value = getattr(row.scores, metric)
        if row.scores.name == name and np.isfinite(value):
            values[row.patient].append(value)
    return np.array([np.mean(found) if found else np.nan for found in values.values()], dtype=np.float64)


def outcomes(rows: Iterable[CaseScores], name: str, outcome: str) -> int:
    """In how many cases a class had this outcome."""
    return sum(row.scores.name == name and row.scores.outcome == outcome for row in rows)


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def _read(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    if not path.is_file():
        raise TrainingError(
            f"{path.parent.parent.name}, {path.parent.name} has no {path.name}; "
            f"measure it first: python -m training evaluate {path.parent.parent.name}."
        )
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise TrainingError(f"{path} has no column {missing[0]}; evaluate the run again.")
        return list(reader)


def _number(value: float) -> str:
    return f"{value:.6g}" if np.isfinite(value) else ""
