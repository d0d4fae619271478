"""Pictures of measured radiographs: marked and found vertebrae over each other, with the lines of the largest angle.

The terms of the real radiographs are not verified, so what is kept with the report shows outlines alone; with the image
beneath they are drawn only where somebody asks for it, to be looked at. Synthetic films are shown whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from LumbarSegLib.core.measure.radiograph.curves import curves
from training.data.corners import Corners
from training.radiographs.lateral_truth import LateralCase
from training.radiographs.measured import Case
from training.runs import write_whole

_PAPER, _INK = "0.13", "0.95"
_MARKED, _FOUND = "#f2f2f2", "#ffa040"
_ON_IMAGE = "#50e0ff"  # the marked ones where they lie over a bright image
_RING = [0, 1, 3, 2, 0]
_HEIGHT, _DPI = 6.4, 100  # inches of a panel
_MARGIN = 0.06  # of the height, around the spine


@dataclass(frozen=True, eq=False)
class Panel:
    """One picture: vertebrae marked and found (n, 4, 2), a caption, and the image or none."""

    caption: str
    marked: Corners
    found: Corners
    image: NDArray[np.uint8] | None = None
    cobb: bool = True


def best_median_worst(cases: Sequence[Case]) -> list[tuple[str, Case]]:
    """Three cases by the mean error of their corners; those without any are the worst."""
    ranked = sorted(cases, key=lambda case: np.nan_to_num(case.matched.error, nan=np.inf))
    places = {"best": 0, "median": len(ranked) // 2, "worst": len(ranked) - 1}
    return [(name, ranked[place]) for name, place in places.items()]


def panel_of(name: str, case: Case, image: NDArray[np.uint8] | None = None) -> Panel:
    found, true = case.angles
    told = f"{found:.1f}° (marked {true:.1f}°)" if np.isfinite(found) else f"no angle (marked {true:.1f}°)"
    caption = f"{name}: {case.name}\ncorners {case.matched.error:.1f} %, Dice {case.dice:.3f}\nlargest Cobb {told}"
    return Panel(caption, case.marked, case.found, image)


def lateral_panel(name: str, case: LateralCase) -> Panel:
    found, true = case.lordosis
    told = f"L1-L5 {found:.1f}° (true {true:.1f}°)" if np.isfinite(found) else "no lordosis"
    caption = f"{name}: {case.film.name}\ncorners {case.matched.error:.1f} %, Dice {case.dice:.3f}\n{told}"
    return Panel(caption, case.film.corners, case.found.corners, case.film.image, cobb=False)


def draw(panels: Sequence[Panel], path: Path) -> None:
    """Write a PNG of panels beside each other."""
    views = [_around(panel) for panel in panels]
    widths = [max(1.9, _HEIGHT * (right - left) / (bottom - top)) for left, right, top, bottom in views]
    height = _HEIGHT + 1.0
    figure = Figure((sum(widths) + 0.15 * (len(widths) + 1), height), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    total = figure.get_size_inches()[0]
    left = 0.15
    for panel, view, width in zip(panels, views, widths, strict=True):
        axes = figure.add_axes((left / total, 0.35 / height, width / total, _HEIGHT / height))
        _draw_panel(axes, panel, view)
        figure.text(left / total, 1 - 0.03 / height, panel.caption, fontsize=8, color=_INK, va="top")
        left += width + 0.15
    marked = _ON_IMAGE if any(panel.image is not None for panel in panels) else _MARKED
    handles = [Line2D([], [], color=marked, label="marked"), Line2D([], [], color=_FOUND, label="found")]
    figure.legend(handles=handles, loc="lower center", ncols=2, fontsize=9, frameon=False, labelcolor=_INK)
    write_whole(path, lambda part: figure.savefig(part, format="png"))


def _around(panel: Panel) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of what is shown."""
    if panel.image is not None:
        rows, columns = panel.image.shape
        return -0.5, columns - 0.5, -0.5, rows - 0.5
    places = np.concatenate([panel.marked, panel.found.reshape(-1, 4, 2)]).reshape(-1, 2)
    (left, top), (right, bottom) = places.min(0), places.max(0)
    margin = _MARGIN * (bottom - top)
    return left - margin, right + margin, top - margin, bottom + margin


def _draw_panel(axes: Axes, panel: Panel, view: tuple[float, float, float, float]) -> None:
    axes.set_axis_off()
    if panel.image is not None:
        axes.imshow(panel.image, cmap="gray", interpolation="bilinear")
    colour = _ON_IMAGE if panel.image is not None else _MARKED
    for corners, shown, wide in ((panel.marked, colour, 0.9), (panel.found, _FOUND, 1.0)):
        for vertebra in corners:
            axes.plot(*vertebra[_RING].T, color=shown, linewidth=wide)
        if panel.cobb:
            _draw_cobb(axes, corners, shown, view)
    left, right, top, bottom = view
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")


def _draw_cobb(axes: Axes, corners: Corners, colour: str, view: tuple[float, float, float, float]) -> None:
    """The two endplates that the largest angle lies between, made longer."""
    found = curves(corners[:, [0, 1, 3, 2]])
    if not found:
        return
    largest = max(found, key=lambda one: one.degrees)
    for ends in (corners[largest.upper][:2], corners[largest.lower][2:]):
        middle, half = ends.mean(0), 1.4 * (ends[1] - ends[0])
        axes.plot(*np.stack([middle - half, middle + half]).T, color=colour, linewidth=0.7, linestyle="--")
