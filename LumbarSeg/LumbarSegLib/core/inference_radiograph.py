"""A radiograph to its label map: over the field of view that a network knows, and at another scale if that is not it.

A network learns vertebrae of about one size. The pixels of a radiograph may stand for anything: its file may not say,
or the image may show a part of the spine. So what is found decides whether it is looked at again, larger or smaller.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core import preprocess
from LumbarSegLib.core.anatomy import kinds_of
from LumbarSegLib.core.images import has_spacing, stored_as
from LumbarSegLib.core.projection import View, as_projection, upright, view_of
from LumbarSegLib.errors import Cancelled

Floats = NDArray[np.float32]
Ask = Callable[[Floats], Floats]
"""A network: pixels (rows, columns) as it wants to see them to the probability of each label value, (values, rows,
columns).
"""

_VERTEBRA, _FROM_THE_SIDE, _SPACE = (
    kinds_of("xray")[kind].label for kind in ("vertebra", "lateral_vertebra", "disc_space")
)
_TRAINED_WIDTH_MM = 31.6
"""How far vertebrae reach along a row in the images of AASCE, the median over rows, laid over `RADIOGRAPH_HEIGHT_MM`.
It lies between 25 and 42 mm there.
"""
_KNOWN_SCALES = (0.75, 1.35)
_WIDTHS = (0.5, 1.8)  # of the trained width; what a row of a column can be
_STEP_MM = 24.0  # from vertebra to vertebra, on the trained scale
_LONGEST_MM = 2000.0  # a radiograph of the whole body is no longer
_ENOUGH = 4  # vertebrae; with fewer, another scale and the image on its side are tried
_CLEARER = 1.25  # times as well must vertebrae be seen in a turned image
_WIDER = 1.25  # times as wide must the upper third of a column be as the lower one to be the lower one


@dataclass(frozen=True)
class Answered:
    """What a network finds in a radiograph: `labels` on the grid of the image, values of `anatomy.kinds_of("xray")`,
    and by how many degrees (0, 90 or 180) the image seems to be turned.
    """

    labels: sitk.Image
    turn: int = 0

    @property
    def view(self) -> View:
        """From which side most of what is found is seen."""
        values = sitk.GetArrayViewFromImage(self.labels)
        return "lateral" if np.sum(values == _FROM_THE_SIDE) > np.sum(values == _VERTEBRA) else "frontal"


def answer_radiograph(
    image: sitk.Image,
    spacing_mm: float,
    normalisation: str,
    ask: Ask,
    on_progress: Callable[[float], None] = lambda fraction: None,
    cancelled: Callable[[], bool] = lambda: False,
    with_turn: bool = True,
) -> Answered:
    """Asks a network for the vertebrae of a 3D image of one slice.

    `spacing_mm` is that of the network's grid. `cancelled` is asked before each look at the image. Raises Cancelled.
    """
    marked = as_projection(image)
    ordered = upright(marked, view_of(marked) or "frontal")
    placeless = preprocess.without_place(ordered)

    def look(shown: sitk.Image) -> _Look:
        if cancelled():
            raise Cancelled("Segmentation was cancelled.")
        return _Look(shown, spacing_mm, normalisation, ask)

    seen = look(_over_field_of_view(placeless) if _is_unknown(image) else placeless)
    on_progress(0.3)
    lies = with_turn and seen.clarity < _ENOUGH and seen.lies_on_its_side(ask)
    on_progress(0.6)
    seen = seen if lies else _at_known_scale(seen, placeless, look)
    on_progress(0.9)
    labels = seen.labels_on(placeless)
    labels.CopyInformation(ordered)
    stored = stored_as(labels, marked)
    stored.CopyInformation(image)
    on_progress(1.0)
    return Answered(stored, 90 if lies else 180 * seen.stands_on_its_head)


def _is_unknown(image: sitk.Image) -> bool:
    """Whether the size of the pixels is not known, or cannot be what it is said to be."""
    return not has_spacing(image) or max(np.multiply(image.GetSize(), image.GetSpacing())) > _LONGEST_MM


def _over_field_of_view(placeless: sitk.Image) -> sitk.Image:
    return _scaled(
        placeless, preprocess.RADIOGRAPH_HEIGHT_MM / max(np.multiply(placeless.GetSize(), placeless.GetSpacing()))
    )


def _scaled(placeless: sitk.Image, factor: float) -> sitk.Image:
    """The same image with pixels that count so many times as large."""
    scaled = sitk.Image(placeless)
    across, down, between = placeless.GetSpacing()
    scaled.SetSpacing((across * factor, down * factor, between))
    return scaled


def _at_known_scale(seen: "_Look", placeless: sitk.Image, look: "Callable[[sitk.Image], _Look]") -> "_Look":
    """The look itself, or another one at a scale where vertebrae are as wide as the network knows them."""
    low, high = _KNOWN_SCALES
    others = []
    if seen.width_mm and not low <= seen.width_mm / _TRAINED_WIDTH_MM <= high:
        others.append(_scaled(seen.shown, _TRAINED_WIDTH_MM / seen.width_mm))
    elif seen.clarity < _ENOUGH:
        spread = _over_field_of_view(placeless)
        if not low <= spread.GetSpacing()[0] / seen.shown.GetSpacing()[0] <= high:
            others.append(spread)
    return max([seen, *map(look, others)], key=lambda one: one.clarity)


class _Look:
    """One look of a network at an image that is `shown` to it with pixels of a certain size."""

    def __init__(self, shown: sitk.Image, spacing_mm: float, normalisation: str, ask: Ask) -> None:
        self.shown = shown
        self._grid = preprocess.to_network_grid(shown, spacing_mm)
        unit = preprocess.to_unit(sitk.GetArrayFromImage(self._grid), normalisation)
        self._pixels = preprocess.after_unit(unit, normalisation)[0]
        self._soft = ask(self._pixels)
        self._pixel_mm2 = float(np.prod(self._grid.GetSpacing()[:2]))

    @property
    def width_mm(self) -> float:
        """How far vertebrae reach along a row, the median over the rows that show any; 0 where none does."""
        runs = self._decided(self._soft).sum(1)
        return float(np.median(runs[runs > 0]) * self._grid.GetSpacing()[0]) if runs.any() else 0.0

    @cached_property
    def clarity(self) -> float:
        """How much of a column is seen, in vertebrae, each counting as much as it is sure."""
        return self._clarity(self._soft)

    def lies_on_its_side(self, ask: Ask) -> bool:
        """Whether a column is seen much better in the image when it is turned by 90 degrees, one way or the other."""
        turned = (self._clarity(ask(np.ascontiguousarray(np.rot90(self._pixels, k)))) for k in (1, 3))
        return max(turned) > _CLEARER * self.clarity + 1

    @property
    def stands_on_its_head(self) -> bool:
        """Whether a column is clearly wider at its upper end: vertebrae grow downward, whatever the view."""
        counts = self._decided(self._soft).sum(1)
        widths = counts[self._is_column(counts)]
        third = len(widths) // 3
        return bool(self.clarity >= _ENOUGH and np.median(widths[:third]) > _WIDER * np.median(widths[-third:]))

    def labels_on(self, placeless: sitk.Image) -> sitk.Image:
        """The label map on the grid of the image, all vertebrae in the view of which there are more.

        Probabilities are brought to that grid before they are decided, so that borders do not follow the network's
        coarser pixels.
        """
        sure = np.stack([self._soft[0], self._bone(self._soft), self._soft[_SPACE]], -1)
        soft = sitk.GetImageFromArray(sure[None], isVector=True)
        soft.CopyInformation(self._grid)
        fine = sitk.Resample(soft, self.shown, sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkVectorFloat32)
        decided = sitk.GetArrayViewFromImage(fine).argmax(-1)
        front, side = (np.sum(self._decided(self._soft) * self._soft[value]) for value in (_VERTEBRA, _FROM_THE_SIDE))
        meaning = np.array([0, _FROM_THE_SIDE if side > front else _VERTEBRA, _SPACE], np.uint8)
        labels = sitk.GetImageFromArray(meaning[decided])
        labels.CopyInformation(placeless)
        return labels

    def _bone(self, soft: Floats) -> Floats:
        return soft[_VERTEBRA] + soft[_FROM_THE_SIDE]

    def _decided(self, soft: Floats) -> NDArray[np.bool_]:
        return self._bone(soft) > np.maximum(soft[0], soft[_SPACE])

    def _clarity(self, soft: Floats) -> float:
        """Rows count that show vertebra as wide as one is, by how sure it is there."""
        decided = self._decided(soft)
        counts = decided.sum(1)
        rows = self._is_column(counts)
        sure = (self._bone(soft) * decided).sum(1)[rows] / counts[rows]
        return float(sure.sum() * self._grid.GetSpacing()[1] / _STEP_MM)

    def _is_column(self, counts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether so many pixels of a row can be a vertebra's."""
        low, high = (share * _TRAINED_WIDTH_MM / self._grid.GetSpacing()[0] for share in _WIDTHS)
        return (counts >= low) & (counts <= high)
