"""A picture of a segmented axial image: slices side by side, plain and with their regions, and a legend."""

import numpy as np
import SimpleITK as sitk
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from LumbarSegLib.core.regions import Regions
from LumbarSegLib.core.report.slices import (
    TEXT,
    Stack,
    black_figure,
    color_of,
    draw_scale_bar,
    draw_segments,
    draw_slice,
    state_research_use,
)

_MOST_SLICES, _IN_ROW = 8, 4
_AROUND_MM = 18.0
_TOTAL_IN, _ALONE_IN = 14.0, 6.0  # widths of a sheet and of one panel of a single slice
_ABOVE_IN, _BELOW_IN, _TITLE_IN, _GAP_IN = 0.45, 0.8, 0.5, 0.06
_OPACITY = 0.3


def regions_figure(image: sitk.Image, regions: Regions) -> Figure:
    """Write a PNG of slices from below upward, seen from the feet as a radiologist sees them: each one plain and with
    its regions.

    `image` is the 3D axial image, `regions` were found on its grid. Of many slices with regions, some at even
    intervals are shown. Raises OSError if it is not written.
    """
    stack = Stack(image, regions.labels, "axial")
    box = stack.around(stack.labels > 0, _AROUND_MM)
    chosen = _chosen(stack)
    in_row = min(_IN_ROW, len(chosen))
    across = 2 if in_row == 1 else in_row
    down = 1 if in_row == 1 else 2 * -(-len(chosen) // in_row)
    width_in = _ALONE_IN if in_row == 1 else _TOTAL_IN / _IN_ROW
    figure = _sheet(across, down, width_in, width_in * box.height / box.width)
    panels = figure.subplots(down, across, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for place, index in enumerate(chosen):
        row, column = 2 * (place // in_row), place % in_row
        plain, segmented = panels[0] if in_row == 1 else (panels[row][column], panels[row + 1][column])
        draw_slice(plain, stack, index, "Plain", box)
        draw_slice(segmented, stack, index, "Regions", box)
        draw_segments(segmented, stack.labels[index], regions.instances, stack.box, _OPACITY)
    draw_scale_bar(panels[0][0], stack, box)
    _draw_legend(figure, regions)
    state_research_use(figure)
    return figure


def _chosen(stack: Stack) -> list[int]:
    """The slices to show, from below upward."""
    shown = np.flatnonzero(stack.labels.any((1, 2)))
    places = np.linspace(0, len(shown) - 1, min(_MOST_SLICES, len(shown)))
    return [int(shown[round(place)]) for place in places]


def _sheet(across: int, down: int, width_in: float, height_in: float) -> Figure:
    width = across * (width_in + _GAP_IN) + _GAP_IN
    height = _ABOVE_IN + down * height_in + (down - 1) * _TITLE_IN + _BELOW_IN
    figure = black_figure(width, height)
    figure.subplots_adjust(
        left=_GAP_IN / width,
        right=1 - _GAP_IN / width,
        bottom=_BELOW_IN / height,
        top=1 - _ABOVE_IN / height,
        wspace=_GAP_IN / width_in,
        hspace=_TITLE_IN / height_in,
    )
    return figure


def _draw_legend(figure: Figure, regions: Regions) -> None:
    patches = [
        Patch(color=color_of(one), label=f"{one.structure.name}  {one.structure.words}") for one in regions.instances
    ]
    figure.legend(
        handles=patches,
        loc="lower center",
        bbox_to_anchor=(0.5, 0.3 / figure.get_figheight()),
        ncols=len(patches),
        frameon=False,
        labelcolor=TEXT,
        fontsize=9.5,
    )
