"""The vertebral body: apart from its arch, cut in its mid-sagittal plane, with its outline and six landmarks.

Coordinates are local: mm to the right, down and to the back of the stack.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from LumbarSegLib.core.measure.centreline import Centreline
from LumbarSegLib.core.measure.corners import find_corners
from LumbarSegLib.core.measure.grid import Floats, Mask, Part, Plane, steady
from LumbarSegLib.core.measure.outline import area, outlines

_STEP = 0.5  # mm between the samples of a plane
_SMOOTHING = 0.7  # mm, or the larger in-plane spacing: as much as levels the steps of the voxels
_SLAB = (-4.5, -3.0, -1.5, 0.0, 1.5, 3.0, 4.5)  # mm across: planes that are averaged, against steps and noise of voxels
_MARGIN = 4.0  # mm around the body in its plane
_CANAL_NEAR = 12.0  # mm above and below the middle of the body, where the front of its canal is looked for
_CANAL_FRONT = 7.0  # mm in front of the centreline, where the canal says nothing
_WALL = 0.1  # mm; steps of the plane that parts body and arch, so that an edit far away leaves it as it is
_BODY_BEHIND = 20.0  # mm behind the middles of the discs, where there is no canal: the posterior wall and a little
_SAMPLE = 500  # voxels that tell where a vertebra lies
_SMALL = 150.0  # mm2; the outline of a lumbar body is around 800
_PIECE = 0.25  # of the area of the outline; a second outline as large means that the body lies in pieces

_NOT_IN_FRONT = "No body was found in front of the canal."
_CUT = "The border of the image cuts the body."
_IN_PIECES = "The body lies in pieces."
_NOT_IN_PLANE = "The body does not reach the mid-sagittal plane."

_CORNERS = ("superior_anterior", "superior_posterior", "inferior_posterior", "inferior_anterior")
_MIDDLES = ("superior_middle", "inferior_middle")


@dataclass(frozen=True, eq=False)
class BodyShape:
    """One vertebral body.

    `plane` is its mid-sagittal plane, across to the back and along upward. `contour` (n, 3) is its outline there, in
    local coordinates as all `landmarks`, which are named without the level ("superior_anterior"). `center` (3,) is the
    middle of its voxels.

    For the quality of it: `apart_mm` is how far the two readings of a corner part at most, `turned_degrees` the same
    for the two readings of an endplate, `island_share` the share of its voxels that lies apart,
    `cut_at_side` whether the first or last slice cuts the body, so that its middle across is not known.
    """

    plane: Plane
    contour: Floats
    landmarks: Mapping[str, Floats]
    center: Floats
    volume_mm3: float
    apart_mm: float
    turned_degrees: float
    island_share: float
    cut_at_side: bool


@dataclass(frozen=True, eq=False)
class PlacedBody:
    """A body apart from its arch, and its mid-sagittal plane."""

    part: Part
    plane: Plane

    @property
    def key(self) -> tuple[str, bytes]:
        """Tells what `body_of` reads from it."""
        return self.part.digest, self.plane.key


def place_body(part: Part, canal: Part | None, centreline: Centreline) -> PlacedBody | str:
    """Where the body of the vertebra `part` is and how to cut it, or a sentence that says why it has no landmarks."""
    index = _beside(part, centreline)
    body = _without_arch(part, canal, centreline, index)
    if not body.mask.any():
        return _NOT_IN_FRONT
    if _is_cut(body):
        return _CUT
    plane = _mid_sagittal(body, centreline, index).steady(body.middle)
    return PlacedBody(body, plane)


def body_of(placed: PlacedBody) -> BodyShape | str:
    """The shape of a body, or a sentence that says why it has no landmarks."""
    body, plane = placed.part, placed.plane
    smoothing = max(_SMOOTHING, *body.spacing[1:])
    found = [one for one in _section(body, plane, smoothing) if abs(area(one)) > _SMALL]
    if not found:
        return _NOT_IN_PLANE
    if len(found) > 1 and abs(area(found[1])) > _PIECE * abs(area(found[0])):
        return _IN_PIECES
    corners = find_corners(found[0], smoothing)
    if isinstance(corners, str):
        return corners
    flat = dict(zip(_CORNERS + _MIDDLES, [*corners.places, *corners.middles], strict=True))
    return BodyShape(
        plane=plane,
        contour=plane.places(found[0]),
        landmarks={name: plane.places(place) for name, place in flat.items()},
        center=body.middle,
        volume_mm3=body.volume_mm3,
        apart_mm=float(corners.apart_mm.max()),
        turned_degrees=float(np.abs(corners.turned[[0, 2]]).max()),
        island_share=body.share_apart,
        cut_at_side=body.touches_side(),
    )


def _beside(part: Part, centreline: Centreline) -> int:
    """The place on the centreline beside the middle of the body."""
    places = part.places[:: max(1, len(part.places) // _SAMPLE)]
    nearest = centreline.nearest(places)
    behind = ((places - centreline.places[nearest]) * centreline.backs[nearest]).sum(axis=1)
    front = places[behind < (0.0 if centreline.of_canal else _BODY_BEHIND)]
    return int(centreline.nearest((front if len(front) else places).mean(axis=0))[0])


def _without_arch(part: Part, canal: Part | None, centreline: Centreline, index: int) -> Part:
    """What lies in front of the front wall of the canal."""
    origin = centreline.places[index]
    up, back, _ = centreline.frame(index)
    front = _BODY_BEHIND
    if centreline.of_canal:
        front = -_CANAL_FRONT
        if canal is not None:
            rows = np.abs(canal.places[:, 1] - origin[1]) < 3 * _CANAL_NEAR  # most lie farther away
            away = canal.places[rows] - origin
            near = away[np.abs(away @ up) < _CANAL_NEAR] @ back
            front = float(np.percentile(near, 10)) if len(near) else front
    wall = (origin + front * back - part.start) @ steady(back)
    return part.only(part.mask & _below(part, steady(back), round(float(wall) / _WALL) * _WALL))


def _below(part: Part, direction: Floats, most: float) -> Mask:
    """Which voxels of the crop lie less than `most` mm from the first one along a direction."""
    index = np.ogrid[tuple(slice(size) for size in part.mask.shape)]
    across, down, back = (k * spacing * d for k, spacing, d in zip(index, part.spacing, direction, strict=True))
    return np.asarray(back < most - across - down)


def _is_cut(body: Part) -> bool:
    """Whether the border of the image cuts the body above, below or in front."""
    low, high = body.bounds
    at_start, at_end = low < body.spacing / 2, high > body.size_mm - body.spacing / 2
    return bool(at_start[1] or at_start[2] or at_end[1])


def _mid_sagittal(body: Part, centreline: Centreline, index: int) -> Plane:
    """Through the centreline, along it, and through the middle of the body.

    Where the first or last slice cuts the body its middle is not known; the centreline's own direction stands for it.
    """
    origin = centreline.places[index]
    up, back, _ = centreline.frame(index)
    if centreline.of_canal and not body.touches_side():
        away = origin - body.middle
        away -= (away @ up) * up
        back = away / np.linalg.norm(away)
    return Plane(origin, across=back, along=up)


def _section(body: Part, plane: Plane, smoothing_mm: float) -> list[Floats]:
    """The outlines (n, 2) of a body in a plane, in its coordinates, the largest first."""
    flat = plane.flat(body.places)
    low, high = flat.min(axis=0) - _MARGIN, flat.max(axis=0) + _MARGIN
    across, along = (np.arange(a, b, _STEP) for a, b in zip(low, high, strict=True))
    places = plane.places(np.stack(np.meshgrid(across, along, indexing="ij"), axis=-1))
    mask = body.mask.astype(np.float32)
    slab = [body.sample(mask, places + offset * plane.normal) for offset in _SLAB]
    field = gaussian_filter(np.mean(slab, axis=0), smoothing_mm / _STEP)
    return [one * _STEP + low for one in outlines(field)]
