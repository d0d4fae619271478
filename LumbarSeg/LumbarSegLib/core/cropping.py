"""The region of a stack in which the spine lies: where there is signal, as one piece, without air and dark margins."""

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

_GRID_MM = 3.0
_LEVEL = 0.35  # of Otsu's threshold, which tells the fat of the back from all else; the spine is above this part of it
_GAP_MM = 15.0  # of no signal, as discs, cortex and air in the bowel, that does not part a piece
_MARGIN_MM = 10.0


def spine_region(stack: NDArray[np.float32], spacing: Sequence[float]) -> tuple[slice, slice, slice]:
    """The box around the largest connected region with signal, as slices of the stack (slices, rows, columns) in 0..1.

    `spacing` is in mm, in the same order. All of the stack where nothing stands out.
    """
    spacings = np.array(spacing)
    steps = np.maximum(1, np.round(_GRID_MM / spacings)).astype(int)
    coarse = ndimage.uniform_filter(stack, steps)[:: steps[0], :: steps[1], :: steps[2]]
    piece = _largest_piece(_with_signal(coarse, steps * spacings))
    if piece is None:
        return slice(0, stack.shape[0]), slice(0, stack.shape[1]), slice(0, stack.shape[2])
    margins = np.ceil(_MARGIN_MM / spacings).astype(int)
    slices, rows, columns = (
        slice(max(0, int(seen.start * step - margin)), min(count, int(seen.stop * step + margin)))
        for seen, step, margin, count in zip(piece, steps, margins, stack.shape, strict=True)
    )
    return slices, rows, columns


def _with_signal(coarse: NDArray[np.float32], spacings: NDArray[np.float64]) -> NDArray[np.bool_]:
    otsu = sitk.OtsuThresholdImageFilter()
    otsu.Execute(sitk.GetImageFromArray(coarse))
    bright = coarse > _LEVEL * otsu.GetThreshold()
    specks = np.ones([3 if count > 2 else 1 for count in coarse.shape], bool)
    reach = np.round(0.5 * _GAP_MM / spacings).astype(int)
    room = [(int(count), int(count)) for count in reach]
    opened = np.pad(ndimage.binary_opening(bright, specks), room)
    inner = tuple(slice(before, before + count) for (before, _), count in zip(room, coarse.shape, strict=True))
    closed: NDArray[np.bool_] = ndimage.binary_closing(opened, np.ones(2 * reach + 1, bool))[inner]
    return closed


def _largest_piece(signal: NDArray[np.bool_]) -> tuple[slice, ...] | None:
    pieces, count = ndimage.label(signal)
    if count == 0:
        return None
    largest = int(np.bincount(pieces[signal]).argmax())
    found: tuple[slice, ...] = ndimage.find_objects(pieces, largest)[largest - 1]
    return found
