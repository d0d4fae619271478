"""Findings as tables and as a plot of the scene, which other modules can read and a scene file keeps."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vtkmodules.vtkCommonCore import vtkDoubleArray, vtkStringArray

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.anatomy import ALL_KINDS, CANAL
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings, is_slice
from LumbarSegLib.core.report.tables import COLUMNS, rows_of
from LumbarSegLib.scene.hierarchy import put_beside

if TYPE_CHECKING:
    from slicer import vtkMRMLNode, vtkMRMLPlotChartNode, vtkMRMLScene, vtkMRMLSegmentationNode, vtkMRMLTableNode

_MEASURES, _AREAS, _SERIES, _CHART = (f"LumbarSeg.{name}" for name in ("Measures", "Areas", "AreaSeries", "AreaChart"))
_SAC = next(kind for kind in ALL_KINDS if kind.kind == "ts")


def measures_table(
    segmentation: "vtkMRMLSegmentationNode", findings: Findings, provenance: Mapping[str, Any]
) -> "vtkMRMLTableNode":
    """The table of a segmentation with one row for each measurement, as the CSV has them (`core.report.tables`), its
    use and provenance in its description. A table that there is already is filled anew.
    """
    table = _beside(segmentation, _MEASURES, "vtkMRMLTableNode", "measures")
    _fill_in(table, findings, provenance)
    return table


def _fill_in(table: "vtkMRMLTableNode", findings: Findings, provenance: Mapping[str, Any]) -> None:
    rows = rows_of(findings)
    _fill(table, {name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)})
    told = [RESEARCH_USE, *(f"{key}: {value}" for key, value in provenance.items())]
    table.SetDescription("\n".join([*told, *(flag.text for flag in findings.flags)]))


def imported_table(
    scene: "vtkMRMLScene", name: str, findings: Findings, provenance: Mapping[str, Any]
) -> "vtkMRMLTableNode":
    """A new table of findings that were read from a file and belong to no segmentation of the scene."""
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
    _fill_in(table, findings, provenance)
    return table


def area_plot(segmentation: "vtkMRMLSegmentationNode", findings: Findings) -> "vtkMRMLPlotChartNode | None":
    """A chart of the canal's area along its centreline (mm², mm from its lower end), of an axial image of the sac's
    area by slice; with its table and series, each filled anew where it is there already. None where there is no area.

    The rows of its table are `findings.sections`, or the slices from below upward; where there is no area it is NaN.
    """
    along = "mm" if findings.sections else "slice"
    curve = _canal(findings) if findings.sections else _sac(findings)
    if all(area is None for _, area, _ in curve):
        return None
    structure = CANAL if findings.sections else _SAC
    measure = MEASURES["canal.area" if findings.sections else "ts.area"]
    table = _beside(segmentation, _AREAS, "vtkMRMLTableNode", "areas")
    areas = [float("nan") if area is None else area for _, area, _ in curve]
    columns: dict[str, list[Any]] = {
        along: [place for place, _, _ in curve],
        measure.unit: areas,
        "level": [level for _, _, level in curve],
    }
    _fill(table, columns)

    series = _beside(segmentation, _SERIES, "vtkMRMLPlotSeriesNode", "area series")
    series.SetName(measure.name)
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName(along)
    series.SetYColumnName(measure.unit)
    series.SetLabelColumnName("level")
    series.SetPlotType(series.PlotTypeScatter)
    series.SetMarkerStyle(series.MarkerStyleCircle if along == "slice" else series.MarkerStyleNone)
    series.SetColor(*(channel / 255 for channel in structure.color))

    chart: vtkMRMLPlotChartNode = _beside(segmentation, _CHART, "vtkMRMLPlotChartNode", "area plot")
    chart.SetAndObservePlotSeriesNodeID(series.GetID())
    chart.SetTitle(measure.name)
    chart.SetXAxisTitle("mm along the canal, from its lower end" if along == "mm" else "slice, from below")
    chart.SetYAxisTitle(f"{measure.name}, {measure.unit}")
    chart.SetLegendVisibility(False)
    return chart


def _canal(findings: Findings) -> list[tuple[float, float | None, str]]:
    """Place, area and level of each section."""
    return [(one.along_mm, one.area_mm2, one.level) for one in findings.sections]


def _sac(findings: Findings) -> list[tuple[float, float | None, str]]:
    """Number, area of the sac and level of each slice, from below upward."""
    levels = {one.slice: one.level for one in findings.represented}
    areas = {
        int(one.level.split()[1]): one.value
        for one in findings.measurements
        if one.measure == "ts.area" and is_slice(one.level)
    }
    return [(float(number), areas[number], levels.get(number, "")) for number in sorted(areas)]


def _beside(segmentation: "vtkMRMLSegmentationNode", role: str, kind: str, name: str) -> Any:
    """The node that the segmentation refers to in this role, made beside it in the hierarchy where there is none."""
    node: vtkMRMLNode | None = segmentation.GetNodeReference(role)
    if node is None:
        node = segmentation.GetScene().AddNewNodeByClass(kind, f"{segmentation.GetName()} {name}")
        segmentation.SetNodeReferenceID(role, node.GetID())
        put_beside(node, segmentation)
    return node


def _fill(table: "vtkMRMLTableNode", columns: Mapping[str, Sequence[Any]]) -> None:
    """Give a table these columns and no others: numbers where all are numbers, else texts."""
    was_modifying = table.StartModify()
    table.RemoveAllColumns()
    for name, values in columns.items():
        numeric = all(isinstance(value, float) for value in values)
        array = vtkDoubleArray() if numeric else vtkStringArray()
        array.SetName(name)
        for value in values:
            array.InsertNextValue(value)
        table.AddColumn(array)
    table.SetUseColumnNameAsColumnHeader(True)
    table.SetLocked(True)
    table.EndModify(was_modifying)
