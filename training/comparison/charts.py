"""Charts of a comparison: dots for each patient, ROC curves, training curves. A run has one colour in all of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from training import scores
from training.comparison.gather import Run
from training.comparison.tables import DICE, class_name, estimate
from training.logs import read_log
from training.roc import FALSE_POSITIVE_RATES

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#4d4d4d")
_DPI = 130
_LEGEND_IN = 2.2  # of width for the name of a run
_PANEL_IN = 3.1
_SMOOTH = 9  # logged losses


def color_of(number: int) -> str:
    """The colour of the run with this place in the list."""
    return COLORS[number % len(COLORS)]


def draw_dots(runs: Sequence[Run], path: Path) -> None:
    """Dice of each patient as a dot, a line of runs for each class, their mean and its interval as a bar."""
    names = runs[0].rows
    columns = min(3, len(names))
    lines = -(-len(names) // columns)
    height = lines * (0.85 + 0.42 * len(runs)) + 0.35
    figure = _figure(max(5.5, 1.3 + 3.4 * columns), height)
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True)
    for panel in panels.ravel()[len(names) :]:
        panel.set_axis_off()
    for panel, name in zip(panels.ravel(), names, strict=False):
        _dots(panel, runs, name)
    for panel in panels[:, 0]:
        panel.set_yticks(range(len(runs)), [run.name for run in runs])
        panel.set_ylim(len(runs) - 0.4, -0.6)
    _save(figure, path)


def _dots(panel: Axes, runs: Sequence[Run], name: str) -> None:
    random = np.random.default_rng(0)
    for place, run in enumerate(runs):
        values = scores.by_patient(run.scores, name, "dice", run.patients)
        values = values[np.isfinite(values)]
        spread = random.uniform(-0.16, 0.16, len(values))
        panel.scatter(values, place + spread, s=16, color=color_of(place), alpha=0.45, linewidths=0)
        mean = estimate(run, name, DICE)
        panel.plot([mean.low, mean.high], [place, place], color=color_of(place), linewidth=2.4, solid_capstyle="butt")
        panel.plot(mean.mean, place, marker="|", markersize=15, markeredgewidth=2.6, color="#111111")
    panel.set_title(class_name(runs[0].task, name), fontsize=10, loc="left")
    panel.set_xlabel("Dice", fontsize=9)
    panel.set_xlim(right=1.0)
    panel.xaxis.set_major_locator(MaxNLocator(5))
    _plain(panel, "x")


def draw_roc(runs: Sequence[Run], path: Path) -> None:
    """Mean ROC curve over the patients for each class; few false positives are what matters, so that axis is a
    logarithmic one.
    """
    names = runs[0].structures
    columns = min(4, len(names))
    lines = -(-len(names) // columns)
    figure = _figure(max(4.4, _PANEL_IN * columns), 3.1 * lines + 0.45)
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True)
    for panel in panels.ravel()[len(names) :]:
        panel.set_axis_off()
    for panel, name in zip(panels.ravel(), names, strict=False):
        for place, run in enumerate(runs):
            mean = mean_curve(run, name)
            if mean is not None:
                panel.plot(FALSE_POSITIVE_RATES[1:], mean[1:], color=color_of(place), linewidth=1.6, label=run.name)
        panel.set_xscale("log")
        panel.minorticks_off()
        panel.set_ylim(0, 1.02)
        panel.set_title(class_name(runs[0].task, name), fontsize=10, loc="left")
        panel.set_xlabel("share of other pixels called it", fontsize=8.5)
        _plain(panel, "both")
    for panel in panels[:, 0]:
        panel.set_ylabel("share of its pixels found", fontsize=8.5)
    _legend(figure, panels[0][0])
    _save(figure, path)


def mean_curve(run: Run, name: str) -> NDArray[np.float64] | None:
    """The true positive rate at each of FALSE_POSITIVE_RATES: a mean over each patient's cases, then over patients."""
    rates: dict[str, list[NDArray[np.float64]]] = {}
    for row in run.curves:
        if row.curve.name == name:
            rates.setdefault(row.patient, []).append(row.curve.true_positive_rates)
    if not rates:
        return None
    return np.asarray(np.mean([np.mean(found, axis=0) for found in rates.values()], axis=0), dtype=np.float64)


def draw_training(runs: Sequence[Run], path: Path) -> bool:
    """Loss, and the validation patients' Dice where there were any, against minutes, a line for each fold.

    Draws nothing and returns False where no run kept a log.
    """
    logs = {
        title: [(place, folder / file) for place, run in enumerate(runs) for folder in run.folders]
        for title, file in (("training loss", "loss.csv"), ("mean Dice of the validation patients", "validation.csv"))
    }
    kept = {title: [one for one in files if one[1].is_file()] for title, files in logs.items()}
    shown = {title: files for title, files in kept.items() if files}
    if not shown:
        return False
    figure = _figure(5.2 * len(shown), 3.5)
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for panel, (title, files) in zip(panels, shown.items(), strict=True):
        named: set[int] = set()
        for place, file in files:
            log = read_log(file)
            if not log:
                continue
            column = "loss" if "loss" in log else "mean"
            values = _smooth(np.array(log[column])) if column == "loss" else np.array(log[column])
            label = None if place in named else runs[place].name
            named.add(place)
            minutes = np.array(log["seconds"]) / 60
            alone = "o" if len(minutes) == 1 else None
            panel.plot(minutes, values, color=color_of(place), linewidth=1.3, alpha=0.85, label=label, marker=alone)
        panel.set_title(title, fontsize=10, loc="left")
        panel.set_xlabel("minutes", fontsize=9)
        _plain(panel, "both")
    _legend(figure, panels[0])
    _save(figure, path)
    return True


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A running median, so that lines can be told apart."""
    half = min(_SMOOTH, len(values)) // 2
    return np.array([np.median(values[max(0, k - half) : k + half + 1]) for k in range(len(values))])


def _figure(width_in: float, height_in: float) -> Figure:
    figure = Figure(figsize=(width_in, height_in), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _plain(panel: Axes, grid: str) -> None:
    panel.grid(axis=grid, alpha=0.25, linewidth=0.7)  # type: ignore[arg-type]
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=8.5)


def _legend(figure: Figure, panel: Axes) -> None:
    handles, labels = panel.get_legend_handles_labels()
    if handles:
        beside = max(1, int(figure.get_figwidth() // _LEGEND_IN))
        figure.legend(
            handles, labels, loc="outside lower center", ncols=min(beside, len(labels)), fontsize=9, frameon=False
        )


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, facecolor="white")
