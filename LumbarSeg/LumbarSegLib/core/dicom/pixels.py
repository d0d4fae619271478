"""The pixels of slices, decoded file by file, so that one that cannot be read does not take the others with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core.dicom.slices import Slice

Pixels = NDArray[Any]


def decoded(slices: Sequence[Slice]) -> tuple[list[Slice], list[Pixels], list[Path]]:
    """The slices whose files can be read, the pixels of each, shape (rows, columns), and the files that cannot."""
    read, pixels, damaged = [], [], []
    for file in dict.fromkeys(one.file for one in slices):
        of_file = [one for one in slices if one.file == file]
        try:
            frames = sitk.GetArrayFromImage(sitk.ReadImage(str(file)))
            chosen = [frames[one.frame] for one in of_file]
        except (RuntimeError, IndexError):
            damaged.append(file)
            continue
        read += of_file
        pixels += chosen
    return read, pixels, damaged


def stacked(pixels: Sequence[Pixels]) -> sitk.Image:
    """The slices as one image, its geometry still unset; 32 bit float where files scale their values differently."""
    same = len({one.dtype for one in pixels}) == 1
    values = np.stack(pixels if same else [one.astype(np.float32) for one in pixels])
    return sitk.GetImageFromArray(values, isVector=values.ndim == 4)
