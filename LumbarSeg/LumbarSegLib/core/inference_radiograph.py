"""A radiograph to its label map: over the field of view that a network knows, and at another scale if that is not it.

A network learns vertebrae of about one size. The pixels of a radiograph may stand for anything: its file may not say,
or the image may show a part of the spine. So what is found decides whether it is looked at again, larger or smaller.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core import corner_reading, preprocess
from LumbarSegLib.core.anatomy import kinds_of
from LumbarSegLib.core.images import stored_as
from LumbarSegLib.core.projection import View, as_projection, upright, view_of
from LumbarSegLib.core.radiograph import WIDER
from LumbarSegLib.core.spacing import has_spacing
from LumbarSegLib.errors import Cancelled

Floats = NDArray[np.float32]
Ask = Callable[[Floats], Floats]
"""A network: pixels (rows, columns) as it wants to see them to the probability of each label value, (values, rows,
columns).
"""

_VERTEBRA, _FROM_THE_SIDE, _SPACE = (
    kinds_of("xray")[kind].label for kind in ("vertebra", "lateral_vertebra", "disc_space")
)
_TRAINED_WIDTH_MM = 35.2
"""How far vertebrae reach along a row in the images of AASCE laid over `RADIOGRAPH_HEIGHT_MM`, the median over their
pixels. It lies between 27 and 45 mm there.
"""
_KNOWN_SCALES = (0.75, 1.35)
_WIDTHS = (0.5, 1.8)  # of the trained width; what a row of a column can be
_TOGETHER = 0.8  # of the way from its first to its last pixel in a row must be bone
_STEP = 0.68  # of its width, from a vertebra to the next one
_LARGEST_MM2 = 850000.0  # a radiograph of the whole body shows no more, and a network takes seconds for it
_GOOD = 0.55  # of the best quality; below it other scales are tried, and then the image on its side
_POOR = 0.45  # of the best quality; below it nothing is a spine
_PARTS = (0.5, 0.35)  # of the spine that an image may show instead of all of it
_FEWEST = 1.8  # vertebrae that must be seen clearly, so that something is a spine
_ENOUGH = 4.0  # vertebrae; with fewer nothing is said of the ends of a column


@dataclass(frozen=True)
class Answered:
    """What a network finds in a radiograph: `labels` on the grid of the image, values of `anatomy.kinds_of("xray")`,
    and by how many degrees (0, 90 or 180) the image seems to be turned.

    `quality` (0..1) is how much of it looks like a column and how sure that is, `clarity` how many vertebrae are seen
    so, `narrowing` how many times as wide its upper third is as its lower one. A network that sees images at one size
    alone is not asked for them: they are then as of a clear column.
    """

    labels: sitk.Image
    turn: int = 0
    quality: float = 1.0
    clarity: float = np.inf
    narrowing: float = 0.0

    @property
    def shows_spine(self) -> bool:
        """Whether what is found looks like a column of vertebrae at all."""
        return self.quality >= _POOR and self.clarity >= _FEWEST

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
    look_along: corner_reading.Look | None = None,
) -> Answered:
    """Asks a network for the vertebrae of a 3D image of one slice.

    `spacing_mm` is that of the network's grid. `look_along` is a second network, which reads the corners of vertebrae
    that are seen from the front. `cancelled` is asked before each look at the image. Raises Cancelled.
    """
    marked = as_projection(image)
    ordered = upright(marked, view_of(marked) or "frontal")
    placeless = preprocess.without_place(ordered)

    def look(shown: sitk.Image) -> _Look:
        if cancelled():
            raise Cancelled("Segmentation was cancelled.")
        return _Look(shown, spacing_mm, normalisation, ask)

    seen = _best_look(placeless, has_spacing(image), look)
    on_progress(0.6)
    lies = False
    if with_turn and seen.quality < _GOOD:
        sideways = (_best_look(_turned(placeless, k), has_spacing(image), look) for k in (1, 3))
        lies = any(one.quality >= _GOOD and one.clarity >= _FEWEST for one in sideways)
    on_progress(0.9)
    labels = seen.labels_on(placeless)
    if look_along is not None:
        labels = _redrawn(labels, placeless, look_along)
    labels.CopyInformation(ordered)
    stored = stored_as(labels, marked)
    stored.CopyInformation(image)
    on_progress(1.0)
    turn = 90 if lies else 180 * seen.stands_on_its_head
    return Answered(stored, turn, seen.quality, seen.clarity, seen.narrowing)


def _redrawn(labels: sitk.Image, placeless: sitk.Image, look_along: corner_reading.Look) -> sitk.Image:
    """The label map with the vertebrae that are seen from the front drawn by their corners."""
    values, pixels = (sitk.GetArrayFromImage(one)[0] for one in (labels, placeless))
    across, down, _ = placeless.GetSpacing()
    drawn = corner_reading.redrawn(values, pixels.astype(np.float32), (across, down), look_along)
    return sitk.GetImageFromArray(drawn[None])


def _best_look(placeless: sitk.Image, spaced: bool, look: "Callable[[sitk.Image], _Look]") -> "_Look":
    """The first good one of the looks at an image, else the clearest: as large as its pixels are said to be or over the
    known field of view; as wide as the network knows vertebrae; as a part of the spine.
    """
    spread = _scaled(placeless, preprocess.RADIOGRAPH_HEIGHT_MM / max(_extent_mm(placeless)))
    seen = [look(placeless if spaced and _area_mm2(placeless) <= _LARGEST_MM2 else spread)]
    for shown in _other_scales(seen[0], spread):
        if seen[-1].quality >= _GOOD and seen[-1].has_known_width:
            break
        seen.append(look(shown))
    return max(seen, key=lambda one: (one.quality >= _GOOD, one.clarity))


def _other_scales(first: "_Look", spread: sitk.Image) -> Iterator[sitk.Image]:
    """How else an image may be shown after the first look at it."""
    if first.width_mm and not first.has_known_width:
        most = float(np.sqrt(_LARGEST_MM2 / _area_mm2(first.shown)))
        yield _scaled(first.shown, min(_TRAINED_WIDTH_MM / first.width_mm, most))
    if first.shown.GetSpacing() != spread.GetSpacing():
        yield spread
    yield from (_scaled(spread, part) for part in _PARTS)


def _extent_mm(image: sitk.Image) -> NDArray[np.float64]:
    return np.multiply(image.GetSize(), image.GetSpacing())[:2]


def _area_mm2(image: sitk.Image) -> float:
    return float(np.prod(_extent_mm(image)))


def _scaled(placeless: sitk.Image, factor: float) -> sitk.Image:
    """The same image with pixels that count so many times as large."""
    scaled = sitk.Image(placeless)
    across, down, between = placeless.GetSpacing()
    scaled.SetSpacing((across * factor, down * factor, between))
    return scaled


def _turned(placeless: sitk.Image, quarters: int) -> sitk.Image:
    """The image turned counter-clockwise by an odd number of quarters."""
    turned = sitk.GetImageFromArray(np.rot90(sitk.GetArrayViewFromImage(placeless), quarters, (1, 2)).copy())
    across, down, between = placeless.GetSpacing()
    turned.SetSpacing((down, across, between))
    return turned


class _Look:
    """One look of a network at an image that is `shown` to it with pixels of a certain size."""

    def __init__(self, shown: sitk.Image, spacing_mm: float, normalisation: str, ask: Ask) -> None:
        self.shown = shown
        self._grid = preprocess.to_network_grid(shown, spacing_mm)
        unit = preprocess.to_unit(sitk.GetArrayFromImage(self._grid), normalisation)
        self._soft = ask(preprocess.after_unit(unit, normalisation)[0])
        self._bone = self._soft[_VERTEBRA] + self._soft[_FROM_THE_SIDE]
        self._decided = self._bone > np.maximum(self._soft[0], self._soft[_SPACE])

    @property
    def width_mm(self) -> float:
        """How far vertebrae reach along a row, the median over all their pixels; 0 where there are none."""
        counts = self._decided.sum(1)
        return float(np.median(np.repeat(counts, counts)) * self._grid.GetSpacing()[0]) if counts.any() else 0.0

    @property
    def has_known_width(self) -> bool:
        """Whether vertebrae are about as wide as the network knows them."""
        low, high = _KNOWN_SCALES
        return low <= self.width_mm / _TRAINED_WIDTH_MM <= high

    @cached_property
    def quality(self) -> float:
        """How much of what is found looks like a column, and how sure that is, in 0..1.

        At another scale than the one it knows, and where there is no spine, a network answers with scattered bone. The
        limits stand where `training.radiographs.limits` showed them for the shipped model: upright spines and parts of
        them have 0.54 to 0.83 and at least 1.9 clear vertebrae; on their side they have at most 0.52, noise at most
        0.35, and axial MR may have 0.66, but 1.2 clear vertebrae at most.
        """
        shows = self._decided.sum(1) > 0.25 * _WIDTHS[0] * _TRAINED_WIDTH_MM / self._grid.GetSpacing()[0]
        return float(self._is_column.sum() / shows.sum() * self._bone[self._decided].mean()) if shows.any() else 0.0

    @cached_property
    def clarity(self) -> float:
        """How many vertebrae are seen, by the rows of a column, the less the poorer the quality."""
        counts = self._decided.sum(1)[self._is_column]
        return float(self.quality * len(counts) / (_STEP * np.median(counts))) if counts.size else 0.0

    @property
    def narrowing(self) -> float:
        """How many times as wide the upper third of a column is as its lower one; 0 where there is no column."""
        widths = self._decided.sum(1)[self._is_column]
        third = len(widths) // 3
        return float(np.median(widths[:third]) / np.median(widths[-third:])) if third else 0.0

    @property
    def stands_on_its_head(self) -> bool:
        """Whether a column is clearly wider at its upper end: vertebrae grow downward, whatever the view."""
        return self.clarity >= _ENOUGH and self.narrowing > WIDER

    def labels_on(self, placeless: sitk.Image) -> sitk.Image:
        """The label map on the grid of the image, all vertebrae in the view of which there are more.

        Probabilities are brought to that grid before they are decided, so that borders do not follow the network's
        coarser pixels.
        """
        sure = np.stack([self._soft[0], self._bone, self._soft[_SPACE]], -1)
        soft = sitk.GetImageFromArray(sure[None], isVector=True)
        soft.CopyInformation(self._grid)
        fine = sitk.Resample(soft, self.shown, sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkVectorFloat32)
        decided = sitk.GetArrayViewFromImage(fine).argmax(-1)
        front, side = (np.sum(self._decided * self._soft[value]) for value in (_VERTEBRA, _FROM_THE_SIDE))
        meaning = np.array([0, _FROM_THE_SIDE if side > front else _VERTEBRA, _SPACE], np.uint8)
        labels = sitk.GetImageFromArray(meaning[decided])
        labels.CopyInformation(placeless)
        return labels

    @cached_property
    def _is_column(self) -> NDArray[np.bool_]:
        """Of each row, whether its bone lies together and is as wide as a vertebra can be."""
        counts = self._decided.sum(1)
        low, high = (share * _TRAINED_WIDTH_MM / self._grid.GetSpacing()[0] for share in _WIDTHS)
        first, last = self._decided.argmax(1), self._decided.shape[1] - self._decided[:, ::-1].argmax(1)
        return (counts >= low) & (counts <= high) & (counts >= _TOGETHER * (last - first))
