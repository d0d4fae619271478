"""The few numbers of a case that a list of cases shows, as `Resources/cohort.json` names them, and what is doubtful."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from LumbarSegLib.cohort.records import KeyNumber, Record
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.resources import resource

_TOLD: dict[str, Any] = json.loads(resource("cohort.json").read_text(encoding="utf-8"))
_ROUTINE = frozenset(_TOLD["said_of_most_images"])
_WITHHELD, _MENTIONED, _APART = 2, 1, 2
_FEWEST = 8
_FAR = 5.0
_MAD_TO_SD = 1.4826
_WHICH: dict[str, Callable[[Sequence[tuple[float, str]]], tuple[float, str]]] = {
    "at": lambda found: found[0],
    "least": min,
    "most": max,
    "farthest": lambda found: max(found, key=lambda one: abs(one[0])),
}


@dataclass(frozen=True)
class Column:
    """A key number of a list: the name of its column in tables, with its unit, and its heading for people. It is that
    `which` is the "least", the "most" or the "farthest" from 0 of all levels, or the one "at" its `level`.
    """

    column: str
    heading: str
    measure: str
    which: str
    level: str = ""

    @property
    def title(self) -> str:
        """The heading with its level and its unit: "Lordosis L1-S1, °"."""
        unit = MEASURES[self.measure].unit
        title = f"{_capital(self.heading)} {self.level}".rstrip()
        return f"{title}, {unit}" if unit else title


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


COLUMNS = tuple(Column(**row) for row in _TOLD["numbers"])


def key_numbers(findings: Findings) -> tuple[KeyNumber, ...]:
    """The key numbers that were measured, each with the level that it was found at."""
    numbers = []
    for column in COLUMNS:
        found = [
            (one.value, one.level)
            for one in findings.measurements
            if one.measure == column.measure and column.level in ("", one.level) and one.value is not None
        ]
        if found:
            value, level = _WHICH[column.which](found)
            measure = MEASURES[column.measure]
            numbers.append(KeyNumber(column.column, column.heading, level, float(value), measure.words(value)))
    return tuple(numbers)


def doubts_of(record: Record) -> list[Mapping[str, Any]]:
    """The flags of a case without those that are said of most images."""
    flags = record.outcome.flags if record.outcome else ()
    return [flag for flag in flags if flag["key"] not in _ROUTINE]


def doubt_of(record: Record, apart: Sequence[str]) -> int:
    """How doubtful a result is: two for each flag that keeps numbers from being given and for each number that lies
    apart from the others of the batch, one for each other flag. Says which to look at first, and nothing else.
    """
    flags = sum(_WITHHELD if flag["blocks"] else _MENTIONED for flag in doubts_of(record))
    return flags + _APART * len(apart)


def apart_from_others(records: Sequence[Record]) -> dict[str, list[str]]:
    """By case, in words: key numbers that lie far from those of the other cases, by their median absolute deviation.

    Nothing is said of a number that fewer than eight cases have.
    """
    found: dict[str, list[tuple[str, KeyNumber]]] = {}
    for record in records:
        for number in record.outcome.numbers if record.outcome else ():
            found.setdefault(number.column, []).append((record.name, number))
    apart: dict[str, list[str]] = {}
    measures = {column.column: column.measure for column in COLUMNS}
    for column, numbers in found.items():
        measure = measures[column]
        values = [number.value for _, number in numbers]
        middle = median(values)
        spread = _MAD_TO_SD * median(abs(value - middle) for value in values)
        for name, number in numbers if len(values) >= _FEWEST and spread > 0 else ():
            if abs(number.value - middle) > _FAR * spread:
                text = f"{_capital(number.heading)} {number.words} at {number.level} is unlike the others here"
                apart.setdefault(name, []).append(f"{text} (median {MEASURES[measure].words(middle)}).")
    return apart
