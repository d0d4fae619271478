"""Pictures without a place in the patient (PNG, JPEG): their grey values, and an image of one slice from them."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from PIL import Image

from training.errors import TrainingError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


def size_of(path: Path) -> tuple[int, int]:
    """The (rows, columns) of a picture, read from its header alone. Raises TrainingError if it is none."""
    try:
        with Image.open(path) as picture:
            columns, rows = picture.size
    except OSError as error:
        raise _damaged(path) from error
    return rows, columns


def read_grey(path: Path) -> NDArray[np.uint8 | np.uint16]:
    """A grey picture of 8 to 16 bits as (rows, columns); one in colour or with a palette is taken as grey only if all
    its channels are equal.

    Raises TrainingError for a damaged file, real colours, and values beyond 16 bits.
    """
    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB") if picture.mode in ("P", "PA", "1") else picture)
    except OSError as error:
        raise _damaged(path) from error
    if pixels.ndim == 3:
        pixels = _without_colour(pixels, path)
    if pixels.dtype in (np.uint8, np.uint16):
        return pixels
    if pixels.dtype.kind not in "iu" or pixels.min() < 0 or pixels.max() > np.iinfo(np.uint16).max:
        raise TrainingError(f"{path.name} has values beyond 16 bits; export it as a grey picture of 8 to 16 bits.")
    return pixels.astype(np.uint16)


def read_colours_as_grey(path: Path) -> NDArray[np.uint8 | np.uint16]:
    """Like `read_grey`, but the channels of a picture in colour are averaged."""
    try:
        with Image.open(path) as picture:
            if picture.mode not in ("RGB", "RGBA"):
                return read_grey(path)
            colours = np.asarray(picture.convert("RGB"), np.float32)
    except OSError as error:
        raise _damaged(path) from error
    return np.rint(colours.mean(2)).astype(np.uint8)


def one_slice(
    pixels: NDArray[np.uint8 | np.uint16], spacing_mm: tuple[float, float], thickness_mm: float = 1.0
) -> sitk.Image:
    """Pixels (rows, columns) as a 3D image of one slice, `spacing_mm` being that of (rows, columns)."""
    image = sitk.GetImageFromArray(pixels[np.newaxis])
    image.SetSpacing((spacing_mm[1], spacing_mm[0], thickness_mm))
    return image


def _without_colour(pixels: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    """Drop a fourth channel, the transparency, and with two channels the second; the rest must be equal."""
    channels = pixels[..., : 1 if pixels.shape[2] == 2 else 3]
    if (channels != channels[..., :1]).any():
        raise TrainingError(f"{path.name} has colours; export it as a grey picture.")
    return np.ascontiguousarray(channels[..., 0])


def _damaged(path: Path) -> TrainingError:
    if not path.is_file():
        return TrainingError(f"There is no file {path}.")
    return TrainingError(f"{path.name} is damaged or no picture; copy or export it again.")
