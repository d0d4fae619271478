"""What a data set holds, before hours are spent on it: every file is read once, nothing is trusted."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.errors import LumbarSegError
from training.data.cases import UNKNOWN, Case, DataSet, LeftOut
from training.data.pairs import SPACING_UNKNOWN, grid_difference
from training.data.split import Split
from training.errors import TrainingError


@dataclass(frozen=True)
class CaseFacts:
    """One case: `size` and `spacing_mm` (None where unknown) along the file's own axes, `voxels` of each class in the
    order of the set's classes, `unknown` those of no known class, `lowest` and `highest` intensity.
    """

    name: str
    patient: str
    size: tuple[int, int, int]
    spacing_mm: tuple[float, float, float] | None
    voxels: tuple[int, ...]
    unknown: int
    lowest: float
    highest: float


@dataclass(frozen=True)
class ClassFacts:
    """One class over the whole set: cases and patients in which it occurs, its share of all voxels of a known class,
    and the fewest, the median and the most voxels in the cases that have it.
    """

    name: str
    value: int
    cases: int
    patients: int
    share: float
    voxels: tuple[int, int, int]


@dataclass(frozen=True)
class Report:
    """What was found. `unusable` are cases that the reader took but whose files cannot be used, `left_out` those that
    it did not take; `doubts` are sentences about what may be wrong.
    """

    name: str
    task: str
    licence: str
    citation: str
    cases: tuple[CaseFacts, ...]
    classes: tuple[ClassFacts, ...]
    unusable: tuple[LeftOut, ...]
    left_out: tuple[LeftOut, ...]
    doubts: tuple[str, ...]
    splits: tuple[Split, ...]

    @property
    def patients(self) -> tuple[str, ...]:
        """The patients of the usable cases, each once."""
        return tuple(dict.fromkeys(case.patient for case in self.cases))

    @property
    def grids(self) -> list[tuple[tuple[int, int, int], tuple[float, float, float] | None, int]]:
        """Each size and spacing (to 0.01 mm) with the number of cases that have it, the most frequent first."""
        counted = Counter((case.size, _rounded(case.spacing_mm)) for case in self.cases)
        return [(size, spacing, count) for (size, spacing), count in counted.most_common()]


def check_set(
    dataset: DataSet, splits: Sequence[Split] = (), on_case: Callable[[Case], None] = lambda case: None
) -> Report:
    """Read every case of a set and count. `on_case` is called after each.

    A case that cannot be read, or whose image and classes lie on different grids, is reported as unusable, not raised.
    """
    facts: list[CaseFacts] = []
    unusable: list[LeftOut] = []
    for case in dataset.cases:
        try:
            facts.append(_facts(case, len(dataset.classes)))
        except (TrainingError, LumbarSegError) as error:
            unusable.append(LeftOut(case.name, _reason(error, case)))
        on_case(case)
    classes = tuple(_class_facts(facts, name, value) for value, name in enumerate(dataset.classes))
    return Report(
        name=dataset.name,
        task=dataset.task,
        licence=dataset.licence,
        citation=dataset.citation,
        cases=tuple(facts),
        classes=classes,
        unusable=tuple(unusable),
        left_out=dataset.left_out,
        doubts=tuple(_doubts(facts, classes, splits)),
        splits=tuple(splits),
    )


def as_plain(report: Report) -> dict[str, Any]:
    """The report as plain values, fit for JSON."""
    plain = asdict(report)
    plain["patients"] = list(report.patients)
    plain["grids"] = [{"size": size, "spacing_mm": spacing, "cases": count} for size, spacing, count in report.grids]
    return plain


def _reason(error: Exception, case: Case) -> str:
    """What is wrong without the name of the file, so that it is the same words for all cases that it is wrong with."""
    words = str(error).rstrip(".")
    first, _, rest = words.partition(" ")
    return rest if case.name in first else words


def _facts(case: Case, class_count: int) -> CaseFacts:
    image, classes = case.read_image(), case.read_classes()
    difference = grid_difference(image, classes)
    if difference:
        raise TrainingError(f"{difference}; export both on one grid.")
    counts = np.bincount(sitk.GetArrayViewFromImage(classes).ravel(), minlength=UNKNOWN + 1)
    strange = [value for value in np.flatnonzero(counts).tolist() if class_count <= value < UNKNOWN]
    if strange:
        raise TrainingError(f"its classes hold the values {strange}, which the set does not have.")
    limits = sitk.MinimumMaximumImageFilter()
    limits.Execute(image)
    return CaseFacts(
        name=case.name,
        patient=case.patient,
        size=image.GetSize(),
        spacing_mm=None if case.metadata.get("spacing") == SPACING_UNKNOWN else image.GetSpacing(),
        voxels=tuple(counts[:class_count].tolist()),
        unknown=int(counts[UNKNOWN]),
        lowest=limits.GetMinimum(),
        highest=limits.GetMaximum(),
    )


def _class_facts(facts: Sequence[CaseFacts], name: str, value: int) -> ClassFacts:
    having = [case for case in facts if case.voxels[value]]
    voxels = [case.voxels[value] for case in having]
    known = sum(sum(case.voxels) for case in facts)
    return ClassFacts(
        name=name,
        value=value,
        cases=len(having),
        patients=len({case.patient for case in having}),
        share=sum(voxels) / known if known else 0.0,
        voxels=(min(voxels), int(np.median(voxels)), max(voxels)) if voxels else (0, 0, 0),
    )


def _doubts(facts: Sequence[CaseFacts], classes: Sequence[ClassFacts], splits: Sequence[Split]) -> list[str]:
    never = [row.name for row in classes if not row.cases]
    empty = [case.name for case in facts if not sum(case.voxels[1:])]
    flat = [case.name for case in facts if case.lowest == case.highest]
    unknown = sum(case.spacing_mm is None for case in facts)
    found = []
    if facts and never:
        found.append(f"These classes occur in no case: {', '.join(never)}. No network can learn them from this set.")
    if empty:
        found.append(f"Nothing but background is labelled in {_listed(empty)}.")
    if flat:
        found.append(f"The image has one intensity only in {_listed(flat)}.")
    if unknown:
        found.append(
            f"The spacing is unknown in {unknown} of {len(facts)} cases: no measure in mm can be had from them."
        )
    for split in splits:
        found += _missing_in_training(facts, classes, split)
    return found


def _missing_in_training(facts: Sequence[CaseFacts], classes: Sequence[ClassFacts], split: Split) -> list[str]:
    trained = [case for case in facts if case.patient in split.training]
    missing = [row.name for row in classes if row.cases and not any(case.voxels[row.value] for case in trained)]
    if not missing:
        return []
    return [f"With the patients {_listed(split.test)} held out, no training case has {', '.join(missing)}."]


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _rounded(spacing: tuple[float, float, float] | None) -> tuple[float, float, float] | None:
    return None if spacing is None else (round(spacing[0], 2), round(spacing[1], 2), round(spacing[2], 2))
