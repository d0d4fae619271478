"""From the Regions of an axial image to Findings: each slice in its own plane, then the levels that slices stand for.

A slice's shape is slow and kept by the content of its labels and its plane; its numbers are quick and kept by its
landmarks. So after an edit only the slices that it changed are read again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core import slice_quality
from LumbarSegLib.core.anatomy import Kind
from LumbarSegLib.core.findings import Findings, Flag, Landmark, Measurement, Point, Represented
from LumbarSegLib.core.labelmap import label_map, on_grid_of
from LumbarSegLib.core.levels import Spine
from LumbarSegLib.core.measure.axial import numbers
from LumbarSegLib.core.measure.axial.places import Sagittal, named, tilts_by_sac
from LumbarSegLib.core.measure.axial.shape import SliceShape, shape_of
from LumbarSegLib.core.measure.axial.slices import AxialSlice, slices_of
from LumbarSegLib.core.memo import Memo
from LumbarSegLib.core.quality import applied, is_blank
from LumbarSegLib.core.regions import Regions, regions_of
from LumbarSegLib.core.slice_quality import SliceEvidence
from LumbarSegLib.core.spacing import has_spacing
from LumbarSegLib.errors import InputError

_NO_TILT = "There is no sagittal segmentation, and fewer than three slices close to each other show a sac."
_NO_CANAL = "The sagittal segmentation shows no canal here."


@dataclass(frozen=True, eq=False)
class KeptSlices:
    """What one run leaves for the next: the label map as it was given, the regions as they were measured, the slices,
    all results, what a sagittal segmentation told, and how each slice looked when it was first seen.
    """

    given: sitk.Image
    regions: Regions
    resampled: bool
    slices: tuple[AxialSlice, ...]
    memo: Memo = field(repr=False)
    sagittal: Sagittal | None
    first_seen: Mapping[int, Mapping[Kind, str]]

    def edited(self, one: AxialSlice) -> frozenset[Kind]:
        """The regions of a slice that are not what they were when they were first seen."""
        first = self.first_seen[one.number]
        return frozenset(kind for kind, digest in one.digests.items() if digest != first[kind])

    @property
    def edited_regions(self) -> frozenset[str]:
        """All of these, by the name of their slice: "slice 4.ts"."""
        return frozenset(f"{one.name}.{kind}" for one in self.slices for kind in self.edited(one))


@dataclass(frozen=True, eq=False)
class _Read:
    """What was read from the slices: their shapes, by number, and the landmarks that count, by name."""

    shapes: Mapping[int, SliceShape]
    landmarks: Mapping[str, Point]
    moved: frozenset[str]


def measure_slices(
    regions: Regions,
    image: sitk.Image | None = None,
    overrides: Mapping[str, Point] | None = None,
    previous: KeptSlices | None = None,
    agreement: Mapping[str, float] | None = None,
    sagittal: Spine | None = None,
    levels: Mapping[str, int] | None = None,
) -> tuple[Findings, KeptSlices]:
    """Measure the regions that were found in an axial image; `analysis.measure` says what the arguments are."""
    kept = _kept(regions, image, previous, sagittal)
    slices = kept.slices
    shapes = {one.number: shape for one in slices if (shape := _shape(one, kept.memo))}
    read = _Read(shapes, *_landmarks(slices, shapes, overrides or {}))
    represented = named(slices, shapes, kept.sagittal, levels)
    tilts = _tilts(slices, shapes, kept.sagittal)
    by_slice = {one.number: _numbers(one, read, tilts.get(one.number), kept) for one in slices}
    evidence = SliceEvidence(
        slices=slices,
        shapes=shapes,
        represented=represented,
        tilts=tilts,
        sagittal=kept.sagittal,
        agreement=agreement or {},
        resampled=kept.resampled,
        spacing_known=(image is None or has_spacing(image)) and not is_blank(kept.regions.labels),
    )
    flags = slice_quality.flags_of(evidence)
    measured = {number: applied(found, flags) for number, found in by_slice.items()}
    at_levels = _at_levels(represented, measured, flags)
    kept.memo.close()
    return (
        Findings(
            (*at_levels, *(one for number in sorted(measured, reverse=True) for one in measured[number])),
            {
                name: Landmark(place, "edited" if name in read.moved else "automatic")
                for name, place in read.landmarks.items()
            },
            (),
            tuple(flags),
            kept.sagittal.spine.lowest_disc if kept.sagittal else "",
            represented,
        ),
        kept,
    )


def _kept(
    regions: Regions, image: sitk.Image | None, previous: KeptSlices | None, sagittal: Spine | None
) -> KeptSlices:
    """What this run builds on: from the run before where its label map or its grid is the same."""
    told = previous.sagittal if previous else None
    if sagittal is None:
        told = None
    elif told is None or told.spine is not sagittal:
        told = Sagittal(sagittal)
    if previous and previous.given is regions.labels:
        return replace(previous, memo=Memo(previous.memo), sagittal=told)
    given, resampled = regions.labels, False
    labels, resampled = on_grid_of(image, given) if image is not None else (label_map(given), False)
    if resampled:
        regions = regions_of(labels, regions.task)
    elif labels is not given:
        regions = replace(regions, labels=labels)
    slices = slices_of(labels, image)
    same = previous is not None and [one.plane for one in previous.slices] == [one.plane for one in slices]
    memo = Memo(previous.memo if previous and same else None)
    first_seen = previous.first_seen if previous and same else {one.number: one.digests for one in slices}
    return KeptSlices(given, regions, resampled, slices, memo, told, first_seen)


def _shape(one: AxialSlice, memo: Memo) -> SliceShape | None:
    return memo.of(("shape", tuple(one.digests.values())), lambda: shape_of(one))


def _landmarks(
    slices: tuple[AxialSlice, ...], shapes: Mapping[int, SliceShape], overrides: Mapping[str, Point]
) -> tuple[dict[str, Point], frozenset[str]]:
    """The landmarks that count, by name, and which of them were set by hand.

    One that was set by hand is brought straight into the plane of its slice, in which all is measured. Raises
    InputError for what is no landmark or no place.
    """
    found = {
        name: place
        for one in slices
        if one.number in shapes
        for name, place in numbers.landmarks(one, shapes[one.number]).items()
    }
    by_name = {one.name: one for one in slices}
    for name, point in overrides.items():
        level, _, end = name.partition(".")
        if level not in by_name or end not in numbers.ENDS:
            raise InputError(f"{name} is no landmark; give names as slice 4.ts_anterior.")
        if np.shape(point) != (3,) or not np.isfinite(point).all():
            raise InputError(f"{name} has no place; give three finite coordinates in mm.")
        one = by_name[level]
        x, y, z = one.plane.mm_to_lps(one.plane.mm_from_lps(point)).tolist()
        found[name] = (x, y, z)
    return found, frozenset(overrides)


def _tilts(
    slices: tuple[AxialSlice, ...], shapes: Mapping[int, SliceShape], sagittal: Sagittal | None
) -> dict[int, float]:
    """The tilt in degrees of each slice for which it is known, by number."""
    if sagittal is None:
        return tilts_by_sac(slices, shapes)
    return {one.number: tilt for one in slices if (tilt := sagittal.tilt(one)) is not None}


def _numbers(one: AxialSlice, read: _Read, tilt: float | None, kept: KeptSlices) -> list[Measurement]:
    """What is measured in a slice, in the order of the definitions."""
    reason = _NO_CANAL if kept.sagittal else _NO_TILT
    tilted = Measurement("slice.tilt", one.name, tilt, reason="" if tilt is not None else reason)
    shape = read.shapes.get(one.number)
    if shape is None:
        reason = slice_quality.missing(one).text
        return [*(Measurement(key, one.name, None, reason=reason) for key in numbers.IN_A_SLICE), tilted]
    points = {f"{one.name}.{end}": read.landmarks[f"{one.name}.{end}"] for end in numbers.ENDS}
    moved, edited = frozenset(read.moved & points.keys()), kept.edited(one)
    key = ("numbers", tuple(one.digests.values()), tuple(points.items()), moved, edited)
    found: list[Measurement] = kept.memo.of(
        key, lambda: numbers.with_status(numbers.in_slice(one, shape, points), edited, moved)
    )
    area = next(row for row in found if row.measure == "ts.area")
    return [*found, *numbers.corrected(area, tilt), tilted]


def _at_levels(
    represented: tuple[Represented, ...], measured: Mapping[int, tuple[Measurement, ...]], flags: Sequence[Flag]
) -> list[Measurement]:
    """What is measured at each level, from the top downward."""
    rows = {one.level: [replace(row, level=one.level) for row in measured[one.slice]] for one in represented}
    areas = [next(row for row in rows[one.level] if row.measure == "ts.area") for one in represented]
    for one, ratio in zip(represented, numbers.against_neighbours(areas), strict=True):
        of_slice = [replace(flag, level=one.level) for flag in flags if flag.level == measured[one.slice][0].level]
        rows[one.level] += applied([ratio], [*flags, *of_slice])
    return [row for one in reversed(represented) for row in rows[one.level]]
