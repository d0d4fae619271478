"""A session: its parts joined, its one timer, and what the page shows of them."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING

from LumbarSegLib.browser.session.application import slicer_app, web_server
from LumbarSegLib.browser.session.choosing import Choosing
from LumbarSegLib.browser.session.confirming import Confirming
from LumbarSegLib.browser.session.correcting import Correcting
from LumbarSegLib.browser.session.cut_offs import CutOffs
from LumbarSegLib.browser.session.exporting import Exporting
from LumbarSegLib.browser.session.measuring import Measuring
from LumbarSegLib.browser.session.memory import count_as_lasting, give_back
from LumbarSegLib.browser.session.opening import Opening
from LumbarSegLib.browser.session.page.shell import build_page
from LumbarSegLib.browser.session.serving import protect
from LumbarSegLib.browser.session.sources import Sources
from LumbarSegLib.browser.session.spacing import PixelSpacing
from LumbarSegLib.browser.session.viewing import Viewing
from LumbarSegLib.core.worker.client import Worker
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.formats import Exported
from LumbarSegLib.scene.hierarchy import remove_contents
from LumbarSegLib.scene.model_card import card
from LumbarSegLib.scene.numbering import name_levels
from LumbarSegLib.scene.reading import lowest_disc_of
from LumbarSegLib.scene.running import Running
from LumbarSegLib.scene.runs import Run, to_replace
from LumbarSegLib.scene.situation import situation_of
from LumbarSegLib.scene.states import Situation, looks

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode

    from LumbarSegLib.browser.session.settings import Message, Settings

_EVERY_S = 0.05


class Session:
    """All that one user does and sees."""

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self.app, self.server = slicer_app(), web_server()
        self.state = self.server.state
        self.state.update(
            {
                "looks": looks(Situation()),
                "trouble": "",
                "idle": False,
                "log": "",
                "show_log": False,
                "dialog": "",
                "card": "",
            }
        )
        self._worker = Worker()
        self._warmed = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self.viewing = Viewing(self.app, self.server)
        self.running = Running(self.app.scene, self._worker, self._on_result)
        self.choosing = Choosing(self.state, self._on_choice)
        self.correcting = Correcting(self.app, self.state, self._on_segmentation)
        self.measuring = Measuring(self.app.scene, self.state, self.viewing, self.show)
        self.opening = Opening(self.app.scene, self.state, settings, self)
        self.confirming = Confirming(self.state, lambda: self.measuring.live, self.show)
        self.sources = Sources(settings.sources, settings.uploads)
        self.exporting = Exporting(self.state, settings.exports, self._exported, self.sources)
        self.state.change("image")(lambda **_: self._image_chosen())
        self.spacing = PixelSpacing(self)
        self.cut_offs = CutOffs(self.state, self.measuring)
        build_page(self)

    async def start(self) -> int:
        """Listen, and return on which port. What is to be open at first is opened right after."""
        self.server.controller.on_server_bind.add(lambda served: protect(served.app, self._settings.secret))
        self.server.start(
            port=self._settings.port,
            host="127.0.0.1",
            exec_mode="task",
            timeout=0,
            open_browser=False,
            show_connection_info=False,
        )
        await self.server.ready
        count_as_lasting()
        self._keep(self._tick())
        return int(self.server.port)

    def hear(self, message: "Message") -> None:
        """Take a message of the door."""
        with self.state:
            if message.idle is not None:
                self.state.idle = message.idle
            if message.uploaded:
                self._keep(self.opening.open_uploaded(message.uploaded, message.names))

    def end(self) -> None:
        """The user is gone: leave no process behind."""
        self.measuring.let_go()
        self._worker.stop()

    @property
    def situation(self) -> Situation:
        """All that the looks of the page depend on, as it is now."""
        parts = (self.choosing, self.correcting, self.measuring, self.confirming)
        return situation_of(self._worker, self.running, *parts)

    def show(self) -> None:
        """Show the situation as it is now."""
        told = looks(self.situation)
        if told != self.state.looks:
            self.state.looks = told
        self.state.log = self.running.log
        self.exporting.show(self.choosing.volume)

    def segment(self, chosen: Mapping[str, str]) -> None:
        """Begin a run with what the click says is chosen; or, while one goes on, give it up."""
        if self.running.is_busy:
            self.running.cancel()
        else:
            self.choosing.take(chosen)
            self._begin()
        self.show()

    def _begin(self) -> None:
        volume = self.choosing.volume
        if volume is not None and not self.choosing.problem:
            replaces = self.state.replace == "replace"
            old = to_replace(self.correcting.segmentation, volume) if replaces else None
            self.running.begin(volume, self.choosing.choices, old)

    async def open_entry(self, path: str, is_folder: bool) -> None:
        """Go into a folder of the server, or open a file in it."""
        if is_folder:
            self.opening.browse(path)
        else:
            await self.opening.open_served(path)

    def show_card(self) -> None:
        """Show what the model that is chosen, or would be, was trained on and where it ends."""
        from LumbarSegLib.core import models

        try:
            chosen = self.state.model
            info = models.find(chosen) if chosen else models.choose(self.choosing.likely_task or "sagittal")
        except LumbarSegError as error:
            self.trouble(as_sentence(error))
        else:
            self.state.update({"card": card(info), "dialog": "card"})

    def set_layout(self, key: str) -> None:
        """Lay the views out; where a 3D view comes, the surfaces of the result come with it."""
        self.viewing.set_layout(key)
        if key in ("four", "3d") and self.correcting.segmentation is not None and not self.state.show_3d:
            self.state.show_3d = True
            self.correcting.show_display()
            self.viewing.fit_solid()

    def open_or_close_findings(self) -> None:
        """Go back to the measures of the result where those of a file are shown; else let one be chosen."""
        if self.measuring.opened is not None:
            self.measuring.close_file()
        else:
            self.state.dialog = "open"

    def show_result(self, segmentation: "vtkMRMLSegmentationNode") -> None:
        """Work on a segmentation, with the parts of the panel unfolded that show and export what is found in it."""
        self.correcting.choose(segmentation)
        self.state.folded = {**self.state.folded, "image": True, "measure": False, "export": False}

    def undo_run(self) -> None:
        """Bring back what was there before the last run, or the run."""
        last = self.running.last
        if last is not None and not self.running.is_busy:
            (last.undo if last.can_undo else last.redo)()
            self.correcting.choose(last.segmentation)
            self.show()

    def close_all(self) -> None:
        """Let go of all that is open, before another image comes in its place."""
        self.running.cancel()
        self.running.tick()
        self.running.dismiss()
        self.running.last = None
        self.measuring.follow(None)
        self.correcting.leave()
        self.choosing.clear()
        self.sources.clear()
        self.state.show_curve = False
        remove_contents(self.app.scene)
        self.viewing.scene_cleared()
        give_back()

    def rename_levels(self) -> None:
        """Another lowest disc names the levels of a result that is there anew."""
        segmentation, chosen = self.correcting.segmentation, self.state.lowest_disc
        if segmentation is None or self.measuring.task not in ("sagittal", "xray"):
            return
        if lowest_disc_of(segmentation) == chosen:
            return
        try:
            name_levels(segmentation, chosen)
        except LumbarSegError as error:
            self.trouble(as_sentence(error))
            self.state.lowest_disc = lowest_disc_of(segmentation)
        self.correcting.forget_steps()
        self.show()

    def trouble(self, sentence: str) -> None:
        """Show a sentence until the user closes it."""
        self.state.trouble = sentence

    async def _tick(self) -> None:
        """What is done several times a second."""
        await self.opening.open_first()
        self.choosing.fill_models()
        while True:
            with self.state:
                self._step()
            await asyncio.sleep(_EVERY_S)

    def _step(self) -> None:
        was_busy, worker = self.running.is_busy, self._worker.state
        self.running.tick()
        self.measuring.tick()
        if was_busy or self.running.is_busy or worker != self._worker.state:
            self.show()

    def _image_chosen(self) -> None:
        """Show the image that was chosen among those that are open, with its result if there is one."""
        volume = self.choosing.volume
        if volume is not None and volume is not self.viewing.volume:
            self.viewing.show_volume(volume)
            self.correcting.choose(self.correcting.result_of(volume))
            self.choosing.check()

    def _on_choice(self) -> None:
        self.running.dismiss()
        self.spacing.show(self.choosing.volume)
        task = self.choosing.likely_task or "sagittal"
        if self.choosing.volume is not None and not self.running.is_busy and task != self._warmed:
            self._warmed = task
            self._worker.warm(task)
        self.rename_levels()
        self.show()

    def _on_result(self, run: "Run") -> None:
        if self.choosing.volume is not None:
            self.viewing.follow(self.choosing.volume)
        if run.segmentation is not None:
            self.show_result(run.segmentation)

    def _on_segmentation(self) -> None:
        segmentation = self.correcting.segmentation
        self.measuring.follow(segmentation)
        if segmentation is not None and self.measuring.task in ("sagittal", "xray"):
            self.state.lowest_disc = lowest_disc_of(segmentation)
        self.show()

    def _exported(self) -> Exported | None:
        segmentation = self.correcting.segmentation
        return Exported(segmentation, self.measuring.live) if segmentation is not None else None

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
