"""What cannot be so in a spine: levels out of order, bodies that jump in size, a canal beside them.

Limits are ours where nothing else is said in `Resources/flags.json`, wide around the norms.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from LumbarSegLib.core.anatomy import Numbering, Structure
from LumbarSegLib.core.definitions import DOUBTS, MEASURES
from LumbarSegLib.core.evidence import Evidence
from LumbarSegLib.core.findings import Flag
from LumbarSegLib.core.measure.bodies import BodyShape
from LumbarSegLib.core.measure.centreline import Centreline
from LumbarSegLib.core.measure.grid import Floats
from LumbarSegLib.core.measure.outline import area

_S1 = ("S1.superior_anterior", "S1.superior_posterior")


def implausible(seen: Evidence) -> Iterator[Flag]:
    """The doubts about a spine's shape, from the whole to the parts."""
    for source in (_sacrum, _places, _exchanged, _bodies, _neighbours, _parts, _canal, _pieces, _values):
        yield from source(seen)


def _sacrum(seen: Evidence) -> Iterator[Flag]:
    """The S1 endplate, which has no label of its own, unless its ends were set by hand."""
    if not all(name in seen.landmarks for name in _S1) or seen.moved.issuperset(_S1):
        return
    yield DOUBTS["s1_from_disc"].flag("S1")
    short, behind = DOUBTS["s1_short"], DOUBTS["s1_behind"]
    lowest = next((seen.bodies[name] for name in ("L6", "L5") if name in seen.bodies), None)
    if lowest is None:
        yield DOUBTS["s1_unchecked"].flag("S1")
    else:
        own = np.linalg.norm(seen.landmarks[_S1[0]] - seen.landmarks[_S1[1]])
        above = np.linalg.norm(lowest.landmarks["inferior_anterior"] - lowest.landmarks["inferior_posterior"])
        if not short.limits["least"] <= own / above <= short.limits["most"]:
            yield short.flag("S1", f"{own / above:.1f}")
        elif own / above < behind.limits["least"] and _S1[1] not in seen.moved:
            yield behind.flag("S1", f"{own / above:.2f}")


def _places(seen: Evidence) -> Iterator[Flag]:
    """Levels out of order or too near to or too far from one another."""
    wrong = dict.fromkeys(name for kind in ("vertebra", "disc") for name in _out_of_order(seen, kind))
    for name in wrong:
        yield DOUBTS["order_implausible"].flag(name)
    doubt = DOUBTS["spacing_implausible"]
    gaps = _gaps(seen)
    usual = float(np.median(list(gaps.values()))) if len(gaps) > 1 else 0.0
    for disc, gap in gaps.items():
        if usual and not doubt.limits["least_of_median"] <= gap / usual <= doubt.limits["most_of_median"]:
            wrong[disc] = None
            yield doubt.flag(disc, f"{gap / usual:.1f}")
    heights = {name: _height(body) for name, body in seen.bodies.items()}
    doubt = DOUBTS["levels_merged"]
    for name, height in heights.items():
        others = [heights[other] for other in heights if other != name]
        if len(others) > 1 and height > doubt.limits["most_of_neighbours"] * np.median(others):
            wrong[name] = None
            yield doubt.flag(name, f"{height / np.median(others):.1f}")
    if wrong:
        yield DOUBTS["count_uncertain"].flag(value=", ".join(wrong))


def _exchanged(seen: Evidence) -> Iterator[Flag]:
    """Bodies that are flat for how far they lie apart, as discs are."""
    gaps, doubt = _gaps(seen), DOUBTS["kinds_exchanged"]
    if gaps:
        share = float(np.median([_height(body) for body in seen.bodies.values()]) / np.median(list(gaps.values())))
        if share < doubt.limits["least_of_step"]:
            yield doubt.flag(value=f"{share:.1f}")


def _out_of_order(seen: Evidence, kind: str) -> list[str]:
    names = [structure.name for structure in seen.structures if structure.kind == kind]
    heights = [_along(seen.centers[name], seen.centreline) for name in names]
    pairs = zip(pairwise(names), pairwise(heights), strict=True)
    return [name for pair, (low, high) in pairs if low >= high for name in pair]


