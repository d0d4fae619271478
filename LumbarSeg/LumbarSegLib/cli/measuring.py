"""lumbarseg measure: an image and its label map in, measures out."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.cli.case import CaseWishes
from LumbarSegLib.cli.handing_out import hand_out, notes_in_words, written_in_words
from LumbarSegLib.cli.options import (
    LABEL_SUFFIXES,
    ConfirmedByOption,
    CsvOption,
    DebugOption,
    ImageArgument,
    JsonOption,
    LevelOption,
    OrganizationOption,
    PictureOption,
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


def measure(
    image: ImageArgument,
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS",
            callback=ending_in(*LABEL_SUFFIXES),
            help="Its segmentation: .seg.nrrd, or a label map .nii.gz .nrrd .mha with SPIDER's values, or those of the "
            "regions of axial slices: 1 IVD, 2 PE, 3 TS, 4 AAP.",
        ),
    ],
    task: Annotated[
        Literal["auto", "sagittal", "axial", "xray"],
        typer.Option(help="Whose values LABELS holds; else as it says, or as the slices of IMAGE lie."),
    ] = "auto",
    as_json: JsonOption = None,
    as_csv: CsvOption = None,
    picture: PictureOption = None,
    lowest_disc: Annotated[
        str | None,
        typer.Option(callback=lowest_disc_name, help="Name of the lowest disc that is labelled: all names shift."),
    ] = None,
    sagittal: SagittalOption = None,
    level: LevelOption = None,
    thresholds: ThresholdsOption = None,
    view: ViewOption = "auto",
    series: SeriesOption = None,
    pixel_spacing: PixelSpacingOption = None,
    confirmer: ConfirmedByOption = None,
    organization: OrganizationOption = None,
    debug: DebugOption = False,
) -> None:
    """Measure a segmented image: canal, vertebrae, discs and alignment by level, the thecal sac in axial slices, or the
    angles of a radiograph.
    """
    from LumbarSegLib.cli.known import confirmed, examined_with
    from LumbarSegLib.core import images
    from LumbarSegLib.core.report.measured import draw_measured
    from LumbarSegLib.core.report.tables import to_csv, to_json
    from LumbarSegLib.core.report.words import in_words

    outputs = (picture, as_json, as_csv)
    check_outputs(outputs, image, labels)
    by = confirmed_by(confirmer, organization)
    wishes = CaseWishes(
        task=task,
        lowest_disc=lowest_disc,
        view=view,
        series=series,
        pixel_spacing=pixel_spacing,
        sagittal=sagittal,
        levels=levels_by_slice(level or ()),
        thresholds=thresholds,
    )
    study, read = examined_with(image, labels, wishes)
    study = confirmed(study, by) if by is not None else study
    volume, result, findings, provenance = study.image, study.result, study.findings, study.provenance
    assert volume is not None and result is not None
    if picture:
        images.write_whole(picture, lambda part: draw_measured(volume, result, findings, part, provenance))
    notes = list(notes_in_words(read))
    left_out = provenance.get("left_out")
    notes += [f"Left out of {labels.name}, no structure of the spine: {left_out}"] if left_out else []
    words = [in_words(findings), "", *notes, *written_in_words(outputs), RESEARCH_USE]
    csv = to_csv(findings, {**provenance, **({"notes": " ".join(read)} if read else {})})
    hand_out((as_json, to_json(findings, {**provenance, "notes": read})), (as_csv, csv), "\n".join(words))
