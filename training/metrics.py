"""How far a found class map lies from the reference: one row of numbers for each class of a case.

Maps are uint8 (slices, rows, columns) on one grid; pixels that the reference calls UNKNOWN count nowhere.

How absence counts. A class in neither map: every number is nan, which no mean includes. A class that is only in the
reference ("missed") or only in the found map ("false alarm"): overlap 0, and for the distances, which do not exist
then, the diagonal of the image, the largest that could be; a missed class has precision 0, a false alarm no recall
(nan). `outcome` says so, and these cases are counted.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from monai.metrics.hausdorff_distance import compute_hausdorff_distance
from monai.metrics.surface_distance import compute_average_surface_distance
from numpy.typing import NDArray
from scipy.ndimage import find_objects
from sklearn.metrics import confusion_matrix

from training.data.cases import UNKNOWN

AREA_CLASSES = ("canal", "ts")
"""Classes whose area is what a reader wants to know."""

ALL = "all"
"""The name of the row over all structures."""

Map = NDArray[np.uint8]
Spacing = tuple[float, float, float]
"""Between slices, rows and columns: mm, or pixels where nobody knows the mm."""


@dataclass(frozen=True)
class Scores:
    """One class of one case. Distances and areas are in the unit of the spacing and its square.

    `accuracy` is the share of pixels that are rightly in or rightly out of the class; in the row ALL, the share of
    pixels with their right class, background included, while its other numbers are means over the structures.
    `area_error` is the found area minus the true one, a mean over the slices that show the class in either map;
    `area_error_percent` is relative to the true area, a mean over the slices that truly show it.
    `dice_by_instance` is SPIDER's own protocol (`training.instances`), `auc` the area under the ROC curve
    (`training.roc`); both are nan unless they were worked out.
    """

    name: str
    outcome: str = ""
    dice: float = math.nan
    iou: float = math.nan
    hd95: float = math.nan
    assd: float = math.nan
    precision: float = math.nan
    recall: float = math.nan
    accuracy: float = math.nan
    f1: float = math.nan
    area_error: float = math.nan
    area_error_percent: float = math.nan
    dice_by_instance: float = math.nan
    auc: float = math.nan


MISSED, FALSE_ALARM, ABSENT = "missed", "false alarm", "absent"


def score(truth: Map, found: Map, spacing: Spacing, classes: Sequence[str]) -> list[Scores]:
    """Scores of each class but the background, in order, and last those of ALL.

    `classes` name the values. Raises ValueError for maps of different shape.
    """
    if truth.shape != found.shape:
        raise ValueError(f"the maps have shapes {truth.shape} and {found.shape}")
    known = truth != UNKNOWN
    counts = np.zeros((len(classes), len(classes)), np.int64)
    if known.any():
        counts += confusion_matrix(truth[known], found[known], labels=range(len(classes)))
    rows = []
    for value, name in enumerate(classes):
        if value:
            rows.append(_class_scores(name, counts, value, truth == value, (found == value) & known, spacing))
    return [*rows, over_structures(rows, float(np.trace(counts) / max(counts.sum(), 1)))]


def over_structures(rows: Sequence[Scores], accuracy: float) -> Scores:
    """The row ALL: means over the structures that are in either map; `accuracy` is that of all pixels."""

    def mean(name: str) -> float:
        values = [getattr(row, name) for row in rows if not math.isnan(getattr(row, name))]
        return float(np.mean(values)) if values else math.nan

    return Scores(
        ALL,
        dice=mean("dice"),
        iou=mean("iou"),
        hd95=mean("hd95"),
        assd=mean("assd"),
        precision=mean("precision"),
        recall=mean("recall"),
        accuracy=accuracy,
        f1=mean("f1"),
        dice_by_instance=mean("dice_by_instance"),
        auc=mean("auc"),
    )


def _class_scores(
    name: str,
    counts: NDArray[np.int64],
    value: int,
    truth: NDArray[np.bool_],
    found: NDArray[np.bool_],
    spacing: Spacing,
) -> Scores:
    both = int(counts[value, value])
    true, called, pixels = int(counts[value].sum()), int(counts[:, value].sum()), int(counts.sum())
    if not true and not called:
        return Scores(name, ABSENT)
    precision = both / called if called else 0.0
    hd95, assd = surface_distances(truth, found, spacing)
    area_error, percent = area_errors(truth, found, spacing) if name in AREA_CLASSES else (math.nan, math.nan)
    return Scores(
        name,
        outcome="" if true and called else MISSED if true else FALSE_ALARM,
        dice=2 * both / (true + called),
        iou=both / (true + called - both),
        hd95=hd95,
        assd=assd,
        precision=precision,
        recall=both / true if true else math.nan,
        accuracy=(pixels - true - called + 2 * both) / pixels,
        f1=2 * precision * (both / true) / (precision + both / true) if both else 0.0,
        area_error=area_error,
        area_error_percent=percent,
    )


def surface_distances(truth: NDArray[np.bool_], found: NDArray[np.bool_], spacing: Spacing) -> tuple[float, float]:
    """HD95, the larger of the two directed 95th percentiles, and ASSD, the mean over both surfaces.

    A surface is the pixels of a shape with a neighbour outside it. In a single slice it is the outline; the image's
    diagonal where one of the two is empty.
    """
    size = np.array(truth.shape)
    if not truth.any() or not found.any():
        diagonal = float(np.linalg.norm(size * spacing))
        return diagonal, diagonal
    step: tuple[float, ...] = spacing
    if len(truth) == 1:
        truth, found, step = truth[0], found[0], spacing[1:]
    (around,) = find_objects((truth | found).astype(np.uint8))  # the rest costs time alone
    truth, found = truth[around], found[around]
    one, other = (torch.from_numpy(shape)[None, None] for shape in (found, truth))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # MONAI warns of its own default
        hd95 = compute_hausdorff_distance(one, other, include_background=True, percentile=95, spacing=step)
        assd = compute_average_surface_distance(one, other, include_background=True, symmetric=True, spacing=step)
    return float(hd95), float(assd)


def areas(shape: NDArray[np.bool_], spacing: Spacing) -> NDArray[np.float64]:
    """The area of a shape in each slice."""
    return np.asarray(shape.sum((1, 2)) * spacing[1] * spacing[2], dtype=np.float64)


def area_errors(truth: NDArray[np.bool_], found: NDArray[np.bool_], spacing: Spacing) -> tuple[float, float]:
    """Mean signed error of the area over the slices that show the shape in either map, and in per cent of the true
    area over the slices that truly show it; nan where there is no such slice.
    """
    true, called = areas(truth, spacing), areas(found, spacing)
    shown, real = (true > 0) | (called > 0), true > 0
    error = called - true
    percent = float(np.mean(100 * error[real] / true[real])) if real.any() else math.nan
    return float(np.mean(error[shown])) if shown.any() else math.nan, percent
