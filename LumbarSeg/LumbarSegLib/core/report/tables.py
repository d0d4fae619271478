"""Findings as JSON, whole, and as CSV, one row for each measurement. Both say what they may be used for."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Comparison, Findings, Landmark, Measurement, Point, Section, Trace
from LumbarSegLib.core.report.csv_text import VALUES, csv_text, in_its_column
from LumbarSegLib.core.report.layout import rounded

SCHEMA_VERSION = 1
"""That of `Resources/findings.schema.json`, which the JSON follows."""

COLUMNS = (
    "level",
    "measure",
    "name",
    *VALUES,
    "band",
    "status",
    "reason",
    "flags",
    "method",
    "source",
    "comparisons",
)
_COORDINATES = "LPS, mm"
_DECIMALS = 4
EXACT = 9
"""Decimals of values: rounded again as they are shown, they must show the same number."""


def as_dict(findings: Findings) -> dict[str, Any]:
    """All that was found, in values that JSON knows; places in LPS (mm), units after UCUM.

    A measurement without a value has null and its reason.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        **_counted(findings),
        **_radiograph(findings),
        "coordinates": _COORDINATES,
        "measurements": [_measurement(one) for one in findings.measurements],
        "sections": [_section(one) for one in findings.sections],
        "landmarks": {name: _landmark(one) for name, one in findings.landmarks.items()},
        "flags": [
            {"key": one.key, "level": one.level, "text": one.text, "blocks": list(one.blocks)} for one in findings.flags
        ],
    }


def _counted(findings: Findings) -> dict[str, Any]:
    """What the levels are counted from, and what stands for them in an axial image."""
    levels = [{"level": one.level, "slice": one.slice, "named_by": one.named_by} for one in findings.represented]
    return {**_lowest(findings), **({"levels": levels} if levels else {})}


def _radiograph(findings: Findings) -> dict[str, Any]:
    """What is said of a radiograph alone: its view, the patient as far as the file tells, the corners in its pixels."""
    if not findings.view:
        return {}
    return {
        "view": findings.view,
        "patient": dict(findings.patient),
        "corners": [
            {"vertebra": one.vertebra, "pixels": _pairs(one.pixels), "mm": _pairs(one.mm) if one.mm else None}
            for one in findings.corners
        ],
    }


def _pairs(places: Mapping[str, tuple[float, float]]) -> dict[str, list[float]]:
    return {end: [round(one, _DECIMALS) for one in place] for end, place in places.items()}


def _lowest(findings: Findings) -> dict[str, str]:
    return {"lowest_disc": findings.lowest_disc} if findings.lowest_disc else {}


def to_json(findings: Findings, provenance: Mapping[str, Any]) -> str:
    """One line of JSON: the statement of use, `provenance` (what was measured by what) and `as_dict`, side by side.

    Notes that are one text become a list of one.
    """
    told = {key: [value] if key == "notes" and isinstance(value, str) else value for key, value in provenance.items()}
    return json.dumps({"use": RESEARCH_USE, **told, **as_dict(findings)}, allow_nan=False)


def to_csv(findings: Findings, provenance: Mapping[str, Any]) -> str:
    """One row for each measurement, its value under the heading with its unit; one that was not measured has none, and
    its reason.

    Above the heading stand the statement of use, the provenance, the corners of a radiograph and the flags, in lines
    that start with "#".
    """
    return csv_text(_remarks(findings, provenance), [COLUMNS, *rows_of(findings)])


def _remarks(findings: Findings, provenance: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    yield (RESEARCH_USE,)
    yield from {**provenance, **_lowest(findings)}.items()
    yield from ((f"level {one.level}", one.slice, one.named_by) for one in findings.represented)
    yield from _told_of(findings)
    yield from ((f"flag {one.key}", one.level, one.text) for one in findings.flags)


def rows_of(findings: Findings) -> list[tuple[str, ...]]:
    """A row for each measurement, with what `COLUMNS` names."""
    return [_row(one) for one in findings.measurements]


def _told_of(findings: Findings) -> Iterator[Sequence[Any]]:
    """View and patient of a radiograph, and each corner: column and row in pixels, then in mm where they are known."""
    if findings.view:
        yield "view", findings.view
    yield from ((f"patient {key}", told) for key, told in findings.patient.items())
    for one in findings.corners:
        for end, place in one.pixels.items():
            yield f"corner {one.vertebra}.{end}", *(f"{x:.2f}" for x in (*place, *(one.mm or {}).get(end, ())))


def _row(one: Measurement) -> tuple[str, ...]:
    measure = MEASURES[one.measure]
    told = (one.band, one.status, one.reason, " ".join(one.flags), measure.method, measure.source)
    beside = "; ".join(f"{found.side} {found.cut_off:g} ({found.source})" for found in one.comparisons)
    return (one.level, one.measure, measure.name, *in_its_column(measure.ucum, rounded(one)), *told, beside)


def _measurement(one: Measurement) -> dict[str, Any]:
    measure = MEASURES[one.measure]
    return {
        "measure": one.measure,
        "name": measure.name,
        "level": one.level,
        "value": _number(one.value, EXACT),
        "unit": measure.ucum,
        "band": one.band,
        "comparisons": [_comparison(found) for found in one.comparisons],
        "status": one.status,
        "flags": list(one.flags),
        "reason": one.reason,
        "method": measure.method,
        "source": measure.source,
        "trace": _trace(one.trace),
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "side": one.side,
        "cut_off": one.cut_off,
        "meaning": one.meaning,
        "source": one.source,
        "population": one.population,
    }


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        "points": {name: _place(point) for name, point in trace.points.items()},
        "lines": [_places(line) for line in trace.lines],
        "contours": [_places(contour) for contour in trace.contours],
    }


def _section(one: Section) -> dict[str, Any]:
    return {
        "along_mm": _number(one.along_mm),
        "level": one.level,
        "center": _place(one.center),
        "area_mm2": _number(one.area_mm2),
        "anteroposterior_mm": _number(one.anteroposterior_mm),
        "transverse_mm": _number(one.transverse_mm),
        "contour": _places(one.contour),
        "anteroposterior": one.anteroposterior and _places(one.anteroposterior),
        "transverse": one.transverse and _places(one.transverse),
        "reason": one.reason,
    }


def _landmark(one: Landmark) -> dict[str, Any]:
    return {"place": _place(one.place), "status": one.status}


def _number(value: float | None, decimals: int = _DECIMALS) -> float | None:
    return None if value is None else round(float(value), decimals)


def _place(point: Point) -> list[float]:
    return [round(float(mm), _DECIMALS) for mm in point]


def _places(points: Iterable[Point]) -> list[list[float]]:
    return [_place(point) for point in points]
