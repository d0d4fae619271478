"""Findings as tables and as a plot of the scene, which other modules can read and a scene file keeps."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from LumbarSegLib.core.findings import Findings

if TYPE_CHECKING:
    from slicer import vtkMRMLPlotChartNode, vtkMRMLSegmentationNode, vtkMRMLTableNode


def measures_table(
    segmentation: "vtkMRMLSegmentationNode", findings: Findings, provenance: Mapping[str, Any]
) -> "vtkMRMLTableNode":
    """The table of a segmentation with one row for each measurement, as the CSV has them (`core.report.tables`), its
    use and provenance in its description. A table that there is already is filled anew.
    """
    raise NotImplementedError


def area_plot(segmentation: "vtkMRMLSegmentationNode", findings: Findings) -> "vtkMRMLPlotChartNode | None":
    """A chart of the canal's area along its centreline (mm², mm from its lower end), of an axial image of the sac's
    area by slice; with its table and series, each filled anew where it is there already. None where there is no area.
    """
    raise NotImplementedError
