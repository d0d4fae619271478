"""The whole path on the shipped sample, as Slicer's own test runner goes it: with the panel, as a user would."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer
import slicer.util

from LumbarSegLib.scene.segmentations import segments_of
from LumbarSegLib.scene.states import State

_LONGEST_S = 300.0
_LEVELS = {"L1", "L2", "L3", "L4", "L5", "L5/S1", "L4/5", "Spinal canal"}


class SelfTest:
    """Steps of one test case; `test` is Slicer's, whose messages and assertions they use."""

    def __init__(self, test: Any) -> None:
        self._test = test

    def run(self) -> None:
        """Go through all steps; fails where one does not do what a user expects."""
        slicer.mrmlScene.Clear(0)
        slicer.util.selectModule("LumbarSeg")
        self._wait(lambda: self._panel is not None, "the panel is there")
        self._segment()
        self._correct()
        self._export()
        self._cancel()
        self._test.delayDisplay("All passed")

    @property
    def _panel(self) -> Any:
        return slicer.modules.LumbarSegWidget.panel

    @property
    def _ui(self) -> Any:
        return slicer.modules.LumbarSegWidget.ui

    def _segment(self) -> None:
        self._test.delayDisplay("Segment the sample")
        self._panel.choosing.load_sample("lumbar-t2")
        self._wait(lambda: self._ui.segmentButton.enabled, "the sample can be segmented")
        self._ui.segmentButton.click()
        self._wait(self._is_measured, "the sample is segmented and measured")
        names = {segment.GetName() for segment in segments_of(self._panel.correcting.segmentation).values()}
        self._test.assertTrue(names >= _LEVELS, f"found {sorted(names)}")
        self._test.assertNotIn("torch", _imported(), "the panel's process imports no torch")

    def _correct(self) -> None:
        self._test.delayDisplay("Take a vertebra away and bring it back")
        segmentation, before = self._panel.correcting.segmentation, self._value("vertebra.anterior_height", "L3")
        self._test.assertIsNotNone(before)
        gone = next(key for key, one in segments_of(segmentation).items() if one.GetName() == "L3")
        segmentation.GetSegmentation().RemoveSegment(gone)
        self._wait(lambda: self._value("vertebra.anterior_height", "L3") is None, "the measures follow")
        self._ui.revertAllButton.click()
        self._wait(lambda: self._value("vertebra.anterior_height", "L3") == before, "the automatic result is back")

    def _export(self) -> None:
        self._test.delayDisplay("Write the files")
        from LumbarSegLib.scene.formats import FORMATS, Exported

        what = Exported(self._panel.correcting.segmentation, self._panel.measuring.live)
        with tempfile.TemporaryDirectory() as folder:
            for one in FORMATS:
                if one.suffix != ".png":  # needs a package that Slicer does not bring
                    path = Path(folder) / f"result{one.suffix}"
                    one.write(what, path)
                    self._test.assertTrue(path.exists(), one.title)

    def _cancel(self) -> None:
        self._test.delayDisplay("Cancel a run")
        self._ui.segmentButton.click()
        self._wait(lambda: self._panel.running.state is State.RUNNING, "the run goes on")
        self._ui.segmentButton.click()
        self._wait(lambda: not self._panel.running.is_busy, "the run is cancelled")
        self._test.assertIs(self._panel.running.state, State.IDLE)

    def _is_measured(self) -> bool:
        if self._panel.running.state is State.FAILED:
            self._test.fail(self._panel.running.failure)
        return self._panel.measuring.findings is not None and not self._panel.running.is_busy

    def _value(self, measure: str, level: str) -> float | None:
        try:
            return self._panel.measuring.findings.of(measure, level).value
        except KeyError:
            return None

    def _wait(self, until: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _LONGEST_S
        while not until():
            self._test.assertLess(time.monotonic(), end, f"not in time: {what}")
            slicer.app.processEvents()
            time.sleep(0.01)


def _imported() -> set[str]:
    import sys

    return set(sys.modules)
