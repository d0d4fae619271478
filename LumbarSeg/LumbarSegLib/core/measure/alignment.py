"""How the vertebrae stand to one another: lordosis, segmental angles, slip and apex.

Pure arithmetic on landmarks, which are places (3,) in local coordinates (right, down, back; mm) by name
("L3.superior_anterior"). Angles and lengths are taken in the spine's sagittal plane, given as its normal: a unit
vector (3,) to the patient's right.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from LumbarSegLib.core.anatomy import beside
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Measurement, Point, Trace
from LumbarSegLib.core.measure.grid import Floats, as_point

SPANS = {"L1-S1": ("L1.superior", "S1.superior"), "L4-S1": ("L4.superior", "S1.superior")} | {
    "L1-L5": ("L1.superior", "L5.inferior")
}
"""The endplates that each lordosis lies between."""

_SHORTEST = 1.0  # mm; an endplate whose ends lie nearer than this has no direction
_CORNERS = ("superior_anterior", "superior_posterior", "inferior_posterior", "inferior_anterior")

Points = Mapping[str, Floats]
Reasons = Mapping[str, str]


def lordosis(span: str, points: Points, reasons: Reasons, right: Floats) -> Measurement:
    """The lordosis of a span of `SPANS` in degrees. `reasons` say in a sentence why a vertebra has no landmarks."""
    return _angle("alignment.lordosis", span, SPANS[span], points, reasons, right)


def segment(disc: str, points: Points, reasons: Reasons, right: Floats) -> list[Measurement]:
    """Segmental angle, slip in mm and slip in per cent of the vertebra above a disc against that below it."""
    upper, lower = beside(disc)
    ends = (f"{upper}.inferior", f"{lower}.superior")
    angle = _angle("alignment.segmental_angle", disc, ends, points, reasons, right)
    return [angle, *_slip(disc, points, reasons, right)]


def _angle(
    measure: str, level: str, endplates: tuple[str, str], points: Points, reasons: Reasons, right: Floats
) -> Measurement:
    """From the lower endplate to the upper one, positive where they part to the front, as in lordosis."""
    names = [f"{endplate}_{end}" for endplate in endplates for end in ("anterior", "posterior")]
    if reason := missing(names, points, reasons):
        return Measurement(measure, level, None, reason=reason)
    upper, lower = (points[f"{one}_anterior"] - points[f"{one}_posterior"] for one in endplates)
    degrees = degrees_between(lower, upper, right)
    places = named(names, points)
    front_upper, back_upper, front_lower, back_lower = places.values()
    return Measurement(measure, level, degrees, Trace(places, ((front_upper, back_upper), (front_lower, back_lower))))


def degrees_between(lower: Floats, upper: Floats, right: Floats) -> float:
    """The angle between two directions to the front as seen from the side, positive where `upper` points higher."""
    low, high = _in_plane(lower, right), _in_plane(upper, right)
    return float(np.degrees(np.arctan2(-np.cross(low, high) @ right, low @ high)))


def _slip(disc: str, points: Points, reasons: Reasons, right: Floats) -> list[Measurement]:
    upper, lower = beside(disc)
    names = [f"{upper}.inferior_posterior", f"{lower}.superior_posterior", f"{lower}.superior_anterior"]
    keys = ("alignment.slip", "alignment.slip_percent")
    if reason := missing(names, points, reasons):
        return [Measurement(key, disc, None, reason=reason) for key in keys]
    corner, back, front = (points[name] for name in names)
    endplate = _in_plane(front - back, right)
    length = float(np.linalg.norm(endplate))
    slip = float(_in_plane(corner - back, right) @ endplate) / length
    foot = back + slip * endplate / length
    lines = tuple((as_point(a), as_point(b)) for a, b in ((back, front), (back, foot), (corner, foot)))
    trace = Trace(named(names, points), lines)
    percent = 100 * slip / length
    band = MEASURES[keys[1]].band_of(percent) if slip >= MEASURES[keys[0]].noise else ""
    return [Measurement(keys[0], disc, slip, trace), Measurement(keys[1], disc, percent, trace, band=band)]


def apex(bodies: Sequence[str], points: Points, reasons: Reasons, right: Floats) -> Measurement:
    """The body among `bodies` (all from L1 to the one above S1) that lies farthest in front of the line from L1 to S1.

    The value is its distance in mm, the band its name.
    """
    measure, level = "alignment.apex", "L1-S1"
    names = [f"{body}.{corner}" for body in bodies for corner in _CORNERS]
    names += ["S1.superior_anterior", "S1.superior_posterior"]
    if reason := missing(names, points, reasons):
        return Measurement(measure, level, None, reason=reason)
    top, bottom = (
        _middle(points, [f"{one}.superior_{end}" for end in ("anterior", "posterior")]) for one in ("L1", "S1")
    )
    chord = _in_plane(bottom - top, right)
    front = np.cross(chord / max(float(np.linalg.norm(chord)), _SHORTEST), right)
    centers = {body: _middle(points, [f"{body}.{corner}" for corner in _CORNERS]) for body in bodies}
    found = max(bodies, key=lambda body: float((centers[body] - top) @ front))
    distance = float((centers[found] - top) @ front)
    used = [name for name in names if name.split(".")[0] in ("L1", "S1", found)]
    lines = ((as_point(top), as_point(bottom)), (as_point(centers[found]), as_point(centers[found] - distance * front)))
    return Measurement(measure, level, distance, Trace(named(used, points), lines), band=found)


def missing(names: Sequence[str], points: Points, reasons: Reasons) -> str:
    """Why these landmarks cannot be measured from, in a sentence; "" where they can."""
    for name in names:
        vertebra = name.split(".")[0]
        if name not in points:
            return reasons.get(vertebra, f"{vertebra} is not seen.")
        other = name.replace("_anterior", "_posterior")
        if other in points and other != name and np.linalg.norm(points[name] - points[other]) < _SHORTEST:
            return f"Two corners of {vertebra} lie in one place."
    return ""


def named(names: Sequence[str], points: Points) -> dict[str, Point]:
    """Some landmarks as a trace holds them."""
    return {name: as_point(points[name]) for name in names}


def _in_plane(vector: Floats, right: Floats) -> Floats:
    return np.asarray(vector - (vector @ right) * right)


def _middle(points: Points, names: Sequence[str]) -> Floats:
    return np.asarray(np.mean([points[name] for name in names], axis=0))
