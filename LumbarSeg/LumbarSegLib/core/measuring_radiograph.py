"""From a Radiograph to Findings: corners from pixels, numbers from corners, and what is doubtful about both.

Corners are kept by the content of a vertebra's pixels, so after an edit only what it changed is read again; the numbers
rest on the landmarks alone and follow every one that is dragged.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.anatomy import STRUCTURES, Numbering, Structure
from LumbarSegLib.core.findings import Cornered, Findings, Landmark, Measurement, Point, Trace
from LumbarSegLib.core.labelmap import label_map, on_grid_of
from LumbarSegLib.core.measure.grid import as_point
from LumbarSegLib.core.measure.outline import Floats
from LumbarSegLib.core.measure.radiograph import frontal, lateral
from LumbarSegLib.core.measure.radiograph.frame import Frame, frame_of
from LumbarSegLib.core.measure.radiograph.shapes import Shapes, shapes_of
from LumbarSegLib.core.memo import Memo
from LumbarSegLib.core.projection import is_magnified, patient_of
from LumbarSegLib.core.quality import applied, is_blank
from LumbarSegLib.core.radiograph import Radiograph, named_radiograph
from LumbarSegLib.core.radiograph_quality import RadiographEvidence, flags_of
from LumbarSegLib.core.spacing import has_spacing
from LumbarSegLib.errors import InputError

_ONE_PLACE = "Two corners of {} lie in one place."
_PARTED = (
    "{} was cut out of one piece with its neighbour, so an endplate of it is not seen; drag its corners to set it."
)
_APART = 1e-3  # of the picture's height; corners that lie nearer are in one place
_NAMED = {one.name for one in STRUCTURES if one.kind == "vertebra"}


@dataclass(frozen=True, eq=False)
class KeptRadiograph:
    """What one run leaves for the next: the label map as it was given, the radiograph as it was measured, its frame,
    all results, and what each vertebra looked like when it was first seen.
    """

    given: sitk.Image
    radiograph: Radiograph
    resampled: bool
    frame: Frame
    digests: Mapping[int, str]
    memo: Memo = field(repr=False)
    first_seen: Mapping[int, str]

    @property
    def edited(self) -> frozenset[str]:
        """The vertebrae that are not what they were when they were first seen."""
        rows = (one.structure for one in self.radiograph.instances)
        return frozenset(row.name for row in rows if self.digests[row.label] != self.first_seen.get(row.label))


@dataclass(frozen=True, eq=False)
class _Read:
    """What the numbers are read from: the landmarks that count, by name, as places in the picture; which of them were
    set by hand; and in a sentence why a vertebra cannot be measured.
    """

    places: Mapping[str, Floats]
    moved: frozenset[str]
    reasons: Mapping[str, str]

    @property
    def usable(self) -> dict[str, Floats]:
        """The landmarks that numbers may be read from."""
        return {name: place for name, place in self.places.items() if name.split(".")[0] not in self.reasons}


def measure_radiograph(
    radiograph: Radiograph,
    image: sitk.Image | None = None,
    overrides: Mapping[str, Point] | None = None,
    previous: KeptRadiograph | None = None,
    agreement: Mapping[str, float] | None = None,
) -> tuple[Findings, KeptRadiograph]:
    """Measure the vertebrae of a radiograph; `analysis.measure` says what the arguments are."""
    kept = _kept(radiograph, image, previous)
    radiograph, frame = kept.radiograph, kept.frame
    shapes = shapes_of(frame, radiograph.instances, kept.digests, kept.memo)
    read = _read(shapes, overrides or {}, frame, radiograph.parted)
    column = _column(radiograph, read)
    found = _frontal(radiograph, read, column) if radiograph.view == "frontal" else _lateral(radiograph, read)
    measurements = [_placed(_with_status(one, read.moved, kept.edited), frame) for one in found]
    in_mm = (image is None or has_spacing(image)) and not is_blank(radiograph.labels)
    flags = flags_of(
        RadiographEvidence(
            radiograph=radiograph,
            shapes=shapes,
            moved=read.moved,
            measurements=measurements,
            further=frontal.further_curves(column) if radiograph.view == "frontal" else [],
            agreement=agreement or {},
            resampled=kept.resampled,
            spacing_known=in_mm,
            magnified=image is not None and is_magnified(image),
        )
    )
    kept.memo.close()
    landmarks = {
        name: Landmark(as_point(frame.plane.mm_to_lps(place)), "edited" if name in read.moved else "automatic")
        for name, place in read.places.items()
    }
    findings = Findings(
        applied(measurements, flags),
        landmarks,
        (),
        tuple(flags),
        radiograph.lowest_disc,
        view=radiograph.view,
        patient=dict(patient_of(image)) if image is not None else {},
        corners=_cornered(radiograph, landmarks, frame, in_mm),
    )
    return findings, kept


def _kept(radiograph: Radiograph, image: sitk.Image | None, previous: KeptRadiograph | None) -> KeptRadiograph:
    """What this run builds on: from the run before where its label map or its grid is the same."""
    if previous and previous.given is radiograph.labels and previous.radiograph.view == radiograph.view:
        return replace(previous, memo=Memo(previous.memo))
    given = radiograph.labels
    labels, resampled = on_grid_of(image, given) if image is not None else (label_map(given), False)
    if labels is not given:
        placed = named_radiograph(labels, radiograph.lowest_disc, radiograph.view)
        radiograph = replace(placed, notes=radiograph.notes, parted=radiograph.parted)
    frame = frame_of(labels, radiograph.view)
    digests = {one.structure.label: frame.digest(one.structure.label) for one in radiograph.instances}
    same = previous is not None and previous.frame.plane == frame.plane and previous.frame.view == frame.view
    memo = Memo(previous.memo if previous and same else None)
    first_seen = previous.first_seen if previous and same else digests
    return KeptRadiograph(given, radiograph, resampled, frame, digests, memo, first_seen)


def _read(shapes: Shapes, overrides: Mapping[str, Point], frame: Frame, parted: Collection[str]) -> _Read:
    """The landmarks, automatic or not, and why vertebrae cannot be measured: one has no corners, an endplate of it is
    where it was cut (`parted`) and nobody has set it since, or two corners lie together.
    """
    moved = _checked(overrides, frame)
    places = {**shapes.landmarks(frame), **moved}
    least = _APART * frame.labels.shape[0] * frame.plane.spacing[1]
    touched = dict.fromkeys(landmark.split(".")[0] for landmark in moved)
    reasons = {name: _PARTED.format(name) for name in parted if name not in touched} | dict(shapes.reasons)
    for name in touched:
        ends = [places.get(f"{name}.{end}") for end in frame.ends]
        if all(end is not None for end in ends):
            reasons.pop(name, None)
        for one, other in combinations([end for end in ends if end is not None], 2):
            if np.hypot(*(one - other)) < least:
                reasons[name] = _ONE_PLACE.format(name)
    return _Read(places, frozenset(moved), reasons)


def _checked(overrides: Mapping[str, Point], frame: Frame) -> dict[str, Floats]:
    """The overrides as places in the picture. Raises InputError for what is no landmark or no place."""
    places = {}
    for name, point in overrides.items():
        vertebra, _, end = name.partition(".")
        if vertebra not in _NAMED or end not in frame.ends:
            raise InputError(f"{name} is no landmark; give names as L3.{frame.ends[0]}.")
        if np.shape(point) != (3,) or not np.isfinite(point).all():
            raise InputError(f"{name} has no place; give three finite coordinates in mm.")
        places[name] = frame.plane.mm_from_lps(point)
    return places


def _downward(radiograph: Radiograph) -> list[Structure]:
    return [one.structure for one in reversed(radiograph.instances)]


def _discs(radiograph: Radiograph) -> dict[int, str]:
    """The name of the disc below each vertebra, by the vertebra's value."""
    numbering = Numbering(radiograph.lowest_disc)
    return {row.label: numbering.structure(200 + row.label).name for row in _downward(radiograph)}


