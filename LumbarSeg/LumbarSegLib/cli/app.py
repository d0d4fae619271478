"""lumbarseg app: the same work in a browser, for one user on this machine or for several on a server."""

import json
import os
import secrets
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.cli.options import DebugOption
from LumbarSegLib.errors import LumbarSegError

_PACKAGES = ("aiohttp", "trame_slicer")
_SHORTEST_TOKEN = 16


def app(
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="IMAGE|FOLDER", help="An image to begin with, or a folder whose images every user may open."
        ),
    ] = None,
    sample: Annotated[str | None, typer.Option(metavar="NAME", help="A sample to begin with.")] = None,
    host: Annotated[str, typer.Option(help="Where to listen; others than this machine need the token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 0,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="https://NAME", help="The address that users type, where a reverse proxy stands before it."
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="LUMBARSEG_TOKEN", help="The access token; else a new one each time, where one is needed."),
    ] = None,
    sessions: Annotated[int | None, typer.Option(min=1, max=1000, help="Users at a time; else 4.")] = None,
    idle: Annotated[
        float | None, typer.Option(metavar="MINUTES", min=1, help="Without a sign of its user a session ends; else 60.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address and open no browser.")] = False,
    debug: DebugOption = False,
) -> None:
    """Open the page: see an image, segment it, correct it, measure it, in a browser."""
    if target and sample:
        raise typer.BadParameter("give an image, a folder or a sample, not two of them.")
    served = str(target.resolve()) if target and target.is_dir() else None
    wishes = {"open": _to_open(target, sample), "served_folder": served}
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise LumbarSegError(
            f"the page needs {' and '.join(missing)}; install them with: pip install 'lumbarseg[app]'."
        )
    import asyncio

    from LumbarSegLib.browser.door.guard import is_loopback
    from LumbarSegLib.browser.door.server import Opening, serve
    from LumbarSegLib.browser.limits import limits_from_resources

    public = _public(url)
    secret = _token(token, needed=public is not None or not is_loopback(host))
    limits = limits_from_resources(sessions=sessions, idle_minutes=idle)
    _log(debug)
    if secret and (public is None or public.scheme != "https"):
        typer.echo(
            "The connection is not encrypted: for more than a trial put a TLS proxy before it and give its --url."
        )

    def announce(address: str) -> None:
        typer.echo(f"LumbarSeg runs at {address}\n{RESEARCH_USE} Ctrl+C ends it.")
        if not no_browser:
            _open_browser(address)

    asyncio.run(serve(Opening(limits, wishes, host, port, public, secret, debug), announce))


def _to_open(target: Path | None, sample: str | None) -> dict[str, str] | None:
    """What each session begins with. Raises InputError where it is not there, or is no image."""
    if sample is not None:
        from LumbarSegLib.resources import samples_dir

        listed = json.loads((samples_dir() / "samples.json").read_text(encoding="utf-8"))["samples"]
        known = [entry["name"] for entry in listed]
        if sample not in known:
            raise typer.BadParameter(f"there is no sample {sample}; choose one of: {', '.join(known)}.")
        return {"sample": sample}
    if target is None or target.is_dir():
        return None
    _check(target)
    return {"path": str(target.resolve())}


def _check(target: Path) -> None:
    """Raise InputError where a file is none that the page opens, before anything is started for it."""
    from LumbarSegLib.browser.bundles import SUFFIX, check_bundle
    from LumbarSegLib.core.images import check_is_image

    if target.is_file() and target.name.lower().endswith(SUFFIX):
        check_bundle(target, target.name)
    else:
        check_is_image(target)


def _public(url: str | None) -> Any:
    """The address of a reverse proxy. Raises BadParameter where it is none."""
    if url is None:
        return None
    from yarl import URL

    try:
        public = URL(url)
        sound = public.scheme in ("http", "https") and public == public.origin()
    except ValueError:
        sound = False
    if not sound:
        raise typer.BadParameter(f"{url} is no address without a path, as https://lumbarseg.example.org.")
    return public


def _token(token: str | None, needed: bool) -> str:
    """The given token, a new one where one is needed, else "". Raises BadParameter for one that can be guessed."""
    if token is None:
        return secrets.token_urlsafe(32) if needed else ""
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.replace("-", "").replace("_", "").isalnum():
        raise typer.BadParameter(f"a token has at least {_SHORTEST_TOKEN} letters, digits, - or _.")
    return token


def _log(debug: bool) -> None:
    """Who comes and goes, by number: no name of a patient or a file ever stands in what is logged."""
    import logging

    logging.basicConfig(stream=sys.stdout, format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("LumbarSegLib.browser").setLevel(logging.DEBUG if debug else logging.INFO)
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def _open_browser(address: str) -> None:
    """Where there is a screen: a browser for terminals would take this one."""
    import webbrowser

    if not sys.platform.startswith("linux") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(address)
