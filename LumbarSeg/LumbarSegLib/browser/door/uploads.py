"""Files from a browser into a session's folder: streamed, counted, and looked at before the session hears of them.

What the user calls a file is told to the session and never part of a path; of the name only the suffix counts, and that
is one of a list. The files of an upload lie in a folder of their own, which replaces that of the last one.
"""

import asyncio
import json
import secrets
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, web

from LumbarSegLib.browser.contract import UPLOADS
from LumbarSegLib.browser.door.examination import MODULE, Examination
from LumbarSegLib.browser.door.refusals import Refused
from LumbarSegLib.browser.door.sessions import Session
from LumbarSegLib.browser.limits import Limits, too_large

_CHUNK = 1 << 20
_ROOM = 1 << 28  # bytes that an upload leaves free on the disk
_LONGEST_NAME = 120
TAKEN = "NRRD, NIfTI, MetaImage, DICOM files, a zip of these, a picture, a scene (.mrb), or measures (.json, .csv)"

NO_UPLOAD = "This is no upload; choose files in the page."
TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
NO_IMAGE = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


async def take_in(request: web.Request, session: Session, limits: Limits) -> int:
    """Take the files of a form into the session and tell its child; how many images came.

    Raises Refused where it is too much, breaks off or holds no image; the session then has what it had.
    """
    if session.uploading.locked():
        raise Refused(HTTPStatus.CONFLICT, "Another upload is still going on; wait for it.")
    async with session.uploading:
        place = session.folder / UPLOADS / secrets.token_hex(8)
        place.mkdir(parents=True)
        try:
            _check_size(request.content_length, limits, session.folder)
            named = await _received(request, place, limits, session.touch)
            images = await _examined(place, named, limits)
        except BaseException as error:
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
            if (refusal := _meant_by(error)) is not None:
                raise refusal from error
            raise
        for earlier in place.parent.iterdir():
            if earlier != place:
                await asyncio.to_thread(shutil.rmtree, earlier, ignore_errors=True)
        session.child.tell({"uploaded": [str(path) for path in images], "names": list(named.values())})
        return len(images)


def _check_size(length: int | None, limits: Limits, folder: Path) -> None:
    """Raise Refused for an upload that is known to be too large before it comes."""
    if length is None:
        return
    if length > limits.upload_bytes:
        raise Refused(TOO_LARGE, too_large(limits))
    if length + _ROOM > shutil.disk_usage(folder).free:
        raise _disk_full()


async def _received(request: web.Request, place: Path, limits: Limits, alive: Callable[[], None]) -> dict[str, str]:
    """The files of the form, written under generated names; these names with what the user calls each."""
    if not request.content_type.startswith("multipart/"):
        raise Refused(HTTPStatus.BAD_REQUEST, NO_UPLOAD)
    named: dict[str, str] = {}
    remaining = limits.upload_bytes
    parts: MultipartReader = await request.multipart()
    while (part := await parts.next()) is not None:
        if not isinstance(part, BodyPartReader) or not part.filename:
            raise Refused(HTTPStatus.BAD_REQUEST, NO_UPLOAD)
        if len(named) == limits.upload_files:
            raise Refused(TOO_LARGE, f"These are more than {limits.upload_files} files; upload one series at a time.")
        called = shown_name(part.filename)
        target = place / f"{len(named) + 1:04d}{_suffix(called, limits)}"
        named[target.name] = called
        with target.open("xb") as file:
            while chunk := await part.read_chunk(_CHUNK):
                remaining -= len(chunk)
                if remaining < 0:
                    raise Refused(TOO_LARGE, too_large(limits))
                await asyncio.to_thread(file.write, chunk)
                alive()
    if not named:
        raise Refused(HTTPStatus.BAD_REQUEST, "No file came; choose at least one.")
    return named


def shown_name(name: str) -> str:
    """A file's name as a page may show it: without folders and without what does not print."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable())[-_LONGEST_NAME:] or "file"


def _suffix(name: str, limits: Limits) -> str:
    """The one of the known suffixes that a name has; that of DICOM where it has none, as files of scanners often do.

    Names in DICOM's manner, of numbers between dots, have none either.
    """
    lower = name.lower()
    known = next((suffix for suffix in limits.suffixes if lower.endswith(suffix)), "")
    last = Path(lower).suffix[1:]
    if not known and last and not last.isdigit():
        raise Refused(NO_IMAGE, f"{name}: this is no image that can be opened; give {TAKEN}.")
    return known or ".dcm"


async def _examined(place: Path, named: dict[str, str], limits: Limits) -> list[Path]:
    """The images among the files, archives unpacked. Raises Refused where there is none.

    A process of its own looks at them, so that nothing which somebody made up can stop the door.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        MODULE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    wanted = Examination(
        str(place), named, limits.upload_files, limits.unpacked_bytes, limits.image_bytes, limits.suffixes
    )
    try:
        told, _ = await asyncio.wait_for(process.communicate(json.dumps(asdict(wanted)).encode()), limits.examine_s)
        answer: dict[str, Any] = json.loads(told)
    except (TimeoutError, ValueError) as error:
        raise Refused(NO_IMAGE, "The files cannot be read; export them again.") from error
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if "fault" in answer:
        raise Refused(NO_IMAGE, answer["fault"])
    return [place / name for name in answer["images"]]


def _meant_by(error: BaseException) -> Refused | None:
    """The refusal that an error of disk or connection means."""
    if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
        return _disk_full()
    if isinstance(error, ValueError | ConnectionError):
        return Refused(HTTPStatus.BAD_REQUEST, "The upload broke off; try it again.")
    return None


def _disk_full() -> Refused:
    return Refused(HTTPStatus.INSUFFICIENT_STORAGE, "The server's disk has no room for this; tell who runs it.")
