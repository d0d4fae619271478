"""The child process of a worker as its host holds it: started, told, heard, and ended with all that it started."""

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO, cast

from LumbarSegLib.core.worker import frames
from LumbarSegLib.core.worker.frames import Garbled, Message

_ROOT = Path(__file__).resolve().parents[3]
_LINES = 100
_ENDING_S = 0.3  # that is waited for the end of a process that was ended, and then of the threads at its pipes
_WITHOUT_WINDOW = 0x08000000 if sys.platform == "win32" else 0  # CREATE_NO_WINDOW, a name that Windows alone has
_LAUNCHER, _LAUNCHED = "PythonSlicer", "python-real"


class Child:
    """A running child. Three threads mind its pipes, and none of them calls anything of the host.

    Raises OSError where it cannot be started.
    """

    def __init__(self, python: str, environment: Mapping[str, str] | None) -> None:
        self._process = _started(python, environment)
        self._outgoing: SimpleQueue[Message | None] = SimpleQueue()
        self._incoming: SimpleQueue[Message | Garbled | None] = SimpleQueue()
        self._lines: deque[str] = deque(maxlen=_LINES)
        jobs = (self._write, self._read, self._collect)
        self._threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        for thread in self._threads:
            thread.start()

    def send(self, message: Message) -> None:
        """Queue a message; it is lost where the child ends before it has read it."""
        self._outgoing.put(message)

    def heard(self) -> Message | Garbled | None:
        """The next of what the child said, None after its end. Raises `queue.Empty` where there is nothing new."""
        return self._incoming.get_nowait()

    def end(self) -> None:
        """End the child and all that it started."""
        _end_tree(self._process)
        self._outgoing.put(None)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING_S)
        for thread in self._threads:
            thread.join(_ENDING_S)

    def how_it_ended(self) -> str:
        """Of a child that ended by itself: with which status."""
        with suppress(subprocess.TimeoutExpired):
            status = self._process.wait(_ENDING_S)
            name = signal.Signals(-status).name if -status in list(signal.Signals) else f"status {status}"
            return f"The process ended with {name}."
        return "The process closed its output."

    def printed(self) -> str:
        """The last lines that the child printed."""
        return "\n".join(self._lines)

    def _write(self) -> None:
        with suppress(OSError), cast(BinaryIO, self._process.stdin) as pipe:
            while (message := self._outgoing.get()) is not None:
                frames.write(pipe, message)
                del message  # its pixels, while the next one is waited for

    def _read(self) -> None:
        with cast(BinaryIO, self._process.stdout) as pipe:
            try:
                while (message := frames.read(pipe)) is not None:
                    self._incoming.put(message)
                    del message
                self._incoming.put(None)
            except Garbled as garbled:
                self._incoming.put(garbled)

    def _collect(self) -> None:
        with cast(BinaryIO, self._process.stderr) as pipe:
            for line in pipe:
                self._lines.append(line.decode("utf-8", "replace").rstrip())


def _started(python: str, environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    given = dict(os.environ if environment is None else environment)
    given["PYTHONPATH"] = os.pathsep.join([str(_ROOT), *filter(None, [given.get("PYTHONPATH")])])
    # -P: what lies in the present folder must not pass for a library.
    command = [interpreter(python), "-P", "-m", __package__]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=given,
        start_new_session=sys.platform != "win32",
        creationflags=_WITHOUT_WINDOW,
    )


def interpreter(python: str) -> str:
    """The Python that is to be started: of 3D Slicer the real one beside its launcher, where it lies there.

    The launcher sets an environment that Slicer's own process has already, and need not pass standard input on to what
    it starts.
    """
    path = Path(python)
    real = path.with_name(_LAUNCHED + path.suffix)
    return str(real) if path.stem == _LAUNCHER and real.is_file() else python


def _end_tree(process: subprocess.Popen[bytes]) -> None:
    """End a process that is running, with all that it started, whatever it is doing."""
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        kill = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")
        with suppress(OSError):
            subprocess.run(
                [kill, "/F", "/T", "/PID", str(process.pid)],
                capture_output=True,
                check=False,
                creationflags=_WITHOUT_WINDOW,
            )
    else:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(OSError):
        process.kill()
