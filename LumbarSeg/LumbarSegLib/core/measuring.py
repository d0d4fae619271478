"""From a Spine to Findings: shapes from voxels, numbers from landmarks, and what is doubtful about both.

Shapes are slow and kept by the content of their voxels; numbers are quick and kept by their landmarks. So after an edit
or a dragged corner only what rests on it is worked out again. All is done in local coordinates (right, down, back; mm)
and turned to LPS as the last step of each unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core import quality
from LumbarSegLib.core.anatomy import STRUCTURES
from LumbarSegLib.core.evidence import Evidence
from LumbarSegLib.core.findings import Findings, Landmark, Point
from LumbarSegLib.core.labelmap import label_map, on_grid_of
from LumbarSegLib.core.levels import Spine, spine_of
from LumbarSegLib.core.measure.grid import Floats, Grid, Part
from LumbarSegLib.core.measure.shapes import shapes_of
from LumbarSegLib.core.measure.units import Units
from LumbarSegLib.core.memo import Memo
from LumbarSegLib.errors import InputError

_BODY_ENDS = tuple(f"{row}_{end}" for row in ("superior", "inferior") for end in ("anterior", "middle", "posterior"))
_CANAL_ENDS = ("canal_anterior", "canal_posterior")


@dataclass(frozen=True, eq=False)
class Kept:
    """What one run leaves for the next: the label map as it was given, the spine as it was measured, its grid and parts
    by label value, all results, and what each structure looked like when it was first seen.
    """

    given: sitk.Image
    spine: Spine
    resampled: bool
    grid: Grid
    parts: Mapping[int, Part]
    memo: Memo
    first_seen: Mapping[int, str]

    @property
    def edited(self) -> frozenset[str]:
        """The structures that are not what they were when they were first seen."""
        instances = [one.structure for one in self.spine.instances]
        return frozenset(
            one.name for one in instances if self.parts[one.label].digest != self.first_seen.get(one.label)
        )


def measure_spine(
    spine: Spine,
    image: sitk.Image | None = None,
    overrides: Mapping[str, Point] | None = None,
    previous: Kept | None = None,
    agreement: Mapping[str, float] | None = None,
) -> tuple[Findings, Kept]:
    """Measure the spine that was found in a sagittal image; `analysis.measure` says what the arguments are."""
    kept = _kept(spine, image, previous)
    spine, grid = kept.spine, kept.grid
    shapes = shapes_of(
        spine, {one.structure.name: kept.parts[one.structure.label] for one in spine.instances}, kept.memo
    )
    moved = {name: grid.from_lps(place) for name, place in _checked(overrides or {}).items()}
    units = Units(spine, shapes, {**shapes.landmarks(), **moved}, frozenset(moved), kept.edited, grid, kept.memo)
    measurements, sections = units.measurements(), units.sections()
    flags = quality.flags_of(
        Evidence(
            spine=spine,
            slice_mm=float(grid.spacing[0]),
            centreline=shapes.centreline,
            bodies=shapes.bodies,
            centers={one.structure.name: grid.from_lps(np.array(one.center)) for one in spine.instances},
            apart=_apart(kept),
            sections=sections,
            measurements=measurements,
            landmarks=units.landmarks,
            moved=frozenset(moved),
            agreement=agreement or {},
            resampled=kept.resampled,
        )
    )
    kept.memo.close()
    return (
        Findings(
            quality.applied(measurements, flags),
            _landmarks(units, grid),
            tuple(sections),
            tuple(flags),
            spine.lowest_disc,
        ),
        kept,
    )


def _kept(spine: Spine, image: sitk.Image | None, previous: Kept | None) -> Kept:
    """What this run builds on: from the run before where its label map or its grid is the same."""
    if previous and previous.given is spine.labels:
        spine = previous.spine if previous.resampled else spine
        return replace(previous, spine=spine, memo=Memo(previous.memo))
    given, resampled = spine.labels, False
    if image is not None:
        labels, resampled = on_grid_of(image, given)
    else:
        labels = label_map(given)
    if labels is not given:
        spine = spine_of(labels, spine.lowest_disc) if resampled else replace(spine, labels=labels)
    grid = Grid(labels)
    same = previous is not None and previous.grid.is_like(grid)
    parts = _parts(spine, grid, previous.parts if previous and same else {})
    memo = Memo(previous.memo if previous and same else None)
    first_seen = previous.first_seen if previous and same else {label: part.digest for label, part in parts.items()}
    return Kept(given, spine, resampled, grid, parts, memo, first_seen)


def _parts(spine: Spine, grid: Grid, before: Mapping[int, Part]) -> dict[int, Part]:
    """The parts by label value; one that is what it was before is that one, with what is already known of it."""
    found = {one.structure.label: grid.part(one.structure.label) for one in spine.instances}
    same = {label for label, part in found.items() if label in before and before[label].digest == part.digest}
    return {label: before[label] if label in same else part for label, part in found.items()}


def _apart(kept: Kept) -> dict[str, float]:
    """The share of each disc and of the canal that lies apart from its largest piece."""
    structures = [one.structure for one in kept.spine.instances if one.structure.kind != "vertebra"]
    return {one.name: kept.parts[one.label].share_apart for one in structures}


def _checked(overrides: Mapping[str, Point]) -> dict[str, Floats]:
    """The overrides as arrays. Raises InputError for what is no landmark or no place."""
    named = {one.name: one.kind for one in STRUCTURES}
    places = {}
    for name, point in overrides.items():
        level, _, end = name.partition(".")
        kind = "vertebra" if level == "S1" else named.get(level, "")
        if not kind or end not in (*(_BODY_ENDS if kind == "vertebra" else ()), *_CANAL_ENDS):
            raise InputError(f"{name} is no landmark; give names as L3.superior_anterior.")
        place = np.array(point, dtype=float)
        if place.shape != (3,) or not np.isfinite(place).all():
            raise InputError(f"{name} has no place; give three finite coordinates in mm.")
        places[name] = place
    return places


def _landmarks(units: Units, grid: Grid) -> dict[str, Landmark]:
    names = list(units.landmarks)
    places = grid.to_lps(np.array([units.landmarks[name] for name in names]).reshape(-1, 3)).tolist()
    return {
        name: Landmark((x, y, z), "edited" if name in units.moved else "automatic")
        for name, (x, y, z) in zip(names, places, strict=True)
    }
