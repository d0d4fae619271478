"""What doubts are drawn from: all that one run has read from a label map and measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from LumbarSegLib.core.anatomy import Structure
from LumbarSegLib.core.findings import Measurement, Section
from LumbarSegLib.core.levels import Spine
from LumbarSegLib.core.measure.bodies import BodyShape
from LumbarSegLib.core.measure.centreline import Centreline
from LumbarSegLib.core.measure.grid import Floats


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that a flag can be drawn from.

    `bodies` by vertebra; `centers` are the middles of the structures and `apart` the share of each disc and of the
    canal that lies apart from its largest piece, by name; places are local (right, down, back; mm). `landmarks` are
    those that count, `moved` the names of those that were set by hand. `agreement` is the Dice of a model's second
    answer by kind, `resampled` tells that the label map lay on another grid. `sections` are the canal's, from the
    bottom upward.
    """

    spine: Spine
    slice_mm: float
    centreline: Centreline | None
    bodies: Mapping[str, BodyShape]
    centers: Mapping[str, Floats]
    apart: Mapping[str, float]
    landmarks: Mapping[str, Floats]
    moved: frozenset[str]
    sections: Sequence[Section]
    measurements: Sequence[Measurement]
    agreement: Mapping[str, float]
    resampled: bool

    @cached_property
    def structures(self) -> list[Structure]:
        """Vertebrae and discs from the bottom upward."""
        return [one.structure for one in self.spine.instances if one.structure.kind != "canal"]
