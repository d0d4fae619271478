"""The host's side of the worker: one warm child process that segments, asked and heard without waiting."""

from collections.abc import Mapping
from typing import Literal

import SimpleITK as sitk

from LumbarSegLib.core.worker.events import Event

State = Literal["stopped", "starting", "ready", "busy"]


class Worker:
    """One child process that keeps a model loaded. It belongs to one thread of its host, whose timer asks `poll`.

    `python` is the interpreter that the child runs in, with torch: that of this process if None. `environment` is all
    that the child has of one, as for `subprocess`; that of this process if None.

    `state` is "stopped" (before `start`, after `stop` and after `Died`), "starting" (no model is loaded yet), "ready"
    or "busy" (a request waits or runs, also while it starts).
    """

    def __init__(self, python: str | None = None, environment: Mapping[str, str] | None = None) -> None:
        raise NotImplementedError

    @property
    def state(self) -> State:
        """What the worker does."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the child, unless there is one, and load the model of the last task asked for, else the sagittal one.

        Returns at once; `Ready` follows, or `Failed` where the model cannot be loaded, or `Died`.
        """
        raise NotImplementedError

    def warm(self, task: str) -> None:
        """Load the shipped model of a task ahead of its first request. Starts the child if there is none."""
        raise NotImplementedError

    def segment(
        self,
        image: sitk.Image,
        *,
        task: str = "auto",
        model: str | None = None,
        device: str = "auto",
        lowest_disc: str = "L5/S1",
        flips: bool = False,
        accept_unlisted: bool = False,
    ) -> None:
        """Ask for an image to be segmented, as `analysis.prepare` and `analysis.segment` do. Returns at once.

        The image is copied, so it may change afterwards. Starts the child if there is none. `Progress` follows, then
        one of `Answer`, `Failed` and `Died`. Raises InputError while the last request is not answered: there is one
        at a time.
        """
        raise NotImplementedError

    def poll(self) -> list[Event]:
        """What happened since the last call. To be called several times a second; it takes about a millisecond."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Give up the request by ending the child, and start a new one. Nothing is heard of the request afterwards.

        Does nothing where there is no request.
        """
        raise NotImplementedError

    def stop(self) -> None:
        """End the child, if there is one, with all that it started. Nothing is heard of it afterwards."""
        raise NotImplementedError
