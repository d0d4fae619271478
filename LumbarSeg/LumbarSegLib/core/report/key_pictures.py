"""The key pictures of a page: where the numbers were read, on the page's own white.

They are drawn larger than they are shown, so that their lines and letters are fine in print.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import SimpleITK as sitk
from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from LumbarSegLib.core.findings import Findings, slice_name
from LumbarSegLib.core.levels import Spine
from LumbarSegLib.core.projection import is_magnified
from LumbarSegLib.core.radiograph import Radiograph
from LumbarSegLib.core.regions import Regions
from LumbarSegLib.core.report.curves import draw_along_canal, draw_by_slice, has_curve
from LumbarSegLib.core.report.drawable import drawable
from LumbarSegLib.core.report.measured import draw_measures, sagittal_box
from LumbarSegLib.core.report.measured_radiograph import draw_angles, film_box
from LumbarSegLib.core.report.measured_slices import SlicePlaces, chosen_slices, draw_sac, slices_box
from LumbarSegLib.core.report.slices import (
    BACKGROUND,
    Stack,
    draw_bare_slice,
    draw_scale_bar,
    draw_segments,
)
from LumbarSegLib.core.study import Study
from LumbarSegLib.resources import resource

FONT = "Roboto Condensed"
FONT_FILES = {"normal": "RobotoCondensed-Regular.ttf", "bold": "RobotoCondensed-Bold.ttf"}
_INK = "#1b1e22"
_DPI = 180
_SPINE_IN, _CURVE_IN, _BELOW_IN, _GAP_IN = 6.0, 1.75, 0.58, 0.25
_FILM_IN = 7.8
_PANEL_IN, _CAPTION_IN = 3.1, 0.3
_FEW_ACROSS, _MANY_ACROSS = 3, 4
_BARS_IN = (4.2, 1.75)
_OPACITY = 0.45
_SHORT_BAR_MM = 20


@dataclass(frozen=True)
class Picture:
    """A PNG, its width over its height, and what it shows in words."""

    png: bytes
    shape: float
    words: str


def key_picture(study: Study, *, beside_another: bool = False) -> Picture | None:
    """The picture of a study: the mid-sagittal slice with corners, angles and the curve of the canal; axial slices with
    contours and diameters; the radiograph with the lines of its angles. None where there is nothing to draw it from.

    Of axial slices those are shown that stand for a level, else some of all. Beside the picture of another study it
    has no curve.
    """
    found = drawable(study)
    if found is None:
        return None
    image, result = found
    with _in_our_font():
        if isinstance(result, Spine):
            return _spine(study, image, result, bool(study.findings.sections) and not beside_another)
        if isinstance(result, Radiograph):
            return _film(study, image, result)
        return _slices(study, image, result, beside_another)


def slice_chart(findings: Findings) -> Picture | None:
    """The area of the sac by level or slice; None where nothing is to be set side by side."""
    if not has_curve(findings):
        return None
    with _in_our_font():
        figure = _white(*_BARS_IN)
        draw_by_slice(figure.add_axes((0.08, 0.13, 0.9, 0.84)), findings)
        return _picture(figure, "Area of the thecal sac by level")


@contextmanager
def _in_our_font() -> Iterator[None]:
    for name in FONT_FILES.values():
        path = str(resource("Report", name))
        if all(one.fname != path for one in font_manager.fontManager.ttflist):
            font_manager.fontManager.addfont(path)
    with rc_context({"font.family": [FONT, "DejaVu Sans"], "svg.fonttype": "none"}):
        yield


def _spine(study: Study, image: sitk.Image, spine: Spine, curve: bool) -> Picture:
    stack = Stack(image, spine.labels)
    box = sagittal_box(stack)
    wide = _SPINE_IN * box.width / box.height
    width = wide + (_GAP_IN + _CURVE_IN) * curve
    figure = _white(width, _SPINE_IN + _BELOW_IN)
    up, high = _BELOW_IN / (_SPINE_IN + _BELOW_IN), _SPINE_IN / (_SPINE_IN + _BELOW_IN)
    view = _black_panel(figure, (0.0, up, wide / width, high))
    draw_bare_slice(view, stack, stack.middle, box)
    if study.image is None:
        draw_segments(view, stack.labels[stack.middle], spine.instances, stack.box, _OPACITY)
    draw_scale_bar(view, stack, box)
    draw_measures(view, stack, spine, study.findings, box)
    words = f"Mid-sagittal, slice {stack.middle + 1} of {len(stack.grey)}"
    _caption(figure, 0.0, up, words)
    if curve:
        beside = figure.add_axes(((wide + _GAP_IN) / width, up, _CURVE_IN / width, high))
        draw_along_canal(beside, stack, study.findings, box)
    return _picture(figure, f"{words}: corners and endplates of the bodies, canal diameters in mm, angles by level")


def _film(study: Study, image: sitk.Image, radiograph: Radiograph) -> Picture:
    stack = Stack(image, radiograph.labels, radiograph.view)
    box = film_box(stack, radiograph, study.findings)
    width = _FILM_IN * box.width / box.height
    figure = _white(width, _FILM_IN + _BELOW_IN / 2)
    up = _BELOW_IN / 2 / (_FILM_IN + _BELOW_IN / 2)
    view = _black_panel(figure, (0.0, up, 1.0, 1 - up))
    draw_bare_slice(view, stack, 0, box)
    if study.image is None:
        draw_segments(view, stack.labels[0], radiograph.instances, stack.box, _OPACITY)
    if not is_magnified(image):
        draw_scale_bar(view, stack, box)
    draw_angles(view, stack, radiograph, study.findings)
    words = "From the front" if radiograph.view == "frontal" else "From the side, experimental"
    _caption(figure, 0.0, up, words)
    return _picture(figure, f"Radiograph, {words[0].lower()}{words[1:]}: vertebrae and the lines of the angles")


def _slices(study: Study, image: sitk.Image, regions: Regions, beside_another: bool) -> Picture:
    stack = Stack(image, regions.labels, "axial")
    places, box = SlicePlaces(image, stack), slices_box(stack)
    chosen = chosen_slices(stack, study.findings)
    chosen = [one.slice for one in study.findings.represented if one.slice in chosen] or chosen
    across = 2 if beside_another else _FEW_ACROSS if len(chosen) <= _FEW_ACROSS else _MANY_ACROSS
    down = -(-len(chosen) // across)
    high = _PANEL_IN * box.height / box.width + _CAPTION_IN
    width, height = across * _PANEL_IN + (across - 1) * _GAP_IN / 2, down * high
    figure = _white(width, height)
    for place, number in enumerate(chosen):
        row, column = divmod(place, across)
        left, bottom = column * (_PANEL_IN + _GAP_IN / 2) / width, 1 - (row + 1) * high / height
        up = bottom + _CAPTION_IN / height
        view = _black_panel(figure, (left, up, _PANEL_IN / width, (high - _CAPTION_IN) / height))
        draw_bare_slice(view, stack, number - 1, box)
        if study.image is None:
            draw_segments(view, stack.labels[number - 1], regions.instances, stack.box, _OPACITY)
        draw_sac(view, places, number, study.findings, box)
        if place == 0:
            draw_scale_bar(view, stack, box, _SHORT_BAR_MM)
        _caption(figure, left, up, _slice_words(number, len(stack.grey), study.findings))
    return _picture(figure, f"{len(chosen)} axial slices seen from the feet: contours of disc and sac, its diameters")


def _slice_words(number: int, of: int, findings: Findings) -> str:
    levels = [one.level for one in findings.represented if one.slice == number]
    return f"{', '.join(levels)}, {slice_name(number)} of {of}" if levels else f"Slice {number} of {of}"


def _white(width_in: float, height_in: float) -> Figure:
    figure = Figure(figsize=(width_in, height_in), facecolor="white", dpi=_DPI)
    FigureCanvasAgg(figure)
    return figure


def _black_panel(figure: Figure, place: tuple[float, float, float, float]) -> Axes:
    """A panel that is dark also where a picture does not fill it, so that what is written beside it can be read."""
    figure.add_artist(Rectangle(place[:2], *place[2:], color=BACKGROUND, linewidth=0, zorder=-1))
    return figure.add_axes(place)


def _caption(figure: Figure, left: float, below: float, words: str) -> None:
    gap = 0.06 / figure.get_figheight()
    figure.text(left, below - gap, words, color=_INK, fontsize=10, ha="left", va="top")


def _picture(figure: Figure, words: str) -> Picture:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    width, height = figure.get_size_inches()
    return Picture(file.getvalue(), width / height, words)
