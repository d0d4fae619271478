"""Public records of data: what is where, and which files with which sizes and checksums, asked from the record itself.

Zenodo: GET api gives {"files": [{"key", "size", "checksum": "md5:…", "links": {"self"}}]}.
Mendeley Data: GET api/folders/VERSION gives [{"id", "name", "parent_id"}], GET api/files?folder_id=ID&version=VERSION
gives [{"filename", "size", "content_details": {"sha256_hash", "size", "download_url"}}], "root" being the top folder.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any

from training.data.web import Gone, Web
from training.errors import TrainingError

_RECORDS = Path(__file__).with_name("records.json")


@dataclass(frozen=True)
class Record:
    """A public record: `kind` says which interface `api` has ("zenodo", "mendeley"), or "by hand" if it has none."""

    title: str
    page: str
    licence: str
    kind: str
    api: str = ""
    version: str = ""


@dataclass(frozen=True)
class RemoteFile:
    """One file of a record: where it lies in it, its size in bytes, its checksum ("md5" or "sha256" and digits)."""

    path: PurePosixPath
    size: int
    algorithm: str
    checksum: str
    url: str


def records() -> dict[str, Record]:
    """All records that are known, by name."""
    return {name: Record(**row) for name, row in json.loads(_RECORDS.read_text(encoding="utf-8")).items()}


def find_record(name: str, known: Mapping[str, Record]) -> Record:
    """The record of this name. Raises TrainingError for an unknown one and for one that must be fetched by hand."""
    if name not in known:
        nearest = get_close_matches(name, known, 1, cutoff=0.0)[0]
        raise TrainingError(f"There is no public data {name!r}; the nearest is {nearest!r} of {', '.join(known)}.")
    record = known[name]
    if record.kind == "by hand":
        raise TrainingError(
            f"{record.title}: whoever wants it has to register by hand. Register at {record.page}, download the data "
            f"and unpack them into a folder, then look at it with: python -m training data check FOLDER --set {name}"
        )
    return record


def list_files(record: Record, web: Web) -> list[RemoteFile]:
    """The files that the record holds now.

    Raises TrainingError if it cannot be asked, no longer answers as it did, names no file, or names one that would
    leave the folder.
    """
    try:
        files = list(_LISTED[record.kind](record, web))
    except Gone as error:
        raise changed(record, "it is no longer there") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise changed(record, "its answer has another form") from error
    if not files:
        raise changed(record, "it names no files")
    for file in files:
        if file.path.is_absolute() or ".." in file.path.parts or "\\" in str(file.path) or ":" in str(file.path):
            raise changed(record, f"it names a file {str(file.path)!r} outside the folder")
        if not file.url.startswith(("https://", "http://")):
            raise changed(record, f"it gives no web address for {file.path}")
    return files


def changed(record: Record, how: str) -> TrainingError:
    """The error for a record that is not what it was."""
    return TrainingError(f"The record {record.page} has changed: {how}. Look at that page and download it by hand.")


def _zenodo(record: Record, web: Web) -> Iterator[RemoteFile]:
    for row in web.json(record.api)["files"]:
        algorithm, checksum = row["checksum"].split(":")
        yield RemoteFile(PurePosixPath(row["key"]), int(row["size"]), algorithm, checksum.lower(), row["links"]["self"])


def _mendeley(record: Record, web: Web) -> Iterator[RemoteFile]:
    folders = {row["id"]: row for row in web.json(f"{record.api}/folders/{record.version}")}
    for identity in ("root", *folders):
        place = _place(identity, folders)
        for row in web.json(f"{record.api}/files?folder_id={identity}&version={record.version}"):
            details = row["content_details"]
            yield RemoteFile(
                place / row["filename"],
                int(details["size"]),
                "sha256",
                details["sha256_hash"].lower(),
                details["download_url"],
            )


def _place(identity: str, folders: Mapping[str, Mapping[str, Any]]) -> PurePosixPath:
    """The path of a folder of a record, from the names of those around it. Raises ValueError where they form a ring."""
    names: list[str] = []
    at = folders.get(identity)
    while at is not None:
        names.insert(0, str(at["name"]))
        at = folders.get(at.get("parent_id") or "")
        if len(names) > len(folders):
            raise ValueError("the folders lie in each other")
    return PurePosixPath(*names)


_LISTED = {"zenodo": _zenodo, "mendeley": _mendeley}
