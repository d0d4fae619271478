"""Findings from the JSON that `tables.to_json` writes, so that they can be shown and compared again."""

import json
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar, get_args

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import (
    Comparison,
    Cornered,
    Findings,
    Flag,
    Landmark,
    Measurement,
    NamedBy,
    Point,
    Represented,
    Section,
    Side,
    Status,
    Trace,
)
from LumbarSegLib.core.report.tables import SCHEMA_VERSION
from LumbarSegLib.errors import InputError

_FINDINGS = {
    "schema_version", "use", "coordinates", "measurements", "sections", "landmarks", "flags", "levels", "patient",
    "corners",
}  # fmt: skip
"""What is no part of the provenance."""

SUFFIXES = (".json", ".csv")
"""Files of findings end so."""

_LARGEST = 256 << 20
"""Bytes; findings of a thousand slices take a tenth of it."""

Read = TypeVar("Read")


def read_findings(path: Path, called: str = "") -> tuple[Findings, dict[str, str]]:
    """The findings of a JSON file, or of a table (.csv), and their provenance. Raises InputError, with the name that
    the file is `called` by its user where it lies under another one, as the text does.
    """
    from LumbarSegLib.core.report.reading_csv import findings_from_csv

    name = called or path.name
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{name}: the file is too large for findings; give the JSON that LumbarSeg wrote.")
        text = path.read_text(encoding="utf-8-sig")
        return findings_from_csv(text) if path.suffix.lower() == ".csv" else findings_from_json(text)
    except FileNotFoundError as error:
        raise InputError(f"{called or path}: there is no such file; check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: this holds no findings; give the JSON that LumbarSeg wrote.") from error
    except OSError as error:
        raise InputError(f"{name}: the file cannot be read; check it, or measure the image again.") from error
    except InputError as error:
        raise error if str(error).startswith(name) else InputError(f"{name}: {error}") from error


