"""Small pictures of a result to look through many: the same view plain and with what was found."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from LumbarSegLib.core.levels import Spine
from LumbarSegLib.core.radiograph import Radiograph
from LumbarSegLib.core.regions import Regions, Result
from LumbarSegLib.core.report.slices import (
    BACKGROUND,
    Box,
    Stack,
    black_figure,
    color_of,
    draw_names,
    draw_segments,
    halo,
    lighter,
)

_HEIGHT_IN, _DPI = 5.0, 104
_MARGIN_MM = 28.0
_OPACITY = 0.18
_MOST_SLICES, _IN_ROW = 6, 3
_QUALITY = 78
_SMALL = 9


def draw_thumbnails(image: sitk.Image, result: Result, plain: Path, overlay: Path) -> None:
    """Write two JPEG of the same size, without and with outlines and names: a Spine from the side through the canal,
    slices of the Regions of an axial image, a Radiograph.

    `image` is the 3D image on whose grid the result was found. Raises OSError where they are not written.
    """
    task = result.view if isinstance(result, Radiograph) else "axial" if isinstance(result, Regions) else "sagittal"
    stack = Stack(image, result.labels, task)
    shown = _chosen(stack) if isinstance(result, Regions) else [stack.middle]
    box = _box(stack)
    across = min(_IN_ROW, len(shown))
    down = -(-len(shown) // across)
    height = _HEIGHT_IN / (2 if across > 1 else 1)
    figure = black_figure(across * height * box.width / box.height, down * height)
    figure.subplots_adjust(0, 0, 1, 1, 0.01, 0.01)
    panels = figure.subplots(down, across, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for axes, index in zip(panels.flat, shown, strict=False):
        _draw_plain(axes, stack, index, box)
    _save(figure, plain)
    for axes, index in zip(panels.flat, shown, strict=False):
        draw_segments(axes, stack.labels[index], result.instances, stack.box, _OPACITY)
        if len(shown) > 1:
            axes.text(0.03, 0.97, str(index + 1), color="white", va="top", transform=axes.transAxes, fontsize=_SMALL)
    if isinstance(result, Spine):
        draw_names(panels[0][0], stack, result)
    elif isinstance(result, Radiograph):
        _draw_vertebrae(panels[0][0], stack, result)
    _save(figure, overlay)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="jpg", facecolor=BACKGROUND, dpi=_DPI, pil_kwargs={"quality": _QUALITY})


def _draw_plain(axes: Axes, stack: Stack, index: int, box: Box) -> None:
    low, high = stack.window
    extent = (0.0, stack.box.right, stack.box.bottom, 0.0)
    axes.imshow(stack.grey[index], cmap="gray", vmin=low, vmax=high, extent=extent, interpolation="bicubic")
    axes.set_xlim(box.left, box.right)
    axes.set_ylim(box.bottom, box.top)


def _chosen(stack: Stack) -> list[int]:
    """The slices to show, from below upward."""
    there = np.flatnonzero(stack.labels.any((1, 2)))
    places = np.linspace(0, len(there) - 1, min(_MOST_SLICES, len(there)))
    return [int(there[round(place)]) for place in places]


def _box(stack: Stack) -> Box:
    """What was found with some room around it; a film whole, since its column may be only a part of what it shows."""
    if not stack.in_slices:
        return stack.box
    return stack.around(stack.labels > 0, _MARGIN_MM)


def _draw_vertebrae(axes: Axes, stack: Stack, radiograph: Radiograph) -> None:
    for one in radiograph.instances:
        rows, columns = np.nonzero(stack.labels[0] == one.structure.label)
        left, middle = columns.min() * stack.spacing[0], (rows.mean() + 0.5) * stack.spacing[1]
        name = f"({one.structure.name})" if one.partly_visible else one.structure.name
        axes.text(
            left,
            middle,
            f"{name} ",
            ha="right",
            va="center",
            color=lighter(color_of(one)),
            fontsize=_SMALL,
            path_effects=halo(),
        )
