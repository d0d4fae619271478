"""Pictures of axial slices beside each other, plain and with their regions, in files that are small enough to keep."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from training.axial.measured import Answer, Classes
from training.axial.unlabelled import Looked
from training.data.cases import UNKNOWN
from training.data.contact_sheet import Colour, overlay
from training.metrics import ALL
from training.runs import write_whole

_PAPER, _INK = "0.13", "0.95"
_DPI = 100
_CAPTION, _GAP, _FOOT = 20, 6, 34  # pixels
_AROUND_MM = 14.0
_WINDOW_PERCENT = (0.5, 99.5)
_GREYS = 28  # plain and under each class; more make a file larger and not better to see
_ENLARGED = 0.33  # mm to a pixel of the picture


@dataclass(frozen=True)
class Panel:
    """A slice (rows, columns) with a caption; without classes it is shown plain."""

    caption: str
    image: NDArray[np.float32]
    classes: Classes | None
    pixel_mm: tuple[float, float]


def case_panels(answers: Sequence[Answer]) -> list[Panel]:
    """Three panels for each case: image, reference and what was found, cut to what is labelled in either."""
    panels = []
    for one in answers:
        around = _around([one.truth, one.found], one.pixel_mm)
        told = f"found: Dice {one.dice(ALL):.3f}, TS {one.dice('ts'):.3f}"
        for caption, classes in ((one.case.name, None), ("reference", one.truth), (told, one.found)):
            panels.append(_cut(Panel(caption, one.image, classes, one.pixel_mm), around))
    return panels


def best_median_worst(answers: Sequence[Answer]) -> list[Answer]:
    """Three cases by the mean Dice of their structures; fewer where there are fewer."""
    ranked = sorted(answers, key=lambda one: -one.dice(ALL))
    places = dict.fromkeys((0, len(ranked) // 2, len(ranked) - 1))
    return [ranked[place] for place in places]


def looked_panels(looked: Sequence[Looked], t2_like: bool) -> list[Panel]:
    """A panel for each unlabelled slice with what was found in it, or in its likeness of T2."""
    panels = []
    for one in looked:
        around = _around([one.found, one.again], one.pixel_mm)
        image, classes = (one.t2_image, one.again) if t2_like else (one.image, one.found)
        panels.append(_cut(Panel(one.name, image, classes, one.pixel_mm), around))
    return panels


def _around(maps: Sequence[Classes], pixel_mm: tuple[float, float]) -> tuple[slice, slice]:
    """What is labelled in any of the maps with a margin; all where nothing is."""
    labelled = np.any([(one != 0) & (one != UNKNOWN) for one in maps], axis=0)
    found = ndimage.find_objects(labelled.astype(np.uint8))
    if not found:
        return slice(0, labelled.shape[0]), slice(0, labelled.shape[1])
    rows, columns = (
        slice(max(0, one.start - round(_AROUND_MM / step)), one.stop + round(_AROUND_MM / step))
        for one, step in zip(found[0], pixel_mm, strict=True)
    )
    return rows, columns


def _cut(panel: Panel, around: tuple[slice, slice]) -> Panel:
    low, high = np.percentile(panel.image, _WINDOW_PERCENT)
    grey = np.clip((panel.image[around] - low) / max(float(high - low), 1e-6), 0, 1).astype(np.float32)
    return replace(panel, image=grey, classes=None if panel.classes is None else panel.classes[around])


def write_sheet(
    panels: Sequence[Panel], across: int, width: int, colours: Mapping[int, tuple[str, Colour]], path: Path
) -> None:
    """Write a PNG of panels, `across` beside each other and each `width` pixels wide at most.

    `colours` give the name and colour of each class.
    """
    plain_colours = {value: colour for value, (_, colour) in colours.items()}
    drawn = [_pixels(panel, plain_colours) for panel in panels]
    height = min(width, max(round(width * one.shape[0] / one.shape[1]) for one in drawn))
    down = -(-len(panels) // across)
    total = across * (width + _GAP) + _GAP, down * (height + _CAPTION + _GAP) + _FOOT
    figure = Figure((total[0] / _DPI, total[1] / _DPI), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    for place, (panel, pixels) in enumerate(zip(panels, drawn, strict=True)):
        row, column = divmod(place, across)
        left, top = _GAP + column * (width + _GAP), row * (height + _CAPTION + _GAP) + _CAPTION
        bottom = total[1] - top - height
        axes = figure.add_axes((left / total[0], bottom / total[1], width / total[0], height / total[1]))
        axes.imshow(pixels, interpolation="nearest", aspect="equal")
        axes.set_anchor("N")
        axes.set_axis_off()
        figure.text(left / total[0], 1 - (top - 5) / total[1], panel.caption, fontsize=8, color=_INK)
    figure.legend(
        handles=[Patch(facecolor=colour, label=name) for name, colour in colours.values()],
        loc="lower center",
        ncols=len(colours),
        fontsize=9,
        frameon=False,
        labelcolor=_INK,
    )
    _write_small(figure, plain_colours, path)


def _pixels(panel: Panel, colours: Mapping[int, Colour]) -> NDArray[np.float32]:
    zoom = tuple(step / _ENLARGED for step in panel.pixel_mm)
    grey = ndimage.zoom(panel.image, zoom, order=1)
    nothing = np.zeros_like(panel.image, dtype=np.uint8)
    classes = ndimage.zoom(nothing if panel.classes is None else panel.classes, zoom, order=0)
    return overlay(grey, classes, colours)


def _write_small(figure: Figure, colours: Mapping[int, Colour], path: Path) -> None:
    """Write a figure with the few colours that it is drawn in: a row of greys, plain and under each class."""
    greys = np.linspace(0, 1, _GREYS, dtype=np.float32)[np.newaxis]
    washed = [overlay(greys, np.full(greys.shape, value, np.uint8), colours)[0] for value in (0, *colours)]
    known = np.concatenate([*washed, np.array([*colours.values()])])
    palette = Image.new("P", (1, 1))
    palette.putpalette((255 * known).round().astype(np.uint8).tobytes())
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    few = Image.open(buffer).convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    write_whole(path, lambda part: few.save(part, "PNG", optimize=True))
