"""The commands that make models: train, export."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from training.errors import TrainingError

DataOption = Annotated[
    Path, typer.Option("--data", exists=True, file_okay=False, help="The folder of the data as its authors publish it.")
]
_console = Console(highlight=False)


def train(
    file: Annotated[Path, typer.Argument(help="The experiment, a TOML file.")],
    data: DataOption,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    fold: Annotated[int | None, typer.Option(min=0, help="Train this fold alone.")] = None,
) -> None:
    """Train an experiment, fold by fold. Ctrl-C stops it with a checkpoint; --resume goes on."""
    from training import distributed, folds
    from training.data.sets import open_set
    from training.experiment import read_experiment

    experiment = read_experiment(file)
    distributed.begin()
    try:
        dataset = open_set(experiment.data.set, data, **experiment.data.options)
        wanted = folds.folds_of(experiment, dataset)
        if fold is not None and fold >= len(wanted):
            raise TrainingError(f"{file.name} has {len(wanted)} folds; the first is 0.")
        for one in wanted if fold is None else [wanted[fold]]:
            folder = folds.train_fold(experiment, dataset, one, resume)
            if distributed.leads():
                _say(folder)
    finally:
        distributed.end()


def profile(file: Annotated[Path, typer.Argument(help="The experiment, a TOML file.")], data: DataOption) -> None:
    """Say which part of a training step goes into its batch, and how much memory it takes, over ten steps."""
    from training import runs
    from training.data.sets import open_set
    from training.experiment import read_experiment
    from training.feed.profile import profile as profiled

    experiment = read_experiment(file)
    measured = profiled(experiment, open_set(experiment.data.set, data, **experiment.data.options))
    _console.print(f"{measured} {runs.peak_memory_mb() / 1000:.1f} GB of memory at most.")


def _say(folder: Path) -> None:
    from training.runs import read_facts

    facts = read_facts(folder)
    _console.print(
        f"{folder.parent.name}, {folder.name}: {facts['iterations']} iterations in {facts['seconds'] / 60:.1f} min "
        f"({facts['stopped']}), {facts['parameters'] / 1e6:.1f} M parameters, batches took "
        f"{100 * facts['feeding_share']:.0f} % of the time, {facts['peak_memory_mb'] / 1000:.1f} GB at most."
    )
    _console.print(f"{folder}: model.ts, curves.png")


def export(
    run: Annotated[str, typer.Argument(help="The name of a run, that of its experiment's file.")],
    to: Annotated[Path, typer.Option("--to", file_okay=False, help="The folder that gets the model file.")],
    fold: Annotated[int, typer.Option(min=0, help="Which fold's weights.")] = 0,
    card: Annotated[Path | None, typer.Option(exists=True, help="What the model says of itself, a TOML file.")] = None,
    report: Annotated[Path | None, typer.Option(exists=True, help="The .json of a report on the model.")] = None,
    half: Annotated[bool, typer.Option("--half/--full", help="Weights in half or in full precision.")] = True,
    listed: Annotated[
        bool, typer.Option("--listed", help="Enter it in the folder's index.json, as a shipped model.")
    ] = False,
) -> None:
    """Write a trained network as a model file that LumbarSeg loads."""
    from training import export as exporting

    exported = exporting.export_run(run, fold, to, _table(card), report, half)
    if listed:
        exporting.enter_in_library(exported, to)
    size_mb, shape = exported.path.stat().st_size / 1e6, " x ".join(map(str, exported.shape))
    _console.print(
        f"{exported.path}: {size_mb:.1f} MB. On a random input of {shape} its answer is within "
        f"{exported.largest_difference:.3g} of the trained network's, {100 * exported.changed_share:.2f} % of the "
        f"pixels get another class; {1000 * exported.seconds:.0f} ms."
    )


def _table(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise TrainingError(f"{path.name} is not valid TOML: {error}.") from error
