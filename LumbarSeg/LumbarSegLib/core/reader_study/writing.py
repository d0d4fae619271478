"""A reader study into a folder: two tables, a page of Markdown, and a plot for each measure."""

from collections.abc import Sequence
from pathlib import Path

from LumbarSegLib.core.images import write_whole
from LumbarSegLib.core.reader_study.plots import can_be_drawn, draw_differences
from LumbarSegLib.core.reader_study.readings import Readings
from LumbarSegLib.core.reader_study.statistics import Agreement
from LumbarSegLib.core.reader_study.tables import icc_csv, markdown, pairs_csv
from LumbarSegLib.errors import OutputError


def write_agreement(readings: Readings, found: Sequence[Agreement], out: Path) -> list[Path]:
    """Write `icc.csv`, `differences.csv`, `agreement.md` and a PNG for each measure into a folder, which is made where
    it is missing. Returns the files, the page first. Raises OutputError where the folder takes none.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: the folder cannot be made ({error.strerror}); choose another place.") from error
    pictures: dict[str, str] = {}
    for one in found:
        if one.measure not in pictures and can_be_drawn(one):
            pictures[one.measure] = f"{one.measure.replace('.', '-')}.png"
            write_whole(out / pictures[one.measure], lambda part, one=one: draw_differences(one, part))  # type: ignore[misc]
    texts = {
        "agreement.md": (markdown(found, readings, pictures), "utf-8"),
        "icc.csv": (icc_csv(found, readings), "utf-8-sig"),
        "differences.csv": (pairs_csv(found, readings), "utf-8-sig"),
    }
    for name, (text, encoding) in texts.items():
        write_whole(out / name, lambda part, text=text, encoding=encoding: _write(part, text, encoding))  # type: ignore[misc]
    return [out / name for name in (*texts, *pictures.values())]


def _write(part: Path, text: str, encoding: str) -> None:
    part.write_text(text, encoding=encoding)
