"""Segmentations to files, whole or not at all, and back; VTK's errors become one clear sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

import SimpleITK as sitk

from LumbarSegLib.core.images import full_suffix, read_image, write_whole
from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.core.projection import as_projection, view_of
from LumbarSegLib.core.radiograph import named_radiograph
from LumbarSegLib.core.regions import Result, regions_of
from LumbarSegLib.errors import InputError, OutputError
from LumbarSegLib.scene.host import open_scene, slicer
from LumbarSegLib.scene.segmentations import (
    attach_to_volume,
    label_of,
    labels_from_segmentation,
    segmentation_from_result,
    segments_of,
    task_of,
    volume_of,
)
from LumbarSegLib.scene.vtk_errors import VtkError, vtk_errors_raised

if TYPE_CHECKING:
    from slicer import (
        vtkMRMLDisplayableNode,
        vtkMRMLNode,
        vtkMRMLScene,
        vtkMRMLSegmentationNode,
        vtkMRMLTransformableNode,
        vtkMRMLVolumeNode,
    )

LABEL_MAPS = (".nii.gz", ".nrrd", ".mha")
FORMATS = (".seg.nrrd", *LABEL_MAPS, ".mrb")
"""Suffixes of the files that `save_segmentation` writes and `load_segmentation` reads."""


def save_segmentation(segmentation: "vtkMRMLSegmentationNode", path: str | Path) -> None:
    """Write a segmentation in the form that the suffix of `path` names.

    `.seg.nrrd` keeps all that the segments carry. A label map (`.nii.gz`, `.nrrd`, `.mha`) keeps the
    label values on the grid of the source volume. `.mrb` is a scene of the segmentation, its volume and the transforms
    that they stand under, whatever else is in the scene. Raises OutputError for another suffix, for a segment that
    would be lost, and for a place that takes no file.
    """
    path = Path(path)
    suffix = full_suffix(path)
    if not segments_of(segmentation):
        raise OutputError(f"{segmentation.GetName()} has no segment to save. Segment an image first.")
    if suffix == ".seg.nrrd":
        write_whole(path, lambda part: _write_segments(segmentation, part))
    elif suffix in LABEL_MAPS:
        labels = _whole_labels(segmentation)
        write_whole(path, lambda part: sitk.WriteImage(labels, part, useCompression=True))
    elif suffix == ".mrb":
        write_whole(path, lambda part: _write_bundle(segmentation, part, path.name))
    else:
        raise OutputError(f"{path.name}: this is no kind of segmentation file. Give one of {', '.join(FORMATS)}.")


def load_segmentation(
    scene: "vtkMRMLScene",
    path: str | Path,
    volume: "vtkMRMLVolumeNode | None" = None,
    lowest_disc: str = "L5/S1",
    task: str = "sagittal",
) -> "vtkMRMLSegmentationNode":
    """Read a segmentation that `save_segmentation` wrote, and make `volume` its source if one is given.

    A label map belongs to a volume and is not read without one; `task` tells whose values it holds, `lowest_disc`
    how its levels are named.
    A `.mrb` brings its own volume. Raises InputError for all that cannot be read, and adds nothing then.
    """
    path = Path(path)
    suffix = full_suffix(path)
    if suffix not in FORMATS:
        raise InputError(f"{path.name}: this is no segmentation file. Give one of {', '.join(FORMATS)}.")
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; check the path.")
    if suffix in LABEL_MAPS:
        return _read_labels(scene, path, volume, lowest_disc, task)
    with _whole_or_nothing(scene, path):
        _check_whole(path)
        segmentation = _read_bundle(scene, path) if suffix == ".mrb" else _read_segments(scene, path)
    if volume is not None:
        attach_to_volume(segmentation, volume)
    return segmentation


@contextmanager
def opened_bundle(path: str | Path) -> "Iterator[vtkMRMLSegmentationNode]":
    """The segmentation that a `.mrb` holds with its volume, in a scene of their own until the end of the block.

    Raises InputError as `load_segmentation` does, and where it holds no image for it.
    """
    with open_scene() as apart:
        segmentation = load_segmentation(apart, path)
        if volume_of(segmentation) is None:
            raise InputError(f"{Path(path).name}: it holds no image for its segmentation. Save both in one scene.")
        yield segmentation


def copy_alone(segmentation: "vtkMRMLSegmentationNode", scene: "vtkMRMLScene") -> "vtkMRMLSegmentationNode":
    """Copy a segmentation and its volume into another scene, with how they are shown and what they stand under,
    without other ties; the copy is returned.
    """
    copy = _shown_copy(scene, segmentation)
    volume = volume_of(segmentation)
    if volume is not None:
        placed = _shown_copy(scene, volume)
        _copy_transforms(scene, volume, placed)
        attach_to_volume(copy, placed)
    return copy


def _check_whole(path: Path) -> None:
    """Raise VtkError if a file was cut short: MRML's readers end the whole process on some such files."""
    try:
        if full_suffix(path) == ".mrb":
            with ZipFile(path) as bundle:
                _require(bundle.testzip() is None, f"{path.name} holds a damaged file")
        else:
            sitk.ReadImage(path)
    except (BadZipFile, OSError, RuntimeError) as error:
        raise VtkError(str(error)) from error


