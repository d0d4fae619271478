"""Whether the mm in an image are known: as its file states, as the user gave them, or not at all."""

import SimpleITK as sitk

from LumbarSegLib.core.carried import carrying
from LumbarSegLib.core.notes import with_notes, without_note
from LumbarSegLib.core.preprocess import SLICE_DISTANCE_MM
from LumbarSegLib.core.projection import is_projection
from LumbarSegLib.errors import InputError

_UNKNOWN = "LumbarSeg.WithoutSpacing"
_GIVEN = "LumbarSeg.GivenSpacing"
_LARGEST_MM = 10.0

AXES = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
"""Taken as the direction of axial slices that have none: columns to the patient's left, rows to the back, LPS."""

NOT_STATED = "The file states no pixel spacing, so nothing is given in mm."


def has_spacing(image: sitk.Image) -> bool:
    """Whether the distances of its pixels are known, by its file or by the user. If not, they are 1 without unit."""
    return not image.HasMetaDataKey(_UNKNOWN)


def states_spacing(image: sitk.Image) -> bool:
    """Whether its file stated the distances of its pixels."""
    return has_spacing(image) and not image.HasMetaDataKey(_GIVEN)


def unspaced(image: sitk.Image, direction: tuple[float, ...]) -> sitk.Image:
    """A copy of a 3D image whose file states no spacing, marked so, with pixels of 1 at the origin."""
    silent = carrying(image, {_UNKNOWN: "yes"})
    silent.SetSpacing((1.0, 1.0, 1.0))
    silent.SetOrigin((0.0, 0.0, 0.0))
    silent.SetDirection(direction)
    return silent


def with_spacing(image: sitk.Image, pixel_spacing_mm: float | None) -> sitk.Image:
    """An axial image or a radiograph whose file states no spacing with square pixels as the user gave them, if he did;
    notes say either, in the place of what was given before.
    """
    known = pixel_spacing_mm is not None
    marks = {_UNKNOWN: "" if known else "yes", _GIVEN: "yes" if known else ""}
    told = carrying(without_note(image, _note(image)), marks)
    across = pixel_spacing_mm or 1.0
    told.SetSpacing((across, across, SLICE_DISTANCE_MM if known and not is_projection(image) else 1.0))
    return with_notes(told, [_note(told)])


def check_pixel_spacing(mm: float) -> None:
    """Raise InputError where this is no distance in mm that pixels can have."""
    if not 0 < mm <= _LARGEST_MM:
        raise InputError(f"{mm:g} mm is no distance of pixels; give what the scanner says, as 0.6875.")


def _note(image: sitk.Image) -> str:
    if not has_spacing(image):
        return NOT_STATED
    across, _, between = image.GetSpacing()
    assumed = f"; the distance of slices is taken as {between:g} mm, and volumes rest on that"
    told = f"The pixel spacing of {across:g} mm is as given, not from the file"
    return f"{told}." if is_projection(image) else f"{told}{assumed}."


def spacing_as_of(image: sitk.Image, made: sitk.Image) -> sitk.Image:
    """A copy of what was made from an image, marked as that is: filters drop what an image carries."""
    return carrying(made, {key: image.GetMetaData(key) for key in (_UNKNOWN, _GIVEN) if image.HasMetaDataKey(key)})
