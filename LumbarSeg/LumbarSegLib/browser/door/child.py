"""A session's child process as the door holds it: started, told, and ended with all that it started."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from LumbarSegLib.browser.contract import SESSION_MODULE
from LumbarSegLib.errors import LumbarSegError

_ROOT = Path(__file__).resolve().parents[3]
_ENDING_S = 3.0  # that a child has to end by itself once its input is closed
_LONGEST_LINE = 1 << 20
# -P: what lies in the present folder must not pass for a library.
SESSION_COMMAND = (sys.executable, "-P", "-m", SESSION_MODULE)


class ChildFailed(LumbarSegError):
    """The process ended, or said nothing for too long, before it listened."""


class Child:
    """A session's process that listens on `port` of this machine to whoever knows its `secret`."""

    def __init__(self, process: Process, port: int, secret: str) -> None:
        self.port = port
        self.secret = secret
        self._process = process
        self._draining = asyncio.create_task(_drain(process))

    @classmethod
    async def start(
        cls, command: Sequence[str], folder: Path, wishes: Mapping[str, Any], limit_s: float, debug: bool = False
    ) -> "Child":
        """Start a child that works in `folder`, and wait until it listens.

        `wishes`: what else it is told at its start (`browser.contract`). With `debug` what it prints on stderr is
        shown; else it is thrown away, since libraries name files there. Raises ChildFailed.
        """
        secret = secrets.token_urlsafe(32)
        process = await _started(command, folder, debug)
        try:
            _write(process, {"port": 0, "secret": secret, "folder": str(folder), **wishes})
            port = await asyncio.wait_for(_port(process), limit_s)
        except BaseException as error:
            await _end(process)
            if isinstance(error, TimeoutError | OSError | ValueError):
                raise ChildFailed(f"a session did not start within {limit_s:g} s; try again.") from error
            raise
        return cls(process, port, secret)

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a message; it is lost where the child has ended."""
        _write(self._process, message)

    async def wait(self) -> None:
        """Until the child has ended, by itself or not."""
        await self._process.wait()

    async def end(self) -> None:
        """End the child: it is asked, and soon made to."""
        await _end(self._process)
        self._draining.cancel()


async def _started(command: Sequence[str], folder: Path, debug: bool) -> Process:
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join([str(_ROOT), *filter(None, [environment.get("PYTHONPATH")])])
    # What its libraries put into temporary files goes with the folder.
    environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if debug else subprocess.DEVNULL,
        env=environment,
        limit=_LONGEST_LINE,
        start_new_session=sys.platform != "win32",
    )


def _write(process: Process, message: Mapping[str, Any]) -> None:
    assert process.stdin
    with suppress(OSError):
        process.stdin.write(json.dumps(message).encode() + b"\n")


async def _port(process: Process) -> int:
    """The port that the child names; lines of its libraries before it are skipped."""
    assert process.stdout
    while line := await process.stdout.readline():
        with suppress(ValueError, KeyError, TypeError):
            return int(json.loads(line)["port"])
    raise ChildFailed(f"a session ended at its start with status {await process.wait()}; see what --debug prints.")


async def _drain(process: Process) -> None:
    """A child whose output nobody reads stands still once the pipe is full."""
    assert process.stdout
    while await process.stdout.read(_LONGEST_LINE):
        pass


async def _end(process: Process) -> None:
    assert process.stdin
    process.stdin.close()
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), _ENDING_S)
    with suppress(OSError):
        _kill(process)
    await process.wait()


def _kill(process: Process) -> None:
    """What is left of the child's process group; where there are no groups, the child."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
