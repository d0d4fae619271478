"""Whether a segmentation or its volume has changed in what a number can rest on; colours, for one, do not count."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from vtkmodules.vtkCommonCore import vtkCommand
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.observing import Observers
from LumbarSegLib.scene.segmentations import label_of, segments_of, task_of

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkMRMLVolumeNode

_RENAMED = slicer.vtkSegmentation.SegmentModified
_MOVED = slicer.vtkMRMLTransformableNode.TransformModifiedEvent
_CONTENT = (
    slicer.vtkSegmentation.SourceRepresentationModified,
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentsOrderModified,
    slicer.vtkMRMLSegmentationNode.SegmentationChangedEvent,
    _MOVED,
)


class Followed:
    """A segmentation with its volume, and a sagittal segmentation beside them if there is one, as long as they are in
    the scene. `gone` is called once when the first or the second leaves it, or when the scene is closed.
    """

    def __init__(
        self,
        segmentation: "vtkMRMLSegmentationNode",
        volume: "vtkMRMLVolumeNode",
        sagittal: "vtkMRMLSegmentationNode | None",
        gone: Callable[[], None],
    ) -> None:
        self.segmentation, self.volume, self.sagittal = segmentation, volume, sagittal
        self.changed, self.sagittal_changed = True, True
        self._gone = gone
        self._naming, self._grid = _naming(segmentation), _grid(volume)
        self._observers = Observers()
        watch = self._observers.watch
        watch(segmentation, _CONTENT, self._mark)
        watch(segmentation, (_RENAMED,), self._mark_if_renamed)
        watch(volume, (_MOVED,), self._mark)
        watch(volume, (vtkCommand.ModifiedEvent,), self._mark_if_regridded)
        if sagittal is not None:
            watch(sagittal, (*_CONTENT, _RENAMED), self._mark_sagittal)
        scene = segmentation.GetScene()
        watch(scene, (scene.NodeRemovedEvent,), self._look_around)
        watch(scene, (scene.StartCloseEvent,), self._leave)

    def take(self) -> None:
        """What is there now counts as known."""
        self.changed = self.sagittal_changed = False
        self._naming, self._grid = _naming(self.segmentation), _grid(self.volume)

    def close(self) -> None:
        """Remove every observer; may be called twice."""
        self._observers.remove_all()

    def _mark(self) -> None:
        self.changed = True

    def _mark_if_renamed(self) -> None:
        self.changed = self.changed or self._naming != _naming(self.segmentation)

    def _mark_if_regridded(self) -> None:
        self.changed = self.changed or self._grid != _grid(self.volume)

    def _mark_sagittal(self) -> None:
        self.changed = self.sagittal_changed = True

    def _look_around(self) -> None:
        if self.segmentation.GetScene() is None or self.volume.GetScene() is None:
            self._leave()
        elif self.sagittal is not None and self.sagittal.GetScene() is None:
            self._observers.unwatch(self.sagittal)
            self.sagittal = None
            self._mark_sagittal()

    def _leave(self) -> None:
        self.close()
        self._gone()


def _naming(segmentation: "vtkMRMLSegmentationNode") -> list[tuple[str, str, int | None]]:
    task = task_of(segmentation)
    return [(key, one.GetName(), label_of(one, task)) for key, one in segments_of(segmentation).items()]


def _grid(volume: "vtkMRMLVolumeNode") -> tuple[object, ...]:
    to_ras, data = vtkMatrix4x4(), volume.GetImageData()
    volume.GetIJKToRASMatrix(to_ras)
    numbers = tuple(to_ras.GetElement(row, column) for row in range(3) for column in range(4))
    return (*numbers, data and data.GetDimensions())
