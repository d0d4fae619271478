"""What became of a case, in a file of its own: a case is over when that file is there, and not before."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from LumbarSegLib.core.images import write_whole

RECORD = "case.json"

Status = Literal["done", "refused", "failed"]
"""Whether there is a result, the image cannot be used, or something else went wrong."""


@dataclass(frozen=True)
class KeyNumber:
    """A number that stands for a case in a list: its column, heading and level, and itself with its unit in words."""

    column: str
    heading: str
    level: str
    value: float
    words: str


@dataclass(frozen=True)
class Outcome:
    """What was made of an image. `seen` names what was found in words, `numbers` are the key numbers.

    `files` are names in the case's folder: "findings" (JSON), "plain" and "overlay" (small pictures to look through),
    "picture", "segmentation", and "report" where there is one. `flags` are those of the findings.
    """

    task: str
    seen: str
    files: Mapping[str, str]
    numbers: tuple[KeyNumber, ...]
    flags: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]
    provenance: Mapping[str, str]


@dataclass(frozen=True)
class Record:
    """What became of a case.

    `reason` says in a sentence why there is no result. `stamp` tells the image file from what it may be changed to,
    `run` names the run that made the record.
    """

    name: str
    image: str
    status: Status
    seconds: float
    stamp: str
    run: str
    reason: str = ""
    outcome: Outcome | None = field(default=None)


def stamp_of(image: Path) -> str:
    """The size and the last change of a file, or of all files in a folder; "" where there is none."""
    files = [image] if image.is_file() else [path for path in image.rglob("*") if path.is_file()]
    states = [path.stat() for path in files]
    return (
        f"{len(states)} {sum(one.st_size for one in states)} {max(one.st_mtime_ns for one in states)}" if states else ""
    )


def write_record(folder: Path, record: Record) -> None:
    """Write the record of a case into its folder. Raises OutputError."""
    write_text_whole(folder / RECORD, json.dumps(asdict(record), ensure_ascii=False, indent=1) + "\n")


def write_text_whole(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write a text file whole or not at all. Raises OutputError."""

    def write(part: Path) -> None:
        part.write_text(text, encoding=encoding)

    write_whole(path, write)


def read_record(folder: Path) -> Record | None:
    """The record in the folder of a case, None where there is none that is whole."""
    try:
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        outcome = told.pop("outcome")
        if outcome:
            outcome["numbers"] = tuple(KeyNumber(**row) for row in outcome["numbers"])
        return Record(**told, outcome=Outcome(**outcome) if outcome else None)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def is_over(record: Record | None, image: Path, run: str) -> bool:
    """Whether a case need not be done again in this run: it is done, or its image was refused, and the image is still
    the same; what failed for another reason is tried once in each run.
    """
    if record is None or record.stamp != stamp_of(image):
        return False
    return record.status != "failed" or record.run == run
