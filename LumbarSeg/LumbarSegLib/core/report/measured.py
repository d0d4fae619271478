"""A picture of what was measured in an image; of a sagittal volume where each number was read, and all by level."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from LumbarSegLib.core.anatomy import CANAL
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.levels import Spine
from LumbarSegLib.core.radiograph import Radiograph
from LumbarSegLib.core.regions import Regions, Result
from LumbarSegLib.core.report.layout import in_cell, with_unit
from LumbarSegLib.core.report.measured_radiograph import radiograph_figure
from LumbarSegLib.core.report.measured_slices import slices_figure
from LumbarSegLib.core.report.panels import MEASURED_COLOR, draw_area_curve, draw_numbers
from LumbarSegLib.core.report.png_origin import origin_in_png
from LumbarSegLib.core.report.slices import (
    TEXT,
    Box,
    Floats,
    Stack,
    black_figure,
    color_of,
    draw_names,
    draw_scale_bar,
    draw_slice,
    halo,
    lighter,
    state_research_use,
)

_HEIGHT_IN = 9.0
_ABOVE_IN, _BELOW_IN, _GAP_IN = 0.45, 0.7, 0.18
_CURVE_IN, _TABLE_IN = 2.0, 5.2
_FRONT_MM, _BACK_MM, _ABOVE_MM, _BELOW_MM = 32.0, 28.0, 6.0, 20.0
_EDGE_MM = 9.0
_AWAY_POINTS = (-10, 10, -22, 22, -34, 34, -46, 46)
_ENDPLATE_COLOR = "#ffd166"
_SPAN_COLOR = "#ff8fa3"
_DIAMETER, _ANGLE, _LORDOSIS = "canal.midsagittal_ap", "alignment.segmental_angle", "alignment.lordosis"
_CORNERS = ("superior_anterior", "superior_posterior", "inferior_posterior", "inferior_anterior")

Places = dict[str, Floats]


def draw_measured(
    image: sitk.Image, result: Result, findings: Findings, path: Path, provenance: Mapping[str, Any] = {}
) -> None:
    """Write `measured_figure` of a Spine, `slices_figure` of axial Regions or `radiograph_figure`, as a PNG that
    tells its `provenance`.

    Raises OSError if it is not written.
    """
    if isinstance(result, Regions):
        figure = slices_figure(image, result, findings)
    elif isinstance(result, Radiograph):
        figure = radiograph_figure(image, result, findings)
    else:
        figure = measured_figure(image, result, findings)
    figure.savefig(path, metadata=origin_in_png(provenance))


def measured_figure(image: sitk.Image, spine: Spine, findings: Findings) -> Figure:
    """The slice through the middle of the canal with all that was read from it, the canal's area at the same heights
    beside it, and the numbers by level.

    `image` is the 3D sagittal volume, `spine` lies on its grid, `findings` were measured in it. Points that lie
    beside the slice are shown as seen from the side, in mm backward and downward from its anterior upper corner.
    """
    stack = Stack(image, spine.labels)
    box = sagittal_box(stack)
    view_in = _HEIGHT_IN * box.width / box.height
    width, height = view_in + _CURVE_IN + _TABLE_IN + 4 * _GAP_IN, _ABOVE_IN + _HEIGHT_IN + _BELOW_IN
    figure = black_figure(width, height)

    def panel(left_in: float, width_in: float) -> Axes:
        return figure.add_axes((left_in / width, _BELOW_IN / height, width_in / width, _HEIGHT_IN / height))

    view = panel(_GAP_IN, view_in)
    draw_slice(view, stack, stack.middle, "Measures", box)
    draw_scale_bar(view, stack, box)
    draw_measures(view, stack, spine, findings, box)
    draw_area_curve(panel(view_in + 2 * _GAP_IN, _CURVE_IN), stack, findings, box)
    draw_numbers(panel(view_in + _CURVE_IN + 3 * _GAP_IN, _TABLE_IN), findings)
    state_research_use(figure)
    return figure


def sagittal_box(stack: Stack) -> Box:
    """The spine in the shown slice with room for names in front and numbers behind."""
    seen = stack.labels[stack.middle]
    if not seen.any():
        return stack.box
    rows, columns = np.nonzero(seen)
    canal = np.nonzero(seen == CANAL.label)[1]
    right = (canal if canal.size else columns).max()
    return Box(
        max(columns.min() * stack.spacing[0] - _FRONT_MM, stack.box.left),
        min(right * stack.spacing[0] + _BACK_MM, stack.box.right),
        max(rows.min() * stack.spacing[1] - _ABOVE_MM, stack.box.top),
        min(rows.max() * stack.spacing[1] + _BELOW_MM, stack.box.bottom),
    )


def draw_measures(axes: Axes, stack: Stack, spine: Spine, findings: Findings, box: Box) -> None:
    """What was read from the bodies, the canal and the lordosis, over the slice that `axes` show."""
    places = {name: stack.flat(np.array(one.place)) for name, one in findings.landmarks.items()}
    _draw_bodies(axes, places, spine)
    _draw_diameters(axes, places, findings)
    angles = {one.level: f"  {with_unit(one)}" for one in findings.measurements if one.measure == _ANGLE}
    corners = {one.structure.name: _known(places, one.structure.name, _CORNERS) for one in spine.instances}
    fronts = {level: min(float(place[0]) for place in known) for level, known in corners.items() if known}
    draw_names(axes, stack, spine, angles, fronts)
    _draw_lordosis(axes, stack, findings, box)


def _draw_bodies(axes: Axes, places: Places, spine: Spine) -> None:
    """The corners of each body joined to its sides, its endplates stronger, with their middles."""
    colors = {instance.structure.name: lighter(color_of(instance)) for instance in spine.instances}
    for level in dict.fromkeys(name.split(".")[0] for name in places):
        corners = _known(places, level, _CORNERS)
        if len(corners) == len(_CORNERS):
            axes.plot(*np.array([*corners, corners[0]]).T, color=colors.get(level, TEXT), linewidth=0.6)
        for plate in ("superior", "inferior"):
            ends = _known(places, level, (f"{plate}_anterior", f"{plate}_posterior"))
            middle = _known(places, level, (f"{plate}_middle",))
            axes.plot(*_columns(ends), color=_ENDPLATE_COLOR, linewidth=1.2, marker="o", markersize=2.8)
            axes.plot(*_columns(middle), color=_ENDPLATE_COLOR, linewidth=0, marker="o", markersize=2.2)


def _draw_diameters(axes: Axes, places: Places, findings: Findings) -> None:
    """The mid-sagittal diameter of the canal at each level, its value behind it."""
    for one in findings.measurements:
        ends = _known(places, one.level, ("canal_anterior", "canal_posterior"))
        if one.measure != _DIAMETER or len(ends) < 2:
            continue
        axes.plot(*_columns(ends), color="black", linewidth=3.0)
        axes.plot(*_columns(ends), color=MEASURED_COLOR, linewidth=1.4)
        axes.annotate(
            in_cell(one),
            (ends[1][0], ends[1][1]),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=MEASURED_COLOR,
            fontsize=9,
            path_effects=halo(),
        )


def _draw_lordosis(axes: Axes, stack: Stack, findings: Findings, box: Box) -> None:
    """The two endplates of the first span that was measured, drawn on to the back, and its angle at one of them."""
    one = next((one for one in findings.measurements if one.measure == _LORDOSIS and one.value is not None), None)
    if one is None:
        return
    lines = [stack.flat(np.array(line)) for line in one.trace.lines]
    ends = [_drawn_on(line, box.right - _EDGE_MM) for line in lines]
    for line, end in zip(lines, ends, strict=True):
        axes.plot(*_columns([line[1], end]), color=_SPAN_COLOR, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    text = axes.annotate(
        f"{one.level}  {with_unit(one)}",
        (0.0, 0.0),
        xytext=(0, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=_SPAN_COLOR,
        fontsize=10,
        path_effects=halo(),
    )
    _put_clear(axes, text, ends)


def _put_clear(axes: Axes, text: Annotation, ends: list[Floats]) -> None:
    """Beside the end of a line, at the first of some distances at which the text covers no other."""
    others = [other.get_window_extent() for other in axes.texts if other is not text]
    for up in _AWAY_POINTS:
        for end in ends:
            text.xy = (end[0], end[1])
            text.set_position((0, up))
            if not any(text.get_window_extent().overlaps(other) for other in others):
                return


def _drawn_on(line: Floats, to: float) -> Floats:
    """Where a line, from its front to its back end, reaches the place `to` mm backward."""
    front, back = line
    steep = (back[1] - front[1]) / max(back[0] - front[0], 1.0)
    return np.array([to, back[1] + steep * (to - back[0])])


def _known(places: Places, level: str, names: tuple[str, ...]) -> list[Floats]:
    return [places[f"{level}.{name}"] for name in names if f"{level}.{name}" in places]


def _columns(points: list[Floats]) -> Floats:
    return np.array(points).reshape(-1, 2).T
