"""Whether the mm in an image are known: as its file states, as the user gave them, or not at all."""

import SimpleITK as sitk

from LumbarSegLib.core.carried import carrying
from LumbarSegLib.core.notes import with_notes
from LumbarSegLib.core.preprocess import SLICE_DISTANCE_MM
from LumbarSegLib.core.projection import is_projection

_UNKNOWN = "LumbarSeg.WithoutSpacing"
_GIVEN = "LumbarSeg.GivenSpacing"

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
    """An unspaced axial image or radiograph with square pixels as the user gave them, if he did; notes say either."""
    if pixel_spacing_mm is None:
        return with_notes(image, [NOT_STATED])
    told = carrying(image, {_UNKNOWN: "", _GIVEN: "yes"})
    between, assumed = 1.0, ""
    if not is_projection(image):
        between = SLICE_DISTANCE_MM
        assumed = f"; the distance of slices is taken as {between:g} mm, and volumes rest on that"
    told.SetSpacing((pixel_spacing_mm, pixel_spacing_mm, between))
    return with_notes(told, [f"The pixel spacing of {pixel_spacing_mm:g} mm is as given, not from the file{assumed}."])


def spacing_as_of(image: sitk.Image, made: sitk.Image) -> sitk.Image:
    """A copy of what was made from an image, marked as that is: filters drop what an image carries."""
    return carrying(made, {key: image.GetMetaData(key) for key in (_UNKNOWN, _GIVEN) if image.HasMetaDataKey(key)})
