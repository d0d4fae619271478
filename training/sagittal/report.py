"""Measures a sagittal model on held-out patients and writes the report, with the failures in it.

    python -m training.sagittal.report sagittal-mr --data DATA/sagittal \\
        --config training/configs/sagittal_settled.toml --report training/reports/sagittal-mr.md

A model is named as on the command line; `--trust-model` for a file that is not shipped. Dice is taken over
the whole volume of the named segments on the image's own grid, for each patient, and averaged over patients.
"""

import argparse
import datetime
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from tqdm import tqdm

from LumbarSegLib.core import inference, levels, models, preprocess
from LumbarSegLib.core.models import Model
from training.data import spider
from training.data.cases import Case
from training.experiment import read_experiment
from training.instances import dice_by_instance
from training.markdown import table
from training.sagittal import tse_reference
from training.sagittal.perturb import perturbations

KINDS = {"vertebra": spider.VERTEBRA, "disc": spider.DISC, "canal": spider.CANAL}


@dataclass
class InstanceCount:
    """Whole vertebrae and discs of the reference: how many are one instance of the result, and what went
    wrong elsewhere.
    """

    whole: int = 0
    found: int = 0
    misordered: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass
class Condition:
    """One way of showing the held-out images: Dice by patient (vertebra, disc, canal) and the instances.

    `by_instance` holds kind and Dice of each whole structure of the reference.
    """

    name: str
    dice: dict[str, list[float]] = field(default_factory=dict)
    instances: InstanceCount = field(default_factory=InstanceCount)
    by_instance: list[tuple[str, float]] = field(default_factory=list)

    def mean(self) -> list[float]:
        return [float(v) for v in np.mean(list(self.dice.values()), axis=0)]

    def mean_by_instance(self) -> list[float]:
        return [float(np.mean([score for kind, score in self.by_instance if kind == wanted])) for wanted in KINDS]


def dice_by_kind(found: sitk.Image, truth: sitk.Image) -> list[float]:
    """Dice of vertebra, disc and canal of two class maps on one grid; a structure absent from both counts
    as nan.
    """
    a, b = sitk.GetArrayViewFromImage(found), sitk.GetArrayViewFromImage(truth)
    scores = []
    for value in KINDS.values():
        total = int((a == value).sum()) + int((b == value).sum())
        scores.append(2 * int(((a == value) & (b == value)).sum()) / total if total else float("nan"))
    return scores


def count_instances(found: levels.Spine, truth: levels.Spine, count: InstanceCount, where: str) -> None:
    """Match each whole reference vertebra and disc to the one predicted instance of its kind that covers it.

    Found means: exactly one predicted instance covers more than half of it, that one covers no second
    reference instance for more than half, and no other predicted instance covers a quarter of it. Order:
    found labels must rise with the reference's.
    """
    predicted = sitk.GetArrayViewFromImage(found.labels)
    reference = sitk.GetArrayViewFromImage(truth.labels)
    for kind in ("vertebra", "disc"):
        matched: list[int] = []
        for instance in truth.instances:
            if instance.structure.kind != kind or instance.partly_visible:
                continue
            count.whole += 1
            inside = predicted[reference == instance.structure.label]
            kind_labels = {i.structure.label for i in found.instances if i.structure.kind == kind}
            share = np.bincount(inside, minlength=256) / len(inside)
            covering = [label for label in kind_labels if share[label] > 0.25]
            if len(covering) == 1 and share[covering[0]] > 0.5 and covering[0] not in matched:
                count.found += 1
                matched.append(covering[0])
            else:
                count.failures.append(f"{where}: {instance.structure.name} ({len(covering)} instances on it)")
        if matched != sorted(matched):
            count.misordered += 1
            count.failures.append(f"{where}: {kind} order is wrong")


def measure(model: Model, cases: Iterable[Case]) -> list[Condition]:
    conditions = {name: Condition(name) for name in ["as published", *perturbations()]}
    for one in tqdm(list(cases), desc="patients"):
        image = preprocess.to_stack_order(one.read_image())
        classes = preprocess.to_stack_order(one.read_classes())
        shown = {"as published": (one.read_image(), one.read_classes())}
        shown |= {name: change(image, classes) for name, change in perturbations().items()}
        for name, (changed, truth) in shown.items():
            condition = conditions[name]
            found = inference.segment_labels(changed, model)
            spine, reference = levels.find_levels(found), levels.find_levels(truth)
            condition.dice[one.patient] = dice_by_kind(spider.classes_of(spine.labels), truth)
            condition.by_instance.extend(dice_by_instance(spine, reference))
            count_instances(spine, reference, condition.instances, f"{one.name}, {name}")
    return list(conditions.values())


