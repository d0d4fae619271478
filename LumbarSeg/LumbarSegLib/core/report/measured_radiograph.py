"""Pictures of a radiograph: the vertebrae that were found, and what was measured, drawn as a surgeon draws it."""

import re

import numpy as np
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.measure.radiograph.frame import ENDS
from LumbarSegLib.core.measure.radiograph.frontal import LARGEST, REGIONS, SHIFT
from LumbarSegLib.core.projection import is_magnified
from LumbarSegLib.core.radiograph import Radiograph
from LumbarSegLib.core.report.layout import ON_RADIOGRAPH, with_unit
from LumbarSegLib.core.report.panels import draw_numbers
from LumbarSegLib.core.report.slices import (
    Box,
    Floats,
    Stack,
    black_figure,
    color_of,
    draw_scale_bar,
    draw_segments,
    draw_slice,
    halo,
    lighter,
    state_research_use,
)

_HEIGHT_IN, _NARROWEST_IN, _TABLE_IN = 9.0, 2.6, 5.2
_ABOVE_IN, _BELOW_IN, _GAP_IN = 0.45, 0.7, 0.18
_BESIDE, _ABOVE = 2.3, 0.7  # endplates shown beside and above the column
_REACH, _BACK = 1.45, 0.35  # endplates by which a line of an angle is drawn on, to its side and to the other
_BESIDE_TEXT, _BESIDE_NAMES = 0.3, 0.75  # endplates from the column to what is written beside it, and beside names
_OPACITY = 0.25
_ENDPLATE_COLOR, _PLUMB_COLOR = "#ffd166", "#8ecae6"
_CURVE_COLORS = dict(zip((*REGIONS, LARGEST), ("#c8a2ff", "#ff8fa3", "#8fe3a8", "#ff8fa3"), strict=True))
_CURVE_NAMES = dict(zip(REGIONS, ("Proximal thoracic", "Main thoracic", "Thoracolumbar/lumbar"), strict=True))
_LORDOSIS, _SEGMENT = "alignment.lordosis", "alignment.segmental_angle"
_APEX = re.compile(r"apex (\S+),")

Places = dict[str, Floats]


def vertebrae_figure(image: sitk.Image, radiograph: Radiograph) -> Figure:
    """The radiograph plain, and with its vertebrae outlined and named.

    `image` is the 3D image of one slice on whose grid they were found.
    """
    stack = Stack(image, radiograph.labels, radiograph.view)
    box = stack.box
    wide = max(_HEIGHT_IN * box.width / box.height, _NARROWEST_IN)
    width, height = 2 * wide + 3 * _GAP_IN, _ABOVE_IN + _HEIGHT_IN + _BELOW_IN
    figure = black_figure(width, height)
    for k, title in enumerate(("Plain", "Vertebrae")):
        left = _GAP_IN + k * (wide + _GAP_IN)
        axes = figure.add_axes((left / width, _BELOW_IN / height, wide / width, _HEIGHT_IN / height))
        _draw_film(axes, stack, image, title, box)
    draw_segments(axes, stack.labels[0], radiograph.instances, box, _OPACITY)
    for one in radiograph.instances:
        rows, columns = np.nonzero(stack.labels[0] == one.structure.label)
        place = np.array([columns.min(), rows.mean() + 0.5]) * stack.spacing[:2]
        name = f"({one.structure.name})" if one.partly_visible else one.structure.name
        _name(axes, place, name, lighter(color_of(one)))
    state_research_use(figure)
    return figure


def radiograph_figure(image: sitk.Image, radiograph: Radiograph, findings: Findings) -> Figure:
    """The radiograph with the corners and the endplates of its vertebrae, from the front the lines of the Cobb angles
    with their end vertebrae and apices and the plumb line, from the side those of the lordosis; beside it the numbers.

    `image` is the 3D image of one slice, `radiograph` lies on its grid, `findings` were measured in it.
    """
    stack = Stack(image, radiograph.labels, radiograph.view)
    box = film_box(stack, radiograph, findings)
    wide = max(_HEIGHT_IN * box.width / box.height, _NARROWEST_IN)
    width, height = wide + _TABLE_IN + 3 * _GAP_IN, _ABOVE_IN + _HEIGHT_IN + _BELOW_IN
    figure = black_figure(width, height)

    def panel(left_in: float, width_in: float) -> Axes:
        return figure.add_axes((left_in / width, _BELOW_IN / height, width_in / width, _HEIGHT_IN / height))

    view = panel(_GAP_IN, wide)
    frontal = radiograph.view == "frontal"
    _draw_film(view, stack, image, "From the front" if frontal else "From the side, experimental", box)
    draw_angles(view, stack, radiograph, findings)
    draw_numbers(panel(wide + 2 * _GAP_IN, _TABLE_IN), findings, ON_RADIOGRAPH[0 if frontal else 1])
    state_research_use(figure)
    return figure


