"""Findings as rows and columns for people to read: which measures stand side by side, from `Resources/tables.json`."""

import json
from dataclasses import dataclass, replace
from typing import Any

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings, Measurement, is_slice
from LumbarSegLib.resources import resource

NOT_MEASURED = "—"


@dataclass(frozen=True)
class Column:
    """A column with its heading; of its measures, of one unit, each level has at most one."""

    heading: str
    measures: tuple[str, ...]

    @property
    def unit(self) -> str:
        return MEASURES[self.measures[0]].unit


@dataclass(frozen=True)
class Row:
    """A level and what was measured there, one cell for each column, None where the measure does not exist there."""

    level: str
    cells: tuple[Measurement | None, ...]


@dataclass(frozen=True)
class Table:
    """Levels from the top downward, and a column for each measure.

    `kind` is "levels" for those with a name, blocks too, or "slices" for the slices of an axial image.
    """

    title: str
    columns: tuple[Column, ...]
    kind: str = "levels"

    def of(self, findings: Findings) -> "Table":
        """The table without the columns whose measures exist at no level."""
        found = {one.measure for one in findings.measurements}
        return replace(self, columns=tuple(column for column in self.columns if found.intersection(column.measures)))

    def rows(self, findings: Findings) -> tuple[Row, ...]:
        """The levels at which at least one of the columns' measures exists."""
        found = {(one.measure, one.level): one for one in findings.measurements}
        slices = self.kind == "slices"
        levels = dict.fromkeys(one.level for one in findings.measurements if is_slice(one.level) == slices)
        rows = (Row(level, tuple(_cell(column, level, found) for column in self.columns)) for level in levels)
        return tuple(row for row in rows if any(row.cells))


def _cell(column: Column, level: str, found: dict[tuple[str, str], Measurement]) -> Measurement | None:
    return next((found[measure, level] for measure in column.measures if (measure, level) in found), None)


def in_cell(measurement: Measurement | None) -> str:
    """The number without its unit, a dash where it was not measured, nothing where the measure does not exist."""
    if measurement is None:
        return ""
    return NOT_MEASURED if measurement.value is None else rounded(measurement)


def with_unit(measurement: Measurement) -> str:
    """The number with its unit, a dash where it was not measured."""
    return NOT_MEASURED if measurement.value is None else MEASURES[measurement.measure].words(measurement.value)


def rounded(measurement: Measurement) -> str:
    """The number with as many decimals as it is worth, "" where there is none."""
    return "" if measurement.value is None else MEASURES[measurement.measure].rounded(measurement.value)


def _tables(name: str) -> tuple[Table, ...]:
    rows: list[dict[str, Any]] = json.loads(resource("tables.json").read_text(encoding="utf-8"))[name]
    return tuple(
        Table(
            row["title"],
            tuple(Column(one["heading"], tuple(one["measures"])) for one in row["columns"]),
            row.get("rows", "levels"),
        )
        for row in rows
    )


BY_LEVEL = _tables("by_level")
"""The tables of all measures of a level: canal, vertebrae, discs; the sac by level and by slice."""

IN_PICTURE, *SLICES_IN_PICTURE = _tables("in_picture")
"""The one small table beside the picture of a spine, and those below the picture of axial slices."""

ON_RADIOGRAPH = _tables("on_radiograph")
"""The tables beside the picture of a radiograph, of which each view has one."""


def tables_of(findings: Findings) -> list[Table]:
    """The tables of `BY_LEVEL` that have something to show, and one for what concerns several levels together."""
    shown = {measure for table in BY_LEVEL for column in table.columns for measure in column.measures}
    spans = dict.fromkeys(one.measure for one in findings.measurements if one.measure not in shown)
    across = Table("Across levels", tuple(Column(MEASURES[one].name, (one,)) for one in spans))
    tables = [table.of(findings) for table in (*BY_LEVEL, across)]
    return [table for table in tables if table.rows(findings)]
