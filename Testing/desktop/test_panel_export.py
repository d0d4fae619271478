"""Results into files, from the panel; each is opened again."""

import csv
import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import qt
import SimpleITK as sitk

from LumbarSegLib.scene.files import load_segmentation
from LumbarSegLib.scene.formats import FORMATS
from LumbarSegLib.scene.host import open_scene
from LumbarSegLib.scene.segmentations import segments_of
from Testing.desktop.driving import Driven


@pytest.fixture
def export(segmented: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Exports in the format with a suffix, under a name that is not ASCII, and returns the file."""
    folder = tmp_path / "Müller größe"
    folder.mkdir()

    def run(suffix: str, name: str = "Wirbelsäule") -> Path:
        place = next(at for at, one in enumerate(FORMATS) if one.suffix == suffix)
        segmented.choose("formatBox", str(place))
        monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", staticmethod(lambda *_: str(folder / name)))
        monkeypatch.setattr(qt.QFileDialog, "getExistingDirectory", staticmethod(lambda *_: str(folder)))
        segmented.click("exportButton")
        return folder / (name + suffix)

    return run


@pytest.mark.parametrize("suffix", [".seg.nrrd", ".mrb"])
def test_a_segmentation_is_written_and_opens_again(segmented: Driven, export: Any, suffix: str) -> None:
    path = export(suffix)
    assert segmented.ui.exportLabel.text == f"Written: {path}"
    with open_scene() as other:
        names = {one.GetName() for one in segments_of(load_segmentation(other, path)).values()}
    assert {"L3", "L3/4", "Spinal canal"} <= names


def test_a_label_map_lies_on_the_grid_of_the_image(segmented: Driven, export: Any, known: Any) -> None:
    labels = sitk.ReadImage(export(".nii.gz"))
    assert sorted(labels.GetSize()) == sorted(known[0].GetSize())
    assert 3 in sitk.GetArrayViewFromImage(labels)


def test_surfaces_are_written_into_a_folder_of_their_own(segmented: Driven, export: Any) -> None:
    export("")
    folder = Path(segmented.ui.exportLabel.text.removeprefix("Written: "))
    assert folder.name == "Ünïté L-spine segmentation surfaces"
    assert (folder / "L3-4.stl").stat().st_size > 1000
    export("")
    assert segmented.ui.exportLabel.text.endswith("surfaces 2")


def test_the_table_has_a_row_for_each_measure(segmented: Driven, export: Any) -> None:
    lines = export(".csv").read_text("utf-8-sig").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert len(rows) == len(segmented.panel.measuring.findings.measurements)
    assert lines[0] == "# Research use; not for diagnosis."


def test_json_and_words_hold_the_same_numbers_as_the_panel(segmented: Driven, export: Any) -> None:
    height = segmented.panel.measuring.findings.of("vertebra.anterior_height", "L3").value
    told = json.loads(export(".json").read_text("utf-8"))
    found = [
        one for one in told["measurements"] if (one["measure"], one["level"]) == ("vertebra.anterior_height", "L3")
    ]
    assert found[0]["value"] == pytest.approx(height, abs=1e-3)
    assert told["model"] == "phantom"
    words = export(".txt").read_text("utf-8")
    assert f"{height:.1f}" in words
    assert words.rstrip().endswith("Research use; not for diagnosis.")


@pytest.mark.parametrize("suffix", [".html", ".pdf"])
def test_the_report_has_the_numbers_of_the_panel_and_says_what_was_edited(
    segmented: Driven, export: Any, suffix: str, tmp_path: Path
) -> None:
    live = segmented.panel.measuring.live
    x, y, z = live.findings.landmarks["L3.superior_anterior"].place
    live.drag("L3.superior_anterior", (x, y, z + 1.0))
    height = live.refresh().of("vertebra.anterior_height", "L3").value
    told = words_of(export(suffix))
    assert f"{height:.1f}*" in told
    assert "L3.superior_anterior" in told and "Research use; not for diagnosis." in told
    assert "this report is anonymous" in told
    live.snap_back()


def words_of(page: Path) -> str:
    """The text of a page, as a reader sees it."""
    if page.suffix == ".pdf":
        return subprocess.run(["pdftotext", page, "-"], capture_output=True, encoding="utf-8", check=True).stdout
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text("utf-8")))


def test_the_picture_is_drawn(segmented: Driven, export: Any) -> None:
    assert export(".png").read_bytes().startswith(b"\x89PNG")


def test_a_place_that_takes_no_file_is_told_of(segmented: Driven, export: Any) -> None:
    path = export(".csv", "no/such/folder/table")
    assert not path.exists()
    assert "there is no folder" in segmented.ui.exportLabel.text


def test_a_cancelled_choice_writes_nothing(segmented: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", staticmethod(lambda *_: ""))
    segmented.click("exportButton")
    assert segmented.ui.exportLabel.text == ""
