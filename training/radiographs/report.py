"""Measures a model for radiographs on those held out and writes the report, with its failures in it.

    python -m training.radiographs.report xray --data DATA/xray --synthetic xray_synthetic --corners corners

Writes training/reports/xray.md with its figures (.json) and pictures; `--look FOLDER` also draws the cases over the
radiographs, which must not be passed on. `xray` is a model named as on the command line.
"""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from LumbarSegLib.core import models
from LumbarSegLib.core.models import Model
from training import runs
from training.data import aasce
from training.data.aasce import Listed
from training.data.pictures import read_grey
from training.errors import TrainingError
from training.experiment import read_experiment
from training.folds import folds_of
from training.radiographs import baseline, lateral_truth, measured, readers, regional, sheets, shown, summary
from training.radiographs.corner_regression import Regression
from training.radiographs.measured import Case, Found
from training.radiographs.page import Refused, Report, page
from training.radiographs.project import CONFIGS, HELD_OUT, held_out_of

_EVERY = 4  # of the radiographs are shown otherwise
_EVERY_LEARNED = 32  # of those trained on are measured too
_LATERALS = {"pixel spacing at the detector": True, "no pixel spacing": False}
_PAGE = Path(__file__).parents[1] / "reports" / "xray.md"


def held_out(data: Path) -> list[Listed]:
    """The radiographs that are held out. Raises TrainingError where one is missing."""
    names = held_out_of("radiographs/frontal.toml")
    listed = {one.path.stem: one for one in aasce.read_corners(data)}
    missing = [name for name in names if name not in listed]
    if missing:
        raise TrainingError(f"{data} lacks {len(missing)} held-out radiographs, the first {missing[0]}; give them all.")
    return [listed[name] for name in names]


def learned_from(data: Path) -> list[Listed]:
    """Some of the radiographs that were trained on."""
    split = folds_of(read_experiment(CONFIGS / "radiographs/frontal.toml"), aasce.read_aasce(data))[0].split
    names = sorted(split.training)[::_EVERY_LEARNED]
    return [one for one in aasce.read_corners(data) if one.path.stem in names]


def validating(data: Path) -> list[Listed]:
    """The radiographs that validated the first part of the training; none of the held-out ones. The later parts drew
    others to validate and learned from these.
    """
    names = folds_of(read_experiment(CONFIGS / "radiographs/frontal.toml"), aasce.read_aasce(data))[0].split.validation
    return [one for one in aasce.read_corners(data) if one.path.stem in names]


def measure(
    model: Model, data: Path, synthetic: str, corners: str | None, masks: Sequence[str]
) -> tuple[Report, dict[str, list[Any]]]:
    """All that the report says, and the panels of its pictures."""
    readers.read()  # before the hours that it comes after
    listed = held_out(data)
    founds = measured.find_all(listed, model)
    cases = _cases(listed, founds)
    trained_on = learned_from(data)
    learned = _cases(trained_on, measured.find_all(trained_on, model))
    pairs = [
        (regional.found_angles(found.findings), regional.marked_angles(case.marked))
        for found, case in zip(founds, cases, strict=True)
    ]
    fourth = listed[::_EVERY]
    otherwise = measured.shown_otherwise(fourth, model, shown.SAME_PLACE)
    otherwise["rods and screws drawn in"] = measured.with_implants(fourth, model)
    turned, turned_validating = (_turned(each, model) for each in (fourth, validating(data)))
    films = lateral_truth.read_films(runs.RUNS / synthetic / HELD_OUT)
    laterals = {name: lateral_truth.measure_films(films, model, known) for name, known in _LATERALS.items()}
    regression = Regression(corners) if corners else None
    others = baseline.measure(listed, data, regression) if regression else []
    alone = dataclasses.replace(model, corners=None)
    masks_alone = _cases(listed, measured.find_all(listed, alone)) if model.corners else cases
    trained = _iterations(*masks, corners) if corners else {}
    report = Report(
        model.info,
        cases,
        masks_alone,
        learned,
        regional.compare(pairs),
        cases[::_EVERY],
        otherwise,
        turned,
        turned_validating,
        laterals,
        others,
        baseline.compare(masks_alone, others) if others else [],
        baseline.compare(cases, masks_alone) if model.corners else [],
        trained,
        readers.read(),
    )
    return report, _panels(report)


def _cases(listed: Sequence[Listed], founds: Sequence[Found]) -> list[Case]:
    return [measured.case_of(one.path.stem, one.corners, found) for one, found in zip(listed, founds, strict=True)]


def _iterations(*names: str) -> dict[str, int]:
    """How long each of some runs learned, by its name and the run that it began from."""
    told = {}
    for name in names:
        facts = runs.read_facts(runs.fold_folder(name, 0))
        began = facts["experiment"]["start_from"]
        told[f"{name} (begun from {began})" if began else name] = int(facts["iterations"])
    return told


