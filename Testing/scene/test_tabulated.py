"""Findings as nodes that other modules read: tables with the rows of the CSV, a plot with gaps where no area is."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vtkmodules.util.numpy_support import vtk_to_numpy

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.report.tables import COLUMNS, to_csv
from LumbarSegLib.scene.hierarchy import remove
from LumbarSegLib.scene.host import open_scene
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.segmentations import volume_of
from LumbarSegLib.scene.tabulated import area_plot, measures_table
from Testing.findings_by_hand import AREAS, findings_by_hand
from Testing.scene.following import axial_run


@pytest.fixture
def segmentation(scene: Any) -> Any:
    return axial_run(scene).segmentation


def cells(table: Any) -> list[list[str]]:
    rows, columns = table.GetTable().GetNumberOfRows(), table.GetTable().GetNumberOfColumns()
    return [[table.GetTable().GetValue(row, column).ToString() for column in range(columns)] for row in range(rows)]


def column(table: Any, name: str) -> np.ndarray:
    return vtk_to_numpy(table.GetTable().GetColumnByName(name))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("kind", ["sagittal", "axial"])
def test_the_table_holds_what_the_csv_holds(segmentation: Any, kind: str) -> None:
    findings = (
        findings_by_hand()
        if kind == "sagittal"
        else LiveMeasures(segmentation, volume_of(segmentation), levels={"L4/5": 3}).refresh()
    )
    table = measures_table(segmentation, findings, {"model": "by hand"})
    lines = [line for line in csv.reader(io.StringIO(to_csv(findings, {}))) if not line[0].startswith("#")]
    assert [table.GetColumnName(k) for k in range(len(COLUMNS))] == lines[0]
    assert cells(table) == lines[1:]
    assert table.GetDescription().startswith(f"{RESEARCH_USE}\nmodel: by hand")


def test_a_table_that_is_there_is_filled_anew(scene: Any, segmentation: Any) -> None:
    table = measures_table(segmentation, findings_by_hand(), {})
    again = measures_table(segmentation, Findings((), {}, (), (), ""), {})
    assert again is table and table.GetTable().GetNumberOfRows() == 0
    assert scene.GetNumberOfNodesByClass("vtkMRMLTableNode") == 1


def test_the_plot_has_a_point_for_each_section_and_a_gap_where_there_is_no_area(segmentation: Any) -> None:
    findings = findings_by_hand()
    chart = area_plot(segmentation, findings)
    series = chart.GetNthPlotSeriesNode(0)
    table = series.GetTableNode()
    assert (series.GetXColumnName(), series.GetYColumnName(), series.GetLabelColumnName()) == ("mm", "mm²", "level")
    assert np.allclose(column(table, "mm"), [one.along_mm for one in findings.sections])
    expected = [np.nan if level == "L5/S1" else area for level, area in reversed(AREAS.items())]
    assert np.allclose(column(table, "mm²"), expected, equal_nan=True)
    assert "lower end" in chart.GetXAxisTitle() and chart.GetYAxisTitle() == "Canal area, mm²"


def test_an_axial_plot_shows_the_sac_by_slice(segmentation: Any) -> None:
    findings = LiveMeasures(segmentation, volume_of(segmentation), levels={"L4/5": 3}).refresh()
    chart = area_plot(segmentation, findings)
    table = chart.GetNthPlotSeriesNode(0).GetTableNode()
    areas = {number: findings.of("ts.area", f"slice {number}").value for number in range(1, 7)}
    assert np.allclose(column(table, "slice"), range(1, 7))
    expected = [np.nan if area is None else area for area in areas.values()]
    assert np.allclose(column(table, "mm²"), expected, equal_nan=True) and np.isfinite(expected[2])
    assert [row[2] for row in cells(table)] == ["", "", "L4/5", "", "", ""]


def test_the_plot_s_nodes_are_filled_anew_and_not_made_again(scene: Any, segmentation: Any) -> None:
    chart = area_plot(segmentation, findings_by_hand())
    count = scene.GetNumberOfNodes()
    findings = LiveMeasures(segmentation, volume_of(segmentation)).refresh()
    assert area_plot(segmentation, findings) is chart
    assert scene.GetNumberOfNodes() == count and chart.GetNumberOfPlotSeriesNodes() == 1


def test_without_any_area_there_is_no_plot(scene: Any, segmentation: Any) -> None:
    assert area_plot(segmentation, Findings((), {}, (), (), "")) is None
    assert not scene.GetNumberOfNodesByClass("vtkMRMLPlotChartNode")


def test_tables_that_the_user_deleted_are_made_again(segmentation: Any) -> None:
    remove(measures_table(segmentation, findings_by_hand(), {}))
    assert measures_table(segmentation, findings_by_hand(), {}).GetTable().GetNumberOfRows() > 0


def test_a_scene_file_keeps_them(scene: Any, segmentation: Any, tmp_path: Path) -> None:
    expected = cells(measures_table(segmentation, findings_by_hand(), {}))
    area_plot(segmentation, findings_by_hand())
    scene.WriteToMRB(str(tmp_path / "case.mrb"))
    with open_scene() as other:
        assert other.ReadFromMRB(str(tmp_path / "case.mrb"), False)
        opened = other.GetFirstNodeByClass("vtkMRMLSegmentationNode")
        chart = other.GetFirstNodeByClass("vtkMRMLPlotChartNode")
        tables = other.GetNumberOfNodesByClass("vtkMRMLTableNode")
        assert chart.GetNthPlotSeriesNode(0).GetTableNode() is not None and tables == 2
        table = measures_table(opened, findings_by_hand(), {})
        assert cells(table) == expected and other.GetNumberOfNodesByClass("vtkMRMLTableNode") == tables
