"""The one slice of a radiograph as it is read: head up, the patient's right or his front on the left."""

import hashlib
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core.planes import Plane, planes_of
from LumbarSegLib.core.projection import View

ENDS: dict[View, tuple[str, str, str, str]] = {
    "frontal": ("superior_right", "superior_left", "inferior_left", "inferior_right"),
    "lateral": ("superior_anterior", "superior_posterior", "inferior_posterior", "inferior_anterior"),
}
"""The corners of a vertebra, with the patient's sides, from the upper left one in the picture clockwise."""

_READ_AS = {0: "PIR", 1: "LIP"}  # by the axis (LPS) that runs through the slice


@dataclass(frozen=True, eq=False)
class Frame:
    """The labels (rows, columns) of a radiograph in reading order, and where they lie.

    Places in it are (across, down) in mm from the centre of the first pixel; where pixels have no size they are pixels.
    """

    view: View
    labels: NDArray[np.uint8]
    plane: Plane

    @property
    def ends(self) -> tuple[str, str, str, str]:
        return ENDS[self.view]

    def digest(self, value: int) -> str:
        """Tells the labels of a structure apart by content and place."""
        content = hashlib.blake2b(repr((self.plane, value)).encode(), digest_size=16)
        content.update(np.packbits(self.labels == value).tobytes())
        return content.hexdigest()


def frame_of(labels: sitk.Image, view: View) -> Frame:
    """The frame of a label map of one slice, stored in any order; one whose slice lies across the patient, as where a
    file has no place in him, is read as it is stored.
    """
    through = np.reshape(labels.GetDirection(), (3, 3))[:, 2]
    order = _READ_AS.get(int(np.argmax(np.abs(through))), "")
    ordered = sitk.DICOMOrient(labels, order) if order else labels
    return Frame(view, sitk.GetArrayFromImage(ordered)[0], planes_of(ordered)[0])
