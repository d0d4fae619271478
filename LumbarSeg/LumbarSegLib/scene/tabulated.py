"""Findings as tables and as a plot of the scene, which other modules can read and a scene file keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vtkmodules.vtkCommonCore import vtkDoubleArray, vtkStringArray

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.anatomy import ALL_KINDS, CANAL
from LumbarSegLib.core.definitions import MEASURES, Measure
from LumbarSegLib.core.findings import Findings, is_slice
from LumbarSegLib.core.report.tables import COLUMNS, rows_of
from LumbarSegLib.scene.hierarchy import put_beside

if TYPE_CHECKING:
    from slicer import (
        vtkMRMLNode,
        vtkMRMLPlotChartNode,
        vtkMRMLScene,
        vtkMRMLSegmentationNode,
        vtkMRMLTableNode,
        vtkMRMLVolumeNode,
    )

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


@dataclass(frozen=True)
class Place:
    """Where an area was taken: `along` in the unit of its curve, the area in mm² or None, the level or ""."""

    along: float
    area: float | None
    level: str


@dataclass(frozen=True)
class Curve:
    """An area along the canal, or of an axial image the sac's by slice, from below upward; `along` says in words of
    what the places are counted.
    """

    measure: Measure
    along: str
    by_slice: bool
    places: tuple[Place, ...]


def area_curve(findings: Findings) -> Curve | None:
    """The curve of the canal's or the sac's area; None where there is no area."""
    by_slice = not findings.sections
    places = _sac(findings) if by_slice else _canal(findings)
    if all(place.area is None for place in places):
        return None
    along = "slice, from below" if by_slice else "mm along the canal, from its lower end"
    return Curve(MEASURES["ts.area" if by_slice else "canal.area"], along, by_slice, places)


def area_plot(
    segmentation: "vtkMRMLSegmentationNode | vtkMRMLVolumeNode", findings: Findings
) -> "vtkMRMLPlotChartNode | None":
    """A chart of `area_curve`, with its table and series, each filled anew where it is there already. None where there
    is no area. Findings of a file have no segmentation, and stand beside their volume.

    The rows of its table are `findings.sections`, or the slices from below upward; where there is no area it is NaN.
    """
    curve = area_curve(findings)
    if curve is None:
        return None
    along = "slice" if curve.by_slice else "mm"
    measure, structure = curve.measure, _SAC if curve.by_slice else CANAL
    table = _beside(segmentation, _AREAS, "vtkMRMLTableNode", "areas")
    columns: dict[str, list[Any]] = {
        along: [place.along for place in curve.places],
        measure.unit: [float("nan") if place.area is None else place.area for place in curve.places],
        "level": [place.level for place in curve.places],
    }
    _fill(table, columns)

    series = _beside(segmentation, _SERIES, "vtkMRMLPlotSeriesNode", "area series")
    series.SetName(measure.name)
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName(along)
    series.SetYColumnName(measure.unit)
    series.SetLabelColumnName("level")
    series.SetPlotType(series.PlotTypeScatter)
    series.SetMarkerStyle(series.MarkerStyleCircle if curve.by_slice else series.MarkerStyleNone)
    series.SetColor(*(channel / 255 for channel in structure.color))

    chart: vtkMRMLPlotChartNode = _beside(segmentation, _CHART, "vtkMRMLPlotChartNode", "area plot")
    chart.SetAndObservePlotSeriesNodeID(series.GetID())
    chart.SetTitle(measure.name)
    chart.SetXAxisTitle(curve.along)
    chart.SetYAxisTitle(f"{measure.name}, {measure.unit}")
    chart.SetLegendVisibility(False)
    return chart


def _canal(findings: Findings) -> tuple[Place, ...]:
    return tuple(Place(one.along_mm, one.area_mm2, one.level) for one in findings.sections)


def _sac(findings: Findings) -> tuple[Place, ...]:
    levels = {one.slice: one.level for one in findings.represented}
    areas = {
        int(one.level.split()[1]): one.value
        for one in findings.measurements
        if one.measure == "ts.area" and is_slice(one.level)
    }
    return tuple(Place(float(number), areas[number], levels.get(number, "")) for number in sorted(areas))


def _beside(segmentation: "vtkMRMLSegmentationNode | vtkMRMLVolumeNode", role: str, kind: str, name: str) -> Any:
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
