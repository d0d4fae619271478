"""One run at a time: from the click to the result in the scene. A host's timer calls `tick`; nothing here waits."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from LumbarSegLib.core.worker.client import Worker
from LumbarSegLib.core.worker.events import Answer, Died, Failed, Progress, Ready
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.films import image_to_segment
from LumbarSegLib.scene.runs import Run, put_result
from LumbarSegLib.scene.states import BUSY, Event, State, after
from LumbarSegLib.scene.translation import tr as _

if TYPE_CHECKING:
    from slicer import vtkMRMLScene, vtkMRMLSegmentationNode, vtkMRMLVolumeNode

_LINES = 200


@dataclass(frozen=True)
class Choices:
    """What the user chose for a run, as `Worker.segment` takes it."""

    task: str = "auto"
    model: str | None = None
    device: str = "auto"
    lowest_disc: str = "L5/S1"
    view: str = "auto"
    accept_unlisted: bool = False


class Running:
    """Asks the worker, hears it and puts its answer into the scene.

    `on_result` gets each new run. What is asked for is known by the ids of its nodes, since the user
    may delete them, or close the scene, at any moment. The log has no names: those of volumes are often a patient's.
    """

    def __init__(self, scene: "vtkMRMLScene", worker: Worker, on_result: Callable[[Run], None]) -> None:
        self._scene, self._worker, self._on_result = scene, worker, on_result
        self.state = State.IDLE
        self.progress = Progress("", 0.0, None)
        self.failure = ""
        self.last: Run | None = None
        self._log: list[str] = []
        self._answer: Answer | None = None
        self._volume_id = self._replacing_id = ""
        self._stamp = 0

    @property
    def is_busy(self) -> bool:
        return self.state in BUSY

    @property
    def log(self) -> str:
        """What happened, a line for each thing."""
        return "\n".join(self._log)

    def begin(
        self, volume: "vtkMRMLVolumeNode", choices: Choices, replacing: "vtkMRMLSegmentationNode | None" = None
    ) -> None:
        """Ask for a volume to be segmented; the state tells how it goes on."""
        self.failure, self.progress, self._answer = "", Progress("", 0.0, None), None
        self._volume_id = volume.GetID()
        self._replacing_id = replacing.GetID() if replacing is not None else ""
        self._go(Event.ASK)
        try:
            self._stamp = _stamp(volume)
            self._worker.segment(image_to_segment(volume, choices.task), **vars(choices))
            self._note(_("Asked for a segmentation."))
        except LumbarSegError as error:
            self.fail(as_sentence(error))

    def cancel(self) -> None:
        """Give up the run, if there is one; the next tick ends it, so that the host can show what goes on."""
        if self.is_busy and self.state is not State.CANCELLING:
            self._go(Event.CANCEL)

    def forget(self, node_id: str) -> None:
        """Give up the run if it concerns a node that is gone."""
        if self.is_busy and node_id in (self._volume_id, self._replacing_id):
            self.cancel()

    def tick(self) -> None:
        """Hear the worker and do the next step."""
        if self.state is State.CANCELLING:
            self._worker.cancel()
            self._answer = None
            self._note(_("Cancelled."))
            self._go(Event.CANCELLED)
        elif self.state is State.IMPORTING:
            self._put()
        for event in self._worker.poll():
            self._hear(event)

    def fail(self, sentence: str, details: str = "") -> None:
        """Show an error; the run, if there is one, has ended."""
        self.failure, self._answer = sentence, None
        self._note(sentence)
        self._log.extend(details.splitlines())
        self._go(Event.FAIL)

    def dismiss(self) -> None:
        """Forget the error that is shown, if there is one."""
        if self.state is State.FAILED:
            self.failure = ""
            self._go(Event.DISMISS)

    def _hear(self, event: object) -> None:
        if isinstance(event, Ready):
            self._note(_("The model was loaded in {seconds} s.").format(seconds=f"{event.seconds:.1f}"))
        elif isinstance(event, Failed | Died):
            self.fail(event.sentence, event.details)
        elif isinstance(event, Progress) and self.state in (State.STARTING, State.RUNNING):
            self.progress = event
            self._go(Event.PROGRESS)
        elif isinstance(event, Answer) and self.state in (State.STARTING, State.RUNNING):
            self._answer = event
            self._go(Event.ANSWER)

    def _put(self) -> None:
        """Put the answer into the scene, if its volume is still there."""
        answer, volume = self._answer, self._scene.GetNodeByID(self._volume_id)
        self._answer = None
        if answer is None or volume is None:
            self.fail(_("The image was removed while it was segmented. Load it again."))
            return
        if _stamp(volume) != self._stamp:
            self.fail(_("The image changed while it was segmented, as when a sequence plays. Segment it again."))
            return
        try:
            replaced = self._scene.GetNodeByID(self._replacing_id) if self._replacing_id else None
            self.last = put_result(volume, answer.result, answer.provenance, answer.agreement, replacing=replaced)
        except LumbarSegError as error:
            self.fail(as_sentence(error))
            return
        self._note(_("Segmented in {seconds} s.").format(seconds=f"{answer.seconds.get('total', 0.0):.1f}"))
        self._go(Event.IMPORTED)
        self._on_result(self.last)

    def _go(self, event: Event) -> None:
        self.state = after(self.state, event)

    def _note(self, line: str) -> None:
        self._log = [*self._log, f"{time.strftime('%H:%M:%S')}  {line}"][-_LINES:]


def _stamp(volume: "vtkMRMLVolumeNode") -> int:
    """Changes with the voxels of a volume: a sequence puts another frame into the same node."""
    data = volume.GetImageData()
    return int(data.GetMTime()) if data is not None else 0
