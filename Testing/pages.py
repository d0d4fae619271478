"""A page of a report as its reader meets it: its tables cell by cell, its words, the sheets of the PDF."""

import csv
import io
import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from LumbarSegLib.core.definitions import MEASURES
from Testing.csv_rows import value_in

_MARKS = ("sup",)
_MINUS = "\N{MINUS SIGN}"

Places = dict[tuple[str, str], str]
"""Numbers as they are shown, by measure and level."""


class _Tables(HTMLParser):
    """Gathers the cells of every table: text without marks, and the title that a heading carries."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[tuple[str, str]]]] = []
        self._cell: list[str] | None = None
        self._told, self._in_mark = "", False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell, self._told = [], dict(attributes).get("title") or ""
        elif tag in _MARKS:
            self._in_mark = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append((self._told, " ".join("".join(self._cell).split())))
            self._cell = None
        elif tag in _MARKS:
            self._in_mark = False

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._in_mark:
            self._cell.append(data)


def in_page(html: str) -> Places:
    """The numbers that the tables by level of a page show, and those of its spans."""
    reader = _Tables()
    reader.feed(html)
    names = {one.name: key for key, one in MEASURES.items()}
    found: Places = {}
    for table in reader.tables:
        measures = (
            [[names[name] for name in told.split(", ") if name in names] for told, _ in table[0]] if table else []
        )
        if any(measures):
            for row in table[2:]:
                level = re.sub(r" slice \d+$", "", row[0][1])
                cells = zip(measures[1:], row[1:], strict=True)
                found |= {(key, level): number(text) for keys, (_, text) in cells for key in keys if text}
    return found


def number(text: str) -> str:
    """A number without its unit and marks, with a plain minus."""
    return re.sub(r"( mm[²³]?| %|°|\*)$", "", text.replace(_MINUS, "-").rstrip("*"))


def in_csv(text: str) -> Places:
    """The numbers of a CSV."""
    lines = [line for line in text.lstrip("\ufeff").splitlines() if not line.startswith(("#", '"#'))]
    return {(row["measure"], row["level"]): value_in(row) for row in csv.DictReader(io.StringIO("\n".join(lines)))}


def in_json(text: str) -> Places:
    """The numbers of a JSON, rounded as their measure is."""
    rows: list[dict[str, Any]] = json.loads(text)["measurements"]
    return {
        (row["measure"], row["level"]): "" if row["value"] is None else MEASURES[row["measure"]].rounded(row["value"])
        for row in rows
    }


def words_of(pdf: Path) -> str:
    """The text of a PDF."""
    return _told_by("pdftotext", "-layout", pdf, "-")


def sheets_of(pdf: Path) -> tuple[int, str]:
    """How many pages a PDF has, and what size they are, in words."""
    told = _told_by("pdfinfo", pdf)
    pages, size = re.search(r"Pages:\s+(\d+)", told), re.search(r"Page size:.*\((\w+)\)", told)
    assert pages and size, told
    return int(pages[1]), size[1]


def _told_by(*command: str | Path) -> str:
    return subprocess.run(list(map(str, command)), capture_output=True, encoding="utf-8", check=True).stdout
