"""A session's child that is quick and has no images: it obeys `browser.contract` and shows what it was told.

Its page says which process it is, how often it was counted up and what the door told it, so that a test sees whose
session it looks at and whether it is still the same one.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from aiohttp import WSMsgType, web

from LumbarSegLib.browser.contract import EXPORTS, SECRET_HEADER

PAGE = """<!doctype html><title>stand-in</title><p id="count">-</p><script src="page.js"></script>"""
SCRIPT = """
const socket = new WebSocket(new URL("ws", location.href.replace("http", "ws")));
socket.onmessage = (event) => { document.getElementById("count").textContent = event.data; };
"""


async def main() -> None:
    line = await asyncio.to_thread(sys.stdin.readline)
    settings = json.loads(line)
    folder = Path(settings["folder"])
    told: list[dict[str, object]] = []
    count = 0

    @web.middleware
    async def only_the_door(request: web.Request, handler: object) -> web.StreamResponse:
        if request.headers.get(SECRET_HEADER) != settings["secret"]:
            raise web.HTTPForbidden
        return await handler(request)  # type: ignore[operator]

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def script(request: web.Request) -> web.Response:
        return web.Response(text=SCRIPT, content_type="text/javascript")

    async def state(request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name != SECRET_HEADER}
        return web.json_response(
            {"pid": os.getpid(), "count": count, "told": told, "settings": settings, "headers": headers}
        )

    async def export(request: web.Request) -> web.Response:
        drawer = folder / EXPORTS / "abc"
        drawer.mkdir(parents=True, exist_ok=True)
        (drawer / "L3 größe.csv").write_text("a,b\n", encoding="utf-8")
        return web.Response()

    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000000"})
        await response.prepare(request)
        await response.write(bytes(1000))
        os._exit(3)

    async def socket(request: web.Request) -> web.WebSocketResponse:
        nonlocal count
        page = web.WebSocketResponse()
        await page.prepare(request)
        await page.send_str(str(count))
        async for message in page:
            if message.type == WSMsgType.BINARY:
                await page.send_bytes(message.data[::-1])
                continue
            count += int(message.data)
            await page.send_str(str(count))
        return page

    application = web.Application(middlewares=[only_the_door])
    routes = {"/": page, "/index.html": page, "/page.js": script, "/state": state, "/export": export, "/ws": socket}
    application.add_routes([web.get(path, handler) for path, handler in routes.items()])
    application.add_routes([web.get("/broken", broken)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", settings["port"])
    await site.start()
    sys.stdout.write("a line of some library\n")
    sys.stdout.write(json.dumps({"port": runner.addresses[0][1]}) + "\n")
    sys.stdout.flush()
    while line := await asyncio.to_thread(sys.stdin.readline):
        told.append(json.loads(line))


asyncio.run(main())
