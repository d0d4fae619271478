"""The commands about data: check, download."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from training.errors import TrainingError

if TYPE_CHECKING:
    from training.data.cases import DataSet
    from training.data.split import Split

app = typer.Typer(help="Look at data before training on them, and fetch public data.", no_args_is_help=True)
_console = Console(highlight=False)


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="The folder of the data as its authors publish it, or your own.")],
    data_set: Annotated[
        str | None, typer.Option("--set", help="spider, mendeley, aasce, radiographs, or a .toml or .json file.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Write overlays to look at as a PNG; further pages get -2, -3 …")
    ] = None,
    held_out: Annotated[
        str | None, typer.Option(help="Show the split that tests on these patients, such as 18,55,98.")
    ] = None,
    folds: Annotated[int | None, typer.Option(min=2, help="Show the split into this many folds.")] = None,
    datalist: Annotated[
        Path | None, typer.Option(help="Write the set as a MONAI datalist, a .json with label files beside it.")
    ] = None,
) -> None:
    """Read every file of a data set; say what it holds, what is left out and what looks wrong."""
    from LumbarSegLib.core.images import check_place
    from training.data.check import check_set
    from training.data.check_tables import as_tables
    from training.data.contact_sheet import write_contact_sheet
    from training.data.datalist import write_datalist
    from training.data.layouts import open_guessed
    from training.data.sets import open_set

    for path, suffix in ((sheet, ".png"), (datalist, ".json")):
        if path is not None and path.suffix.lower() != suffix:
            raise TrainingError(f"{path} would be a {suffix} file; give it that ending.")
        if path is not None:
            check_place(path)
    dataset = open_set(data_set, folder) if data_set else open_guessed(folder)
    splits = _splits(dataset, held_out, folds)
    with _progress() as progress:
        reading = progress.add_task("Reading", total=len(dataset.cases))
        report = check_set(dataset, splits, lambda case: progress.advance(reading))
    _console.print(as_tables(report))
    named = {case.name for case in report.cases}
    usable = replace(dataset, cases=tuple(case for case in dataset.cases if case.name in named))
    if not usable.cases:
        raise TrainingError(f"No case of {folder} can be used; the table says why.")
    if sheet is not None:
        with _progress() as progress:
            drawing = progress.add_task("Drawing", total=len(usable.cases))
            pages = write_contact_sheet(usable, sheet, lambda case: progress.advance(drawing))
        _console.print(f"Written: {', '.join(str(page) for page in pages)}")
    if datalist is not None:
        write_datalist(usable, datalist, splits)
        _console.print(f"Written: {datalist}")


@app.command()
def download(
    name: Annotated[str, typer.Argument(help="spider, mendeley or mendeley-dicom; aasce says where to register.")],
    to: Annotated[Path, typer.Option("--to", file_okay=False, help="The folder that gets the data.")],
) -> None:
    """Fetch public data from their record, verified and unpacked; given again, it goes on where it stopped."""
    from training.data.download import download as fetch

    done = fetch(name, to)
    if done.there:
        _console.print(f"There already: {', '.join(done.there)}")
    if done.fetched:
        _console.print(f"Fetched: {', '.join(done.fetched)}")
    _console.print(f"{done.record.title}, {done.record.licence}; cite it as {done.record.page} asks.")
    _console.print(f"Look at it with: python -m training data check {to}")


def _splits(dataset: "DataSet", held_out: str | None, folds: int | None) -> "list[Split]":
    from training.data import split

    if held_out is not None and folds is not None:
        raise TrainingError("Give either --held-out or --folds.")
    if held_out is not None:
        return [split.held_out(dataset.patients, held_out.replace(",", " ").split(), validation=0, seed=0)]
    return split.folds(dataset.patients, folds, validation=0, seed=0) if folds else []


def _progress() -> Progress:
    return Progress(*Progress.get_default_columns(), console=_console, transient=True)