def measure_slices(model: Model, data: Path, cases: Iterable[Case]) -> dict[str, list[float] | None]:
    """Dice on real TSE slices against registered labels; None where the registration failed."""
    scores: dict[str, list[float] | None] = {}
    for one in tse_reference.registered_slices(data, cases):
        found = inference.segment_labels(one.image, model)
        scores[one.name] = dice_by_kind(found, one.classes) if one.classes is not None else None
    return scores


def report(info: models.ModelInfo, conditions: list[Condition], slices: dict[str, list[float] | None]) -> str:
    """The report as Markdown."""
    native = conditions[0]
    base = native.mean()
    lines = [
        f"# {info.title}: scores of {info.name} {info.version}",
        "",
        f"SHA-256 of the weights `{info.weights_sha256}`.",
        f"Written by `training.sagittal.report` on {datetime.date.today().isoformat()}.",
        f"Held-out patients: {', '.join(map(str, native.dice))} (SPIDER, T2 SPACE; no image of them was trained on).",
        "Dice of the named segments over the whole volume on the image's own grid, no test-time flips.",
        "",
        "## As published",
        "",
        *table(
            ["patient", *KINDS],
            [[patient, *(f"{s:.3f}" for s in scores)] for patient, scores in native.dice.items()]
            + [
                ["**mean**", *(f"**{s:.3f}**" for s in base)],
                ["by instance", *(f"{s:.3f}" for s in native.mean_by_instance())],
            ],
        ),
        "The mean counts as wrong what the reference leaves out: in several patients that is the uppermost vertebra,",
        "partly in the image, which other patients' references label. By instance is SPIDER's own protocol: the mean",
        "over the whole structures of the reference, each with the found one that overlaps it most, 0 where none does.",
        "",
        "## The same patients shown otherwise",
        "",
        "Mean Dice, its change against the images as published, and how many of the vertebrae and discs that are",
        "wholly inside the image come out as exactly one instance (named in the right order: see failures).",
        "",
        *table(
            ["shown", *KINDS, "largest fall", "instances found", "wrong order"],
            [
                [
                    c.name,
                    *(f"{s:.3f}" for s in c.mean()),
                    f"{max(b - s for b, s in zip(base, c.mean(), strict=True)):.3f}",
                    f"{c.instances.found} of {c.instances.whole} ({100 * c.instances.found / c.instances.whole:.1f} %)",
                    c.instances.misordered,
                ]
                for c in conditions
            ],
        ),
        "## Real T1 and T2 TSE slices of the same patients",
        "",
        "Single slices without neighbours. The reference is the SPACE mask, laid on the T2 slice by registration and",
        "carried to a T1 of the same place (see `training/tse_reference.py`), so these scores also carry the",
        "registration's error. It does not repeat: from run to run the vertebra score of a slice (55, 98 and 200) was",
        "seen to move by up to 0.14 with the same model. Take these figures as a hint.",
        "",
        *table(
            ["slice", *KINDS],
            [
                [n, *(f"{s:.3f}" for s in v)] if v else [n, "no trustworthy reference", "", ""]
                for n, v in slices.items()
            ],
        ),
        "## Failures",
        "",
        *([f"- {text}" for c in conditions for text in c.instances.failures] or ["None."]),
        "",
    ]
    return "\n".join(lines)


def figures_of(
    info: models.ModelInfo, conditions: list[Condition], slices: dict[str, list[float] | None]
) -> dict[str, Any]:
    """The report for programs; `scores` is what the model file will say of itself."""
    registered = [score for score in slices.values() if score]
    scores = [
        ("held-out SPIDER T2 SPACE stacks", conditions[0].mean()),
        ("real T1 and T2 TSE slices of held-out patients", [float(v) for v in np.mean(registered, axis=0)]),
    ]
    return {
        "weights_sha256": info.weights_sha256,
        "scores": [{"measured_on": name, **dict(zip(KINDS, mean, strict=True))} for name, mean in scores],
        "conditions": {
            c.name: {"dice": c.mean(), "whole": c.instances.whole, "found": c.instances.found} for c in conditions
        },
        "slices": slices,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--config", type=Path, required=True, help="configuration of the training, for its held-out patients"
    )
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--trust-model", action="store_true")
    arguments = parser.parse_args()
    model = models.open_model(models.find(arguments.model), "cpu", arguments.trust_model)
    held_out = spider.read_spider(arguments.data).of_patients(read_experiment(arguments.config).split.held_out)
    conditions = measure(model, held_out)
    slices = measure_slices(model, arguments.data, held_out)
    arguments.report.parent.mkdir(parents=True, exist_ok=True)
    arguments.report.write_text(report(model.info, conditions, slices), encoding="utf-8")
    figures = json.dumps(figures_of(model.info, conditions, slices), indent=1)
    arguments.report.with_suffix(".json").write_text(figures + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
