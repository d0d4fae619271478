"""Heights, endplates, wedge and height ratios of a vertebral body, from its six landmarks (six-point morphometry).

Landmarks are places (3,) in local coordinates (right, down, back; mm) by name ("L3.superior_anterior").
"""

import math
from collections.abc import Mapping, Sequence

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Measurement, Trace
from LumbarSegLib.core.measure.alignment import Points, Reasons, degrees_between, missing, named
from LumbarSegLib.core.measure.grid import Floats

_LENGTHS = {
    "anterior_height": ("superior_anterior", "inferior_anterior"),
    "middle_height": ("superior_middle", "inferior_middle"),
    "posterior_height": ("superior_posterior", "inferior_posterior"),
    "superior_endplate": ("superior_anterior", "superior_posterior"),
    "inferior_endplate": ("inferior_anterior", "inferior_posterior"),
}
_ROWS = ("superior", "inferior")
_ALONE = "No vertebra beside {} has landmarks to compare with."


def measure(
    vertebra: str, neighbours: Sequence[str], points: Points, reasons: Reasons, right: Floats
) -> list[Measurement]:
    """All measures of the body of a vertebra.

    `neighbours` name the vertebrae beside it; `right` is the normal of the spine's sagittal plane (3,) to the patient's
    right, in which the wedge is taken. `reasons` say in a sentence why a vertebra has no landmarks.
    """
    needed = [f"{vertebra}.{end}" for pair in list(_LENGTHS.values())[:3] for end in pair]
    if reason := missing(needed, points, reasons):
        every = [key for key in MEASURES if key.startswith("vertebra.")]
        return [Measurement(key, vertebra, None, reason=reason) for key in every]
    lengths = {key: _length(key, vertebra, points) for key in _LENGTHS}
    upper, lower = (points[f"{vertebra}.{row}_anterior"] - points[f"{vertebra}.{row}_posterior"] for row in _ROWS)
    plates = _joined([lengths[f"{row}_endplate"] for row in _ROWS])
    wedge = Measurement("vertebra.wedge_angle", vertebra, degrees_between(lower, upper, right), plates)
    backs = [_length("posterior_height", name, points) for name in neighbours if f"{name}.superior_posterior" in points]
    return [*lengths.values(), wedge, *_ratios(vertebra, lengths, backs)]


def _length(key: str, vertebra: str, points: Points) -> Measurement:
    places = named([f"{vertebra}.{end}" for end in _LENGTHS[key]], points)
    start, end = places.values()
    return Measurement(f"vertebra.{key}", vertebra, math.dist(start, end), Trace(places, ((start, end),)))


def _ratios(vertebra: str, lengths: Mapping[str, Measurement], backs: Sequence[Measurement]) -> list[Measurement]:
    """Wedge, biconcave and crush ratio, and the loss of height that the least of them shows.

    `backs` are the posterior heights of the vertebrae beside it.
    """
    back = lengths["posterior_height"]
    pairs = {"wedge": (lengths["anterior_height"], [back]), "biconcave": (lengths["middle_height"], [back])}
    if backs:
        pairs["crush"] = (back, list(backs))
    found = {key: _ratio(f"vertebra.{key}_ratio", height, others) for key, (height, others) in pairs.items()}
    least = min(found.values(), key=lambda one: one.value or 0.0)
    loss = 100 * (1 - (least.value or 0.0))
    crush = Measurement("vertebra.crush_ratio", vertebra, None, reason=_ALONE.format(vertebra))
    band = MEASURES["vertebra.height_loss"].band_of(loss)
    return [
        *({"crush": crush} | found).values(),
        Measurement("vertebra.height_loss", vertebra, loss, least.trace, band=band),
    ]


def _ratio(measure: str, height: Measurement, others: Sequence[Measurement]) -> Measurement:
    usual = sum(one.value or 0.0 for one in others) / len(others)
    return Measurement(measure, height.level, (height.value or 0.0) / usual, _joined([height, *others]))


def _joined(measurements: Sequence[Measurement]) -> Trace:
    points = {name: place for one in measurements for name, place in one.trace.points.items()}
    return Trace(points, tuple(line for one in measurements for line in one.trace.lines))
