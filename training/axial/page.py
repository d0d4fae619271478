"""The report on a measured axial model as Markdown."""

import datetime
import math
from collections.abc import Iterable, Sequence

import numpy as np

from LumbarSegLib import RESEARCH_USE
from training.axial import outline, summary
from training.axial.measured import T1, T2, Answer, Condition, Measured, failures
from training.axial.summary import DOUBTFUL, LARGEST_BIAS_PERCENT, TARGETS
from training.axial.unlabelled import Looked, Shipped
from training.markdown import in_words, number, table

_CONSISTENT = 0.8  # Dice between two answers below which a slice is named


def page(run: str, measured: Measured, shipped: Shipped | None, pictures: dict[str, str]) -> str:
    """The whole report; `pictures` are file names by what they show."""
    title = shipped.info.name if shipped else run
    return "\n".join(
        [
            f"# {title}: leave one patient out",
            "",
            f"Written by `training.axial.report` on {datetime.date.today().isoformat()} from the run `{run}`. "
            f"{RESEARCH_USE}",
            "",
            *_how(measured, shipped),
            *_targets(measured),
            *_cases(measured),
            *_label_error(measured),
            *_conditions(measured),
            *_failures(measured),
            *_pictures(pictures),
            *(_unlabelled(shipped, measured.classes) if shipped else []),
            *_weights(measured, shipped),
        ]
    )


def _how(measured: Measured, shipped: Shipped | None) -> list[str]:
    told = [
        f"Each of the {len(measured.patients)} patients with labels is measured by the exported model of the fold that",
        "learned nothing of this patient, through the code that segments a user's image, on the slice's own pixels.",
        "Means are over patients, with 95 % bootstrap intervals in brackets; with so few patients these are themselves",
        "rough.",
    ]
    if shipped:
        told += [
            f"The model that ships, {shipped.info.name} {shipped.info.version}, is trained on all of these patients,",
            "as its card says, and cannot be measured on them: the figures are those of its siblings.",
        ]
    return [*told, ""]


def _targets(measured: Measured) -> list[str]:
    shown = measured.conditions[T1]
    sides = [shown, summary.without_doubtful(shown)]
    return [
        "## Against the targets: T1",
        "",
        *table(
            ["what", "target", "all slices", "reached", f"without {DOUBTFUL}", "reached"],
            [
                *(_target(measured, sides, name) for name in TARGETS),
                ["bias of the TS area, %", f"within ±{LARGEST_BIAS_PERCENT:.0f}", *_bias_cells(measured, sides)],
            ],
        ),
        f"The label of {DOUBTFUL} shows only 38 pixels of sac, a remainder of a published figure: a right answer there",
        "counts as wrong. Bias is found minus true, in per cent of the true area of each case; positive is too large.",
        "",
        *table(
            ["area of TS", "all slices", f"without {DOUBTFUL}"],
            _area_rows([summary.sac_area(side, measured.patients) for side in sides]),
        ),
        "Limits of agreement (Bland and Altman) are over the cases; they hold 95 % of the differences if these are",
        "normal. For comparison: the one published figure for this data set is a mean absolute error of 23.7 mm²",
        "(Ghobrial and Roth 2025, 10.3389/fradi.2025.1503625; 5 folds over all of its patients).",
        "",
    ]


def _target(measured: Measured, sides: Sequence[Condition], name: str) -> list[str]:
    cells = []
    for side in sides:
        found = summary.dice(side, name, measured.patients)
        cells += [in_words(found, 3), _yes(summary.reached(side, measured.patients)[name])]
    return [f"Dice {name.upper()}", f"≥ {TARGETS[name]:.2f}", *cells]


def _bias_cells(measured: Measured, sides: Sequence[Condition]) -> list[str]:
    cells = []
    for side in sides:
        bias = summary.sac_area(side, measured.patients).bias_percent
        cells += [in_words(bias, 1, signed=True), _yes(summary.reached(side, measured.patients)["bias"])]
    return cells


def _area_rows(sides: Sequence[summary.SacArea]) -> Iterable[list[str]]:
    yield ["bias, mm²", *(in_words(one.bias, 1, signed=True) for one in sides)]
    yield ["all found against all true area, %", *(number(one.of_all_percent, 1, signed=True) for one in sides)]
    yield ["mean absolute error, mm²", *(in_words(one.error, 1) for one in sides)]
    yield [
        "limits of agreement, mm²",
        *(" to ".join(number(value, 1, signed=True) for value in one.limits) for one in sides),
    ]


def _cases(measured: Measured) -> list[str]:
    lines = []
    for weighting, told in (("T1", "T1, case by case"), ("T2", "Real T2 of the same slices, case by case")):
        answers = measured.of(weighting)
        if answers:
            names = measured.classes[1:]
            head = ["case", *(f"Dice {name.upper()}" for name in names), "TS true, mm²", "found", "error", "error, %"]
            mean = measured.conditions[T1 if weighting == "T1" else T2]
            sides = {"mean over patients": mean, f"without {DOUBTFUL}": summary.without_doubtful(mean)}
            means = [[f"**{label}**", *_means(side, measured, ["", ""])] for label, side in sides.items()]
            lines += [f"## {told}", "", *table(head, [*(_case(one, names) for one in answers), *means])]
    if measured.of("T2"):
        lines += [
            "These T2 images were recovered from figures of about 300 pixels and are blurred as a scanner's are not.",
            "Their reference is the label of the T1 slice.",
            "",
        ]
    return lines


