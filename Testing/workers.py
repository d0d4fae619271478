"""A worker as a host meets it in tests: asked until something happens, and its processes as the system sees them."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from LumbarSegLib.core.worker.client import Worker
from LumbarSegLib.core.worker.events import Answer, Died, Event, Failed

LONG_S = 300.0
"""Longer than anything takes here, on a machine that has other things to do."""

One = TypeVar("One", bound=Event)
_WORKER = b"LumbarSegLib.core.worker"


def events_until(worker: Worker, *kinds: type[Event]) -> list[Event]:
    """All that is heard until one of these, which is the last."""
    heard: list[Event] = []
    end = time.monotonic() + LONG_S
    while time.monotonic() < end:
        for event in worker.poll():
            heard.append(event)
            if isinstance(event, kinds):
                return heard
        time.sleep(0.01)
    raise AssertionError(f"nothing of {kinds} was heard, but {heard}")


def heard(worker: Worker, kind: type[One]) -> One:
    """The next event of a kind; no other ending of a request may come before it."""
    event = events_until(worker, kind, Answer, Failed, Died)[-1]
    assert isinstance(event, kind), event
    return event


def children_of(pid: int) -> set[int]:
    """The processes that a process has started, and theirs; those that have ended are left out."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rsplit(")", 1)[1].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents[int(path.parent.name)] = int(parent)
    found, added = set[int](), {pid}
    while added:
        added = {one for one, parent in parents.items() if parent in added} - found
        found |= added
    return found


def is_running(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def workers_of(pid: int) -> set[int]:
    """The workers that a process has started; libraries start processes of their own, which stay."""
    return {one for one in children_of(pid) if _WORKER in _command_of(one)}


def child_of_this_process() -> int:
    """The process of the one worker that there is."""
    (pid,) = workers_of(os.getpid())
    return pid


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def gone(*pids: int, within_s: float = LONG_S) -> bool:
    """Whether processes end by themselves within some time."""
    end = time.monotonic() + within_s
    while any(map(is_running, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(is_running, pids))


def environment(folder: Path, **variables: str) -> Mapping[str, str]:
    """That of this process, with a folder whose modules the child's Python finds first."""
    return {**os.environ, "PYTHONPATH": str(folder), **variables}