def _column(radiograph: Radiograph, read: _Read) -> frontal.Seen:
    return frontal.seen(_downward(radiograph), _discs(radiograph), read.usable)


def _frontal(radiograph: Radiograph, read: _Read, column: frontal.Seen) -> list[Measurement]:
    vertebrae = _downward(radiograph)
    if not vertebrae:
        return []
    place = {row.name: k for k, row in enumerate(column.vertebrae)}
    found: list[Measurement] = []
    for row in vertebrae:
        if row.name in place:
            found += frontal.tilt(place[row.name], column)
        else:
            reason = read.reasons.get(row.name, "")
            found += [Measurement(key, row.name, None, reason=reason) for key in frontal.TILTS]
    span = f"{vertebrae[0].name}-{vertebrae[-1].name}"
    return [*found, *frontal.cobb_angles(column, span), frontal.shift(column, span)]


def _lateral(radiograph: Radiograph, read: _Read) -> list[Measurement]:
    vertebrae = [row.name for row in _downward(radiograph)]
    places, discs = read.usable, list(_discs(radiograph).values())
    found: list[Measurement] = []
    for name, disc in zip(vertebrae, discs, strict=True):
        found.append(lateral.wedge(name, places, read.reasons))
        found += lateral.segments([disc], vertebrae, places, read.reasons)
    return [*found, lateral.lordosis(places, read.reasons)] if vertebrae else []


def _with_status(one: Measurement, moved: frozenset[str], edited: frozenset[str]) -> Measurement:
    """Marked as edited where a landmark or a vertebra that it rests on was changed by hand."""
    used = one.trace.points.keys()
    changed = moved & used or edited & {name.split(".")[0] for name in used}
    return replace(one, status="edited") if changed else one


def _placed(one: Measurement, frame: Frame) -> Measurement:
    """The measurement with its trace in LPS."""
    points = {name: _lps(point, frame) for name, point in one.trace.points.items()}
    lines = tuple((_lps(start, frame), _lps(end, frame)) for start, end in one.trace.lines)
    return replace(one, trace=Trace(points, lines))


def _lps(point: Point, frame: Frame) -> Point:
    return as_point(frame.plane.mm_to_lps(np.array(point[:2])))


def _cornered(
    radiograph: Radiograph, landmarks: Mapping[str, Landmark], frame: Frame, in_mm: bool
) -> tuple[Cornered, ...]:
    """The corners of each vertebra that has four, from the top downward, in the pixels of the file."""
    found = []
    spacing = radiograph.labels.GetSpacing()[:2]
    for row in _downward(radiograph):
        names = [f"{row.name}.{end}" for end in frame.ends]
        if not all(name in landmarks for name in names):
            continue
        indices = [
            radiograph.labels.TransformPhysicalPointToContinuousIndex(landmarks[name].place)[:2] for name in names
        ]
        pixels = {end: (float(column), float(line)) for end, (column, line) in zip(frame.ends, indices, strict=True)}
        mm = {end: (place[0] * spacing[0], place[1] * spacing[1]) for end, place in pixels.items()}
        found.append(Cornered(row.name, pixels, mm if in_mm else None))
    return tuple(found)
