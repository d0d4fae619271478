"""Dialogs: cut-offs, levels of slices, cards; and what a user finds who brings a segmentation of his own."""

from collections.abc import Callable
from typing import Any

import pytest
import SimpleITK as sitk
from PySide6 import QtCore, QtWidgets

from LumbarSegLib.core.thresholds import SHIPPED
from LumbarSegLib.core.worker.events import Answer, Failed
from LumbarSegLib.desktop.thresholds_dialog import kept_thresholds
from LumbarSegLib.scene.segmentations import segmentation_from_result
from LumbarSegLib.scene.states import State
from Testing.desktop.driving import Driven
from Testing.desktop.told_worker import ToldWorker, axial

AREA = ("ts.area", 70.0)


@pytest.fixture
def dialog(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Any], None]], None]:
    """Says what is done in the dialogs that open."""

    def use(act: Callable[[Any], None]) -> None:
        def run(window: Any) -> int:
            window.setResult(0)
            window.show()
            act(window)
            window.hide()
            return int(window.result())

        monkeypatch.setattr(QtWidgets.QDialog, "exec_", run)

    return use


def press(window: Any, kind: Any) -> None:
    window.findChild(QtWidgets.QDialogButtonBox).button(kind).click()


def row_of(table: Any, measure: str, value: float) -> int:
    names = [(key, one.value) for key, rows in SHIPPED.items() for one in rows]
    return names.index((measure, value))


@pytest.fixture
def opened(panel: Driven) -> Driven:
    """The panel with its measures unfolded, as nobody has segmented anything."""
    panel.ui.measureSection.collapsed = False
    panel.pause(0.05)
    return panel


@pytest.fixture
def slices(worker: ToldWorker, panel: Driven) -> Driven:
    """The panel with axial slices segmented and measured."""
    image, answer = axial()
    panel.load(image, "axial")
    panel.click("segmentButton")
    worker.say(answer)
    panel.wait(lambda: panel.panel.measuring.findings is not None)
    return panel


def test_every_cut_off_stands_with_its_source_and_population(opened: Driven, dialog: Any) -> None:
    seen: list[list[str]] = []

    def look(window: Any) -> None:
        table = window.findChild(QtWidgets.QTableWidget)
        for row in range(table.rowCount):
            seen.append([table.item(row, column).text() for column in range(table.columnCount)])

    dialog(look)
    opened.click("thresholdsButton")
    assert len(seen) == sum(len(rows) for rows in SHIPPED.values())
    assert all(all(cells) for cells in seen)


def test_another_cut_off_counts_as_the_users_own_and_values_stand_beside_it(slices: Driven, dialog: Any) -> None:
    def change(window: Any) -> None:
        table = window.findChild(QtWidgets.QTableWidget)
        table.item(row_of(table, *AREA), 2).setText("90,5")
        press(window, QtWidgets.QDialogButtonBox.Ok)

    dialog(change)
    slices.click("thresholdsButton")
    own = [one for one in kept_thresholds()["ts.area"] if one.value == 90.5]
    assert [(one.meaning, one.source, one.population) for one in own] == [("own cut-off",) * 3]
    beside = slices.panel.measuring.findings.of("ts.area", "slice 2").comparisons
    assert 90.5 in [one.cut_off for one in beside]


def test_cut_offs_are_kept_for_the_next_time_and_can_be_reset(opened: Driven, dialog: Any) -> None:
    def change(window: Any) -> None:
        table = window.findChild(QtWidgets.QTableWidget)
        table.item(row_of(table, *AREA), 2).setText("80")
        press(window, QtWidgets.QDialogButtonBox.Ok)

    def reset(window: Any) -> None:
        press(window, QtWidgets.QDialogButtonBox.RestoreDefaults)
        press(window, QtWidgets.QDialogButtonBox.Ok)

    dialog(change)
    opened.click("thresholdsButton")
    assert kept_thresholds() != SHIPPED
    dialog(reset)
    opened.click("thresholdsButton")
    assert dict(kept_thresholds()) == dict(SHIPPED)


