"""A spine as it is seen from the side: SPIDER's masks projected across the slices, bodies apart from arches.

Maps are (rows, columns) on the slices' own pixels: rows run to inferior, columns to posterior. Places are (row, column)
in pixels of these maps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import polygon

from LumbarSegLib.core import levels
from LumbarSegLib.core.measure.bodies import place_body
from LumbarSegLib.core.measure.grid import Floats, Grid, Part
from LumbarSegLib.core.measure.shapes import Shapes, shapes_of
from LumbarSegLib.core.memo import Memo

_ABOVE = 800  # rows that are added above, for the thoracic spine
_BODY_WIDE = 46.0  # mm across, of which the slices show the middle
_ARCH_TIMES = 2.2  # the pedicles and joints lie beside the slices
_HALF = 0.5  # of the slices that show most of a structure; a pixel that fewer show is outside of it
_ENDS = ("superior_anterior", "superior_posterior", "inferior_posterior", "inferior_anterior")
_REACH_PX = 160  # around the middle of a vertebra; its spinous process lies within
_CLOSED_PX = 5  # between a disc and its endplates


@dataclass(frozen=True, eq=False)
class SideView:
    """A spine from the side. `bodies` numbers the bodies from 1 upward, named by `names`; `thick_mm` is how much bone
    of bodies a ray passes, `arch_mm` the same for arches; `spaces` are the disc spaces.

    `corners` (4, 2) of the bodies that are seen whole: superior anterior, superior posterior, inferior posterior,
    inferior anterior. `sacral` (2, 2) is the endplate of S1 from front to back. Above the row `top` nobody has marked
    anything.
    """

    pixel_mm: float
    names: tuple[str, ...]
    bodies: NDArray[np.uint8]
    thick_mm: Floats
    arch_mm: Floats
    spaces: NDArray[np.bool_]
    corners: Mapping[str, Floats]
    sacral: Floats
    top: int


def side_view(classes: sitk.Image) -> SideView:
    """Project the classes of a SPIDER stack."""
    spine = levels.find_levels(classes)
    grid = Grid(spine.labels)
    parts = {one.structure.name: grid.part(one.structure.label) for one in spine.instances}
    shapes = shapes_of(spine, parts, Memo())
    landmarks = shapes.landmarks()
    names = tuple(one.structure.name for one in spine.instances if one.structure.kind == "vertebra")
    size = grid.labels.shape[1:]
    bodies = np.zeros(size, np.uint8)
    thick, arches = np.zeros((2, *size))
    for number, name in enumerate(names, 1):
        body, arch = _apart(name, parts, shapes, grid)
        seen = _outline(body)
        bodies[seen] = number
        thick += np.where(seen, _rounded(seen), 0.0) * _BODY_WIDE
        arches += arch.sum(0) * grid.spacing[0] * _ARCH_TIMES
    values = [one.structure.label for one in spine.instances if one.structure.kind == "disc"]
    discs = [_outline(grid.labels == value) for value in values]
    spaces = np.any(discs, 0)
    near = ndimage.binary_closing(spaces | (bodies > 0), np.ones((_CLOSED_PX, 1)))
    spaces = (near | spaces) & (bodies == 0)
    whole = [name for name in names if f"{name}.{_ENDS[0]}" in landmarks]
    corners = {name: _flat([landmarks[f"{name}.{end}"] for end in _ENDS], grid) for name in whole}
    sacral = _sacral(discs[0])
    marked = np.flatnonzero(spaces.any(1) | (bodies > 0).any(1))
    view = SideView(float(grid.spacing[1]), names, bodies, thick, arches, spaces, corners, sacral, int(marked[0]))
    return _with_rows_above(view)


def _flat(places: list[Floats], grid: Grid) -> Floats:
    return np.array([place[1:] / grid.spacing[1:] for place in places])


def _apart(name: str, parts: Mapping[str, Part], shapes: Shapes, grid: Grid) -> tuple[NDArray[np.bool_], ...]:
    """Body and arch of a vertebra (slices, rows, columns); one that the border cuts is parted in front of the canal."""
    part, canal = parts[name], parts.get("Spinal canal")
    whole = np.zeros(grid.labels.shape, bool)
    body = whole.copy()
    _lay(part, part.mask, whole)
    placed = place_body(part, canal, shapes.centreline) if shapes.centreline is not None else ""
    if not isinstance(placed, str):
        _lay(part, placed.part.mask, body)
        return body, whole & ~body
    columns = np.flatnonzero(whole.any((0, 1)))
    front = columns[-1] + 1
    if canal is not None:
        behind = np.zeros(grid.labels.shape, bool)
        _lay(canal, canal.mask, behind)
        seen = behind[:, whole.any((0, 2))].any((0, 1))
        front = int(np.flatnonzero(seen)[0]) if seen.any() else front
    body[:, :, :front] = whole[:, :, :front]
    return body, whole & ~body


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What half of the slices show that show a structure best; it may lie beside the middle ones."""
    count = mask.sum(0)
    most = np.percentile(count[count > 0], 90) if count.any() else 1
    return count >= np.maximum(1, _HALF * most)


def _sacral(disc: NDArray[np.bool_]) -> Floats:
    """The front and the back end of the lower border of the lowest disc."""
    places = np.argwhere(disc).astype(float)
    middle = places.mean(0)
    along = np.linalg.svd(places - middle, full_matrices=False)[2][0]
    along = along * np.sign(along[1])
    down = np.array([along[1], -along[0]])
    place, depth = (places - middle) @ along, (places - middle) @ down
    ends = np.percentile(place, [3, 97])
    return middle + ends[:, None] * along + np.percentile(depth, 95) * down


