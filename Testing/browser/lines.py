"""A line between a browser and a door that a test can cut, as a network does: without a word to either end."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK = 1 << 16


class Line:
    """Listens on `port` of this machine and passes all on to `target`, a port as well, until it is cut."""

    def __init__(self) -> None:
        self.port = 0
        self.target = 0
        self._is_cut = False
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()

    def cut(self) -> None:
        """Break all connections, and take no new ones."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._break_all)

    def mend(self) -> None:
        """Take connections again."""
        self._is_cut = False

    def serve(self, ready: threading.Event) -> None:
        """Run until `stop`."""
        server = self._loop.run_until_complete(asyncio.start_server(self._join, "127.0.0.1", self.port))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()

    def stop(self) -> None:
        """End the loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _break_all(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut or not self.target:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        both = {writer, back}
        self._open |= both
        try:
            await asyncio.gather(_pass(reader, back), _pass(there, writer))
        finally:
            self._open -= both


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextmanager
def a_line() -> Iterator[Line]:
    """A line on a free port, to no target yet."""
    line, ready = Line(), threading.Event()
    thread = threading.Thread(target=line.serve, args=(ready,), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield line
    finally:
        line.stop()
        thread.join()
