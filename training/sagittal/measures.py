"""What the sagittal measures are worth on real spines, as a report.

    python -m training.sagittal.measures sagittal-mr --data DATA/sagittal \\
        --config training/configs/sagittal_settled.toml --report training/reports/sagittal-measures.md

First, on the reference masks of all patients: how many wholly visible bodies get corners, and which look most
suspicious. Second, on the held-out patients: measures from the model's segmentation against those from the reference
mask, as bias and 95 % limits of agreement (Bland and Altman 1986, 10.1016/S0140-6736(86)90837-8).
"""

import argparse
import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from tqdm import tqdm

from LumbarSegLib.core import analysis, inference, levels, models
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings
from training.data import spider
from training.experiment import read_experiment
from training.markdown import table
from training.sagittal import suspicion
from training.statistics import limits_of_agreement

_COLUMNS = (
    *("measure", "unit", "n", "mean", "bias", "mean error", "limits of agreement"),
    *("only reference", "only ours", "another structure"),
)
_SAME = 0.5  # Dice above which a structure of the same name is the same structure


@dataclass
class Coverage:
    """How many wholly visible bodies of some patients have corners; `without` says where not and why."""

    bodies: int = 0
    without: list[str] = field(default_factory=list)

    def add(self, patient: str, spine: levels.Spine, findings: Findings) -> None:
        for instance in spine.instances:
            name = instance.structure.name
            if instance.structure.kind == "vertebra" and not instance.partly_visible:
                self.bodies += 1
                wedge = findings.of("vertebra.wedge_angle", name)
                if wedge.value is None:
                    self.without.append(f"{patient} {name}: {wedge.reason}")

    @property
    def with_corners(self) -> int:
        return self.bodies - len(self.without)


@dataclass
class Agreement:
    """Pairs of (ours, reference) of one measure, how often only one of the two gives a number, and how often the
    structure of that name is another one.
    """

    pairs: list[tuple[float, float]] = field(default_factory=list)
    other_structure: int = 0
    only_reference: int = 0
    only_ours: int = 0

    @property
    def missed(self) -> tuple[int, int, int]:
        return self.only_reference, self.only_ours, self.other_structure

    def bias(self) -> float:
        return float(np.mean([ours - reference for ours, reference in self.pairs]))

    def limits(self) -> tuple[float, float]:
        return limits_of_agreement([ours - reference for ours, reference in self.pairs])

    def mean_error(self) -> float:
        return float(np.mean([abs(ours - reference) for ours, reference in self.pairs]))


def same_structures(ours: levels.Spine, reference: levels.Spine) -> set[str]:
    """Names that stand for the same structure in both; a span's ends are names of their own."""
    a, b = (sitk.GetArrayViewFromImage(spine.labels) for spine in (ours, reference))
    same = set()
    for instance in reference.instances:
        one, other = a == instance.structure.label, b == instance.structure.label
        if 2 * (one & other).sum() > _SAME * (one.sum() + other.sum()):
            same.add(instance.structure.name)
    return same


def compare(ours: Findings, reference: Findings, same: set[str], found: Mapping[str, Agreement]) -> None:
    """Add the pairs of one patient, of structures that are the `same` in both."""
    mine = {(one.measure, one.level): one.value for one in ours.measurements}
    for one in reference.measurements:
        value = mine.get((one.measure, one.level))
        if one.value is None:
            found[one.measure].only_ours += value is not None
        elif one.level not in same and "-" not in one.level:
            found[one.measure].other_structure += 1
        elif value is None:
            found[one.measure].only_reference += 1
        else:
            found[one.measure].pairs.append((value, one.value))


def _row(key: str, agreement: Agreement) -> list[object]:
    unit, name = MEASURES[key].unit, MEASURES[key].name
    if len(agreement.pairs) < 2:
        return [name, unit, len(agreement.pairs), "", "", "", "", *agreement.missed]
    mean = float(np.mean([reference for _, reference in agreement.pairs]))
    figures = (mean, agreement.bias(), agreement.mean_error(), *agreement.limits())
    *shown, low, high = (f"{value:.{MEASURES[key].decimals + 1}f}" for value in figures)
    return [name, unit, len(agreement.pairs), *shown, f"{low} to {high}", *agreement.missed]


def report(coverage: Coverage, info: models.ModelInfo, held_out: Iterable[str], found: Mapping[str, Agreement]) -> str:
    """The report as Markdown."""
    share = 100 * coverage.with_corners / coverage.bodies
    return "\n".join(
        [
            "# Sagittal measures on real spines",
            "",
            f"Written by `training.sagittal.measures` on {datetime.date.today().isoformat()}. Data: SPIDER, T2 SPACE.",
            "",
            "## Reference masks of all patients",
            "",
            f"{coverage.with_corners} of {coverage.bodies} wholly visible bodies ({share:.1f} %) have corners and a",
            "wedge angle. Without:",
            "",
            *([f"- {line}" for line in coverage.without] or ["- none"]),
            "",
            "## From the model's segmentation against from the reference mask",
            "",
            f"Model {info.name} {info.version}, weights `{info.weights_sha256}`. Held-out patients:",
            f"{', '.join(map(str, held_out))}. Bias is ours minus reference; the limits of agreement hold 95 % of the",
            "differences if they are normal. The last columns count where only one of the two gives a number, and",
            "where the structure of that name is another one.",
            "",
            *table(_COLUMNS, (_row(key, one) for key, one in found.items())),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True, help="configuration of the training")
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--suspicious", type=Path, help="write a picture (.png) of the twenty most suspicious bodies")
    arguments = parser.parse_args()
    model = models.open_model(models.find(arguments.model), "cpu")
    held_out = read_experiment(arguments.config).split.held_out
    cases = spider.read_spider(arguments.data).cases
    coverage, bodies = Coverage(), []
    found = {key: Agreement() for key, row in MEASURES.items() if row.task == "sagittal"}
    for one in tqdm(cases, desc="patients"):
        image = one.read_image()
        spine = levels.find_levels(one.read_classes())
        findings = analysis.measure(spine, image).findings
        coverage.add(one.patient, spine, findings)
        bodies += suspicion.bodies_of(one.name, findings)
        if one.patient in held_out:
            ours = levels.find_levels(inference.segment_labels(image, model))
            compare(analysis.measure(ours, image).findings, findings, same_structures(ours, spine), found)
    arguments.report.write_text(report(coverage, model.info, held_out, found), encoding="utf-8")
    if arguments.suspicious:
        images = {one.name: one.read_image() for one in cases}
        suspicion.draw(sorted(bodies, key=lambda body: -body.score)[:20], images, arguments.suspicious)


if __name__ == "__main__":
    main()