def _lay(part: Part, mask: NDArray[np.bool_], volume: NDArray[np.bool_]) -> None:
    start = np.round(part.start / part.spacing).astype(int)
    places = np.argwhere(mask) + start
    volume[tuple(places.T)] = True


def _rounded(seen: NDArray[np.bool_]) -> Floats:
    """How wide a body is where a ray passes it, 0 at its front and back wall to 1 in its middle."""
    count = seen.sum(1, keepdims=True)
    across = (np.cumsum(seen, 1) - 0.5) / np.maximum(count, 1)
    return np.sqrt(np.clip(1 - (2 * across - 1) ** 2, 0.0, 1.0)) ** 0.8


def _with_rows_above(view: SideView) -> SideView:
    def padded(one: NDArray[Any]) -> NDArray[Any]:
        return np.pad(one, ((_ABOVE, 0), (0, 0)))

    moved = np.array([_ABOVE, 0])
    return replace(
        view,
        bodies=padded(view.bodies),
        thick_mm=padded(view.thick_mm),
        arch_mm=padded(view.arch_mm),
        spaces=padded(view.spaces),
        corners={name: places + moved for name, places in view.corners.items()},
        sacral=view.sacral + moved,
        top=view.top + _ABOVE,
    )


def lengthened(view: SideView, count: int, random: np.random.Generator) -> SideView:
    """The same spine with `count` thoracic vertebrae more, which repeat its uppermost whole one: smaller from one to
    the next and bent forward, as a whole spine from the side is.
    """
    last = list(view.corners)[-1]
    source = view.corners[last]
    number = view.names.index(last) + 1
    whole = replace(
        view,
        bodies=np.where(view.bodies <= number, view.bodies, 0).astype(np.uint8),
        thick_mm=np.where(view.bodies <= number, view.thick_mm, 0.0),
        spaces=view.spaces.copy(),
        arch_mm=view.arch_mm.copy(),
        names=view.names[:number],
    )
    above = int(source[:2, 0].min())
    for one in (whole.spaces, whole.arch_mm):
        one[:above] = 0
    corners = dict(view.corners)
    unit = _unit(view, number, source)
    bend, shrink = random.uniform(1.5, 4.0), random.uniform(0.965, 0.985)
    gap = random.uniform(0.14, 0.26)
    middle, up = source.mean(0), _up(source)
    angle, scale = 0.0, 1.0
    height = np.linalg.norm(source[:2].mean(0) - source[2:].mean(0))
    below = source
    for step in range(1, count + 1):
        reach = height * scale * (1 + gap) / 2
        middle = middle + up * reach
        angle, scale = angle + np.deg2rad(bend), scale * shrink
        up = _turned(_up(source), angle)
        middle = middle + up * height * scale * (1 + gap) / 2
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turn = turn if np.dot(turn @ _up(source), up) > 0 else turn.T
        placed = (source - source.mean(0)) @ turn.T + middle
        if placed.min() < 5 or placed[:, 1].max() > view.bodies.shape[1] - 5:
            break
        _repeat(whole, unit, source.mean(0), turn, middle, number + step)
        ring = np.concatenate([placed[[3, 2]], below[[1, 0]]])
        rows, columns = polygon(ring[:, 0], ring[:, 1], whole.bodies.shape)
        whole.spaces[rows, columns] |= whole.bodies[rows, columns] == 0
        corners[f"+{step}"] = placed
        below = placed
    names = (*whole.names, *(name for name in corners if name.startswith("+")))
    return replace(whole, names=names, corners=corners, top=int(below[:2, 0].min()))


def _up(corners: Floats) -> Floats:
    up = corners[:2].mean(0) - corners[2:].mean(0)
    return np.asarray(up / np.linalg.norm(up))


def _turned(direction: Floats, angle: float) -> Floats:
    """A direction (row, column) turned forward, which is to the left for one that points up."""
    row, column = direction
    return np.array([np.cos(angle) * row + np.sin(angle) * column, -np.sin(angle) * -row + np.cos(angle) * column])


def _unit(view: SideView, number: int, corners: Floats) -> tuple[Floats, ...]:
    """Where one body is, its bone and that of the arch behind it."""
    rows = np.arange(view.bodies.shape[0])[:, None]
    height = corners[2:, 0].mean() - corners[:2, 0].mean()
    here = (rows > corners[:2, 0].mean()) & (rows < corners[2:, 0].mean() + 0.5 * height)
    seen = view.bodies == number
    return seen.astype(float), np.where(seen, view.thick_mm, 0.0), np.where(here, view.arch_mm, 0.0)


def _repeat(view: SideView, unit: tuple[Floats, ...], origin: Floats, turn: Floats, place: Floats, number: int) -> None:
    inverse = np.linalg.inv(turn)
    low = np.maximum(place.astype(int) - _REACH_PX, 0)
    box = tuple(slice(first, first + 2 * _REACH_PX) for first in low)
    size = view.bodies[box].shape
    offset = origin + inverse @ (low - place)
    seen, body, arch = (ndimage.affine_transform(one, inverse, offset, size, order=1) for one in unit)
    view.bodies[box][(seen > _HALF) & (view.bodies[box] == 0)] = number
    for one, added in ((view.thick_mm, body), (view.arch_mm, arch)):
        np.maximum(one[box], added, out=one[box])
