"""A picture of a segmented sagittal volume as a radiologist reads it: anterior left, superior up."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from scipy.ndimage import gaussian_filter
from skimage.measure import label as connected

from LumbarSegLib.core.anatomy import CANAL
from LumbarSegLib.core.levels import Instance, Spine
from LumbarSegLib.core.preprocess import to_stack_order

Slice = npt.NDArray[np.uint8]
Extent = tuple[float, float, float, float]
"""Left, right, bottom and top of a slice in mm."""

_HEIGHT_IN = 8.0
_DPI = 150
_MARGIN_IN = 0.45
_WINDOW_PERCENT = (1, 99.7)
_FILL = 0.28
_OUTLINE_SMOOTHING = 0.7  # pixels
_SCALE_BAR_MM = 50
_LATERAL_MM = 6.0
_TEXT_LIGHT = 0.4
_SPECK = 0.2  # part of the largest piece
_BACKGROUND = "#101214"
_TEXT = "#e8eaed"
_FAINT = "#9aa0a6"


def draw_picture(image: sitk.Image, spine: Spine, path: Path) -> None:
    """Write a PNG: the slice through the middle of the canal, plain and with segments, and a lateral one if there is.

    `image` is the 3D sagittal volume, `spine` what was found on its grid. Level names stand in front of the
    bodies and discs; a name in parentheses is partly out of the image. Raises OSError if it is not written.
    """
    upright = to_stack_order(image)
    grey = sitk.GetArrayViewFromImage(upright)
    labels = sitk.GetArrayFromImage(to_stack_order(spine.labels))
    across, down, thickness = upright.GetSpacing()[0], upright.GetSpacing()[1], upright.GetSpacing()[2]
    extent = (0.0, grey.shape[2] * across, grey.shape[1] * down, 0.0)
    middle = _middle_slice(labels)
    lateral = _lateral_slice(labels, middle, thickness)
    window = np.percentile(grey[middle], _WINDOW_PERCENT)

    shown = [(middle, "Through the canal"), (middle, "Segmented")]
    if lateral != middle:
        shown.append((lateral, f"{abs(lateral - middle) * thickness:.0f} mm lateral"))
    figure = _figure(extent, len(shown))
    panels = figure.subplots(1, len(shown))
    for axes, (index, title) in zip(panels, shown, strict=True):
        axes.imshow(grey[index], cmap="gray", vmin=window[0], vmax=window[1], extent=extent, interpolation="bicubic")
        axes.set_title(f"{title}, slice {index + 1} of {len(grey)}", color=_FAINT, fontsize=9, loc="left")
        axes.set_axis_off()
        _mark_orientation(axes, extent)
    _draw_scale_bar(panels[0], extent)
    for axes, (index, _) in zip(panels[1:], shown[1:], strict=True):
        _draw_segments(axes, labels[index], spine, extent)
    _draw_names(panels[1], labels[middle], spine, (across, down))
    figure.text(0.5, 0.012, "Research use; not for diagnosis", color=_FAINT, fontsize=9, ha="center", va="bottom")
    figure.savefig(path, dpi=_DPI, facecolor=_BACKGROUND)


def _figure(extent: Extent, panels: int) -> Figure:
    width = panels * _HEIGHT_IN * extent[1] / extent[2]
    figure = Figure(figsize=(width, _HEIGHT_IN + 2 * _MARGIN_IN))
    FigureCanvasAgg(figure)
    edge = _MARGIN_IN / (_HEIGHT_IN + 2 * _MARGIN_IN)
    figure.subplots_adjust(left=0.005, right=0.995, bottom=edge, top=1 - edge, wspace=0.01)
    return figure


def _middle_slice(labels: Slice) -> int:
    """The slice through the middle of the canal, else of all that was found, else of the stack."""
    for found in (labels == CANAL.label, labels > 0):
        if found.any():
            return int(np.rint(np.median(np.nonzero(found)[0])))
    return len(labels) // 2


def _lateral_slice(labels: Slice, middle: int, thickness: float) -> int:
    """A slice beside the canal, on the side that shows more."""
    step = max(1, round(_LATERAL_MM / thickness))
    sides = [index for index in (middle - step, middle + step) if 0 <= index < len(labels)]
    return max(sides, key=lambda index: np.count_nonzero(labels[index]), default=middle)


def _draw_segments(axes: Axes, labels: Slice, spine: Spine, extent: Extent) -> None:
    fill = np.zeros((*labels.shape, 4))
    for instance in spine.instances:
        shape = labels == instance.structure.label
        if not shape.any():
            continue
        color = _color(instance)
        fill[shape] = to_rgba(color, _FILL)
        smooth = gaussian_filter(shape.astype(float), _OUTLINE_SMOOTHING)
        axes.contour(smooth, [0.5], colors=[color], linewidths=1.1, extent=extent, origin="upper")
    axes.imshow(fill, extent=extent, interpolation="nearest")


def _draw_names(axes: Axes, labels: Slice, spine: Spine, pixel: tuple[float, float]) -> None:
    """Each name just in front of its body or disc, at the height of its middle."""
    for instance in spine.instances:
        shape = labels == instance.structure.label
        if instance.structure.kind == "canal" or not shape.any():
            continue
        rows, columns = np.nonzero(_foremost_piece(shape))
        row = float(rows.mean())
        front = columns[np.abs(rows - row) * pixel[1] < 2].min()
        is_disc = instance.structure.kind == "disc"
        name = instance.structure.name
        axes.annotate(
            f"({name})" if instance.partly_visible else name,
            ((front + 0.5) * pixel[0], (row + 0.5) * pixel[1]),
            xytext=(-7 if is_disc else -9, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=_lighter(_color(instance)),
            fontsize=8.5 if is_disc else 11,
            fontweight="normal" if is_disc else "bold",
            path_effects=[withStroke(linewidth=2, foreground="black")],
        )


def _foremost_piece(shape: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The body: in a slice through the canal it lies in front of the spinous process, and is no speck."""
    pieces = connected(shape)
    sizes = np.bincount(pieces[shape])
    large = [piece for piece in range(1, len(sizes)) if sizes[piece] >= _SPECK * sizes.max()]
    foremost = min(large, key=lambda piece: np.nonzero(pieces == piece)[1].mean())
    body: npt.NDArray[np.bool_] = pieces == foremost
    return body


