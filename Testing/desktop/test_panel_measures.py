"""The table of measures: it follows edits, shows where a value was read, and lets a user confirm it."""

import time
from typing import Any

import numpy as np
import pytest
import slicer
from PySide6 import QtCore, QtTest, QtWidgets
from vtkmodules.util.numpy_support import vtk_to_numpy

from LumbarSegLib.core.findings import Measurement
from Testing.desktop.driving import Driven


def cell(panel: Driven, level: str, heading: str) -> Any:
    """The index of a value in the table that is shown."""
    model = panel.ui.measureView.model()
    heads = [str(model.headerData(at, QtCore.Qt.Horizontal)).split("\n")[0] for at in range(model.columnCount())]
    rows = [row for row, name in enumerate(levels(panel)) if name == level]
    assert rows, levels(panel)
    return model.index(rows[0], heads.index(heading))


def click(panel: Driven, index: Any) -> None:
    view = panel.ui.measureView
    view.scrollTo(index)
    place = view.visualRect(index).center()
    QtTest.QTest.mouseClick(view.viewport(), QtCore.Qt.LeftButton, QtCore.Qt.NoModifier, place)


def levels(panel: Driven) -> list[str]:
    model = panel.ui.measureView.model()
    return [model.headerData(row, QtCore.Qt.Vertical) for row in range(model.rowCount())]


def value(panel: Driven, measure: str, level: str) -> Measurement:
    return panel.panel.measuring.findings.of(measure, level)


def paint(panel: Driven, name: str, change: Any) -> None:
    """Change the voxels of a segment as an effect of the Segment Editor does."""
    segmentation = panel.ui.resultSelector.currentNode()
    segments = segmentation.GetSegmentation()
    key = segments.GetSegmentIdBySegmentName(name)
    own = slicer.vtkOrientedImageData()
    segmentation.GetBinaryLabelmapRepresentation(key, own)
    voxels = vtk_to_numpy(own.GetPointData().GetScalars()).reshape(own.GetDimensions()[::-1])
    change(voxels)
    own.Modified()
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    logic.SetBinaryLabelmapToSegment(own, segmentation, key, logic.MODE_REPLACE)


def shown(scene: Any) -> list[Any]:
    """The markups that show where something was read."""
    nodes = [scene.GetNthNode(place) for place in range(scene.GetNumberOfNodes())]
    return [one for one in nodes if one.IsA("vtkMRMLMarkupsNode")]


def test_the_table_has_a_row_for_each_level_from_the_top_downward(segmented: Driven) -> None:
    segmented.choose("tableBox", "Vertebrae")
    assert levels(segmented) == ["T12", "L1", "L2", "L3", "L4", "L5"]
    found = value(segmented, "vertebra.anterior_height", "L3").value
    assert cell(segmented, "L3", "anterior").data() == f"{found:.1f}"


def test_what_concerns_several_levels_has_a_table_of_its_own(segmented: Driven) -> None:
    segmented.choose("tableBox", "Across levels")
    assert "L1-S1" in levels(segmented)


def test_a_value_that_is_not_measured_says_so_and_why(segmented: Driven) -> None:
    missing = next(one for one in segmented.panel.measuring.findings.measurements if one.value is None)
    from LumbarSegLib.core.report.layout import BY_LEVEL

    table, column = next(
        (table, column) for table in BY_LEVEL for column in table.columns if missing.measure in column.measures
    )
    segmented.choose("tableBox", table.title)
    index = cell(segmented, missing.level, column.heading)
    assert index.data() == "not measured"
    assert missing.reason in index.data(QtCore.Qt.ToolTipRole)


def test_a_flag_is_an_icon_with_its_reason_as_tooltip(segmented: Driven) -> None:
    findings = segmented.panel.measuring.findings
    flagged = next(one for one in findings.measurements if one.flags and one.measure == "vertebra.wedge_angle")
    text = next(flag.text for flag in findings.flags if flag.key in flagged.flags)
    segmented.choose("tableBox", "Vertebrae")
    index = cell(segmented, flagged.level, "wedge")
    assert not index.data(QtCore.Qt.DecorationRole).isNull()
    assert text in index.data(QtCore.Qt.ToolTipRole)


def test_a_click_on_a_heading_sorts_by_number_another_downward_and_a_third_by_level(segmented: Driven) -> None:
    segmented.choose("tableBox", "Vertebrae")
    header, by_level = segmented.ui.measureView.horizontalHeader(), levels(segmented)
    model = segmented.ui.measureView.model()

    def click_heading() -> list[str]:
        place = QtCore.QPoint(header.sectionViewportPosition(0) + 8, 8)
        QtTest.QTest.mouseClick(header.viewport(), QtCore.Qt.LeftButton, QtCore.Qt.NoModifier, place)
        return [model.index(row, 0).data() for row in range(model.rowCount())]

    *upward, last = click_heading()
    assert [float(one) for one in upward] == sorted(float(one) for one in upward)
    assert last == "not measured"
    assert click_heading() == [*reversed(upward), last]
    assert levels(segmented) != by_level
    click_heading()
    assert levels(segmented) == by_level


