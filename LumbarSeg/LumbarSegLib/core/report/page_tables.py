"""The tables of a page: each value with the marks that lead to its reason, its flags and who touched it."""

from collections.abc import Mapping
from dataclasses import dataclass

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings, Flag, Measurement, is_slice, slice_name
from LumbarSegLib.core.report.layout import BY_LEVEL, Column, Row, Table, in_cell
from LumbarSegLib.core.report.words import flags_once

_MOST_ROWS = 60
_THIS = "\N{REPLACEMENT CHARACTER}"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Heading:
    """Of a column: its words, its unit, and the measures in it spelled out."""

    words: str
    unit: str
    measures: str


@dataclass(frozen=True)
class Cell:
    """The number as it is shown or a dash, the mark of the reason of a dash, and who touched it."""

    text: str
    reason: str = ""
    edited: bool = False
    confirmed: bool = False


@dataclass(frozen=True)
class Line:
    """A level, in an axial image with the slice that stands for it, the numbers of its flags, and its cells."""

    level: str
    slice: str
    flags: tuple[int, ...]
    cells: tuple[Cell, ...]
    strong: bool


@dataclass(frozen=True)
class PageTable:
    """A table as it is printed; `left_out` counts the rows for which there is no room."""

    title: str
    headings: tuple[Heading, ...]
    lines: tuple[Line, ...]
    left_out: int


@dataclass(frozen=True)
class Marks:
    """The reasons by their letter, the flags by their number, and which of them concern a value or a level."""

    reasons: Mapping[str, str]
    flags: Mapping[int, str]
    _by_value: Mapping[tuple[str, str], str]
    _by_level: Mapping[str, tuple[int, ...]]

    def of(self, one: Measurement) -> str:
        """The letter of the reason why a value is missing, "" where it is not."""
        return self._by_value.get((one.measure, one.level), "")

    def at(self, level: str) -> tuple[int, ...]:
        """The numbers of the flags that concern a level more than others."""
        return self._by_level.get(level, ())


def marks_of(findings: Findings) -> Marks:
    """A letter for each reason, a number for each flag, in the order in which they are told."""
    told_once: dict[str, list[Measurement]] = {}
    for text, alike in _alike(findings).items():
        told_once.setdefault(_reason(text, alike), []).extend(alike)
    reasons = {_letter(number): text for number, text in enumerate(told_once)}
    values = {
        (one.measure, one.level): mark for mark, alike in zip(reasons, told_once.values(), strict=True) for one in alike
    }
    told = dict(enumerate(flags_once(findings), 1))
    levels: dict[str, tuple[int, ...]] = {}
    for number, (_, flags) in told.items():
        for level in _levels(flags):
            levels[level] = (*levels.get(level, ()), number)
    return Marks(reasons, {number: text for number, (text, _) in told.items()}, values, levels)


def page_tables(findings: Findings, marks: Marks) -> list[PageTable]:
    """The tables of all measures by level, without columns and rows that do not exist; slices that stand for a level
    are told with that.
    """
    tables = [table.of(findings) for table in BY_LEVEL]
    return [found for table in tables if (found := _page_table(table, findings, marks)).lines]


def _page_table(table: Table, findings: Findings, marks: Marks) -> PageTable:
    slices = {one.level: slice_name(one.slice) for one in findings.represented}
    named = set(slices.values())
    rows = [row for row in table.rows(findings) if row.level not in named]
    lines = tuple(_line(row, marks, slices.get(row.level, "")) for row in rows[:_MOST_ROWS])
    return PageTable(table.title, tuple(map(_heading, table.columns)), lines, len(rows) - len(lines))


def _heading(column: Column) -> Heading:
    return Heading(column.heading, column.unit, ", ".join(MEASURES[measure].name for measure in column.measures))


def _line(row: Row, marks: Marks, number: str) -> Line:
    cells = tuple(_cell(cell, marks) for cell in row.cells)
    return Line(row.level, number, marks.at(row.level), cells, "/" not in row.level and not is_slice(row.level))


def printed(number: str) -> str:
    """A number as it is set in print, with a minus of its own."""
    return number.replace("-", "\N{MINUS SIGN}") if number[1:2].isdigit() else number


def _cell(one: Measurement | None, marks: Marks) -> Cell:
    if one is None:
        return Cell("")
    return Cell(printed(in_cell(one)), marks.of(one), one.status == "edited", one.status == "confirmed")


def _alike(findings: Findings) -> dict[str, list[Measurement]]:
    """What has no value, by its reason without the name of the level that it speaks of: the table tells that."""
    without: dict[str, list[Measurement]] = {}
    for one in findings.measurements:
        if one.value is None:
            without.setdefault(one.reason.replace(one.level, _THIS), []).append(one)
    return without


def _reason(text: str, alike: list[Measurement]) -> str:
    levels = {one.level for one in alike}
    return text.replace(_THIS, levels.pop() if len(levels) == 1 else "this level")


def _levels(flags: tuple[Flag, ...]) -> dict[str, None]:
    return dict.fromkeys(flag.level for flag in flags if flag.level)


def _letter(number: int) -> str:
    """ "a" to "z", then "aa"."""
    more, place = divmod(number, len(_LETTERS))
    return (_letter(more - 1) if more else "") + _LETTERS[place]
