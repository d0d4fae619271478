"""The best, the median and the worst case side by side: image, truth, and what each run found, in the same slice."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from PIL import Image

from training.comparison.gather import Run
from training.comparison.tables import class_name
from training.comparison.verdict import primary
from training.data.cases import UNKNOWN, Case, DataSet
from training.evaluate import in_stack_order, prediction_path, structure_of

_BACKGROUND, _TEXT, _FAINT = "#101214", "#e8eaed", "#9aa0a6"
_WINDOW_PERCENT = (1, 99.7)
_MARGIN = 0.12  # of what is labelled, around it
_TALLEST = 2.0  # heights of a panel to a width
_PANEL_IN = 3.3
_DPI = 120
_OPACITY = 0.3
_PALETTE = 256

Map = NDArray[np.uint8]


@dataclass(frozen=True)
class Shown:
    """A case to show: "best", "median" or "worst", by the mean of the runs' Dice, and that mean."""

    rank: str
    case: Case
    dice: float

    @property
    def file(self) -> str:
        return f"{self.rank}.png"


def choose(runs: Sequence[Run], dataset: DataSet) -> list[Shown]:
    """The best, the median and the worst case, none twice."""
    found = {case: _mean_dice(runs, case) for case in runs[0].cases}
    ranked = sorted((name for name, dice in found.items() if math.isfinite(dice)), key=lambda name: -found[name])
    cases = {case.name: case for case in dataset.cases}
    wanted = {"best": 0, "worst": len(ranked) - 1, "median": len(ranked) // 2}
    places = {rank: place for rank, place in wanted.items() if place not in [*wanted.values()][: [*wanted].index(rank)]}
    return [
        Shown(rank, cases[ranked[places[rank]]], found[ranked[places[rank]]])
        for rank in ("best", "median", "worst")
        if rank in places and ranked
    ]


def _mean_dice(runs: Sequence[Run], case: str) -> float:
    values = [_dice(run, case) for run in runs]
    return float(np.mean(values)) if np.isfinite(values).all() else math.nan


def _dice(run: Run, case: str) -> float:
    name = primary(run)
    return next(row.scores.dice for row in run.scores if row.case == case and row.scores.name == name)


def draw(shown: Shown, runs: Sequence[Run], task: str, path: Path, with_image: bool = True) -> None:
    """Write the picture of a case, over its image or, where that may not be shown, over an empty ground.

    Each structure has its colour of `core.anatomy`; the white line on a run's panel is the outline of the truth.
    """
    image = in_stack_order(shown.case.read_image(), task)
    truth = sitk.GetArrayFromImage(in_stack_order(shown.case.read_classes(), task))
    found = [_found(run, shown.case, task) for run in runs]
    place = telling_slice(truth)
    grey = sitk.GetArrayFromImage(image)[place]
    step_x, step_y = image.GetSpacing()[:2]
    rows, columns = _window([truth[place], *(one[place] for one in found)], step_y / step_x)
    shape = (rows.stop - rows.start) * step_y, (columns.stop - columns.start) * step_x
    count = len(runs) + 1 + with_image
    across = panels_across(count, shape[0] / shape[1])
    down = -(-count // across)
    figure = _figure(across, down, shape[0] / shape[1])
    panels = figure.subplots(down, across, squeeze=False).ravel()
    colors = _colors(runs[0].structures, task)
    for panel in panels:
        _slice(panel, grey[rows, columns] if with_image else np.zeros(grey[rows, columns].shape), step_y / step_x)
    which = "" if len(truth) == 1 else f"slice {place + 1} of {len(truth)}"
    if with_image:
        panels[0].set_title(f"image\n{which}", **_TITLE)
    true, *others = panels[int(with_image) :]
    _fill(true, truth[place][rows, columns], colors)
    true.set_title("truth\n" if with_image else f"truth\n{which}", **_TITLE)
    for panel, run, one in zip(others, runs, found, strict=False):
        _fill(panel, one[place][rows, columns], colors)
        _outline(panel, truth[place][rows, columns], len(colors))
        panel.set_title(f"{run.name}\nDice {_dice(run, shown.case.name):.3f}", **_TITLE)
    for panel in panels[count:]:
        panel.remove()
    _legend(figure, runs[0].structures, task, colors)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", facecolor=_BACKGROUND)
    with Image.open(drawn) as picture:
        # Greys and a few colours: a palette holds them in a third of the bytes.
        picture.convert("RGB").quantize(_PALETTE).save(path, optimize=True)


_TITLE = {"color": _TEXT, "fontsize": 10, "loc": "left"}


def _found(run: Run, case: Case, task: str) -> Map:
    found: Map = sitk.GetArrayFromImage(
        in_stack_order(sitk.ReadImage(str(prediction_path(run.folder_of(case.patient), case))), task)
    )
    return found


def telling_slice(truth: Map) -> int:
    """The slice that shows most of all structures together, each weighed by its own largest extent in a slice."""
    shown = np.zeros(len(truth))
    for value in set(np.unique(truth).tolist()) - {0, UNKNOWN}:
        areas = (truth == value).sum((1, 2))
        shown += areas / areas.max()
    return int(shown.argmax()) if shown.any() else len(truth) // 2


def panels_across(count: int, tall: float) -> int:
    """How many of so many panels, each so many times as tall as wide, stand side by side for a picture that fits a
    page, about twice as wide as tall, with few places left empty.
    """

    def unfit(across: int) -> float:
        down = -(-count // across)
        return abs(math.log(across / (down * tall) / 1.8)) + (down * across - count) / count

    return min(range(1, count + 1), key=unfit)


def _window(maps: Sequence[Map], aspect: float) -> tuple[slice, slice]:
    """What is labelled in any of the maps, with a margin and wide enough for the name above it; all where nothing is.

    `aspect` is the height of a pixel in widths.
    """
    labelled = np.any([(one != 0) & (one != UNKNOWN) for one in maps], axis=0)
    if not labelled.any():
        return slice(0, labelled.shape[0]), slice(0, labelled.shape[1])
    rows = _reach(labelled.any(1))
    return rows, _reach(labelled.any(0), round((rows.stop - rows.start) * aspect / _TALLEST))


def _reach(labelled: NDArray[np.bool_], least: int = 0) -> slice:
    seen = np.flatnonzero(labelled)
    length = int(seen[-1] - seen[0]) + 1
    margin = max(round(_MARGIN * length) + 2, -(-(least - length) // 2))
    return slice(max(0, int(seen[0]) - margin), min(len(labelled), int(seen[-1]) + 1 + margin))


def _figure(across: int, down: int, tall: float) -> Figure:
    width = _PANEL_IN / max(1.0, tall / 1.6)
    figure = Figure((across * width + 0.2, down * (width * tall + 0.48) + 0.45), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _slice(panel: Axes, grey: NDArray[np.floating], aspect: float) -> None:
    low, high = np.percentile(grey, _WINDOW_PERCENT)
    panel.imshow(grey, cmap="gray", vmin=low, vmax=high, aspect=aspect, interpolation="bicubic")
    panel.set_axis_off()


def _colors(structures: Sequence[str], task: str) -> list[tuple[float, float, float]]:
    rows = [structure_of(task, name).color for name in structures]
    return [(red / 255, green / 255, blue / 255) for red, green, blue in rows]


def _fill(panel: Axes, classes: Map, colors: Sequence[tuple[float, float, float]]) -> None:
    overlay = np.zeros((*classes.shape, 4))
    for value, color in enumerate(colors, start=1):
        shape = classes == value
        overlay[shape] = to_rgba(color, _OPACITY)
        if shape.any():
            panel.contour(shape, [0.5], colors=[color], linewidths=1.0)
    panel.imshow(overlay, aspect=panel.get_aspect(), interpolation="nearest")


def _outline(panel: Axes, classes: Map, count: int) -> None:
    for value in range(1, count + 1):
        shape = classes == value
        if shape.any():
            panel.contour(shape, [0.5], colors=["white"], linewidths=0.6)


def _legend(figure: Figure, structures: Sequence[str], task: str, colors: Sequence[tuple[float, float, float]]) -> None:
    patches = [
        Patch(facecolor=color, label=class_name(task, name)) for name, color in zip(structures, colors, strict=True)
    ]
    patches.append(Patch(facecolor="none", edgecolor="white", label="outline of the truth"))
    figure.legend(
        handles=patches,
        loc="outside lower center",
        ncols=len(patches),
        fontsize=9,
        labelcolor=_FAINT,
        facecolor=_BACKGROUND,
        edgecolor="none",
    )
