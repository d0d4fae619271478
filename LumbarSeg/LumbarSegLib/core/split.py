"""A semantic map taken apart into levels, counted from below and not yet named.

A level is a vertebra with the disc below it. Level 1 lies above the lowest plane of `column`, level 0 below it.
"""

from dataclasses import dataclass

import numpy as np

from LumbarSegLib.core.anatomy import SEMANTIC
from LumbarSegLib.core.arches import levels_behind
from LumbarSegLib.core.column import (
    CanalLine,
    Indices,
    Mask,
    Points,
    find_discs,
    front_wall,
    level_of,
    mend_discs,
    plane_of,
)
from LumbarSegLib.core.upright import Labels, Spacing

_ISLAND = 40.0  # mm3; smaller pieces go
_STRAY = 0.1  # part of the main piece of a body or disc; a smaller piece in front of or behind it goes
_WHOLE, _PART = 0.5, 0.05  # of the usual size of a body: less is no whole body, or no part of one

NO_LEVEL = 255


@dataclass(frozen=True)
class Split:
    """The level of each vertebra voxel and of each disc voxel (255: none), and the mask of the canal.

    `bottom` and `top` are the lowest and highest level with a vertebra, `lowest_disc` the lowest level whose disc was
    found, and `missing` the levels whose disc was not found though it must be there. Where there is no level at all,
    `top` is less than `bottom`.
    """

    vertebrae: Labels
    discs: Labels
    canal: Mask
    bottom: int
    top: int
    lowest_disc: int
    missing: tuple[int, ...]


def _without_specks(mask: Mask, voxel_mm3: float) -> Mask:
    """`mask` without pieces smaller than an island."""
    from skimage.measure import label

    pieces = label(mask, connectivity=1)
    large = np.bincount(pieces.ravel()) * voxel_mm3 >= _ISLAND
    large[0] = False
    return np.asarray(large[pieces])


def split(semantic: Labels, spacing: Spacing, cut_below: bool) -> Split:
    """Takes an upright semantic map (across, up, back; spacing in mm) apart. Without a disc it finds no level.

    `cut_below` tells whether the array ends with the image below.
    """
    voxel = float(np.prod(spacing))
    canal = _without_specks(semantic == SEMANTIC["canal"].label, voxel)
    disc_mask = _without_specks(semantic == SEMANTIC["disc"].label, voxel)
    vertebra_levels = np.full(semantic.shape, NO_LEVEL, dtype=np.uint8)
    disc_levels = vertebra_levels.copy()
    if not disc_mask.any():
        return Split(vertebra_levels, disc_levels, canal, 1, 0, 1, ())
    line = CanalLine(canal, disc_mask, spacing)
    discs, vertebrae = line.points(disc_mask), line.points(semantic == SEMANTIC["vertebra"].label)
    in_front = vertebrae.d < front_wall(line.points(canal), vertebrae.s)
    body, arch = vertebrae.where(in_front), vertebrae.where(~in_front)
    planes = mend_discs(find_discs(discs), body)
    found = [k for k, plane in enumerate(planes) if plane.count]
    levels = level_of(body, planes)
    bottom, top = _range(body, levels, (found[0] + 1, found[-1]), len(planes), cut_below)
    behind = np.maximum(levels_behind(arch, planes, semantic.shape, spacing), bottom)
    _write(vertebra_levels, arch, behind, behind <= top)
    body_kept = (levels >= bottom) & (levels <= top) & _without_strays(body, levels, semantic.shape)
    _write(vertebra_levels, body, levels, body_kept)
    owner = plane_of(discs, planes)
    _write(disc_levels, discs, owner + 1, (owner >= 0) & _without_strays(discs, owner + 1, semantic.shape))
    missing = tuple(k + 1 for k in range(len(planes)) if not planes[k].count and bottom < k + 1 <= top)
    return Split(vertebra_levels, disc_levels, canal, bottom, top, found[0] + 1, missing)


def _write(array: Labels, points: Points, level: Indices, keep: Mask) -> None:
    array[points.index] = np.where(keep, level, NO_LEVEL).astype(np.uint8)


def _range(body: Points, levels: Indices, between: tuple[int, int], count: int, cut_below: bool) -> tuple[int, int]:
    """The lowest and highest level with a body.

    Between the lowest and the highest disc found (`between`) every level has one. Above, any good part of a body
    counts. Below, where a network may take a piece of the sacrum for a vertebra, only a whole body does, or one
    that the border of the image cuts. A vertebra with no more than its arch in the image is none, as for SPIDER's
    readers: in 24 patients the least that they label is 0.07 of a body.
    """
    sizes = np.bincount(levels, minlength=count + 1)
    bottom, top = between
    inner = sizes[bottom : top + 1]
    usual = float(np.median(inner)) if len(inner) else float(sizes.max())
    while bottom > 0:
        at_border = cut_below and bool((body.index[1][levels == bottom - 1] < 2).any())
        if sizes[bottom - 1] < max(1.0, (_PART if at_border else _WHOLE) * usual):
            break
        bottom -= 1
    while top < count and sizes[top + 1] >= max(1.0, _PART * usual):
        top += 1
    return bottom, top


def _without_strays(points: Points, levels: Indices, shape: tuple[int, ...]) -> Mask:
    """False for small pieces that lie in front of or behind the main piece of their level."""
    from skimage.measure import label

    array = np.zeros(shape, dtype=np.uint8)
    array[points.index] = levels + 1
    piece = label(array, connectivity=1)[points.index]
    size = np.bincount(piece)
    depth = np.bincount(piece, points.d) / np.maximum(size, 1)
    keep = np.ones(len(size), dtype=bool)
    for level in np.unique(levels):
        own = np.unique(piece[levels == level])
        main = own[size[own].argmax()]
        front, back = np.percentile(points.d[piece == main], (1, 99))
        keep[own] = (size[own] >= _STRAY * size[main]) | ((depth[own] >= front) & (depth[own] <= back))
    return np.asarray(keep[piece])
