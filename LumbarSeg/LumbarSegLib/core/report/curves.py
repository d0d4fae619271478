"""The curves of a page, in ink on white: the canal along the spine, the sac by level or slice."""

from collections import Counter
from collections.abc import Collection, Sequence
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings, Measurement, is_slice
from LumbarSegLib.core.report.layout import NOT_MEASURED, rounded
from LumbarSegLib.core.report.slices import Box, Floats, Stack

ACCENT = "#17507d"
_INK, _FAINT, _HAIR = "#1b1e22", "#5f666d", "#c9cdd2"
_AREA, _DIAMETER, _SAC = "canal.area", "canal.midsagittal_ap", "ts.area"
_TEXT, _SMALL = 9.5, 8.5
_TITLES = {_AREA: "Canal area", _DIAMETER: "Canal AP"}
_OVER_LINES = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
_BAR = "#b4cbe0"
_GAP_LENGTH = 22  # characters
_LEAST = {_AREA: 100.0, _DIAMETER: 10.0, _SAC: 100.0}
_MOST_BARS, _FEW_BARS = 16, 5


def draw_along_canal(axes: Axes, stack: Stack, findings: Findings, box: Box) -> None:
    """The canal's area where the middle of each section lies in the slice beside it, with the value of each level.

    Where no section has an area the mid-sagittal diameter by level takes its place, and a line says why.
    """
    areas = np.array([one.area_mm2 if one.area_mm2 and one.level else np.nan for one in findings.sections])
    measure = _DIAMETER if np.isnan(areas).all() else _AREA
    levels = [one for one in findings.measurements if one.measure == measure and one.value is not None]
    heights = {one.level: _height(one, stack, findings) for one in levels}
    known = [one for one in levels if heights[one.level] is not None]
    values = [one.value or 0.0 for one in known]
    most = float(np.nanmax([_LEAST[measure], *areas, *values]) if measure == _AREA else max([10.0, *values]))
    _frame(axes, 1.34 * most, box)
    axes.set_xlabel(f"{_TITLES[measure]}, {MEASURES[measure].unit}", color=_INK, fontsize=10, loc="left")
    places = [float(heights[one.level] or 0.0) for one in known]
    if measure == _AREA:
        along = np.array([stack.flat(np.array(one.center))[1] for one in findings.sections])
        axes.plot(areas, along, color=ACCENT, linewidth=1.6)
    else:
        axes.plot(values, places, color=ACCENT, linewidth=1.2)
        _say_why(axes, findings)
    _draw_cut_offs(axes, known, places)
    for one, place in zip(known, places, strict=True):
        axes.plot([one.value or 0.0], [place], color=ACCENT, marker="o", markersize=4.5)
        right = (one.value or 0.0) + 0.05 * most
        beside = axes.text(right, place, rounded(one), color=_INK, fontsize=_TEXT, va="center", zorder=1.5)
        beside.set_bbox(_OVER_LINES)
        axes.text(0.02 * most, place, one.level, color=_FAINT, fontsize=_TEXT, va="center")


def _height(one: Measurement, stack: Stack, findings: Findings) -> float | None:
    """Where a level of the canal lies in the slice, in mm downward; None where it is not known."""
    if one.trace.contours:
        return float(stack.flat(np.array(one.trace.contours[0]))[:, 1].mean())
    ends = [findings.landmarks.get(f"{one.level}.canal_{end}") for end in ("anterior", "posterior")]
    places = [end.place for end in ends if end is not None]
    return float(stack.flat(np.array(places))[:, 1].mean()) if places else None


def _frame(axes: Axes, most: float, box: Box) -> None:
    axes.set_xlim(0, most)
    axes.set_ylim(box.bottom, box.top)
    axes.set_yticks([])
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_HAIR)
    axes.tick_params(colors=_FAINT, labelsize=_SMALL, length=3)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))


def _say_why(axes: Axes, findings: Findings) -> None:
    reasons = Counter(one.reason for one in findings.sections if one.reason)
    if reasons:
        text = "\n".join(wrap(f"Canal area: not measured. {reasons.most_common(1)[0][0]}", _GAP_LENGTH))
        axes.text(0.02, 0.02, text, color=_FAINT, fontsize=_SMALL, va="bottom", transform=axes.transAxes)


def _draw_cut_offs(axes: Axes, known: Sequence[Measurement], places: Sequence[float]) -> None:
    """A dotted line at each cut-off, as far as the levels at which it holds."""
    reach: dict[float, list[float]] = {}
    step = float(np.median(np.diff(places))) / 2 if len(places) > 1 else 8.0
    for one, place in zip(known, places, strict=True):
        for found in one.comparisons:
            reach.setdefault(found.cut_off, []).extend((place - step, place + step))
    for cut_off, ends in reach.items():
        axes.plot(
            [cut_off, cut_off], [min(ends), max(ends)], color=_INK, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1
        )
        axes.text(cut_off, min(ends), f"{cut_off:g}", color=_FAINT, fontsize=_SMALL, ha="center", va="bottom")


def bars_of(findings: Findings) -> list[Measurement]:
    """The areas of the sac to set side by side: of the levels with a name, else of some slices; the lowest first."""
    areas = [one for one in findings.measurements if one.measure == _SAC]
    named = [one for one in areas if not is_slice(one.level)]
    shown = (named or areas)[::-1]
    places = np.linspace(0, len(shown) - 1, min(len(shown), _MOST_BARS)).round().astype(int)
    return [shown[place] for place in places]


def has_curve(findings: Findings) -> bool:
    return len([one for one in bars_of(findings) if one.value is not None]) > 1


def draw_by_slice(axes: Axes, findings: Findings) -> None:
    """The area of the sac at each level as a bar, with its value and the cut-offs that hold there."""
    shown = bars_of(findings)
    values = [one.value or 0.0 for one in shown]
    most = max([_LEAST[_SAC], *values])
    axes.bar(range(len(shown)), values, width=0.55, color=_BAR, edgecolor=ACCENT, linewidth=1.2)
    axes.set_ylim(0, 1.15 * most)
    axes.set_xlim(-0.6, len(shown) - 0.4)
    axes.set_xticks(range(len(shown)), [one.level.removeprefix("slice ") for one in shown])
    axes.tick_params(colors=_FAINT, labelsize=_SMALL, length=0)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_HAIR)
    for place, one in enumerate(shown):
        missing = "not measured" if len(shown) <= _FEW_BARS else NOT_MEASURED
        text = missing if one.value is None else rounded(one)
        above = (one.value or 0.0) + 0.03 * most
        limits = {found.cut_off for found in one.comparisons}
        later = {found.cut_off for other in shown[place + 1 :] for found in other.comparisons}
        _mark_cut_offs(axes, place, limits, limits - later)
        axes.text(place, above, text, color=_INK, fontsize=_TEXT, ha="center", va="bottom").set_bbox(_OVER_LINES)


def _mark_cut_offs(axes: Axes, place: float, cut_offs: Collection[float], named: Collection[float]) -> None:
    """Dotted lines across a bar; only the last bar of each names it, so that names do not crowd."""
    ends: Floats = np.array([place - 0.4, place + 0.4])
    for cut_off in cut_offs:
        axes.plot(ends, [cut_off, cut_off], color=_INK, linewidth=0.9, linestyle=(0, (1, 1.5)))
        if cut_off in named:
            axes.text(ends[1], cut_off, f" {cut_off:g}", color=_FAINT, fontsize=_SMALL, va="center")
