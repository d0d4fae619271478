"""The structures of the lumbar spine: names, label values, colours and codes, all from `Resources/structures.json`.

Label values of levels are those of the SPIDER data set: 1 is L5 and the count goes upward, 200 more is the disc below
that vertebra, 100 is the spinal canal, 25 is a sixth lumbar vertebra. The sacrum has no label. Axial regions have no
levels and keep the values of their semantic map. Codes are SNOMED CT; a structure without a code that could be verified
carries the code of the nearest wider concept, as its meaning says.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from LumbarSegLib.errors import InputError
from LumbarSegLib.resources import resource

Kind = Literal["vertebra", "disc", "canal", "ivd", "pe", "ts", "aap", "lateral_vertebra", "disc_space"]


@dataclass(frozen=True)
class Code:
    """A coded concept: scheme designator ("SCT"), value and meaning, as DICOM writes it."""

    scheme: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Structure:
    """One structure: its name ("L3", "L3/4", "Spinal canal", "TS"), label value, RGB colour (0 to 255) and code.

    `words` spell out a name that is short for something ("thecal sac").
    """

    name: str
    kind: Kind
    label: int
    color: tuple[int, int, int]
    code: Code
    words: str = ""


def _structure(row: dict[str, Any]) -> Structure:
    red, green, blue = row["color"]
    code = Code(**row["code"])
    return Structure(row["name"], row["kind"], row["label"], (red, green, blue), code, row.get("words", ""))


_TABLES = json.loads(resource("structures.json").read_text(encoding="utf-8"))

STRUCTURES: tuple[Structure, ...] = tuple(map(_structure, _TABLES["structures"]))
"""Every structure that has a level, or is one of a kind in a spine: vertebrae, then discs, each from the bottom upward,
then the canal.
"""

_KINDS: Mapping[str, Mapping[Kind, Structure]] = MappingProxyType(
    {
        task: MappingProxyType({row.kind: row for row in map(_structure, rows)})
        for task, rows in _TABLES["kinds"].items()
    }
)


def kinds_of(task: str) -> Mapping[Kind, Structure]:
    """The kinds without a level that a task tells apart, with the label values of its semantic map.

    "sagittal": 1 vertebra, 2 disc, 3 canal; "axial": 1 ivd, 2 pe, 3 ts, 4 aap; "xray": 1 vertebra, 2 lateral_vertebra,
    3 disc_space. Raises KeyError for another task.
    """
    return _KINDS[task]


def structures_of(task: str) -> tuple[Structure, ...]:
    """The structures that a named result of a task is made of: those with a level, or the regions of an axial image."""
    return tuple(_KINDS[task].values()) if task == "axial" else STRUCTURES


SEMANTIC: Mapping[Kind, Structure] = kinds_of("sagittal")
"""The kinds of a sagittal image."""

ALL_KINDS: tuple[Structure, ...] = tuple(row for kinds in _KINDS.values() for row in kinds.values())
"""The kinds of all tasks, one after the other."""

CANAL: Structure = next(row for row in STRUCTURES if row.kind == "canal")

LOWEST_DISCS: tuple[str, ...] = tuple(row.name for row in STRUCTURES if row.kind == "disc" and "L" in row.name)
"""Names that the lowest disc of an image can be given."""

WITH_L6 = ("L6/S1", "L5/L6")
"""Lowest discs of a spine with a sixth lumbar vertebra."""


@dataclass(frozen=True)
class Level:
    """A vertebra with the disc below it."""

    vertebra: Structure
    disc: Structure


@dataclass(frozen=True)
class Numbering:
    """How levels are named, which follows from the name of the lowest disc that is seen.

    Raises `InputError` where that name is none of `LOWEST_DISCS`.
    """

    lowest_disc: str = "L5/S1"

    def __post_init__(self) -> None:
        if self.lowest_disc not in LOWEST_DISCS:
            raise InputError(
                f"The lowest disc cannot be {self.lowest_disc!r}; choose one of {', '.join(LOWEST_DISCS)}."
            )

    def structure(self, label: int) -> Structure:
        """The structure with this label value; raises `InputError` where no structure has it."""
        found = _by_label(self.lowest_disc in WITH_L6).get(label)
        if found is None:
            raise InputError(f"The label value {label} belongs to no vertebra, disc or canal; remove that label.")
        return found

    def levels(self) -> tuple[Level, ...]:
        """The levels from the lowest disc upward."""
        levels = _levels(self.lowest_disc in WITH_L6)
        first = [level.disc.name for level in levels].index(self.lowest_disc)
        return levels[first:]

    def one_lower(self) -> "Numbering | None":
        """The numbering whose lowest disc is the next one down, or None where that would lie in the sacrum."""
        names = [level.disc.name for level in _levels(self.lowest_disc in WITH_L6)]
        place = names.index(self.lowest_disc)
        return replace(self, lowest_disc=names[place - 1]) if place else None


def beside(disc: str) -> tuple[str, str]:
    """The names of the vertebrae above and below a disc: L4 and L5 for "L4/5", T12 and L1 for "T12/L1"."""
    upper, lower = disc.split("/")
    return upper, lower if lower[0].isalpha() else upper[0] + lower


@cache
def _by_label(with_l6: bool) -> dict[int, Structure]:
    other_scheme = "L5/S1" if with_l6 else "L5/L6"
    return {row.label: row for row in STRUCTURES if row.name != other_scheme}


@cache
def _levels(with_l6: bool) -> tuple[Level, ...]:
    named = _by_label(with_l6)
    discs = [row for row in named.values() if row.kind == "disc" and (with_l6 or row.name not in WITH_L6)]
    return tuple(Level(named[_vertebra_above(disc)], disc) for disc in discs)


def _vertebra_above(disc: Structure) -> int:
    return disc.label - 200  # SPIDER's rule
