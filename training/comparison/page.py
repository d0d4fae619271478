"""The page of a comparison, as HTML and as Markdown of the same content."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from LumbarSegLib import RESEARCH_USE
from training import scores
from training.comparison import charts, tables
from training.comparison.gather import Run
from training.comparison.tables import DICE, SHOWN, Metric, class_name
from training.comparison.verdict import Verdict, primary, tests_of
from training.data.cases import DataSet
from training.statistics import RESAMPLES, PairedTest

_TEMPLATES = Path(__file__).parent
_SCALES = {"sagittal": "volume", "axial": "slice", "xray": "radiograph"}


@dataclass(frozen=True)
class Picture:
    """A picture beside the page: its file, what it is in a few words, and its caption."""

    file: str
    title: str
    caption: str


@dataclass(frozen=True)
class ClassTable:
    """The metrics of one class: headings, and for each run its cells."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tables.Cell, ...]], ...]


@dataclass(frozen=True)
class Page:
    """All that the page says, before it is laid out."""

    title: str
    runs: Sequence[Run]
    dataset: DataSet
    verdict: Verdict
    pictures: Sequence[Picture]
    charts: Sequence[Picture]


def write(page: Page, folder: Path) -> None:
    """Write `index.html` and `README.md`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=jinja2.select_autoescape(("html.j2",)),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    content = _content(page)
    lines = environment.get_template("notes.j2").render(content).splitlines()
    content["notes"] = [line for line in lines if line]
    for template, name in (("page.html.j2", "index.html"), ("page.md.j2", "README.md")):
        text = environment.get_template(template).render(content)
        (folder / name).write_text(text, encoding="utf-8")


def _content(page: Page) -> dict[str, Any]:
    runs, task = page.runs, page.runs[0].task
    families = _families(runs)
    return {
        "page": page,
        "research_use": RESEARCH_USE,
        "scale": _SCALES[task],
        "patients": len(runs[0].patients),
        "cases": len(runs[0].cases),
        "split": _split(runs[0]),
        "summary": [_summary(run, page, place) for place, run in enumerate(runs)],
        "deciding": class_name(task, primary(runs[0])),
        "classes": [_class_table(runs, name) for name in runs[0].rows],
        "families": families,
        "too_few": _too_few(families),
        "facts": [_facts(run) for run in runs],
        "machines": list(dict.fromkeys(run.machine for run in runs)),
        "unit": runs[0].unit,
        "resamples": RESAMPLES,
        "task": task,
        "unequal_minutes": _unequal([_minutes(run) for run in runs]),
    }


def _class_table(runs: Sequence[Run], name: str) -> ClassTable:
    shown = [metric for metric in SHOWN if _has(runs, name, metric)]
    return ClassTable(
        class_name(runs[0].task, name),
        tuple(metric.heading(runs[0].unit) for metric in shown),
        tuple((run.name, tuple(tables.cell(run, name, metric, runs) for metric in shown)) for run in runs),
    )


def _has(runs: Sequence[Run], name: str, metric: Metric) -> bool:
    return any(tables.estimate(run, name, metric).patients for run in runs)


def _summary(run: Run, page: Page, place: int) -> dict[str, Any]:
    """A line of the first table: what one looks for when choosing."""
    name = primary(run)
    missed, false_alarms = tables.failures(run)
    return {
        "run": run.name,
        "color": charts.color_of(place),
        "network": run.network,
        "leads": run.name == page.verdict.leader,
        "dice": tables.cell(run, name, DICE, page.runs),
        "lowest": f"{np.nanmin(scores.by_patient(run.scores, name, 'dice', run.patients)):.3f}",
        "missed": missed,
        "false_alarms": false_alarms,
        "milliseconds": f"{run.milliseconds:.0f}",
        "parameters": f"{run.facts[0]['parameters'] / 1e6:.2f}",
        "megabytes": f"{run.speed[0]['model_mb']:.1f}",
        "minutes": f"{_minutes(run):.1f}",
    }


def _families(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The tests on the row that decides, and those on each structure; each class is corrected on its own."""
    return [
        {"title": class_name(runs[0].task, name), "tests": [_test(test) for test in tests_of(runs, name)]}
        for name in runs[0].rows
    ]


def _test(test: PairedTest) -> dict[str, Any]:
    known = test.difference.patients
    interval = f"{test.difference.low:+.3f} to {test.difference.high:+.3f}" if known > 1 else ""
    return {
        "pair": f"{test.first} minus {test.second}",
        "difference": f"{test.difference.mean:+.3f}" if known else "",
        "interval": interval,
        "wins": f"{test.wins} of {known}",
        "p": _p(test.p),
        "corrected": _p(test.corrected_p),
        "floor": test.smallest_p,
    }


def _too_few(families: Sequence[dict[str, Any]]) -> str:
    """How small p could become at best, where that is not small enough."""
    floor = max((test["floor"] for family in families for test in family["tests"]), default=0.0)
    return _p(floor) if floor > 0.05 else ""


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _facts(run: Run) -> dict[str, str]:
    """How a run was made, over its folds."""
    facts = run.facts
    return {
        "run": run.name,
        "network": run.network,
        "minutes": _each([f"{fold['seconds'] / 60:.1f}" for fold in facts]),
        "iterations": _each([str(fold["iterations"]) for fold in facts]),
        "stopped": _each([str(fold["stopped"]) for fold in facts]),
        "seed": _each([str(fold["seed"]) for fold in facts]),
        "feeding": _each([f"{100 * fold['feeding_share']:.0f}" for fold in facts]),
        "memory": f"{max(fold['peak_memory_mb'] for fold in facts) / 1000:.1f}",
        "machine": _each([str(fold["machine"]) for fold in facts]),
    }


def _each(values: Sequence[str]) -> str:
    """One word where all folds agree, else one for each."""
    return values[0] if len(set(values)) == 1 else ", ".join(values)


def _minutes(run: Run) -> float:
    return float(statistics.median(fold["seconds"] / 60 for fold in run.facts))


def _unequal(minutes: Sequence[float]) -> bool:
    return max(minutes) > 1.1 * min(minutes)


def _split(run: Run) -> str:
    trained = [len(fold["patients"]["training"]) for fold in run.facts]
    chosen = [len(fold["patients"]["validation"]) for fold in run.facts]
    least, most = min(trained), max(trained)
    how = f"{least}" if least == most else f"{least} to {most}"
    by = f", {max(chosen)} more to choose the weights by" if max(chosen) else ""
    if len(run.folders) == 1:
        return f"One split by patient: {how} to train on{by}, {len(run.patients)} tested."
    return (
        f"{len(run.folders)} folds by patient, each patient tested once: {how} to train on in each fold{by}; "
        f"the {len(run.patients)} tested patients of all folds together."
    )
