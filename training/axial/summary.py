"""What the scores of a measured axial model come to: means over patients beside their targets, and the sac's area."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training import scores, statistics
from training.axial.measured import Condition
from training.scores import Area
from training.statistics import Estimate

TARGETS = {"ivd": 0.94, "pe": 0.90, "ts": 0.84, "aap": 0.78}
"""Least mean Dice by class."""

LARGEST_BIAS_PERCENT = 8.0
DOUBTFUL = "0222_D5"
"""The slice whose label shows only 38 pixels of sac; what is left of the published figure there is doubtful."""


@dataclass(frozen=True)
class SacArea:
    """How far the found areas of the sac lie from the true ones (found minus true): means over patients in mm² and in
    per cent of each case's true area, of the errors and of their sizes; limits of agreement over the cases in mm²; and
    all found areas together against all true ones, in per cent.
    """

    bias: Estimate
    bias_percent: Estimate
    error: Estimate
    limits: tuple[float, float]
    of_all_percent: float


def dice(condition: Condition, name: str, patients: Sequence[str]) -> Estimate:
    """The mean over patients of a class's Dice."""
    return statistics.mean_of(scores.by_patient(condition.scores, name, "dice", patients))


def sac_area(condition: Condition, patients: Sequence[str]) -> SacArea:
    """The sac's area in all cases of a condition; cases that truly show no sac count in mm² alone."""
    areas = condition.areas
    errors = np.array([one.found - one.true for one in areas])
    percent = [100 * (one.found / one.true - 1) if one.true else np.nan for one in areas]
    true, found = (sum(getattr(one, name) for one in areas) for name in ("true", "found"))
    return SacArea(
        bias=statistics.mean_of(_by_patient(areas, errors, patients)),
        bias_percent=statistics.mean_of(_by_patient(areas, percent, patients)),
        error=statistics.mean_of(_by_patient(areas, np.abs(errors), patients)),
        limits=statistics.limits_of_agreement(errors),
        of_all_percent=100 * (found / true - 1) if true else np.nan,
    )


def _by_patient(
    areas: Sequence[Area], values: Sequence[float] | NDArray[np.float64], patients: Sequence[str]
) -> list[float]:
    """For each patient the mean over his cases; nan where there is none."""
    of_patient: dict[str, list[float]] = {patient: [] for patient in patients}
    for area, value in zip(areas, values, strict=True):
        if np.isfinite(value):
            of_patient[area.patient].append(float(value))
    return [float(np.mean(found)) if found else np.nan for found in of_patient.values()]


def without_doubtful(condition: Condition) -> Condition:
    """The same condition without the slices whose label is doubtful."""
    return Condition(
        condition.name,
        [row for row in condition.scores if not row.case.startswith(DOUBTFUL)],
        [area for area in condition.areas if not area.case.startswith(DOUBTFUL)],
    )


def with_real_t2(t1: Condition, t2: Condition) -> Condition:
    """The T1 images of the slices that have a real T2 too."""
    both = {f"{row.case.removesuffix('_T2')}" for row in t2.scores}
    return Condition(
        "T1 of the slices with a real T2",
        [row for row in t1.scores if row.case in both],
        [area for area in t1.areas if area.case in both],
    )


def reached(condition: Condition, patients: Sequence[str]) -> dict[str, bool]:
    """Whether each target is reached, by class; the bias of the area by "bias"."""
    found = {name: dice(condition, name, patients).mean >= target for name, target in TARGETS.items()}
    bias = abs(sac_area(condition, patients).bias_percent.mean)
    return found | {"bias": bool(bias <= LARGEST_BIAS_PERCENT)}
