"""ROC curves of a network's probabilities, one class against all others, on a sample of the pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve

from training.data.cases import UNKNOWN

PIXELS = 50_000
"""So many pixels of a case are looked at, drawn evenly from those whose class is known."""

FALSE_POSITIVE_RATES: NDArray[np.float64] = np.concatenate([[0.0], np.logspace(-4, 0, 81)])
"""Where curves are read off, so that those of several cases can be averaged; dense near zero, where they differ."""


@dataclass(frozen=True)
class Curve:
    """One class of one case: the area under its curve and the true positive rate at each of FALSE_POSITIVE_RATES."""

    name: str
    auc: float
    true_positive_rates: NDArray[np.float64]


def curves(
    truth: NDArray[np.uint8], probabilities: NDArray[np.float32], classes: Sequence[str], seed: int = 0
) -> list[Curve]:
    """Curves of the classes but the background that the sample holds, and that do not fill it.

    `truth` is (slices, rows, columns), `probabilities` (classes, slices, rows, columns) on the same grid.
    """
    known = np.flatnonzero(truth.ravel() != UNKNOWN)
    drawn = np.random.default_rng(seed).choice(known, min(PIXELS, len(known)), replace=False)
    sample = truth.ravel()[drawn]
    found = []
    for value, name in enumerate(classes):
        positive = sample == value
        if value and positive.any() and not positive.all():
            scores = probabilities[value].ravel()[drawn]
            rates = roc_curve(positive, scores)
            auc = float(roc_auc_score(positive, scores))
            found.append(Curve(name, auc, np.interp(FALSE_POSITIVE_RATES, rates[0], rates[1])))
    return found
