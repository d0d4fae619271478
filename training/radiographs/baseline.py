"""Other ways to the corners of the same radiographs, and which of two comes nearer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from LumbarSegLib.core import preprocess
from training import statistics
from training.data import aasce
from training.data.aasce import Listed
from training.feed.prepare import prepare
from training.radiographs.corner_regression import Regression, marked
from training.radiographs.measured import Case
from training.statistics import Estimate


@dataclass(frozen=True)
class Against:
    """One error of two ways on the same radiographs: the mean of the one minus the other with its interval, on how many
    of them the one is better, and the p value of Wilcoxon's signed-rank test.
    """

    what: str
    one: float
    other: float
    difference: Estimate
    wins: int
    p: float


def measure(listed: Sequence[Listed], data: Path, regression: Regression) -> list[Case]:
    """What a network of corners finds in each radiograph."""
    settings = regression.experiment.preprocessing
    dataset = aasce.read_aasce(data)
    by_name = {case.name: case for case in dataset.cases}
    cases = []
    for one in tqdm(listed, desc="corner regression"):
        prepared = prepare(by_name[one.path.stem], dataset, settings, teach=False)
        seen = torch.from_numpy(preprocess.after_unit(prepared.image, settings.normalisation)[0])
        found = regression.corners_of(seen)
        on_grid = marked(prepared, one, settings.spacing_mm or 1.0).corners
        # The way back to the pixels of the file, read from the corners that went the other way.
        scale = np.ptp(on_grid[..., 1]) / np.ptp(one.corners[..., 1])
        rows = round(prepared.image.shape[1] / scale)
        true = one.corners[np.argsort(one.corners[:, :, 1].mean(1))]
        cases.append(Case(one.path.stem, rows, true, (found + 0.5) / scale - 0.5))
    return cases


def compare(one: Sequence[Case], other: Sequence[Case]) -> list[Against]:
    """Paired over the radiographs where both give a value."""
    errors: dict[str, Callable[[Case], float]] = {
        "corners, % of the endplate": lambda case: case.matched.error,
        "largest Cobb angle, degrees": lambda case: abs(case.angle_error),
        "SMAPE of the three angles, %": lambda case: case.smape,
        "vertebrae missed": lambda case: float(len(case.matched.missed)),
    }
    rows = []
    for what, error in errors.items():
        first, second = (np.array([error(case) for case in cases]) for cases in (one, other))
        both = np.isfinite(first) & np.isfinite(second)
        difference = first[both] - second[both]
        rows.append(
            Against(
                what,
                float(first[both].mean()),
                float(second[both].mean()),
                statistics.mean_of(difference),
                int((difference < 0).sum()),
                statistics.signed_rank(difference),
            )
        )
    return rows
