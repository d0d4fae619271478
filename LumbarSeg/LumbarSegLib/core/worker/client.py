"""The host's side of the worker: one warm child process that segments, asked and heard without waiting."""

import sys
import time
import zlib
from collections.abc import Mapping, Sequence
from queue import Empty
from typing import Any, Literal

import SimpleITK as sitk

from LumbarSegLib.core.worker.events import Answer, Died, Event, Failed, Progress, Ready
from LumbarSegLib.core.worker.frames import Garbled, Message
from LumbarSegLib.core.worker.packing import packed_image, unpacked_labels, unpacked_result
from LumbarSegLib.core.worker.process import Child
from LumbarSegLib.errors import InputError

State = Literal["stopped", "starting", "ready", "busy"]

SILENCE_S = 30.0
"""After so long without a sign of life, of which the child gives one a second, it is taken to hang."""

_MOMENT_S = 0.001
_LONGEST_POLL_S = 1.0

_NOT_STARTED = "The process that segments cannot be started; install LumbarSeg again, or see the details."
_ENDED_STARTING = "The process that segments ended while it started; see the details, or install LumbarSeg again."
_ENDED = "The process that segments ended by itself, as when memory runs out; close other programs and try again."
_SILENT = "The process that segments does not respond and was ended; try again."
_GARBLED = "The process that segments sent what cannot be read and was ended; try again, or install LumbarSeg again."


class Worker:
    """One child process that keeps a model loaded. It belongs to one thread of its host, whose timer asks `poll`.

    `python` is the interpreter that the child runs in, with torch and scikit-image: that of this process if None, in 3D
    Slicer its PythonSlicer. `environment` is all that the child has of one, as for `subprocess`; that of this process
    if None, which in 3D Slicer it must be or be made from.

    `state` is "stopped" (before `start`, after `stop` and after `Died`), "starting" (no model is loaded yet), "ready"
    or "busy" (a request waits or runs, also while it starts).
    """

    def __init__(self, python: str | None = None, environment: Mapping[str, str] | None = None) -> None:
        self._python = python or sys.executable
        self._environment = None if environment is None else dict(environment)
        self._task = "sagittal"
        self._child: Child | None = None
        self._ready = self._busy = False
        self._started = self._asked = self._polled = 0.0
        self._silent_s = 0.0
        self._events: list[Event] = []

    @property
    def state(self) -> State:
        """What the worker does."""
        if self._child is None:
            return "stopped"
        if self._busy:
            return "busy"
        return "ready" if self._ready else "starting"

    def start(self) -> None:
        """Start the child, unless there is one, and load the model of the last task asked for, else the sagittal one.

        Returns at once; `Ready` follows, or `Failed` where the model cannot be loaded, or `Died`.
        """
        if self._child is None:
            self._started = self._polled = time.monotonic()
            self._silent_s, self._ready = 0.0, False
            try:
                self._child = Child(self._python, self._environment)
            except OSError as error:
                self._events.append(Died(_NOT_STARTED, str(error)))
                return
            self._child.send(Message("warm", {"task": self._task}))

    def warm(self, task: str) -> None:
        """Load the shipped model of a task ahead of its first request. Starts the child if there is none."""
        self._task = task
        if self._child is None:
            self.start()
        else:
            self._child.send(Message("warm", {"task": task}))

    def segment(
        self,
        image: sitk.Image,
        *,
        task: str = "auto",
        model: str | None = None,
        device: str = "auto",
        lowest_disc: str = "L5/S1",
        view: str = "auto",
        flips: bool = False,
        accept_unlisted: bool = False,
    ) -> None:
        """Ask for an image to be segmented, as `analysis.prepare` and `analysis.segment` do. Returns at once.

        The image is copied, so it may change afterwards. Starts the child if there is none. `Progress` follows, then
        one of `Answer`, `Failed` and `Died`. Raises InputError while the last request is not answered: there is one
        at a time.
        """
        if self._busy:
            raise InputError("An image is being segmented; wait for it or cancel it first.")
        wishes = {
            "task": task,
            "model": model,
            "device": device,
            "lowest_disc": lowest_disc,
            "view": view,
            "flips": flips,
            "accept_unlisted": accept_unlisted,
        }
        told, pixels = packed_image(image)
        self.start()
        if self._child is not None:
            self._asked, self._busy = time.monotonic(), True
            self._child.send(Message("segment", {"image": told, "wishes": wishes}, (pixels,)))

    def poll(self) -> list[Event]:
        """What happened since the last call. To be called several times a second; it takes about a millisecond."""
        if self._child is not None:
            # The threads of 3D Slicer's Python run only while its main thread waits in Python.
            time.sleep(_MOMENT_S)
            self._hear(self._child)
        events, self._events = self._events, []
        return events

    def cancel(self) -> None:
        """Give up the request by ending the child, and start a new one. Nothing is heard of the request afterwards.

        Does nothing where there is no request.
        """
        if self._busy:
            self.stop()
            self.start()

    def stop(self) -> None:
        """End the child, if there is one, with all that it started. Nothing is heard of it afterwards."""
        child, self._child = self._child, None
        self._busy = self._ready = False
        self._events.clear()
        if child is not None:
            child.end()

    def _hear(self, child: Child) -> None:
        now = time.monotonic()
        # A host that stood still itself, or a computer that slept, has heard nothing either.
        self._silent_s += min(now - self._polled, _LONGEST_POLL_S)
        self._polled = now
        while self._child is child:
            try:
                said = child.heard()
            except Empty:
                break
            self._silent_s = 0.0
            if said is None:
                how = child.how_it_ended()
                self._die(_ENDED if self._ready else _ENDED_STARTING, how)
            elif isinstance(said, Garbled):
                self._die(_GARBLED, f"Instead of a message it wrote {said}.")
            else:
                self._take(said)
        if self._silent_s > SILENCE_S and self._child is child:
            self._die(_SILENT, f"It gave no sign of life for {SILENCE_S:.0f} s.")

    def _die(self, sentence: str, how: str) -> None:
        child, self._child = self._child, None
        self._busy = self._ready = False
        if child is not None:
            child.end()
            self._events.append(Died(sentence, "\n".join(filter(None, [child.printed(), how]))))

    def _take(self, message: Message) -> None:
        try:
            self._understand(message.kind, message.told, message.blocks)
        except (KeyError, ValueError, TypeError, RuntimeError, zlib.error) as error:
            self._die(_GARBLED, f"A message of it ({message.kind}) cannot be read: {error!r}.")

    def _understand(self, kind: str, told: Mapping[str, Any], blocks: Sequence[bytes]) -> None:
        if kind == "ready" and not self._ready:
            self._ready = True
            self._events.append(Ready(time.monotonic() - self._started))
        elif kind == "task":
            self._task = told["task"]
        elif kind == "progress":
            self._events.append(Progress(told["step"], told["fraction"], told["seconds_left"]))
        elif kind == "answer":
            answer = Answer(
                unpacked_result(told["result"], blocks[0]),
                unpacked_labels(told["semantic"], blocks[1]),
                told["provenance"],
                told["agreement"],
                {**told["seconds"], "total": time.monotonic() - self._asked},
            )
            self._busy = False
            self._events.append(answer)
        elif kind == "failed":
            self._ready = True
            # What hinders the model from loading hinders the request too, which is answered next.
            if told["request"] == "segment" or not self._busy:
                self._events.append(Failed(told["sentence"], told["details"]))
            if told["request"] == "segment":
                self._busy = False
