"""The commands that judge models: evaluate, compare."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from training.cli.training import DataOption

if TYPE_CHECKING:
    from training.data.cases import DataSet

_console = Console(highlight=False)


def evaluate(
    run: Annotated[str, typer.Argument(help="The name of a run, that of its experiment's file.")], data: DataOption
) -> None:
    """Measure a run's exported models on their test patients, fold by fold."""
    from training import runs
    from training.evaluate import evaluate_run

    folders = runs.folds_of(run)
    dataset = _data_of(folders[0], data)
    for folder in folders:
        evaluate_run(folder, dataset)
    _say(folders)


def compare(
    names: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="The runs to set side by side, measured before.")
    ],
    data: DataOption,
    to: Annotated[Path, typer.Option("--to", file_okay=False, help="The folder that gets the page.")],
    title: Annotated[str, typer.Option(help="The heading of the page.")] = "",
    images: Annotated[
        bool, typer.Option(help="Draw outlines over the images; without them where the data must not be passed on.")
    ] = True,
) -> None:
    """Write one page (HTML and Markdown) that compares runs of one task on the same test patients."""
    from training import runs
    from training.compare import compare as write_page

    folders = {name: runs.folds_of(name) for name in names}
    dataset = _data_of(folders[names[0]][0], data)
    page = write_page([folds[0].parent for folds in folders.values()], dataset, to, title, images)
    _console.print(page.verdict.headline, style="bold")
    for sentence in page.verdict.sentences:
        _console.print(sentence)
    _console.print(f"{to}: index.html, README.md, scores.csv")


def _data_of(folder: Path, data: Path) -> "DataSet":
    """The data set that a fold was trained on, read from a folder."""
    from training import runs
    from training.data.sets import open_set
    from training.experiment import Experiment

    wanted = Experiment.model_validate(runs.read_facts(folder)["experiment"]).data
    return open_set(wanted.set, data, **wanted.options)


def _say(folders: list[Path]) -> None:
    from training.comparison.gather import read_run
    from training.comparison.tables import SHOWN, estimate, in_words

    run = read_run(folders[0].parent)
    table = Table(title=f"{run.name}: means over {len(run.patients)} patients (95 % interval)")
    shown = [metric for metric in SHOWN if metric.known(run)]
    for heading in ("class", *(metric.heading(run.unit) for metric in shown)):
        table.add_column(heading)
    for name in run.rows:
        table.add_row(name, *(in_words(estimate(run, name, metric), metric) for metric in shown))
    _console.print(table)
    _console.print(f"{run.milliseconds:.0f} ms per case ({run.milliseconds_per_slice:.0f} per slice) on {run.machine}.")
