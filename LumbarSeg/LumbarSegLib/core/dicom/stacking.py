"""Slices of a series -> one stack: a regular block as it lies; axial slices that lie otherwise, each by its plane."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from LumbarSegLib.core.dicom.slices import Slice
from LumbarSegLib.core.notes import listed
from LumbarSegLib.core.planes import PARALLEL, Plane, Triple, Vector, blocks_of, triple
from LumbarSegLib.core.preprocess import SLICE_DISTANCE_MM
from LumbarSegLib.errors import InputError

_GAP_TOLERANCE = 0.1  # of the distance of the slices
_TILT_TOLERANCE = 0.02
_SAME_PLACE_MM = 0.01
_SAME_SPACING = 0.01


@dataclass(frozen=True)
class Stack:
    """Slices in their order and the grid (LPS, mm) that holds them. One that is not `regular` only names the slices:
    each lies by its own plane. `notes` say what the user should know.
    """

    slices: list[Slice]
    regular: bool
    origin: Triple
    spacing: Triple
    direction: tuple[float, ...]
    notes: list[str] = field(default_factory=list)


def regular_stack(slices: list[Slice], name: str) -> Stack:
    """The slices sorted along their normal. Raises InputError unless they make one regular block."""
    ordered = _sorted(slices, slices[0].plane.normal)
    if fault := _fault(ordered):
        raise InputError(f"{name}: {fault}")
    distance = _distance(ordered)
    if not distance:
        raise InputError(f"{name}: the slice thickness is missing or zero; export the series again.")
    return _on_own_grid(ordered, distance)


def usable(slices: list[Slice]) -> tuple[list[Slice], list[str]]:
    """The slices that can stand in one image, and what is to be said of those left out: slices of another size, pixel
    spacing or storage than most, and all but the first of those at one place.
    """
    common, _ = Counter(one.size for one in slices).most_common(1)[0]
    spacing = np.median([one.plane.spacing for one in slices if one.size == common], axis=0)
    odd = [one for one in slices if one.size != common or not np.allclose(one.plane.spacing, spacing, _SAME_SPACING)]
    kept = [one for one in slices if one not in odd]
    turned = _stored_otherwise(kept)
    kept = [one for one in kept if one not in turned]
    again = _at_same_place(kept)
    reasons = {
        "of another size or pixel spacing than most": odd,
        "stored in another direction than most": turned,
        "at the place of another one, as of a second echo": again,
    }
    notes = [f"Left out, {reason}: {_named(those)}." for reason, those in reasons.items() if those]
    return [one for one in kept if one not in again], notes


def axial_stack(slices: list[Slice]) -> Stack:
    """Usable axial slices in one stack, from below upward where their normals point upward, block by block."""
    straight = _sorted(slices, slices[0].plane.normal)
    if not _fault(straight):
        return _on_own_grid(straight, *_known_or_assumed(_distance(straight)))
    ordered = _by_blocks(slices)
    planes = [one.plane for one in ordered]
    blocks = blocks_of(planes)
    within = [_step(one, other)[0] for block in blocks for one, other in pairwise([planes[index] for index in block])]
    distance, notes = _known_or_assumed(float(np.median(within or [one.thickness for one in ordered])))
    if len(blocks) > 1:
        notes = [_counted(blocks), *_breaks(planes, blocks, distance), *notes]
    middle = planes[len(planes) // 2]
    direction = np.stack([middle.row, middle.column, middle.normal], axis=1)
    columns, rows = ordered[0].size
    spacing = (*middle.spacing, distance)
    to_middle = direction @ (np.multiply(spacing, (columns - 1, rows - 1, len(ordered) - 1)) / 2)
    origin = np.mean([one.middle for one in ordered], axis=0) - to_middle
    return Stack(ordered, False, triple(origin), spacing, tuple(direction.ravel()), notes)


def _known_or_assumed(distance: float) -> tuple[float, list[str]]:
    """The distance of slices in mm, or the usual one with a note where it is 0."""
    if distance:
        return distance, []
    usual = f"it is taken as {SLICE_DISTANCE_MM:g} mm; volumes rest on that."
    return SLICE_DISTANCE_MM, [f"The header states no slice thickness, so {usual}"]


def _on_own_grid(ordered: list[Slice], distance: float, notes: Sequence[str] = ()) -> Stack:
    first = ordered[0].plane
    direction = np.stack([first.row, first.column, first.normal], axis=1)
    return Stack(ordered, True, first.origin, (*first.spacing, distance), tuple(direction.ravel()), list(notes))


def _sorted(slices: Sequence[Slice], normal: Vector) -> list[Slice]:
    return sorted(slices, key=lambda one: float(one.plane.origin @ normal))


def _fault(ordered: list[Slice]) -> str:
    """Why the slices, sorted along their normal, make no regular block; "" if they do."""
    first, planes = ordered[0], [one.plane for one in ordered]
    if any(one.size != first.size or one.plane.spacing != first.plane.spacing for one in ordered):
        return "the slices differ in size or pixel spacing; export one series at a time."
    axes = np.array([(plane.row, plane.column) for plane in planes])
    if np.abs(axes - axes[0]).max() > _TILT_TOLERANCE:
        return (
            "the slices lie in several directions, as in a localizer or blocks along discs; "
            "give a series whose slices are parallel."
        )
    return _uneven(np.diff([plane.origin for plane in planes], axis=0), first.plane.normal) if planes[1:] else ""


def _uneven(steps: Vector, normal: Vector) -> str:
    """What is irregular in the steps (n, 3) from slice to slice; "" where nothing is."""
    gaps = steps @ normal
    if gaps.min() < _SAME_PLACE_MM:
        return "several slices lie at one place, as with several echoes or time points; export one of them."
    if np.abs(gaps - np.median(gaps)).max() > _GAP_TOLERANCE * np.median(gaps):
        return (
            f"the slice spacing is mixed ({gaps.min():.2f} to {gaps.max():.2f} mm), "
            "so a slice is missing or two stacks are mixed; export the whole series again."
        )
    drift = steps - gaps[:, None] * normal
    if np.linalg.norm(drift, axis=1).max() > _GAP_TOLERANCE * np.median(gaps):
        return (
            "the slices are shifted against each other, so they make no regular block; "
            "give a series whose slices lie straight above each other."
        )
    return ""


def _distance(ordered: list[Slice]) -> float:
    """Mean distance of neighbouring slice centres in mm; a single slice has only what its header says, or 0."""
    if len(ordered) == 1:
        return ordered[0].thickness
    first, last = ordered[0].plane, ordered[-1].plane
    return float(np.subtract(last.origin, first.origin) @ first.normal) / (len(ordered) - 1)


def _stored_otherwise(slices: list[Slice]) -> list[Slice]:
    """The slices whose rows or columns run the other way than those of most."""
    if not slices:
        return []
    axes = np.array([(one.plane.row, one.plane.column) for one in slices])
    like_first = (np.einsum("sij,ij->si", axes, axes[0]) > 0).all(1)
    most = like_first if 2 * like_first.sum() >= len(slices) else ~like_first
    return [one for one, like_most in zip(slices, most, strict=True) if not like_most]


def _at_same_place(slices: list[Slice]) -> list[Slice]:
    """The slices that lie where one before them does."""
    middles, normals = np.array([(one.middle, one.plane.normal) for one in slices]).reshape(-1, 2, 3).swapaxes(0, 1)
    return [
        one
        for k, one in enumerate(slices)
        if np.any(
            (np.linalg.norm(middles[:k] - middles[k], axis=1) < _SAME_PLACE_MM)
            & (normals[:k] @ normals[k] > np.cos(PARALLEL))
        )
    ]


def _by_blocks(slices: list[Slice]) -> list[Slice]:
    """Parallel slices sorted along their own normal and parted into blocks, these along the mean normal of all."""
    mean = np.mean([one.plane.normal for one in slices], axis=0)
    groups: list[list[Slice]] = []
    for one in slices:
        near = [
            group for group in groups if any(one.plane.normal @ its.plane.normal > np.cos(PARALLEL) for its in group)
        ]
        groups = [group for group in groups if group not in near] + [[one, *(its for group in near for its in group)]]
    blocks = []
    for group in groups:
        ordered = _sorted(group, np.mean([one.plane.normal for one in group], axis=0))
        blocks += [[ordered[index] for index in block] for block in blocks_of([one.plane for one in ordered])]
    blocks.sort(key=lambda block: float(np.mean([one.middle for one in block], axis=0) @ mean))
    return [one for block in blocks for one in block]


def _step(one: Plane, other: Plane) -> tuple[float, float]:
    """How far apart two parallel planes lie, and how far they are shifted sideways, in mm."""
    step = np.subtract(other.origin, one.origin)
    gap = float(step @ one.normal)
    return abs(gap), float(np.linalg.norm(step - gap * one.normal))


def _counted(blocks: Sequence[Sequence[int]]) -> str:
    counts = [str(len(block)) for block in blocks]
    return (
        f"The slices make no regular stack but {len(counts)} blocks ({', '.join(counts)}); each is kept in its place."
    )


def _breaks(planes: list[Plane], blocks: Sequence[Sequence[int]], distance: float) -> list[str]:
    """What parts neighbouring blocks that are parallel: a gap, or a shift sideways. Slices count from below upward."""
    upward = sum(plane.normal[2] for plane in planes) > 0
    gaps: list[str] = []
    shifts: list[str] = []
    for block in blocks[:-1]:
        one, other = planes[block[-1]], planes[block[-1] + 1]
        gap, aside = _step(one, other)
        if one.normal @ other.normal < np.cos(PARALLEL):
            continue
        lower = block[-1] + 1 if upward else len(planes) - block[-1] - 1
        (shifts if aside > _GAP_TOLERANCE * gap else gaps).append(f"{lower} and {lower + 1}")
    told = []
    if gaps:
        told.append(f"The gap is not that of the others ({distance:.1f} mm) between slices {listed(gaps)} from below.")
    if shifts:
        told.append(f"Slices are shifted sideways against each other: {listed(shifts)} from below.")
    return told


def _named(slices: Sequence[Slice]) -> str:
    return listed(list(dict.fromkeys(one.file.name for one in slices)))
