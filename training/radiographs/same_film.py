"""Radiographs that AASCE shows more than once, cut out and scaled otherwise, and laid onto each other.

Where the marked column of two radiographs has nearly the same shape, their images are registered by an affine map. The
same film then agrees nearly everywhere; two films of one patient, even of one day, do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from training.data.aasce import Listed
from training.data.corners import Corners

ALIKE = 0.032
"""How far two columns part at most, root mean square of the middles of their vertebrae in units of their spread. Where
readers marked the same film it was 0.006 to 0.026."""
SAME = 0.94
"""Correlation of the evened images from which on two of them are one film; others of one patient reached 0.80."""
_WORTH = 0.6  # of the correlation on coarse images; below, fine ones are not tried
_COARSE, _FINE = 160, 400  # rows of the images that are registered
_AROUND = 0.03  # of the rows, over which mean and contrast are evened out
_FAINT = 3.0  # grey values; what differs by less from its surroundings stays faint
_LEVELS = ((4, 2.0), (2, 1.0), (1, 0.5))  # by how much images are shrunk, and how far they are smoothed

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Onto:
    """An affine map of places (..., 2) in the pixels of one radiograph to those of another, and how well the images
    agree under it (correlation, at most 1)."""

    matrix: Floats
    shift: Floats
    agreement: float

    def __call__(self, places: Floats) -> Floats:
        return np.asarray(places @ self.matrix.T + self.shift)


def pairs(listed: Sequence[Listed]) -> list[tuple[int, int, Onto]]:
    """Places of two radiographs that are one film, and the way from the first to the second."""
    columns = np.stack([_ordered(one.corners).mean(1) for one in listed])
    found = []
    for first, second in alike(columns):
        start = between(columns[first], columns[second])
        for rows, least in ((_COARSE, _WORTH), (_FINE, SAME)):
            laid = registered(evened(listed[first].path, rows), evened(listed[second].path, rows), start)
            if laid is None or laid.agreement < least:
                break
            start = laid
        else:
            found.append((first, second, start))
    return found


def alike(columns: Floats) -> list[tuple[int, int]]:
    """Pairs of columns (n, vertebrae, 2) of nearly the same shape, also where one is named a level off the other."""
    count = columns.shape[1]
    least = np.full((len(columns), len(columns)), np.inf)
    for step in (-1, 0, 1):
        one = _in_units(columns[:, max(0, step) : count + min(0, step)])
        other = _in_units(columns[:, max(0, -step) : count - max(0, step)])
        apart = 2 - 2 * np.einsum("ikx,jkx->ij", one, other) / one.shape[1]
        least = np.minimum(least, np.sqrt(np.maximum(apart, 0.0)))
    found = [(int(i), int(j)) for i, j in np.argwhere(np.triu(least <= ALIKE, 1))]
    return sorted(found, key=lambda pair: least[pair])


def between(column: Floats, other: Floats) -> Onto:
    """The scale and the shift that bring a column (vertebrae, 2) onto another."""
    scale = _spread(other[None])[0, 0, 0] / _spread(column[None])[0, 0, 0]
    return Onto(scale * np.eye(2), other.mean(0) - scale * column.mean(0), 0.0)


def evened(path: Path, rows: int) -> tuple[Floats, float]:
    """An image of so many rows, mean and contrast evened out, and how many of its pixels go into one of the file."""
    picture = Image.open(path).convert("L")
    scale = rows / picture.height
    grey = np.asarray(picture.resize((round(picture.width * scale), rows), Image.Resampling.BOX), float)
    grey = grey - gaussian_filter(grey, _AROUND * rows)
    return np.asarray(grey / (np.sqrt(gaussian_filter(grey * grey, _AROUND * rows)) + _FAINT)), scale


def registered(one: tuple[Floats, float], other: tuple[Floats, float], start: Onto) -> Onto | None:
    """The affine map between two `evened` images that makes them most alike, nothing where they come to lie beside
    each other. `start` and the result map pixels of their files.
    """
    (fixed, scale), (moving, other_scale) = one, other
    images = [sitk.GetImageFromArray(image.astype(np.float32)) for image in (fixed, moving)]
    map_of = sitk.AffineTransform(2)
    matrix = start.matrix * other_scale / scale
    shift = other_scale * (start(np.full(2, 0.5 / scale - 0.5)) + 0.5) - 0.5
    centre = (np.array(fixed.shape[::-1]) - 1) / 2
    map_of.SetCenter(centre.tolist())
    map_of.SetMatrix(matrix.ravel().tolist())
    map_of.SetTranslation((matrix @ centre + shift - centre).tolist())
    registration = sitk.ImageRegistrationMethod()
    registration.SetMetricAsCorrelation()
    registration.SetInterpolator(sitk.sitkLinear)
    registration.SetInitialTransform(map_of, inPlace=True)
    shrunk, smoothed = zip(*_LEVELS, strict=True)
    registration.SetShrinkFactorsPerLevel(shrunk)
    registration.SetSmoothingSigmasPerLevel(smoothed)
    registration.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-3, 100, 0.6)
    registration.SetOptimizerScalesFromPhysicalShift()
    try:
        registration.Execute(*images)
    except RuntimeError:
        return None
    matrix = np.array(map_of.GetMatrix()).reshape(2, 2)
    origin = np.array(map_of.TransformPoint(np.zeros(2).tolist()))
    agreement = _agreement(images, map_of)
    matrix = matrix * scale / other_scale
    first = (origin + 0.5) / other_scale - 0.5
    return Onto(matrix, first - matrix @ np.full(2, 0.5 / scale - 0.5), agreement)


def _agreement(images: Sequence[sitk.Image], map_of: sitk.Transform) -> float:
    fixed, moving = images
    laid = sitk.Resample(moving, fixed, map_of, sitk.sitkLinear, np.nan)
    one, other = (sitk.GetArrayFromImage(image) for image in (fixed, laid))
    both = np.isfinite(other)
    return float(np.corrcoef(one[both], other[both])[0, 1]) if both.mean() > 0.5 else 0.0


def _ordered(corners: Corners) -> Corners:
    return corners[np.argsort(corners[:, :, 1].mean(1))]


def _spread(columns: Floats) -> Floats:
    away = columns - columns.mean(1, keepdims=True)
    return np.asarray(np.sqrt((away**2).sum((1, 2), keepdims=True) / columns.shape[1]))


def _in_units(columns: Floats) -> Floats:
    return np.asarray((columns - columns.mean(1, keepdims=True)) / _spread(columns))
