"""lumbarseg measure: an image and its label map in, measures out."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.cli.handing_out import hand_out, origin, written_in_words
from LumbarSegLib.cli.options import (
    LABEL_SUFFIXES,
    CsvOption,
    DebugOption,
    ImageArgument,
    JsonOption,
    PictureOption,
    PixelSpacingOption,
    SeriesOption,
    check_outputs,
    ending_in,
    lowest_disc_name,
)
from LumbarSegLib.errors import InputError

if TYPE_CHECKING:
    import SimpleITK as sitk


def measure(
    image: ImageArgument,
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS",
            callback=ending_in(*LABEL_SUFFIXES),
            help="Its segmentation: .seg.nrrd, or a label map .nii.gz .nrrd .mha with SPIDER's values.",
        ),
    ],
    as_json: JsonOption = None,
    as_csv: CsvOption = None,
    picture: PictureOption = None,
    lowest_disc: Annotated[
        str | None,
        typer.Option(callback=lowest_disc_name, help="Name of the lowest disc that is labelled: all names shift."),
    ] = None,
    series: SeriesOption = None,
    pixel_spacing: PixelSpacingOption = None,
    debug: DebugOption = False,
) -> None:
    """Measure a segmented image: canal, vertebrae, discs and alignment, by level."""
    from LumbarSegLib.core import analysis, images
    from LumbarSegLib.core.labelmap import is_label_map, label_map
    from LumbarSegLib.core.renaming import named_spine
    from LumbarSegLib.core.report.measured import draw_measured
    from LumbarSegLib.core.report.tables import to_csv, to_json
    from LumbarSegLib.core.report.words import in_words

    outputs = (picture, as_json, as_csv)
    check_outputs(outputs, image, labels)
    volume = images.read_image(image, series, pixel_spacing_mm=pixel_spacing, without_spacing=True)
    if is_label_map(volume):
        raise InputError(f"{image.name} is a segmentation itself; give the image first, then its segmentation.")
    segmented, told = _read_labels(labels)
    analysis.check_can_be_measured(told.get("task", images.thick_plane(volume) or "sagittal"))
    spine = named_spine(label_map(segmented), lowest_disc, told.get("lowest_disc", "L5/S1"))
    measured = analysis.measure(spine, volume)
    findings = measured.findings
    provenance = {**told, **origin(volume), "image": image.name, "labels": labels.name}
    if picture:
        images.write_whole(picture, lambda part: draw_measured(volume, measured.kept.spine, findings, part))
    notes = [f"Note: {note}" for note in images.notes_of(volume)]
    notes += [f"Left out of {labels.name}, no structure of the spine: {told['left_out']}"] if "left_out" in told else []
    words = [in_words(findings), "", *notes, *written_in_words(outputs), RESEARCH_USE]
    hand_out((as_json, to_json(findings, provenance)), (as_csv, to_csv(findings, provenance)), "\n".join(words))


def _read_labels(path: Path) -> "tuple[sitk.Image, Mapping[str, Any]]":
    """The label map of a file on the grid that it was made on, and what the file says of its making.

    "left_out" names the segments in it that are no structure of the spine, if there are any.
    """
    from LumbarSegLib.core.images import full_suffix, read_image

    if full_suffix(path) != ".seg.nrrd":
        return read_image(path), {}
    from LumbarSegLib.scene.files import load_segmentation
    from LumbarSegLib.scene.host import open_scene
    from LumbarSegLib.scene.segmentations import label_of, labels_from_segmentation, provenance_of, segments_of

    with open_scene() as scene:
        segmentation = load_segmentation(scene, path)
        foreign = [one.GetName() for one in segments_of(segmentation).values() if label_of(one) is None]
        told = provenance_of(segmentation) | ({"left_out": ", ".join(foreign)} if foreign else {})
        return labels_from_segmentation(segmentation), told
