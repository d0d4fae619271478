"""A page from its template, alone in one file: HTML with its fonts and pictures inside, or PDF made of the same."""

import base64
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from LumbarSegLib.core.images import write_whole
from LumbarSegLib.core.report.key_pictures import FONT_FILES, Picture
from LumbarSegLib.core.report.pdf import check_pdf, pdf_of
from LumbarSegLib.errors import OutputError
from LumbarSegLib.resources import resource

_LEVEL = re.compile(r"\b[TLS]\d+/[TLS]?\d+\b")


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


def write_page(html: str, out: Path, tell: Callable[[str], None] = lambda sentence: None) -> None:
    """Write a page as .html or .pdf, by the suffix of `out`, whole or not at all. `tell` hears what a PDF lacks.

    Raises OutputError for another suffix, where the place takes no file, and where what makes a PDF is missing.
    """
    suffix = out.suffix.lower()
    if suffix == ".pdf":
        check_pdf()
        lacks: list[str] = []
        write_whole(out, lambda part: lacks.append(_write_pdf(part, html)))
        for sentence in filter(None, lacks):
            tell(sentence)
    elif suffix == ".html":
        write_whole(out, lambda part: _write(part, html.encode()))
    else:
        raise OutputError(f"{out.name}: a page is written as .html or .pdf; give a name that ends so.")


def shown(picture: Picture | None, width_mm: float, height_mm: float) -> dict[str, Any] | None:
    """A picture as a template takes it: its PNG, and the width (mm) at which it fits into a part of the page."""
    if picture is None:
        return None
    width = min(width_mm, height_mm * picture.shape)
    return {"png": base64.b64encode(picture.png).decode(), "words": picture.words, "width": f"{width:.1f}"}


def _write_pdf(part: Path, html: str) -> str:
    pdf, lacks = pdf_of(html)
    part.write_bytes(pdf)
    return lacks


def _write(part: Path, content: bytes) -> None:
    part.write_bytes(content)


@cache
def _fonts() -> dict[str, str]:
    return {
        weight: base64.b64encode(resource("Report", name).read_bytes()).decode() for weight, name in FONT_FILES.items()
    }