def _turned(listed: Sequence[Listed], model: Model) -> dict[str, Refused]:
    shown_so = measured.shown_turned(listed, model, shown.TURNED)
    return {name: _refused(refusals) for name, refusals in shown_so.items()}


def _refused(refusals: Sequence[str]) -> Refused:
    return Refused(len(refusals), sum(bool(one) for one in refusals), sum("turned" in one for one in refusals))


def _panels(report: Report) -> dict[str, list[Any]]:
    chosen = sheets.best_median_worst(report.cases)
    panels: dict[str, list[Any]] = {"cases": [sheets.panel_of(name, case) for name, case in chosen]}
    ranked = sorted(next(iter(report.laterals.values()), []), key=lambda case: -case.dice)
    if ranked:
        places = {"best": 0, "median": len(ranked) // 2, "worst": len(ranked) - 1}
        panels["lateral"] = [sheets.lateral_panel(name, ranked[place]) for name, place in places.items()]
    return panels


_SHOWN = {
    "cases": "Best, median and worst frontal radiograph, by corners (outlines alone: the images may not be passed on)",
    "lateral": "Best, median and worst synthetic lateral film, by Dice",
}


def figures_of(report: Report) -> dict[str, Any]:
    """The report for programs; `scores` is what the model file will say of itself."""
    dice = float(np.mean([case.dice for case in report.cases]))
    scores: list[dict[str, Any]] = [
        {"measured_on": f"{len(report.cases)} held-out frontal radiographs (AASCE)", "vertebra": dice}
    ]
    films = next(iter(report.laterals.values()), [])
    if films:
        synthetic = float(np.mean([case.dice for case in films]))
        on = f"{len(films)} synthetic lateral films of held-out patients, not validated on real ones"
        scores.append({"measured_on": on, "lateral_vertebra": synthetic})
    return {
        "weights_sha256": report.info.weights_sha256,
        "scores": scores,
        "figures": {
            one.name: {"mean": one.value.mean, "low": one.value.low, "high": one.value.high, "target": one.target}
            for one in summary.figures(report.cases)
        },
        "by_curve": {one.name: vars(one) for one in summary.by_curve(report.cases)},
        "against_regression": {
            one.what: {"masks": one.one, "regression": one.other, "p": one.p} for one in report.against
        },
        "against_masks_alone": {
            one.what: {"read in patches": one.one, "masks alone": one.other, "p": one.p} for one in report.read_again
        },
        "cases": {case.name: _figures_of_case(case) for case in report.cases},
        "lateral": {case.film.name: {"dice": case.dice, "lordosis": case.lordosis} for case in films},
    }


def _figures_of_case(case: Case) -> dict[str, Any]:
    found, true = case.angles
    return {
        "dice": case.dice,
        "found": len(case.matched.pairs),
        "marked": len(case.marked),
        "corner_error_percent": case.matched.error,
        "largest_cobb": {"found": found, "marked": true},
        "smape": case.smape,
    }


def look(report: Report, data: Path, folder: Path) -> None:
    """Draw the best, the median and the worst case over their radiographs, and those with the largest errors."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {one.path.stem: one.path for one in held_out(data)}
    worst = sorted(report.cases, key=lambda case: -np.nan_to_num(abs(case.angle_error), nan=360.0))[:6]
    for name, chosen in (
        ("cases", sheets.best_median_worst(report.cases)),
        ("largest_errors", [("", case) for case in worst]),
    ):
        panels = [sheets.panel_of(word, case, read_grey(paths[case.name]).astype(np.uint8)) for word, case in chosen]
        sheets.draw(panels, folder / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="xray")
    parser.add_argument("--data", type=Path, required=True, help="AASCE's folder")
    parser.add_argument("--synthetic", default="xray_synthetic", help="the run of training.radiographs.project")
    parser.add_argument("--corners", help="the run of training.radiographs.corner_regression to compare with")
    parser.add_argument("--masks", nargs="+", default=["frontal", "xray"], help="the runs that made the model")
    parser.add_argument("--report", type=Path, default=_PAGE)
    parser.add_argument("--look", type=Path, help="folder for pictures with the radiographs in them")
    parser.add_argument("--trust-model", action="store_true")
    arguments = parser.parse_args()
    model = models.open_model(models.find(arguments.model), "cpu", arguments.trust_model)
    report, panels = measure(model, arguments.data, arguments.synthetic, arguments.corners, arguments.masks)
    path = arguments.report
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = {}
    for name, chosen in panels.items():
        picture = path.with_name(f"{path.stem}-{name}.png")
        sheets.draw(chosen, picture)
        pictures[_SHOWN[name]] = picture.name
    figures = json.dumps(figures_of(report), indent=1)
    runs.write_whole(path.with_suffix(".json"), lambda part: part.write_text(figures + "\n", encoding="utf-8"))
    runs.write_whole(path, lambda part: part.write_text(page(report, pictures), encoding="utf-8"))
    if arguments.look:
        look(report, arguments.data, arguments.look)


if __name__ == "__main__":
    main()
