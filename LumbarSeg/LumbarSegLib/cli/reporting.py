"""lumbarseg report: all of an image in one go, or what was measured before; lumbarseg compare: a follow-up."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.cli.case import CaseDone, CaseWishes, run_case
from LumbarSegLib.cli.handing_out import notes_in_words, written_in_words
from LumbarSegLib.cli.known import confirmed
from LumbarSegLib.cli.options import (
    LABEL_SUFFIXES,
    ConfirmedByOption,
    DebugOption,
    LevelOption,
    OrganizationOption,
    PixelSpacingOption,
    SagittalOption,
    SeriesOption,
    ThresholdsOption,
    ViewOption,
    check_outputs,
    confirmed_by,
    ending_in,
    levels_by_slice,
    lowest_disc_name,
)
from LumbarSegLib.cli.progress import progress_bar
from LumbarSegLib.errors import InputError

if TYPE_CHECKING:
    from LumbarSegLib.core.confirmation import Confirmation
    from LumbarSegLib.core.study import Study


def report(
    image: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGE|FINDINGS.json",
            help="An image as `lumbarseg segment` takes it, or the JSON (or CSV) of what was measured in one.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for all files; made where there is none.")
    ],
    pdf: Annotated[bool, typer.Option("--pdf", help="The page as PDF, too.")] = False,
    dicom: Annotated[bool, typer.Option("--dicom", help="DICOM SEG and SR, too; of a DICOM image.")] = False,
    patient: Annotated[
        bool, typer.Option("--patient", help="Print name, ID and dates of the DICOM header on the page.")
    ] = False,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="LABELS",
            callback=ending_in(*LABEL_SUFFIXES),
            help="Its segmentation, corrected or not: it is measured and not segmented anew.",
        ),
    ] = None,
    of: Annotated[
        Path | None, typer.Option("--image", metavar="IMAGE", help="The image of FINDINGS.json, for the pictures.")
    ] = None,
    task: Annotated[Literal["auto", "sagittal", "axial", "xray"], typer.Option(help="Kind of image.")] = "auto",
    model: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="A shipped model or a model file.")] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where the network runs.")] = "auto",
    lowest_disc: Annotated[
        str | None,
        typer.Option(callback=lowest_disc_name, help="Name of the lowest disc that is seen; else taken as L5/S1."),
    ] = None,
    view: ViewOption = "auto",
    series: SeriesOption = None,
    pixel_spacing: PixelSpacingOption = None,
    sagittal: SagittalOption = None,
    level: LevelOption = None,
    thresholds: ThresholdsOption = None,
    confirmer: ConfirmedByOption = None,
    organization: OrganizationOption = None,
    flips: Annotated[bool, typer.Option("--flips", help="Average with the mirrored image: slower.")] = False,
    trust_model: Annotated[
        bool, typer.Option("--trust-model", help="Load a model file that does not come with LumbarSeg.")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Segment, measure and report an image in one go: page, tables, picture and segmentation into a folder.

    With --labels the image is measured as it is segmented there; of FINDINGS.json the page is made again.
    """
    from LumbarSegLib.core.report.reading import SUFFIXES

    wishes = CaseWishes(
        pdf=pdf,
        dicom=dicom,
        patient=patient,
        task=task,
        model=model,
        device=device,
        lowest_disc=lowest_disc,
        view=view,
        series=series,
        pixel_spacing=pixel_spacing,
        flips=flips,
        trust_model=trust_model,
        sagittal=sagittal,
        levels=levels_by_slice(level or ()),
        thresholds=thresholds,
    )
    by = confirmed_by(confirmer, organization)
    if image.suffix.lower() in SUFFIXES:
        done = _of_findings(image, of, labels, out, wishes, by)
    elif of is not None:
        raise typer.BadParameter(f"{image.name} is an image, and --image is for findings (.json); leave it out.")
    elif labels is not None:
        done = _of_labels(image, labels, out, wishes, by)
    elif by is not None:
        raise typer.BadParameter(
            "Nobody has seen yet what is segmented now; look at it, then confirm it with --labels or FINDINGS.json."
        )
    else:
        with progress_bar() as step:
            done = run_case(image, out, wishes, step=step)
    typer.echo("\n".join(_in_words(done)))


