"""What a batch tells on the terminal: how far it is, and in the end what became of all cases."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import typer

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.errors import LumbarSegError

if TYPE_CHECKING:
    from LumbarSegLib.cohort.folder import Batch
    from LumbarSegLib.cohort.records import Record

_FIRST_LOOKED_AT = 5
_ESTIMATED_OVER_S = 1800.0
_BAR_WIDTH = 24


Show = Callable[["Record"], None]


@contextmanager
def shown(count: int) -> Iterator[Show]:
    """Takes each record as it comes: a bar with the time that is left on a terminal, else a line for each case."""
    with _bar(count) if sys.stderr.isatty() else nullcontext(_lines(count)) as show:
        yield show


def _lines(count: int) -> Show:
    numbers = iter(range(1, count + 1))
    return lambda record: typer.echo(f"{next(numbers)}/{count} {_line(record)}")


@contextmanager
def _bar(count: int) -> Iterator[Show]:
    """A bar, and above it a line for each case without a result."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    wrong, left = TextColumn("{task.fields[wrong]}"), TextColumn("left")
    columns = (TextColumn("Cases"), BarColumn(_BAR_WIDTH), MofNCompleteColumn(), wrong, TimeElapsedColumn(), left)
    console = Console(file=sys.stderr, highlight=False)
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, speed_estimate_period=_ESTIMATED_OVER_S
    ) as bar:
        task = bar.add_task("Cases", total=count, wrong="")
        without = []

        def show(record: "Record") -> None:
            if record.status != "done":
                without.append(record)
                bar.console.print(_line(record), markup=False)
            bar.update(task, advance=1, wrong=f"{len(without)} without a result" if without else "")

        yield show


def _line(record: "Record") -> str:
    told = record.reason or (record.outcome.seen if record.outcome else "")
    return f"{record.status:<7} {record.name}: {told.rstrip('.')} ({record.seconds:.1f} s)"


def tell_summary(batch: "Batch", records: "Sequence[Record]", tried: int, seconds: float) -> None:
    """A summary for the user. Raises LumbarSegError where a case has no result, so that scripts hear of it."""
    from LumbarSegLib.cohort.key_numbers import apart_from_others, doubt_of
    from LumbarSegLib.cohort.page import PAGE
    from LumbarSegLib.cohort.tables import CASES, MEASUREMENTS, SUMMARY

    wrong = [record for record in records if record.status != "done"]
    apart = apart_from_others(records)
    doubts = {one.name: doubt_of(one, apart.get(one.name, ())) for one in records if one.outcome}
    first = sorted((name for name in doubts if doubts[name]), key=lambda name: -doubts[name])[:_FIRST_LOOKED_AT]
    lines = [
        f"{len(records) - len(wrong)} of {len(records)} cases done; {tried} in this run, {seconds:.0f} s"
        + (f", {seconds / tried:.1f} s a case" if tried else ""),
        *(f"  {record.status} {record.name}: {record.reason}" for record in wrong),
        *([f"Look first at: {', '.join(f'{name} ({doubts[name]})' for name in first)}"] if first else []),
        *_numbers(records),
        f"Written to {batch.root}: {PAGE} to look through, {CASES}, {MEASUREMENTS}, {SUMMARY}",
        RESEARCH_USE,
    ]
    typer.echo("\n".join(lines))
    if wrong:
        has = "has" if len(wrong) == 1 else "have"
        raise LumbarSegError(f"{len(wrong)} of {len(records)} cases {has} no result; {CASES} says why.")


def _numbers(records: "Sequence[Record]") -> Iterator[str]:
    """The key numbers of all cases, as a table."""
    from statistics import fmean, stdev

    from LumbarSegLib.cohort.key_numbers import COLUMNS
    from LumbarSegLib.core.definitions import MEASURES

    found: dict[str, list[float]] = {}
    for record in records:
        for number in record.outcome.numbers if record.outcome else ():
            found.setdefault(number.column, []).append(number.value)
    if found:
        yield f"{'':<24}{'cases':>6}{'mean':>10}{'SD':>10}{'least':>10}{'most':>10}"
    for column in COLUMNS:
        values = found.get(column.column, [])
        if values:
            measure = MEASURES[column.measure]
            spread = measure.rounded(stdev(values)) if len(values) > 1 else ""
            mean, least, most = (measure.rounded(one) for one in (fmean(values), min(values), max(values)))
            yield f"{column.title:<24}{len(values):>6}{mean:>10}{spread:>10}{least:>10}{most:>10}"
