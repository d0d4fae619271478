"""A door with stand-ins behind it, and visitors to it: a cookie jar each, as browsers have."""

import asyncio
import functools
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse, CookieJar, FormData
from yarl import URL

from LumbarSegLib.browser.door.server import Opening, open_door
from LumbarSegLib.browser.limits import limits_from_resources

STAND_IN = (sys.executable, "-P", str(Path(__file__).with_name("stand_in.py")))


def in_a_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """A test that is a coroutine, for pytest."""

    @functools.wraps(test)
    def run(*given: Any, **named: Any) -> None:
        asyncio.run(_whole(test(*given, **named)))

    return run


async def _whole(test: Awaitable[None]) -> None:
    await asyncio.wait_for(test, 120)


@dataclass
class Visitor:
    """One browser at a door; `session` is the address of its session once it has entered."""

    door: URL
    client: ClientSession
    session: URL = field(default_factory=URL)

    @property
    def origin(self) -> dict[str, str]:
        return {"Origin": str(self.door.origin())}

    async def enter(self) -> ClientResponse:
        answer = await self.client.post(self.door.with_path("/sessions"), headers=self.origin)
        if answer.ok:
            self.session = self.door.join(URL((await answer.json())["url"])).with_query(None)
        return answer

    def at(self, path: str) -> URL:
        return URL(f"{self.session.parent}/{path}", encoded=True)

    async def get(self, path: str) -> ClientResponse:
        return await self.client.get(self.at(path))

    async def state(self) -> dict[str, Any]:
        return await (await self.get("state")).json()

    async def told(self, number: int) -> list[dict[str, Any]]:
        """What the session has been told by the door, once it is as many messages."""
        while len(told := (await self.state())["told"]) < number:
            await asyncio.sleep(0.05)
        return list(told)

    async def connect(self) -> ClientWebSocketResponse:
        return await self.client.ws_connect(self.at("ws"), headers=self.origin)

    async def upload(self, **files: bytes) -> ClientResponse:
        form = FormData(quote_fields=False)  # as browsers send names
        for name, content in files.items():
            form.add_field("files", content, filename=name)
        return await self.client.post(self.at("upload"), data=form, headers=self.origin)


@asynccontextmanager
async def a_door(**given: Any) -> AsyncIterator[URL]:
    """A door on this machine; `given` are parts of its opening, and limits."""
    parts = {"wishes": {"open": None, "served_folder": None}, "command": STAND_IN}
    limits = {name: given.pop(name) for name in list(given) if name not in Opening.__dataclass_fields__}
    async with open_door(Opening(limits=limits_from_resources(**limits), **parts | given)) as address:
        yield address


@asynccontextmanager
async def a_visitor(door: URL) -> AsyncIterator[Visitor]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
        yield Visitor(door, client)


@asynccontextmanager
async def a_user(door: URL) -> AsyncIterator[Visitor]:
    """A visitor with a session."""
    async with a_visitor(door) as visitor:
        assert (await visitor.enter()).ok
        yield visitor


async def sentence(answer: ClientResponse) -> str:
    """What a refusal says."""
    told: str = (await answer.json())["error"]
    return told


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)
