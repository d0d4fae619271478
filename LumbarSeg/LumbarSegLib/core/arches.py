"""Posterior elements: which vertebra each piece of arch, spinous or articular process belongs to.

In a narrow sagittal stack the pedicles lie outside, so that nothing joins a spinous process to its body; in a
wide one the facet joints join it to the next vertebra. So the place decides first: behind the canal, the stretch
of a vertebra runs from the middle of its body to the middle of the next body below. A piece that lies in one
stretch goes there whole, by its part next to the canal; a piece that covers several is cut where it is thin.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects, label

from LumbarSegLib.core.column import CANAL_TO_DISC, STEP, DiscPlane, Doubles, Indices, Points
from LumbarSegLib.core.upright import Spacing

_LAMINA_END = 28.0  # d behind which there is the tip of a spinous process, which may hang down to the next level
_PEDICLE, _LAMINA = 4.0, 13.0  # d between which the stretches sink from the discs to the middles of the bodies
_SINK = 0.5  # how far they sink, in steps from disc to disc
_SMALL = 300.0  # mm3; less of a piece decides nothing
_SHARED = 0.15  # a piece with a larger part than this outside its main stretch is cut
_RIM = 0.15  # part of the largest core; a smaller one is but the rim of a process that hangs down
_CORE = 0.3  # what lies farther than this (in steps) from the ends of a stretch is surely in it


def levels_behind(arch: Points, planes: list[DiscPlane], shape: tuple[int, ...], spacing: Spacing) -> Indices:
    """The level of each vertebra voxel behind the front wall of the canal, counted as `column.level_of` does.

    Arches whose body lies above the image get the level above the highest disc's, one more than any body has.
    """
    place = _place(arch, planes)
    top = len(planes) + 1
    level = np.clip(np.floor(place), 0, top).astype(np.intp)
    mask = np.zeros(shape, dtype=bool)
    mask[arch.index] = True
    pieces, count = label(mask)
    piece = pieces[arch.index]
    lamina = np.bincount(piece, arch.d < _LAMINA_END, minlength=count + 1) * np.prod(spacing) > _SMALL
    votes = (arch.d < _LAMINA_END) | ~lamina[piece]
    shares = np.zeros((count + 1, top + 1))
    np.add.at(shares, (piece[votes], level[votes]), 1.0)
    total = shares.sum(axis=1)
    mixed = (total - shares.max(axis=1)) > np.maximum(_SHARED * total, _SMALL / np.prod(spacing))
    level = np.asarray(shares.argmax(axis=1)[piece])
    boxes = find_objects(pieces)
    for number in np.flatnonzero(mixed):
        own = piece == number
        level[own] = _cut(arch.where(own), place[own], boxes[number - 1], top, spacing)
    return level


def _place(arch: Points, planes: list[DiscPlane]) -> Doubles:
    """Where each voxel lies, counted in stretches from below: 1.5 is the middle of the one above the lowest disc."""
    heights = np.array([plane.height + CANAL_TO_DISC * plane.tilt_back for plane in planes])
    steps = np.diff(heights) if len(heights) > 1 else np.array([STEP])
    below, above = heights[0] - steps[0], heights[-1] + steps[-1]
    nodes = np.concatenate([[below - steps[0], below], heights, [above, above + steps[-1]]])
    along = np.interp(arch.s, nodes, np.arange(-1.0, len(nodes) - 1))
    sink = np.clip((arch.d - _PEDICLE) / (_LAMINA - _PEDICLE), 0.0, 1.0) * _SINK
    return np.asarray(along + sink)


def _cut(arch: Points, place: Doubles, box: tuple[slice, ...], top: int, spacing: Spacing) -> NDArray[np.intp]:
    """Levels within one piece: grown from what is surely in each stretch, meeting where the piece is thin."""
    from skimage.segmentation import watershed  # measuring does without it, in Slicer's Python, where it is not

    index = tuple(axis - part.start for axis, part in zip(arch.index, box, strict=True))
    shape = tuple(part.stop - part.start for part in box)
    mask, seeds = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int32)
    mask[index] = True
    level = np.clip(np.floor(place), 0, top).astype(np.int32)
    sure = (arch.d < _LAMINA_END) & (np.abs(place - level - 0.5) < 0.5 - _CORE)
    size = np.bincount(level[sure], minlength=top + 1)
    sure &= (size >= _RIM * size.max())[level]
    seeds[index] = np.where(sure, level + 1, 0)
    depth = distance_transform_edt(np.pad(mask, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    grown = watershed(-depth, seeds, mask=mask)[index]
    return np.where(grown > 0, grown - 1, level).astype(np.intp)
