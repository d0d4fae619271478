"""The door's addresses, and how it opens and closes."""

import asyncio
import errno
import logging
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from yarl import URL

from LumbarSegLib.browser.door.child import SESSION_COMMAND
from LumbarSegLib.browser.door.exports import handed_out
from LumbarSegLib.browser.door.guard import PUBLIC, SHOWING, Guard, add_headers, guarded
from LumbarSegLib.browser.door.opengl import check_drawing
from LumbarSegLib.browser.door.pages import asset, page
from LumbarSegLib.browser.door.proxy import forward, to_children
from LumbarSegLib.browser.door.sessions import Session, Sessions
from LumbarSegLib.browser.door.uploads import take_in
from LumbarSegLib.browser.limits import Limits
from LumbarSegLib.errors import LumbarSegError

_COOKIE = "lumbarseg-session"
_PAGE = "index.html"

_ENDING_S = 1.0
_SILENT = logging.getLogger(f"{__name__}.silent")
"""The library would log what was asked for, and that may be the name of a file."""

_SILENT.disabled = True


class NoPlace(LumbarSegError):
    """The door cannot listen where it was told to."""


@dataclass(frozen=True)
class Opening:
    """Where a door opens, and to whom. `wishes` are what each session is told (`browser.contract`)."""

    limits: Limits
    wishes: Mapping[str, Any]
    host: str = "127.0.0.1"
    port: int = 0
    url: URL | None = None
    token: str = ""
    debug: bool = False
    command: Sequence[str] = SESSION_COMMAND


async def serve(opening: Opening, announce: Callable[[str], None]) -> None:
    """Open the door, `announce` its address once this machine is known to draw, and keep it open until told to stop.

    Raises NoPlace, NoOpenGL.
    """
    async with open_door(opening) as address:
        await check_drawing()
        announce(str(address))
        await _told_to_stop()


@asynccontextmanager
async def open_door(opening: Opening) -> AsyncIterator[URL]:
    """Listen, and give the address for users. At the end every session is ended and its folder gone.

    Raises NoPlace where the port is taken or the host is not one of this machine's.
    """
    listener = _listener(opening.host, opening.port)
    guard = Guard(opening.host, listener.getsockname()[1], opening.url, opening.token)
    folder = Path(tempfile.mkdtemp(prefix="lumbarseg-"))
    sessions = Sessions(folder, opening.limits, opening.command, opening.wishes, opening.debug)
    try:
        async with to_children() as client:
            application = web.Application(middlewares=[guarded(guard)])
            application.on_response_prepare.append(add_headers)
            application.add_routes(_routes(sessions, client, opening.limits, guard.secure))
            runner = web.AppRunner(application, access_log=None, logger=_SILENT, shutdown_timeout=_ENDING_S)
            await runner.setup()
            watching = asyncio.create_task(sessions.keep_watch())
            sessions.warm()
            try:
                await web.SockSite(runner, listener).start()
                yield _address(guard)
            finally:
                watching.cancel()
                await sessions.close()
                await runner.cleanup()
    finally:
        listener.close()
        shutil.rmtree(folder, ignore_errors=True)


def _listener(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except socket.gaierror as error:
        raise NoPlace(f"{host} is no address of this machine; use its name or number, or 0.0.0.0 for all.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise NoPlace(f"port {port} is taken by another program; choose another --port, or 0 for any.") from error
        if error.errno == errno.EACCES:
            raise NoPlace(f"port {port} is for the system alone; choose a --port above 1023.") from error
        raise NoPlace(f"{host} is no address of this machine; use its name or number, or 0.0.0.0 for all.") from error


def _address(guard: Guard) -> URL:
    """What a user types."""
    everywhere = guard.host in ("0.0.0.0", "::")
    host = socket.gethostname() if everywhere else guard.host
    address = guard.url or URL.build(scheme="http", host=host, port=guard.port)
    address = address.with_path("/")
    return address.with_query({SHOWING: guard.token}) if guard.token else address


async def _told_to_stop() -> None:
    """Until the user or the system ends the command."""
    told = asyncio.Event()
    if sys.platform != "win32":
        for stop in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(stop, told.set)
    await told.wait()


def _routes(sessions: Sessions, client: ClientSession, limits: Limits, secure: bool) -> list[web.RouteDef]:
    def session_of(request: web.Request) -> Session:
        return sessions.of(request.match_info["id"], request.cookies.get(_COOKIE, ""))

    async def start(request: web.Request) -> web.Response:
        return page("start.html")

    async def begin(request: web.Request) -> web.Response:
        session = await sessions.new()
        if request.transport is None or request.transport.is_closing():
            await sessions.drop(session)
        path = f"/s/{session.id}/"
        response = web.json_response({"url": path + _PAGE})
        response.set_cookie(_COOKIE, session.key, path=path, httponly=True, samesite="Strict", secure=secure)
        return response

    async def upload(request: web.Request) -> web.Response:
        return web.json_response({"images": await take_in(request, session_of(request), limits)})

    async def leave(request: web.Request) -> web.Response:
        session_of(request).goodbye()
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def hand_out(request: web.Request) -> web.FileResponse:
        session = session_of(request)
        session.touch()
        return handed_out(session.folder, request.match_info["drawer"], request.match_info["name"])

    async def go_on(request: web.Request) -> web.StreamResponse:
        inner = "/" + request.rel_url.raw_path.split("/", 3)[3]
        return await forward(client, session_of(request), request, inner)

    return [
        web.get("/", start),
        web.post("/sessions", begin),
        web.get(PUBLIC + "{name}", asset),
        web.post("/s/{id}/upload", upload),
        web.post("/s/{id}/goodbye", leave),
        web.get("/s/{id}/files/{drawer}/{name}", hand_out),
        web.route("*", "/s/{id}/{inner:.*}", go_on),
    ]
