"""Findings in plain text, for a terminal."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from textwrap import wrap
from typing import TypeVar

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Comparison, Findings, Flag, Measurement, Side, is_slice, slice_name
from LumbarSegLib.core.report.layout import BY_LEVEL, NOT_MEASURED, Table, in_cell, with_unit

Told = TypeVar("Told")

_WIDTH = 110
_GAP = "  "
_RUN = 5
_TILT = "slice.tilt"
_A_SLICE = re.compile(r"\bslice (\d+)\b")
SIDES: tuple[Side, ...] = ("below", "not below")
_NAMED_BY = {
    "sagittal": "named by the sagittal segmentation",
    "user": "named by the user",
    "block": "counted from below, not named",
}


def in_words(findings: Findings) -> str:
    """Tables by level with units, the spans, published classes, values beside cut-offs, what was not measured and why,
    and the flags.
    """
    tables = [_table(table.of(findings), findings) for table in BY_LEVEL]
    named = "\n".join(represented_lines(findings))
    spans = "\n".join(span_lines(findings))
    parts = [seen_line(findings), named, *tables, spans, _comparisons(findings), _reasons(findings), _flags(findings)]
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


def seen_line(findings: Findings) -> str:
    """Of a radiograph, its view and what the file says of the patient, in a sentence."""
    if not findings.view:
        return ""
    told = ", ".join(findings.patient[key] for key in ("age", "sex") if key in findings.patient)
    return f"A {findings.view} radiograph" + (f"; patient: {told}." if told else ".")


def represented_lines(findings: Findings) -> list[str]:
    """A line for each level of an axial image, from the top downward: its slice, and where its name is from."""
    return [
        f"{one.level} is read on {slice_name(one.slice)}, {_NAMED_BY[one.named_by]}."
        for one in reversed(findings.represented)
    ]


@dataclass(frozen=True)
class BesideCutOff:
    """A cut-off of a measure, and the levels with their values on either side of it."""

    measure: str
    cut_off: Comparison
    sides: Mapping[Side, list[Measurement]]


def beside_cut_offs(findings: Findings) -> list[BesideCutOff]:
    """Each cut-off once; slices only where no level has a name."""
    levels = [one for one in findings.measurements if not is_slice(one.level)]
    sides: dict[tuple[str, Comparison], dict[Side, list[Measurement]]] = {}
    for one in levels or findings.measurements:
        for found in one.comparisons:
            key = (one.measure, replace(found, side="below"))
            sides.setdefault(key, {}).setdefault(found.side, []).append(one)
    return [BesideCutOff(measure, cut_off, found_on) for (measure, cut_off), found_on in sides.items()]


def limit_in_words(one: BesideCutOff) -> str:
    """The cut-off with its unit: "12 mm"."""
    return f"{one.cut_off.cut_off:g} {MEASURES[one.measure].unit}".rstrip()


def _comparisons(findings: Findings) -> str:
    lines = []
    for one in beside_cut_offs(findings):
        on = {side: ", ".join(f"{each.level} ({with_unit(each)})" for each in one.sides[side]) for side in one.sides}
        where = "; ".join(f"{side}: {on[side]}" for side in SIDES if side in on)
        told = f"{one.cut_off.meaning}; {one.cut_off.population}; {one.cut_off.source}"
        lines += _indented(f"{MEASURES[one.measure].name}, {limit_in_words(one)}: {where}. The cut-off: {told}.")
    return "\n".join(["Beside cut-offs from the literature:", *lines] if lines else [])


@dataclass(frozen=True)
class Missing:
    """A reason, the measurements that it keeps from being made, and the same in words: "L4: slip; L5: all"."""

    reason: str
    measurements: tuple[Measurement, ...]
    where: str


def missing(findings: Findings) -> list[Missing]:
    """What was not measured, each reason once."""
    without = [one for one in findings.measurements if one.value is None]
    there = Counter(one.level for one in findings.measurements if one.measure != _TILT)
    told = []
    for text, alike in _said_once((one.reason, one) for one in without).items():
        kept: dict[str, list[str]] = {}
        for one in alike:
            kept.setdefault(one.level, []).append(one.measure)
        where = _kept_by({level: _names(kept[level], there[level]) for level in kept})
        told.append(Missing(text, tuple(alike), where))
    return told


def _reasons(findings: Findings) -> str:
    lines = [line for one in missing(findings) for line in _indented(f"{one.reason} {one.where}")]
    return "\n".join([f"Not measured ({NOT_MEASURED}):", *lines] if lines else [])


def _names(measures: list[str], there: int) -> tuple[str, ...]:
    """What is not measured at a level, in words; all there is but the tilt of a slice is "all"."""
    if there > 1 and len([measure for measure in measures if measure != _TILT]) == there:
        return ("all",)
    return tuple(_within_sentence(MEASURES[measure].name) for measure in measures)


def _within_sentence(name: str) -> str:
    return name if name[:2].isupper() else name[0].lower() + name[1:]


def _said_once(told: Iterable[tuple[str, Told]]) -> dict[str, list[Told]]:
    """What is told with the same text; texts that differ in the number of a slice alone become one that names all."""
    alike: dict[str, list[tuple[str, Told]]] = {}
    for text, one in told:
        alike.setdefault(_A_SLICE.sub("slice", text), []).append((text, one))
    return {_together([text for text, _ in pairs]): [one for _, one in pairs] for pairs in alike.values()}


def _together(texts: list[str]) -> str:
    numbers = sorted({int(number) for text in texts for number in _A_SLICE.findall(text)})
    if len(numbers) < 2:
        return texts[0]
    named = list(_in_runs(numbers))
    return _A_SLICE.sub("slices " + (f"{', '.join(named[:-1])} and {named[-1]}" if named[1:] else named[0]), texts[0])


def _in_runs(numbers: list[int]) -> Iterator[str]:
    """Whole numbers that rise, as texts; many in a row become "3 to 12"."""
    starts = [0, *(place for place in range(1, len(numbers)) if numbers[place] != numbers[place - 1] + 1)]
    for start, end in pairwise([*starts, len(numbers)]):
        run = numbers[start:end]
        yield from map(str, run) if len(run) < _RUN else [f"{run[0]} to {run[-1]}"]


def _kept_by(levels: dict[str, tuple[str, ...]]) -> str:
    together: dict[tuple[str, ...], list[str]] = {}
    for level, names in levels.items():
        together.setdefault(names, []).append(level)
    return "; ".join(f"{', '.join(where)}: {', '.join(names)}" for names, where in together.items())


def _flags(findings: Findings) -> str:
    lines = [line for text in flag_texts(findings) for line in _indented(text)]
    return "\n".join(["To be looked at:", *lines] if lines else [])


def flag_texts(findings: Findings) -> list[str]:
    """The flags in words; what is said of several slices alike is said once."""
    return [text for text, _ in flags_once(findings)]


def flags_once(findings: Findings) -> list[tuple[str, tuple[Flag, ...]]]:
    """The same with the flags that each text stands for."""
    about = [flag for flag in findings.flags if is_slice(flag.level)]
    alone: list[tuple[str, tuple[Flag, ...]]] = [(flag.text, (flag,)) for flag in findings.flags if flag not in about]
    together = _said_once((flag.text, flag) for flag in about)
    return alone + [(text, tuple(flags)) for text, flags in together.items()]


def _indented(text: str) -> list[str]:
    return wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")
