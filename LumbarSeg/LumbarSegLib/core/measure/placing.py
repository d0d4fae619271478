"""From local coordinates to LPS: measurements and sections as they are handed on."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from LumbarSegLib.core.findings import Measurement, Point, Section, Trace
from LumbarSegLib.core.measure.grid import Grid


def placed(one: Measurement, grid: Grid) -> Measurement:
    """The measurement with its trace in LPS."""
    trace = one.trace
    flat = [*trace.points.values(), *(end for line in trace.lines for end in line)]
    flat += [place for contour in trace.contours for place in contour]
    if not flat:
        return one
    places = iter(_lps(flat, grid))
    points = {name: next(places) for name in trace.points}
    lines = tuple((next(places), next(places)) for _ in trace.lines)
    contours = tuple(tuple(next(places) for _ in contour) for contour in trace.contours)
    return replace(one, trace=Trace(points, lines, contours))


def placed_section(one: Section, grid: Grid) -> Section:
    """The section in LPS."""
    center, *rest = _lps([one.center, *(one.anteroposterior or ()), *(one.transverse or ()), *one.contour], grid)
    places = iter(rest)
    return replace(
        one,
        center=center,
        anteroposterior=(next(places), next(places)) if one.anteroposterior else None,
        transverse=(next(places), next(places)) if one.transverse else None,
        contour=tuple(places),
    )


def _lps(places: Sequence[Iterable[float]], grid: Grid) -> list[Point]:
    return [(x, y, z) for x, y, z in grid.to_lps(np.array(places)).tolist()]
