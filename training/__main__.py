"""python -m training: the data, the training, the measuring and the handing out of LumbarSeg's models."""

import sys

import typer
from rich.console import Console

from LumbarSegLib.errors import LumbarSegError
from training.cli import data, scoring, training
from training.errors import TrainingError

app = typer.Typer(
    help="Train, measure, compare and export models for LumbarSeg.", no_args_is_help=True, add_completion=False
)
app.add_typer(data.app, name="data")
for command in (training.train, training.profile, training.export, scoring.evaluate, scoring.compare):
    app.command()(command)


def main() -> None:
    """Run a command; what the user can mend is said in one sentence."""
    try:
        app()
    except (TrainingError, LumbarSegError) as error:
        Console(stderr=True).print(f"Error: {error}", style="red", markup=False, highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
