"""The module is loaded anew, and the panel opened and closed many times, without anything being left."""

import gc
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk
import slicer

from LumbarSegLib.core.worker.events import Answer
from Testing.desktop.driving import Driven
from Testing.desktop.told_worker import ToldWorker

_ROUNDS = 12


def kept() -> list[str]:
    """Objects of ours that watch nodes or hold them and are still alive: an observer that is left keeps its owner."""
    watch = ("Panel", "Watching", "LiveMeasures", "Followed", "Observers", "DraggableLandmarks")
    gc.collect()
    return sorted(name for one in gc.get_objects() if (name := type(one).__name__) in watch)


def nodes(scene: Any) -> list[str]:
    return sorted(scene.GetNthNode(at).GetID() for at in range(scene.GetNumberOfNodes()))


def test_a_reload_makes_a_new_panel_and_leaves_nothing_of_the_old(segmented: Driven, worker: ToldWorker) -> None:
    old, modules = segmented.panel, dict(sys.modules)
    try:
        slicer.modules.LumbarSegWidget.onReload()
        segmented.wait(lambda: segmented.panel is not None)
        assert segmented.panel is not old
        assert type(segmented.panel) is not type(old), "the library was read anew"
        assert old._watching.Observations == []
        segmented.window.enter()
        segmented.pause(0.3)
        assert segmented.ui.resultSelector.currentNode() is not None
        segmented.wait(lambda: segmented.panel.measuring.findings is not None)
        segmented.close()
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] in ("LumbarSegLib", "LumbarSeg")]:
            del sys.modules[name]
        sys.modules.update({name: module for name, module in modules.items() if name.startswith("LumbarSeg")})


def test_an_exception_while_the_panel_is_loaded_leaves_no_timer(scene: Any, slots: list[BaseException]) -> None:
    early = Driven(enter=False)
    early.close()
    early.pause(0.1)
    assert slots == []


def test_many_rounds_leave_no_node_no_observer_and_little_memory(
    loaded: Driven, worker: ToldWorker, known: tuple[sitk.Image, Answer], scene: Any
) -> None:
    def once() -> None:
        loaded.load(known[0], "again")
        loaded.click("segmentButton")
        worker.say(known[1])
        loaded.wait(lambda: loaded.panel.measuring.findings is not None)
        scene.Clear(0)
        loaded.pause(0.1)

    for _warming_up in range(3):
        once()
    before = (nodes(scene), kept())
    gc.collect()
    memory = _resident_mb()
    for _round in range(_ROUNDS):
        once()
    gc.collect()
    assert (nodes(scene), kept()) == before
    assert _resident_mb() - memory < 50


def test_the_panel_goes_without_a_trace(
    scene: Any, worker: ToldWorker, known: tuple[sitk.Image, Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    slicer.modules.__dict__.pop("LumbarSegWidget", None)
    before = (nodes(scene), kept(), observed(scene))
    panel = Driven()
    panel.load(known[0], "image")
    panel.click("segmentButton")
    worker.say(known[1])
    panel.wait(lambda: panel.panel.measuring.findings is not None)
    panel.ui.landmarksBox.checked = True
    editor = panel.ui.segmentEditor
    panel.close()
    assert worker.state == "stopped"
    assert not editor._shortcuts
    assert not editor._observing
    assert list((tmp_path / "temporary").iterdir()) == []
    assert observed(scene) == before[2]
    scene.Clear(0)
    assert [one for one in nodes(scene) if one not in before[0] and "LumbarSeg" not in one] == []
    slicer.modules.__dict__.pop("LumbarSegWidget")
    del panel, editor
    assert kept() == before[1]


def observed(scene: Any) -> list[bool]:
    """Whether anything watches the scene and what its views show."""
    events = ("StartCloseEvent", "EndCloseEvent", "EndImportEvent", "NodeAddedEvent", "NodeAboutToBeRemovedEvent")
    views = [scene.GetSingletonNode(name, "vtkMRMLSliceCompositeNode") for name in ("Red", "Yellow", "Green")]
    return [
        *(bool(scene.HasObserver(getattr(scene, event))) for event in events),
        *(bool(view.HasObserver("ModifiedEvent")) for view in views),
    ]


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
