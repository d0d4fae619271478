"""How sure a mean over patients is, how far two measurements agree, whether two models differ on the same patients."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

RESAMPLES = 5000
SIGNIFICANT = 0.05
_SEED = 20261121


@dataclass(frozen=True)
class Estimate:
    """A mean over so many patients with its 95 % interval; nan where it cannot be given."""

    mean: float
    low: float
    high: float
    patients: int


@dataclass(frozen=True)
class PairedTest:
    """Two models on the same patients: the mean difference `first` minus `second` with its interval, on how many
    patients the first is better, and the p value of a Wilcoxon signed-rank test, two-sided, before and after Holm's
    correction. `smallest_p` is what the test would give, corrected, if one of them were better on every patient.
    """

    first: str
    second: str
    difference: Estimate
    wins: int
    p: float
    corrected_p: float
    smallest_p: float


def mean_of(values: ArrayLike) -> Estimate:
    """The mean of one value per patient with a bootstrap interval over patients (percentiles); nan values do not
    count. No interval from a single patient.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return Estimate(np.nan, np.nan, np.nan, 0)
    mean = float(known.mean())
    if len(known) == 1:
        return Estimate(mean, np.nan, np.nan, 1)
    interval = stats.bootstrap(
        (known,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(_SEED)
    ).confidence_interval
    return Estimate(mean, float(interval.low), float(interval.high), len(known))


def limits_of_agreement(differences: ArrayLike) -> tuple[float, float]:
    """Between which 95 % of the differences lie if they are normal (Bland and Altman 1986,
    10.1016/S0140-6736(86)90837-8); nan for fewer than two.
    """
    values = np.asarray(differences, dtype=np.float64)
    if len(values) < 2:
        return np.nan, np.nan
    spread = 1.96 * float(np.std(values, ddof=1))
    return float(values.mean()) - spread, float(values.mean()) + spread


def compare_pairs(values: dict[str, NDArray[np.float64]]) -> list[PairedTest]:
    """Every pair of models, the better one first; `values` has one per patient, the same patients for each model.

    Patients whose value is missing in one of the two do not count for that pair.
    """
    order = sorted(values, key=lambda name: -np.nan_to_num(np.nanmean(values[name])))
    differences = {}
    for first, second in combinations(order, 2):
        difference = values[first] - values[second]
        differences[first, second] = difference[np.isfinite(difference)]
    p = [signed_rank(difference) for difference in differences.values()]
    corrected = holm(p)
    return [
        PairedTest(
            first,
            second,
            mean_of(difference),
            int((difference > 0).sum()),
            raw,
            after,
            smallest_p(len(difference), len(differences)),
        )
        for ((first, second), difference), raw, after in zip(differences.items(), p, corrected, strict=True)
    ]


def signed_rank(difference: NDArray[np.float64]) -> float:
    """The two-sided p value of Wilcoxon's signed-rank test; 1 where nothing differs."""
    return float(stats.wilcoxon(difference).pvalue) if np.any(difference) else 1.0


def smallest_p(patients: int, tests: int) -> float:
    """The smallest two-sided p that so many patients allow, all differences being of one sign, after correction for so
    many tests.
    """
    return min(1.0, tests * 2 / 2**patients)


def holm(p: Sequence[float]) -> list[float]:
    """P values corrected for there being several (Holm 1979), in the order given."""
    corrected = np.ones(len(p))
    highest = 0.0
    for rank, place in enumerate(np.argsort(p)):
        highest = max(highest, min(1.0, (len(p) - rank) * p[place]))
        corrected[place] = highest
    return [float(value) for value in corrected]