def _color(instance: Instance) -> tuple[float, float, float]:
    red, green, blue = instance.structure.color
    return red / 255, green / 255, blue / 255


def _lighter(color: tuple[float, float, float]) -> tuple[float, float, float]:
    """Small print needs more light than an outline to be read on black."""
    red, green, blue = (1 - _TEXT_LIGHT * (1 - part) for part in color)
    return red, green, blue


def _mark_orientation(axes: Axes, extent: Extent) -> None:
    right, bottom = extent[1], extent[2]
    for letter, x, y, across, up in (
        ("A", 0.02 * right, bottom / 2, "left", "center"),
        ("P", 0.98 * right, bottom / 2, "right", "center"),
        ("S", right / 2, -0.008 * bottom, "center", "bottom"),
        ("I", right / 2, 1.008 * bottom, "center", "top"),
    ):
        axes.text(x, y, letter, color=_TEXT, fontsize=11, ha=across, va=up, path_effects=_halo())


def _draw_scale_bar(axes: Axes, extent: Extent) -> None:
    x, y = 0.05 * extent[1], 0.965 * extent[2]
    axes.plot([x, x + _SCALE_BAR_MM], [y, y], color=_TEXT, linewidth=2.5, solid_capstyle="butt")
    axes.text(
        x,
        y - 0.008 * extent[2],
        f"{_SCALE_BAR_MM // 10} cm",
        color=_TEXT,
        fontsize=9,
        va="bottom",
        path_effects=_halo(),
    )


def _halo() -> list[withStroke]:
    return [withStroke(linewidth=2, foreground="black")]
