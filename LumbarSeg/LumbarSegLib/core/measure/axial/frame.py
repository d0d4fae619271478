"""Which way a slice's patient faces: front to back and left, turned as the patient lay, not as the slice was cut.

The disc and the posterior elements mirror themselves about the sagittal plane, so the direction about which their
labels do so best is theirs. A disc that bulges to one side, or a sac pushed aside, does not turn it, as it would a line
from the middle of one to the middle of the other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from LumbarSegLib.core.measure.outline import Floats

_MOST_TURN = 24.0  # degrees from the slice's own columns
_MOST_ASIDE = 6.0  # mm from the middle of the disc to the mirror
_STEPS = ((6.0, 2.0), (1.0, 0.5))  # degrees and mm, coarse and fine
_ABOUT = 2  # coarse steps beside the best that are searched in fine ones
_SAMPLES = 1500
_UPRIGHT = 0.02  # of agreement that a turn by `_MOST_TURN` must win: a round thing stays as it is


@dataclass(frozen=True)
class Frame:
    """Unit vectors (2,) in a slice, (across, down): to the patient's back and to his left."""

    back: Floats
    left: Floats


def frame_of(labels: NDArray[np.uint8], values: tuple[int, int], spacing: tuple[float, float]) -> Frame:
    """The frame of a slice (rows to the back, columns to the left) by the labels of the disc and of what lies behind.

    `values` are the label values of the disc and the posterior elements, `spacing` (across, down) in mm. There is a
    disc. The direction is searched within 24 degrees of the slice's own columns.
    """
    found = np.argwhere(np.isin(labels, values))
    sample = found[:: max(1, len(found) // _SAMPLES)]
    places, kinds = sample[:, ::-1] * np.array(spacing), labels[tuple(sample.T)]
    center = (np.argwhere(labels == values[0])[:, ::-1] * np.array(spacing)).mean(axis=0)

    def agreement(turn: float, aside: float) -> float:
        left = _frame(turn).left
        mirrored = places - 2 * ((places - center) @ left - aside)[:, None] * left
        column, row = np.rint(mirrored / spacing).astype(int).T
        inside = (row >= 0) & (row < labels.shape[0]) & (column >= 0) & (column < labels.shape[1])
        same = labels[row[inside], column[inside]] == kinds[inside]
        return float(same.sum()) / len(kinds) - _UPRIGHT * (turn / _MOST_TURN) ** 2

    turns, asides = _grid(_MOST_TURN, _STEPS[0][0]), _grid(_MOST_ASIDE, _STEPS[0][1])
    best = max(((turn, aside) for turn in turns for aside in asides), key=lambda at: agreement(*at))
    near = [_grid(_ABOUT * coarse / 2, fine) + middle for coarse, fine, middle in zip(*_STEPS, best, strict=True)]
    return _frame(max(((turn, aside) for turn in near[0] for aside in near[1]), key=lambda at: agreement(*at))[0])


def _grid(most: float, step: float) -> Floats:
    count = round(most / step)
    return np.arange(-count, count + 1, dtype=np.float64) * step


def _frame(turn: float) -> Frame:
    angle = np.deg2rad(turn)
    return Frame(np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)]))
