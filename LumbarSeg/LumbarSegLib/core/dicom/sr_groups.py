"""Measurements as groups of TID 1500: a group for each level and kind of structure, a NUM for each measure (TID 300).

Below each value stand its status, its doubts, its class on a published scale and the cut-offs of the literature. A
measure that could not be taken is a text that says why. DICOM also knows a NUM without a value, but common readers,
highdicom among them, give up on it, and on the whole report with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from LumbarSegLib.core.anatomy import Code
from LumbarSegLib.core.definitions import DOUBTS, MEASURES
from LumbarSegLib.core.dicom.codes import finding_of, item, quantity_of, site_of, status_code, unit_of
from LumbarSegLib.core.dicom.source import Frame
from LumbarSegLib.core.dicom.traces import Tracing
from LumbarSegLib.core.dicom.written import coded
from LumbarSegLib.core.findings import Comparison, Findings, Measurement
from LumbarSegLib.core.report.tables import EXACT

if TYPE_CHECKING:
    from highdicom import sr


def groups_of(
    findings: Findings,
    task: str,
    tracing: Tracing,
    frames: Mapping[str, Frame],
    algorithm: "sr.AlgorithmIdentification",
) -> "list[sr.MeasurementsAndQualitativeEvaluations]":
    """The groups in the order of the findings. `frames` are the images that levels and slices are measured in, where
    each is measured in one.
    """
    rows: dict[tuple[str, Code], list[Measurement]] = {}
    for one in findings.measurements:
        rows.setdefault((one.level, finding_of(one.measure, one.level)), []).append(one)
    return [
        _group(level, finding, those, findings, task, tracing, frames.get(level), algorithm)
        for (level, finding), those in rows.items()
    ]


def text(name: str, value: str, relation: "sr.RelationshipTypeValues") -> "sr.TextContentItem":
    """A remark, as a content item."""
    from highdicom import sr

    return sr.TextContentItem(coded(item(name)), value, relation)


def _group(
    level: str,
    finding: Code,
    rows: Sequence[Measurement],
    findings: Findings,
    task: str,
    tracing: Tracing,
    frame: Frame | None,
    algorithm: "sr.AlgorithmIdentification",
) -> "sr.MeasurementsAndQualitativeEvaluations":
    from highdicom import sr

    source = None
    if tracing.source.is_radiograph:
        source = sr.SourceImageForMeasurementGroup.from_source_image(tracing.source.first)
    elif frame:
        several = [frame.number] if "PerFrameFunctionalGroupsSequence" in frame.header else None
        source = sr.SourceImageForMeasurementGroup.from_source_image(frame.header, several)
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracked(f"{level} {finding.meaning}"),
        finding_type=coded(finding),
        finding_sites=[sr.FindingSite(coded(site_of(level, task)))],
        algorithm_id=algorithm,
        measurements=[_measurement(one, one.value, findings, tracing) for one in rows if one.value is not None],
        source_images=[source] if source else None,
    )
    group[0].ContentSequence.extend(_not_measured(one, findings) for one in rows if one.value is None)
    return group


def _tracked(name: str) -> "sr.TrackingIdentifier":
    import highdicom

    return highdicom.sr.TrackingIdentifier(highdicom.UID(), name)


def _measurement(one: Measurement, value: float, findings: Findings, tracing: Tracing) -> "sr.Measurement":
    from highdicom import sr

    quantity = quantity_of(one.measure)
    measurement = sr.Measurement(
        name=coded(quantity.name),
        value=round(float(value), EXACT),
        unit=coded(unit_of(one.measure)),
        method=coded(quantity.method),
        tracking_identifier=_tracked(f"{one.level} {MEASURES[one.measure].name}"),
        referenced_coordinates=tracing.of(one.trace),
    )
    measurement[0].ContentSequence.extend(_remarks(one, findings))
    return measurement


def _not_measured(one: Measurement, findings: Findings) -> "sr.TextContentItem":
    """Why there is no value, with the code of the measure that it is about."""
    from highdicom import sr

    said = " ".join([one.reason, *(_doubt(key, one.level, findings) for key in one.flags)])
    reason = text("reason", f"{MEASURES[one.measure].name}: {said}", sr.RelationshipTypeValues.CONTAINS)
    method = sr.CodeContentItem(
        coded(item("method")), coded(quantity_of(one.measure).method), sr.RelationshipTypeValues.HAS_CONCEPT_MOD
    )
    reason.ContentSequence = sr.ContentSequence([method])
    return reason


def _remarks(one: Measurement, findings: Findings) -> "Iterator[sr.ContentItem]":
    from highdicom import sr

    properties = sr.RelationshipTypeValues.HAS_PROPERTIES
    yield sr.CodeContentItem(coded(item("status")), coded(status_code(one.status)), properties)
    for key in one.flags:
        yield text("doubt", _doubt(key, one.level, findings), properties)
    if one.band:
        yield text("class", f"{one.band} ({MEASURES[one.measure].band_source})", properties)
    for beside in one.comparisons:
        yield text("cut_off", _compared(beside, MEASURES[one.measure].unit), properties)


def _doubt(key: str, level: str, findings: Findings) -> str:
    """The sentence of a flag at a level, or of all; where it is only named, what it says without its particulars."""
    told = {flag.level: flag.text for flag in findings.flags if flag.key == key}
    return told.get(level) or told.get("") or next(iter(told.values()), DOUBTS[key].flag(level).text)


def _compared(one: Comparison, unit: str) -> str:
    return f"{one.side} {one.cut_off:g} {unit}".rstrip() + f": {one.meaning} ({one.source}; {one.population})"
