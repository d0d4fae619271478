"""What the door tells a session, a JSON object in each line of its input (`browser.contract`)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from LumbarSegLib.browser.contract import EXPORTS, UPLOADS


@dataclass(frozen=True)
class Settings:
    """The first line: the port to listen on (0 for any), what a request must know, the session's own folder, what is
    open at first, and a folder of the server that may be looked through.

    `sample` and `path` are "" and None where nothing is open at first.
    """

    port: int
    secret: str
    folder: Path
    sample: str = ""
    path: Path | None = None
    served_folder: Path | None = None

    @property
    def exports(self) -> Path:
        """Where files for the user lie, each in a folder of its own; the door serves what is below it."""
        return self.folder / EXPORTS

    @property
    def uploads(self) -> Path:
        """Where the door puts what the user uploads, until the next upload comes."""
        return self.folder / UPLOADS

    @property
    def sources(self) -> Path:
        """Where the session keeps the DICOM files of the images that are open."""
        return self.folder / "source"


@dataclass(frozen=True)
class Message:
    """A later line: `uploaded` are files with the `names` that they had on the user's computer; `idle` says whether the
    session ends soon unless the user does something, None where it says nothing of that.
    """

    uploaded: tuple[Path, ...] = ()
    names: tuple[str, ...] = ()
    idle: bool | None = None


def settings_from(line: str) -> Settings:
    """The settings that a line tells. Raises ValueError or KeyError where it tells none."""
    told = json.loads(line)
    first = told.get("open") or {}
    return Settings(
        int(told["port"]),
        str(told["secret"]),
        Path(told["folder"]),
        str(first.get("sample", "")),
        _path(first, "path"),
        _path(told, "served_folder"),
    )


def message_from(line: str) -> Message:
    """The message that a line tells. Raises ValueError where it is no JSON object."""
    told = json.loads(line)
    if not isinstance(told, dict):
        raise ValueError("a message is a JSON object")
    return Message(tuple(map(Path, told.get("uploaded", ()))), tuple(map(str, told.get("names", ()))), told.get("idle"))


def _path(told: Mapping[str, Any], key: str) -> Path | None:
    return Path(told[key]) if told.get(key) else None
