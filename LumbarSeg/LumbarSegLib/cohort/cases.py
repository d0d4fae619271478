"""The cases of a batch: one image each, under a name of its own that folders and pages can bear."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from LumbarSegLib.core.images import full_suffix

_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")
"""What Windows takes for a device, whatever follows."""

_LONGEST = 120
"""Bytes; files add suffixes to it, and file systems end at 255."""


@dataclass(frozen=True)
class Wanted:
    """One image as a list or a folder names it; `name`, `task` and `series` are "" where nothing is said of them."""

    image: Path
    name: str = ""
    task: str = ""
    series: str = ""


@dataclass(frozen=True)
class Case:
    """One image of a batch. `name` is that of its folder in the output; no two are equal, also where the file system
    does not tell small letters from capitals. `image` is absolute. `task` and `series` are "" for the batch's own.
    """

    name: str
    image: Path
    task: str = ""
    series: str = ""


def named_cases(wanted: Sequence[Wanted], taken: Collection[str] = ()) -> list[Case]:
    """The cases in the order in which they are wanted, each with a name that none other and none of `taken` has.

    Images of the same name get as much of their folders' names as tells them apart, then a number.
    """
    names = _told_apart([(one.name or _stem(one.image), one.image if not one.name else None) for one in wanted])
    used = {_folded(name) for name in taken}
    cases = []
    for one, name in zip(wanted, names, strict=True):
        free = _numbered(name, used)
        used.add(_folded(free))
        cases.append(Case(free, one.image, one.task, one.series))
    return cases


def _stem(image: Path) -> str:
    """The name without its suffix; a folder's name has none."""
    return image.name if image.is_dir() else image.name[: len(image.name) - len(full_suffix(image))] or image.name


def _told_apart(named: Sequence[tuple[str, Path | None]]) -> list[str]:
    """Names as folders can bear them; those from equal files' names are led by the folders in which they differ."""
    alike: dict[str, list[Path]] = defaultdict(list)
    for name, image in named:
        if image is not None:
            alike[_folded(_safe(name))].append(image)
    names = []
    for name, image in named:
        beside = alike[_folded(_safe(name))] if image is not None else []
        names.append(_safe(name) if image is None or len(beside) == 1 else _led(name, image, beside))
    return names


def _led(name: str, image: Path, beside: Sequence[Path]) -> str:
    """The name after its folder's, or after those of several folders where that alone does not tell it apart."""
    folders = image.parent.parts[1:]
    for count in range(1, len(folders) + 1):
        ends = Counter(_folded("/".join(one.parent.parts[1:][-count:])) for one in beside)
        if ends[_folded("/".join(folders[-count:]))] == 1:
            return _safe("_".join((*folders[-count:], name)))
    return _safe(name)


def _numbered(name: str, used: Collection[str]) -> str:
    number, free = 1, name
    while _folded(free) in used:
        number += 1
        free = f"{name}-{number}"
    return free


def _safe(name: str) -> str:
    """A name that all file systems take for a folder; letters of all languages stay."""
    plain = _NOT_IN_NAMES.sub("_", unicodedata.normalize("NFC", name)).strip(" .") or "case"
    plain = _DEVICES.sub(r"\1_", plain) if _DEVICES.match(plain) else plain
    return plain.encode()[:_LONGEST].decode(errors="ignore").rstrip(" .")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
