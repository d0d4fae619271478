"""A picture file of one axial slice: it has no place in the patient and no spacing, but can be segmented."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.dicom.pixels import Pixels
from LumbarSegLib.core.notes import with_notes
from LumbarSegLib.core.spacing import AXES, unspaced
from LumbarSegLib.errors import InputError

SIDES = "A picture does not tell the sides of the patient: his right is taken to be on its left."
READERS = ("PNGImageIO", "JPEGImageIO", "TIFFImageIO", "BMPImageIO")
"""ITK's names of the formats that are pictures."""


def read_picture(path: Path) -> sitk.Image:
    """The picture as one axial slice: unspaced (`core.spacing`), columns to the patient's left, rows to the back.

    What a file says of dots per inch is no spacing in the patient and is not read. Raises InputError for damaged
    files, several pages, colour, and grey values with opacity, which SimpleITK does not read.
    """
    try:
        picture = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise InputError(f"{path.name}: {_reason(str(error))}") from error
    if picture.GetDimension() != 2:
        raise InputError(f"{path.name}: the picture has several pages; give one slice at a time, or the DICOM series.")
    image = unspaced(sitk.GetImageFromArray(_grey(sitk.GetArrayFromImage(picture), path.name)[None]), AXES)
    return with_notes(image, [SIDES])


def _reason(message: str) -> str:
    if "Unknown PixelType" in message:
        return "the picture holds opacity beside its grey values; save it without."
    return "the file is damaged or incomplete; copy it or export the image again."


def _grey(values: Pixels, name: str) -> Pixels:
    """The one channel of a grey picture, without its opacity."""
    if values.ndim == 2:
        return values
    colours = values[..., :3]
    if (colours != colours[..., :1]).any():
        raise InputError(f"{name}: the picture is in colour; give a grey-scale one, or the DICOM series.")
    return np.ascontiguousarray(colours[..., 0])
