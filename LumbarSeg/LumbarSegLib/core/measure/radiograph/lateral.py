"""The numbers of a radiograph from the side: lordosis, segmental and wedge angles, slip, as on a sagittal volume.

Landmarks are places (2,) in the picture (to the back, down) by name ("L3.superior_anterior"), in mm, or in pixels where
these have no size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from LumbarSegLib.core.anatomy import beside
from LumbarSegLib.core.findings import Measurement, Point, Trace
from LumbarSegLib.core.measure import alignment
from LumbarSegLib.core.measure.outline import Floats
from LumbarSegLib.core.measure.radiograph.frame import ENDS

SPAN = "L1-L5"
"""That of the lordosis: the sacrum is not found on radiographs, so none can be read to S1."""

_RIGHT = np.array([1.0, 0.0, 0.0])
_WEDGE = "vertebra.wedge_angle"

Places = Mapping[str, Floats]
Reasons = Mapping[str, str]


def wedge(vertebra: str, places: Places, reasons: Reasons) -> Measurement:
    """The wedge angle of a vertebra in degrees. `reasons` say in a sentence why a vertebra has no corners."""
    points = _in_space(places)
    names = [f"{vertebra}.{end}" for end in ENDS["lateral"]]
    if reason := alignment.missing(names, points, reasons):
        return Measurement(_WEDGE, vertebra, None, reason=reason)
    front_up, back_up, back_down, front_down = (points[name] for name in names)
    degrees = alignment.degrees_between(front_down - back_down, front_up - back_up, _RIGHT)
    one, two, three, four = alignment.named(names, points).values()
    trace = Trace(alignment.named(names, points), ((one, two), (four, three)))
    return _flat(Measurement(_WEDGE, vertebra, degrees, trace))


def segments(discs: Sequence[str], vertebrae: Sequence[str], places: Places, reasons: Reasons) -> list[Measurement]:
    """Segmental angle and slip at each disc between two vertebrae that are seen."""
    points = _in_space(places)
    between = [disc for disc in discs if set(beside(disc)) <= set(vertebrae)]
    return [_flat(one) for disc in between for one in alignment.segment(disc, points, reasons, _RIGHT)]


def lordosis(places: Places, reasons: Reasons) -> Measurement:
    """The lordosis from L1 to L5 in degrees."""
    return _flat(alignment.lordosis(SPAN, _in_space(places), reasons, _RIGHT))


def _in_space(places: Places) -> dict[str, Floats]:
    """Places (right, down, back), as the measures of a sagittal volume take them."""
    return {name: np.array([0.0, place[1], place[0]]) for name, place in places.items()}


def _flat(one: Measurement) -> Measurement:
    """The trace as places in the picture again."""

    def turned(point: Point) -> Point:
        return point[2], point[1], 0.0

    lines = tuple((turned(start), turned(end)) for start, end in one.trace.lines)
    return replace(one, trace=Trace({name: turned(point) for name, point in one.trace.points.items()}, lines))
