"""The label images of the Mendeley set: which values they use, what these mean, and what in them is no anatomy.

Two codings are about. The data set's own is 50 IVD, 100 PE, 150 TS, 200 AAP, 250 other; a stray 0 in it marks pixels
that nobody labelled and becomes UNKNOWN. Copies of the set use 0, 100, 200, 250 and 255, with no word on which of the
two ends is the background. So a coding is taken only if the whole set's values fit it and its regions then lie as in
the body: the background fills most of the slice, the disc lies in front of the sac and the sac in front of the
posterior element. A set that fits none, or more than one, is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from training.data.cases import CLASSES, UNKNOWN
from training.errors import TrainingError

BACKGROUND, IVD, PE, TS, AAP = range(len(CLASSES["axial"]))
Coding = Mapping[int, int]
CODINGS: tuple[Coding, ...] = (
    MappingProxyType({0: UNKNOWN, 50: IVD, 100: PE, 150: TS, 200: AAP, 250: BACKGROUND}),
    MappingProxyType({0: BACKGROUND, 100: IVD, 200: PE, 250: TS, 255: AAP}),
    MappingProxyType({0: IVD, 100: PE, 200: TS, 250: AAP, 255: BACKGROUND}),
)
_MOST_BACKGROUND = 0.5
_STRAY_SHARE = 0.1
_LEAST_SAC = 0.02  # of the disc's area; the ten trustworthy labels have 0.05 to 0.2
_AROUND_PX = 3


@dataclass(frozen=True)
class Survey:
    """How many pixels of each value 0-255 a label image has, and their mean row (nan for none)."""

    counts: NDArray[np.int64]
    rows: NDArray[np.float64]

    @property
    def values(self) -> set[int]:
        """The values that occur."""
        return set(np.flatnonzero(self.counts).tolist())


def survey(label: NDArray[np.uint8 | np.uint16], name: str) -> Survey:
    """Look at a label image (rows, columns). Raises TrainingError for values beyond 8 bits."""
    if label.max() > 255:
        raise TrainingError(f"{name} has values beyond 255, so it is no label image of the set.")
    counts = np.bincount(label.ravel(), minlength=256)
    at = np.broadcast_to(np.arange(label.shape[0])[:, None], label.shape)
    sums = np.bincount(label.ravel(), weights=at.ravel(), minlength=256)
    with np.errstate(invalid="ignore"):
        return Survey(counts, sums / counts)


def coding_of(surveys: Sequence[Survey]) -> Coding:
    """The one coding that the whole set fits. Raises TrainingError if there is none or more than one.

    An image with a value of no coding does not decide; it is left out later.
    """
    fitting = [coding for coding in CODINGS if _fits(surveys, coding)]
    if len(fitting) == 1:
        return fitting[0]
    values = sorted(set().union(*(one.values for one in surveys)))
    shown = ", ".join(map(str, values[:12])) + (" …" if len(values) > 12 else "")
    raise TrainingError(
        f"The label images use the values {shown}, which {'fit more than one' if fitting else 'fit no'} known coding "
        f"of the set; use its own (50 IVD, 100 PE, 150 TS, 200 AAP, 250 other) or describe the folder in a .toml file."
    )


def _fits(surveys: Sequence[Survey], coding: Coding) -> bool:
    inside = [one for one in surveys if one.values <= set(coding)]
    if 2 * len(inside) <= len(surveys):
        return False
    value = {region: number for number, region in coding.items()}
    background = np.median([one.counts[value[BACKGROUND]] / one.counts.sum() for one in inside])
    rows = np.array([[one.rows[value[region]] for region in (IVD, TS, PE)] for one in inside])
    complete = rows[np.isfinite(rows).all(1)]
    if background < _MOST_BACKGROUND or not len(complete):
        return False
    disc, sac, posterior = np.median(complete, 0)
    return bool(disc < sac < posterior)


def classes_of(label: NDArray[np.uint8 | np.uint16], coding: Coding) -> NDArray[np.uint8]:
    """The label image as classes, cleaned; the values must be of the coding."""
    table = np.full(256, UNKNOWN, np.uint8)
    for value, region in coding.items():
        table[value] = region
    return without_strays(without_border_discs(table[label]))


def without_border_discs(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same classes with the discs that touch the image's border as background: labelling left frames there, and a
    disc stands in the middle of these slices.
    """
    pieces, _ = ndimage.label(classes == IVD)
    touching = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    cleaned = classes.copy()
    cleaned[np.isin(pieces, touching[touching > 0])] = BACKGROUND
    return cleaned


def without_strays(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same classes with scraps of PE, TS and AAP unknown: they count neither in training nor in scores.

    A scrap lies in front of the disc's centre; or it is a piece of PE a tenth as large as the largest one or smaller;
    or any piece of TS but the largest, for there is one sac.
    """
    cleaned = classes.copy()
    disc_rows = np.nonzero(classes == IVD)[0]
    disc_centre = disc_rows.mean() if disc_rows.size else -np.inf
    for region, share in ((PE, _STRAY_SHARE), (TS, 1.0), (AAP, 0.0)):
        pieces, count = ndimage.label(classes == region)
        if not count:
            continue
        numbers = np.arange(1, count + 1)
        sizes = np.bincount(pieces.ravel())[1:]
        centres = np.array(ndimage.center_of_mass(np.ones_like(classes), pieces, numbers))[:, 0]
        small = (sizes <= share * sizes.max()) & (numbers != 1 + sizes.argmax())
        cleaned[np.isin(pieces, numbers[small | (centres < disc_centre)])] = UNKNOWN
    return cleaned


def without_doubtful_sacs(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same classes (slices, rows, columns), with TS and what is next to it unknown in slices whose TS is too small
    for a sac: a network must not learn that a sac is a few pixels wide.
    """
    taught = classes.copy()
    for one in taught:
        sac = one == TS
        if 0 < sac.sum() < _LEAST_SAC * (one == IVD).sum():
            around = ndimage.binary_dilation(sac, iterations=_AROUND_PX)
            one[around & (one != IVD) & (one != PE)] = UNKNOWN
    return taught
