"""The report on a model for radiographs as Markdown."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from LumbarSegLib.core.models import ModelInfo
from training import statistics
from training.markdown import in_words, number, table
from training.radiographs import readers, summary
from training.radiographs.baseline import Against
from training.radiographs.lateral_truth import LateralCase
from training.radiographs.measured import Case
from training.radiographs.regional import Regional

_CHALLENGE = ("largest", "second", "third")


class Refused(NamedTuple):
    """Of how many radiographs nothing was measured, and how many of those were said to be turned."""

    shown: int
    refused: int
    told: int


@dataclass(frozen=True, eq=False)
class Report:
    """All that was measured. `masks_alone` are the cases without the network that reads corners again; where none does
    they are the same. `learned` are cases of radiographs that were trained on, `otherwise` those of every fourth
    radiograph by how it was shown, `as_they_are` those radiographs plain, `turned` what became of them shown turned,
    `turned_validating` of those that validated the first part of the training, by which limits were set. `laterals` are
    the synthetic films by what is known of them, `readers` what readers' own marks come to. `against` are masks alone
    beside the regression, `read_again` the corners read in patches beside masks alone.
    """

    info: ModelInfo
    cases: Sequence[Case]
    masks_alone: Sequence[Case]
    learned: Sequence[Case]
    regional: Sequence[Regional]
    as_they_are: Sequence[Case]
    otherwise: Mapping[str, Sequence[Case]]
    turned: Mapping[str, Refused]
    turned_validating: Mapping[str, Refused]
    laterals: Mapping[str, Sequence[LateralCase]]
    regression: Sequence[Case]
    against: Sequence[Against]
    read_again: Sequence[Against]
    trained: Mapping[str, int]
    readers: Mapping[str, Any]


def page(report: Report, pictures: Mapping[str, str]) -> str:
    """The report; `pictures` are file names by what they show."""
    info = report.info
    return "\n".join(
        [
            f"# {info.title}: scores of {info.name} {info.version}",
            "",
            f"SHA-256 of the weights `{info.weights_sha256}`.",
            *_corner_model(info),
            f"Written by `training.radiographs.report` on {datetime.date.today().isoformat()}.",
            "",
            f"{len(report.cases)} frontal radiographs of AASCE's training part, held out with all that resembles",
            "one of them (`training/radiographs/relatives.py`); no image of them was trained on or chose weights.",
            "The limits by which the program picks the scale of a film, tells one that is turned and refuses what is",
            "no spine (`core/inference_radiograph.py`) are set by films that validated the first part of the training",
            "and were learned from in the later ones (`training.radiographs.limits`); the way in which it looks was",
            "designed when some of the held-out ones were in view; how corners are read in patches was designed on 36",
            "others (`configs/radiographs/vertebrae.toml`). The set names no patients, so one on both sides",
            "whose images look different cannot be ruled out. What is measured is the exported file through the code",
            "that segments a user's image, from the JPEG as published, without pixel size.",
            "The reference is one set of corners for each image.",
            "",
            *_figures(report),
            *readers.section(report.readers, report.cases),
            *_angles(report),
            *_against(report),
            *_otherwise(report),
            *_laterals(report),
            *_failures(report),
            *(line for what, name in pictures.items() for line in (f"## {what}", "", f"![{what}]({name})", "")),
        ]
    )


def _corner_model(info: ModelInfo) -> list[str]:
    if info.corners is None:
        return []
    one = info.corners
    return [f"Corners are read by {one.name} {one.version}, SHA-256 of the weights `{one.weights_sha256}`."]


def _figures(report: Report) -> list[str]:
    rows = [
        [
            one.name,
            in_words(one.value, one.digits),
            f"{'at least' if one.at_least else 'at most'} {one.target:g}",
            "yes" if one.reached else "**no**",
            number(alone.value.mean, alone.digits),
            in_words(learned.value, learned.digits),
        ]
        for one, alone, learned in zip(
            *(summary.figures(cases) for cases in (report.cases, report.masks_alone, report.learned)), strict=True
        )
    ]
    errors = summary.all_errors(report.cases)
    marked = sum(len(case.marked) for case in report.cases)
    found = sum(len(case.matched.pairs) for case in report.cases)
    extra = sum(len(case.matched.extra) for case in report.cases)
    without = [case for case in report.cases if not np.isfinite(case.angles[0])]
    return [
        "## Held-out frontal radiographs",
        "",
        "Means over radiographs, with 95 % intervals (bootstrap over radiographs). Masks alone are the same without",
        "the network that reads corners in patches along what is drawn. The last column is of",
        f"{len(report.learned)} radiographs that were trained on: what is no better there is no matter of learning",
        "more by heart, but of the marks and of what the network can see.",
        "",
        *table(["", "mean", "should be", "reached", "masks alone", "trained on"], rows),
        f"Of {marked} marked vertebrae {found} are found as one vertebra with corners; {extra} found ones between them",
        f"belong to none. Over all {errors.size} corners the error has a mean of {number(float(errors.mean()), 2)} %",
        f"of the endplate, a median of {number(float(np.median(errors)), 2)} % and a 95th percentile of "
        f"{number(float(np.percentile(errors, 95)), 1)} %.",
        f"No angle can be given in {len(without)} of {len(report.cases)} radiographs"
        + (f": {', '.join(case.name for case in without)}." if without else "."),
        "These count as 100 % in the SMAPE and are left out of the errors in degrees.",
        "",
    ]


def _angles(report: Report) -> list[str]:
    groups = [
        [one.name, one.cases, one.without, number(one.error, 2), number(one.bias, 2, signed=True)]
        for one in summary.by_curve(report.cases)
    ]
    three = np.array([case.three_errors for case in report.cases])
    challenge = [
        [name, in_words(statistics.mean_of(np.abs(column)), 2), number(float(np.nanmean(column)), 2, signed=True)]
        for name, column in zip(_CHALLENGE, three.T, strict=True)
    ]
    regional = [
        [one.measure, len(one.differences), number(one.error, 2), number(one.bias, 2, True), *_alone(one)]
        for one in report.regional
    ]
    low, high = statistics.limits_of_agreement([e for e in (c.angle_error for c in report.cases) if np.isfinite(e)])
    return [
        "## Angles",
        "",
        "The largest Cobb angle by its size as marked, by the program's own rule from found and from marked corners;",
        "the bias is found minus marked. 95 % limits of agreement",
        f"{number(low, 1, True)}° to {number(high, 1, True)}°.",
        "",
        *table(["largest curve", "radiographs", "no angle", "mean error, °", "bias, °"], groups),
        "The three angles as the challenge measures them, on the middle lines of the vertebrae:",
        "",
        *table(["angle", "mean error, °", "bias, °"], challenge),
        "The program's three angles, each where a curve has its apex in a region, counted from the lowest vertebra.",
        "Where only one of both sees a curve (of 5° or more), or sees it in that region, there is no error to give.",
        "",
        *table(["measure", "both", "mean error, °", "bias, °", "only marked", "only found"], regional),
    ]


def _alone(one: Regional) -> tuple[int, int]:
    return one.only_marked, one.only_found


def _against(report: Report) -> list[str]:
    return [*_read_again(report), *_regressed(report)]


def _read_again(report: Report) -> list[str]:
    if not report.read_again:
        return []
    return [
        "## Corners read in patches against masks alone",
        "",
        "A second network looks at each vertebra that is drawn by itself, upright and always as wide",
        "(`core/corner_reading.py`). The same radiographs with and without it, paired, Wilcoxon's signed-rank test,",
        "two-sided.",
        "",
        *_paired("in patches", "masks alone", report.read_again),
    ]


def _regressed(report: Report) -> list[str]:
    if not report.against:
        return []
    iterations = ", ".join(f"{name} {count}" for name, count in report.trained.items())
    return [
        "## Corners from masks alone against corners that a network regresses",
        "",
        "The same network with another last layer finds the centres of the vertebrae and regresses the way to their",
        "four corners (after Yi et al., arXiv 2001.03187; `training/radiographs/corner_regression.py`), trained on the",
        f"real radiographs with the same augmentation. Iterations: {iterations}. What was begun from another run took",
        "over all of its network but the last layer. About a third of what the masks learned from in their second part",
        "was synthetic. So the two were not taught equally long. Paired in the same way.",
        "",
        *_paired("masks", "regression", report.against),
    ]


def _paired(one: str, other: str, rows: Sequence[Against]) -> list[str]:
    return table(
        ["error", one, other, f"{one} - {other}", f"{one} better", "p"],
        [
            [
                row.what,
                number(row.one, 2),
                number(row.other, 2),
                in_words(row.difference, 2, signed=True),
                f"{row.wins} of {row.difference.patients}",
                f"{row.p:.2g}",
            ]
            for row in rows
        ],
    )


def _otherwise(report: Report) -> list[str]:
    rows = [_shown("as they are", report.as_they_are)]
    rows += [_shown(name, cases) for name, cases in report.otherwise.items()]
    turned = [
        [name, *(f"{one.refused} of {one.shown}, {one.told}" for one in (seen, report.turned_validating[name]))]
        for name, seen in report.turned.items()
    ]
    return [
        "## The same radiographs shown otherwise",
        "",
        "Every fourth of them.",
        "",
        *table(["shown", "Dice", "vertebrae found, %", "corners, %", "largest Cobb, °", "no angle"], rows),
        "How many of the turned ones nothing was measured in, and how many of those were told to be turned. The limits",
        "were set on those that validated the first part of the training.",
        "",
        *table(["shown", "every fourth held-out one", "those that validated"], turned),
    ]


def _shown(name: str, cases: Sequence[Case]) -> list[object]:
    one = {figure.name: figure for figure in summary.figures(cases)}
    dice, found, corners, largest, _ = one.values()
    without = sum(not np.isfinite(case.angles[0]) for case in cases)
    return [
        name,
        *(number(figure.value.mean, figure.digits) for figure in (dice, found, corners, largest)),
        without,
    ]


def _laterals(report: Report) -> list[str]:
    shown = report.laterals
    if not shown:
        return []
    films = [case.film for case in next(iter(shown.values()))]
    patients = {film.name.split("_")[1] for film in films}
    columns = [_lateral_column(cases) for cases in shown.values()]
    return [
        "## Synthetic lateral films: experimental, not validated on real lateral radiographs",
        "",
        f"{len(films)} films projected from SPIDER's masks of {len(patients)} patients of whom nothing was learned",
        "(`training/radiographs/project.py`). They are drawn by the rules of those that were learned from, so these",
        "figures say that the path works, and nothing of real lateral radiographs, which may come out much worse.",
        "The true corners are those of the sagittal measures in the middle of each body.",
        "",
        *table(["", *shown], [[name, *(column[name] for column in columns)] for name in columns[0]]),
    ]


def _lateral_column(cases: Sequence[LateralCase]) -> dict[str, str]:
    errors = np.concatenate([case.matched.errors.ravel() for case in cases])
    lordosis = np.array([found - true for found, true in (case.lordosis for case in cases)])
    known = lordosis[np.isfinite(lordosis)]
    bodies = sum(len(case.film.corners) for case in cases)
    found = sum(len(case.matched.pairs) for case in cases)
    views = sum(case.found.view == "lateral" for case in cases)
    return {
        "Dice of the bodies": number(float(np.mean([case.dice for case in cases])), 3),
        "told to be lateral": f"{views} of {len(cases)}",
        "nothing measured": f"{sum(bool(case.found.refusal) for case in cases)} of {len(cases)}",
        "whole bodies found": f"{found} of {bodies}",
        "corner error, % of the endplate, mean and median": _mean_median(errors),
        "lordosis L1-L5, mean error": f"{number(float(np.abs(known).mean()), 2)}°" if len(known) else "none",
        "lordosis L1-L5, bias": f"{number(float(known.mean()), 2, True)}°" if len(known) else "none",
        "without a lordosis": f"{len(lordosis) - len(known)} of {len(cases)}",
    }


def _mean_median(errors: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> str:
    if not errors.size:
        return "none"
    return f"{number(float(errors.mean()), 2)}, {number(float(np.median(errors)), 2)}"


def _failures(report: Report) -> list[str]:
    lines = []
    for case in report.cases:
        told = [case.refusal] if case.refusal else []
        if not case.refusal and case.matched.missed:
            missed = len(case.matched.missed)
            told.append(f"{missed} {'vertebra' if missed == 1 else 'vertebrae'} missed")
        if case.matched.extra:
            told.append(f"{len(case.matched.extra)} too many")
        if abs(case.angle_error) > 10:
            told.append(f"largest Cobb angle {case.angles[0]:.1f}° for {case.angles[1]:.1f}°")
        if told:
            lines.append(f"- {case.name}: {', '.join(told)}")
    return ["## Failures", "", *(lines or ["None."]), ""]
