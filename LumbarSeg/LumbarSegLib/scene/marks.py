"""Markups that LumbarSeg puts into the scene for as long as they are looked at: how they look, where they lie, and how
they are found again. They are not saved with the scene: findings bring them back.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vtkmodules.vtkCommonCore import vtkPoints

from LumbarSegLib.core.findings import Point
from LumbarSegLib.scene.frame import Frame, to_ras
from LumbarSegLib.scene.hierarchy import put_into_folder, remove, remove_folder

if TYPE_CHECKING:
    from slicer import vtkMRMLMarkupsNode, vtkMRMLScene

Color = tuple[float, float, float]

MARK = "LumbarSeg.Shown"
"""Attribute of each of these nodes: what it is shown for, "measurement", "landmarks" or "landmarks of a file"."""

FOLDER = "LumbarSeg measures"

_TEXT_SCALE = 4.0
_LINE_MM = 0.8
_GLYPH_SCALE = 2.2
_BEHIND = 0.5  # opacity of what lies outside of the slice that is shown


def add_mark(
    scene: "vtkMRMLScene", kind: str, role: str, name: str, places: Sequence[Point], frame: Frame, color: Color
) -> "vtkMRMLMarkupsNode":
    """Add a Markups node of this kind ("Line", "ClosedCurve", "Fiducial") with control points at places (LPS, mm).

    `role` is what it is shown for. Its name is all that is written beside it.
    """
    node = scene.AddNewNodeByClass(f"vtkMRMLMarkups{kind}Node", name)
    node.SetAttribute(MARK, role)
    node.SetSaveWithScene(False)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetSaveWithScene(False)
    display.SetColor(*color)
    display.SetSelectedColor(*color)
    display.SetPointLabelsVisibility(False)
    display.SetTextScale(_TEXT_SCALE)
    display.GetTextProperty().SetBackgroundColor(0.0, 0.0, 0.0)
    display.GetTextProperty().SetBackgroundOpacity(0.6)
    display.SetGlyphScale(_GLYPH_SCALE)
    display.SetCurveLineSizeMode(display.UseLineDiameter)
    display.SetLineDiameter(_LINE_MM)
    display.SetSliceProjection(True)
    display.SetSliceProjectionOpacity(_BEHIND)
    # The value is ours, in the name; what Slicer measures on its own would stand beside it.
    for number in range(node.GetNumberOfMeasurements()):
        node.GetNthMeasurement(number).SetEnabled(False)
    # All at once, since a curve is drawn anew with each point; not under a transform yet, the world is the node's own.
    points = vtkPoints()
    points.SetDataTypeToDouble()
    for place in places:
        points.InsertNextPoint(to_ras(place))
    node.SetControlPointPositionsWorld(points)
    frame.place(node)
    put_into_folder(node, FOLDER)
    return node


def marks_of(scene: "vtkMRMLScene", role: str) -> "list[vtkMRMLMarkupsNode]":
    """The nodes that are shown for this."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLMarkupsNode")
    nodes = [scene.GetNthNodeByClass(number, "vtkMRMLMarkupsNode") for number in range(count)]
    return [node for node in nodes if node.GetAttribute(MARK) == role]


def remove_mark(node: "vtkMRMLMarkupsNode") -> None:
    """Take a node out of its scene with how it is displayed, and the folder once it is empty."""
    scene = node.GetScene()
    if scene is not None:
        remove(node)
        remove_folder(scene, FOLDER)
