"""The panel: its parts joined, its one timer, and what it watches in the scene."""

import shutil
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from LumbarSegLib.core.worker.client import Worker
from LumbarSegLib.desktop import installing
from LumbarSegLib.desktop.choosing import Choosing
from LumbarSegLib.desktop.confirming import Confirming
from LumbarSegLib.desktop.correcting import Correcting
from LumbarSegLib.desktop.exporting import Exporting
from LumbarSegLib.desktop.measuring import Measuring
from LumbarSegLib.desktop.parameters import Parameters
from LumbarSegLib.desktop.watching import Watching
from LumbarSegLib.desktop.widgets import Connections, choose, fill, icon, show
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.formats import Exported
from LumbarSegLib.scene.numbering import name_levels
from LumbarSegLib.scene.reading import lowest_disc_of
from LumbarSegLib.scene.running import Running
from LumbarSegLib.scene.runs import Run, to_replace
from LumbarSegLib.scene.situation import situation_of
from LumbarSegLib.scene.states import Situation, looks

_EVERY_MS = 50


class Panel:
    """What LumbarSeg shows in Slicer. It is told when the module is entered, left and taken away.

    The worker runs from entering to leaving, and until a run that goes on is done.
    """

    def __init__(self, ui: Any) -> None:
        self._ui, self._scene = ui, slicer.mrmlScene
        self._connections = Connections()
        self._parameters = Parameters(self._scene)
        self._worker = Worker(shutil.which("PythonSlicer"))
        self._is_entered = self._is_fresh = False
        self._warmed = self._shown_worker = ""
        self.running = Running(self._scene, self._worker, self._on_result)
        self.choosing = Choosing(ui, self._parameters, self._connections, self._on_choice, self._on_trouble)
        self.correcting = Correcting(ui, self._parameters, self._connections, self._on_segmentation)
        self.measuring = Measuring(ui, self._scene, self._connections, lambda: self.choosing.volume, self.show)
        self.confirming = Confirming(ui, self._connections, lambda: self.measuring.live, self.show)
        self.exporting = Exporting(ui, self._connections, self._exported)
        fill(ui.replaceBox, ((_("Replace the result"), "replace"), (_("Keep both results"), "keep")))
        ui.warningIcon.setPixmap(icon("flag").pixmap(16, 16))
        ui.logText.visible = False
        for button, slot in (("segmentButton", self._segment), ("undoButton", self._undo)):
            self._connections.add(getattr(ui, button), "clicked(bool)", slot)
        self._connections.add(ui.detailsButton, "toggled(bool)", self._show_log)
        self._connections.add(ui.lowestDiscBox, "currentIndexChanged(int)", self._rename_levels)
        self._timer = qt.QTimer()
        self._timer.setInterval(_EVERY_MS)
        self._connections.add(self._timer, "timeout()", self.tick)
        self._watching = Watching(
            self._scene, self._scene_closes, self._scene_opens, self.running.forget, self._views_change
        )
        self.show()

    def enter(self) -> None:
        """The module is shown: follow the views, start the worker."""
        self._is_entered = self._is_fresh = True
        self.correcting.enter()
        self._timer.start()

    def exit(self) -> None:
        """Another module is shown."""
        self._is_entered = False
        self.correcting.exit()
        self._rest()

    def cleanup(self) -> None:
        """The panel goes: leave nothing behind."""
        self._timer.stop()
        self._watching.removeObservers()
        self._connections.cut()
        self.measuring.let_go()
        self.correcting.exit()
        self.correcting.leave_scene()
        self._worker.stop()

    def tick(self) -> None:
        """What is done several times a second while the panel is shown or a run goes on."""
        if self._is_fresh:
            # What takes time is done when the panel is seen already.
            self._is_fresh = False
            self.choosing.fill_models()
            self.correcting.restore()
            self.choosing.restore()
            self._warm()
        was_busy = self.running.is_busy
        if not was_busy:
            self.choosing.check()
        self.running.tick()
        self.measuring.tick()
        if was_busy or self.running.is_busy:
            self.show()
        self._show_situation_of_worker()
        if not self._is_entered:
            self._rest()

    @property
    def situation(self) -> Situation:
        """All that the looks of the panel depend on, as it is now."""
        missing = tuple(one.name for one in installing.missing("segment"))
        parts = (self.choosing, self.correcting, self.measuring, self.confirming)
        return situation_of(self._worker, self.running, *parts, missing)

    def show(self) -> None:
        """Show the situation as it is now."""
        show(self._ui, looks(self.situation))
        if self._ui.logText.visible:
            self._ui.logText.setPlainText(self.running.log)

    def segment(self) -> None:
        """Begin a run with what is chosen; asks for what has to be installed first."""
        volume = self.choosing.volume
        if volume is None or self.running.is_busy or not installing.ensure("segment"):
            self.show()
            return
        replaces = self._ui.replaceBox.currentData == "replace"
        old = to_replace(self.correcting.segmentation, volume) if replaces else None
        self.running.begin(volume, self.choosing.choices, old)
        self._timer.start()
        self.show()

    def cancel(self) -> None:
        """Give up the run that goes on."""
        self.running.cancel()
        self.show()

    def _segment(self, _checked: bool = False) -> None:
        if self.running.is_busy:
            self.cancel()
        else:
            self.segment()

    def _undo(self, _checked: bool = False) -> None:
        last = self.running.last
        if last is not None:
            (last.undo if last.can_undo else last.redo)()
            self.correcting.choose(last.segmentation or self.correcting.segmentation)
            self.show()

    def _on_result(self, run: Run) -> None:
        for section in (self._ui.correctSection, self._ui.measureSection):
            section.collapsed = False
        self.correcting.choose(run.segmentation)

    def _on_segmentation(self) -> None:
        segmentation = self.correcting.segmentation
        self.measuring.follow(segmentation)
        if segmentation is not None and self.measuring.task == "sagittal":
            choose(self._ui.lowestDiscBox, lowest_disc_of(segmentation))

    def _on_choice(self) -> None:
        self.running.dismiss()
        self._warm()
        self.show()

    def _on_trouble(self, sentence: str) -> None:
        self.running.fail(sentence)
        self.show()

    def _exported(self) -> Exported | None:
        segmentation = self.correcting.segmentation
        return Exported(segmentation, self.measuring.live) if segmentation is not None else None

    def _rename_levels(self, _index: int) -> None:
        """Another lowest disc names the levels of a result that is there anew."""
        segmentation, chosen = self.correcting.segmentation, str(self._ui.lowestDiscBox.currentData)
        if segmentation is None or self.measuring.task != "sagittal" or lowest_disc_of(segmentation) == chosen:
            return
        try:
            name_levels(segmentation, chosen)
        except LumbarSegError as error:
            self._on_trouble(as_sentence(error))
        self.show()

    def _show_log(self, shown: bool) -> None:
        self._ui.logText.visible = shown
        self.show()

    def _warm(self) -> None:
        """Let the worker load the model that will probably be asked for."""
        task = self.choosing.likely_task or "sagittal"
        asleep = self._worker.state == "stopped"
        if not self._is_entered or self.running.is_busy or not (asleep or task != self._warmed):
            return
        if not installing.missing("segment"):
            self._warmed = task
            self._worker.warm(task)

    def _rest(self) -> None:
        """Nobody sees the panel: end the worker and the timer, once no run goes on."""
        if not self.running.is_busy:
            self._timer.stop()
            self._worker.stop()

    def _show_situation_of_worker(self) -> None:
        if self._worker.state != self._shown_worker:
            self._shown_worker = self._worker.state
            self.show()

    def _views_change(self) -> None:
        if self._is_entered and not self._is_fresh:
            self.choosing.follow_views()

    def _scene_closes(self) -> None:
        self.running.cancel()
        self.running.last = None
        self.measuring.let_go()
        self.correcting.leave_scene()

    def _scene_opens(self) -> None:
        if self._is_entered:
            self.correcting.enter()
            self._is_fresh = True
        self.measuring.show()
