"""What a session wrote for its user to take along."""

from http import HTTPStatus
from pathlib import Path

from aiohttp import hdrs, web

from LumbarSegLib.browser.contract import EXPORTS
from LumbarSegLib.browser.door.refusals import Refused


def handed_out(folder: Path, drawer: str, name: str) -> web.FileResponse:
    """The file `name` that lies in the `drawer` of a session's exports.

    Both are looked for among what is there and never made into a path. Always a download: what a session wrote is no
    page of this door. Raises Refused where there is none.
    """
    found = _named(_named(folder / EXPORTS, drawer), name)
    if found is None or not found.is_file() or found.is_symlink():
        raise Refused(HTTPStatus.NOT_FOUND, "This file is no longer there; export it again.")
    headers = {
        hdrs.CONTENT_DISPOSITION: "attachment",  # under the name that ends the address
        hdrs.CONTENT_TYPE: "application/octet-stream",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return web.FileResponse(found, headers=headers)


def _named(folder: Path | None, name: str) -> Path | None:
    if folder is None or not folder.is_dir() or folder.is_symlink():
        return None
    return next((entry for entry in folder.iterdir() if entry.name == name), None)
