"""The vertebrae of one radiograph as they are read from its pixels: their corners, or why they have none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from LumbarSegLib.core.levels import Instance
from LumbarSegLib.core.measure.axial.contour import main_piece
from LumbarSegLib.core.measure.outline import Floats
from LumbarSegLib.core.measure.radiograph.corners import Corners, find_corners
from LumbarSegLib.core.measure.radiograph.frame import Frame
from LumbarSegLib.core.memo import Memo

_CUT = "The border of the image cuts {}."
_UPWARD = (0.0, -1.0)


@dataclass(frozen=True, eq=False)
class Shapes:
    """What was read, by vertebra; places in the picture.

    `corners` of those that have four, `reasons` in a sentence of the others. `middles` (2,) are those of the largest
    pieces, `apart` the share of each vertebra that lies apart from it.
    """

    corners: Mapping[str, Corners]
    reasons: Mapping[str, str]
    middles: Mapping[str, Floats]
    apart: Mapping[str, float]

    def landmarks(self, frame: Frame) -> dict[str, Floats]:
        """The corners by name ("L3.superior_left")."""
        return {
            f"{name}.{end}": place
            for name, shape in self.corners.items()
            for end, place in zip(frame.ends, shape.places, strict=True)
        }


@dataclass(frozen=True, eq=False)
class _Piece:
    """The largest piece of a vertebra, the place of its first pixel in the picture, and its middle there."""

    mask: NDArray[np.bool_]
    start: Floats
    middle: Floats
    apart: float


def shapes_of(frame: Frame, instances: Sequence[Instance], digests: Mapping[int, str], memo: Memo) -> Shapes:
    """The shapes of vertebrae, from the bottom upward; those that did not change come from `memo`."""
    boxes = find_objects(frame.labels)
    pieces: dict[str, _Piece] = {}
    for one in instances:
        value = one.structure.label
        read = partial(_piece, frame, boxes[value - 1], value)
        pieces[one.structure.name] = memo.of(("piece", digests[value]), read)
    names = list(pieces)
    found: dict[str, Corners | str] = {}
    for k, one in enumerate(instances):
        name = one.structure.name
        if one.partly_visible:
            found[name] = _CUT.format(name)
            continue
        lower, upper = (pieces[names[at]].middle for at in (max(k - 1, 0), min(k + 1, len(names) - 1)))
        way = (float(upper[0] - lower[0]), float(upper[1] - lower[1])) if len(names) > 1 else _UPWARD
        key = ("corners", digests[one.structure.label], way)
        found[name] = memo.of(key, partial(_corners, frame, pieces[name], name, way))
    return Shapes(
        corners={name: one for name, one in found.items() if isinstance(one, Corners)},
        reasons={name: one for name, one in found.items() if isinstance(one, str)},
        middles={name: piece.middle for name, piece in pieces.items()},
        apart={name: piece.apart for name, piece in pieces.items()},
    )


def _piece(frame: Frame, box: tuple[slice, slice], value: int) -> _Piece:
    mask, apart = main_piece(frame.labels[box] == value)
    start = np.array([box[1].start, box[0].start]) * np.array(frame.plane.spacing)
    rows, columns = np.nonzero(mask)
    middle = start + np.array([columns.mean(), rows.mean()]) * frame.plane.spacing
    return _Piece(mask, start, middle, apart)


def _corners(frame: Frame, piece: _Piece, name: str, up: tuple[float, float]) -> Corners | str:
    found = find_corners(piece.mask, frame.plane.spacing, name, np.array(up))
    if isinstance(found, str):
        return found
    return replace(found, places=found.places + piece.start, outline=found.outline + piece.start)
