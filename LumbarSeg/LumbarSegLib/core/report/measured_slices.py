"""A picture of what was measured in axial slices: the sac with its diameters in each, and the main numbers."""

from collections.abc import Iterator
from textwrap import wrap

import numpy as np
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import ColorType

from LumbarSegLib.core.anatomy import kinds_of
from LumbarSegLib.core.findings import Findings, Measurement, Point, is_slice, slice_name
from LumbarSegLib.core.planes import carries_planes, planes_of, to_stack_order
from LumbarSegLib.core.preprocess import ORIENTATIONS
from LumbarSegLib.core.regions import Regions
from LumbarSegLib.core.report.layout import NOT_MEASURED, SLICES_IN_PICTURE, Row, Table, in_cell, with_unit
from LumbarSegLib.core.report.slices import (
    FAINT,
    TEXT,
    Box,
    Floats,
    Stack,
    black_figure,
    draw_scale_bar,
    draw_slice,
    halo,
    lighter,
    state_research_use,
)
from LumbarSegLib.core.report.words import flag_texts

_IN_ROW, _MOST = 4, 12
_MOST_ROWS = 40
_AROUND_MM = 14.0
_PANEL_IN, _GAP_IN, _TITLE_IN, _ABOVE_IN, _BELOW_IN = 3.1, 0.08, 0.5, 0.35, 0.35
_TABLE_IN, _ROW_IN, _NOTE_IN = 4.9, 0.24, 0.17
_SMALL, _BODY = 8.0, 9.0
_FIRST_COLUMN = 0.12
_MOST_COLUMNS = max(len(table.columns) for table in SLICES_IN_PICTURE)
_NOTE_LENGTH = 84
_LINES = {"ts.ap_diameter": "#ffd166", "ts.transverse_diameter": "#ff8fa3"}
_SHORT = {"ts.ap_diameter": "AP", "ts.transverse_diameter": "across"}
_AREA, _DISC = "ts.area", "ivd.area"


