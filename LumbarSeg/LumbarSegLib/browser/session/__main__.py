"""The session as a process: settings come in the first line of its input; it ends when its input does."""

import asyncio
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable

from LumbarSegLib.browser.session.settings import message_from, settings_from


def main() -> None:
    """Serve the page of one user until the door closes the input."""
    # What libraries print must not pass for an answer to the door.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    settings = settings_from(sys.stdin.readline())
    settings.exports.mkdir(parents=True, exist_ok=True)

    async def serve() -> None:
        from LumbarSegLib.browser.session.session import Session

        session, ended = Session(settings), asyncio.Event()
        port = await session.start()
        loop = asyncio.get_running_loop()

        def heard(line: str) -> None:
            session.hear(message_from(line))

        _listen(lambda line: loop.call_soon_threadsafe(heard, line), lambda: loop.call_soon_threadsafe(ended.set))
        print(json.dumps({"port": port}), file=answers, flush=True)
        await ended.wait()
        session.end()

    try:
        asyncio.run(serve())
    finally:
        # A door that was killed deletes nothing.
        shutil.rmtree(settings.folder, ignore_errors=True)
    # VTK's windows need not be taken apart one by one.
    os._exit(0)


def _listen(hear: Callable[[str], object], end: Callable[[], object]) -> None:
    """Read lines in a thread of their own, since no event loop reads a pipe on every system."""

    def read() -> None:
        for line in sys.stdin:
            if line.strip():
                hear(line)
        end()

    threading.Thread(target=read, daemon=True).start()


if __name__ == "__main__":
    main()
