"""The numbers of one slice from its shape and its landmarks, and those of a level from the slice that represents it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from LumbarSegLib.core.anatomy import Kind
from LumbarSegLib.core.definitions import DOUBTS
from LumbarSegLib.core.findings import Measurement, Point, Trace
from LumbarSegLib.core.measure.axial.shape import SliceShape
from LumbarSegLib.core.measure.axial.slices import AxialSlice
from LumbarSegLib.core.measure.grid import as_point
from LumbarSegLib.core.measure.outline import Floats

ENDS = ("ts_anterior", "ts_posterior", "ts_right", "ts_left")
"""The landmarks of a slice: the ends of the sac's AP and transverse diameter."""

_CORRECTED_FROM, _CORRECTED_TO = (DOUBTS[key].limits["from_degrees"] for key in ("tilted", "tilted_much"))
"""Degrees of tilt between which an area is given corrected as well."""

_RESTS_ON: Mapping[str, tuple[Kind, ...]] = {
    "ts.area": ("ts",),
    "ts.corrected_area": ("ts",),
    "ts.ap_diameter": ("ts", "ivd", "pe"),
    "ts.transverse_diameter": ("ts", "ivd", "pe"),
    "ts.disc_area_ratio": ("ts", "ivd"),
    "ts.disc_ap_ratio": ("ts", "ivd", "pe"),
    "ivd.area": ("ivd",),
    "ivd.ap_diameter": ("ivd", "pe"),
    "aap.area": ("aap",),
    "aap.asymmetry": ("aap", "ts", "ivd", "pe"),
    "slice.tilt": (),
}
IN_A_SLICE = tuple(key for key in _RESTS_ON if key not in ("ts.corrected_area", "slice.tilt"))
"""What is read from the labels of one slice alone."""

_NO_AAP = "No AAP is labelled in {}."
_NO_NEIGHBOUR = "No other level has an area of the sac to compare with."


def landmarks(one: AxialSlice, shape: SliceShape) -> dict[str, Point]:
    """The landmarks of a slice by name ("slice 4.ts_anterior"), LPS mm."""
    (front, back), (right, left) = shape.sac_ends
    places = one.plane.mm_to_lps(np.array([front, back, right, left]))
    return {f"{one.name}.{end}": as_point(place) for end, place in zip(ENDS, places, strict=True)}


def in_slice(one: AxialSlice, shape: SliceShape, points: Mapping[str, Point]) -> list[Measurement]:
    """What is measured in a slice; `points` are its landmarks, automatic or not."""
    ap, across = ((f"{one.name}.{ends[0]}", f"{one.name}.{ends[1]}") for ends in (ENDS[:2], ENDS[2:]))
    ap_line, across_line = ((points[a], points[b]) for a, b in (ap, across))
    disc_line = _line(one, shape.disc_ends)
    length, width, depth = (_length(line) for line in (ap_line, across_line, disc_line))
    sac, disc, aap = (_contour(one, found) for found in ([shape.sac], [shape.disc], shape.aap))
    between = {name: points[name] for name in ap}
    found = {
        "ts.area": (shape.sac_area, Trace(contours=sac)),
        "ts.ap_diameter": (length, Trace(between, (ap_line,))),
        "ts.transverse_diameter": (width, Trace({name: points[name] for name in across}, (across_line,))),
        "ts.disc_area_ratio": (shape.sac_area / shape.disc_area, Trace(contours=(*sac, *disc))),
        "ts.disc_ap_ratio": (length / depth, Trace(between, (ap_line, disc_line))),
        "ivd.area": (shape.disc_area, Trace(contours=disc)),
        "ivd.ap_diameter": (depth, Trace(lines=(disc_line,))),
        "aap.area": (shape.aap_area, Trace(contours=aap)),
        "aap.asymmetry": (_asymmetry(shape), Trace(contours=aap, lines=(_mid_line(one, shape),))),
    }
    if not shape.aap:
        return [
            Measurement(key, one.name, None, reason=_NO_AAP.format(one.name))
            if key.startswith("aap.")
            else Measurement(key, one.name, *rest)
            for key, rest in found.items()
        ]
    return [Measurement(key, one.name, value, trace) for key, (value, trace) in found.items()]


def corrected(area: Measurement, tilt: float | None) -> list[Measurement]:
    """The sac's area in the plane across the canal, where the slice is tilted so much that it differs."""
    if area.value is None or tilt is None or not _CORRECTED_FROM < tilt <= _CORRECTED_TO:
        return []
    return [replace(area, measure="ts.corrected_area", value=area.value * float(np.cos(np.deg2rad(tilt))))]


def with_status(found: Sequence[Measurement], edited: frozenset[Kind], moved: frozenset[str]) -> list[Measurement]:
    """The measurements, marked as edited where a region or a landmark that they rest on was changed by hand."""
    return [
        replace(one, status="edited")
        if edited.intersection(_RESTS_ON[one.measure]) or moved & one.trace.points.keys()
        else one
        for one in found
    ]


def against_neighbours(areas: Sequence[Measurement]) -> list[Measurement]:
    """The sac's area at each level, from below upward, divided by the mean of the nearest ones above and below."""
    found = []
    for k, own in enumerate(areas):
        below = next((one for one in reversed(areas[:k]) if one.value is not None), None)
        above = next((one for one in areas[k + 1 :] if one.value is not None), None)
        near = [one for one in (below, above) if one is not None]
        if own.value is None or not near:
            reason = own.reason or _NO_NEIGHBOUR
            found.append(Measurement("ts.area_ratio", own.level, None, status=own.status, reason=reason))
            continue
        value = own.value / float(np.mean([one.value for one in near]))
        contours = tuple(contour for one in (own, *near) for contour in one.trace.contours)
        found.append(Measurement("ts.area_ratio", own.level, value, Trace(contours=contours), own.status))
    return found


def _asymmetry(shape: SliceShape) -> float:
    left, right = shape.aap_halves
    return 100 * (left - right) / max(left + right, 1e-9)


def _mid_line(one: AxialSlice, shape: SliceShape) -> tuple[Point, Point]:
    """The line that parts left from right, as long as what it parts is deep."""
    around = np.concatenate(shape.aap or [shape.sac])
    ahead = (around - shape.sac_middle) @ shape.frame.back
    ends = (shape.sac_middle + end * shape.frame.back for end in (ahead.min(), ahead.max()))
    front, back = ends
    return _line(one, (front, back))


def _line(one: AxialSlice, ends: tuple[Floats, Floats]) -> tuple[Point, Point]:
    front, back = one.plane.mm_to_lps(np.array(ends))
    return as_point(front), as_point(back)


def _contour(one: AxialSlice, polygons: Sequence[Floats]) -> tuple[tuple[Point, ...], ...]:
    return tuple(tuple(as_point(place) for place in one.plane.mm_to_lps(polygon)) for polygon in polygons)


def _length(line: tuple[Point, Point]) -> float:
    return float(np.linalg.norm(np.subtract(*line)))
