"""Measures an axial model that leaves out one patient at a time and writes the report, with the failures in it.

    python -m training.axial.report axial_third --data DATA --report training/reports/axial-mr.md --ship axial-mr

The run has a fold for each patient with labels. Beside the page it writes its figures (.json) and its pictures (.png).
`--ship` names the model that is to be shipped, as on the command line: trained like those of the folds on all of the
patients, so its scores are theirs, and it is shown slices that nobody labelled.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from LumbarSegLib.core import anatomy, models
from LumbarSegLib.errors import ModelError
from training import runs
from training.axial import measured as measuring
from training.axial import sheets, summary, unlabelled
from training.axial.measured import T1, T2, Condition, Measured
from training.axial.page import page
from training.axial.unlabelled import Shipped
from training.data import mendeley
from training.data.cases import DataSet
from training.data.contact_sheet import Colour, class_colours
from training.data.sets import open_set
from training.errors import TrainingError


def write_report(run: str, data: Path, path: Path, ship: str | None = None, count: int = 24) -> Measured:
    """Measure a run and write the page `path`, its figures and its pictures; returns what was measured.

    `count` unlabelled slices are shown to the model `ship`. Nothing is written before all is measured. Raises
    TrainingError where the run or the data cannot be used, ModelError where there is no model `ship`.
    """
    dataset = open_set("mendeley", data, weighting=mendeley.BOTH)
    folds = measuring.leave_one_out(run, dataset)
    to_ship = models.open_model(models.find(ship), "cpu", accept_unlisted=True) if ship else None
    slices = unlabelled.choose(data, count) if ship else []
    measured = measuring.measure(folds, dataset)
    shipped = None
    if to_ship:
        if to_ship.info.weights_sha256 in measured.weights.values():
            raise TrainingError(f"{ship} is the model of a fold; give the one that was trained on all patients.")
        shipped = Shipped(to_ship.info, tuple(unlabelled.look(slices, to_ship, dataset)))
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = draw(measured, shipped, dataset, path)
    figures = json.dumps(figures_of(run, measured, shipped), indent=1)
    words = page(run, measured, shipped, pictures)
    runs.write_whole(path.with_suffix(".json"), lambda part: part.write_text(figures + "\n", encoding="utf-8"))
    runs.write_whole(path, lambda part: part.write_text(words, encoding="utf-8"))
    return measured


def draw(measured: Measured, shipped: Shipped | None, dataset: DataSet, path: Path) -> dict[str, str]:
    """Write the pictures beside a page; their file names by what they show."""
    t1, t2 = measured.of("T1"), measured.of("T2")
    wanted = {
        "The best, the median and the worst T1 slice": (sheets.case_panels(sheets.best_median_worst(t1)), "cases", 3),
        "All real T2 slices": (sheets.case_panels(t2), "t2", 6),
    }
    if shipped:
        looked = shipped.looked
        wanted["Slices that nobody labelled"] = (sheets.looked_panels(looked, False), "unlabelled", 6)
        wanted["The same slices made T2-like"] = (sheets.looked_panels(looked, True), "unlabelled-t2", 6)
    colours = _named_colours(dataset)
    names = {}
    for told, (panels, suffix, across) in wanted.items():
        if panels:
            names[told] = f"{path.stem}-{suffix}.png"
            sheets.write_sheet(panels, across, _WIDTHS[across], colours, path.with_name(names[told]))
    return names


_WIDTHS = {3: 330, 6: 200}  # pixels of a panel, by how many stand beside each other


def _named_colours(dataset: DataSet) -> dict[int, tuple[str, Colour]]:
    colours = class_colours(dataset)
    named = {value: name for value, name in enumerate(dataset.classes) if value in colours}
    words = {kind: f"{row.name}, {row.words}" for kind, row in anatomy.kinds_of(dataset.task).items()}
    return {value: (words[name], colours[value]) for value, name in named.items()}  # type: ignore[index]


def figures_of(run: str, measured: Measured, shipped: Shipped | None) -> dict[str, Any]:
    """The report for programs; `scores` is what the shipped model's file will say of itself.

    They are of the weights `weights_sha256`, by the patient who was left out, and stand for those of the shipped model,
    which cannot be measured on patients whom it was trained on.
    """
    return {
        "run": run,
        "weights_sha256": measured.weights,
        "stands_for_weights_sha256": shipped.info.weights_sha256 if shipped else None,
        "scores": _scores(measured),
        "targets": {"dice": summary.TARGETS, "largest_bias_percent": summary.LARGEST_BIAS_PERCENT},
        "reached": {
            "all slices": summary.reached(measured.conditions[T1], measured.patients),
            f"without {summary.DOUBTFUL}": summary.reached(
                summary.without_doubtful(measured.conditions[T1]), measured.patients
            ),
        },
        "conditions": {
            name: _figures(one, measured) for name, one in _with_doubtful_left_out(measured).items() if one.scores
        },
        "cases": {
            one.case.name: {
                "dice": {name: one.dice(name) for name in measured.classes[1:]},
                "ts_area_mm2": {"true": one.area.true, "found": one.area.found} if one.area else None,
            }
            for one in measured.answers
        },
        "changed_by_storage_order": measured.changed_by_order,
        "failures": measuring.failures(measured.answers, measured.classes),
        "unlabelled_consistency": {one.name: one.dice for one in shipped.looked} if shipped else {},
    }


def _with_doubtful_left_out(measured: Measured) -> dict[str, Condition]:
    left_out = {f"{T1}, without {summary.DOUBTFUL}": summary.without_doubtful(measured.conditions[T1])}
    return measured.conditions | left_out


def _scores(measured: Measured) -> list[dict[str, Any]]:
    """Dice by class, and on what, in the words of the model file."""
    rows = []
    how = "leave one patient out, by models trained like this one without the patient"
    for name, weighting in ((T1, "T1"), (T2, "real T2")):
        cases = measured.of(weighting[-2:])
        if cases:
            patients = len({one.case.patient for one in cases})
            dice = {
                kind: summary.dice(measured.conditions[name], kind, measured.patients).mean
                for kind in measured.classes[1:]
            }
            rows.append({"measured_on": f"{len(cases)} {weighting} slices of {patients} patients: {how}", **dice})
    return rows


def _figures(condition: Condition, measured: Measured) -> dict[str, Any]:
    dice = {name: asdict(summary.dice(condition, name, measured.patients)) for name in measured.classes[1:]}
    return {"dice": dice, "ts_area_mm2": asdict(summary.sac_area(condition, measured.patients))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--ship", help="the model that is to be shipped")
    parser.add_argument("--unlabelled", type=int, default=24, help="how many slices without labels to draw")
    arguments = parser.parse_args()
    try:
        write_report(arguments.run, arguments.data, arguments.report, arguments.ship, arguments.unlabelled)
    except (TrainingError, ModelError) as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
