"""What a session's web server does besides trame: it knows only the door, and shows our own name and icon."""

import hmac
from pathlib import Path
from typing import TYPE_CHECKING, Any

from LumbarSegLib import __version__
from LumbarSegLib.browser.contract import SECRET_HEADER
from LumbarSegLib.resources import resource

if TYPE_CHECKING:
    from aiohttp.web import Application, Request, StreamResponse

TITLE = "LumbarSeg"
LOST = "<div class='lost'>The connection is lost. Your work is kept; the page comes back by itself.</div>"
"""What stands in place of the page until it does (`coming_back.js`)."""

_PAGE = f"page-{__version__}"


def page_module() -> dict[str, Any]:
    """Our style sheet and script, and the font of icons, as a module of trame. Nothing comes from another host."""
    import trame_vuetify.module as vuetify

    icons = Path(vuetify.__file__).with_name("v3-serve")
    return {
        "serve": {_PAGE: str(resource("Browser")), "icons": str(icons)},
        "styles": ["icons/css/mdi.css", f"{_PAGE}/page.css"],
        "scripts": [f"{_PAGE}/page.js", f"{_PAGE}/coming_back.js"],
    }


def protect(app: "Application", secret: str) -> None:
    """Refuse every request that does not know the secret. The pages of trame get our name and icon."""
    from aiohttp import web

    @web.middleware
    async def knows_the_secret(request: "Request", handler: Any) -> "StreamResponse":
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, "").encode(), secret.encode()):
            raise web.HTTPForbidden(text="This page is reached through its own address only.")
        return await handler(request)

    app.middlewares.append(knows_the_secret)
    app.add_routes(
        [
            web.get("/index.html", _index),
            web.get("/logo.png", _icon),
            web.get("/loading.tpl", _loading),
        ]
    )


async def _index(_request: "Request") -> "StreamResponse":
    from aiohttp import web
    from trame_client.module import vue3

    text = (Path(vue3.www) / "index.html").read_text(encoding="utf-8")
    text = text.replace("trame is built by Kitware", TITLE).replace('data-app-name="trame"', f'data-app-name="{TITLE}"')
    text = text.replace(
        "Application built with trame, a product from Kitware", "Lumbar spine images, segmented and measured"
    )
    return web.Response(text=text, content_type="text/html", headers={"Cache-Control": "no-store"})


async def _icon(_request: "Request") -> "StreamResponse":
    from aiohttp import web

    return web.FileResponse(resource("Icons", "LumbarSeg.png"))


async def _loading(_request: "Request") -> "StreamResponse":
    from aiohttp import web

    return web.FileResponse(resource("Browser", "loading.tpl"))
