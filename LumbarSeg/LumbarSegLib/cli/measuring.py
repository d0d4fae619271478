"""lumbarseg measure: an image and its label map in, measures out."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.cli.handing_out import hand_out, written_in_words
from LumbarSegLib.cli.labels import (
    check_fits_task,
    is_frontal,
    named,
    named_files,
    read_cut_offs,
    read_labels,
    read_sagittal,
)
from LumbarSegLib.cli.options import (
    LABEL_SUFFIXES,
    CsvOption,
    DebugOption,
    ImageArgument,
    JsonOption,
    LevelOption,
    PictureOption,
    PixelSpacingOption,
    SagittalOption,
    SeriesOption,
    ThresholdsOption,
    ViewOption,
    check_outputs,
    ending_in,
    levels_by_slice,
    lowest_disc_name,
)
from LumbarSegLib.errors import InputError


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
    debug: DebugOption = False,
) -> None:
    """Measure a segmented image: canal, vertebrae, discs and alignment by level, the thecal sac in axial slices, or the
    angles of a radiograph.
    """
    from LumbarSegLib.core import analysis, images
    from LumbarSegLib.core.labelmap import is_label_map
    from LumbarSegLib.core.provenance import origin
    from LumbarSegLib.core.radiograph import Radiograph
    from LumbarSegLib.core.report.measured import draw_measured
    from LumbarSegLib.core.report.tables import to_csv, to_json
    from LumbarSegLib.core.report.words import in_words

    outputs = (picture, as_json, as_csv)
    check_outputs(outputs, image, labels)
    levels, cut_offs = levels_by_slice(level or ()), read_cut_offs(thresholds)
    segmented, told = read_labels(labels)
    known = told.get("task", "") if task == "auto" else task
    volume = images.read_image(
        image,
        series,
        pixel_spacing_mm=pixel_spacing,
        without_spacing=True,
        radiograph=known == "xray" or (not known and is_frontal(segmented)),
    )
    if is_label_map(volume):
        raise InputError(f"{image.name} is a segmentation itself; give the image first, then its segmentation.")
    made_for = analysis.task_of_labels(volume, known)
    check_fits_task(made_for, lowest_disc, sagittal, levels, view)
    volume, result = named(segmented, volume, made_for, told, lowest_disc, view)
    beside = read_sagittal(sagittal, lowest_disc)
    measured = analysis.measure(result, volume, sagittal=beside, levels=levels, thresholds=cut_offs)
    findings = measured.findings
    files = named_files(labels=labels, sagittal=sagittal, thresholds=thresholds)
    seen = {"view": result.view, "lowest_disc": result.lowest_disc} if isinstance(result, Radiograph) else {}
    provenance = {**told, **origin(volume), "task": made_for, "image": image.name, **seen, **files}
    if picture:
        images.write_whole(picture, lambda part: draw_measured(volume, measured.result, findings, part))
    read = list(images.notes_of(volume))
    notes = [f"Note: {note}" for note in read]
    notes += [f"Left out of {labels.name}, no structure of the spine: {told['left_out']}"] if "left_out" in told else []
    words = [in_words(findings), "", *notes, *written_in_words(outputs), RESEARCH_USE]
    csv = to_csv(findings, provenance | ({"notes": " ".join(read)} if read else {}))
    hand_out((as_json, to_json(findings, {**provenance, "notes": read})), (as_csv, csv), "\n".join(words))