def findings_from_json(text: str) -> tuple[Findings, dict[str, str]]:
    """The findings of `measure --json`, `segment --measure --json` or a case, and all that is told of their making.

    Raises InputError where the text is no such JSON, of another version of it, or says what cannot be.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("this is no JSON that can be read; give the JSON that LumbarSeg wrote.") from error
    if not isinstance(told, dict) or "measurements" not in told:
        raise InputError("this JSON holds no findings; give what `lumbarseg measure --json` or a report wrote.")
    if told.get("schema_version") != SCHEMA_VERSION:
        version = told.get("schema_version")
        raise InputError(f"these findings have the version {version}, not {SCHEMA_VERSION}; measure the image again.")
    try:
        return _findings(told), _provenance(told)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"these findings are damaged or were altered ({_in_words(error)}); measure again.") from error


def _in_words(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _provenance(told: Mapping[str, Any]) -> dict[str, str]:
    kept = {key: value for key, value in told.items() if key not in _FINDINGS and isinstance(value, str)}
    notes = [note for note in told.get("notes") or () if isinstance(note, str)]
    return kept | ({"notes": " ".join(notes)} if isinstance(told.get("notes"), list) and notes else {})


def _findings(told: Mapping[str, Any]) -> Findings:
    return Findings(
        measurements=_all(_measurement, told["measurements"], "measurement"),
        landmarks={_text(name): _landmark(one) for name, one in told["landmarks"].items()},
        sections=_all(_section, told["sections"], "section"),
        flags=_all(_flag, told["flags"], "flag"),
        lowest_disc=_text(told.get("lowest_disc", "")),
        represented=_all(_represented, told.get("levels", ()), "level"),
        view=_one_of(("", "frontal", "lateral"), told.get("view", "")),
        corners=_all(_cornered, told.get("corners", ()), "corner"),
        patient={_text(key): _text(value) for key, value in told.get("patient", {}).items()},
    )


def _all(read: Callable[[Mapping[str, Any]], Read], rows: Iterable[Any], name: str) -> tuple[Read, ...]:
    found = []
    for number, row in enumerate(rows, 1):
        try:
            found.append(read(row))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"{name} {number}: {_in_words(error)}") from error
    return tuple(found)


def _measurement(row: Mapping[str, Any]) -> Measurement:
    key, value, reason = row["measure"], _number(row["value"]), _text(row["reason"])
    if key not in MEASURES:
        raise ValueError(f"there is no measure {key!r}")
    if row["unit"] != MEASURES[key].ucum:
        raise ValueError(f"the unit of {key} is {MEASURES[key].ucum}, not {row['unit']!r}")
    if (value is None) == (reason == ""):
        raise ValueError("it must have a number or a reason, and not both")
    return Measurement(
        measure=key,
        level=_text(row["level"]),
        value=value,
        trace=_trace(row["trace"]),
        status=_one_of(get_args(Status), row["status"]),
        flags=tuple(_text(flag) for flag in row["flags"]),
        reason=reason,
        band=_text(row["band"]),
        comparisons=tuple(_comparison(one) for one in row["comparisons"]),
    )


def _comparison(row: Mapping[str, Any]) -> Comparison:
    cut_off = _number(row["cut_off"])
    if cut_off is None:
        raise ValueError("a cut-off has no number")
    told = (_text(row[key]) for key in ("meaning", "source", "population"))
    return Comparison(_one_of(get_args(Side), row["side"]), cut_off, *told)


def _trace(row: Mapping[str, Any]) -> Trace:
    return Trace(
        points={_text(name): _point(one) for name, one in row["points"].items()},
        lines=tuple(_line(one) for one in row["lines"]),
        contours=tuple(tuple(map(_point, contour)) for contour in row["contours"]),
    )


def _section(row: Mapping[str, Any]) -> Section:
    along = _number(row["along_mm"])
    if along is None:
        raise ValueError("it does not tell where it lies")
    return Section(
        along_mm=along,
        level=_text(row["level"]),
        center=_point(row["center"]),
        area_mm2=_number(row["area_mm2"]),
        anteroposterior_mm=_number(row["anteroposterior_mm"]),
        transverse_mm=_number(row["transverse_mm"]),
        contour=tuple(map(_point, row["contour"])),
        anteroposterior=row["anteroposterior"] and _line(row["anteroposterior"]),
        transverse=row["transverse"] and _line(row["transverse"]),
        reason=_text(row["reason"]),
    )


def _landmark(row: Mapping[str, Any]) -> Landmark:
    return Landmark(_point(row["place"]), _one_of(get_args(Status), row["status"]))


def _flag(row: Mapping[str, Any]) -> Flag:
    return Flag(_text(row["key"]), _text(row["level"]), _text(row["text"]), tuple(map(_text, row["blocks"])))


def _represented(row: Mapping[str, Any]) -> Represented:
    number = row["slice"]
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError(f"{number!r} is no number of a slice")
    return Represented(_text(row["level"]), number, _one_of(get_args(NamedBy), row["named_by"]))


def _cornered(row: Mapping[str, Any]) -> Cornered:
    mm = None if row["mm"] is None else _pairs(row["mm"])
    return Cornered(_text(row["vertebra"]), _pairs(row["pixels"]), mm)


def _pairs(row: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    return {_text(end): (x, y) for end, (x, y) in ((end, map(_known, place)) for end, place in row.items())}


def _line(row: Any) -> tuple[Point, Point]:
    start, end = row
    return _point(start), _point(end)


def _point(row: Any) -> Point:
    x, y, z = map(_known, row)
    return x, y, z


def _known(value: Any) -> float:
    number = _number(value)
    if number is None:
        raise ValueError("a place has no number")
    return number


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _one_of(known: tuple[Any, ...], value: Any) -> Any:
    if value not in known:
        raise ValueError(f"{value!r} is none of {', '.join(map(str, known))}")
    return value