def test_a_cut_off_that_is_no_number_is_told_of_and_nothing_is_kept(opened: Driven, dialog: Any) -> None:
    said: list[str] = []

    def change(window: Any) -> None:
        table = window.findChild(QtWidgets.QTableWidget)
        table.item(0, 2).setText("many")
        press(window, QtWidgets.QDialogButtonBox.Ok)
        said.extend(label.text for label in window.findChildren(QtWidgets.QLabel))

    dialog(change)
    opened.click("thresholdsButton")
    assert any('the "value" of a cut-off must be a number' in text for text in said)
    assert dict(kept_thresholds()) == dict(SHIPPED)


def test_cancelling_the_cut_offs_changes_nothing(opened: Driven, dialog: Any) -> None:
    def change(window: Any) -> None:
        window.findChild(QtWidgets.QTableWidget).item(0, 2).setText("1")
        press(window, QtWidgets.QDialogButtonBox.Cancel)

    dialog(change)
    opened.click("thresholdsButton")
    assert dict(kept_thresholds()) == dict(SHIPPED)


def test_a_user_says_which_slice_shows_which_level(slices: Driven, dialog: Any) -> None:
    def name(window: Any) -> None:
        boxes = window.findChildren(QtWidgets.QSpinBox)
        boxes[0].value = 2
        press(window, QtWidgets.QDialogButtonBox.Ok)

    dialog(name)
    slices.click("levelsButton")
    levels = slices.panel.measuring.live.levels
    assert list(levels.values()) == [2]
    (level,) = levels
    assert slices.panel.measuring.findings.of("ts.area", level).value is not None
    slices.choose("tableBox", "Thecal sac")
    assert slices.ui.measureView.model().headerData(0, QtCore.Qt.Vertical) == level


def test_the_table_of_slices_is_shown_by_number(slices: Driven) -> None:
    slices.choose("tableBox", "By slice")
    assert slices.ui.measureView.model().rowCount() == 6
    assert slices.panel.measuring.task == "axial"


def test_a_segmentation_that_a_user_drew_is_measured_by_its_names(
    worker: ToldWorker, panel: Driven, known: tuple[sitk.Image, Answer], scene: Any
) -> None:
    volume = panel.load(known[0], "image")
    drawn = segmentation_from_result(scene, known[1].result, volume, {})
    for place in range(drawn.GetSegmentation().GetNumberOfSegments()):
        drawn.GetSegmentation().GetNthSegment(place).RemoveTag("LumbarSeg.Label")
    panel.ui.resultSelector.setCurrentNode(drawn)
    panel.wait(lambda: panel.panel.measuring.findings is not None)
    assert panel.panel.measuring.findings.of("vertebra.anterior_height", "L3").value is not None
    assert not panel.ui.revertAllButton.enabled


def test_a_segment_that_is_no_structure_is_named_as_left_out(segmented: Driven) -> None:
    segments = segmented.ui.resultSelector.currentNode().GetSegmentation()
    own = segments.GetSegment(segments.GetSegmentIdBySegmentName("L2"))
    own.SetName("Cyst")
    own.RemoveTag("LumbarSeg.Label")
    segmented.wait(lambda: "Cyst" in segmented.ui.notesLabel.text)


def test_a_model_file_that_fails_its_hash_is_told_of(loaded: Driven, worker: ToldWorker) -> None:
    loaded.click("segmentButton")
    worker.say(Failed("The model file sagittal-mr.ts is damaged or was altered; install LumbarSeg again.", ""))
    loaded.wait(lambda: loaded.panel.running.state is State.FAILED)
    assert "damaged or was altered" in loaded.ui.statusLabel.text


def test_a_damaged_model_is_told_of_when_the_models_are_listed(
    worker: ToldWorker, panel: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    from LumbarSegLib.core import models
    from LumbarSegLib.errors import ModelError

    def altered() -> None:
        raise ModelError("The model file axial-mr.ts is damaged or was altered; install LumbarSeg again.")

    monkeypatch.setattr(models, "shipped", altered)
    panel.panel.choosing.fill_models()
    assert "axial-mr.ts is damaged" in panel.ui.statusLabel.text
