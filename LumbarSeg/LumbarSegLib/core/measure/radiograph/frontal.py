"""The numbers of a radiograph from the front: tilts, Cobb angles, shift.

Pure arithmetic on landmarks, which are places (2,) in the picture (to the patient's left, down) by name
("L3.superior_left"), in mm, or in pixels where these have no size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from LumbarSegLib.core.anatomy import Structure
from LumbarSegLib.core.findings import Measurement, Point, Trace
from LumbarSegLib.core.measure.outline import Floats
from LumbarSegLib.core.measure.radiograph.curves import LEAST, Curve, curves, tilts, together
from LumbarSegLib.core.measure.radiograph.frame import ENDS

TILTS = ("coronal.tilt", "coronal.superior_tilt", "coronal.inferior_tilt")
LARGEST, SHIFT = "coronal.largest_cobb", "coronal.shift"
REGIONS: Mapping[str, tuple[str, str]] = {
    "coronal.cobb_proximal_thoracic": ("T1", "T5/6"),
    "coronal.cobb_main_thoracic": ("T6", "T11/12"),
    "coronal.cobb_thoracolumbar": ("T12", "L5"),
}
"""From where to where the apex of each of the three curves lies."""

FEWEST = 4
"""Vertebrae with corners that curves are read from."""

_NO_CURVE = f"No curve of {LEAST:.0f}° or more has its apex from {{}} to {{}}."
_TOO_FEW = f"Fewer than {FEWEST} vertebrae have corners, too few to tell a curve."
_ALONE = "One vertebra alone has no shift."

Places = Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class Seen:
    """The vertebrae that have corners, from the top downward: structures, places of corners (n, 4, 2), and the names of
    the discs below all but the last.
    """

    vertebrae: tuple[Structure, ...]
    corners: Floats
    discs: tuple[str, ...]

    @property
    def span(self) -> str:
        """ "T1-L5" """
        return f"{self.vertebrae[0].name}-{self.vertebrae[-1].name}"


def seen(vertebrae: Sequence[Structure], discs: Mapping[int, str], places: Places) -> Seen:
    """What of the `vertebrae` (from the top downward) has its four corners; `discs` are names by value of the vertebra
    above.
    """
    whole = [one for one in vertebrae if all(f"{one.name}.{end}" in places for end in ENDS["frontal"])]
    corners = together([np.array([places[f"{one.name}.{end}"] for end in ENDS["frontal"]]) for one in whole])
    return Seen(tuple(whole), corners, tuple(discs[one.label] for one in whole[:-1]))


def tilt(place: int, column: Seen) -> list[Measurement]:
    """The tilt of a vertebra and that of each of its endplates, in degrees."""
    name = column.vertebrae[place].name
    superior, inferior = (float(row[place]) for row in tilts(column.corners))
    found = []
    for key, value, ends in zip(
        TILTS, ((superior + inferior) / 2, superior, inferior), ((0, 2), (0,), (2,)), strict=True
    ):
        found.append(Measurement(key, name, value, _endplates(column, [(place, first) for first in ends])))
    return found


def cobb_angles(column: Seen, span: str) -> list[Measurement]:
    """The angles of the three curves, each with its end vertebrae as level and its apex in words, and the largest.

    One that is not there stands at `span`, with the reason.
    """
    keys = (*REGIONS, LARGEST)
    if len(column.vertebrae) < FEWEST:
        return [Measurement(key, span, None, reason=_TOO_FEW) for key in keys]
    found = curves(column.corners)
    own = _by_region(found, column)
    rows = [
        _cobb(key, own[key], column)
        if key in own
        else Measurement(key, span, None, reason=_NO_CURVE.format(*REGIONS[key]))
        for key in REGIONS
    ]
    return [*rows, _cobb(LARGEST, max(found, key=lambda one: one.degrees), column)]


def further_curves(column: Seen) -> list[tuple[str, float, str]]:
    """Span, degrees and apex of each curve beside a larger one of the same region."""
    if len(column.vertebrae) < FEWEST:
        return []
    found = curves(column.corners)
    own = _by_region(found, column).values()
    rest = [one for one in found if one.degrees >= LEAST and one not in own]
    return [(_span(one, column), one.degrees, apex_name(one, column)) for one in rest]


def _by_region(found: Sequence[Curve], column: Seen) -> dict[str, Curve]:
    """The largest curve of each region that has one."""
    own: dict[str, Curve] = {}
    for one in found:
        key = region_of(apex_name(one, column))
        if one.degrees >= LEAST and (key not in own or own[key].degrees < one.degrees):
            own[key] = one
    return own


def region_of(apex: str) -> str:
    """Which of the curves has this apex, a vertebra or a disc; a disc goes with the vertebra above it."""
    upper = apex.split("/", maxsplit=1)[0]
    number = int(upper[1:]) if upper.startswith("T") else 12
    proximal, main, lower = REGIONS
    return proximal if number <= 5 else main if number <= 11 else lower


def apex_name(curve: Curve, column: Seen) -> str:
    """The vertebra or disc at the apex of a curve."""
    place = int(curve.apex)
    return column.vertebrae[place].name if curve.apex == place else column.discs[place]


def shift(column: Seen, span: str) -> Measurement:
    """How far the middle of the uppermost vertebra lies to the patient's left of that of the lowest one."""
    if len(column.vertebrae) < 2:
        return Measurement(SHIFT, span, None, reason=_ALONE)
    upper, lower = column.corners[0].mean(axis=0), column.corners[-1].mean(axis=0)
    ends = [(place, first) for place in (0, len(column.vertebrae) - 1) for first in (0, 2)]
    plumb = np.array([lower[0], upper[1]])
    lines = ((_flat(lower), _flat(plumb)), (_flat(plumb), _flat(upper)))
    trace = Trace(_endplates(column, ends).points, lines)
    return Measurement(SHIFT, column.span, float(upper[0] - lower[0]), trace)


def _cobb(key: str, curve: Curve, column: Seen) -> Measurement:
    side = "left" if curve.right else "right"
    band = f"apex {apex_name(curve, column)}, convex to the {side}"
    trace = _endplates(column, [(curve.upper, 0), (curve.lower, 2)])
    return Measurement(key, _span(curve, column), curve.degrees, trace, band=band)


def _span(curve: Curve, column: Seen) -> str:
    return f"{column.vertebrae[curve.upper].name}-{column.vertebrae[curve.lower].name}"


def _endplates(column: Seen, wanted: Sequence[tuple[int, int]]) -> Trace:
    """Endplates as a trace: each by the place of its vertebra and the first of its two corners, 0 or 2. Its lines run
    to the patient's left.
    """
    points: dict[str, Point] = {}
    lines = []
    for place, first in wanted:
        names = [f"{column.vertebrae[place].name}.{end}" for end in ENDS["frontal"][first : first + 2]]
        ends = [_flat(corner) for corner in column.corners[place][first : first + 2]]
        points |= dict(zip(names, ends, strict=True))
        lines.append((ends[0], ends[1]) if first == 0 else (ends[1], ends[0]))
    return Trace(points, tuple(lines))


def _flat(place: Floats) -> Point:
    """A place in the picture where a trace has three coordinates; they are turned to LPS at the end."""
    return float(place[0]), float(place[1]), 0.0
