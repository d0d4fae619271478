"""What makes the measures of a radiograph doubtful, as flags in words. Texts, limits and sources stand in
`Resources/flags.json`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from LumbarSegLib.core.anatomy import Numbering, Structure
from LumbarSegLib.core.definitions import DOUBTS, MEASURES
from LumbarSegLib.core.findings import Flag, Measurement
from LumbarSegLib.core.measure.radiograph.corners import Corners
from LumbarSegLib.core.measure.radiograph.shapes import Shapes
from LumbarSegLib.core.plausibility import rank
from LumbarSegLib.core.radiograph import Radiograph

_UPPERMOST = "T1"


@dataclass(frozen=True, eq=False)
class RadiographEvidence:
    """All that a flag about a radiograph can be drawn from.

    `moved` are the landmarks that were set by hand, `further` the curves that are not among the measurements: span,
    degrees and apex. `agreement` is the Dice of a model's second answer by kind,
    `resampled` tells that the label map lay on another grid.
    """

    radiograph: Radiograph
    shapes: Shapes
    moved: frozenset[str]
    measurements: Sequence[Measurement]
    further: Sequence[tuple[str, float, str]]
    agreement: Mapping[str, float]
    resampled: bool
    spacing_known: bool
    magnified: bool

    @property
    def vertebrae(self) -> list[Structure]:
        """From the bottom upward."""
        return [one.structure for one in self.radiograph.instances]


def flags_of(seen: RadiographEvidence) -> list[Flag]:
    """All doubts, those about the whole first, then from the bottom upward."""
    sources = (_image, _model, _column, _visibility, *(() if _mostly_parted(seen) else (_shapes, _curves)), _values)
    return [flag for source in sources for flag in source(seen)]


def _mostly_parted(seen: RadiographEvidence) -> bool:
    return len(seen.radiograph.parted) > DOUBTS["mostly_parted"].limits["share"] * len(seen.vertebrae)


def _image(seen: RadiographEvidence) -> Iterator[Flag]:
    if not seen.vertebrae:
        yield DOUBTS["no_vertebra"].flag()
        return
    if seen.radiograph.view == "lateral":
        yield DOUBTS["lateral_experimental"].flag()
    yield DOUBTS["counted_from_lowest"].flag(value=seen.vertebrae[0].name)
    if not seen.spacing_known:
        yield DOUBTS["no_size_of_pixels"].flag()
    elif seen.magnified:
        yield DOUBTS["magnified"].flag()
    if seen.resampled:
        yield DOUBTS["other_grid"].flag()


def _model(seen: RadiographEvidence) -> Iterator[Flag]:
    for kind in ("vertebra", "lateral_vertebra"):
        doubt = DOUBTS["agreement_radiograph"]
        dice = seen.agreement.get(kind, 1.0)
        if dice < doubt.limits["dice"]:
            yield doubt.flag(value=f"{dice:.2f}")


def _column(seen: RadiographEvidence) -> Iterator[Flag]:
    """Whether what is labelled stands as a column does."""
    few = DOUBTS["few_vertebrae"]
    if 0 < len(seen.vertebrae) < few.limits["least"]:
        yield few.flag(value=str(len(seen.vertebrae)))
    places = np.array([seen.shapes.middles[one.name] for one in seen.vertebrae]).reshape(-1, 2)
    if len(places) > 1:
        across, up = np.abs(places[-1] - places[0])
        if across > up:
            yield DOUBTS["column_across"].flag()
            return
    for lower, upper in pairwise(seen.vertebrae):
        if seen.shapes.middles[upper.name][1] >= seen.shapes.middles[lower.name][1]:
            yield from (DOUBTS["order_implausible"].flag(one.name) for one in (lower, upper))


def _visibility(seen: RadiographEvidence) -> Iterator[Flag]:
    for one in seen.radiograph.instances:
        if one.partly_visible:
            yield DOUBTS["partly_visible"].flag(one.structure.name)
    ranks = [rank(one) for one in seen.vertebrae]
    numbering = Numbering(seen.radiograph.lowest_disc)
    for missing in sorted(set(range(min(ranks, default=0), max(ranks, default=0))) - set(ranks)):
        yield DOUBTS["vertebra_hidden"].flag(numbering.structure(missing or 25).name)
    if _mostly_parted(seen):
        yield DOUBTS["mostly_parted"].flag()
        return
    for name in seen.radiograph.parted:
        yield DOUBTS["vertebra_parted"].flag(name)


def _shapes(seen: RadiographEvidence) -> Iterator[Flag]:
    touched = {name.split(".")[0] for name in seen.moved}
    for one in seen.vertebrae:
        keys = ("fragmented", "islands")
        share = seen.shapes.apart.get(one.name, 0.0)
        key = next((key for key in keys if share > DOUBTS[key].limits["share"]), None)
        if key:
            yield DOUBTS[key].flag(one.name, f"{100 * share:.0f}")
        if one.name in seen.shapes.corners and one.name not in touched:
            yield from _disagreement(one.name, seen.shapes.corners[one.name], seen.spacing_known)


def _disagreement(name: str, shape: Corners, spacing_known: bool) -> Iterator[Flag]:
    doubt = DOUBTS["readings_differ"]
    share = shape.apart / shape.endplate
    if shape.turned > doubt.limits["endplate_deg"]:
        yield doubt.flag(name, f"{shape.turned:.0f}°")
    elif spacing_known and shape.apart > doubt.limits["corner_mm"]:
        yield doubt.flag(name, f"{shape.apart:.1f} mm")
    elif not spacing_known and share > doubt.limits["share"]:
        yield doubt.flag(name, f"{100 * share:.0f} % of its endplate")


def _curves(seen: RadiographEvidence) -> Iterator[Flag]:
    """Curves that have no row, and such as may go on above what is seen."""
    for span, degrees, apex in seen.further:
        words = MEASURES["coronal.largest_cobb"].words(degrees)
        yield DOUBTS["further_curve"].flag(span, f"{words} (apex {apex})")
    if not seen.vertebrae or seen.vertebrae[-1].name == _UPPERMOST:
        return
    last = seen.vertebrae[-1].name
    spans = [one.level for one in seen.measurements if one.measure.startswith("coronal.cobb") and one.value is not None]
    for span in spans:
        if span.split("-")[0] == last:
            yield DOUBTS["curve_cut"].flag(span)


def _values(seen: RadiographEvidence) -> Iterator[Flag]:
    """Numbers that no spine has; where mm are not known, lengths are no numbers."""
    for one in seen.measurements:
        measure = MEASURES[one.measure]
        if measure.unit == "mm" and not seen.spacing_known:
            continue
        low, high = measure.plausible
        if one.value is not None and not low <= one.value <= high:
            words = f"{measure.name} of {measure.words(one.value)}"
            yield replace(DOUBTS["implausible_value"].flag(one.level, words), blocks=(one.measure,))
