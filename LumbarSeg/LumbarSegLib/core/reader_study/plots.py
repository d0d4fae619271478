"""Differences of two readers against their means, as Bland and Altman draw them: a picture for each measure."""

from pathlib import Path
from typing import TYPE_CHECKING

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.reader_study.statistics import Agreement, Pair

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL_IN = (4.0, 3.2)
_MOST_ACROSS = 3
_ACCENT, _INK, _HAIR, _FAINT = "#17507d", "#1b1e22", "#c9cdd2", "#5f666d"


def can_be_drawn(one: Agreement) -> bool:
    """Whether any two readers have values enough."""
    return any(pair.limits for pair in one.pairs)


def draw_differences(one: Agreement, path: Path) -> None:
    """Write a PNG with a panel for each two readers that have values enough. Raises OSError if it is not written."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    pairs = [pair for pair in one.pairs if pair.limits]
    across = min(_MOST_ACROSS, len(pairs))
    down = -(-len(pairs) // across)
    figure = Figure(figsize=(_PANEL_IN[0] * across, _PANEL_IN[1] * down + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(MEASURES[one.measure].name, x=0.01, ha="left", fontsize=11, fontweight="bold")
    figure.supxlabel(RESEARCH_USE, x=0.99, ha="right", fontsize=7, color=_FAINT)
    panels = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
    for panel, pair in zip(panels, pairs, strict=False):
        _draw(panel, pair, MEASURES[one.measure].decimals + 1)
        panel.set_xlabel(f"mean{_in_unit(one)}", fontsize=8)
    for panel in panels[len(pairs) :]:
        panel.set_visible(False)
    for panel in panels[::across]:
        panel.set_ylabel(f"difference{_in_unit(one)}", fontsize=8)
    figure.savefig(path, dpi=150, format="png")


def _in_unit(one: Agreement) -> str:
    unit = MEASURES[one.measure].unit
    return f" ({unit})" if unit else ""


def _draw(panel: "Axes", pair: Pair, decimals: int) -> None:
    """Bias and limits as lines, and at their right ends the 95 % interval of each as a bar."""
    assert pair.bias is not None and pair.limits is not None
    assert pair.bias_interval is not None and pair.limits_within is not None
    means = (pair.first + pair.second) / 2
    panel.axhline(0, color=_HAIR, linewidth=0.8, zorder=0)
    panel.scatter(means, pair.first - pair.second, s=16, color=_ACCENT, alpha=0.75, edgecolors="none")
    low, high = pair.limits
    within = pair.limits_within
    for value, (start, end), style, at in (
        (pair.bias, pair.bias_interval, "-", 0.985),
        (low, (low - within, low + within), "--", 0.965),
        (high, (high - within, high + within), "--", 0.965),
    ):
        panel.axhline(value, color=_INK, linewidth=1.0, linestyle=style)
        panel.vlines(at, start, end, transform=panel.get_yaxis_transform(), color=_ACCENT, alpha=0.45, linewidth=3)
        panel.annotate(
            f"{value:.{decimals}f}".replace("-", "−"),  # noqa: RUF001 - as the axes have it
            (1.0, value),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    panel.set_title(f"{pair.readers[0]} − {pair.readers[1]}, n = {pair.count}", fontsize=9, loc="left")  # noqa: RUF001 - minus
    panel.tick_params(labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)
