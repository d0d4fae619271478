"""The commands that judge models: evaluate, compare."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from training.cli.training import DataOption

if TYPE_CHECKING:
    from training.data.cases import DataSet

_console = Console(highlight=False)
_PRINTED = ("dice_by_instance", "iou", "hd95", "assd", "auc", "area_error")
"""Beside Dice; as many as a terminal shows, the rest is on the page that compares."""


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
    _say(folders, dataset)


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


def _say(folders: list[Path], dataset: "DataSet") -> None:
    from training import scores
    from training.comparison import pictures
    from training.comparison.gather import read_run
    from training.comparison.tables import DICE, SHOWN, estimate, in_numbers, in_words

    run = read_run(folders[0].parent)
    table = Table(title=f"{run.name}: means over {len(run.patients)} patients", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    columns = [metric for metric in SHOWN if metric.name in _PRINTED and metric.known(run)]
    for heading in ("class", "Dice (95 % interval)", *(metric.heading(run.unit) for metric in columns)):
        table.add_column(heading, no_wrap=heading.startswith("Dice (95"))
    for name in run.rows:
        dice = in_words(estimate(run, name, DICE), DICE)
        table.add_row(name, dice, *(in_numbers(estimate(run, name, metric), metric) for metric in columns))
    _console.print(table)
    _console.print(f"{run.milliseconds:.0f} ms per case ({run.milliseconds_per_slice:.0f} per slice) on {run.machine}.")
    shown = pictures.choose([run], dataset)
    for one in shown:
        pictures.draw(one, [run], run.task, folders[0].parent / one.file)
    names = ", ".join(one.file for one in shown)
    _console.print(f"{folders[0].parent}: {names}, and {scores.SCORES} of each fold with all metrics", soft_wrap=True)
