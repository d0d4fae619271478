"""What makes the measures of an axial image doubtful, as flags in words. Texts, limits and sources stand in
`Resources/flags.json`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from LumbarSegLib.core.anatomy import Kind, kinds_of
from LumbarSegLib.core.definitions import DOUBTS, MEASURES
from LumbarSegLib.core.findings import Flag, Represented
from LumbarSegLib.core.measure.axial.places import Sagittal
from LumbarSegLib.core.measure.axial.shape import SliceShape
from LumbarSegLib.core.measure.axial.slices import AxialSlice

_CUT: Mapping[Kind, tuple[str, ...]] = {
    "ivd": ("ivd.*", "ts.disc_*"),
    "ts": ("ts.*", "aap.asymmetry"),
    "aap": ("aap.*",),
}
"""What cannot be measured where the side of the slice cuts a region."""


@dataclass(frozen=True, eq=False)
class SliceEvidence:
    """All that a flag about an axial image can be drawn from.

    `shapes` and `tilts` (degrees) by the number of the slice, where there are any. `agreement` is the Dice of a model's
    second answer by slice and kind ("slice 4.ts"), `resampled` tells that the label map lay on another grid.
    """

    slices: Sequence[AxialSlice]
    shapes: Mapping[int, SliceShape]
    represented: Sequence[Represented]
    tilts: Mapping[int, float]
    sagittal: Sagittal | None
    agreement: Mapping[str, float]
    resampled: bool
    spacing_known: bool


def flags_of(seen: SliceEvidence) -> list[Flag]:
    """All doubts, those about the whole first, then from the bottom upward."""
    sources = (_image, _levels, _model, _labels, _shapes, _jumps, _planes)
    return [flag for source in sources for flag in source(seen)]


def _image(seen: SliceEvidence) -> Iterator[Flag]:
    if not seen.spacing_known:
        yield DOUBTS["no_pixel_spacing"].flag()
    if seen.resampled:
        yield DOUBTS["other_grid"].flag()


def _levels(seen: SliceEvidence) -> Iterator[Flag]:
    by_user = [f"{one.level} on slice {one.slice}" for one in seen.represented if one.named_by == "user"]
    if by_user:
        yield DOUBTS["levels_by_user"].flag(value=", ".join(by_user))
    elif seen.sagittal is None:
        yield DOUBTS["levels_not_named"].flag()
    else:
        yield DOUBTS["numbering_assumed"].flag(value=seen.sagittal.spine.lowest_disc)
    if seen.sagittal is None:
        yield DOUBTS["disc_unknown"].flag()
        if seen.tilts:
            yield DOUBTS["tilt_by_sac"].flag()


def _model(seen: SliceEvidence) -> Iterator[Flag]:
    for key, dice in seen.agreement.items():
        level, _, kind = key.partition(".")
        doubt = DOUBTS[f"agreement_{kind}"]
        if dice < doubt.limits["dice"]:
            yield doubt.flag(level, f"{dice:.2f}")


def _labels(seen: SliceEvidence) -> Iterator[Flag]:
    """Slices that lack a disc or a sac."""
    yield from (missing(one) for one in seen.slices if one.number not in seen.shapes)


def missing(one: AxialSlice) -> Flag:
    """What a slice that has no shape lacks."""
    if not one.labels.any():
        return DOUBTS["nothing_in_slice"].flag(one.name)
    return DOUBTS["no_sac" if one.mask("ivd").any() else "no_disc"].flag(one.name)


def _shapes(seen: SliceEvidence) -> Iterator[Flag]:
    for one in seen.slices:
        if shape := seen.shapes.get(one.number):
            yield from _of_shape(one, shape, seen.spacing_known)


def _of_shape(one: AxialSlice, shape: SliceShape, spacing_known: bool) -> Iterator[Flag]:
    if not shape.behind:
        yield DOUBTS["sac_not_behind"].flag(one.name)
    for kind, share in shape.apart.items():
        doubt = DOUBTS["sac_in_pieces" if kind == "ts" else "disc_in_pieces"]
        if share > doubt.limits["share"]:
            yield doubt.flag(one.name, f"{100 * share:.0f}")
    if shape.outside > DOUBTS["sac_outside"].limits["share"]:
        yield DOUBTS["sac_outside"].flag(one.name, f"{100 * shape.outside:.0f}")
    limits = DOUBTS["sac_area_implausible"].limits
    if spacing_known and not limits["least_mm2"] <= shape.sac_area <= limits["most_mm2"]:
        yield DOUBTS["sac_area_implausible"].flag(one.name, MEASURES["ts.area"].words(shape.sac_area))
    words = kinds_of("axial")
    for kind in shape.cut:
        if kind in _CUT:
            yield replace(DOUBTS["region_cut"].flag(one.name, f"the {words[kind].words}"), blocks=_CUT[kind])


def _jumps(seen: SliceEvidence) -> Iterator[Flag]:
    """Slices beside which the sac's area changes as no sac does."""
    doubt = DOUBTS["sac_area_jump"]
    for lower, upper in zip(seen.slices, seen.slices[1:], strict=False):
        pair = [seen.shapes.get(one.number) for one in (lower, upper)]
        if lower.block != upper.block or not all(pair):
            continue
        low, high = sorted(shape.sac_area for shape in pair if shape)
        near = (
            abs(float(lower.height(upper.plane.mm_to_lps(pair[1].sac_middle)))) <= doubt.limits["within_mm"]
            if pair[1]
            else 0
        )
        if near and high > doubt.limits["most"] * low:
            yield from (doubt.flag(one.name, f"{high / low:.1f}") for one in (lower, upper))


def _planes(seen: SliceEvidence) -> Iterator[Flag]:
    """Slices that are tilted or pass beside the discs, where a sac was found in them."""
    levels = {one.slice: one.level for one in seen.represented if one.named_by == "user"}
    for one in (one for one in seen.slices if one.number in seen.shapes):
        if seen.sagittal is not None:
            disc = seen.sagittal.disc_through(one)
            if not disc:
                yield DOUBTS["beside_disc"].flag(one.name)
            elif levels.get(one.number, disc) != disc:
                yield DOUBTS["other_disc"].flag(one.name, disc)
        tilt = seen.tilts.get(one.number, 0.0)
        if tilt > DOUBTS["tilted_much"].limits["from_degrees"]:
            yield DOUBTS["tilted_much"].flag(one.name, f"{tilt:.0f}°")
        elif tilt > DOUBTS["tilted"].limits["from_degrees"]:
            yield DOUBTS["tilted"].flag(one.name, f"{tilt:.0f}°")
