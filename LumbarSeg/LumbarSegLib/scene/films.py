"""Radiographs that the host has loaded by itself, as one flat slice that lies nowhere in the patient."""

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core import analysis
from LumbarSegLib.core.projection import View, as_projection, is_projection, projection_as_of, seen_as
from LumbarSegLib.core.spacing import unspaced
from LumbarSegLib.scene.volumes import image_from_volume, place_volume

if TYPE_CHECKING:
    from slicer import vtkMRMLVolumeNode

_PLACEHOLDER_MM = 1.0
"""3D Slicer gives pixels of a file without spacing this size; no detector has pixels so large."""

_LARGEST_SLICE = 640
"""Pixels to a side of the largest slices that MR is reconstructed to; a single larger slice is a radiograph."""


def image_to_segment(volume: "vtkMRMLVolumeNode", task: str) -> sitk.Image:
    """The image of a volume as it is segmented for a task; for "xray" as a radiograph, without spacing where that is
    the host's placeholder.

    Raises InputError where the volume has no image of one value for each voxel, or is no single slice.
    """
    image = image_from_volume(volume)
    if task != "xray" or is_projection(image):
        return image
    film = as_projection(image)
    if not np.allclose(film.GetSpacing()[:2], _PLACEHOLDER_MM):
        return film
    return projection_as_of(film, unspaced(film, film.GetDirection()))


def likely_task(volume: "vtkMRMLVolumeNode") -> str:
    """The task that a volume is likely meant for: as its slices lie, a radiograph where it is one large slice.

    Raises InputError where its image cannot be segmented.
    """
    image = image_from_volume(volume)
    columns, rows, slices = image.GetSize()
    if slices == 1 and max(columns, rows) > _LARGEST_SLICE:
        return "xray"
    return analysis.task_of(image)


def stand_as_seen(volume: "vtkMRMLVolumeNode", view: View) -> None:
    """Let a volume stand as a radiograph of this view is taken to lie in the patient, and know that it is one.

    Nothing changes where it stands so already. What is shown of it turns with it.
    """
    film = seen_as(image_to_segment(volume, "xray"), view)
    place_volume(volume, film)
