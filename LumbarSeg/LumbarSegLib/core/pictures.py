"""A picture file of one axial slice or of a radiograph: it has no place in the patient and no spacing, but can be
segmented.
"""

from pathlib import Path

import SimpleITK as sitk

from LumbarSegLib.core import projection
from LumbarSegLib.core.grey import grey_of
from LumbarSegLib.core.notes import with_notes
from LumbarSegLib.core.spacing import AXES, unspaced
from LumbarSegLib.errors import InputError

SIDES = "A picture does not tell the sides of the patient: his right is taken to be on its left."
READERS = ("PNGImageIO", "JPEGImageIO", "TIFFImageIO", "BMPImageIO")
"""ITK's names of the formats that are pictures."""


def read_picture(path: Path, radiograph: bool = False) -> sitk.Image:
    """The picture as one axial slice: unspaced (`core.spacing`), columns to the patient's left, rows to the back. Or as
    a `radiograph`, whose view is not known yet.

    What a file says of dots per inch is no spacing in the patient and is not read. Raises InputError for damaged
    files, several pages, colour, and grey values with opacity, which SimpleITK does not read.
    """
    try:
        picture = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise InputError(f"{path.name}: {_reason(str(error))}") from error
    if picture.GetDimension() != 2:
        raise InputError(f"{path.name}: the picture has several pages; give one slice at a time, or the DICOM series.")
    grey = sitk.GetImageFromArray(grey_of(sitk.GetArrayFromImage(picture), path.name, tinted=radiograph)[None])
    if radiograph:
        return projection.with_projection(unspaced(grey, projection.AXES["frontal"]))
    return with_notes(unspaced(grey, AXES), [SIDES])


def _reason(message: str) -> str:
    if "Unknown PixelType" in message:
        return "the picture holds opacity beside its grey values; save it without."
    return "the file is damaged or incomplete; copy it or export the image again."
