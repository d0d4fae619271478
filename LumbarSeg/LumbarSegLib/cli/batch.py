"""lumbarseg batch: many images in one go, each with all that `lumbarseg report` writes, and what became of them."""

import hashlib
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.cli.case import CaseDone, CaseWishes, run_case
from LumbarSegLib.cli.options import DebugOption, PixelSpacingOption, ThresholdsOption, ViewOption, lowest_disc_name
from LumbarSegLib.errors import InputError, LumbarSegError

if TYPE_CHECKING:
    from distributed import Client

    from LumbarSegLib.cohort.cases import Case
    from LumbarSegLib.cohort.folder import Batch
    from LumbarSegLib.cohort.records import Outcome, Record

_FIRST_LOOKED_AT = 5


def batch(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="LIST|DIR",
            help="A text file with one image a line, a CSV file with a column image and, if wanted, name, task and "
            "series, or a folder of images and DICOM series.",
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="A new folder for all results.")],
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes on this machine; else one for each core.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Dask scheduler whose workers do it, as tcp://node1:8786."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the batch in DIR, if one was begun there.")
    ] = False,
    task: Annotated[
        Literal["auto", "sagittal", "axial", "xray"], typer.Option(help="Kind of the images that LIST says nothing of.")
    ] = "auto",
    model: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="A shipped model or a model file.")] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where the network runs.")] = "auto",
    lowest_disc: Annotated[
        str | None,
        typer.Option(callback=lowest_disc_name, help="Name of the lowest disc that is seen; else taken as L5/S1."),
    ] = None,
    view: ViewOption = "auto",
    pixel_spacing: PixelSpacingOption = None,
    thresholds: ThresholdsOption = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="The report of each case as PDF, too.")] = False,
    dicom: Annotated[bool, typer.Option("--dicom", help="DICOM SEG and SR of each case, too.")] = False,
    flips: Annotated[bool, typer.Option("--flips", help="Average with the mirrored image: slower.")] = False,
    trust_model: Annotated[
        bool, typer.Option("--trust-model", help="Load a model file that does not come with LumbarSeg.")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Segment, measure and report many images; a run that was ended goes on with --resume."""
    if scheduler and jobs:
        raise typer.BadParameter("--jobs is for this machine; a scheduler has the workers that it has. Leave out one.")
    from LumbarSegLib.cli.labels import read_cut_offs
    from LumbarSegLib.cohort.folder import batch_in
    from LumbarSegLib.cohort.listing import wanted_images
    from LumbarSegLib.core.models import find

    wishes = CaseWishes(
        pdf=pdf,
        dicom=dicom,
        task=task,
        model=str(Path(model).resolve()) if model and Path(model).is_file() else model,
        device=device,
        lowest_disc=lowest_disc,
        view=view,
        pixel_spacing=pixel_spacing,
        flips=flips,
        trust_model=trust_model,
        thresholds=thresholds.resolve() if thresholds else None,
    )
    read_cut_offs(thresholds)
    options = {
        "--task": task,
        "--model": f"{model} {find(model).sha256}" if model else None,
        "--device": device,
        "--lowest-disc": lowest_disc,
        "--view": view,
        "--pixel-spacing": pixel_spacing,
        "--thresholds": f"{thresholds.name} {hashlib.sha256(thresholds.read_bytes()).hexdigest()}" if thresholds else None,
        "--pdf": pdf,
        "--dicom": dicom,
        "--flips": flips,
        "--trust-model": trust_model,
    }
    wanted = wanted_images(source, out)
    with batch_in(out, source, wanted, options, resume) as begun:
        _run(begun, partial(make_case, wishes), jobs, scheduler)


def make_case(wishes: CaseWishes, case: "Case", folder: Path) -> "Outcome":
    """All files of a case in a folder, by `run_case`, and the small pictures of the page. Raises LumbarSegError."""
    from LumbarSegLib.core.report.thumbnail import draw_thumbnails

    try:
        own = replace(wishes, task=case.task or wishes.task, series=case.series or wishes.series)
        done = run_case(case.image, folder, own, name=case.name)
    except typer.BadParameter as error:
        raise InputError(error.format_message()) from error
    study = done.study
    assert study.image is not None
    assert study.result is not None
    draw_thumbnails(study.image, study.result, folder / _PLAIN, folder / _OVERLAY)
    return _outcome(done)


_PLAIN, _OVERLAY = "plain.jpg", "overlay.jpg"
_FILES = {".html": "report", ".json": "findings", ".png": "picture", ".seg.nrrd": "segmentation"}


def _outcome(done: CaseDone) -> "Outcome":
    from LumbarSegLib.cohort.key_numbers import key_numbers
    from LumbarSegLib.cohort.records import Outcome
    from LumbarSegLib.core.images import full_suffix
    from LumbarSegLib.core.report.tables import as_dict

    named = {_FILES[full_suffix(path)]: path.name for path in done.files if full_suffix(path) in _FILES}
    return Outcome(
        done.provenance["task"],
        _seen(done),
        {**named, "plain": _PLAIN, "overlay": _OVERLAY},
        key_numbers(done.findings),
        tuple(as_dict(done.findings)["flags"]),
        done.notes,
        done.provenance,
    )


def _seen(done: CaseDone) -> str:
    """What was found, in a few words: "T12 to L5, 6 discs, canal"."""
    from LumbarSegLib.core.regions import Regions

    result = done.study.result
    assert result is not None
    if isinstance(result, Regions):
        return ", ".join(f"{one.structure.name} on {result.slices_with(one.structure)}" for one in result.instances)
    kinds = [one.structure.kind for one in result.instances]
    vertebrae = [one.structure.name for one in result.instances if one.structure.kind == "vertebra"]
    told = [f"{vertebrae[-1]} to {vertebrae[0]}" if len(vertebrae) > 1 else "".join(vertebrae) or "no vertebra"]
    if done.provenance["task"] == "sagittal":
        told += [f"{kinds.count('disc')} discs", "canal" if "canal" in kinds else "no canal"]
    return ", ".join(told)


def _run(batch: "Batch", make: Any, jobs: int | None, scheduler: str | None) -> None:
    """Do what is left of a batch, then write its tables and its page, also when it is stopped."""
    from LumbarSegLib.cohort.running import run_cases

    left = batch.left()
    started = time.perf_counter()
    try:
        if left:
            with _workers(batch, len(left), jobs, scheduler) as client, _shown(batch, len(left)) as show:
                for record in run_cases(client, batch, left, make):
                    show(record)
    finally:
        records = [record for case in batch.cases if (record := batch.record_of(case))]
        _write(batch, records)
    _tell(batch, records, len(left), time.perf_counter() - started)


@contextmanager
def _workers(batch: "Batch", count: int, jobs: int | None, scheduler: str | None) -> "Iterator[Client]":
    from LumbarSegLib.cohort.cluster import cluster_at, jobs_by_default, own_cluster

    if scheduler:
        with cluster_at(scheduler, batch.root) as client:
            yield client
    else:
        with own_cluster(min(jobs or jobs_by_default(), count), batch.work) as client:
            yield client


@contextmanager
def _shown(batch: "Batch", count: int) -> "Iterator[Any]":
    """Takes each record as it comes: a bar with the time that is left on a terminal, else a line for each case."""
    if not sys.stderr.isatty():
        told = 0

        def tell(record: "Record") -> None:
            nonlocal told
            told += 1
            typer.echo(f"{told}/{count} {_line(record)}")

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("Cases"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[wrong]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    console = Console(file=sys.stderr, highlight=False)
    with Progress(*columns, console=console, transient=True, speed_estimate_period=1800) as bar:
        task = bar.add_task("Cases", total=count, wrong="")
        wrong = 0

        def show(record: "Record") -> None:
            nonlocal wrong
            if record.status != "done":
                wrong += 1
                bar.console.print(_line(record), markup=False)
            bar.update(task, advance=1, wrong=f"{wrong} without a result" if wrong else "")

        yield show


def _line(record: "Record") -> str:
    told = record.reason or (record.outcome.seen if record.outcome else "")
    return f"{record.status:<7} {record.name}: {told}, {record.seconds:.1f} s".replace(".,", ",")


def _write(batch: "Batch", records: "Sequence[Record]") -> None:
    from LumbarSegLib.cohort.page import write_page
    from LumbarSegLib.cohort.tables import write_tables

    write_tables(batch, records)
    write_page(batch, records)


def _tell(batch: "Batch", records: "Sequence[Record]", tried: int, seconds: float) -> None:
    """A summary for the user. Raises LumbarSegError where a case has no result, so that scripts hear of it."""
    from LumbarSegLib.cohort.key_numbers import apart_from_others, doubt_of
    from LumbarSegLib.cohort.page import PAGE
    from LumbarSegLib.cohort.tables import CASES, MEASUREMENTS, SUMMARY

    wrong = [record for record in records if record.status != "done"]
    apart = apart_from_others(records)
    doubts = {one.name: doubt_of(one, apart.get(one.name, ())) for one in records if one.outcome}
    first = sorted((name for name in doubts if doubts[name]), key=lambda name: -doubts[name])[:_FIRST_LOOKED_AT]
    lines = [
        f"{len(records) - len(wrong)} of {len(records)} cases done; {tried} in this run, {seconds:.0f} s"
        + (f", {seconds / tried:.1f} s a case" if tried else ""),
        *(f"  {record.status} {record.name}: {record.reason}" for record in wrong),
        *([f"Look first at: {', '.join(f'{name} ({doubts[name]})' for name in first)}"] if first else []),
        *_numbers(records),
        f"Written to {batch.root}: {PAGE} to look through, {CASES}, {MEASUREMENTS}, {SUMMARY}",
        RESEARCH_USE,
    ]
    typer.echo("\n".join(lines))
    if wrong:
        raise LumbarSegError(f"{len(wrong)} of {len(records)} cases have no result; {CASES} says why.")


def _numbers(records: "Sequence[Record]") -> Iterator[str]:
    """The key numbers of all cases, as a table."""
    from statistics import fmean, stdev

    from LumbarSegLib.cohort.key_numbers import COLUMNS
    from LumbarSegLib.core.definitions import MEASURES

    found: dict[str, list[float]] = {}
    for record in records:
        for number in record.outcome.numbers if record.outcome else ():
            found.setdefault(number.column, []).append(number.value)
    if found:
        yield f"{'':<24}{'cases':>6}{'mean':>10}{'SD':>10}{'least':>10}{'most':>10}"
    for column in COLUMNS:
        values = found.get(column.column, [])
        if values:
            measure = MEASURES[column.measure]
            spread = measure.rounded(stdev(values)) if len(values) > 1 else ""
            mean, least, most = (measure.rounded(one) for one in (fmean(values), min(values), max(values)))
            heading = f"{column.heading}, {measure.unit}" if measure.unit else column.heading
            yield f"{heading.capitalize():<24}{len(values):>6}{mean:>10}{spread:>10}{least:>10}{most:>10}"
