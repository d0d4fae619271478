"""The panel with the real worker and the real model, as it is used."""

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import slicer

from LumbarSegLib.scene.segmentations import labels_from_segmentation, provenance_of
from LumbarSegLib.scene.states import State
from Testing.desktop.application import ROOT
from Testing.desktop.driving import Driven
from Testing.radiographs import DrawnRadiograph
from Testing.workers import workers_of

_LONG = 240.0


def children() -> set[int]:
    """The workers that this process has started and that still run."""
    return workers_of(os.getpid())


def test_the_modules_self_test_passes(panel: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Slicer's own test runner runs; here too no torch is imported, which other tests have done already."""
    from LumbarSegLib.desktop import self_test

    monkeypatch.setattr(self_test, "_imported", set)
    monkeypatch.setattr(slicer.util, "selectModule", lambda _name: panel.window.enter())
    before = children()
    sys.modules["LumbarSeg"].LumbarSegTest().runTest()
    panel.close()
    assert children() <= before


def test_cancel_in_the_middle_leaves_one_fresh_worker(panel: Driven) -> None:
    panel.panel.choosing.load_sample("axial-t1")
    panel.wait(lambda: panel.ui.segmentButton.enabled)
    panel.click("segmentButton")
    panel.pause(0.3)
    before = children()
    panel.click("segmentButton")
    panel.wait(lambda: panel.panel.running.state is State.IDLE, _LONG)
    panel.wait(lambda: panel.panel.situation.worker == "ready", _LONG)
    assert len(children()) == len(before)
    panel.click("segmentButton")
    panel.wait(lambda: panel.panel.measuring.findings is not None, _LONG)
    told = provenance_of(panel.ui.resultSelector.currentNode())
    assert (told["task"], told["model"]) == ("axial", "axial-mr")
    assert panel.ui.levelsButton.visible


def test_a_film_without_a_place_in_the_patient_is_segmented_and_measured(panel: Driven) -> None:
    drawn = DrawnRadiograph(size=(1600, 700), top=0.07, bottom=0.97)
    film = sitk.GetImageFromArray(drawn.film[np.newaxis])
    volume = panel.load(film, "film")
    panel.wait(lambda: panel.ui.segmentButton.enabled)
    assert panel.ui.taskBox.currentText == "Automatic: Radiograph"
    assert panel.ui.viewBox.visible
    panel.choose("viewBox", "frontal")
    panel.click("segmentButton")
    panel.wait(lambda: panel.panel.measuring.findings is not None, _LONG)
    findings = panel.panel.measuring.findings
    assert findings.view == "frontal"
    (largest,) = [one for one in findings.measurements if one.measure == "coronal.largest_cobb"]
    assert largest.value is not None
    assert all(one.mm is None for one in findings.corners)
    labels = labels_from_segmentation(panel.ui.resultSelector.currentNode(), volume)
    found, true = sitk.GetArrayFromImage(labels)[0] > 0, drawn.classes == 1
    assert 2 * np.sum(found & true) / (found.sum() + true.sum()) > 0.9


def test_a_worker_that_is_killed_is_told_of_and_the_next_run_works(panel: Driven) -> None:
    panel.panel.choosing.load_sample("axial-t1")
    panel.wait(lambda: panel.panel.situation.worker == "ready", _LONG)
    before = children()
    panel.click("segmentButton")
    for one in children():
        os.kill(one, 9)
    panel.wait(lambda: panel.panel.running.state is State.FAILED, _LONG)
    assert panel.ui.warningIcon.visible
    assert panel.ui.statusLabel.text.endswith(".")
    panel.click("segmentButton")
    panel.wait(lambda: panel.panel.measuring.findings is not None, _LONG)
    assert not children() & before


def test_the_panels_process_never_imports_torch() -> None:
    code = """
from Testing.desktop import application
application.add_views(application.start())
from Testing.desktop.driving import Driven
import sys
panel = Driven()
panel.panel.choosing.load_sample("axial-t1")
panel.wait(lambda: panel.ui.segmentButton.enabled)
panel.click("segmentButton")
panel.wait(lambda: panel.panel.measuring.findings is not None, 240)
panel.close()
print(sorted({"torch", "monai", "skimage", "matplotlib"} & set(sys.modules)))
"""
    path = os.pathsep.join([str(ROOT), str(ROOT / "LumbarSeg")])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().endswith("[]")


def test_a_script_segments_and_measures_without_the_panel(scene: Any, panel: Driven) -> None:
    from LumbarSegLib.desktop import samples

    logic = sys.modules["LumbarSeg"].LumbarSegLogic()
    segmentation = logic.segment(samples.load("axial-t1"), task="axial")
    assert logic.measure(segmentation).of("ts.area", "slice 1").value is not None
