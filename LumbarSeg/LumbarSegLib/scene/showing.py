"""A measurement shown where it was read: its points, lines and contours as locked Markups, and the place to jump to.

What is shown is replaced by the next, lies in one folder of the subject hierarchy and is not saved with the scene.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings, Measurement, Point, Section, Trace
from LumbarSegLib.core.report.layout import with_unit
from LumbarSegLib.scene.frame import Frame
from LumbarSegLib.scene.marks import add_mark, marks_of, remove_mark

if TYPE_CHECKING:
    from slicer import vtkMRMLMarkupsNode, vtkMRMLScene, vtkMRMLVolumeNode

_ROLE, _LANDMARKS = "measurement", "landmarks of a file"
_COLOR = (1.0, 0.9, 0.2)  # no structure has it
_HIDDEN_GLYPH_MM = 0.01
_SAME_PLACE_MM = 1e-6


def show_measurement(volume: "vtkMRMLVolumeNode", measurement: Measurement) -> "list[vtkMRMLMarkupsNode]":
    """Show what a measurement in this volume was read from, instead of what was shown before; empty where it has no
    trace. The first node is named after the measurement and its value. They follow the volume's transform.
    """
    name = f"{measurement.level} {MEASURES[measurement.measure].name}: {with_unit(measurement)}"
    return _show(volume, measurement.trace, name)


def show_section(volume: "vtkMRMLVolumeNode", section: Section) -> "list[vtkMRMLMarkupsNode]":
    """The same for a section of the canal, with its diameters, as a click on the plot asks for it."""
    area = MEASURES["canal.area"]
    told = section.reason if section.area_mm2 is None else area.words(section.area_mm2)
    lines = tuple(line for line in (section.anteroposterior, section.transverse) if line is not None)
    trace = Trace(lines=lines, contours=(section.contour,) if section.contour else ())
    return _show(volume, trace, f"{section.level} {area.name}: {told}".strip())


def show_landmarks(volume: "vtkMRMLVolumeNode", findings: Findings, levels: Iterable[str]) -> None:
    """Show the landmarks of these levels as points that cannot be dragged, instead of those that were shown before."""
    scene, wanted = volume.GetScene(), set(levels)
    hide_landmarks(scene)
    places = {name: one.place for name, one in findings.landmarks.items() if name.partition(".")[0] in wanted}
    if places:
        node = add_mark(scene, "Fiducial", _LANDMARKS, "corners", list(places.values()), Frame(volume), _COLOR)
        node.SetLocked(True)
        node.GetDisplayNode().SetPropertiesLabelVisibility(False)


def hide_landmarks(scene: "vtkMRMLScene") -> None:
    """Remove the points that `show_landmarks` shows."""
    for node in marks_of(scene, _LANDMARKS):
        remove_mark(node)


def hide_shown(scene: "vtkMRMLScene") -> None:
    """Remove what these functions show from a scene, whoever showed it."""
    for node in marks_of(scene, _ROLE):
        remove_mark(node)


def slice_of(volume: "vtkMRMLVolumeNode", shown: Measurement | Section) -> Point | None:
    """The place (RAS, mm, in the world) through which slice views are to pass to show a measurement or a section; None
    where it has no trace. A host calls `vtkMRMLSliceNode.JumpSliceByCentering` or `JumpSliceByOffsetting` with it.
    """
    if isinstance(shown, Section):
        return Frame(volume).to_world(shown.center)
    places = _places(shown.trace)
    if not places:
        return None
    x, y, z = np.mean(places, axis=0).tolist()
    return Frame(volume).to_world((x, y, z))


def _places(trace: Trace) -> tuple[Point, ...]:
    """The contour of the level itself, which comes before those of its neighbours; without contours all places."""
    if trace.contours:
        return trace.contours[0]
    return (*trace.points.values(), *(end for line in trace.lines for end in line))


def _show(volume: "vtkMRMLVolumeNode", trace: Trace, name: str) -> "list[vtkMRMLMarkupsNode]":
    scene = volume.GetScene()
    hide_shown(scene)
    frame = Frame(volume)
    parts = [("ClosedCurve", contour) for contour in trace.contours] + [("Line", line) for line in trace.lines]
    if alone := _alone(trace):
        parts.append(("Fiducial", alone))
    nodes = [add_mark(scene, kind, _ROLE, name, places, frame, _COLOR) for kind, places in parts]
    for number, node in enumerate(nodes):
        node.SetLocked(True)
        display = node.GetDisplayNode()
        display.SetPropertiesLabelVisibility(number == 0)
        if node.IsA("vtkMRMLMarkupsClosedCurveNode"):
            node.SetCurveTypeToLinear()
            display.UseGlyphScaleOff()
            display.SetGlyphSize(_HIDDEN_GLYPH_MM)
    return nodes


def _alone(trace: Trace) -> tuple[Point, ...]:
    """The points that are not the end of a line already."""
    ends = np.array([end for line in trace.lines for end in line]).reshape(-1, 3)
    return tuple(
        point for point in trace.points.values() if not (np.abs(ends - point).max(axis=1) < _SAME_PLACE_MM).any()
    )
