"""The page of a follow-up: both studies' pictures, what changed beyond the measurement error, and all differences."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Measurement
from LumbarSegLib.core.report.follow_up import Change, changes, from_above, told_of_levels
from LumbarSegLib.core.report.key_pictures import key_picture
from LumbarSegLib.core.report.layout import BY_LEVEL, NOT_MEASURED, Table, in_cell, with_unit
from LumbarSegLib.core.report.page_content import handwork_of, made_with, title_of
from LumbarSegLib.core.report.page_files import page_html, shown, write_page
from LumbarSegLib.core.report.page_tables import Heading, printed
from LumbarSegLib.core.study import Study

_PLACE = (90.0, 108.0)
"""Width and height (mm) that the picture of each study may take."""

_SHOWN = {measure for table in BY_LEVEL for column in table.columns for measure in column.measures}
_VERDICTS = {"beyond": "beyond", "within": "within", "unknown": "error not known", "": ""}


@dataclass(frozen=True)
class ChangedCell:
    """Both numbers, their difference with its sign, and whether that is beyond the measurement error."""

    earlier: str
    later: str
    difference: str
    beyond: bool

    @property
    def is_missing(self) -> bool:
        """Whether neither study has a number."""
        return self.earlier == self.later == NOT_MEASURED


@dataclass(frozen=True)
class ChangedLine:
    """A level and its cells, None where neither study has the measure."""

    level: str
    cells: tuple[ChangedCell | None, ...]


@dataclass(frozen=True)
class ChangedTable:
    """A table as it is printed: rows for levels, columns for measures."""

    title: str
    headings: tuple[Heading, ...]
    lines: tuple[ChangedLine, ...]


def write_follow_up(
    earlier: Study,
    later: Study,
    out: Path,
    *,
    patient: Mapping[str, str] | None = None,
    notes: Iterable[str] = (),
    tell: Callable[[str], None] = lambda sentence: None,
) -> list[Change]:
    """Write the page that sets two studies side by side as .html or .pdf, whole or not at all; returns what it says.

    `notes` stand beside what is said of the levels; `tell` hears what a PDF lacks. Raises InputError where the two
    cannot be compared, OutputError as `page.write_report` does.
    """
    found = changes(earlier, later)
    studies = [_study(study, name) for study, name in ((earlier, "Earlier"), (later, "Later"))]
    content = {
        "title": f"Follow-up: {title_of(later)[:1].lower()}{title_of(later)[1:]}",
        "name": f"{earlier.name} and {later.name}",
        "date": later.provenance.get("date", "")[:10],
        "patient": dict(patient or {}),
        "studies": studies,
        "notes": [*told_of_levels(earlier, later), *notes],
        "beyond": [_in_full(one) for one in found if one.verdict == "beyond"],
        "counts": {verdict: sum(one.verdict == verdict for one in found) for verdict in _VERDICTS},
        "spans": [_in_full(one) for one in found if one.measure not in _SHOWN],
        "tables": [table for one in BY_LEVEL if one.kind == "levels" if (table := _table(one, found)).lines],
        "errors": _errors(found),
        "research_use": RESEARCH_USE,
    }
    write_page(page_html("follow_up.html.j2", content), out, tell)
    return found


def _study(study: Study, when: str) -> dict[str, Any]:
    picture = shown(key_picture(study, beside_another=True), *_PLACE)
    made = [*handwork_of(study), *made_with(study.provenance)]
    return {"when": when, "name": study.name, "picture": picture, "made": made}


def _table(table: Table, found: list[Change]) -> ChangedTable:
    by_place = {(one.measure, one.level): one for one in found}
    there = {one.measure for one in found}
    columns = [column for column in table.columns if there.intersection(column.measures)]
    measures = {measure for column in columns for measure in column.measures}
    levels = sorted({one.level for one in found if one.measure in measures}, key=from_above)
    headings = tuple(
        Heading(one.heading, one.unit, ", ".join(MEASURES[measure].name for measure in one.measures)) for one in columns
    )
    lines = []
    for level in levels:
        places = (((measure, level) for measure in one.measures if (measure, level) in by_place) for one in columns)
        known = (next(place, None) for place in places)
        cells = tuple(_cell(by_place[place]) if place else None for place in known)
        if not all(cell is None or cell.is_missing for cell in cells):
            lines.append(ChangedLine(level, cells))
    return ChangedTable(table.title, headings, tuple(lines))


def _cell(one: Change) -> ChangedCell:
    return ChangedCell(_number(one.earlier), _number(one.later), difference_of(one), one.verdict == "beyond")


def _number(one: Measurement | None) -> str:
    return printed(in_cell(one)) if one else NOT_MEASURED


def difference_of(one: Change, unit: bool = False) -> str:
    """The difference with its sign, and with its unit where that is wanted; "" where there is none."""
    if one.difference is None:
        return ""
    measure = MEASURES[one.measure]
    text = measure.words(one.difference) if unit else measure.rounded(one.difference)
    return printed(text) if one.difference <= 0 or float(measure.rounded(one.difference)) == 0 else f"+{text}"


def changed_in_words(found: list[Change]) -> list[str]:
    """A line for each difference beyond the measurement error, and one that counts the others."""
    rows = [_in_full(one) for one in found if one.verdict == "beyond"]
    lines = [
        f"{one['level']}, {one['measure']}: {one['earlier']} to {one['later']} ({one['difference']})" for one in rows
    ]
    counts = {verdict: sum(one.verdict == verdict for one in found) for verdict in ("within", "unknown")}
    return [
        f"{len(rows) or 'No'} differences beyond the measurement error{':' if rows else '.'}",
        *(f"  {line}" for line in lines),
        f"Within it: {counts['within']}; without a known error: {counts['unknown']}.",
    ]


def _in_full(one: Change) -> dict[str, str]:
    """A change as a row of its own."""
    spans = dict.fromkeys(each.level for each in (one.earlier, one.later) if each)
    return {
        "level": " / ".join(spans),
        "measure": MEASURES[one.measure].name,
        "earlier": printed(with_unit(one.earlier)) if one.earlier else NOT_MEASURED,
        "later": printed(with_unit(one.later)) if one.later else NOT_MEASURED,
        "difference": difference_of(one, unit=True),
        "error": MEASURES[one.measure].words(one.error.change) if one.error else "not known",
        "verdict": _VERDICTS[one.verdict],
    }


def _errors(found: list[Change]) -> list[dict[str, Any]]:
    """The measurement errors that differences were set beside, those that were found alike under one sentence, in two
    halves to stand beside each other.
    """
    known = dict.fromkeys(one.error for one in found if one.error and one.difference is not None)
    alike: dict[tuple[str, str], list[dict[str, str]]] = {}
    for one in known:
        how, _, rest = one.basis.partition(", ")
        row = {
            "measure": MEASURES[one.measure].name + (f", {', '.join(one.levels)}" if one.levels else ""),
            "change": MEASURES[one.measure].words(one.change),
            "basis": rest,
        }
        alike.setdefault((how, one.source), []).append(row)
    return [
        {"how": how, "source": source, "halves": [rows[: (len(rows) + 1) // 2], rows[(len(rows) + 1) // 2 :]]}
        for (how, source), rows in alike.items()
    ]