def _case(one: Answer, names: Sequence[str]) -> list[str]:
    true, found = (one.area.true, one.area.found) if one.area else (math.nan, math.nan)
    percent = 100 * (found / true - 1) if true else math.nan
    cells = [number(one.dice(name), 3) for name in names]
    areas = [number(true, 1), number(found, 1), number(found - true, 1, signed=True), number(percent, 1, signed=True)]
    return [one.case.name, *cells, *areas]


def _means(condition: Condition, measured: Measured, between: Sequence[str] = ()) -> list[str]:
    """Mean Dice of each class and the bias of the sac's area in mm² and per cent; `between` stands before the bias."""
    scored = [number(summary.dice(condition, name, measured.patients).mean, 3) for name in measured.classes[1:]]
    area = summary.sac_area(condition, measured.patients)
    return [*scored, *between, *(number(one.mean, 1, signed=True) for one in (area.bias, area.bias_percent))]


def _label_error(measured: Measured) -> list[str]:
    answers, classes = measured.of("T1"), measured.classes
    rows = []
    for pixels in outline.MOVED_PX:
        scored = [outline.worth(answers, value, pixels) for value in range(1, len(classes))]
        side = "inward" if pixels < 0 else "outward"
        change = number(scored[classes.index("ts") - 1][1], 1, signed=True)
        rows.append([f"{abs(pixels)} px {side}", *(number(dice, 3) for dice, _ in scored), change])
    return [
        "## What of it is the labels' own error",
        "",
        "The labels were recovered from published figures of 227 to 302 pixels and laid on slices of 320: their",
        "outline may be off by about one pixel, in places two. So all Dice, most of all those of TS and AAP, and every",
        "error of an area here partly measure the labels and not the model. This is how a label scores against itself",
        "with its whole outline moved:",
        "",
        *table(["outline moved", *(f"Dice {name.upper()}" for name in classes[1:]), "area of TS, %"], rows),
    ]


def _conditions(measured: Measured) -> list[str]:
    *shown, real_t2 = measured.conditions.values()
    if real_t2.scores:
        shown += [summary.with_real_t2(measured.conditions[T1], real_t2), real_t2]
    rows = [[one.name, *_means(one, measured), _means(summary.without_doubtful(one), measured)[-1]] for one in shown]
    if measured.changed_by_order:
        changed = [f"- {name}: {count} pixels" for name, count in measured.changed_by_order.items()]
        order = ["**The storage order changed the answer:**", "", *changed]
    else:
        order = ["In every storage order each pixel got the same class."]
    return [
        "## The same slices shown otherwise",
        "",
        "Means over patients. T2-like slices are made from the T1 image and its reference by `training/feed/t2.py`, as",
        "some of those are that the networks learned from: they are no real T2, and easier than one.",
        "",
        *table(
            [
                "shown",
                *(f"Dice {name.upper()}" for name in measured.classes[1:]),
                "bias TS, mm²",
                "%",
                f"%, without {DOUBTFUL}",
            ],
            rows,
        ),
        *order,
        "",
    ]


def _failures(measured: Measured) -> list[str]:
    told = failures(measured.answers, measured.classes)
    return [
        "## Failures",
        "",
        f"{len(told)} of {len(measured.answers)} cases, T1 and T2 counted apart: TS or IVD is missing or in more than",
        "one piece, or Dice TS is below 0.5.",
        "",
        *(f"- {line}" for line in told),
        *([""] if told else []),
    ]


def _pictures(pictures: dict[str, str]) -> list[str]:
    return ["## Pictures", "", *(line for told, name in pictures.items() for line in (f"![{told}]({name})", ""))]


def _unlabelled(shipped: Shipped, classes: Sequence[str]) -> list[str]:
    looked = shipped.looked
    rows = []
    for name in classes[1:]:
        values = [one.dice[name] for one in looked if math.isfinite(one.dice[name])]
        found, again = (sum(bool((side == classes.index(name)).any()) for side in sides) for sides in _sides(looked))
        shown = [number(float(function(values)), 3) if values else "" for function in (np.mean, np.min)]
        rows.append([name.upper(), *shown, f"{found} of {len(looked)}", f"{again} of {len(looked)}"])
    weak = [one for one in looked if one.dice["ts"] < _CONSISTENT or one.dice["ivd"] < _CONSISTENT]
    return [
        "## Slices that nobody labelled: consistency, not accuracy",
        "",
        f"{len(looked)} T1 slices of patients of whom nothing was used in training, drawn by a seed. What the model",
        "that ships found in each served as classes to make the slice T2-like, and that was segmented again. Dice",
        "between the two answers says whether they agree, not whether they are right.",
        "",
        *table(["region", "mean Dice", "least", "found", "found in T2-like"], rows),
        f"Below {_CONSISTENT} in IVD or TS: {', '.join(one.name for one in weak) or 'none'}.",
        "",
    ]


def _sides(looked: Sequence[Looked]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    return [one.found for one in looked], [one.again for one in looked]


def _weights(measured: Measured, shipped: Shipped | None) -> list[str]:
    rows = [[f"without {patient}", f"`{weights}`"] for patient, weights in measured.weights.items()]
    if shipped:
        rows.append([f"ships: {shipped.info.name} {shipped.info.version}", f"`{shipped.info.weights_sha256}`"])
    return ["## Weights", "", *table(["model", "SHA-256 of its weights"], rows)]


def _yes(reached: bool) -> str:
    return "yes" if reached else "**no**"
