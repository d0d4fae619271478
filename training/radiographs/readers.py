"""What readers' own marks come to, beside the figures of a model: `training.radiographs.marks` measured it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.errors import TrainingError
from training.markdown import in_words, number, table
from training.radiographs import summary
from training.radiographs.measured import Case
from training.statistics import Estimate

FIGURES = Path(__file__).parents[1] / "reports" / "xray-marks.json"


def read() -> dict[str, Any]:
    """The figures of films that were marked twice. Raises TrainingError where they were not measured."""
    if not FIGURES.is_file():
        raise TrainingError(f"There is no {FIGURES.name}; make it with training.radiographs.marks first.")
    return dict(json.loads(FIGURES.read_text(encoding="utf-8")))


def section(readers: Mapping[str, Any], cases: Sequence[Case]) -> list[str]:
    """The figures of a model's `cases` beside those of readers, and without films whose copy was trained on."""
    rows = []
    for one in summary.figures(cases):
        own = (Estimate(**readers["readers"][one.name][kind]) for kind in ("two", "mean"))
        target = f"{'at least' if one.at_least else 'at most'} {one.target:g}"
        rows.append(
            [one.name, number(one.value.mean, one.digits), *(in_words(each, one.digits) for each in own), target]
        )
    return [
        "## Against the readers' own error",
        "",
        f"{readers['films']} times the set shows one film twice, with marks that were set anew",
        "([the report on marks](xray-marks.md)). The first marks scored as if a program had found them, and what a",
        "program would score that drew what readers draw in the mean: nothing that learns from such marks can be",
        "expected to come closer.",
        "",
        *table(["", "this model", "two sets of marks", "drawn as readers do in the mean", "should be"], rows),
        *_copies(readers, cases),
    ]


def _copies(readers: Mapping[str, Any], cases: Sequence[Case]) -> list[str]:
    copies = {name: twin for name, twin in readers["copies"].items() if name in {case.name for case in cases}}
    rest = [case for case in cases if case.name not in copies]
    if not copies or not rest:
        return []
    named = ", ".join(f"{_short(name)} as {_short(twin)}" for name, twin in copies.items())
    figures = ", ".join(f"{one.name} {number(one.value.mean, one.digits)}" for one in summary.figures(rest))
    return [
        f"Of the held-out radiographs the set shows {len(copies)} a second time, cut out otherwise, among those that",
        f"were trained on ({named}); that was seen after the training. Without these: {figures}.",
        "",
    ]


def _short(name: str) -> str:
    return name.rpartition("_")[2]
