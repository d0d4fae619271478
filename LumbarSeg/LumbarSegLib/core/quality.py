"""What makes a result doubtful, as flags in words, and which numbers are therefore not given.

Keys, texts, limits and sources stand in `Resources/flags.json`. A flag about a level concerns the measures at that
level and those that were read from its landmarks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.anatomy import Numbering, Structure
from LumbarSegLib.core.definitions import DOUBTS, Doubt, fits
from LumbarSegLib.core.evidence import Evidence
from LumbarSegLib.core.findings import Flag, Measurement
from LumbarSegLib.core.plausibility import implausible, rank


def flags_of(seen: Evidence) -> list[Flag]:
    """All doubts, those about the whole first, then from the bottom upward."""
    sources = (_image, _model, _visibility, implausible)
    return [flag for source in sources for flag in source(seen)]


def applied(measurements: Sequence[Measurement], flags: Sequence[Flag]) -> tuple[Measurement, ...]:
    """The measurements with the keys of the flags that concern them; a blocked one has the flag's words for a value."""
    return tuple(_flagged(one, flags) for one in measurements)


def _flagged(one: Measurement, flags: Sequence[Flag]) -> Measurement:
    levels = {"", one.level, *(name.split(".")[0] for name in one.trace.points)}
    near = [flag for flag in flags if flag.level in levels]
    blocking = [flag for flag in near if fits(one.measure, flag.blocks)]
    concerned = {flag.key for flag in near if fits(one.measure, _concerns(DOUBTS[flag.key]))}
    keys = [flag.key for flag in near if flag in blocking or flag.key in concerned]
    if one.value is not None and blocking:
        one = replace(one, value=None, reason=blocking[0].text)
    if one.value is None or any(fits(one.measure, DOUBTS[key].not_compared) for key in keys):
        one = replace(one, band="")
    return replace(one, flags=tuple(dict.fromkeys(keys))) if keys else one


def _concerns(doubt: Doubt) -> tuple[str, ...]:
    return (*doubt.concerns, *doubt.not_compared)


def _image(seen: Evidence) -> Iterator[Flag]:
    if not seen.spine.instances:
        yield DOUBTS["nothing_found"].flag()
        return
    yield DOUBTS["numbering_assumed"].flag(value=seen.spine.lowest_disc)
    if seen.resampled:
        yield DOUBTS["other_grid"].flag()
    if is_blank(seen.spine.labels):
        yield DOUBTS["spacing_missing"].flag()
    thick = DOUBTS["thick_slices"]
    if seen.slice_mm > thick.limits["spacing_mm"]:
        yield thick.flag(value=f"{seen.slice_mm:.1f}")


def is_blank(image: sitk.Image) -> bool:
    """Whether the header states nothing: voxels of 1 mm at the origin, along the axes, as where a file has none."""
    straight = np.allclose(np.reshape(image.GetDirection(), (3, 3)), np.eye(3))
    return straight and set(image.GetSpacing()) == {1.0} and set(image.GetOrigin()) == {0.0}


def _model(seen: Evidence) -> Iterator[Flag]:
    for kind, dice in seen.agreement.items():
        doubt = DOUBTS[f"agreement_{kind}"]
        if dice < doubt.limits["dice"]:
            yield doubt.flag(value=f"{dice:.2f}")


def _visibility(seen: Evidence) -> Iterator[Flag]:
    for one in seen.spine.instances:
        if one.partly_visible and one.structure.kind != "canal":
            yield DOUBTS["partly_visible"].flag(one.structure.name)
    for structure in _missing(seen):
        yield DOUBTS["level_missing"].flag(structure.name)


def _missing(seen: Evidence) -> list[Structure]:
    """Vertebrae between those that are seen, and discs between two vertebrae."""
    numbering = Numbering(seen.spine.lowest_disc)
    labels = {structure.label for structure in seen.structures}
    ranks = [rank(structure) for structure in seen.structures if structure.kind == "vertebra"]
    if not ranks:
        return []
    vertebrae = range(min(ranks), max(ranks) + 1)
    wanted = [rank or 25 for rank in vertebrae] + [200 + rank for rank in vertebrae[1:]]
    return [numbering.structure(value) for value in wanted if value not in labels]
