"""lumbarseg agreement: findings of several readers in, how far they agree out."""

from pathlib import Path
from typing import Annotated

import typer

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.cli.options import DebugOption


def agreement(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="A folder for each reader, and in each the JSON of every case (measure --json), with the same name "
            "for all readers.",
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for the tables and plots.")],
    debug: DebugOption = False,
) -> None:
    """Compare readers: intraclass correlation, bias and limits of agreement of each measure, as tables and plots."""
    from LumbarSegLib.core.reader_study.readings import SETTINGS, read_readings
    from LumbarSegLib.core.reader_study.statistics import agreements
    from LumbarSegLib.core.reader_study.writing import write_agreement

    readings = read_readings(folder)
    found = agreements(readings)
    files = write_agreement(readings, found, out)
    counts = {"reader": readings.readers, "case": readings.cases, "measure": readings.values}
    typer.echo(", ".join(f"{len(those)} {name}{'s' * (len(those) != 1)}" for name, those in counts.items()) + ".")
    for note in readings.notes:
        typer.echo(f"Note: {note}")
    few = sum(one.has_few for one in {one.measure: one for one in reversed(found)}.values())
    if few:
        advised = SETTINGS["advised"]
        typer.echo(
            f"Note: {few} of them {'has' if few == 1 else 'have'} fewer than the {advised['count']} values that are "
            f"advised ({advised['source']})."
        )
    typer.echo(f"Written: {files[0]} and {len(files) - 1} more")
    typer.echo(RESEARCH_USE)
