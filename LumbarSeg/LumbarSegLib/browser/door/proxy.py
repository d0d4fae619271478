"""What a page asks of its session goes on to the child, and the answer back; HTTP and WebSocket.

The child gets neither cookies nor the names of this door, and what is not asked by GET does not reach it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    DummyCookieJar,
    TCPConnector,
    WSCloseCode,
    WSMsgType,
    hdrs,
    web,
)
from yarl import URL

from LumbarSegLib.browser.contract import SECRET_HEADER
from LumbarSegLib.browser.door.refusals import Refused, ended
from LumbarSegLib.browser.door.sessions import Session

_ASKED = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.IF_MODIFIED_SINCE, hdrs.IF_NONE_MATCH, hdrs.RANGE)
_ANSWERED = (
    hdrs.CONTENT_TYPE,
    hdrs.CONTENT_ENCODING,
    hdrs.CONTENT_LENGTH,
    hdrs.CONTENT_RANGE,
    hdrs.ETAG,
    hdrs.LAST_MODIFIED,
    hdrs.LOCATION,
)
_CHUNK = 1 << 18
_LARGEST_MESSAGE = 1 << 25
_HEARTBEAT_S = 20.0
_TIMEOUT = ClientTimeout(total=None, sock_connect=10, sock_read=60)


@asynccontextmanager
async def to_children() -> AsyncIterator[ClientSession]:
    """The connections to all children. Bytes pass as they are, and no cookie is kept."""
    client = ClientSession(
        connector=TCPConnector(limit=0),  # each page holds one as long as it is open
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        timeout=_TIMEOUT,
    )
    async with client:
        yield client


async def forward(client: ClientSession, session: Session, request: web.Request, path: str) -> web.StreamResponse:
    """Answer a request for `path` (as it was sent, without the session's part) with what the child says."""
    if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
        return await _joined(client, session, request, path)
    if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
        # Trame's page first asks for a launcher by POST, and connects by itself where the answer is not one of JSON.
        return web.Response(status=HTTPStatus.METHOD_NOT_ALLOWED, text="The session takes no such request.")
    headers = {name: request.headers[name] for name in _ASKED if name in request.headers}
    try:
        async with client.request(
            request.method,
            _address("http", session, path, request),
            headers=headers | {SECRET_HEADER: session.child.secret},
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            response.headers.update({name: answer.headers[name] for name in _ANSWERED if name in answer.headers})
            await response.prepare(request)
            await _streamed(answer, response, request)
            return response
    except ClientError as error:
        raise _unanswered(session) from error


async def _streamed(answer: ClientResponse, response: web.StreamResponse, request: web.Request) -> None:
    """Pass the body on. Where it breaks off, so does the answer: another one cannot be given any more."""
    try:
        async for chunk in answer.content.iter_chunked(_CHUNK):
            await response.write(chunk)
        await response.write_eof()
    except (ClientError, OSError):
        if request.transport is not None:
            request.transport.abort()


async def _joined(client: ClientSession, session: Session, request: web.Request, path: str) -> web.WebSocketResponse:
    """Join the page's WebSocket with one to the child until either ends, or the session does."""
    try:
        child = await client.ws_connect(
            _address("ws", session, path, request),
            headers={SECRET_HEADER: session.child.secret},
            max_msg_size=_LARGEST_MESSAGE,
        )
    except ClientError as error:
        raise _unanswered(session) from error
    page = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=_LARGEST_MESSAGE, compress=False)
    async with child:
        await page.prepare(request)
        session.connected()
        try:
            await _first_to_end(_up(page, child, session), _down(child, page), session.over.wait())
        finally:
            session.disconnected(left=_said_goodbye(page))
            await page.close(code=WSCloseCode.GOING_AWAY)
    return page


async def _first_to_end(*works: Any) -> None:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _up(page: web.WebSocketResponse, child: ClientWebSocketResponse, session: Session) -> None:
    async for message in page:
        session.touch()
        await _passed_on(message, child)


async def _down(child: ClientWebSocketResponse, page: web.WebSocketResponse) -> None:
    async for message in child:
        await _passed_on(message, page)


async def _passed_on(message: Any, to: ClientWebSocketResponse | web.WebSocketResponse) -> None:
    if message.type == WSMsgType.TEXT:
        await to.send_str(message.data)
    elif message.type == WSMsgType.BINARY:
        await to.send_bytes(message.data)


def _said_goodbye(page: web.WebSocketResponse) -> bool:
    """Whether the page closed its connection, as each browser does with its tab; where a line breaks nobody says so."""
    return page.closed and page.close_code not in (None, WSCloseCode.ABNORMAL_CLOSURE)


def _address(scheme: str, session: Session, path: str, request: web.Request) -> URL:
    query = request.rel_url.raw_query_string
    return URL(f"{scheme}://127.0.0.1:{session.child.port}{path}{'?' if query else ''}{query}", encoded=True)


def _unanswered(session: Session) -> Refused:
    if session.over.is_set():
        return ended()
    return Refused(HTTPStatus.BAD_GATEWAY, "The session does not answer; reload the page.")
