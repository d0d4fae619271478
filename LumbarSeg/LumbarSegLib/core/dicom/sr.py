"""What was measured as a DICOM SR by TID 1500, measurement report: a Comprehensive 3D SR, written by highdicom."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.valuerep import DT

from LumbarSegLib import RESEARCH_USE, __version__
from LumbarSegLib.core.confirmation import Confirmation
from LumbarSegLib.core.dicom.codes import item, procedure_of
from LumbarSegLib.core.dicom.source import Frame, Source
from LumbarSegLib.core.dicom.sr_groups import groups_of, text
from LumbarSegLib.core.dicom.traces import tracing
from LumbarSegLib.core.dicom.written import DEVICE_UID, MAKER, coded, series_of
from LumbarSegLib.core.findings import slice_name
from LumbarSegLib.core.notes import notes_of
from LumbarSegLib.core.planes import planes_of, to_stack_order
from LumbarSegLib.core.preprocess import ORIENTATIONS
from LumbarSegLib.core.study import Study
from LumbarSegLib.errors import InputError

if TYPE_CHECKING:
    from highdicom import sr

NOTHING = "Nothing was measured, so there is no DICOM SR; measure the segmentation first."


def report(
    study: Study, source: Source, segmentations: Sequence[Dataset] = (), confirmed: Confirmation | None = None
) -> "sr.Comprehensive3DSR":
    """The SR of a study's findings. `segmentations` are named as evidence beside the images.

    It is UNVERIFIED and preliminary unless both the person who `confirmed` it and the person's organization are named,
    as the standard wants; a person alone is named as an observer. Raises InputError where there is no
    measurement.
    """
    import highdicom
    from highdicom import sr

    if not study.findings.measurements:
        raise InputError(NOTHING)
    task = _task(study, source)
    content = sr.MeasurementReport(
        observation_context=_observers(confirmed.person if confirmed else ""),
        procedure_reported=coded(procedure_of(task)),
        imaging_measurements=groups_of(
            study.findings, task, tracing(study, source), _frames(study, source), _algorithm(study.provenance)
        ),
    )
    content[0].ContentSequence.append(_evaluations(study))
    verified = confirmed if confirmed and confirmed.organization else None
    document = sr.Comprehensive3DSR(
        evidence=[*source.headers, *segmentations],
        content=content,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        is_complete=True,
        is_final=verified is not None,
        is_verified=verified is not None,
        verifying_observer_name=verified.person if verified else None,
        verifying_organization=verified.organization if verified else None,
        **series_of(source, "measures"),
    )
    if verified and verified.date:
        # highdicom takes the moment of writing.
        document.VerifyingObserverSequence[0].VerificationDateTime = DT(datetime.fromisoformat(verified.date))
    return document


def _task(study: Study, source: Source) -> str:
    return "xray" if source.is_radiograph else study.provenance.get("task", "sagittal")


def _observers(name: str) -> "sr.ObservationContext":
    from highdicom import sr
    from pydicom.sr.codedict import codes

    device = sr.DeviceObserverIdentifyingAttributes(DEVICE_UID, MAKER, MAKER, MAKER, __version__)
    person = sr.PersonObserverIdentifyingAttributes(name) if name else None
    return sr.ObservationContext(
        observer_person_context=sr.ObserverContext(codes.DCM.Person, person) if person else None,
        observer_device_context=sr.ObserverContext(codes.DCM.Device, device),
    )


def _algorithm(provenance: Mapping[str, str]) -> "sr.AlgorithmIdentification":
    from highdicom import sr

    keys = ("model", "model_version", "model_sha256", "corner_model", "corner_model_sha256")
    told = [f"{key}={provenance[key]}" for key in keys if provenance.get(key)]
    return sr.AlgorithmIdentification(MAKER, provenance.get("lumbarseg_version", __version__), told or None)


def _frames(study: Study, source: Source) -> dict[str, Frame]:
    """The image that each slice of an axial series was measured in, and each level that a slice stands for."""
    grid = study.image or (study.result.labels if study.result else None)
    if grid is None or not any(one.level.startswith("slice ") for one in study.findings.measurements):
        return {}
    ordered = to_stack_order(grid, ORIENTATIONS["axial"])
    columns, rows, _ = ordered.GetSize()
    own = [
        frame.plane.to_lps([_middle(frame.header.Columns, frame.header.Rows)])[0]
        for frame in source.frames
        if frame.plane
    ]
    frames = {}
    for number, plane in enumerate(planes_of(ordered), start=1):
        away = np.linalg.norm(np.subtract(own, plane.to_lps([_middle(columns, rows)])[0]), axis=1)
        frames[slice_name(number)] = source.frames[int(np.argmin(away))]
    return frames | {one.level: frames[slice_name(one.slice)] for one in study.findings.represented}


def _middle(columns: int, rows: int) -> tuple[float, float]:
    return (columns - 1) / 2, (rows - 1) / 2


def _evaluations(study: Study) -> Any:
    """All that is said of the whole: its use, the doubts, the notes, and where it is from."""
    from highdicom import sr

    contains = sr.RelationshipTypeValues.CONTAINS
    container = sr.ContainerContentItem(coded(item("evaluations")), relationship_type=contains)
    container.ContentSequence = sr.ContentSequence([text(name, said, contains) for name, said in _said(study)])
    return container


def _said(study: Study) -> Iterator[tuple[str, str]]:
    yield "comment", RESEARCH_USE
    for flag in study.findings.flags:
        yield "doubt", f"{flag.level}: {flag.text}" if flag.level and flag.level not in flag.text else flag.text
    notes = [*(notes_of(study.image) if study.image else ()), *(study.result.notes if study.result else ())]
    yield from (("comment", note) for note in dict.fromkeys(notes))
    yield from (("provenance", f"{key}: {value}") for key, value in study.provenance.items() if value)
