"""A result put into the scene as one step that can be undone: a new segmentation, or new content of an old one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from LumbarSegLib.core.radiograph import Radiograph
from LumbarSegLib.core.regions import Result
from LumbarSegLib.scene.automatic import keep_automatic
from LumbarSegLib.scene.films import stand_as_seen
from LumbarSegLib.scene.hierarchy import remove
from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.segmentations import (
    attach_to_volume,
    fill,
    segmentation_from_result,
    volume_of,
)

if TYPE_CHECKING:
    from slicer import vtkMRMLNode, vtkMRMLScene, vtkMRMLSegmentationNode, vtkMRMLVolumeNode, vtkSegmentation

_OURS = "LumbarSeg."
_SURFACE = slicer.vtkSegmentationConverter.GetClosedSurfaceRepresentationName()


@dataclass(frozen=True)
class _Content:
    """What a segmentation node holds: its segments, our attributes, and the volume that it was made from."""

    segments: "vtkSegmentation"
    attributes: Mapping[str, str]
    volume: "vtkMRMLVolumeNode | None"


def to_replace(
    segmentation: "vtkMRMLSegmentationNode | None", volume: "vtkMRMLVolumeNode"
) -> "vtkMRMLSegmentationNode | None":
    """The result that a new run of a volume takes the place of: the chosen one, if it is of the same volume."""
    return segmentation if segmentation is not None and volume_of(segmentation) is volume else None


class Run:
    """What one run put into the scene: a new node, or new content (`replaced` is the old) of one that was there.

    Undo and redo exchange what is there for what was, so that nothing is lost by either. Both do nothing where the
    segmentation or its scene is gone.
    """

    def __init__(self, segmentation: "vtkMRMLSegmentationNode", replaced: _Content | None) -> None:
        self._node = segmentation
        self._scene: vtkMRMLScene = segmentation.GetScene()
        self._volume = volume_of(segmentation)
        self._other = replaced
        self._is_new = replaced is None
        self._display: vtkMRMLNode | None = None
        self._undone = False

    @property
    def segmentation(self) -> "vtkMRMLSegmentationNode | None":
        """The node that holds the result, or what was there before it; None where it is not in the scene."""
        return self._node if self._node.GetScene() is not None else None

    @property
    def can_undo(self) -> bool:
        return not self._undone and self.segmentation is not None

    @property
    def can_redo(self) -> bool:
        if not self._undone:
            return False
        there = self._volume if self._is_new else self._node
        return there is not None and there.GetScene() is not None

    def undo(self) -> None:
        """Bring back what was there before the run: the content that it replaced, or no segmentation.

        What was edited since is kept for `redo`.
        """
        if self.can_undo:
            self._undone = True
            if self._is_new:
                self._take_away()
            else:
                self._exchange()

    def redo(self) -> None:
        """Bring the result back, with what was edited since it was made."""
        if self.can_redo:
            self._undone = False
            if self._is_new:
                self._bring_back()
            else:
                self._exchange()

    def _exchange(self) -> None:
        assert self._other is not None
        there, self._other = _content_of(self._node), self._other
        _put(self._node, self._other)
        self._other = there

    def _take_away(self) -> None:
        self._display = self._node.GetDisplayNode()
        remove(self._node)

    def _bring_back(self) -> None:
        assert self._volume is not None
        if self._display is not None:
            self._scene.AddNode(self._display)
        self._scene.AddNode(self._node)
        if self._display is not None:
            self._node.SetAndObserveDisplayNodeID(self._display.GetID())
        attach_to_volume(self._node, self._volume)


def put_result(
    volume: "vtkMRMLVolumeNode",
    result: Result,
    provenance: Mapping[str, Any],
    agreement: Mapping[str, float] | None = None,
    *,
    replacing: "vtkMRMLSegmentationNode | None" = None,
) -> Run:
    """Put a result into the scene beside its volume and keep it as the automatic one, with the model's agreement with
    itself (`analysis.self_agreement`) if it is known.

    With `replacing` that node gets the new content and keeps its place, its name, its id and how it is shown; what was
    set by hand in it goes with the old content. Without it a new node is made and what is there stays. The volume of a
    radiograph then stands as its view lets it lie in the patient.
    """
    if isinstance(result, Radiograph):
        stand_as_seen(volume, result.view)
    if replacing is None:
        segmentation = segmentation_from_result(volume.GetScene(), result, volume, provenance)
        keep_automatic(segmentation, result.labels, agreement)
        return Run(segmentation, None)
    old = _content_of(replacing)
    with _shown_alike(replacing):
        _empty(replacing)
        fill(replacing, result, volume, provenance)
        keep_automatic(replacing, result.labels, agreement)
        if old.segments.ContainsRepresentation(_SURFACE):
            replacing.CreateClosedSurfaceRepresentation()
    return Run(replacing, old)


def _content_of(segmentation: "vtkMRMLSegmentationNode") -> _Content:
    segments = slicer.vtkSegmentation()
    segments.DeepCopy(segmentation.GetSegmentation())
    attributes = {name: segmentation.GetAttribute(name) for name in _our_attributes(segmentation)}
    return _Content(segments, attributes, volume_of(segmentation))


def _put(segmentation: "vtkMRMLSegmentationNode", content: _Content) -> None:
    with _shown_alike(segmentation):
        _empty(segmentation)
        segmentation.GetSegmentation().DeepCopy(content.segments)
        for name, value in content.attributes.items():
            segmentation.SetAttribute(name, value)
        if content.volume is not None and content.volume.GetScene() is not None:
            attach_to_volume(segmentation, content.volume)


def _empty(segmentation: "vtkMRMLSegmentationNode") -> None:
    segmentation.GetSegmentation().RemoveAllSegments()
    for name in _our_attributes(segmentation):
        segmentation.RemoveAttribute(name)


def _our_attributes(segmentation: "vtkMRMLSegmentationNode") -> list[str]:
    return [name for name in segmentation.GetAttributeNames() if name.startswith(_OURS)]


@contextmanager
def _shown_alike(segmentation: "vtkMRMLSegmentationNode") -> Iterator[None]:
    """Let segments that come in the place of others with their ids be shown as these were."""
    display = segmentation.GetDisplayNode()
    if display is not None:
        display.SetRemoveUnusedDisplayProperties(False)
    try:
        yield
    finally:
        if display is not None:
            display.SetRemoveUnusedDisplayProperties(True)
