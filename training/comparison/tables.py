"""The numbers of a comparison: each metric of each class of each run as a mean over patients with its interval."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from training import metrics, scores, statistics
from training.comparison.gather import Run
from training.evaluate import structure_of
from training.statistics import Estimate


@dataclass(frozen=True)
class Metric:
    """A column: the metric's name in the scores, its heading, the power of the unit of length, its digits, and whether
    more is better (None for a signed error, where near zero is).
    """

    name: str
    title: str
    power: int = 0
    digits: int = 3
    more_is_better: bool | None = True
    suffix: str = ""

    def heading(self, unit: str) -> str:
        """The heading with its unit."""
        words = {0: self.suffix, 1: unit, 2: f"{unit}²"}[self.power]
        return f"{self.title} ({words})" if words else self.title

    def known(self, run: Run) -> bool:
        """Whether any case of a run has it."""
        return any(np.isfinite(getattr(row.scores, self.name)) for row in run.scores)


DICE = Metric("dice", "Dice")
SHOWN = (
    DICE,
    Metric("dice_by_instance", "Dice by instance"),
    Metric("iou", "IoU"),
    Metric("hd95", "HD95", 1, 2, False),
    Metric("assd", "ASSD", 1, 2, False),
    Metric("precision", "precision"),
    Metric("recall", "recall"),
    Metric("f1", "F1"),
    Metric("accuracy", "accuracy", digits=4),
    Metric("auc", "AUC", digits=4),
    Metric("area_error", "area error", 2, 1, None),
    Metric("area_error_percent", "area error", 0, 1, None, "%"),
)
"""The metrics as they stand in a table."""


@dataclass(frozen=True)
class Cell:
    """An estimate as it is printed, and whether it is the best of its column."""

    text: str
    interval: str
    best: bool


@lru_cache(maxsize=4096)
def _estimate(values: tuple[float, ...]) -> Estimate:
    return statistics.mean_of(values)


def estimate(run: Run, name: str, metric: Metric) -> Estimate:
    """The mean over a run's patients of a class's metric."""
    return _estimate(tuple(scores.by_patient(run.scores, name, metric.name, run.patients)))


def cell(run: Run, name: str, metric: Metric, beside: Sequence[Run]) -> Cell:
    """A cell of a table in which a run stands `beside` others (and itself)."""
    own = estimate(run, name, metric)
    if not own.patients:
        return Cell("", "", False)
    others = [estimate(other, name, metric).mean for other in beside]
    return Cell(_number(own.mean, metric), _interval(own, metric), own.mean == _best(others, metric))


def in_words(found: Estimate, metric: Metric) -> str:
    """The mean with its interval in brackets."""
    if not found.patients:
        return ""
    return f"{_number(found.mean, metric)} {_interval(found, metric)}".rstrip()


def in_numbers(found: Estimate, metric: Metric) -> str:
    """The mean alone."""
    return _number(found.mean, metric) if found.patients else ""


def class_name(task: str, name: str) -> str:
    """A class as people call it."""
    return "all structures" if name == metrics.ALL else structure_of(task, name).name


def write(path: Path, runs: Sequence[Run]) -> None:
    """Write every number of the comparison: a line for each run, class and metric."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("run", "class", "metric", "unit", "mean", "low", "high", "patients", "missed", "false_alarms"))
        for run in runs:
            for name in run.rows:
                failures = [scores.outcomes(run.scores, name, kind) for kind in (metrics.MISSED, metrics.FALSE_ALARM)]
                for metric in (one for one in SHOWN if one.known(run)):
                    found = estimate(run, name, metric)
                    if found.patients:
                        unit = {0: metric.suffix, 1: run.unit, 2: f"{run.unit}2"}[metric.power]
                        numbers = (f"{value:.6g}" for value in (found.mean, found.low, found.high))
                        writer.writerow((run.name, name, metric.name, unit, *numbers, found.patients, *failures))


def failures(run: Run) -> tuple[int, int]:
    """How many structures of how many cases were missed, and how many found where there are none."""
    return (
        sum(scores.outcomes(run.scores, name, metrics.MISSED) for name in run.structures),
        sum(scores.outcomes(run.scores, name, metrics.FALSE_ALARM) for name in run.structures),
    )


def _number(value: float, metric: Metric) -> str:
    signed = "+" if metric.more_is_better is None else ""
    return f"{value:{signed}.{metric.digits}f}"


def _interval(found: Estimate, metric: Metric) -> str:
    if not np.isfinite(found.low):
        return ""
    return f"({_number(found.low, metric)} to {_number(found.high, metric)})"


def _best(values: Sequence[float], metric: Metric) -> float:
    known = [value for value in values if np.isfinite(value)]
    if metric.more_is_better is None:
        return min(known, key=abs)
    return max(known) if metric.more_is_better else min(known)
