"""The command line: images in, named segments and measures out; for scripts and studies.

Exit status: 0 done, 1 failed, 2 wrong usage, 130 stopped by the user. An error is one line on stderr;
`--debug` shows the traceback and what the libraries say. Heavy libraries are imported by the commands that need
them, so help and usage errors answer at once.
"""

import os
import signal
import sys
import warnings
from collections.abc import Sequence
from io import TextIOWrapper

import typer

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.cli.agreeing import agreement
from LumbarSegLib.cli.app import app as app_command
from LumbarSegLib.cli.batch import batch
from LumbarSegLib.cli.measuring import measure
from LumbarSegLib.cli.options import spelled_out
from LumbarSegLib.cli.reporting import compare, report
from LumbarSegLib.cli.segmenting import segment
from LumbarSegLib.cli.shipped import models_app, sample
from LumbarSegLib.errors import NOT_ENOUGH_MEMORY, LumbarSegError, is_out_of_memory

STOPPED = 130

app = typer.Typer(
    help=f"LumbarSeg: lumbar spine images in, named segments and measures out. {RESEARCH_USE}",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("app", short_help="Open the page: see, segment, correct, measure in a browser.")(app_command)
app.command(short_help="Segment an image: an image in, named segments out.")(segment)
app.command(short_help="Measure an image that is segmented already.")(measure)
app.command(short_help="Segment, measure and report an image in one go.")(report)
app.command(short_help="Set two studies of one patient side by side.")(compare)
app.command(short_help="Segment, measure and report many images.")(batch)
app.command(short_help="Compare readers: how far they agree in each measure.")(agreement)
app.command(short_help="List the sample images, or copy one to a file.")(sample)
app.add_typer(models_app, name="models", invoke_without_command=True)


def run(arguments: Sequence[str]) -> int:
    """Run one command, return its exit status. An error becomes one line on stderr; `--debug` raises it."""
    debug = "--debug" in arguments
    try:
        status = app(args=spelled_out(arguments), prog_name="lumbarseg", standalone_mode=False)
    except typer.TyperException as error:
        _complain(_usage(error, arguments))
        return error.exit_code
    except Exception as error:
        if debug:
            raise
        _complain(_one_line(error))
        return 1
    if status == STOPPED:
        _complain("stopped.")
    return status if isinstance(status, int) else 0


def _usage(error: typer.TyperException, arguments: Sequence[str]) -> str:
    """What is wrong with a command, and whose help says how it is right."""
    said = error.format_message().removeprefix("Invalid value: ")
    context = getattr(error, "ctx", None)
    command = context.command_path if context else f"lumbarseg {arguments[0]}"
    return f"{said}{'' if said[-1:] in '.?' else '.'} See {command} --help."


def _one_line(error: Exception) -> str:
    if isinstance(error, LumbarSegError):
        return str(error)
    if is_out_of_memory(error):
        return NOT_ENOUGH_MEMORY
    if isinstance(error, PermissionError) and error.filename:
        return f"{error.filename}: access is not permitted; ask for it, or copy the file to another place."
    return f"unexpected failure ({type(error).__name__}: {error}); use --debug and report it."


def _complain(message: str) -> None:
    typer.echo(f"lumbarseg: {' '.join(message.split())}", err=True)


def _silence_libraries() -> None:
    """Give fd 2 to the void and stderr to Python alone: C++ libraries print warnings that no user can use."""
    ours = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="replace")
    void = os.open(os.devnull, os.O_WRONLY)
    os.dup2(void, 2)
    os.close(void)
    sys.stderr = ours
    warnings.simplefilter("ignore")


def main() -> None:
    """Entry point of the `lumbarseg` command."""
    # A batch system that ends the job gets the same clean stop as Ctrl+C.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    # Units such as mm² must not end the command on a terminal that cannot show them.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if "--debug" not in sys.argv:
        _silence_libraries()
    sys.exit(run(sys.argv[1:]))
