"""A slice on black as a radiologist reads it, to scale: a sagittal one with anterior left and superior up, an axial one
seen from the feet. What pictures share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.ndimage import label as connected

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.anatomy import CANAL
from LumbarSegLib.core.levels import Instance, Spine
from LumbarSegLib.core.preprocess import ORIENTATIONS, to_stack_order
from LumbarSegLib.core.spacing import has_spacing

Floats = NDArray[np.float64]
Slice = NDArray[np.uint8]

BACKGROUND = "#101214"
TEXT = "#e8eaed"
FAINT = "#9aa0a6"
DPI = 150
_WINDOW_PERCENT = (1, 99.7)
_OUTLINE_SMOOTHING = 0.7  # pixels
_SCALE_BAR_MM = 50
_TEXT_LIGHT = 0.4
_SPECK = 0.2  # part of the largest piece
_NAME_MM = 2.5  # half of the height of a name
_TOUCHING = np.ones((3, 3))
_AROUND = (
    (0.02, 0.5, "left", "center"),
    (0.98, 0.5, "right", "center"),
    (0.5, 1.008, "center", "bottom"),
    (0.5, -0.008, "center", "top"),
)
_WITHIN = (*_AROUND[:2], (0.5, 0.985, "center", "top"), (0.5, 0.015, "center", "bottom"))
_IN_CORNERS = (*_AROUND[:2], (0.98, 0.985, "right", "top"), (0.98, 0.015, "right", "bottom"))
_READ_AS = {**ORIENTATIONS, "frontal": "LIP", "lateral": "PIR"}  # a radiograph as its view is read
_SIDES = {"sagittal": "APSI", "axial": "RLAP", "frontal": "RLSI", "lateral": "APSI"}  # left, right, top and bottom


@dataclass(frozen=True)
class Box:
    """A part of a slice in mm from its upper left corner."""

    left: float
    right: float
    top: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


class Stack:
    """A volume of a task and its labels in reading order: `grey` and `labels` as (slices, rows, columns).

    A radiograph is a volume of one slice, and its view stands for the task. Places in a slice are mm to the right and
    downward from its upper left corner.
    """

    def __init__(self, image: sitk.Image, labels: sitk.Image, task: str = "sagittal") -> None:
        ordered = to_stack_order(image, _READ_AS[task])
        self.grey = sitk.GetArrayViewFromImage(ordered)
        self.labels: Slice = sitk.GetArrayFromImage(to_stack_order(labels, _READ_AS[task]))
        self.sides = _SIDES[task]
        self.in_slices = task in ORIENTATIONS
        self.in_mm = has_spacing(image)
        self.spacing: Floats = np.array(ordered.GetSpacing())
        self._ordered = ordered
        rows, columns = self.grey.shape[1:]
        self.box = Box(0.0, columns * self.spacing[0], 0.0, rows * self.spacing[1])

    @cached_property
    def middle(self) -> int:
        """The slice through the middle of the canal, else of all that was found, else of the stack."""
        for found in (self.labels == CANAL.label, self.labels > 0):
            if found.any():
                return int(np.rint(np.median(np.nonzero(found)[0])))
        return len(self.labels) // 2

    @cached_property
    def window(self) -> tuple[float, float]:
        """Grey values shown as black and as white."""
        low, high = np.percentile(self.grey[self.middle], _WINDOW_PERCENT)
        return float(low), float(high)

    def around(self, shown: NDArray[np.bool_], margin_mm: float) -> Box:
        """The part of a slice around what is `shown` in any of them (slices, rows, columns), with a margin."""
        rows, columns = np.nonzero(shown.any(0))
        across, down = self.spacing[:2]
        return Box(
            max(0.0, columns.min() * across - margin_mm),
            min(self.box.right, (columns.max() + 1) * across + margin_mm),
            max(0.0, rows.min() * down - margin_mm),
            min(self.box.bottom, (rows.max() + 1) * down + margin_mm),
        )

    def flat(self, places: Floats) -> Floats:
        """LPS places (..., 3) as seen in a slice, (..., 2): mm to the right and downward in it."""
        axes = np.reshape(self._ordered.GetDirection(), (3, 3))
        along = (places - np.array(self._ordered.GetOrigin())) @ np.linalg.inv(axes).T
        return np.asarray(along[..., :2] + 0.5 * self.spacing[:2])


def draw_slice(axes: Axes, stack: Stack, index: int, title: str, box: Box) -> None:
    """Show a slice in its window, cut to `box`, with its title and, around it, the directions of the patient."""
    show_slice(axes, stack, index, box)
    of = f", slice {index + 1} of {len(stack.grey)}" if stack.in_slices else ""
    axes.set_title(f"{title}{of}", color=FAINT, fontsize=9, loc="left")
    _draw_sides(axes, stack, _AROUND)


def draw_bare_slice(axes: Axes, stack: Stack, index: int, box: Box) -> None:
    """The same without a title, and with the directions of the patient within the picture."""
    show_slice(axes, stack, index, box)
    # In front of a spine stand its names, in the middle above and below it too.
    _draw_sides(axes, stack, _WITHIN if stack.sides == _SIDES["axial"] else _IN_CORNERS)


def show_slice(axes: Axes, stack: Stack, index: int, box: Box) -> None:
    low, high = stack.window
    extent = (0.0, stack.box.right, stack.box.bottom, 0.0)
    axes.imshow(stack.grey[index], cmap="gray", vmin=low, vmax=high, extent=extent, interpolation="bicubic")
    axes.set_xlim(box.left, box.right)
    axes.set_ylim(box.bottom, box.top)
    axes.set_axis_off()


def _draw_sides(axes: Axes, stack: Stack, places: Sequence[tuple[float, float, str, str]]) -> None:
    for letter, (x, y, across, up) in zip(stack.sides, places, strict=True):
        axes.text(
            x, y, letter, color=TEXT, fontsize=11, ha=across, va=up, path_effects=halo(), transform=axes.transAxes
        )


def draw_scale_bar(axes: Axes, stack: Stack, box: Box, length_mm: int = _SCALE_BAR_MM) -> None:
    """A bar of a known length, where the length of a pixel is known."""
    if not stack.in_mm:
        return
    x, y = box.left + 0.05 * box.width, box.top + 0.965 * box.height
    edge = [withStroke(linewidth=4.5, foreground="black")]
    axes.plot([x, x + length_mm], [y, y], color=TEXT, linewidth=2.5, solid_capstyle="butt", path_effects=edge)
    above = y - 0.008 * box.height
    axes.text(x, above, f"{length_mm // 10} cm", color=TEXT, fontsize=9, va="bottom", path_effects=halo())


def draw_segments(axes: Axes, labels: Slice, instances: Sequence[Instance], box: Box, opacity: float) -> None:
    """Fill and outline what is seen of each structure; `box` is the whole slice."""
    extent = (box.left, box.right, box.bottom, box.top)
    fill = np.zeros((*labels.shape, 4))
    for instance in instances:
        shape = labels == instance.structure.label
        if not shape.any():
            continue
        fill[shape] = to_rgba(color_of(instance), opacity)
        smooth = gaussian_filter(shape.astype(float), _OUTLINE_SMOOTHING)
        axes.contour(smooth, [0.5], colors=[color_of(instance)], linewidths=1.1, extent=extent, origin="upper")
    axes.imshow(fill, extent=extent, interpolation="nearest")


def draw_names(
    axes: Axes,
    stack: Stack,
    spine: Spine,
    added: Mapping[str, str] = MappingProxyType({}),
    fronts: Mapping[str, float] = MappingProxyType({}),
) -> None:
    """Each name just in front of its body or disc, at the height of its middle, with what is `added` to it.

    A name in parentheses is partly out of the image. `fronts` are places (mm) that a level reaches besides its label.
    """
    for instance in spine.instances:
        shape: NDArray[np.bool_] = stack.labels[stack.middle] == instance.structure.label
        if instance.structure.kind == "canal" or not shape.any():
            continue
        is_disc = instance.structure.kind == "disc"
        name = instance.structure.name
        front, height = _front(shape, stack)
        axes.annotate(
            (f"({name})" if instance.partly_visible else name) + added.get(name, ""),
            (min(front, fronts.get(name, front)), height),
            xytext=(-7 if is_disc else -9, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=lighter(color_of(instance)),
            fontsize=8.5 if is_disc else 11,
            fontweight="normal" if is_disc else "bold",
            path_effects=halo(),
        )


def _front(shape: NDArray[np.bool_], stack: Stack) -> tuple[float, float]:
    """The place in front of all that is labelled, at the height of the middle of a body or disc."""
    row = float(np.nonzero(_foremost_piece(shape))[0].mean())
    rows, columns = np.nonzero(stack.labels[stack.middle])
    column = columns[np.abs(rows - row) * stack.spacing[1] < _NAME_MM].min()
    return (column + 0.5) * stack.spacing[0], (row + 0.5) * stack.spacing[1]


def _foremost_piece(shape: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The body: in a slice through the canal it lies in front of the spinous process, and is no speck."""
    pieces, _ = connected(shape, _TOUCHING)
    sizes = np.bincount(pieces[shape])
    large = [piece for piece in range(1, len(sizes)) if sizes[piece] >= _SPECK * sizes.max()]
    foremost = min(large, key=lambda piece: np.nonzero(pieces == piece)[1].mean())
    body: NDArray[np.bool_] = pieces == foremost
    return body


def black_figure(width_in: float, height_in: float) -> Figure:
    figure = Figure(figsize=(width_in, height_in), facecolor=BACKGROUND, dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def state_research_use(figure: Figure) -> None:
    figure.text(0.5, 0.012, RESEARCH_USE, color=FAINT, fontsize=9, ha="center", va="bottom")


def color_of(instance: Instance) -> tuple[float, float, float]:
    red, green, blue = instance.structure.color
    return red / 255, green / 255, blue / 255


def lighter(color: tuple[float, float, float]) -> tuple[float, float, float]:
    """Small print needs more light than an outline to be read on black."""
    red, green, blue = (1 - _TEXT_LIGHT * (1 - part) for part in color)
    return red, green, blue


def halo() -> list[withStroke]:
    return [withStroke(linewidth=2, foreground="black")]
