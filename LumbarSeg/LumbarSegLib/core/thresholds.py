"""Cut-offs from the literature: the shipped ones, a user's own laid over them, and values set beside them.

A cut-off tells on which side of it a value lies, with its source and population, and nothing more.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import isfinite, nan
from pathlib import Path
from types import MappingProxyType
from typing import Any

from LumbarSegLib.core.anatomy import STRUCTURES
from LumbarSegLib.core.definitions import DOUBTS, MEASURES, Threshold, fits, threshold_of
from LumbarSegLib.core.findings import Comparison, Findings, Measurement, Side
from LumbarSegLib.errors import InputError

Thresholds = Mapping[str, tuple[Threshold, ...]]
"""Cut-offs by the key of their measure."""

SHIPPED: Thresholds = MappingProxyType({key: one.thresholds for key, one in MEASURES.items()})
"""Those of `Resources/measures.json`."""

OWN = "own cut-off"
"""What stands for meaning, source and population of a cut-off that a user made of another one."""

_ROW = {"key", "unit", "thresholds"}
_NEEDED = {"value", "meaning", "source", "population"}
_LEVELS = {row.name for row in STRUCTURES}


def read_thresholds(path: Path) -> Thresholds:
    """The shipped cut-offs with a user's own in their place, for each measure that his JSON file names.

    The file has rows as `Resources/measures.json` has them: {"measures": [{"key": "ts.area", "unit": "mm²",
    "thresholds": [{"value": 90, "meaning": "...", "source": "...", "population": "...", "levels": ["L4/5"]}]}]}.
    "levels" and "unit" may be left out; an empty list takes the cut-offs of a measure away. Raises InputError, with
    what is wrong, for anything else.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file; check the path.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name}: this is no JSON file that can be read; write it again.") from error
    try:
        return thresholds_from(told)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error


def thresholds_from(told: Any) -> Thresholds:
    """The shipped cut-offs with those in their place that rows as in `read_thresholds` give. Raises InputError."""
    rows = told.get("measures") if isinstance(told, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError('the file must hold {"measures": [...]} with a row for each measure.')
    own = {}
    for row in rows:
        try:
            own[_key(row)] = tuple(map(_threshold, _list(row.get("thresholds"))))
        except ValueError as error:
            raise InputError(f"{row.get('key', 'a row')}: {error}.") from error
    return MappingProxyType({**SHIPPED, **own})


def changed(thresholds: Thresholds, key: str, place: int, value: Any) -> Thresholds:
    """The cut-offs with another value for the one at this place of a measure. It counts as the user's own then, since
    what the literature says of the old value holds no longer. Raises InputError where the value is no number.
    """
    rows = list(thresholds[key])
    try:
        number = float(str(value).replace(",", "."))
    except ValueError:
        number = nan
    if not isfinite(number):
        raise InputError(f"{key}: the value of a cut-off must be a number.")
    if number != rows[place].value:
        rows[place] = replace(rows[place], value=number, meaning=OWN, source=OWN, population=OWN)
    return MappingProxyType({**thresholds, key: tuple(rows)})


def _key(row: dict[str, Any]) -> str:
    if row.get("key") not in MEASURES:
        raise ValueError('"key" must be that of a measure, as ts.area')
    if unknown := row.keys() - _ROW:
        raise ValueError(f'"{min(unknown)}" is no part of a row; only key, unit and thresholds are')
    measure = MEASURES[row["key"]]
    if row.get("unit", measure.unit) not in (measure.unit, measure.ucum):
        raise ValueError(f"its unit is {measure.unit or 'none'}, not {row['unit']}")
    return str(row["key"])


def _list(rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise ValueError('"thresholds" must be a list of cut-offs')
    return rows


def _threshold(row: dict[str, Any]) -> Threshold:
    if missing := _NEEDED - row.keys():
        raise ValueError(f'a cut-off lacks its "{min(missing)}"')
    if unknown := row.keys() - _NEEDED - {"levels"}:
        raise ValueError(f'"{min(unknown)}" is no part of a cut-off')
    value = row["value"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError('the "value" of a cut-off must be a number')
    if not all(isinstance(row[key], str) and row[key].strip() for key in _NEEDED - {"value"}):
        raise ValueError("meaning, source and population of a cut-off must be texts that are not empty")
    levels = row.get("levels", [])
    if not isinstance(levels, list) or not all(isinstance(level, str) for level in levels):
        raise ValueError('the "levels" of a cut-off must be a list of names, as L4/5')
    if strange := sorted(set(levels) - _LEVELS):
        raise ValueError(f"{strange[0]} is no level; levels are named as L4/5 or L3")
    return threshold_of(row)


def compared(findings: Findings, thresholds: Thresholds) -> Findings:
    """The findings with each value set beside the cut-offs that hold at its level, but where a flag forbids it."""
    return replace(
        findings,
        measurements=tuple(replace(one, comparisons=_beside(one, thresholds)) for one in findings.measurements),
    )


def _beside(one: Measurement, thresholds: Thresholds) -> tuple[Comparison, ...]:
    forbidden = any(fits(one.measure, DOUBTS[key].not_compared) for key in one.flags)
    if one.value is None or forbidden:
        return ()
    return tuple(_comparison(one.value, row) for row in _at(one.level, thresholds.get(one.measure, ())))


def _at(level: str, rows: Iterable[Threshold]) -> Iterable[Threshold]:
    return (row for row in rows if not row.levels or level in row.levels)


def _comparison(value: float, row: Threshold) -> Comparison:
    side: Side = "below" if value < row.value else "not below"
    return Comparison(side, row.value, row.meaning, row.source, row.population)
