"""The page of a study that a clinician files: key pictures, tables, doubts, cut-offs and origin on one sheet."""

from collections.abc import Callable, Mapping
from pathlib import Path

from LumbarSegLib.core.report.key_pictures import key_picture, slice_chart
from LumbarSegLib.core.report.page_content import content_of
from LumbarSegLib.core.report.page_files import page_html, shown, write_page
from LumbarSegLib.core.study import Study

_PLACES = {"sagittal": (106.0, 104.0), "axial": (186.0, 145.0), "xray": (104.0, 196.0)}
"""Width and height (mm) that the picture of a task may take."""


def write_report(
    study: Study,
    out: Path,
    *,
    patient: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> None:
    """Write the page of a study as .html or .pdf, whole or not at all; anonymous unless `patient` gives what to print.
    `tell` hears what a PDF lacks.

    A study without image, result or both has the pictures that can be drawn of it. Raises OutputError for another
    suffix, where the place takes no file, and where what makes a PDF is missing.
    """
    write_page(report_html(study, patient), out, tell)


def report_html(study: Study, patient: Mapping[str, str] | None = None) -> str:
    """The same page as one text of HTML."""
    picture = shown(key_picture(study), *_PLACES[study.task])
    chart = shown(slice_chart(study.findings) if study.task == "axial" else None, 84.0, 60.0)
    return page_html("report.html.j2", {**content_of(study, patient), "picture": picture, "chart": chart})
