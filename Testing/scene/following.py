"""What tests of live measures share: real spines in a real scene, and the edits that a user makes."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.core.regions import regions_of
from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.runs import Run, put_result
from LumbarSegLib.scene.segmentations import segments_of
from LumbarSegLib.scene.volumes import oriented_from_image, volume_from_image
from Testing.axial import axial_image, axial_labels
from Testing.spines import Phantom

LOGIC = slicer.vtkSlicerSegmentationsModuleLogic
SPINE = Phantom(spacing=(4.0, 1.5, 1.5), tilt=(8.0, 5.0, -6.0), shift=(20.0, -35.0, 110.0))
PROVENANCE = {"task": "sagittal", "model": "by hand", "lowest_disc": "L5/S1"}


def image_like(labels: sitk.Image) -> sitk.Image:
    """An image on the grid of a label map, whose brightness gives its structures away."""
    image = sitk.Cast(labels, sitk.sitkInt16) * 3
    image.CopyInformation(labels)
    return image


def spine_run(scene: Any, **given: Any) -> Run:
    """A sagittal phantom with its volume, as a run leaves it."""
    volume = volume_from_image(scene, image_like(SPINE.labels), "T2")
    return put_result(volume, spine_of(SPINE.labels), PROVENANCE, **given)


def axial_run(scene: Any) -> Run:
    """A drawn axial stack with its volume, as a run leaves it."""
    labels = axial_labels()
    volume = volume_from_image(scene, axial_image(labels), "axial")
    return put_result(volume, regions_of(labels), {"task": "axial", "model": "by hand"})


def segment_id(segmentation: Any, name: str) -> str:
    return next(key for key, segment in segments_of(segmentation).items() if segment.GetName() == name)


def mask_of(labels: sitk.Image, values: Iterable[int]) -> np.ndarray:
    return np.isin(sitk.GetArrayViewFromImage(labels), list(values))


def paint(segmentation: Any, name: str, mask: np.ndarray, grid: sitk.Image) -> None:
    """What Slicer's editor does when a stroke ends."""
    drawn = sitk.GetImageFromArray(mask.astype(np.uint8))
    drawn.CopyInformation(grid)
    assert LOGIC.SetBinaryLabelmapToSegment(oriented_from_image(drawn), segmentation, segment_id(segmentation, name))


def without_front(mask: np.ndarray) -> np.ndarray:
    """A structure of `SPINE` with the upper front of it taken away."""
    places = np.argwhere(mask)
    front = places[places[:, 2] < places[:, 2].min() + 8]
    cut = mask.copy()
    cut[tuple(front[front[:, 1] < front[:, 1].min() + 5].T)] = False
    return cut
