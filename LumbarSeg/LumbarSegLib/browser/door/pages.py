"""The few pages of the door itself: the one that starts a session, and the one that says why there is none."""

from functools import cache
from html import escape
from http import HTTPStatus

from aiohttp import hdrs, web

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.resources import resource

ASSETS = {
    "start.js": resource("Browser", "start.js"),
    "door.css": resource("Browser", "door.css"),
    "icon.png": resource("Icons", "LumbarSeg.png"),
}
"""What these pages load, by name."""


def page(name: str, status: HTTPStatus = HTTPStatus.OK, **values: str) -> web.Response:
    """A page of the door with these values in its places, which are words in double braces."""
    text = _text(name)
    for place, value in ({"research_use": RESEARCH_USE} | values).items():
        text = text.replace("{{" + place + "}}", escape(value))
    return web.Response(text=text, status=status, content_type="text/html")


def refusal_page(status: HTTPStatus, sentence: str) -> web.Response:
    """The page that says one sentence, and leads to a new start where one is to be had."""
    again = "" if status == HTTPStatus.FORBIDDEN else "Start a new session"
    return page("refused.html", status, sentence=sentence, again=again)


def wants_page(request: web.Request) -> bool:
    """Whether a person waits for this answer, not a script."""
    return request.method == hdrs.METH_GET and "text/html" in request.headers.get(hdrs.ACCEPT, "")


async def asset(request: web.Request) -> web.FileResponse:
    """A file that these pages load."""
    if request.match_info["name"] not in ASSETS:
        raise web.HTTPNotFound
    return web.FileResponse(ASSETS[request.match_info["name"]])


@cache
def _text(name: str) -> str:
    return resource("Browser", name).read_text(encoding="utf-8")
