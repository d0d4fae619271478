"""What became of all cases as tables: a line for each case, a line for each measurement, and the measures of all."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.cohort.folder import Batch
from LumbarSegLib.cohort.key_numbers import COLUMNS, apart_from_others, doubt_of
from LumbarSegLib.cohort.records import Record, write_text_whole
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import is_slice
from LumbarSegLib.core.report.csv_text import VALUES, csv_text, in_its_column

CASES, MEASUREMENTS, SUMMARY = "cases.csv", "measurements.csv", "summary.csv"

_CASE = ("case", "image", "status", "reason", "task", "seen", "doubt", "flags")
_MODELS = ("model", "model_version", "model_sha256", "corner_model", "corner_model_sha256")
_ORIGIN = ("date", "lumbarseg_version", *_MODELS, "image_sha256")
_MEASUREMENT = ("level", "measure", "name", *VALUES, "band", "status", "reason", "flags")
_OF_ALL = ("task", "level", "measure", "name", "unit", "measured", "not_measured", "mean", "sd", "median", "min", "max")


def write_tables(batch: Batch, records: Sequence[Record]) -> None:
    """Write the tables into the folder of the batch, each whole or not at all. Raises OutputError."""
    head = list(_head(batch))
    _write(batch.root / CASES, head, _cases(batch, records))
    _write(batch.root / MEASUREMENTS, head, _measurements(batch, records))
    _write(batch.root / SUMMARY, head, _of_all(batch, records))


def _write(path: Path, head: Iterable[Sequence[Any]], rows: Iterable[Sequence[Any]]) -> None:
    """A byte order mark leads, without which spreadsheets take the units for another encoding."""
    write_text_whole(path, csv_text(head, rows), "utf-8-sig")


def _head(batch: Batch) -> Iterator[tuple[Any, ...]]:
    """What the tables say of their making, in lines that start with "#"."""
    yield (RESEARCH_USE,)
    yield "lumbarseg_version", batch.asked["made_with"]["lumbarseg_version"]
    yield "date", datetime.now(UTC).isoformat(timespec="seconds")
    yield "source", batch.asked["source"]
    yield "options", options_in_words(batch.asked["options"])


def options_in_words(options: Mapping[str, Any]) -> str:
    """The options that were given, as they are typed."""
    given = {key: value for key, value in options.items() if value not in (None, False, "auto")}
    return " ".join(key if value is True else f"{key} {value}" for key, value in given.items()) or "none"


def _cases(batch: Batch, records: Sequence[Record]) -> Iterator[Sequence[Any]]:
    """A line for each case of the batch, those that are still to be done as well."""
    told = {record.name: record for record in records}
    apart = apart_from_others(records)
    numbers = [name for column in COLUMNS for name in (column.column, f"{column.column}_level")]
    yield (*_CASE, *numbers, "seconds", "folder", *_ORIGIN)
    for case in batch.cases:
        record = told.get(case.name)
        if record is None:
            yield (case.name, case.image, "not done")
            continue
        outcome = record.outcome
        found = {number.column: number for number in outcome.numbers} if outcome else {}
        origin = outcome.provenance if outcome else {}
        seen = (outcome.task, outcome.seen, doubt_of(record, apart.get(case.name, ()))) if outcome else ("", "", "")
        flags = " ".join(dict.fromkeys(flag["key"] for flag in outcome.flags)) if outcome else ""
        values = []
        for column in COLUMNS:
            number = found.get(column.column)
            values += [MEASURES[column.measure].rounded(number.value), number.level] if number else ["", ""]
        ends = (f"{record.seconds:.1f}", batch.folder_of(case).relative_to(batch.root).as_posix())
        first = (case.name, record.image, record.status, record.reason, *seen, flags)
        yield (*first, *values, *ends, *(origin.get(key, "") for key in _ORIGIN))


def _findings(batch: Batch, records: Sequence[Record]) -> Iterator[tuple[Record, list[dict[str, Any]]]]:
    """The measurements of each case that is done, as its own JSON has them, one case at a time."""
    for record in records:
        if record.outcome:
            path = batch.root / "cases" / record.name / record.outcome.files["findings"]
            yield record, json.loads(path.read_text(encoding="utf-8"))["measurements"]


def _measurements(batch: Batch, records: Sequence[Record]) -> Iterator[Sequence[Any]]:
    yield ("case", *_MEASUREMENT)
    for record, rows in _findings(batch, records):
        for row in rows:
            first = (record.name, row["level"], row["measure"], row["name"])
            last = (row["band"], row["status"], row["reason"], " ".join(row["flags"]))
            yield (*first, *in_its_column(row["unit"], _rounded(row)), *last)


def _rounded(row: Mapping[str, Any]) -> str:
    return "" if row["value"] is None else MEASURES[row["measure"]].rounded(row["value"])


def _of_all(batch: Batch, records: Sequence[Record]) -> Iterator[Sequence[Any]]:
    """A line for each measure and level; slices have other numbers in each image and are left out."""
    values: dict[tuple[str, str, str], list[float | None]] = {}
    for record, rows in _findings(batch, records):
        assert record.outcome
        for row in rows:
            if not is_slice(row["level"]):
                values.setdefault((record.outcome.task, row["level"], row["measure"]), []).append(row["value"])
    yield _OF_ALL
    for (task, level, key), found in values.items():
        measured = [value for value in found if value is not None]
        measure = MEASURES[key]
        spread = stdev(measured) if len(measured) > 1 else None
        told = (fmean(measured), spread, median(measured), min(measured), max(measured)) if measured else (None,) * 5
        counts = (len(measured), len(found) - len(measured))
        numbers = ("" if value is None else f"{value:.{measure.decimals + 1}f}" for value in told)
        yield (task, level, key, measure.name, measure.ucum, *counts, *numbers)