def test_the_filter_keeps_the_rows_that_hold_its_letters(segmented: Driven) -> None:
    segmented.choose("tableBox", "Discs")
    segmented.ui.filterEdit.text = "l4"
    assert levels(segmented) == ["L3/4", "L4/5"] or levels(segmented) == ["L4/5"]
    segmented.ui.filterEdit.text = ""
    assert len(levels(segmented)) > 2


def test_copy_gives_a_spreadsheet_the_table_with_units(segmented: Driven) -> None:
    segmented.choose("tableBox", "Vertebrae")
    segmented.click("copyButton")
    lines = QtWidgets.QApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[:2] == ["Vertebrae", "anterior mm"]
    assert [line.split("\t")[0] for line in lines[1:]] == ["T12", "L1", "L2", "L3", "L4", "L5"]


def test_a_click_on_a_value_shows_where_it_was_read_and_brings_the_views_there(segmented: Driven, scene: Any) -> None:
    segmented.choose("tableBox", "Vertebrae")
    red = scene.GetSingletonNode("Red", "vtkMRMLSliceNode")
    click(segmented, cell(segmented, "L1", "anterior"))
    high, first = red.GetSliceOffset(), shown(scene)
    assert first
    assert "L1, Anterior height" in segmented.ui.valueLabel.text
    click(segmented, cell(segmented, "L5", "anterior"))
    assert red.GetSliceOffset() < high - 50
    assert not set(first) & set(shown(scene))
    trace = value(segmented, "vertebra.anterior_height", "L5").trace
    heights = [point[2] for line in trace.lines for point in line] or [point[2] for point in trace.points.values()]
    assert min(heights) - 1 <= red.GetSliceOffset() <= max(heights) + 1


def test_the_keyboard_moves_from_value_to_value(segmented: Driven) -> None:
    segmented.choose("tableBox", "Vertebrae")
    click(segmented, cell(segmented, "L3", "anterior"))
    QtTest.QTest.keyClick(segmented.ui.measureView, QtCore.Qt.Key_Down)
    assert "L4, Anterior height" in segmented.ui.valueLabel.text


