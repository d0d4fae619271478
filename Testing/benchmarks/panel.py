"""How fast the panel is, with the real worker and model: prints a table, as Markdown.

    python -m Testing.benchmarks.panel [ROUNDS]

Times from entering to the panel seen and the worker ready, from the click to segments and to the table, from cancel to
rest, from an edit to the refreshed table; then segments and closes the scene 50 times, or ROUNDS, and counts what is
left.
"""

import gc
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from PySide6 import QtWidgets
from vtkmodules.util.numpy_support import vtk_to_numpy

from Testing.desktop import application

application.add_views(application.start())

import slicer  # noqa: E402 - the parts that `application` added

from LumbarSegLib.scene.states import State  # noqa: E402
from Testing.desktop.driving import Driven  # noqa: E402

ROWS: list[tuple[str, str, str]] = []
_LONG = 600.0


def note(what: str, seconds: float, bound: str) -> None:
    ROWS.append((what, f"{seconds:.2f} s", bound))


def opened() -> Driven:
    started = time.perf_counter()
    panel = Driven(enter=False)
    panel.window.enter()
    QtWidgets.QApplication.processEvents()
    note("panel seen", time.perf_counter() - started, "0.3 s")
    panel.wait(lambda: panel.panel is not None, _LONG)
    panel.wait(lambda: panel.panel.situation.worker == "ready", _LONG)
    note("worker ready", time.perf_counter() - started, "8 s")
    return panel


def segmented(panel: Driven) -> tuple[float, float]:
    """Seconds from the click to the segments, and to the table."""
    panel.panel.choosing.load_sample("lumbar-t2")
    panel.wait(lambda: bool(panel.ui.segmentButton.enabled), _LONG)
    clicked = time.perf_counter()
    panel.click("segmentButton")
    panel.wait(lambda: not panel.panel.running.is_busy, _LONG)
    segments = time.perf_counter() - clicked
    panel.wait(lambda: panel.panel.measuring.findings is not None, _LONG)
    return segments, time.perf_counter() - clicked


def cancelled(panel: Driven) -> float:
    panel.click("segmentButton")
    panel.wait(lambda: panel.panel.running.state is State.RUNNING, _LONG)
    clicked = time.perf_counter()
    panel.click("segmentButton")
    panel.wait(lambda: panel.panel.running.state is State.IDLE, _LONG)
    return time.perf_counter() - clicked


def edited(panel: Driven, name: str) -> float:
    """Seconds from a stroke in a segment to the refreshed table."""
    segmentation, before = panel.ui.resultSelector.currentNode(), panel.panel.measuring.findings
    key, own = segmentation.GetSegmentation().GetSegmentIdBySegmentName(name), slicer.vtkOrientedImageData()
    segmentation.GetBinaryLabelmapRepresentation(key, own)
    voxels: Any = vtk_to_numpy(own.GetPointData().GetScalars()).reshape(own.GetDimensions()[::-1])
    voxels[:, : voxels.shape[1] // 10] = 0
    own.Modified()
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    logic.SetBinaryLabelmapToSegment(own, segmentation, key, logic.MODE_REPLACE)
    done = time.perf_counter()
    panel.wait(lambda: panel.panel.measuring.findings is not before, _LONG)
    return time.perf_counter() - done


def left() -> tuple[int, int, int, float]:
    """Nodes, objects of ours that watch nodes, child processes and resident memory (MB)."""
    scene = slicer.mrmlScene
    children = [one for task in Path("/proc/self/task").iterdir() for one in (task / "children").read_text().split()]
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    gc.collect()
    watching = [
        one for one in gc.get_objects() if type(one).__name__ in ("Panel", "Watching", "LiveMeasures", "Observers")
    ]
    return scene.GetNumberOfNodes(), len(watching), len(children), resident


def main(rounds: int) -> None:
    panel = opened()
    segmented(panel)
    times = [segmented(panel) for _run in range(3)]
    note("click to segments, warm", min(one for one, _table in times), "2.5 s")
    note("click to table, warm", min(table for _one, table in times), "")
    for name in ("L3", "L3/4", "Spinal canal"):
        note(f"edit of {name} to table", edited(panel, name), "0.5 s")
    note("cancel", cancelled(panel), "1 s")
    panel.wait(lambda: panel.panel.situation.worker == "ready", _LONG)
    before = (0, 0, 0, 0.0)
    for number in range(rounds + 3):
        if number == 3:
            before = left()
        segmented(panel)
        slicer.mrmlScene.Clear(0)
        panel.pause(0.1)
    after = left()
    print(f"{platform.machine()}, {os.cpu_count()} cores\n\n| what | time | bound |\n|---|---|---|")
    for row in ROWS:
        print("| {} | {} | {} |".format(*row))
    names = ("nodes", "watchers of nodes", "processes")
    grown = ", ".join(f"{name} {now - then:+d}" for name, now, then in zip(names, after[:3], before[:3], strict=True))
    print(f"\nAfter {rounds} rounds of segmenting and closing: {grown}, memory {after[3] - before[3]:+.0f} MB")
    panel.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
