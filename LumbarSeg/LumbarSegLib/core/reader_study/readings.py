"""What several readers measured: a folder for each reader, and in it the findings of each case as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from LumbarSegLib.core.definitions import MEASURES, fits
from LumbarSegLib.core.findings import Findings, is_slice
from LumbarSegLib.core.report.reading import read_findings
from LumbarSegLib.errors import InputError
from LumbarSegLib.resources import resource

SETTINGS: dict[str, Any] = json.loads(resource("reader_study.json").read_text(encoding="utf-8"))
"""Which forms of the statistics are given, and from how many values on; with their sources."""

_WHOLE = tuple(SETTINGS["of_whole_image"])
WHOLE_IMAGE = "image"
"""Stands for the level of a measure of which an image has one, wherever it lies."""


@dataclass(frozen=True)
class Place:
    """What is measured once by each reader: a level of a case."""

    case: str
    level: str


@dataclass(frozen=True)
class Readings:
    """The values of each measure by place and reader; None where a reader could not measure. `notes` say what the user
    should know before he trusts them.
    """

    readers: tuple[str, ...]
    cases: tuple[str, ...]
    values: Mapping[str, Mapping[Place, Mapping[str, float | None]]]
    notes: tuple[str, ...] = field(default=())


def read_readings(folder: Path) -> Readings:
    """The findings in `folder/READER/CASE.json`; equal names of files are the same case.

    Raises InputError where there are no two readers with a case in common, a file holds no findings, or files of one
    case are about different images.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; give one that holds a folder for each reader.")
    files = {one.name: sorted(one.glob("*.json")) for one in sorted(folder.iterdir()) if one.is_dir()}
    files = {reader: found for reader, found in files.items() if found}
    cases = sorted({file.stem for found in files.values() for file in found})
    shared = [case for case in cases if sum(any(file.stem == case for file in found) for found in files.values()) > 1]
    if not shared:
        raise InputError(
            f"{folder.name}: no case was measured by two readers; make a folder for each reader, and in it give the "
            "JSON of each case the same name for all readers."
        )
    read = {(reader, file.stem): _read(reader, file) for reader, found in files.items() for file in found}
    _check_same_images(read)
    values: dict[str, dict[Place, dict[str, float | None]]] = {}
    for (reader, case), (findings, _) in read.items():
        for (measure, level), value in _values_in(findings).items():
            values.setdefault(measure, {}).setdefault(Place(case, level), {})[reader] = value
    order = [key for key in MEASURES if key in values]
    notes = [*_absent(files, cases), *_named_otherwise(read, shared)]
    return Readings(tuple(files), tuple(cases), {key: values[key] for key in order}, tuple(notes))


def _read(reader: str, file: Path) -> tuple[Findings, dict[str, str]]:
    try:
        return read_findings(file)
    except InputError as error:
        raise InputError(f"{reader}/{error}") from error


def _values_in(findings: Findings) -> dict[tuple[str, str], float | None]:
    """Each value by measure and level. A slice that stands for a level is not counted twice."""
    at_levels = {one.measure for one in findings.measurements if not is_slice(one.level)}
    return {
        (one.measure, WHOLE_IMAGE if fits(one.measure, _WHOLE) else one.level): one.value
        for one in findings.measurements
        if not (is_slice(one.level) and one.measure in at_levels)
    }


def _check_same_images(read: Mapping[tuple[str, str], tuple[Findings, Mapping[str, str]]]) -> None:
    images: dict[str, str] = {}
    for (reader, case), (_, provenance) in read.items():
        image = provenance.get("image_sha256", "")
        if image and images.setdefault(case, image) != image:
            raise InputError(
                f"{reader}/{case}.json: this is about another image than the other readers' {case}; "
                "give equal names to the same case only."
            )


def _absent(files: Mapping[str, Sequence[Path]], cases: Sequence[str]) -> list[str]:
    return [
        f"{reader} has not read {len(missing)} of {len(cases)} cases."
        for reader, found in files.items()
        if (missing := set(cases) - {file.stem for file in found})
    ]


def _named_otherwise(
    read: Mapping[tuple[str, str], tuple[Findings, Mapping[str, str]]], cases: Sequence[str]
) -> list[str]:
    """Cases whose levels are counted from different discs, so that readers name the same level differently."""
    notes = []
    for case in cases:
        lowest = {findings.lowest_disc for (_, its), (findings, _) in read.items() if its == case}
        if len(lowest - {""}) > 1:
            notes.append(f"{case}: readers name the lowest disc differently ({', '.join(sorted(lowest))}).")
    return notes
