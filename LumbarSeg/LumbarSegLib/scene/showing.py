"""A measurement shown where it was read: its points, lines and contours as locked Markups, and the place to jump to.

What is shown is replaced by the next, lies in one folder of the subject hierarchy and is not saved with the scene.
"""

from typing import TYPE_CHECKING

from LumbarSegLib.core.findings import Measurement, Section

if TYPE_CHECKING:
    from slicer import vtkMRMLMarkupsNode, vtkMRMLScene, vtkMRMLVolumeNode

Place = tuple[float, float, float]


def show_measurement(volume: "vtkMRMLVolumeNode", measurement: Measurement) -> "list[vtkMRMLMarkupsNode]":
    """Show what a measurement in this volume was read from, instead of what was shown before; empty where it has no
    trace. They follow the volume's transform.
    """
    raise NotImplementedError


def show_section(volume: "vtkMRMLVolumeNode", section: Section) -> "list[vtkMRMLMarkupsNode]":
    """The same for a section of the canal, with its diameters, as a click on the plot asks for it."""
    raise NotImplementedError


def hide_shown(scene: "vtkMRMLScene") -> None:
    """Remove what these functions show from a scene, whoever showed it."""
    raise NotImplementedError


def slice_of(volume: "vtkMRMLVolumeNode", shown: Measurement | Section) -> Place | None:
    """The place (RAS, mm, in the world) through which slice views are to pass to show a measurement or a section; None
    where it has no trace. A host calls `vtkMRMLSliceNode.JumpSliceByCentering` or `JumpSliceByOffsetting` with it.
    """
    raise NotImplementedError