def slices_figure(image: sitk.Image, regions: Regions, findings: Findings) -> Figure:
    """Slices from below upward, seen from the feet, with the border of the sac, its AP and transverse diameter and its
    area; beside them the numbers by level and by slice, and the flags in words.

    `image` is the 3D axial image, `regions` lie on its grid, `findings` were measured in it. Of many slices those that
    stand for a level come first, then some of the others.
    """
    stack = Stack(image, regions.labels, "axial")
    places = SlicePlaces(image, stack)
    box = slices_box(stack)
    chosen = chosen_slices(stack, findings)
    across = min(_IN_ROW, max(1, len(chosen)))
    down = max(1, -(-len(chosen) // across))
    high = _PANEL_IN * box.height / box.width
    width = across * (_PANEL_IN + _GAP_IN) + _TABLE_IN + 3 * _GAP_IN
    body = max(down * (high + _TITLE_IN), _rows_in(findings))
    figure = black_figure(width, _ABOVE_IN + body + _BELOW_IN)
    for place, number in enumerate(chosen):
        row, column = divmod(place, across)
        left, top = _GAP_IN + column * (_PANEL_IN + _GAP_IN), _ABOVE_IN + row * (high + _TITLE_IN)
        axes = _panel(figure, left, top, _PANEL_IN, high)
        draw_slice(axes, stack, number - 1, slice_title(number, findings), box)
        draw_sac(axes, places, number, findings, box)
        if place == 0:
            draw_scale_bar(axes, stack, box)
    left = across * (_PANEL_IN + _GAP_IN) + 2 * _GAP_IN
    _draw_numbers(_panel(figure, left, _ABOVE_IN, _TABLE_IN, body), findings, body)
    state_research_use(figure)
    return figure


class SlicePlaces:
    """Where LPS places lie in the picture of a slice, by the slice's own plane."""

    def __init__(self, image: sitk.Image, stack: Stack) -> None:
        ordered = to_stack_order(image, ORIENTATIONS["axial"]) if carries_planes(image) else None
        self._planes = planes_of(ordered) if ordered is not None else None
        self._stack = stack

    def in_slice(self, number: int, points: tuple[Point, ...]) -> Floats:
        """(n, 2) in mm to the right and downward."""
        places = np.array(points)
        if self._planes is None:
            return self._stack.flat(places)
        plane = self._planes[number - 1]
        away = places - np.array(plane.origin)
        pixels = np.stack([away @ np.array(plane.row), away @ np.array(plane.column)], axis=1) / plane.spacing
        return np.asarray((pixels + 0.5) * self._stack.spacing[:2])


def _panel(figure: Figure, left: float, top: float, wide: float, high: float) -> Axes:
    width, height = figure.get_size_inches()
    return figure.add_axes((left / width, 1 - (top + high) / height, wide / width, high / height))


def chosen_slices(stack: Stack, findings: Findings) -> list[int]:
    """The numbers of the slices to show, from below upward."""
    shown = [int(k) + 1 for k in np.flatnonzero(stack.labels.any((1, 2)))] or list(range(1, len(stack.grey) + 1))
    if len(shown) <= _MOST:
        return shown
    wanted = [one.slice for one in findings.represented][:_MOST]
    others = [number for number in shown if number not in wanted]
    places = np.linspace(0, len(others) - 1, _MOST - len(wanted)).round().astype(int)
    return sorted({*wanted, *(others[place] for place in places)})


def slices_box(stack: Stack) -> Box:
    """Around the discs and sacs, within the slice; around all that is labelled where there are none."""
    kinds = kinds_of("axial")
    for wanted in ((kinds["ivd"].label, kinds["ts"].label), tuple(row.label for row in kinds.values())):
        shown = np.isin(stack.labels, wanted)
        if shown.any():
            return stack.around(shown, _AROUND_MM)
    return stack.box


def slice_title(number: int, findings: Findings) -> str:
    levels = [one.level for one in findings.represented if one.slice == number]
    return ", ".join(levels) or "Sac"


def draw_sac(axes: Axes, places: SlicePlaces, number: int, findings: Findings, box: Box) -> None:
    """The border of the sac, faintly that of the disc, both diameters, and the area or why there is none."""
    own = {one.measure: one for one in findings.measurements if one.level == slice_name(number)}
    for key, kind, width in ((_DISC, "ivd", 0.8), (_AREA, "ts", 1.5)):
        for contour in own[key].trace.contours if key in own else ():
            closed = places.in_slice(number, (*contour, contour[0]))
            axes.plot(*closed.T, color=lighter(_color(kind)), linewidth=width)
    for key, color in _LINES.items():
        for line in own[key].trace.lines if key in own else ():
            axes.plot(*places.in_slice(number, line).T, color=color, linewidth=1.2, solid_capstyle="butt")
    if _AREA in own:
        _say(axes, own, box)


def _say(axes: Axes, own: dict[str, Measurement], box: Box) -> None:
    area = own[_AREA]
    lines: list[tuple[str, ColorType]] = [(with_unit(area), lighter(_color("ts")))]
    lines += [(f"{_SHORT[key]} {with_unit(own[key])}", color) for key, color in _LINES.items()]
    if area.value is None:
        lines = [(line, TEXT) for line in wrap(area.reason, 32)]
    for k, (text, color) in enumerate(lines):
        axes.text(
            box.right - 0.03 * box.width,
            box.top + (0.06 + 0.075 * k) * box.height,
            text,
            color=color,
            fontsize=_BODY,
            ha="right",
            va="center",
            path_effects=halo(),
        )


def _color(kind: str) -> tuple[float, float, float]:
    red, green, blue = next(row.color for row in kinds_of("axial").values() if row.kind == kind)
    return red / 255, green / 255, blue / 255


def _rows_in(findings: Findings) -> float:
    """The height in inches that tables and flags take."""
    tables = sum(3 + len(_rows(table, findings)) for table in SLICES_IN_PICTURE if _rows(table, findings))
    notes = sum(len(lines) + 0.4 for lines, _ in _notes(findings))
    return tables * _ROW_IN + notes * _NOTE_IN + 0.2


def _draw_numbers(axes: Axes, findings: Findings, height: float) -> None:
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(height, 0)
    y = 0.05
    for table in SLICES_IN_PICTURE:
        y = _draw_table(axes, table, findings, y)
    for lines, color in _notes(findings):
        axes.text(0.0, y, "\n".join(lines), color=color, fontsize=_SMALL, va="top", linespacing=1.3)
        y += (len(lines) + 0.4) * _NOTE_IN


def _draw_table(axes: Axes, table: Table, findings: Findings, y: float) -> float:
    """Draw a table from `y` downward; gives where it ends."""
    rows = _rows(table, findings)
    if not rows:
        return y
    edges = _FIRST_COLUMN + (1 - _FIRST_COLUMN) * np.arange(1, len(table.columns) + 1) / _MOST_COLUMNS
    axes.text(0.0, y, table.title, color=FAINT, fontsize=_SMALL, va="center")
    for column, x in zip(table.columns, edges, strict=True):
        axes.text(x, y, column.heading, color=FAINT, fontsize=_SMALL, ha="right", va="center")
        axes.text(x, y + 0.7 * _ROW_IN, column.unit, color=FAINT, fontsize=_SMALL, ha="right", va="center")
    y += 1.7 * _ROW_IN
    for row in rows:
        weight = "normal" if is_slice(row.level) else "bold"
        axes.text(0.0, y, row.level, color=TEXT, fontsize=_BODY, va="center", fontweight=weight)
        for cell, x in zip(row.cells, edges, strict=True):
            axes.text(x, y, in_cell(cell), color=TEXT, fontsize=_BODY, ha="right", va="center")
        y += _ROW_IN
    return y + 1.2 * _ROW_IN


def _rows(table: Table, findings: Findings) -> tuple[Row, ...]:
    return table.rows(findings)[:_MOST_ROWS]


def _notes(findings: Findings) -> Iterator[tuple[list[str], str]]:
    """Lines and their colour."""
    left_out = sum(max(0, len(table.rows(findings)) - _MOST_ROWS) for table in SLICES_IN_PICTURE)
    if left_out:
        yield [f"{left_out} further rows stand in the JSON and the CSV"], FAINT
    if any(one.value is None for one in findings.measurements):
        yield [f"{NOT_MEASURED} not measured; the reasons stand in the JSON and the CSV"], FAINT
    for text in flag_texts(findings):
        yield wrap(text, _NOTE_LENGTH), FAINT
