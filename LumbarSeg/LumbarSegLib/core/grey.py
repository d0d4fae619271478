"""The grey values of a picture that may hold them in colour channels."""

import numpy as np

from LumbarSegLib.core.dicom.pixels import Pixels
from LumbarSegLib.errors import InputError

_TINT = 24 / 255  # of the brightest value; photographs of films and lossy compression part the channels so far
_COLOURED = 0.02  # of the pixels; a coloured mark on a film covers no more


def grey_of(values: Pixels, name: str, tinted: bool = False) -> Pixels:
    """One channel of pixels (rows, columns) or (rows, columns, channels), without their opacity.

    Channels must be equal, or with `tinted` alike but for a few pixels, as in a scanned film with a coloured mark; then
    they are averaged. Raises InputError, beginning with `name`, for a picture in colour.
    """
    if values.ndim == 2:
        return values
    colours = values[..., :3]
    if (colours == colours[..., :1]).all():
        return np.ascontiguousarray(colours[..., 0])
    spread = np.ptp(colours.astype(np.float32), axis=-1)
    if tinted and np.mean(spread > _TINT * max(float(colours.max()), 1.0)) <= _COLOURED:
        return np.rint(colours.mean(-1)).astype(values.dtype)
    raise InputError(f"{name}: the picture is in colour; give a grey-scale one, or the DICOM series.")
