"""Measures that were exported before, opened in the panel again and shown on their image."""

from pathlib import Path
from typing import Any

import pytest
import qt
import slicer

from LumbarSegLib.scene.marks import MARK
from Testing.desktop.driving import Driven
from Testing.desktop.test_panel_export import export as export  # noqa: PLC0414 - a fixture
from Testing.desktop.test_panel_measures import cell, click, levels


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The user will choose this file."""
    return lambda path: monkeypatch.setattr(qt.QFileDialog, "getOpenFileName", staticmethod(lambda *_: str(path)))


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_exported_measures_are_shown_again_marked_as_those_of_a_file(
    segmented: Driven, export: Any, choose: Any, suffix: str
) -> None:
    segmented.ui.personEdit.text, segmented.ui.organizationEdit.text = "Eva Weiß", "Klinik Süd"
    segmented.click("confirmResultButton")
    choose(export(suffix))
    before = levels(segmented)
    segmented.click("findingsButton")
    notes = segmented.ui.notesLabel.text
    assert notes.startswith(f"From the file Wirbelsäule{suffix}; it does not follow edits.")
    assert "Model: phantom" in notes and "by Eva Weiß, Klinik Süd" in notes
    assert levels(segmented) == before
    assert not any(
        getattr(segmented.ui, name).enabled for name in ("exportButton", "confirmButton", "confirmResultButton")
    )
    assert segmented.ui.exportButton.toolTip == "These measures are from a file. Close it first."
    segmented.click("findingsButton")
    assert "From the file" not in segmented.ui.notesLabel.text
    assert segmented.ui.exportButton.enabled and segmented.ui.findingsButton.text == "Open file…"


def test_values_and_corners_of_a_file_are_shown_without_a_segmentation(
    segmented: Driven, export: Any, choose: Any
) -> None:
    choose(export(".json"))
    segmentation = segmented.ui.resultSelector.currentNode()
    slicer.mrmlScene.RemoveNode(segmentation)
    segmented.wait(lambda: segmented.panel.measuring.findings is None)
    segmented.click("findingsButton")
    segmented.choose("tableBox", "Vertebrae")
    click(segmented, cell(segmented, "L3", "anterior"))
    segmented.ui.landmarksBox.checked = True
    assert roles() == {"measurement", "landmarks of a file"}
    assert segmented.ui.valueLabel.text.startswith("L3, Anterior height")
    segmented.ui.landmarksBox.checked = False
    assert roles() == {"measurement"}
    segmented.click("findingsButton")
    assert roles() == set()
    assert segmented.panel.measuring.findings is None


def roles() -> set[str]:
    scene = slicer.mrmlScene
    nodes = [scene.GetNthNode(place) for place in range(scene.GetNumberOfNodes())]
    return {one.GetAttribute(MARK) for one in nodes if one.GetAttribute(MARK)}


def test_an_edit_goes_on_behind_the_file_and_another_image_closes_it(
    segmented: Driven, export: Any, choose: Any, known: Any
) -> None:
    choose(export(".json"))
    segmented.click("findingsButton")
    assert segmented.panel.measuring.opened is not None
    segmented.load(known[0] + 1, "another")
    segmented.wait(lambda: segmented.panel.measuring.opened is None)


def test_measures_of_another_image_are_refused_in_a_sentence(
    segmented: Driven, export: Any, choose: Any, known: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("LumbarSegLib.desktop.asking.tell", told.append)
    choose(export(".json"))
    segmented.load(known[0] + 1, "another")
    segmented.click("findingsButton")
    (tmp_path / "broken.json").write_text("{")
    choose(tmp_path / "broken.json")
    segmented.click("findingsButton")
    assert "was measured in another image than another; open that one" in told[0]
    assert told[1].startswith("broken.json: this is no JSON")
    assert segmented.panel.measuring.opened is None
