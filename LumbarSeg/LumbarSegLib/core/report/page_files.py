"""A page from its template, alone in one file: HTML with its fonts and pictures inside, or PDF made of the same."""

import base64
import io
import re
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

from LumbarSegLib.core.images import write_whole
from LumbarSegLib.core.report.key_pictures import FONT_FILES, Picture
from LumbarSegLib.errors import OutputError
from LumbarSegLib.resources import resource

_LEVEL = re.compile(r"\b[TLS]\d+/[TLS]?\d+\b")
_NO_PANGO = (
    "A PDF needs the library Pango, which is missing; on Debian and Ubuntu install the packages libpango-1.0-0 and "
    "libpangoft2-1.0-0, on macOS pango by Homebrew, or write an .html and print it."
)


def page_html(template: str, content: Mapping[str, Any]) -> str:
    """The page that a template of `Resources/Report` makes of its content, with style and fonts in it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(resource("Report")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup(resource("Report", "page.css").read_text(encoding="utf-8"))
    environment.filters["levels"] = _unbroken_levels
    return environment.get_template(template).render(css=style, fonts=_fonts(), **content)


def _unbroken_levels(text: str) -> Any:
    """A text whose names of levels stay on one line."""
    from markupsafe import Markup, escape

    return Markup(_LEVEL.sub(r'<span class="level">\g<0></span>', str(escape(text))))


def write_page(html: str, out: Path) -> None:
    """Write a page as .html or .pdf, by the suffix of `out`, whole or not at all.

    Raises OutputError for another suffix, where the place takes no file, and where what makes a PDF is missing.
    """
    suffix = out.suffix.lower()
    if suffix == ".pdf":
        check_pdf()
        write_whole(out, lambda part: _write(part, _pdf(html)))
    elif suffix == ".html":
        write_whole(out, lambda part: _write(part, html.encode()))
    else:
        raise OutputError(f"{out.name}: a page is written as .html or .pdf; give a name that ends so.")


def check_pdf() -> None:
    """Raise OutputError where what makes a PDF is missing."""
    try:
        # Where a library is missing it prints advice of its own on standard output, which may be a table's.
        with redirect_stdout(io.StringIO()):
            import weasyprint as weasyprint  # noqa: PLC0414 - whether it can be imported is all that is asked
    except OSError as error:
        raise OutputError(_NO_PANGO) from error


def shown(picture: Picture | None, width_mm: float, height_mm: float) -> dict[str, Any] | None:
    """A picture as a template takes it: its PNG, and the width (mm) at which it fits into a part of the page."""
    if picture is None:
        return None
    width = min(width_mm, height_mm * picture.shape)
    return {"png": base64.b64encode(picture.png).decode(), "words": picture.words, "width": f"{width:.1f}"}


def _pdf(html: str) -> bytes:
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    # All that a page shows is in it: nothing is fetched, whatever a name in it looks like.
    pdf: bytes = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=["data"])).write_pdf()
    return pdf


def _write(part: Path, content: bytes) -> None:
    part.write_bytes(content)


@cache
def _fonts() -> dict[str, str]:
    return {
        weight: base64.b64encode(resource("Report", name).read_bytes()).decode() for weight, name in FONT_FILES.items()
    }