def test_an_edit_changes_the_numbers_that_rest_on_it_and_no_others(segmented: Driven) -> None:
    before = {(one.measure, one.level): one for one in segmented.panel.measuring.findings.measurements}

    def cut(voxels: Any) -> None:
        inside = np.nonzero(voxels.any(axis=(1, 2)))[0]
        voxels[inside[: len(inside) // 5]] = 0

    paint(segmented, "L3", cut)
    asked = time.monotonic()
    segmented.wait(lambda: value(segmented, "vertebra.anterior_height", "L3").status == "edited", 10)
    assert time.monotonic() - asked < 10
    after = {(one.measure, one.level): one for one in segmented.panel.measuring.findings.measurements}
    assert after["vertebra.anterior_height", "L3"].status == "edited"
    assert after["vertebra.anterior_height", "L5"] == before["vertebra.anterior_height", "L5"]


def test_an_edit_leaves_the_views_where_the_user_works(segmented: Driven, scene: Any) -> None:
    segmented.choose("tableBox", "Vertebrae")
    click(segmented, cell(segmented, "L1", "anterior"))
    red = scene.GetSingletonNode("Red", "vtkMRMLSliceNode")
    red.SetSliceOffset(red.GetSliceOffset() - 40)
    place = red.GetSliceOffset()
    paint(segmented, "L1", lambda voxels: voxels.__setitem__(slice(0, 2), 0))
    segmented.wait(lambda: not segmented.panel.measuring.live.is_dirty)
    assert red.GetSliceOffset() == place
    assert "L1, Anterior height" in segmented.ui.valueLabel.text


def test_back_to_the_automatic_result_for_one_segment_and_for_all(segmented: Driven) -> None:
    before = value(segmented, "vertebra.anterior_height", "L3").value
    segmentation = segmented.ui.resultSelector.currentNode()
    key = segmentation.GetSegmentation().GetSegmentIdBySegmentName("L3")
    paint(segmented, "L3", lambda voxels: voxels.__setitem__((slice(None), slice(0, voxels.shape[1] * 2 // 5)), 0))
    segmented.wait(lambda: value(segmented, "vertebra.anterior_height", "L3").value != before)
    segmented.ui.segmentEditor.setCurrentSegmentID(key)
    segmented.click("revertSegmentButton")
    segmented.wait(lambda: value(segmented, "vertebra.anterior_height", "L3").value == pytest.approx(before))
    segmentation.GetSegmentation().RemoveSegment(key)
    segmented.wait(lambda: _is_missing(segmented, "vertebra.anterior_height", "L3"))
    segmented.click("revertAllButton")
    segmented.wait(lambda: not _is_missing(segmented, "vertebra.anterior_height", "L3"))
    assert value(segmented, "vertebra.anterior_height", "L3").value == pytest.approx(before)


def _is_missing(panel: Driven, measure: str, level: str) -> bool:
    try:
        return value(panel, measure, level).value is None
    except KeyError:
        return True


def test_a_value_is_confirmed_and_the_confirmation_withdrawn(segmented: Driven) -> None:
    segmented.choose("tableBox", "Vertebrae")
    click(segmented, cell(segmented, "L4", "anterior"))
    segmented.click("confirmButton")
    assert value(segmented, "vertebra.anterior_height", "L4").status == "confirmed"
    assert "(confirmed)" in segmented.ui.valueLabel.text
    assert segmented.ui.confirmButton.text == "Withdraw"
    segmented.click("confirmButton")
    assert value(segmented, "vertebra.anterior_height", "L4").status == "automatic"


def test_a_dragged_corner_takes_its_angle_along_and_can_be_put_back(segmented: Driven, scene: Any) -> None:
    segmented.choose("tableBox", "Vertebrae")
    click(segmented, cell(segmented, "L4", "wedge"))
    before = value(segmented, "vertebra.wedge_angle", "L4").value
    known = set(shown(scene))
    segmented.click("landmarksBox")
    (points,) = [one for one in shown(scene) if one not in known and one.IsA("vtkMRMLMarkupsFiducialNode")]
    labels = [points.GetNthControlPointLabel(at) for at in range(points.GetNumberOfControlPoints())]
    corner = labels.index("superior anterior")
    place = points.GetNthControlPointPosition(corner)
    points.SetNthControlPointPosition(corner, place[0], place[1], place[2] + 4)
    segmented.wait(lambda: value(segmented, "vertebra.wedge_angle", "L4").value != before)
    assert abs(value(segmented, "vertebra.wedge_angle", "L4").value - before) > 3
    segmented.click("snapBackButton")
    assert value(segmented, "vertebra.wedge_angle", "L4").value == pytest.approx(before)
    assert points.GetNthControlPointPosition(corner) == pytest.approx(place)


def test_the_area_along_the_canal_is_plotted(segmented: Driven, scene: Any) -> None:
    assert segmented.ui.plotButton.enabled
    segmented.click("plotButton")
    chart = scene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    assert chart is not None
    assert slicer.app.applicationLogic().GetSelectionNode().GetActivePlotChartID() == chart.GetID()


def test_structures_are_shown_and_hidden_by_their_kind(segmented: Driven) -> None:
    display = segmented.ui.resultSelector.currentNode().GetDisplayNode()
    boxes = {box.text: box for box in segmented.ui.kindsFrame.findChildren(QtWidgets.QCheckBox)}
    assert set(boxes) == {"Vertebrae", "Discs", "Canal"}
    boxes["Discs"].checked = False
    segments = segmented.ui.resultSelector.currentNode().GetSegmentation()
    assert not display.GetSegmentVisibility(segments.GetSegmentIdBySegmentName("L4/5"))
    assert display.GetSegmentVisibility(segments.GetSegmentIdBySegmentName("L4"))


def test_surfaces_are_made_when_they_are_to_be_seen(segmented: Driven) -> None:
    segmentation = segmented.ui.resultSelector.currentNode()
    segmented.ui.show3DBox.checked = True
    assert segmentation.GetSegmentation().ContainsRepresentation("Closed surface")
    assert segmentation.GetDisplayNode().GetVisibility3D()
    segmented.ui.opacitySlider.value = 0.4
    segmented.ui.show3DBox.checked = False
    assert (
        not segmentation.GetDisplayNode().GetVisibility3D()
        or not segmentation.GetSegmentation().ContainsRepresentation("Closed surface")
    )


def test_another_lowest_disc_renames_all_levels_of_the_result(segmented: Driven) -> None:
    segmented.choose("lowestDiscBox", "L4/5")
    segmented.wait(lambda: not segmented.panel.measuring.live.is_dirty)
    segments = segmented.ui.resultSelector.currentNode().GetSegmentation()
    assert segments.GetSegmentIdBySegmentName("L5/S1") == ""
    segmented.choose("tableBox", "Vertebrae")
    assert levels(segmented)[-1] == "L4"


def test_a_segmentation_without_its_image_says_why_it_is_not_measured(segmented: Driven, scene: Any) -> None:
    scene.RemoveNode(segmented.panel.choosing.volume)
    segmented.pause(0.2)
    assert segmented.panel.measuring.findings is None
    segmented.panel.correcting.choose(segmented.ui.resultSelector.currentNode())
    assert "not in the scene" in segmented.ui.notesLabel.text
