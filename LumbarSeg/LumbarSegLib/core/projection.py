"""What a radiograph carries in its metadata: its view, whose it is, and whether its mm are those of the patient."""

import json
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.carried import carrying
from LumbarSegLib.core.notes import with_notes
from LumbarSegLib.errors import InputError

View = Literal["frontal", "lateral"]
Direction = tuple[float, ...]

AXES: Mapping[View, Direction] = {
    "frontal": (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0),
    "lateral": (0.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
}
"""Taken as the direction (LPS) of a radiograph that has none: rows run to inferior, columns to the patient's left where
he is seen from the front, to posterior where he is seen from the side.
"""

SIDES: Mapping[View, str] = {
    "frontal": "The file does not tell the sides of the patient: his right is taken to be on its left.",
    "lateral": "The file does not tell which way the patient faces: anterior is taken to be on its left.",
}

_CARRIED = "LumbarSeg.Projection"
_UPRIGHT: Mapping[View, str] = {"frontal": "LIP", "lateral": "PIR"}
_ACROSS: Mapping[int, View] = {1: "frontal", 0: "lateral"}
"""The view by the axis (LPS) that runs through the image."""


def is_projection(image: sitk.Image) -> bool:
    """Whether an image is a radiograph: its file says so, or the user."""
    return image.HasMetaDataKey(_CARRIED)


def is_magnified(image: sitk.Image) -> bool:
    """Whether the mm of a radiograph are those at the detector, where the patient's are larger than they are."""
    return bool(_told(image).get("magnified", False))


def view_of(image: sitk.Image) -> View | Literal[""]:
    """The view that the header of a radiograph tells, or that was found or given; "" where it is not known."""
    view: View | Literal[""] = _told(image).get("view", "")
    return view


def patient_of(image: sitk.Image) -> Mapping[str, str]:
    """What the DICOM states of the patient, in words: "age" ("14 years") and "sex" ("female"); nothing else."""
    return dict(_told(image).get("patient", {}))


def with_projection(
    image: sitk.Image,
    *,
    magnified: bool = False,
    view: View | Literal[""] = "",
    patient: Mapping[str, str] | None = None,
    tells_sides: bool = False,
) -> sitk.Image:
    """A copy of a 3D image of one slice that is a radiograph and carries this.

    `tells_sides`: its direction is that of its header and not assumed.
    """
    told = {"magnified": magnified, "view": view, "patient": dict(patient or {}), "tells_sides": tells_sides}
    return carrying(image, {_CARRIED: json.dumps(told)})


def projection_as_of(image: sitk.Image, made: sitk.Image) -> sitk.Image:
    """A copy of what was made from a radiograph, marked as that is: filters drop what an image carries."""
    return carrying(made, {_CARRIED: image.GetMetaData(_CARRIED)}) if is_projection(image) else made


def as_projection(image: sitk.Image) -> sitk.Image:
    """A 3D image of one slice as a radiograph; where its slice runs across or along the patient is its view.

    An axial one, as of a file that has no place in the patient, is taken to have none. Raises InputError for a volume.
    """
    if is_projection(image):
        return image
    if image.GetDimension() != 3 or image.GetSize()[2] != 1:
        shape = " x ".join(map(str, image.GetSize()))
        raise InputError(f"the image has {shape} voxels, and a radiograph is one slice; give one, or another task.")
    through = np.reshape(image.GetDirection(), (3, 3))[:, 2]
    view: View | Literal[""] = _ACROSS.get(int(np.argmax(np.abs(through))), "")
    marked = with_projection(image, magnified=True, view=view, tells_sides=bool(view))
    if not view:
        marked.SetDirection(AXES["frontal"])
    return marked


def seen_as(image: sitk.Image, view: View) -> sitk.Image:
    """A copy of a radiograph as one of this view: where its header does not tell the sides, placed as it is then taken
    to lie, with a note that says so.
    """
    told = _told(image)
    if told.get("tells_sides") and told.get("view") == view:
        return image
    placed = carrying(image, {_CARRIED: json.dumps({**told, "view": view, "tells_sides": True})})
    placed.SetDirection(AXES[view])
    return with_notes(placed, [SIDES[view]])


def upright(image: sitk.Image, view: View) -> sitk.Image:
    """An image of one slice with its axes reordered as `AXES` of the view run; it carries nothing then."""
    return sitk.DICOMOrient(image, _UPRIGHT[view])


def _told(image: sitk.Image) -> dict[str, Any]:
    return dict(json.loads(image.GetMetaData(_CARRIED))) if is_projection(image) else {}
