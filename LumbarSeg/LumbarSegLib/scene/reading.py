"""What a segmentation node holds, as measuring takes it; and, in words, what of it does not count."""

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from LumbarSegLib.core.anatomy import structures_of
from LumbarSegLib.core.levels import Spine
from LumbarSegLib.core.planes import carries_planes
from LumbarSegLib.core.projection import View, view_of
from LumbarSegLib.core.radiograph import named_radiograph
from LumbarSegLib.core.regions import Result, regions_of
from LumbarSegLib.core.renaming import named_spine
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.segmentations import (
    label_of,
    labels_from_segmentation,
    provenance_of,
    segments_of,
    task_of,
    volume_of,
)
from LumbarSegLib.scene.volumes import image_from_volume

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkMRMLVolumeNode

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_RIGID = 1e-4


def lowest_disc_of(segmentation: "vtkMRMLSegmentationNode") -> str:
    """The name that the lowest disc was given; "L5/S1" where nothing says otherwise."""
    return str(provenance_of(segmentation).get("lowest_disc", "L5/S1"))


def image_to_measure(volume: "vtkMRMLVolumeNode", task: str) -> sitk.Image:
    """The image of a volume, in which a task is measured.

    Raises InputError where the volume has no image of one value for each voxel, or stands under a transform under which
    it cannot be measured.
    """
    image = image_from_volume(volume)
    if task != "axial" and carries_planes(image):
        raise InputError(
            f"The volume {volume.GetName()} stands under a transform that is not linear, so nothing in it can be "
            "measured. Remove the transform, or harden it on a copy."
        )
    return image


def result_of(segmentation: "vtkMRMLSegmentationNode", labels: sitk.Image) -> Result:
    """What a label map of the segmentation holds, as its provenance says: a Spine, a Radiograph, or Regions.

    Raises InputError where nothing is labelled, or a value belongs to no structure of the task.
    """
    task = task_of(segmentation)
    if not sitk.GetArrayViewFromImage(labels).any():
        raise InputError(
            f"{segmentation.GetName()} holds nothing to measure. Segment the image, or name segments after a "
            "structure, such as L3, L3/4, Spinal canal or TS."
        )
    if task == "sagittal":
        return named_spine(labels, None, lowest_disc_of(segmentation))
    if task == "xray":
        return named_radiograph(labels, lowest_disc_of(segmentation), _view_of(segmentation))
    return regions_of(labels, task)


def _view_of(segmentation: "vtkMRMLSegmentationNode") -> View:
    """The view of a radiograph: as its provenance says, else as its image does, else from the front."""
    volume, told = volume_of(segmentation), provenance_of(segmentation).get("view", "")
    view = told or (view_of(image_from_volume(volume)) if volume is not None else "")
    return "lateral" if view == "lateral" else "frontal"


def left_out_of(segmentation: "vtkMRMLSegmentationNode") -> tuple[str, ...]:
    """Sentences for the user: which segments do not count, and which count otherwise than they may seem."""
    task = task_of(segmentation)
    structures = structures_of(task)
    names = {row.label: row.name for row in structures}
    known = {row.name: row.label for row in structures}
    segments = list(segments_of(segmentation).values())
    found = [(segment.GetName(), label_of(segment, task)) for segment in segments]
    told = [f"{name} is no structure of the spine by its name and is left out." for name, label in found if not label]
    told += [
        f"The segment named {name} was made as {names[label]} and counts as {names[label]}."
        for name, label in found
        if label in names and name != names[label] and known.get(name, label) != label
    ]
    counts = Counter(label for _, label in found if label)
    told += [
        f"{names.get(label, label)} is there {count} times and counts as one structure."
        for label, count in counts.items()
        if count > 1
    ]
    return tuple(told)


def spine_beside(sagittal: "vtkMRMLSegmentationNode", volume: "vtkMRMLVolumeNode") -> Spine:
    """The Spine of a sagittal segmentation in the coordinates in which an axial volume is measured.

    Raises InputError where it is no sagittal one, is empty, or a transform other than a rigid one lies between the two.
    """
    name = sagittal.GetName()
    if task_of(sagittal) != "sagittal":
        raise InputError(f"{name} is no sagittal segmentation. Choose a sagittal one to name the levels.")
    labels = labels_from_segmentation(sagittal, volume_of(sagittal))
    if carries_planes(labels):
        raise InputError(f"{name} stands under a transform that is not linear. Remove it to name levels by it.")
    in_world = carries_planes(image_from_volume(volume))
    source = volume_of(sagittal) or sagittal
    moved = vtkMatrix4x4()
    nodes = (source.GetParentTransformNode(), None if in_world else volume.GetParentTransformNode())
    if not slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(*nodes, moved):
        raise InputError(f"A transform that is not linear lies between {name} and {volume.GetName()}. Remove it.")
    found = result_of(sagittal, _moved(labels, moved, name))
    assert isinstance(found, Spine)
    return found


def _moved(labels: sitk.Image, transform: vtkMatrix4x4, name: str) -> sitk.Image:
    """The label map in another place; `transform` is in RAS. Raises InputError unless it is rigid."""
    ras = np.array([[transform.GetElement(row, column) for column in range(4)] for row in range(4)])
    lps = _LPS_TO_RAS @ ras @ _LPS_TO_RAS
    turn = lps[:3, :3]
    if not np.allclose(turn @ turn.T, np.eye(3), atol=_RIGID):
        raise InputError(f"A transform that is not rigid lies between {name} and the axial volume. Remove it.")
    placed = sitk.Image(labels)
    placed.SetOrigin((turn @ labels.GetOrigin() + lps[:3, 3]).tolist())
    placed.SetDirection((turn @ np.reshape(labels.GetDirection(), (3, 3))).ravel().tolist())
    return placed
