"""What a command gives back: tables into files or onto standard output, else words."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from LumbarSegLib.cli.options import PRINTED

Wanted = tuple[Path | None, str]
"""Where a text is to go, if anywhere, and the text."""


def hand_out(json: Wanted, csv: Wanted, words: str) -> None:
    """Write what is to go into files, each whole or not at all, and print the rest: JSON, CSV, or else the words.

    A CSV file starts with a byte order mark, without which spreadsheets take its units for another encoding.
    """
    for (path, text), encoding in ((json, "utf-8"), (csv, "utf-8-sig")):
        if path and path != PRINTED:
            _write(path, text, encoding)
    printed = [text.rstrip("\n") for path, text in (json, csv) if path == PRINTED]
    typer.echo("\n".join(printed or [words]))


def _write(path: Path, text: str, encoding: str) -> None:
    from LumbarSegLib.core.images import write_whole

    def write(part: Path) -> None:
        part.write_text(text.rstrip("\n") + "\n", encoding=encoding)

    write_whole(path, write)


def notes_in_words(notes: Sequence[str]) -> Iterator[str]:
    """A line for each note on an image; where mm are not known, what tells them here."""
    from LumbarSegLib.core.spacing import NOT_STATED

    yield from (f"Note: {note}{' Where it is known, give --pixel-spacing.' * (note == NOT_STATED)}" for note in notes)


def written_in_words(files: Sequence[Path | None]) -> Iterator[str]:
    """A line that names the files, if there are any."""
    named = [str(path) for path in files if path and path != PRINTED]
    if named:
        yield f"Written: {', '.join(named)}"
