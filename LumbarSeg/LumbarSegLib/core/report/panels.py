"""What stands beside the slice in the picture of the measures: the canal's area at each height, and the numbers."""

from collections import Counter
from collections.abc import Iterator
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from LumbarSegLib.core.anatomy import CANAL
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.report.layout import IN_PICTURE, NOT_MEASURED, Row, Table, in_cell
from LumbarSegLib.core.report.slices import BACKGROUND, DPI, FAINT, TEXT, Box, Floats, Stack, halo, lighter
from LumbarSegLib.core.report.words import span_lines

MEASURED_COLOR = lighter((CANAL.color[0] / 255, CANAL.color[1] / 255, CANAL.color[2] / 255))
_AREA = "canal.area"
_SMALL, _BODY = 8.5, 9.5
_ROW, _NOTE_ROW, _NOTE_GAP = 0.3, 0.19, 0.06  # inches
_HEADING_BOTTOM, _HEADING_ROW = 0.27, 0.155
_FIRST_COLUMN = 0.24
_LEAST_SCALE = 100.0  # mm²; else the end of the canal alone would fill the curve
_MOST_FOR_ROWS = 0.85  # of the height: a whole spine from the side has thirty-three rows
_NOTE_LENGTH, _GAP_LENGTH = 82, 17  # characters


def draw_area_curve(axes: Axes, stack: Stack, findings: Findings, box: Box) -> None:
    """The canal's area where the middle of each section lies in the slice beside it; a gap where there is none."""
    axes.set_facecolor(BACKGROUND)
    axes.set_ylim(box.bottom, box.top)
    axes.set_yticks([])
    for side, color in (("top", "none"), ("right", "none"), ("left", FAINT), ("bottom", FAINT)):
        axes.spines[side].set_color(color)
    axes.tick_params(colors=FAINT, labelsize=_SMALL)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_title(f"Canal area, {MEASURES[_AREA].unit}", color=FAINT, fontsize=9, loc="left")
    areas = np.array([one.area_mm2 if one.area_mm2 and one.level else np.nan for one in findings.sections])
    heights = np.array([stack.flat(np.array(one.center))[1] for one in findings.sections])
    most = float(np.nanmax([_LEAST_SCALE, *areas]))
    axes.set_xlim(0, 1.1 * most)
    for name, area, height in _at_levels(stack, findings):
        axes.axhline(height, color=FAINT, linewidth=0.4, alpha=0.5)
        axes.plot([area], [height], color=MEASURED_COLOR, marker="o", markersize=4)
        axes.text(0.02 * most, height, name, color=TEXT, fontsize=_SMALL, va="bottom", path_effects=halo())
    axes.plot(areas, heights, color=MEASURED_COLOR, linewidth=1.6)
    _draw_gap(axes, findings, heights, 0.72 * most)


def _at_levels(stack: Stack, findings: Findings) -> Iterator[tuple[str, float, float]]:
    """Name, area (NaN where it was not measured) and height of each level at which the canal was cut."""
    for one in findings.measurements:
        if one.measure == _AREA and one.trace.contours:
            area = np.nan if one.value is None else one.value
            yield one.level, area, float(stack.flat(np.array(one.trace.contours[0]))[:, 1].mean())


def _draw_gap(axes: Axes, findings: Findings, heights: Floats, x: float) -> None:
    """Why the canal has no area, at the middle of the sections that the commonest reason keeps from having one."""
    gaps = Counter(one.reason for one in findings.sections if one.area_mm2 is None)
    for reason, _ in gaps.most_common(1):
        there = [one.area_mm2 is None and one.reason == reason for one in findings.sections]
        text = "\n".join(wrap(f"Not measured. {reason}", _GAP_LENGTH))
        middle = float(np.median(heights[there]))
        lines = axes.text(x, middle, text, color=FAINT, fontsize=_SMALL, ha="center", va="center", linespacing=1.3)
        lines.set_bbox({"facecolor": BACKGROUND, "edgecolor": "none", "pad": 2})


def draw_numbers(axes: Axes, findings: Findings, table: Table = IN_PICTURE) -> None:
    """The numbers by level of a table, the spans, and the flags in words as far as there is room."""
    height = axes.get_window_extent().height / DPI
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(height, 0)
    edges = _FIRST_COLUMN + (1.0 - _FIRST_COLUMN) * np.arange(len(table.columns)) / (len(IN_PICTURE.columns) - 1)
    for column, x in zip(table.columns, edges, strict=True):
        lines = [column.unit, *reversed(column.heading.split())]
        for k, line in enumerate(lines):
            y = _HEADING_BOTTOM - k * _HEADING_ROW
            axes.text(x, y, line, color=FAINT, fontsize=_SMALL, ha="right", va="baseline")
    rows = table.rows(findings)
    step = min(_ROW, (_MOST_FOR_ROWS * height - 0.5) / max(len(rows), 1))
    for k, row in enumerate(rows):
        _draw_row(axes, row, edges, 0.5 + k * step)
    _draw_notes(axes, _notes(rows, findings), 0.65 + len(rows) * step, height)


def _draw_row(axes: Axes, row: Row, edges: Floats, y: float) -> None:
    weight = "normal" if "/" in row.level else "bold"
    axes.text(0.0, y, row.level, color=TEXT, fontsize=_BODY, va="center", fontweight=weight)
    for cell, x in zip(row.cells, edges, strict=True):
        axes.text(x, y, in_cell(cell), color=TEXT, fontsize=_BODY, ha="right", va="center")


def _notes(rows: tuple[Row, ...], findings: Findings) -> Iterator[tuple[str, str]]:
    """Text and colour."""
    for line in span_lines(findings):
        yield line, TEXT
    if any(cell and cell.value is None for row in rows for cell in row.cells):
        yield f"{NOT_MEASURED} not measured", FAINT
    for flag in findings.flags:
        yield flag.text, FAINT


def _draw_notes(axes: Axes, notes: Iterator[tuple[str, str]], y: float, height: float) -> None:
    for text, color in notes:
        lines = wrap(text, _NOTE_LENGTH)
        if y + (len(lines) + 1) * _NOTE_ROW > height:
            axes.text(0.0, y, "More flags stand in the JSON and the CSV.", color=FAINT, fontsize=_SMALL, va="top")
            return
        axes.text(0.0, y, "\n".join(lines), color=color, fontsize=_SMALL, va="top", linespacing=1.3)
        y += len(lines) * _NOTE_ROW + _NOTE_GAP
