"""What the figures of radiographs come to, beside what they should reach."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from training import statistics
from training.radiographs.measured import CURVES, Case
from training.statistics import Estimate


@dataclass(frozen=True)
class Figure:
    """A figure over all cases with its interval, and what it should reach: at least or at most `target`."""

    name: str
    value: Estimate
    digits: int
    target: float
    at_least: bool

    @property
    def reached(self) -> bool:
        return self.value.mean >= self.target if self.at_least else self.value.mean <= self.target


def figures(cases: Sequence[Case]) -> list[Figure]:
    """The figures that have a target, means over the cases."""

    def mean(value: Callable[[Case], float]) -> Estimate:
        return statistics.mean_of([value(case) for case in cases])

    return [
        Figure("mask Dice", mean(lambda case: case.dice), 3, 0.90, True),
        Figure("vertebrae found, %", mean(found_share), 1, 95.0, True),
        Figure("corner error, % of the endplate", mean(lambda case: case.matched.error), 2, 4.0, False),
        Figure("error of the largest Cobb angle, degrees", mean(lambda case: abs(case.angle_error)), 2, 4.0, False),
        Figure("SMAPE of the challenge's three angles, %", mean(lambda case: case.smape), 1, 12.0, False),
    ]


def found_share(case: Case) -> float:
    """Percent of the marked vertebrae that one found vertebra stands for."""
    return 100 * len(case.matched.pairs) / len(case.marked)


def all_errors(cases: Sequence[Case]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The errors of all corners of all cases."""
    return np.concatenate([case.matched.errors.ravel() for case in cases])


@dataclass(frozen=True)
class Group:
    """Cases whose largest curve, as marked, has some size: how many, how many of them have no angle, the mean absolute
    error and the mean of found minus marked, in degrees.
    """

    name: str
    cases: int
    without: int
    error: float
    bias: float


def by_curve(cases: Sequence[Case]) -> list[Group]:
    """Groups by the size of the largest curve, then all."""
    groups = [(name, [case for case in cases if low <= case.angles[1] < high]) for name, low, high in CURVES]
    return [_group(name, chosen) for name, chosen in (*groups, ("all", list(cases))) if chosen]


def _group(name: str, cases: Sequence[Case]) -> Group:
    errors = np.array([case.angle_error for case in cases])
    known = errors[np.isfinite(errors)]
    return Group(
        name,
        len(cases),
        len(cases) - len(known),
        float(np.abs(known).mean()) if len(known) else np.nan,
        float(known.mean()) if len(known) else np.nan,
    )