def _write_segments(segmentation: "vtkMRMLSegmentationNode", path: Path) -> None:
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(path))
    with vtk_errors_raised():
        _require(storage.WriteData(segmentation), f"{path.name} was not written")


def _read_segments(scene: "vtkMRMLScene", path: Path) -> "vtkMRMLSegmentationNode":
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(path))
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", path.name.split(".")[0])
    _require(storage.ReadData(segmentation), f"{path.name} was not read")
    segmentation.CreateDefaultDisplayNodes()
    return segmentation


def _whole_labels(segmentation: "vtkMRMLSegmentationNode") -> sitk.Image:
    task = task_of(segmentation)
    lost = [one.GetName() for one in segments_of(segmentation).values() if label_of(one, task) is None]
    if lost:
        raise OutputError(
            f"A label map has no value for {', '.join(lost)}. Save as .seg.nrrd, or name each segment after "
            "a structure, such as L3, L3/4, Spinal canal or TS."
        )
    return labels_from_segmentation(segmentation, volume_of(segmentation))


def _read_labels(
    scene: "vtkMRMLScene", path: Path, volume: "vtkMRMLVolumeNode | None", lowest_disc: str, task: str
) -> "vtkMRMLSegmentationNode":
    if volume is None:
        raise InputError(f"{path.name}: a label map belongs to a volume. Load its volume first.")
    labels = read_image(path)
    if task == "xray":
        seen = view_of(as_projection(labels)) or "frontal"
        vertebrae = named_radiograph(labels, lowest_disc, seen)
        return segmentation_from_result(scene, vertebrae, volume, {"task": task, "view": seen})
    result: Result = spine_of(labels, lowest_disc) if task == "sagittal" else regions_of(labels, task)
    return segmentation_from_result(scene, result, volume, {"task": task})


def _write_bundle(segmentation: "vtkMRMLSegmentationNode", part: Path, name: str) -> None:
    # The writer gathers files beside the bundle and leaves them when it fails, and names the inner folder
    # after the file: so it works in a folder that goes in any case, under the name that the user chose.
    with TemporaryDirectory(prefix=".", dir=part.parent) as place, open_scene() as scene, vtk_errors_raised():
        copy_alone(segmentation, scene)
        bundle = Path(place) / name
        _require(scene.WriteToMRB(str(bundle)), f"{name} was not written")
        bundle.replace(part)


def _copy_transforms(
    scene: "vtkMRMLScene", original: "vtkMRMLTransformableNode", copy: "vtkMRMLTransformableNode"
) -> None:
    """Place a copy under copies of all transforms that the original stands under."""
    parent = original.GetParentTransformNode()
    if parent is not None:
        above = scene.CopyNode(parent)
        above.SetAndObserveTransformNodeID(None)
        copy.SetAndObserveTransformNodeID(above.GetID())
        _copy_transforms(scene, parent, above)


def _shown_copy(scene: "vtkMRMLScene", node: "vtkMRMLDisplayableNode") -> "vtkMRMLDisplayableNode":
    copy = scene.CopyNode(node)
    roles = [copy.GetNthNodeReferenceRole(place) for place in range(copy.GetNumberOfNodeReferenceRoles())]
    for role in roles:
        copy.RemoveNodeReferenceIDs(role)
    if node.GetDisplayNode() is not None:
        copy.SetAndObserveDisplayNodeID(scene.CopyNode(node.GetDisplayNode()).GetID())
    return copy


def _read_bundle(scene: "vtkMRMLScene", path: Path) -> "vtkMRMLSegmentationNode":
    before = _nodes(scene)
    _require(scene.ReadFromMRB(str(path), False), f"{path.name} was not read")
    new = [node for node in _nodes(scene) if node not in before and node.IsA("vtkMRMLSegmentationNode")]
    _require(new, f"{path.name} holds no segmentation")
    return new[0]


@contextmanager
def _whole_or_nothing(scene: "vtkMRMLScene", path: Path) -> Iterator[None]:
    before = _nodes(scene)
    try:
        with vtk_errors_raised():
            yield
    except VtkError as error:
        for node in _nodes(scene):
            if node not in before:
                scene.RemoveNode(node)
        raise InputError(f"{path.name}: the file is damaged or holds no segmentation. Save it again.") from error


def _nodes(scene: "vtkMRMLScene") -> "list[vtkMRMLNode]":
    return [scene.GetNthNode(place) for place in range(scene.GetNumberOfNodes())]


def _require(done: object, otherwise: str) -> None:
    if not done:
        raise VtkError(otherwise)