def film_box(stack: Stack, radiograph: Radiograph, findings: Findings) -> Box:
    """The column with room for lines and names beside it, also beside a narrow film."""
    if not stack.labels.any():
        return stack.box
    endplate = _endplate(_places(stack, findings), radiograph)
    shown = stack.around(stack.labels > 0, 0.0)
    return Box(
        shown.left - _BESIDE * endplate,
        shown.right + _BESIDE * endplate,
        shown.top - _ABOVE * endplate,
        min(stack.box.bottom, shown.bottom + _ABOVE * endplate),
    )


def draw_angles(axes: Axes, stack: Stack, radiograph: Radiograph, findings: Findings) -> None:
    """Corners, endplates and names of the vertebrae and the lines of the angles, over the film that `axes` show."""
    places = _places(stack, findings)
    endplate = _endplate(places, radiograph)
    _draw_bodies(axes, places, radiograph)
    if radiograph.view == "frontal":
        _draw_curves(axes, stack, places, findings, endplate)
        _draw_plumb_line(axes, stack, findings, endplate)
    else:
        _draw_lordosis(axes, stack, places, findings, endplate)


def _places(stack: Stack, findings: Findings) -> Places:
    return {name: stack.flat(np.array(one.place)) for name, one in findings.landmarks.items()}


def _draw_film(axes: Axes, stack: Stack, image: sitk.Image, title: str, box: Box) -> None:
    draw_slice(axes, stack, 0, title, box)
    if not is_magnified(image):
        draw_scale_bar(axes, stack, box)


def _endplate(places: Places, radiograph: Radiograph) -> float:
    """The usual length of an endplate, the measure of all that is drawn beside them."""
    ends = ENDS[radiograph.view][:2]
    pairs = [[places.get(f"{one.structure.name}.{end}") for end in ends] for one in radiograph.instances]
    lengths = [float(np.hypot(*(one - other))) for one, other in pairs if one is not None and other is not None]
    across = radiograph.labels.GetSize()[0] * radiograph.labels.GetSpacing()[0]
    return float(np.median(lengths)) if lengths else 0.1 * across


def _draw_bodies(axes: Axes, places: Places, radiograph: Radiograph) -> None:
    """The corners of each vertebra joined to its sides, its endplates stronger, and its name."""
    edge = [withStroke(linewidth=2.2, foreground="black")]
    for one in radiograph.instances:
        name = one.structure.name
        corners = [places.get(f"{name}.{end}") for end in ENDS[radiograph.view]]
        known = [corner for corner in corners if corner is not None]
        if len(known) < len(corners):
            continue
        ring = np.array([*known, known[0]])
        axes.plot(*ring.T, color=lighter(color_of(one)), linewidth=0.5)
        for plate in (ring[:2], ring[2:4]):
            axes.plot(*plate.T, color=_ENDPLATE_COLOR, linewidth=1.1, marker="o", markersize=1.8, path_effects=edge)
        _name(axes, np.array([ring[:, 0].min(), ring[:4, 1].mean()]), name, lighter(color_of(one)))


