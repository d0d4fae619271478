"""lumbarseg batch: many images in one go, each with all that `lumbarseg report` writes, and what became of them."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from LumbarSegLib.cli.batch_case import make_case
from LumbarSegLib.cli.batch_telling import shown, tell_summary
from LumbarSegLib.cli.case import CaseWishes
from LumbarSegLib.cli.options import DebugOption, PixelSpacingOption, ThresholdsOption, ViewOption, lowest_disc_name
from LumbarSegLib.errors import LumbarSegError

if TYPE_CHECKING:
    from distributed import Client

    from LumbarSegLib.cohort.folder import Batch
    from LumbarSegLib.cohort.records import Record

_NEEDED = ("distributed", "cryptography", "filelock", "psutil")


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
    _check_installed()
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
    _check_tools(model, trust_model, pdf and not scheduler)
    options = {
        "--task": task,
        "--model": f"{model} {find(model).sha256}" if model else None,
        "--device": device,
        "--lowest-disc": lowest_disc,
        "--view": view,
        "--pixel-spacing": pixel_spacing,
        "--thresholds": f"{thresholds.name} {_sha256(thresholds)}" if thresholds else None,
        "--pdf": pdf,
        "--dicom": dicom,
        "--flips": flips,
        "--trust-model": trust_model,
    }
    wanted = wanted_images(source, out)
    with batch_in(out, source, wanted, options, resume) as begun:
        _run(begun, partial(make_case, wishes), jobs, scheduler)


def _check_installed() -> None:
    """Raise LumbarSegError where a package of the extra `study` lacks."""
    lacking = [name for name in _NEEDED if find_spec(name) is None]
    if lacking:
        raise LumbarSegError(f"A batch needs {', '.join(lacking)}; install them with: pip install lumbarseg[study]")


def _check_tools(model: str | None, trusted: bool, pdf: bool) -> None:
    """Raise now what would else fail each case alike: a model that is not trusted, libraries that lack for PDF."""
    from LumbarSegLib.core.models import find, open_model
    from LumbarSegLib.core.report.pdf import check_pdf

    if model and not trusted and not (info := find(model)).listed:
        open_model(info)
    if pdf:
        check_pdf()


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _run(batch: "Batch", make: Any, jobs: int | None, scheduler: str | None) -> None:
    """Do what is left of a batch, then write its tables and its page, also when it is stopped."""
    from LumbarSegLib.cohort.running import run_cases

    left = batch.left()
    started = time.perf_counter()
    try:
        if left:
            with _workers(batch, len(left), jobs, scheduler) as client, shown(len(left)) as show:
                for ended in run_cases(client, batch, left, make):
                    show(ended)
    except KeyboardInterrupt:
        typer.echo(f"Still to be done: {len(batch.left())} of {len(batch.cases)} cases; go on with --resume.")
        raise
    finally:
        records = [record for case in batch.cases if (record := batch.record_of(case))]
        _write(batch, records)
    tell_summary(batch, records, len(left), time.perf_counter() - started)


@contextmanager
def _workers(batch: "Batch", count: int, jobs: int | None, scheduler: str | None) -> "Iterator[Client]":
    from LumbarSegLib.cohort.cluster import cluster_at, jobs_by_default, own_cluster

    if scheduler:
        with cluster_at(scheduler, batch.root) as client:
            yield client
    else:
        with own_cluster(min(jobs or jobs_by_default(), count), batch.work) as client:
            yield client


def _write(batch: "Batch", records: "Sequence[Record]") -> None:
    from LumbarSegLib.cohort.page import write_page
    from LumbarSegLib.cohort.tables import write_tables

    write_tables(batch, records)
    write_page(batch, records)
