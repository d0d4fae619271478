"""What stands on the page of a study, in the words and numbers that its template prints."""

from collections.abc import Iterator, Mapping
from typing import Any

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.confirmation import confirmation_of
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings, Measurement, is_slice
from LumbarSegLib.core.report.layout import BY_LEVEL, rounded, with_unit
from LumbarSegLib.core.report.page_tables import Marks, marks_of, page_tables, printed
from LumbarSegLib.core.report.words import SIDES, BesideCutOff, beside_cut_offs, limit_in_words
from LumbarSegLib.core.study import Study

TITLES = {"sagittal": "Sagittal MR of the lumbar spine", "axial": "Axial MR of the lumbar spine"}
_FILMS = {"frontal": "Radiograph of the spine, frontal", "lateral": "Radiograph of the spine, lateral (experimental)"}
_SHOWN = {measure for table in BY_LEVEL for column in table.columns for measure in column.measures}
_RATIOS = {"canal.area_ratio": "canal.area", "ts.area_ratio": "ts.area"}
_MOST_NARROW = 3
_FEW, _MANY = 3, 20
_PROVENANCE = {
    "image": "Image",
    "image_sha256": "Image, SHA-256",
    "image_series_instance_uid": "Series",
    "labels": "Segmentation",
    "sagittal": "Sagittal segmentation",
    "thresholds": "Cut-offs of the user",
    "lowest_disc": "Lowest disc",
    "options": "Options",
    "notes": "Notes",
}
"""What is told of a provenance, in this order; version, date and model stand before it."""


def title_of(study: Study) -> str:
    return _FILMS[study.findings.view] if study.findings.view else TITLES[study.task]


def content_of(study: Study, patient: Mapping[str, str] | None) -> dict[str, Any]:
    """The content of the page of a study but for its pictures; `patient` are fields to print, none where anonymous."""
    findings, marks, by = study.findings, marks_of(study.findings), confirmation_of(study.provenance)
    return {
        "title": title_of(study),
        "task": study.task,
        "name": study.name,
        "date": study.provenance.get("date", "")[:10],
        "patient": {**(patient or {}), **_told_of_patient(findings)} if patient else {},
        "spans": list(_spans(findings, marks)),
        "classes": _classes(findings),
        "tables": page_tables(findings, marks),
        "reasons": marks.reasons,
        "flags": marks.flags,
        "cut_offs": _cut_offs(findings),
        "adjacent": _adjacent(findings, marks),
        "made": list(made_with(study.provenance)),
        "standing": f"Confirmed by {by.words}" if by else "Not confirmed",
        "handwork": handwork_of(study),
        "definitions": [MEASURES[key] for key in dict.fromkeys(one.measure for one in findings.measurements)],
        "has_edited": any(one.status == "edited" for one in findings.measurements),
        "has_confirmed": any(one.status == "confirmed" for one in findings.measurements),
        "research_use": RESEARCH_USE,
    }


def _told_of_patient(findings: Findings) -> dict[str, str]:
    return {key.capitalize(): told for key, told in findings.patient.items()}


def _spans(findings: Findings, marks: Marks) -> Iterator[tuple[str, str, str, str]]:
    """Name with its levels, value, reason's letter and class of each measure that spans several levels."""
    for one in findings.measurements:
        if one.measure not in _SHOWN:
            yield f"{MEASURES[one.measure].name} {one.level}", printed(with_unit(one)), marks.of(one), one.band


def _classes(findings: Findings) -> list[tuple[str, str]]:
    """The classes of published scales with the levels that fall in each, in the order of their measures."""
    found: dict[str, list[str]] = {}
    for one in findings.measurements:
        if one.band and one.measure in _SHOWN and not is_slice(one.level):
            found.setdefault(one.band, []).append(one.level)
    return [(band, ", ".join(found[band])) for band in sorted(found)]


def _cut_offs(findings: Findings) -> list[dict[str, Any]]:
    """Each cut-off, by measure, the highest first."""
    order = list(MEASURES)
    found = sorted(beside_cut_offs(findings), key=lambda one: (order.index(one.measure), -one.cut_off.cut_off))
    return [_cut_off(one) for one in found]


def _cut_off(one: BesideCutOff) -> dict[str, Any]:
    """The levels below it by name; of the others the shorter of names and count."""
    below, others = ([each.level for each in one.sides.get(side, ())] for side in SIDES)
    every = "all" if not below else "the other"
    return {
        "measure": MEASURES[one.measure].name,
        "limit": limit_in_words(one),
        "below": (below if len(below) <= _MANY else [f"{len(below)} of {len(below) + len(others)}"]) or ["none"],
        "not_below": (others if len(others) <= _FEW else [f"{every} {len(others)}"]) or ["none"],
        "meaning": one.cut_off.meaning,
        "source": f"{one.cut_off.population}; {one.cut_off.source}",
    }


def _adjacent(findings: Findings, marks: Marks) -> list[str]:
    """The levels that are narrowest against their neighbours, or why it is not known."""
    found = [one for one in findings.measurements if one.measure in _RATIOS and not is_slice(one.level)]
    known = sorted((one for one in found if one.value is not None), key=lambda one: one.value or 0.0)
    lines = [_beside_neighbours(one, findings) for one in known[:_MOST_NARROW]]
    reasons = dict.fromkeys(marks.of(one) for one in found)
    return lines or [f"Areas are not measured: {', '.join(reasons)} below."] * bool(found)


def _beside_neighbours(one: Measurement, findings: Findings) -> str:
    area = findings.of(_RATIOS[one.measure], one.level)
    return f"{one.level}: {rounded(one)} of the area of its neighbours ({with_unit(area)})"


def made_with(provenance: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What made a result from what, a name and a text each."""
    version, date = provenance.get("lumbarseg_version"), provenance.get("date", "")
    if version:
        yield "LumbarSeg", f"{version}, {date.replace('T', ' ').replace('+00:00', ' UTC')}"
    if "model" in provenance:
        yield "Model", f"{provenance['model']} {provenance.get('model_version', '')}".strip()
        yield "Model, SHA-256", provenance.get("model_sha256", "")
    if "corner_model" in provenance:
        yield "Model for corners", provenance["corner_model"]
        yield "Model for corners, SHA-256", provenance["corner_model_sha256"]
    for key, name in _PROVENANCE.items():
        if provenance.get(key):
            yield name, str(provenance[key])


def handwork_of(study: Study) -> list[tuple[str, str]]:
    """What was edited and what was confirmed by whom, a name and a text each."""
    landmarks = [name for name, one in study.findings.landmarks.items() if one.status == "edited"]
    edited = study.provenance.get("edited") or ", ".join(landmarks)
    count = sum(one.status == "confirmed" for one in study.findings.measurements)
    by = confirmation_of(study.provenance)
    told = {
        "Edited by hand": edited,
        "Confirmed": f"the whole result, by {by.words}" if by else "",
        "Checked one by one": f"{count} value{'s' * (count > 1)}" if count else "",
    }
    return [(name, text) for name, text in told.items() if text] or [
        ("Edited, confirmed", "nothing, as far as is known")
    ]
