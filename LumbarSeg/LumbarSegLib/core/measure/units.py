"""The numbers of one spine, a unit for each level and span; a unit is worked out again only when its landmarks move."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from LumbarSegLib.core.anatomy import CANAL, beside
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Measurement, Section
from LumbarSegLib.core.levels import Spine
from LumbarSegLib.core.measure import alignment, canal, discs, vertebrae
from LumbarSegLib.core.measure.canal import CanalShape
from LumbarSegLib.core.measure.grid import Floats, Grid
from LumbarSegLib.core.measure.placing import placed, placed_section
from LumbarSegLib.core.measure.shapes import Shapes
from LumbarSegLib.core.memo import Memo

_ORDER = {key: place for place, key in enumerate(MEASURES)}
_RIGHT = np.array([1.0, 0.0, 0.0])


@dataclass(frozen=True, eq=False)
class Units:
    """Works out all measurements of a spine.

    `shapes` and `points` (landmarks of the bodies and S1, and what was set by hand) are in local coordinates. `moved`
    names the landmarks that were set by hand, `edited` the structures that were. What is given back is in LPS, but for
    `landmarks`.
    """

    spine: Spine
    shapes: Shapes
    points: Mapping[str, Floats]
    moved: frozenset[str]
    edited: frozenset[str]
    grid: Grid
    memo: Memo

    @cached_property
    def landmarks(self) -> dict[str, Floats]:
        """All landmarks, with those of the canal, in local coordinates."""
        return {**(self._canal.landmarks if self._canal else {}), **self.points}

    def measurements(self) -> list[Measurement]:
        """All of them, by level from the top downward, then the spans."""
        canals = {level: self._canal_at(level) for level in self._levels}
        for row in (self._vertebrae, self._discs):
            for one in canal.against_neighbours([canals[level][0] for level in row]):
                canals[one.level].append(replace(one, status=canals[one.level][0].status))
        found = []
        for level in reversed(self._levels):
            own = self._vertebra(level) if level in self._vertebrae else self._disc(level)
            found += sorted([*canals[level], *own], key=lambda one: _ORDER[one.measure])
        return [*found, *self._spans()]

    def sections(self) -> list[Section]:
        """Those of the canal, from the bottom upward."""
        found = self._canal.sections if self._canal else ()
        key = ("section", self.shapes.line)
        return [self.memo.of((*key, one.along_mm, one.level), partial(placed_section, one, self.grid)) for one in found]

    @cached_property
    def _levels(self) -> list[str]:
        """Vertebrae and discs from the bottom upward."""
        return [one.structure.name for one in self.spine.instances if one.structure.kind != "canal"]

    @cached_property
    def _vertebrae(self) -> list[str]:
        return [one.structure.name for one in self.spine.instances if one.structure.kind == "vertebra"]

    @cached_property
    def _discs(self) -> list[str]:
        return [one.structure.name for one in self.spine.instances if one.structure.kind == "disc"]

    @cached_property
    def _canal(self) -> CanalShape | None:
        if self.shapes.canal is None:
            return None
        walls = {name: canal.wall_of_vertebra(name, self.points) for name in self._vertebrae}
        walls |= {name: canal.wall_of_disc(name, self.points, self.shapes.discs.get(name)) for name in self._discs}
        spans = {level: wall for level in self._levels if (wall := walls[level]) is not None}
        return CanalShape(self.shapes.canal, spans)

    def _canal_at(self, level: str) -> list[Measurement]:
        ends = [f"{level}.canal_{end}" for end in ("anterior", "posterior")]
        near = tuple(wall.tobytes() for wall in self._canal.spans.values()) if self._canal else ()
        own = tuple((self.landmarks[end].tobytes(), end in self.moved) for end in ends if end in self.landmarks)
        return list(
            self._unit(("canal", level, near, own), (), lambda: canal.at_level(level, self._canal, self.landmarks))
        )

    def _vertebra(self, name: str) -> tuple[Measurement, ...]:
        place = self._vertebrae.index(name)
        near = [self._vertebrae[k] for k in (place - 1, place + 1) if 0 <= k < len(self._vertebrae)]

        def work_out() -> list[Measurement]:
            return vertebrae.measure(name, near, self.points, self.shapes.reasons, self._right((name, name)))

        return self._unit(("vertebra", name), (name, *near), work_out)

    def _disc(self, name: str) -> tuple[Measurement, ...]:
        reasons, points = self.shapes.reasons, self.points
        shape = self.shapes.discs.get(name) or reasons[name]

        def work_out() -> list[Measurement]:
            right = self._right(beside(name))
            found = [*alignment.segment(name, points, reasons, right), *discs.sizes(name, shape)]
            return [*found, *discs.heights(name, points, reasons, right), discs.bulge(name, shape, points, reasons)]

        return self._unit(("disc", name, self.shapes.digests[name]), beside(name), work_out)

    def _spans(self) -> list[Measurement]:
        lumbar = [name for name in ("L1", "L2", "L3", "L4", "L5", "L6") if name != "L6" or name in self._vertebrae]
        apex = self._unit(("apex",), (*lumbar, "S1"), partial(self._apex, lumbar))
        return [*(self._lordosis(span) for span in alignment.SPANS), *apex]

    def _lordosis(self, span: str) -> Measurement:
        upper, lower = (endplate.split(".")[0] for endplate in alignment.SPANS[span])

        def work_out() -> list[Measurement]:
            return [alignment.lordosis(span, self.points, self.shapes.reasons, self._right((upper, lower)))]

        return self._unit(("lordosis", span), (upper, lower), work_out)[0]

    def _apex(self, bodies: list[str]) -> list[Measurement]:
        return [alignment.apex(bodies, self.points, self.shapes.reasons, self._right(("L1", "S1")))]

    def _right(self, vertebrae: tuple[str, str]) -> Floats:
        """The normal of the sagittal plane of the spine from one vertebra to another, to the patient's right."""
        line = self.shapes.centreline
        ends = [place for name, place in self.points.items() if name.split(".")[0] in vertebrae]
        if line is None or not ends:
            return _RIGHT
        places = line.nearest(np.array(ends))
        reach = slice(int(places.min()), int(places.max()) + 1)
        right = np.cross(line.backs[reach], line.tangents[reach]).mean(axis=0)
        return np.asarray(right / np.linalg.norm(right))

    def _unit(
        self, key: tuple[Hashable, ...], vertebrae: tuple[str, ...], work_out: Callable[[], list[Measurement]]
    ) -> tuple[Measurement, ...]:
        """What `work_out` finds from the landmarks of some vertebrae, in LPS and with its status."""
        inputs = tuple(self._signatures.get(name) for name in vertebrae)
        return self.memo.of((*key, inputs, self._whole), lambda: tuple(self._finished(one) for one in work_out()))

    @cached_property
    def _signatures(self) -> dict[str, tuple[Hashable, ...]]:
        """The landmarks of each vertebra, as keys."""
        found: dict[str, tuple[Hashable, ...]] = {}
        for name, place in self.points.items():
            vertebra = name.split(".")[0]
            found[vertebra] = (*found.get(vertebra, ()), name, place.tobytes(), name in self.moved)
        return found

    @cached_property
    def _whole(self) -> Hashable:
        """What each unit rests on besides its landmarks."""
        return self.shapes.line, self.edited, tuple(self.shapes.reasons.items())

    def _finished(self, one: Measurement) -> Measurement:
        from_ = {one.level, *(name.split(".")[0] for name in one.trace.points)}
        of_canal = one.measure.startswith("canal.") and CANAL.name in self.edited
        by_hand = of_canal or self.edited & from_ or self.moved & one.trace.points.keys()
        return placed(replace(one, status="edited") if by_hand else one, self.grid)
