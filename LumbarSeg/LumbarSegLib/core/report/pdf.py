"""A page of HTML as PDF. Letters that no font of the computer has are told of, never left blank in silence."""

import io
import logging
import unicodedata
from collections.abc import Sequence
from contextlib import redirect_stdout
from html import escape

from LumbarSegLib.errors import OutputError

_NO_PANGO = (
    "A PDF needs the library Pango, which is missing; on Debian and Ubuntu install the packages libpango-1.0-0 and "
    "libpangoft2-1.0-0, on macOS pango by Homebrew, or write an .html and print it."
)
_STANDS_FOR = "?"
_MOST_NAMED = 12
_END = "</main>"


def check_pdf() -> None:
    """Raise OutputError where what makes a PDF is missing."""
    try:
        # Where a library is missing it prints advice of its own on standard output, which may be a table's.
        with redirect_stdout(io.StringIO()):
            import weasyprint as weasyprint  # noqa: PLC0414 - whether it can be imported is all that is asked
    except OSError as error:
        raise OutputError(_NO_PANGO) from error


def pdf_of(html: str) -> tuple[bytes, str]:
    """The PDF of a page, and what is to be told of it: "" where it holds every letter.

    What no font has stands as "?", and the foot of the page says so.
    """
    pdf, missing = _printed(html)
    if not missing:
        return pdf, ""
    told = _told(missing)
    for letter in missing:
        # A mark over or under a letter stands for itself alone nowhere.
        html = html.replace(letter, "" if unicodedata.category(letter).startswith("M") else _STANDS_FOR)
    place = html.rindex(_END)
    pdf, _ = _printed(f'{html[:place]}<p class="small whole">{escape(told)}</p>\n{html[place:]}')
    return pdf, told


def _told(missing: Sequence[str]) -> str:
    named = [f"U+{ord(letter):04X}" for letter in missing[:_MOST_NAMED]]
    more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
    return (
        f"No font of this computer has the letters {', '.join(named)}{more}: each stands as “{_STANDS_FOR}” in the "
        "PDF. The HTML and the tables have them; install a font of that script for the PDF."
    )


def _printed(html: str) -> tuple[bytes, list[str]]:
    """The PDF of a page, and the letters that no font has, in their order."""
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    seen = _Missing()
    logger = logging.getLogger("weasyprint")
    logger.addHandler(seen)
    try:
        # All that a page shows is in it: nothing is fetched, whatever a name in it looks like.
        pdf: bytes = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=["data"])).write_pdf()
    finally:
        logger.removeHandler(seen)
    return pdf, list(dict.fromkeys(seen.letters))


class _Missing(logging.Handler):
    """Hears which letters WeasyPrint finds in no font: it says so of each in a warning, with its code point."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.letters: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith(".notdef glyph") and isinstance(record.args, tuple):
            self.letters.append(chr(int(str(record.args[-1]))))
