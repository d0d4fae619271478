"""How many, how large, how long: from browser.json, the first two also from the command line."""

import json
from dataclasses import dataclass, fields

from LumbarSegLib.resources import resource


@dataclass(frozen=True)
class Limits:
    """What one door allows. Bytes are bytes, names that end in `_s` are seconds."""

    sessions: int
    idle_minutes: float
    idle_notice_s: float
    """How long before the end of an idle session its user is told."""
    starting_s: float
    """For a child to listen."""
    arriving_s: float
    """For the page of a new session to connect."""
    left_s: float
    """That a session outlives the closing of its page; a reload takes less."""
    lost_s: float
    """That a session outlives a connection that broke."""
    upload_bytes: int
    """Of one upload, all files together."""
    upload_files: int
    unpacked_bytes: int
    """Of an archive."""
    image_bytes: int
    """Of the voxels that the header of one file speaks of."""
    examine_s: float
    suffixes: tuple[str, ...]


def limits_from_resources(**given: object) -> Limits:
    """The shipped limits; a `given` one that is not None stands in place of its own."""
    shipped = json.loads(resource("browser.json").read_text(encoding="utf-8"))
    chosen = shipped | {name: value for name, value in given.items() if value is not None}
    return Limits(
        **{field.name: chosen[field.name] for field in fields(Limits)} | {"suffixes": tuple(chosen["suffixes"])}
    )


def too_large(limits: Limits) -> str:
    """What is said of an upload that is larger than one may be, before it is sent or after."""
    return f"The upload is larger than {in_words(limits.upload_bytes)}; upload one series at a time."


def in_words(number: float) -> str:
    """A number of bytes as a user reads it: "1 GB", "250 MB"."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:g} bytes"