def _along(place: Floats, centreline: Centreline | None) -> float:
    """How high a place lies along the spine, in mm; beyond its ends the centreline goes on straight."""
    if centreline is None:
        return -float(place[1])
    index = int(centreline.nearest(place)[0])
    return float(centreline.along[index] + _above(place, centreline, index))


def _above(place: Floats, centreline: Centreline, index: int) -> float:
    """How far above a place of the centreline another place lies, along it."""
    return float((place - centreline.places[index]) @ centreline.tangents[index])


def _gaps(seen: Evidence) -> dict[str, float]:
    """How far neighbouring bodies lie apart, in mm for each level between them, by the disc below the upper one."""
    numbering = Numbering(seen.spine.lowest_disc)
    gaps = {}
    for lower, upper in pairwise(one for one in seen.structures if one.name in seen.bodies):
        apart = np.linalg.norm(seen.bodies[upper.name].center - seen.bodies[lower.name].center)
        disc = numbering.structure(200 + upper.label)
        gaps[disc.name] = float(apart) / max(1, rank(upper) - rank(lower))
    return gaps


def _height(body: BodyShape) -> float:
    ends = ("anterior", "posterior")
    return float(
        np.mean([np.linalg.norm(body.landmarks[f"superior_{e}"] - body.landmarks[f"inferior_{e}"]) for e in ends])
    )


def _bodies(seen: Evidence) -> Iterator[Flag]:
    doubt = DOUBTS["corners_disagree"]
    touched = {name.split(".")[0] for name in seen.moved}
    for name, body in seen.bodies.items():
        apart, turned = body.apart_mm > doubt.limits["corner_mm"], body.turned_degrees > doubt.limits["endplate_deg"]
        if (apart or turned) and name not in touched:
            words = f"{body.apart_mm:.1f} mm" if apart else f"{body.turned_degrees:.0f}°"
            yield doubt.flag(name, words)


def _neighbours(seen: Evidence) -> Iterator[Flag]:
    """Mid-sagittal areas that jump from one level to the next."""
    bodies = {name: abs(area(body.plane.flat(body.contour))) for name, body in seen.bodies.items()}
    discs = {one.level: one.value for one in seen.measurements if one.measure == "disc.area" and one.value}
    for key, areas in (("body_area_jump", bodies), ("disc_area_jump", discs)):
        limits = DOUBTS[key].limits
        names = [structure.name for structure in seen.structures if structure.name in areas]
        for k, name in enumerate(names):
            near = [areas[other] for other in names[max(0, k - 1) : k + 2] if other != name]
            ratio = areas[name] / float(np.mean(near)) if near else 1.0
            if not limits["least_of_neighbours"] <= ratio <= limits["most_of_neighbours"]:
                yield DOUBTS[key].flag(name, f"{ratio:.1f}")


def _parts(seen: Evidence) -> Iterator[Flag]:
    """Vertebrae of which a good part seems to lack: not tall enough at an end, or of too small a volume."""
    low, small = DOUBTS["end_incomplete"], DOUBTS["incomplete"]
    whole = [one for one in seen.spine.instances if one.structure.kind == "vertebra" and not one.partly_visible]
    volumes = {one.structure.name: one.volume_mm3 for one in whole}
    cut_short = dict(_open_ends(seen))
    for name, volume in volumes.items():
        nearest = sorted((abs(_place(seen, other) - _place(seen, name)), other) for other in volumes if other != name)
        share = volume / max((volumes[other] for _, other in nearest[:2]), default=volume)
        limit = small.limits["least_of_neighbours" if name in seen.bodies else "least_without_landmarks"]
        if name in cut_short and cut_short[name] < low.limits["least_of_neighbour"]:
            yield low.flag(name, f"{cut_short[name]:.1f}")
        elif share < limit:
            yield small.flag(name, f"{share:.1f}")


def _place(seen: Evidence, name: str) -> int:
    return next(k for k, one in enumerate(seen.structures) if one.name == name)


