"""Two studies of one patient side by side: what was measured in both, level by level, and by how much it differs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf
from typing import Literal

from LumbarSegLib.core.anatomy import STRUCTURES
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings, Measurement, is_slice
from LumbarSegLib.core.measurement_error import MeasurementError, error_of
from LumbarSegLib.core.report.layout import rounded
from LumbarSegLib.core.study import Study
from LumbarSegLib.errors import InputError

Verdict = Literal["beyond", "within", "unknown", ""]
"""Whether a difference is larger than the measurement error, not larger, that error is unknown, or there is none."""

_DISC, _L6 = 200, 25
_LABELS = {one.name: one.label for one in STRUCTURES if one.kind != "canal"}
_KINDS = {"sagittal": "a sagittal MR", "axial": "an axial MR", "xray": "a radiograph"}


@dataclass(frozen=True)
class Change:
    """One measure at one level in two studies; either may lack it. `difference` is later minus earlier, of the numbers
    as they are shown.
    """

    measure: str
    level: str
    earlier: Measurement | None
    later: Measurement | None
    difference: float | None
    error: MeasurementError | None

    @property
    def verdict(self) -> Verdict:
        if self.difference is None:
            return ""
        if self.error is None:
            return "unknown"
        return "beyond" if abs(self.difference) > self.error.change else "within"


def changes(earlier: Study, later: Study) -> list[Change]:
    """Every measure of levels and spans that either study has, from the top downward, the spans last.

    Slices and blocks of an axial image, which have no level, are left out. A curve of a radiograph is matched by its
    name, since its end vertebrae may change. Raises InputError where the two are not of one kind, and where no level
    with a name is in both.
    """
    _check_alike(earlier, later)
    before, after = _by_place(earlier.findings), _by_place(later.findings)
    found = [_change(later.task, before.get(place), after.get(place)) for place in (*after, *(before.keys() - after))]
    if not any(one.earlier and one.later for one in found):
        raise InputError(
            "the two studies have no level in common; name the levels alike (--lowest-disc, --level or --sagittal)."
        )
    order = list(MEASURES)
    return sorted(found, key=lambda one: (from_above(one.level), order.index(one.measure)))


def from_above(level: str) -> float:
    """What sorts levels from the top downward, and spans after them."""
    if level not in _LABELS:
        return inf
    label = _LABELS[level]
    # SPIDER counts upward from L5, a disc 200 after the vertebra above it, but an L6 is 25.
    vertebra, disc = (label - _DISC, 0.5) if label > _DISC else (label, 0.0)
    return disc - (0 if vertebra == _L6 else vertebra)


def told_of_levels(earlier: Study, later: Study) -> list[str]:
    """What makes the matching of levels doubtful, in sentences."""
    return list(_told(earlier, later))


def _told(earlier: Study, later: Study) -> Iterator[str]:
    before, after = earlier.findings, later.findings
    if before.lowest_disc != after.lowest_disc:
        yield (
            f"The lowest disc is taken as {before.lowest_disc} in the earlier study and as {after.lowest_disc} in the "
            "later one; check that a name means the same level in both."
        )
    for missing, there, name in ((after, before, "earlier"), (before, after, "later")):
        only = [level for level in _levels(there) if level not in _levels(missing) and "-" not in level]
        if only:
            yield f"Only in the {name} study: {', '.join(only)}."
    same = earlier.provenance.get("image_sha256")
    if same and same == later.provenance.get("image_sha256"):
        yield "Both studies are of the very same image."


def _check_alike(earlier: Study, later: Study) -> None:
    if earlier.task != later.task:
        raise InputError(
            f"{earlier.name} is {_KINDS[earlier.task]} and {later.name} {_KINDS[later.task]}; give two of one kind."
        )
    views = earlier.findings.view, later.findings.view
    if views[0] != views[1]:
        raise InputError(f"{earlier.name} is a {views[0]} and {later.name} a {views[1]} radiograph; give two alike.")


def _by_place(findings: Findings) -> dict[tuple[str, str], Measurement]:
    """The measurements of levels and spans, by measure and level; curves by their measure alone."""
    named = [one for one in findings.measurements if _has_name(one.level)]
    return {(one.measure, "" if _is_curve(one) else one.level): one for one in named}


def _is_curve(one: Measurement) -> bool:
    return MEASURES[one.measure].family == "coronal" and "-" in one.level


def _has_name(level: str) -> bool:
    return not is_slice(level) and not level.startswith("block ")


def _levels(*findings: Findings) -> Iterable[str]:
    """All levels with a name, those of the first findings first."""
    return dict.fromkeys(one.level for each in findings for one in each.measurements if _has_name(one.level))


def _change(task: str, earlier: Measurement | None, later: Measurement | None) -> Change:
    one = later or earlier
    assert one is not None
    difference = None
    if earlier and later and earlier.value is not None and later.value is not None:
        difference = round(float(rounded(later)) - float(rounded(earlier)), MEASURES[one.measure].decimals)
    return Change(one.measure, one.level, earlier, later, difference, error_of(task, one.measure, one.level))
