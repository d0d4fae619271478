"""Agreement as tables: two CSV files for statistics programs, and one page of Markdown for people."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from LumbarSegLib import RESEARCH_USE, __version__
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.reader_study.readings import SETTINGS, Readings
from LumbarSegLib.core.reader_study.statistics import ADVISED, FEWEST, Agreement, Pair
from LumbarSegLib.core.report.csv_text import csv_text

_DECIMALS = 6
_ICC = (
    "measure", "name", "level", "unit", "readers", "places", "complete", "cases", "icc", "icc_low", "icc_high",
    "icc_form", "reason", "few_values", "not_measured",
)  # fmt: skip
_PAIRS = (
    "measure", "name", "level", "unit", "first", "second", "count", "bias", "bias_low", "bias_high", "sd",
    "lower_limit", "upper_limit", "limits_within",
)  # fmt: skip


def icc_csv(found: Sequence[Agreement], readings: Readings) -> str:
    """A row for each measure at all levels and at each: ICC with its 95 % interval, or why there is none."""
    return csv_text(_origin(readings), [_ICC, *(_icc_row(one, readings) for one in found)])


def pairs_csv(found: Sequence[Agreement], readings: Readings) -> str:
    """A row for each two readers of a measure at all levels and at each: bias and limits of agreement, in its unit."""
    return csv_text(_origin(readings), [_PAIRS, *(_pair_row(one, pair) for one in found for pair in one.pairs)])


def markdown(found: Sequence[Agreement], readings: Readings, pictures: dict[str, str]) -> str:
    """The measures at all levels together, how it was worked out, and what is to be known before it is used.

    `pictures` are the names of the plots by measure.
    """
    pooled = [one for one in found if one is _first_of(found, one.measure)]
    return "\n".join([*_head(readings), *_icc_table(pooled), *_pair_table(pooled), *_how(), *_plots(pictures)]) + "\n"


def _origin(readings: Readings) -> list[tuple[str, ...]]:
    """The use of a table, and what it was made of by what."""
    told = {
        "lumbarseg_version": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "readers": "; ".join(readings.readers),
        "cases": "; ".join(readings.cases),
    }
    return [(RESEARCH_USE,), *told.items()]


def _icc_row(one: Agreement, readings: Readings) -> list[Any]:
    low, high = one.interval or (None, None)
    missing = "; ".join(f"{reader}: {count}" for reader, count in one.not_measured.items())
    counts = [len(readings.readers), one.places, one.complete, one.cases]
    form = SETTINGS["icc"]["type"] if one.icc is not None else ""
    return [*_named(one), *counts, *map(_number, (one.icc, low, high)), form, one.reason, _yes(one.has_few), missing]


def _pair_row(one: Agreement, pair: Pair) -> list[Any]:
    numbers = (pair.bias, *(pair.bias_interval or (None, None)), pair.sd, *(pair.limits or (None, None)))
    return [*_named(one), *pair.readers, pair.count, *map(_number, (*numbers, pair.limits_within))]


def _named(one: Agreement) -> list[str]:
    return [one.measure, MEASURES[one.measure].name, one.level, MEASURES[one.measure].ucum]


def _number(value: float | None) -> str:
    return "" if value is None else f"{round(value, _DECIMALS):g}"


def _yes(whether: bool) -> str:
    return "yes" if whether else "no"


def _first_of(found: Sequence[Agreement], measure: str) -> Agreement:
    return next(one for one in found if one.measure == measure)


def _head(readings: Readings) -> Iterator[str]:
    yield "# Agreement of readers"
    yield ""
    yield f"{RESEARCH_USE} LumbarSeg {__version__}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC."
    yield ""
    yield f"Readers: {', '.join(readings.readers)}. Cases: {len(readings.cases)}."
    yield ""
    yield from (f"- {note}" for note in readings.notes)


def _icc_table(pooled: Sequence[Agreement]) -> Iterator[str]:
    few = SETTINGS["advised"]
    yield from ("", "## Intraclass correlation", "")
    yield "| measure | level | places | complete | cases | ICC | 95 % interval | not measured |"
    yield "|---|---|---:|---:|---:|---:|---|---|"
    for one in pooled:
        missing = ", ".join(f"{reader} {count}" for reader, count in one.not_measured.items() if count) or "none"
        value = "—" if one.icc is None else f"{one.icc:.2f}{' *' if one.has_few else ''}"
        interval = one.reason or (f"{one.interval[0]:.2f} to {one.interval[1]:.2f}" if one.interval else "not known")
        counts = f"{one.places} | {one.complete} | {one.cases}"
        yield f"| {MEASURES[one.measure].name} | {one.level} | {counts} | {value} | {interval} | {missing} |"
    if any(one.has_few and one.icc is not None for one in pooled):
        yield from ("", f"\\* Fewer than {ADVISED} values, as are advised ({few['source']}): look at the interval.")


def _pair_table(pooled: Sequence[Agreement]) -> Iterator[str]:
    yield from ("", "## Differences of two readers", "")
    yield "| measure | readers | count | bias | 95 % interval | limits of agreement | known within ± |"
    yield "|---|---|---:|---:|---|---|---:|"
    for one in pooled:
        for pair in one.pairs:
            yield f"| {MEASURES[one.measure].name} | {' − '.join(pair.readers)} | {pair.count} | {_said(one, pair)} |"  # noqa: RUF001 - minus


def _said(one: Agreement, pair: Pair) -> str:
    if pair.bias is None or pair.bias_interval is None or pair.limits is None or pair.limits_within is None:
        return f"— | fewer than {FEWEST} values | — | —"
    measure = MEASURES[one.measure]
    places = max(1, measure.decimals)

    def shown(*values: float) -> str:
        numbers = " to ".join(f"{value:.{places}f}" for value in values)
        return numbers + (measure.unit if measure.unit in ("", "°") else f" {measure.unit}")

    return " | ".join([shown(pair.bias), shown(*pair.bias_interval), shown(*pair.limits), shown(pair.limits_within)])


def _how() -> Iterator[str]:
    icc, limits = SETTINGS["icc"], SETTINGS["limits_of_agreement"]
    yield from ("", "## How it was worked out", "")
    yield f"- {icc['form']} ({icc['source']}), from places where every reader has a value."
    yield f"- Limits of agreement: {limits['form']} ({limits['source']}), from places where both have one."
    yield "- Levels of one patient are counted as if they were independent, so that intervals are rather too narrow."
    yield "- The files icc.csv and differences.csv have the same at each level."


def _plots(pictures: dict[str, str]) -> Iterator[str]:
    if pictures:
        yield from ("", "## Differences against means", "")
        yield from ("Line: bias; dashed: limits of agreement; bars: the 95 % interval of each.", "")
        yield from (f"![{MEASURES[measure].name}]({name})" for measure, name in pictures.items())