def _open_ends(seen: Evidence) -> Iterator[tuple[str, float]]:
    """The lowest and the uppermost vertebra where no disc lies beyond it, with its height as a share of the next."""
    for inward in (seen.structures, seen.structures[::-1]):
        names = [one.name for one in inward if one.kind == "vertebra"][:2]
        if len(names) == 2 and inward[0].name == names[0] and all(name in seen.bodies for name in names):
            own, following = (_height(seen.bodies[name]) for name in names)
            yield names[0], own / following


def _canal(seen: Evidence) -> Iterator[Flag]:
    if seen.centreline is None or not seen.centreline.of_canal:
        if seen.spine.instances:
            yield DOUBTS["canal_missing"].flag()
        return
    doubt = DOUBTS["canal_beside"]
    wrong = list(_not_in_front(seen, seen.centreline))
    if len(wrong) > doubt.limits["share"] * len(seen.structures):
        yield replace(doubt.flag("most levels"), level="")
    yield from map(doubt.flag, wrong)
    yield from _jumps(seen)


def _jumps(seen: Evidence) -> Iterator[Flag]:
    """Levels at which the canal's area changes as no canal does, and those between a sudden fall and the next rise."""
    doubt = DOUBTS["canal_area_jump"]
    whole = [one for one in seen.sections if one.area_mm2]
    ratios = [
        (high.area_mm2 or 0.0) / (low.area_mm2 or 1.0)
        if high.along_mm - low.along_mm <= doubt.limits["within_mm"]
        else 1.0
        for low, high in pairwise(whole)
    ]
    jumps = [k for k, ratio in enumerate(ratios) if max(ratio, 1 / ratio) > doubt.limits["most"]]
    found: dict[str, float] = {}
    for k, following in zip(jumps, [*jumps[1:], -1], strict=False):
        narrow = ratios[k] < 1 < ratios[following] if following > 0 else False
        for one in whole[k : following + 1 if narrow else k + 2]:
            found[one.level] = max(found.get(one.level, 0.0), ratios[k], 1 / ratios[k])
    yield from (doubt.flag(level, f"{jump:.1f}") for level, jump in found.items() if level)


def _not_in_front(seen: Evidence, centreline: Centreline) -> Iterator[str]:
    """Bodies and discs that do not have the canal behind them, in the stack's own directions."""
    middles = {name: body.center for name, body in seen.bodies.items()}
    middles |= {one.name: seen.centers[one.name] for one in seen.structures if one.kind == "disc"}
    for name, middle in middles.items():
        index = int(centreline.nearest(middle)[0])
        beside = centreline.places[index] + _above(middle, centreline, index) * centreline.tangents[index]
        across, _, behind = beside - middle
        if behind <= abs(across):
            yield name


def _pieces(seen: Evidence) -> Iterator[Flag]:
    shares = {**seen.apart, **{name: body.island_share for name, body in seen.bodies.items()}}
    for one in (instance.structure for instance in seen.spine.instances):
        share = shares.get(one.name, 0.0)
        keys = ("canal_islands",) if one.kind == "canal" else ("fragmented", "islands")
        found = next((key for key in keys if share > DOUBTS[key].limits["share"]), None)
        if found:
            yield DOUBTS[found].flag("" if one.kind == "canal" else one.name, f"{100 * share:.0f}")


def _values(seen: Evidence) -> Iterator[Flag]:
    """Numbers that no spine has; each is blocked with those that say the same in another unit."""
    for one in seen.measurements:
        measure = MEASURES[one.measure]
        low, high = measure.plausible
        if one.value is not None and not low <= one.value <= high:
            words = f"{measure.name} of {measure.words(one.value)}"
            kin = (f"{one.measure.split('_')[0]}*",)  # "alignment.slip*": the same length in mm and in per cent
            yield replace(DOUBTS["implausible_value"].flag(one.level, words), blocks=kin)


def rank(structure: Structure) -> int:
    """The count of a vertebra or of the disc below it from L6, which is 0, upward."""
    return structure.label % 100 % 25
