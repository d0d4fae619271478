"""The landmarks of a level as a point list whose points can be dragged; what rests on them follows."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from LumbarSegLib.core.findings import Findings, Measurement, Point
from LumbarSegLib.scene.frame import Frame, to_ras
from LumbarSegLib.scene.marks import add_mark, remove_mark
from LumbarSegLib.scene.observing import Observers

if TYPE_CHECKING:
    from slicer import vtkMRMLMarkupsFiducialNode, vtkMRMLVolumeNode

    from LumbarSegLib.scene.live import LiveMeasures

_ROLE = "landmarks"
_AUTOMATIC, _EDITED = (0.5, 1.0, 1.0), (1.0, 0.45, 0.0)
_MOVED_MM = 1e-3


def levels_of(measurement: Measurement) -> tuple[str, ...]:
    """The levels whose landmarks a measurement rests on: "L4" and "L5" for an angle at "L4/5"."""
    return tuple(dict.fromkeys(name.partition(".")[0] for name in measurement.trace.points))


class DraggableLandmarks:
    """Shows the landmarks of some levels of `LiveMeasures` as point lists, one for each level.

    A dragged point becomes an override there at once, so `is_dirty` is true; the host's refresh works out the numbers
    and then calls `update`. A point that is deleted goes back to where it is found by itself. The lists are not saved
    with the scene, the overrides are. When a list is deleted, its level is no longer shown; when the measures are
    closed, so is this.
    """

    def __init__(self, live: "LiveMeasures") -> None:
        self._live = live
        self._nodes: dict[str, vtkMRMLMarkupsFiducialNode] = {}
        self._names: dict[str, list[str]] = {}
        self._placing = False
        self._observers = Observers()
        if live.segmentation is not None:
            scene = live.segmentation.GetScene()
            self._observers.watch(scene, (scene.NodeRemovedEvent,), self._forget_removed)
            self._observers.watch(scene, (scene.StartCloseEvent,), self.close)

    @property
    def nodes(self) -> "dict[str, vtkMRMLMarkupsFiducialNode]":
        """The point lists by their level."""
        return dict(self._nodes)

    def show(self, levels: Iterable[str]) -> None:
        """Show the landmarks of these levels and of no others; levels without landmarks are passed over."""
        volume, findings = self._live.volume, self._live.findings
        wanted = list(levels) if volume is not None and findings is not None else []
        for level in [shown for shown in self._nodes if shown not in wanted]:
            self._remove(level)
        for level in wanted:
            if level not in self._nodes and findings is not None and volume is not None:
                names = [name for name in findings.landmarks if name.partition(".")[0] == level]
                if names:
                    self._add(volume, level, names, findings)

    def update(self) -> None:
        """Put the points where the findings have them, to be called after each refresh."""
        findings = self._live.findings
        if findings is None or self._live.is_closed:
            return
        for level in list(self._nodes):
            if all(name in findings.landmarks for name in self._names[level]):
                self._place(level, findings)
            else:
                self._remove(level)

    def close(self) -> None:
        """Remove the lists and every observer; may be called twice."""
        self._observers.remove_all()
        for level in list(self._nodes):
            self._remove(level)

    def _add(self, volume: "vtkMRMLVolumeNode", level: str, names: list[str], findings: Findings) -> None:
        places = [findings.landmarks[name].place for name in names]
        node = add_mark(volume.GetScene(), "Fiducial", _ROLE, level, places, Frame(volume), _AUTOMATIC)
        for number, name in enumerate(names):
            node.SetNthControlPointLabel(number, name.partition(".")[2].replace("_", " "))
        node.SetFixedNumberOfControlPoints(True)
        node.GetDisplayNode().SetSelectedColor(*_EDITED)
        self._nodes[level], self._names[level] = node, names
        self._place(level, findings)
        events = (node.PointModifiedEvent, node.PointPositionUndefinedEvent)
        self._observers.watch(node, events, lambda: self._take_over(level))

    def _place(self, level: str, findings: Findings) -> None:
        """Put the points of a level where the findings have them; those that were set by hand have another colour."""
        node = self._nodes[level]
        self._placing = True
        for number, name in enumerate(self._names[level]):
            landmark = findings.landmarks[name]
            if not _is_there(node, number, landmark.place):
                node.SetNthControlPointPosition(number, to_ras(landmark.place))
            node.SetNthControlPointSelected(number, landmark.status == "edited")
        self._placing = False

    def _take_over(self, level: str) -> None:
        """Hand on the points that the user has moved or deleted."""
        findings, node = self._live.findings, self._nodes.get(level)
        if self._placing or findings is None or node is None or self._live.is_closed:
            return
        for number, name in enumerate(self._names[level]):
            if name not in findings.landmarks:
                continue
            if node.GetNthControlPointPositionStatus(number) != node.PositionDefined:
                self._live.snap_back(name)
            elif not _is_there(node, number, self._live.overrides.get(name, findings.landmarks[name].place)):
                self._live.drag(name, _place_of(node, number))

    def _forget_removed(self) -> None:
        if self._live.is_closed:
            self.close()
            return
        for level, node in list(self._nodes.items()):
            if node.GetScene() is None:
                self._remove(level)

    def _remove(self, level: str) -> None:
        node = self._nodes.pop(level)
        del self._names[level]
        self._observers.unwatch(node)
        remove_mark(node)


def _is_there(node: "vtkMRMLMarkupsFiducialNode", number: int, place: Point) -> bool:
    defined = node.GetNthControlPointPositionStatus(number) == node.PositionDefined
    return defined and np.abs(np.subtract(_place_of(node, number), place)).max() < _MOVED_MM


def _place_of(node: "vtkMRMLMarkupsFiducialNode", number: int) -> Point:
    x, y, z = node.GetNthControlPointPosition(number)
    return to_ras((x, y, z))