def _of_labels(image: Path, labels: Path, out: Path, wishes: CaseWishes, by: "Confirmation | None") -> CaseDone:
    from LumbarSegLib.cli.case_files import check_source
    from LumbarSegLib.cli.known import examined_with

    check_source(image, dicom=wishes.dicom, patient=wishes.patient)
    study, notes = examined_with(image, labels, wishes)
    told = {"input": str(image), **study.provenance, **wishes.named(), **({"notes": " ".join(notes)} if notes else {})}
    return _written(replace(study, provenance=told), image, out, wishes, by, tuple(notes))


def _of_findings(
    findings: Path,
    image: Path | None,
    labels: Path | None,
    out: Path,
    wishes: CaseWishes,
    by: "Confirmation | None",
) -> CaseDone:
    from LumbarSegLib.cli.case_files import check_source
    from LumbarSegLib.cli.known import study_of_findings

    if (wishes.patient or wishes.dicom) and image is None:
        option = "--dicom" if wishes.dicom else "--patient"
        raise typer.BadParameter(f"{option} needs the DICOM image that was measured; name it with --image.")
    if image is not None:
        check_source(image, dicom=wishes.dicom, patient=wishes.patient)
    study = study_of_findings(findings, image, labels, wishes.pixel_spacing)
    _check_keeps_places(study, findings, out)
    return _written(study, image, out, wishes, by)


def _check_keeps_places(study: "Study", findings: Path, out: Path) -> None:
    """Raise BadParameter where the report of a table would take the place of findings that tell more than it."""
    from LumbarSegLib.core.report.reading import read_findings

    there = out / f"{study.name}.json"
    if study.findings.places or not there.is_file():
        return
    with suppress(InputError):
        if read_findings(there)[0].places:
            raise typer.BadParameter(
                f"{findings.name} does not tell where it was measured, and {there} does and would be replaced; "
                "give that one, or another folder."
            )


def _written(
    study: "Study",
    image: Path | None,
    out: Path,
    wishes: CaseWishes,
    by: "Confirmation | None",
    notes: tuple[str, ...] = (),
) -> CaseDone:
    """Write all of a study that was not segmented here, as `by` confirms it."""
    from LumbarSegLib.cli.case_files import patient_of, write_case
    from LumbarSegLib.core.confirmation import what_lacks

    if by is not None:
        study = confirmed(study, by)
        lacks = what_lacks(by.person, by.organization) if wishes.dicom else ""
        notes = (*notes, *([lacks] if lacks else []))
    source = [image] if image and wishes.dicom else []
    patient = patient_of(image, study) if image and wishes.patient else None
    told: list[str] = []
    files = write_case(study, out, pdf=wishes.pdf, dicom=source, patient=patient, tell=told.append)
    picture = next((file for file in files if file.suffix == ".png"), None)
    return CaseDone(study.name, files, picture, study.findings, study.provenance, {}, (*notes, *told), study)


def _in_words(done: CaseDone) -> Iterator[str]:
    from LumbarSegLib.core.report.words import flag_texts

    yield from notes_in_words(done.notes)
    yield from flag_texts(done.findings)
    yield from written_in_words(done.files)
    if done.seconds:
        steps = ", ".join(f"{name} {value:.1f}" for name, value in done.seconds.items() if name != "total")
        yield f"{done.seconds['total']:.1f} s ({steps})"
    yield RESEARCH_USE


def compare(
    earlier: Annotated[
        Path,
        typer.Argument(metavar="EARLIER", help="Findings (.json) or the folder that `lumbarseg report` wrote."),
    ],
    later: Annotated[Path, typer.Argument(metavar="LATER", help="The same of the later study of the patient.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", callback=ending_in(".html", ".pdf"), help=".html or .pdf")
    ],
    debug: DebugOption = False,
) -> None:
    """Set two studies of one patient side by side, level by level, with what differs beyond the measurement error."""
    from LumbarSegLib.cli.known import study_at
    from LumbarSegLib.core.report.follow_up import told_of_levels
    from LumbarSegLib.core.report.follow_up_page import changed_in_words, write_follow_up

    check_outputs((out,), earlier, later)
    studies = study_at(earlier), study_at(later)
    without = [study.name for study in studies if study.image is None]
    notes = [f"The image of {' and of '.join(without)} is not where it was, so its picture lacks it."] * bool(without)
    lacks: list[str] = []
    found = write_follow_up(*studies, out, notes=notes, tell=lacks.append)
    words = [
        *told_of_levels(*studies),
        *notes,
        *lacks,
        *changed_in_words(found),
        *written_in_words((out,)),
        RESEARCH_USE,
    ]
    typer.echo("\n".join(words))
