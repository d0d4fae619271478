"""What an error of the labels' outline is worth: the scores of a label against itself with its outline moved.

Half pixels are moved on a grid of half the pixel size, where a pixel is four.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from training.axial.measured import Answer

MOVED_PX = (-1.0, -0.5, 0.5, 1.0)
"""Inward and outward."""


def moved(shape: NDArray[np.bool_], pixels: float) -> NDArray[np.bool_]:
    """A shape (rows, columns) on half its pixel size with its outline moved outward, or inward where negative."""
    fine = shape.repeat(2, 0).repeat(2, 1)
    steps = round(2 * abs(pixels))
    if not steps:
        return fine
    move = ndimage.binary_dilation if pixels > 0 else ndimage.binary_erosion
    return np.asarray(move(fine, iterations=steps), dtype=np.bool_)


def worth(answers: Sequence[Answer], value: int, pixels: float) -> tuple[float, float]:
    """Mean Dice of a class's labels with themselves when their outline is moved, and the mean change of area in per
    cent; over the cases whose label shows the class, nan where none does.
    """
    dice, change = [], []
    for one in answers:
        shape = one.truth == value
        if shape.any():
            same, other = moved(shape, 0), moved(shape, pixels)
            dice.append(2 * int((same & other).sum()) / int(same.sum() + other.sum()))
            change.append(100 * (int(other.sum()) / int(same.sum()) - 1))
    return (float(np.mean(dice)), float(np.mean(change))) if dice else (math.nan, math.nan)
