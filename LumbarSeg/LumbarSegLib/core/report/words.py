"""Findings in plain text, for a terminal."""

from textwrap import wrap

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings, Measurement
from LumbarSegLib.core.report.layout import BY_LEVEL, NOT_MEASURED, Table, in_cell, with_unit

_WIDTH = 110
_GAP = "  "


def in_words(findings: Findings) -> str:
    """Tables by level with units, the spans, published classes, what was not measured and why, and the flags."""
    tables = [_table(table, findings) for table in BY_LEVEL]
    parts = [*tables, "\n".join(span_lines(findings)), _reasons(findings), _flags(findings)]
    return "\n\n".join(part for part in parts if part)


def _table(table: Table, findings: Findings) -> str:
    rows = table.rows(findings)
    if not rows:
        return ""
    headings = [[table.title, *(column.heading for column in table.columns)]]
    headings += [["", *(column.unit for column in table.columns)]]
    cells = [[row.level, *map(in_cell, row.cells)] for row in rows]
    bands = ["", "", *(", ".join(dict.fromkeys(cell.band for cell in row.cells if cell and cell.band)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*headings, *cells, strict=True)]
    return "\n".join(_line(line, widths, band).rstrip() for line, band in zip([*headings, *cells], bands, strict=True))


def _line(cells: list[str], widths: list[int], band: str) -> str:
    numbers = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
    return _GAP.join([cells[0].ljust(widths[0]), *numbers, band])


def span_lines(findings: Findings) -> list[str]:
    """A line for each measure that no table shows: those of several levels together, as lordosis."""
    shown = {measure for table in BY_LEVEL for column in table.columns for measure in column.measures}
    return [_span(one) for one in findings.measurements if one.measure not in shown]


def _span(one: Measurement) -> str:
    return f"{MEASURES[one.measure].name} {one.level}: {with_unit(one)}" + f" ({one.band})" * bool(one.band)


def _reasons(findings: Findings) -> str:
    """Each reason once, with the levels and measures that it keeps from being measured."""
    kept: dict[str, dict[str, list[str]]] = {}
    for one in findings.measurements:
        if one.value is None:
            name = MEASURES[one.measure].name
            kept.setdefault(one.reason, {}).setdefault(one.level, []).append(name[0].lower() + name[1:])
    lines = [line for reason, levels in kept.items() for line in _indented(f"{reason} {_kept_by(levels)}")]
    return "\n".join([f"Not measured ({NOT_MEASURED}):", *lines] if lines else [])


def _kept_by(levels: dict[str, list[str]]) -> str:
    together: dict[tuple[str, ...], list[str]] = {}
    for level, names in levels.items():
        together.setdefault(tuple(names), []).append(level)
    return "; ".join(f"{', '.join(where)}: {', '.join(names)}" for names, where in together.items())


def _flags(findings: Findings) -> str:
    lines = [line for flag in findings.flags for line in _indented(flag.text)]
    return "\n".join(["To be looked at:", *lines] if lines else [])


def _indented(text: str) -> list[str]:
    return wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")
