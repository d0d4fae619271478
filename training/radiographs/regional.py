"""The program's three Cobb angles, each of a region of the spine, as found against the same from the marked corners."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from LumbarSegLib.core.anatomy import STRUCTURES, Numbering
from LumbarSegLib.core.findings import Findings, Measurement
from LumbarSegLib.core.measure.radiograph.frontal import REGIONS, Seen, cobb_angles
from training.data.corners import Corners

_VERTEBRAE = 17
_CLOCKWISE = [0, 1, 3, 2]


@dataclass(frozen=True)
class Regional:
    """One angle over all cases: found minus marked where both are there, and how often only one of them is."""

    measure: str
    differences: tuple[float, ...]
    only_marked: int
    only_found: int

    @property
    def error(self) -> float:
        return float(np.mean(np.abs(self.differences))) if self.differences else np.nan

    @property
    def bias(self) -> float:
        return float(np.mean(self.differences)) if self.differences else np.nan


def marked_angles(corners: Corners) -> dict[str, float | None]:
    """The angles by the program's own rule from the corners of T1 to L5 as somebody marked them."""
    by_name = {one.name: one for one in STRUCTURES if one.kind == "vertebra"}
    names = [f"T{k}" for k in range(1, 13)] + [f"L{k}" for k in range(1, 6)]
    vertebrae = [by_name[name] for name in names]
    numbering = Numbering("L5/S1")
    discs = tuple(numbering.structure(200 + one.label).name for one in vertebrae[:-1])
    column = Seen(tuple(vertebrae), corners[:, _CLOCKWISE], discs)
    return _by_measure(cobb_angles(column, "T1-L5"))


def found_angles(findings: Findings | None) -> dict[str, float | None]:
    return _by_measure(findings.measurements) if findings else {}


def _by_measure(measurements: Sequence[Measurement]) -> dict[str, float | None]:
    return {one.measure: one.value for one in measurements if one.measure in REGIONS}


def compare(pairs: Sequence[tuple[dict[str, float | None], dict[str, float | None]]]) -> list[Regional]:
    """One row for each region over pairs of (found, marked) angles."""
    rows = []
    for measure in REGIONS:
        both = [(found.get(measure), marked.get(measure)) for found, marked in pairs]
        rows.append(
            Regional(
                measure,
                tuple(a - b for a, b in both if a is not None and b is not None),
                sum(a is None and b is not None for a, b in both),
                sum(a is not None and b is None for a, b in both),
            )
        )
    return rows
