"""Tables as CSV that every reader takes alike: remarks in lines that start with "#", a heading, a line for each row.

The unit of a number stands in its heading, so there is a column for each unit and a row fills one of them.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

_COLUMNS = {
    "mm": "value_mm",
    "mm2": "value_mm2",
    "mm3": "value_mm3",
    "deg": "value_deg",
    "%": "value_percent",
    "1": "value_ratio",
}
VALUES = tuple(_COLUMNS.values())
"""The columns of values, of which a row fills one, or none where nothing was measured."""


def in_its_column(ucum: str, value: str) -> tuple[str, ...]:
    """What stands in each of `VALUES` in the row of a value whose unit is that of UCUM."""
    return tuple(value if column == _COLUMNS[ucum] else "" for column in VALUES)


def csv_text(remarks: Iterable[Sequence[Any]], rows: Iterable[Sequence[Any]]) -> str:
    """The text of a table; each of the `remarks` is a name and what is told of it, the first of the `rows` the heading.

    A "#" in a row stands between quotation marks: programs that skip remarks would end the line there.
    """
    lines = [f"# {_one_line(','.join([str(name), *map(_field, told)]))}" for name, *told in remarks]
    return "\n".join([*lines, *(",".join(map(_field, row)) for row in rows), ""])


def _field(value: Any) -> str:
    text = "" if value is None else str(value)
    special = any(letter in text for letter in ',"#\r\n') or text != text.strip()
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if special else text


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


def rows_of_csv(text: str) -> tuple[list[list[str]], list[dict[str, str]]]:
    """What such a table remarks, a list of fields for each line, and its rows by their headings.

    Raises ValueError where a line has more or fewer fields than the heading.
    """
    lines = text.splitlines(keepends=True)
    first = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    remarks = [row for row in csv.reader(line.removeprefix("#").strip() for line in lines[:first]) if row]
    rows = list(csv.DictReader(io.StringIO("".join(lines[first:])), strict=True))
    if any(None in row or None in row.values() for row in rows):
        raise ValueError("a line has more or fewer fields than the heading")
    return remarks, rows
