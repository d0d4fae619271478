"""The canal by level: area, diameters, narrowest place, and what is left of it against the levels beside.

A level reaches along the posterior wall of its body or disc, and its section lies beside the middle of that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from LumbarSegLib.core.anatomy import beside
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Measurement, Point, Section, Trace
from LumbarSegLib.core.measure.discs import DiscShape
from LumbarSegLib.core.measure.grid import Floats, as_point
from LumbarSegLib.core.measure.section import Canal

_STEP = 2  # places of the centreline from section to section, which are 2 mm
_NO_CANAL = "No spinal canal is labelled."
_NO_PLACE = "The posterior wall of {} was not found, so its place along the canal is not known."
_NO_ENDS = "The canal has no front and back border here."
_BEYOND = "The label of the canal does not reach {}."
_REACH = 3.0  # mm beyond the ends of the centreline at which a level is still beside it

Spans = Mapping[str, Floats]
Points = Mapping[str, Floats]


def wall_of_vertebra(vertebra: str, points: Points) -> Floats | None:
    """Where a vertebra lies along the canal: the lower and the upper end (2, 3) of the posterior wall of its body."""
    return _pair(points, f"{vertebra}.inferior_posterior", f"{vertebra}.superior_posterior")


def wall_of_disc(disc: str, points: Points, shape: DiscShape | None = None) -> Floats | None:
    """The same for a disc: from the posterior corner below it to the one above it.

    Where a body beside it has no corners, its own posterior border is taken.
    """
    upper, lower = beside(disc)
    between = _pair(points, f"{lower}.superior_posterior", f"{upper}.inferior_posterior")
    return shape.wall if between is None and shape is not None else between


def _pair(points: Points, low: str, high: str) -> Floats | None:
    return np.stack([points[low], points[high]]) if low in points and high in points else None


@dataclass(frozen=True, eq=False)
class CanalShape:
    """The canal by level. What was cut once is kept by `canal`, also for other spans.

    `spans` give by level the lower and the upper end (2, 3) of its posterior wall, in local coordinates.
    """

    canal: Canal
    spans: Spans

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """Every 2 mm from the bottom upward, each with the level that it lies at, "" beyond all; local coordinates."""
        indices = range(0, len(self.canal.centreline.places), _STEP)
        cut = zip(indices, self.canal.sections(indices), strict=True)
        return tuple(replace(section, level=self._level_at(index)) for index, section in cut)

    @cached_property
    def landmarks(self) -> dict[str, Floats]:
        """The ends of the mid-sagittal AP diameter of each level, as `L3.canal_anterior` and `L3.canal_posterior`."""
        found = {}
        for level, ends in zip(self._reached, self.canal.diameters(self._reached.values()), strict=True):
            if ends is not None:
                found[f"{level}.canal_anterior"], found[f"{level}.canal_posterior"] = ends
        return found

    @cached_property
    def at(self) -> dict[str, Section]:
        """The section beside the middle of each level that the canal reaches."""
        cut = zip(self._reached, self.canal.sections(self._reached.values()), strict=True)
        return {level: replace(section, level=level) for level, section in cut}

    def index_of(self, level: str) -> int | None:
        """The place of the centreline beside the middle of a level; None where the canal does not reach it."""
        return self._indices[level]

    @cached_property
    def _indices(self) -> dict[str, int | None]:
        line = self.canal.centreline
        middles = {level: wall.mean(axis=0) for level, wall in self.spans.items()}
        nearest = {level: int(line.nearest(middle)[0]) for level, middle in middles.items()}
        return {
            level: k if abs(float((middles[level] - line.places[k]) @ line.tangents[k])) <= _REACH else None
            for level, k in nearest.items()
        }

    @cached_property
    def _reached(self) -> dict[str, int]:
        """The place of the centreline beside the middle of each level that the canal reaches."""
        return {level: k for level, k in self._indices.items() if k is not None}

    def within(self, level: str) -> list[Section]:
        """The sections at a level, with the one beside its middle."""
        return [self.at[level], *(section for section in self.sections if section.level == level)]

    @cached_property
    def _ends(self) -> dict[str, tuple[int, int]]:
        line = self.canal.centreline
        return {level: (int(a), int(b)) for level, wall in self.spans.items() for a, b in [line.nearest(wall)]}

    def _level_at(self, index: int) -> str:
        reached = (level for level, (low, high) in self._ends.items() if low <= index <= high)
        return next((level for level in reached if self.index_of(level) is not None), "")


def at_level(level: str, shape: CanalShape | None, points: Points) -> list[Measurement]:
    """Area, AP and transverse diameter, mid-sagittal AP diameter and narrowest area of a level.

    `points` hold the ends of the mid-sagittal diameter, which may have been dragged.
    """
    middle = _midsagittal(level, shape, points)
    reason = _missing(level, shape)
    if reason or shape is None:
        keys = ("area", "narrowest_area", "ap_diameter", "transverse_diameter")
        return [*(Measurement(f"canal.{key}", level, None, reason=reason) for key in keys), middle]
    section = shape.at[level]
    return [
        _area("canal.area", level, section),
        _narrowest(level, shape.within(level)),
        _diameter("canal.ap_diameter", level, section.anteroposterior_mm, section.anteroposterior, section.reason),
        _diameter("canal.transverse_diameter", level, section.transverse_mm, section.transverse, section.reason),
        middle,
    ]


def against_neighbours(areas: Sequence[Measurement]) -> list[Measurement]:
    """Ratio and loss of area of each level against those beside it; `areas` of one kind of level, in order."""
    found = []
    for k, own in enumerate(areas):
        near = [areas[n].value for n in (k - 1, k + 1) if 0 <= n < len(areas)]
        given = [value for value in near if value]
        if own.value is None or not given:
            reason = own.reason or "No level of its kind beside it has an area to compare with."
            found += [Measurement(key, own.level, None, reason=reason) for key in ("canal.area_ratio", "canal.loss")]
            continue
        ratio = own.value / float(np.mean(given))
        loss = 100 * (1 - ratio)
        found.append(Measurement("canal.area_ratio", own.level, ratio, own.trace))
        band = MEASURES["canal.loss"].band_of(loss)
        found.append(Measurement("canal.loss", own.level, loss, own.trace, band=band))
    return found


def _missing(level: str, shape: CanalShape | None) -> str:
    if shape is None:
        return _NO_CANAL
    if level not in shape.spans:
        return _NO_PLACE.format(level)
    return "" if level in shape.at else _BEYOND.format(level)


def _area(measure: str, level: str, section: Section) -> Measurement:
    return Measurement(measure, level, section.area_mm2, Trace(contours=(section.contour,)), reason=section.reason)


def _narrowest(level: str, sections: Sequence[Section]) -> Measurement:
    """The section with the least area; nothing can be said where one of them is not whole."""
    key = "canal.narrowest_area"
    if reason := next((section.reason for section in sections if section.area_mm2 is None), ""):
        return Measurement(key, level, None, reason=reason)
    return _area(key, level, min(sections, key=lambda section: section.area_mm2 or 0.0))


def _diameter(
    measure: str, level: str, value: float | None, line: tuple[Point, Point] | None, reason: str
) -> Measurement:
    return Measurement(
        measure, level, value, Trace(lines=(line,) if line else ()), reason="" if line else reason or _NO_ENDS
    )


def _midsagittal(level: str, shape: CanalShape | None, points: Points) -> Measurement:
    names = [f"{level}.canal_anterior", f"{level}.canal_posterior"]
    if not all(name in points for name in names):
        reason = _missing(level, shape) or (shape.at[level].reason if shape else "") or _NO_ENDS
        return Measurement("canal.midsagittal_ap", level, None, reason=reason)
    places = {name: as_point(points[name]) for name in names}
    front, back = places.values()
    length = float(np.linalg.norm(points[names[1]] - points[names[0]]))
    return Measurement("canal.midsagittal_ap", level, length, Trace(places, ((front, back),)))
