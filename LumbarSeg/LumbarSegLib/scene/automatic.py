"""The automatic result, kept inside the segmentation node beside what is made of it by hand, and the way back to it.

It is an attribute of the node, so a copy of the node and a scene file keep it; a `.seg.nrrd` does not.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core import analysis
from LumbarSegLib.core.analysis import Measured
from LumbarSegLib.core.labelmap import are_same
from LumbarSegLib.core.regions import Result
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.merging import merged
from LumbarSegLib.scene.reading import lowest_disc_of, result_of
from LumbarSegLib.scene.segmentations import add_segments, label_of, provenance_of, segments_of, task_of
from LumbarSegLib.scene.volumes import oriented_from_image

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode

AUTOMATIC = "LumbarSeg.Automatic"
"""Attribute of the node, never twice the same: the label map of the automatic result, its voxels deflated, as JSON."""

AGREEMENT = "LumbarSeg.Agreement"
"""Attribute of the node: how well the model agreed with itself, as JSON."""


def keep_automatic(
    segmentation: "vtkMRMLSegmentationNode", labels: sitk.Image, agreement: Mapping[str, float] | None = None
) -> None:
    """Keep the label map of a result, whose segments the node holds, as the automatic one.

    `agreement` is what `analysis.self_agreement` gave for it.
    """
    voxels = zlib.compress(sitk.GetArrayViewFromImage(labels).tobytes(), 1)
    told = {
        "run": uuid4().hex,
        "size": labels.GetSize(),
        "spacing": labels.GetSpacing(),
        "origin": labels.GetOrigin(),
        "direction": labels.GetDirection(),
        "voxels": b64encode(voxels).decode("ascii"),
    }
    segmentation.SetAttribute(AUTOMATIC, json.dumps(told))
    segmentation.SetAttribute(AGREEMENT, json.dumps(dict(agreement)) if agreement else None)


def agreement_of(segmentation: "vtkMRMLSegmentationNode") -> dict[str, float]:
    """The agreement that was kept with the automatic result; empty where there is none."""
    return dict(json.loads(segmentation.GetAttribute(AGREEMENT) or "{}"))


def automatic_labels(segmentation: "vtkMRMLSegmentationNode") -> sitk.Image | None:
    """The label map (uint8) of the automatic result on its own grid; None where none is kept."""
    text = segmentation.GetAttribute(AUTOMATIC)
    if not text:
        return None
    told = json.loads(text)
    voxels = np.frombuffer(zlib.decompress(b64decode(told["voxels"])), np.uint8)
    labels = sitk.GetImageFromArray(voxels.reshape(told["size"][::-1]))
    labels.SetSpacing(told["spacing"])
    labels.SetOrigin(told["origin"])
    labels.SetDirection(told["direction"])
    return labels


def made_as(segmentation: "vtkMRMLSegmentationNode") -> tuple[str | None, str]:
    """What tells one run, and one naming of its levels, from another."""
    return segmentation.GetAttribute(AUTOMATIC), lowest_disc_of(segmentation)


def measured_as_made(segmentation: "vtkMRMLSegmentationNode", image: sitk.Image, labels: sitk.Image) -> Measured | None:
    """The measures of the automatic result where the segments, as `labels`, are no longer it, so that what was edited
    is known as such; else None.
    """
    made = automatic_labels(segmentation)
    if made is None or are_same(made, labels):
        return None
    try:
        return analysis.measure(result_of(segmentation, made), image)
    except InputError:
        return None  # the volume is another one now, and all in it is new


def automatic_of(segmentation: "vtkMRMLSegmentationNode") -> Result | None:
    """The automatic result as it was kept; None where there is none."""
    labels = automatic_labels(segmentation)
    return None if labels is None else result_of(segmentation, labels)


def back_to_automatic(segmentation: "vtkMRMLSegmentationNode", segment_ids: Iterable[str] | None = None) -> None:
    """Bring the segments with these ids back to the automatic result, or all structures where None is given.

    What they get back is taken from the other structures, as a brush does it; segments of the user's own stay as they
    are. With None, structures that were deleted come back and those that were added are emptied. Names and colours
    stay. Raises InputError, and changes nothing, where no automatic result is kept and for a segment that was no part
    of it.
    """
    made = automatic_of(segmentation)
    if made is None:
        raise InputError(f"{segmentation.GetName()} holds no automatic result. Segment the image again.")
    task = task_of(segmentation)
    labels = {key: label for key, one in segments_of(segmentation).items() if (label := label_of(one, task))}
    chosen = set(labels if segment_ids is None else segment_ids)
    values = {instance.structure.label for instance in made.instances}
    if segment_ids is not None:
        for strange in chosen - {key for key, label in labels.items() if label in values}:
            segment = segmentation.GetSegmentation().GetSegment(strange)
            name = segment.GetName() if segment else strange
            raise InputError(f"{name} was not found by the model, so there is nothing to bring back.")
    _bring_back(segmentation, made.labels, {key: labels[key] for key in labels if key in chosen}, labels)
    if segment_ids is None:
        missing = tuple(one for one in made.instances if one.structure.label not in labels.values())
        add_segments(segmentation, missing, made.labels, provenance_of(segmentation))


def _bring_back(
    segmentation: "vtkMRMLSegmentationNode", made: sitk.Image, wanted: Mapping[str, int], structures: Mapping[str, int]
) -> None:
    """Give segments the voxels that have their label in `made`; the first of those with one label gets them."""
    values, present = sitk.GetArrayViewFromImage(made), _present(segmentation, structures, made)
    given: set[int] = set()
    for key, label in wanted.items():
        mask = (values == label) & (label not in given)
        given.add(label)
        number = list(structures).index(key) + 1
        if not all(np.array_equal(seen == number, mask) for seen in present):
            _take_from_others(segmentation, mask, [other for other in structures if other != key], made)
            _draw(segmentation, key, mask, made)


def _take_from_others(
    segmentation: "vtkMRMLSegmentationNode", mask: NDArray[np.bool_], others: list[str], grid: sitk.Image
) -> None:
    """Take the voxels of a mask from these segments; those that share an image do not overlap and are seen at once."""
    segments = segmentation.GetSegmentation()
    layers = [segments.GetSegmentIDsForLayer(number) for number in range(segments.GetNumberOfLayers())]
    for shared in ([key for key in layer if key in others] for layer in layers):
        numbers = {key: number for number, key in enumerate(shared, start=1)}
        seen = sitk.GetArrayFromImage(merged(segmentation, numbers, oriented_from_image(grid)))
        for number in np.unique(seen[mask]).tolist():
            if number:
                _draw(segmentation, shared[number - 1], (seen == number) & ~mask, grid)


def _draw(segmentation: "vtkMRMLSegmentationNode", key: str, mask: NDArray[np.bool_], grid: sitk.Image) -> None:
    """Give a segment just these voxels."""
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.CopyInformation(grid)
    logic.SetBinaryLabelmapToSegment(oriented_from_image(image), segmentation, key, logic.MODE_REPLACE)


def _present(
    segmentation: "vtkMRMLSegmentationNode", structures: Mapping[str, int], made: sitk.Image
) -> list[NDArray[np.uint8]]:
    """Which segment, counted from 1, has each voxel: with the last of those that overlap on top, and with the first."""
    grid = oriented_from_image(made)
    numbers = {key: number for number, key in enumerate(structures, start=1)}
    orders = (numbers, dict(reversed(numbers.items())))
    return [sitk.GetArrayFromImage(merged(segmentation, order, grid)) for order in orders]
