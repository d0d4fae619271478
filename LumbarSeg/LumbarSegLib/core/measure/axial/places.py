"""Which slice shows which level, and how far each is tilted against the canal.

The names come from a sagittal segmentation of the same patient, which lies in the same coordinates; else from the user;
else the blocks of a series are counted. The tilt comes from that segmentation too, else from the middles of the sac in
the slices of one block.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from LumbarSegLib.core.anatomy import CANAL, LOWEST_DISCS, STRUCTURES
from LumbarSegLib.core.findings import NamedBy, Represented
from LumbarSegLib.core.levels import Spine
from LumbarSegLib.core.measure.axial.shape import SliceShape
from LumbarSegLib.core.measure.axial.slices import AxialSlice
from LumbarSegLib.core.measure.centreline import centreline_of
from LumbarSegLib.core.measure.grid import Floats, Grid, unit
from LumbarSegLib.errors import InputError

_BESIDE_CENTRE = 8.0  # mm around the middle line of a disc that tell how tall it is where a slice passes
_NEAR = 10.0  # mm between a slice and the middle of a disc that it can stand for
_IN_SIGHT = 60.0  # mm above and below a slice; a disc or canal beyond tells nothing of it
_FEWEST = 3  # slices of a block from which the sac's direction is read
_ALIKE = (0.5, 2.0)  # of the median area of the sac in a block; another one is no sac that tells its direction
_DISCS = tuple(row.name for row in STRUCTURES if row.kind == "disc")


@dataclass(frozen=True, eq=False)
class Disc:
    """A disc of the sagittal segmentation: its middle (3,) and the centres of its voxels (n, 3), LPS mm."""

    name: str
    middle: Floats
    places: Floats


class Sagittal:
    """What a sagittal segmentation tells of the slices of the same patient; all in LPS mm."""

    def __init__(self, spine: Spine) -> None:
        self.spine = spine
        self._grid = Grid(spine.labels)
        self._parts = {one.structure: self._grid.part(one.structure.label) for one in spine.instances}

    @cached_property
    def discs(self) -> tuple[Disc, ...]:
        """The discs from the bottom upward."""
        found = [(one.name, part) for one, part in self._parts.items() if one.kind == "disc"]
        lps = self._grid.to_lps
        return tuple(Disc(name, lps(part.middle), lps(part.places)) for name, part in found)

    @cached_property
    def _line(self) -> tuple[Floats, Floats] | None:
        """Places along the canal and its directions there, each (n, 3)."""
        kinds = {kind: [part for one, part in self._parts.items() if one.kind == kind] for kind in ("disc", "vertebra")}
        canal = next((part for one, part in self._parts.items() if one.name == CANAL.name), None)
        line = centreline_of(canal, kinds["disc"], kinds["vertebra"])
        if line is None:
            return None
        places = self._grid.to_lps(line.places)
        return places, unit(self._grid.to_lps(line.places + line.tangents) - places)

    def tilt(self, one: AxialSlice) -> float | None:
        """Degrees between the normal of a slice and the canal where the slice crosses it; None where it does not."""
        if self._line is None:
            return None
        places, directions = self._line
        height = one.height(places)
        at = int(np.abs(height).argmin())
        if abs(height[at]) > 2.0:
            return None
        return _angle(one.plane.normal, directions[at])

    def disc_through(self, one: AxialSlice) -> str:
        """The name of the disc that a slice passes through, "" where it passes beside all."""
        for disc in self.discs:
            middle_height = float(one.height(disc.middle))
            if abs(middle_height) > _IN_SIGHT:
                continue
            aside = disc.places - disc.middle
            along = aside @ one.plane.normal
            central = np.linalg.norm(aside - along[:, None] * one.plane.normal, axis=1) < _BESIDE_CENTRE
            if central.any() and along[central].min() <= -middle_height <= along[central].max():
                return disc.name
        return ""


def named(
    slices: Sequence[AxialSlice],
    shapes: Mapping[int, SliceShape],
    sagittal: Sagittal | None,
    by_user: Mapping[str, int] | None,
) -> tuple[Represented, ...]:
    """The levels from below upward, each with the slice that represents it.

    `shapes` by the number of the slice. What the user names counts first. Raises InputError where what he names cannot
    be so, and where the sagittal segmentation and the slices do not meet.
    """
    if by_user:
        return _by_user(slices, by_user)
    if sagittal is not None:
        return _by_discs(slices, sagittal)
    return _by_block(slices, shapes)


def _by_user(slices: Sequence[AxialSlice], by_user: Mapping[str, int]) -> tuple[Represented, ...]:
    for level, number in by_user.items():
        if level not in _DISCS:
            raise InputError(f"{level} is no name of a disc; name a level as one of {', '.join(LOWEST_DISCS)}.")
        if not 1 <= number <= len(slices):
            raise InputError(f"{level} cannot be on slice {number}; the slices count from 1 below to {len(slices)}.")
    ordered = sorted(by_user, key=_DISCS.index)
    for lower, upper in pairwise(ordered):
        if by_user[lower] >= by_user[upper]:
            raise InputError(
                f"{upper} on slice {by_user[upper]} does not lie above {lower} on slice {by_user[lower]}; "
                "the slices count from below upward."
            )
    return tuple(Represented(level, by_user[level], "user") for level in ordered)


def _by_discs(slices: Sequence[AxialSlice], sagittal: Sagittal) -> tuple[Represented, ...]:
    found = []
    for disc in sagittal.discs:
        nearest = min(slices, key=lambda one: abs(float(one.height(disc.middle))))
        if abs(float(nearest.height(disc.middle))) <= _NEAR and _within(nearest, disc.middle):
            found.append(Represented(disc.name, nearest.number, "sagittal"))
    if not found:
        raise InputError(
            "no slice passes near a disc of the sagittal segmentation; give that of the same patient and visit."
        )
    return tuple(found)


def _within(one: AxialSlice, place: Floats) -> bool:
    """Whether a place lies above or below the pixels of a slice."""
    across, down = one.plane.mm_from_lps((place[0], place[1], place[2])) / one.plane.spacing
    rows, columns = one.labels.shape
    return bool(-0.5 <= across <= columns - 0.5 and -0.5 <= down <= rows - 0.5)


def _by_block(slices: Sequence[AxialSlice], shapes: Mapping[int, SliceShape]) -> tuple[Represented, ...]:
    blocks: dict[int, list[int]] = {}
    for one in slices:
        blocks.setdefault(one.block, []).append(one.number)
    if len(blocks) < 2:
        return ()
    whole = {block: [number for number in numbers if number in shapes] for block, numbers in blocks.items()}
    by: NamedBy = "block"
    return tuple(
        Represented(f"block {block}", (whole[block] or numbers)[len(whole[block] or numbers) // 2], by)
        for block, numbers in blocks.items()
    )


def tilts_by_sac(slices: Sequence[AxialSlice], shapes: Mapping[int, SliceShape]) -> dict[int, float]:
    """The tilt in degrees of the slices of each block that shows the sac in at least three, by their number.

    The canal's direction in a block is that of the straight line nearest to the middles of its sacs.
    """
    found: dict[int, float] = {}
    for block in sorted({one.block for one in slices}):
        seen = [one for one in slices if one.block == block and one.number in shapes]
        usual = float(np.median([shapes[one.number].sac_area for one in seen])) if seen else 0.0
        own = [one for one in seen if _ALIKE[0] * usual < shapes[one.number].sac_area < _ALIKE[1] * usual]
        if len(own) >= _FEWEST:
            middles = np.array([one.plane.mm_to_lps(shapes[one.number].sac_middle) for one in own])
            direction = np.linalg.svd(middles - middles.mean(axis=0))[2][0]
            found |= {one.number: _angle(one.plane.normal, direction) for one in slices if one.block == block}
    return found


def _angle(one: Floats, other: Floats) -> float:
    """Degrees between two lines of these directions, 0 to 90."""
    cosine = abs(float(one @ other)) / float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.degrees(np.arccos(min(1.0, cosine))))
