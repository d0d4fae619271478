"""Findings as the page shows them: tables with a cell for each value, and the curve of the area."""

from typing import Any

from LumbarSegLib.core.findings import Findings, Measurement
from LumbarSegLib.core.report.explained import explained, is_doubtful
from LumbarSegLib.core.report.layout import NOT_MEASURED, Row, rounded, tables_of
from LumbarSegLib.scene.ordering import AS_IT_IS, Order
from LumbarSegLib.scene.tabulated import area_curve

_WIDE, _HIGH = 1000.0, 220.0  # units of the drawing
_EDGE = 8.0


def tables_to_show(findings: Findings | None, sorted_one: str = "", order: Order = AS_IT_IS) -> list[dict[str, Any]]:
    """Each table that has something to show: its title, heads with their units, and rows of cells; one of them, by its
    title, in an order of its own.
    """
    if findings is None:
        return []
    return [
        {
            "title": table.title,
            "heads": [{"heading": one.heading, "unit": one.unit} for one in table.columns],
            "rows": [
                _row(row, findings)
                for row in (order if table.title == sorted_one else AS_IT_IS).of(table.rows(findings))
            ],
        }
        for table in tables_of(findings)
    ]


def _row(row: Row, findings: Findings) -> dict[str, Any]:
    cells = [_cell(one, findings) if one is not None else None for one in row.cells]
    words = {row.level, *(word for one in row.cells if one for word in (one.status, one.band, *one.flags))}
    flagged = "flagged" if any(one.flags for one in row.cells if one) else ""
    return {"level": row.level, "cells": cells, "words": " ".join([*sorted(filter(None, words)), flagged]).lower()}


def _cell(one: Measurement, findings: Findings) -> dict[str, Any]:
    return {
        "key": f"{one.measure} {one.level}",
        "text": NOT_MEASURED if one.value is None else rounded(one),
        "sign": "flag" if is_doubtful(one, findings) else one.status,
        "tip": "\n".join(explained(one, findings)[:-1]),
        "missing": one.value is None,
    }


def key_beside(table: dict[str, Any], selected: str, step: int) -> str:
    """The key of the value in the same column as the selected one, some rows below it, where there is one; "" else."""
    keys: list[list[str]] = [[cell["key"] if cell else "" for cell in row["cells"]] for row in table["rows"]]
    here = [(at, row.index(selected)) for at, row in enumerate(keys) if selected and selected in row]
    row, column = here[0] if here else (-1 if step > 0 else 0, 0)
    places = [keys[(row + step * (1 + at)) % len(keys)][column] for at in range(len(keys))]
    return next((key for key in places if key), "")


def curve_to_show(findings: Findings | None) -> dict[str, Any] | None:
    """The curve of `area_curve` as lines of a drawing, with the places that can be clicked."""
    curve = area_curve(findings) if findings is not None else None
    if curve is None:
        return None
    areas = [one.area for one in curve.places if one.area is not None]
    first, last = curve.places[0].along, curve.places[-1].along
    top = max(areas) * 1.1
    places: list[dict[str, Any]] = []
    for number, one in enumerate(curve.places):
        x = _EDGE + (_WIDE - 2 * _EDGE) * (one.along - first) / max(last - first, 1e-6)
        y = None if one.area is None else _HIGH - (_HIGH - _EDGE) * one.area / top
        told = curve.measure.words(one.area) if one.area is not None else NOT_MEASURED
        place = int(one.along) if curve.by_slice else number
        places.append({"number": place, "x": round(x, 1), "y": y and round(y, 1), "tip": f"{one.level} {told}".strip()})
    pieces: list[str] = []
    is_open = False
    for spot in places:
        if spot["y"] is not None:
            pieces.append(f"{'L' if is_open else 'M'}{spot['x']} {spot['y']:.1f}")
        is_open = spot["y"] is not None
    levels = _levels([(spot["x"], one.level) for spot, one in zip(places, curve.places, strict=True)])
    marks = [{"y": _HIGH - (_HIGH - _EDGE) * value / top, "text": f"{value:g}"} for value in _ticks(top)]
    title = f"{curve.measure.name}, {curve.measure.unit}"
    return {
        "title": title,
        "along": curve.along,
        "dotted": curve.by_slice,
        "path": " ".join(pieces),
        "places": places,
        "levels": levels,
        "marks": marks,
    }


def _levels(spots: list[tuple[float, str]]) -> list[dict[str, Any]]:
    """The name of each level in the middle of its part of the curve."""
    named: dict[str, list[float]] = {}
    for x, level in spots:
        if level:
            named.setdefault(level, []).append(x)
    return [{"x": sum(xs) / len(xs), "name": level} for level, xs in named.items()]


def _ticks(top: float) -> list[float]:
    step = next(one for one in (10, 20, 25, 50, 100, 200, 500, 1000, 5000) if top / one <= 4 or one == 5000)
    return [float(value) for value in range(step, int(top) + 1, step)]
