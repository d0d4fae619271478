"""lumbarseg segment: an image in, named segments out, and their measures if asked for."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.cli.handing_out import hand_out, notes_in_words, written_in_words
from LumbarSegLib.cli.labels import check_fits_task, named_files, read_cut_offs, read_sagittal
from LumbarSegLib.cli.options import (
    RESULT_SUFFIXES,
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
from LumbarSegLib.cli.progress import Clock, Step, progress_bar

if TYPE_CHECKING:
    from LumbarSegLib.core.analysis import Measured, Segmented
    from LumbarSegLib.core.findings import Findings
    from LumbarSegLib.core.levels import Instance
    from LumbarSegLib.core.models import Model


def segment(
    image: ImageArgument,
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            callback=ending_in(*RESULT_SUFFIXES),
            help=".seg.nrrd, a label map .nii.gz .nrrd .mha, .mrb",
        ),
    ],
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
    measure: Annotated[bool, typer.Option("--measure", help="Measure what was found.")] = False,
    sagittal: SagittalOption = None,
    level: LevelOption = None,
    thresholds: ThresholdsOption = None,
    picture: PictureOption = None,
    flips: Annotated[bool, typer.Option("--flips", help="Average with the mirrored image: slower.")] = False,
    trust_model: Annotated[
        bool, typer.Option("--trust-model", help="Load a model file that does not come with LumbarSeg.")
    ] = False,
    as_json: JsonOption = None,
    as_csv: CsvOption = None,
    debug: DebugOption = False,
) -> None:
    """Segment an image: vertebrae, discs and canal, the regions of axial slices, or the vertebrae of a radiograph."""
    if as_csv and not measure:
        raise typer.BadParameter("--csv gives measures; add --measure.")
    for option, given in {"--sagittal": sagittal, "--level": level, "--thresholds": thresholds}.items():
        if given and not measure:
            raise typer.BadParameter(f"{option} is about measures; add --measure.")
    if pixel_spacing and task not in ("axial", "xray"):
        raise typer.BadParameter(
            "--pixel-spacing is for axial slices whose file states none, add --task axial; or for a radiograph, add "
            "--task xray."
        )
    from LumbarSegLib.core import analysis, images
    from LumbarSegLib.core.provenance import provenance
    from LumbarSegLib.core.report.tables import to_csv

    clock = Clock()
    check_outputs((out, picture, as_json, as_csv), image)
    levels, cut_offs = levels_by_slice(level or ()), read_cut_offs(thresholds)
    with progress_bar() as step:
        step("Reading", 0.0)
        volume = images.read_image(
            image,
            series,
            pixel_spacing_mm=pixel_spacing,
            without_spacing=task == "axial",
            radiograph=task == "xray",
        )
        clock.lap("read")
        step("Loading the model", 0.05)
        network = analysis.prepare(volume, task, model, device, trust_model)
        clock.lap("load")
        check_fits_task(network.info.task, lowest_disc, sagittal, levels, view)
        beside = read_sagittal(sagittal, lowest_disc)
        lowest = lowest_disc or "L5/S1"
        found = analysis.segment(
            volume, network, lowest, flips, lambda name, done: step(name, 0.2 + 0.5 * done), view=view
        )
        clock.seconds.update(found.seconds)
        clock.start_lap()
        wishes = {"sagittal": beside, "levels": levels, "thresholds": cut_offs}
        measured = _measured(found, network, wishes, clock, step) if measure else None
        step("Saving", 0.8)
        _save(found, image, out)
        clock.lap("save")
        if picture:
            step("Drawing", 0.9)
            _draw(found, measured, picture)
            clock.lap("picture")
        step("Done", 1.0)
    written = (out, picture, as_json, as_csv)
    findings = measured.findings if measured else None
    files = named_files(sagittal=sagittal, thresholds=thresholds)
    summary = _summary(found, findings, image, written, clock) | files
    csv = to_csv(findings, provenance(found) | files) if findings else ""
    hand_out((as_json, json.dumps(summary)), (as_csv, csv), _in_words(found, summary, findings, written))


def _measured(found: "Segmented", network: "Model", wishes: dict[str, Any], clock: Clock, step: Step) -> "Measured":
    from LumbarSegLib.core import analysis

    step("Measuring", 0.7)
    agreement = analysis.self_agreement(found, network)
    clock.lap("agreement")
    measured = analysis.measure(found.result, found.image, agreement=agreement, **wishes)
    clock.lap("measure")
    return measured


def _save(found: "Segmented", source: Path, out: Path) -> None:
    from LumbarSegLib.core.provenance import provenance
    from LumbarSegLib.scene.files import save_segmentation
    from LumbarSegLib.scene.host import open_scene
    from LumbarSegLib.scene.segmentations import segmentation_from_result
    from LumbarSegLib.scene.volumes import volume_from_image

    with open_scene() as scene:
        volume = volume_from_image(scene, found.image, source.name.split(".")[0])
        segmentation = segmentation_from_result(scene, found.result, volume, provenance(found))
        save_segmentation(segmentation, out)


def _draw(found: "Segmented", measured: "Measured | None", picture: Path) -> None:
    from LumbarSegLib.core.images import write_whole
    from LumbarSegLib.core.provenance import provenance
    from LumbarSegLib.core.report.measured import draw_measured
    from LumbarSegLib.core.report.picture import draw_picture

    def draw(part: Path) -> None:
        if measured:
            draw_measured(found.image, measured.result, measured.findings, part, provenance(found))
        else:
            draw_picture(found.image, found.result, part, provenance(found))

    write_whole(picture, draw)


def _summary(
    found: "Segmented", findings: "Findings | None", source: Path, written: Sequence[Path | None], clock: Clock
) -> dict[str, Any]:
    from LumbarSegLib.core.notes import notes_of
    from LumbarSegLib.core.provenance import provenance
    from LumbarSegLib.core.report.tables import as_dict
    from LumbarSegLib.core.spacing import has_spacing

    out, picture, *_ = (str(path) if path else None for path in written)
    has_volumes = has_spacing(found.image) and found.model.task != "xray"
    structures = [
        {
            "name": instance.structure.name,
            "kind": instance.structure.kind,
            "label": instance.structure.label,
            "volume_mm3": round(instance.volume_mm3, 1) if has_volumes else None,
            "partly_visible": instance.partly_visible,
        }
        for instance in found.result.instances
    ]
    return {
        "input": str(source),
        "output": out,
        "picture": picture,
        **provenance(found),
        "seconds": {name: round(value, 3) for name, value in clock.total().items()},
        "structures": structures,
        "notes": [*notes_of(found.image), *found.result.notes],
        "use": RESEARCH_USE,
        **(as_dict(findings) if findings else {}),
    }


def _in_words(
    found: "Segmented", summary: dict[str, Any], findings: "Findings | None", written: Sequence[Path | None]
) -> str:
    steps = ", ".join(f"{name} {value:.1f}" for name, value in summary["seconds"].items() if name != "total")
    seen = f", {summary['view']} view" if "view" in summary else ""
    counted = f", lowest disc taken as {summary['lowest_disc']}" if "lowest_disc" in summary else ""
    corners = f" with {summary['corner_model']}" if "corner_model" in summary else ""
    lines = [
        f"Found in {summary['input']} ({summary['task']}{seen}{counted}):",
        *_found_in_words(found),
        *(f"  {note}" for note in notes_in_words(summary["notes"])),
        *_measures_in_words(findings),
        f"Model {summary['model']} {summary['model_version']}{corners}; {summary['seconds']['total']:.1f} s ({steps})",
        *written_in_words(written),
        RESEARCH_USE,
    ]
    return "\n".join(lines)


def _measures_in_words(findings: "Findings | None") -> Iterator[str]:
    from LumbarSegLib.core.report.words import in_words

    if findings:
        yield from ("", in_words(findings), "")


def _found_in_words(found: "Segmented") -> Iterator[str]:
    from LumbarSegLib.core.radiograph import Radiograph
    from LumbarSegLib.core.regions import Regions

    result = found.result
    if isinstance(result, Radiograph):
        names = [one.structure.name + " (partly visible)" * one.partly_visible for one in result.instances]
        yield f"  {len(names)} vertebrae: {', '.join(names)}"
        return
    if isinstance(result, Regions):
        for one in result.instances:
            count = result.slices_with(one.structure)
            yield f"  {one.structure.name + ':':<5}{one.structure.words}, {count} slice{'s' * (count > 1)}"
        return
    for kind, title in (("vertebra", "Vertebrae"), ("disc", "Discs"), ("canal", "Canal")):
        names = [f"{one.structure.name} {_size(one)}" for one in result.instances if one.structure.kind == kind]
        yield f"  {title + ':':<11}{', '.join(names) or 'none'}"


def _size(instance: "Instance") -> str:
    partly = " (partly visible)" * (instance.partly_visible and instance.structure.kind != "canal")
    return f"{instance.volume_mm3 / 1000:.1f} ml{partly}"