def _name(axes: Axes, place: Floats, name: str, color: tuple[float, float, float]) -> None:
    axes.annotate(
        name,
        (place[0], place[1]),
        xytext=(-5, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=color,
        fontsize=8,
        fontweight="bold",
        path_effects=halo(),
    )


def _draw_curves(axes: Axes, stack: Stack, places: Places, findings: Findings, endplate: float) -> None:
    """Of each curve both endplates drawn on to where they draw near each other, the angle there, and the apex."""
    found = [one for one in findings.measurements if one.measure in REGIONS and one.value is not None]
    if not found:
        found = [one for one in findings.measurements if one.measure == LARGEST and one.value is not None]
    for one in found:
        color = _CURVE_COLORS[one.measure]
        lines = np.array([stack.flat(np.array(line)) for line in one.trace.lines])
        ways = lines[:, 1] - lines[:, 0]
        ways /= np.hypot(*ways.T)[:, None]
        side = 1.0 if ways[0, 1] > ways[1, 1] else -1.0
        outer = lines[:, 1] if side > 0 else lines[:, 0]
        inner = lines[:, 0] if side > 0 else lines[:, 1]
        ends = outer + side * _REACH * endplate * ways
        for start, end in zip(inner - side * _BACK * endplate * ways, ends, strict=True):
            axes.plot(*np.array([start, end]).T, color=color, linewidth=1.4, path_effects=halo())
        apex = _APEX.search(one.band)
        if apex:
            middle = _middle_of(apex[1], places)
            axes.plot(*middle, color=color, marker="<" if side > 0 else ">", markersize=5, markeredgecolor="black")
        name = _CURVE_NAMES.get(one.measure, "Largest")
        text = f"{name}\n{one.level}  {with_unit(one)}" + (f"\napex {apex[1]}" if apex else "")
        axes.text(
            _edge(places, one.level, side) + side * (_BESIDE_TEXT if side > 0 else _BESIDE_NAMES) * endplate,
            float(ends[:, 1].mean()),
            text,
            color=color,
            fontsize=8.5,
            ha="left" if side > 0 else "right",
            va="center",
            linespacing=1.3,
            path_effects=halo(),
        )


def _edge(places: Places, span: str, side: float) -> float:
    """How far the column reaches to one side between two end vertebrae, across the picture."""
    heights = [places[f"{name}.superior_left"][1] for name in span.split("-")]
    near = [place[0] for place in places.values() if heights[0] <= place[1] <= heights[1]]
    return float(max(near) if side > 0 else min(near))


def _middle_of(level: str, places: Places) -> Floats:
    """The middle of a vertebra, or of the disc below one."""
    upper, _, disc = level.partition("/")
    own = ENDS["frontal"][2:] if disc else ENDS["frontal"]
    points = [places[f"{upper}.{end}"] for end in own]
    if disc:
        lower = disc if disc[0].isalpha() else upper[0] + disc
        points += [places[f"{lower}.{end}"] for end in ENDS["frontal"][:2] if f"{lower}.{end}" in places]
    return np.asarray(np.mean(points, axis=0))


def _draw_plumb_line(axes: Axes, stack: Stack, findings: Findings, endplate: float) -> None:
    """Upright from the middle of the lowest vertebra, and from its upper end to the middle of the uppermost one."""
    one = next((one for one in findings.measurements if one.measure == SHIFT and one.trace.lines), None)
    if one is None:
        return
    upright, across = (stack.flat(np.array(line)) for line in one.trace.lines)
    axes.plot(*upright.T, color=_PLUMB_COLOR, linewidth=0.9, linestyle=(0, (6, 4)))
    axes.plot(*across.T, color=_PLUMB_COLOR, linewidth=1.4)
    if one.value is not None:
        place = across[0] - (0.0, 0.55 * endplate)
        _say(axes, place, f"Shift {with_unit(one)}", _PLUMB_COLOR)


def _draw_lordosis(axes: Axes, stack: Stack, places: Places, findings: Findings, endplate: float) -> None:
    """The two endplates of the lordosis drawn on to the back with its angle, and the angle of each disc behind it."""
    for one in findings.measurements:
        if one.value is None or one.measure not in (_LORDOSIS, _SEGMENT):
            continue
        lines = np.array([stack.flat(np.array(line)) for line in one.trace.lines])
        if one.measure == _SEGMENT:
            _say(axes, lines[:, 1].mean(axis=0), f"   {with_unit(one)}", _ENDPLATE_COLOR, ha="left")
            continue
        ways = lines[:, 1] - lines[:, 0]
        ends = lines[:, 1] + _REACH * endplate * ways / np.hypot(*ways.T)[:, None]
        for start, end in zip(lines[:, 0], ends, strict=True):
            axes.plot(*np.array([start, end]).T, color=_CURVE_COLORS[LARGEST], linewidth=1.2)
        _say(axes, ends.mean(axis=0), f"Lordosis {one.level}\n{with_unit(one)}", _CURVE_COLORS[LARGEST])


def _say(axes: Axes, place: Floats, text: str, color: str, ha: str = "center") -> None:
    axes.text(place[0], place[1], text, color=color, fontsize=8.5, ha=ha, va="center", path_effects=halo())
