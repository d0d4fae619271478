"""Names in every script: a PDF has the letters that a font of the computer has, and says which it lacks."""

from pathlib import Path

from LumbarSegLib.core.report.page import report_html, write_report
from LumbarSegLib.core.report.pdf import pdf_of
from LumbarSegLib.core.study import Study
from Testing.findings_by_hand import findings_by_hand
from Testing.pages import words_of

NOWHERE = "\U000f0123", "\U000f0124"
"""Code points for private use, for which no font of a system has a glyph."""

STUDY = Study("größe Ærøskøbing Ελλάς Москва", None, None, findings_by_hand(), {})


def test_letters_of_the_fonts_that_there_are_stand_in_the_pdf(tmp_path: Path) -> None:
    told: list[str] = []
    write_report(STUDY, tmp_path / "page.pdf", tell=told.append)
    assert STUDY.name in words_of(tmp_path / "page.pdf") and told == []


def test_letters_that_no_font_has_are_named_on_the_page_and_to_the_caller(tmp_path: Path) -> None:
    told: list[str] = []
    patient = {"Patient": f"Y{NOWHERE[0]}{NOWHERE[1]}{NOWHERE[0]}Z"}
    write_report(STUDY, tmp_path / "page.pdf", patient=patient, tell=told.append)
    (sentence,) = told
    assert sentence.startswith("No font of this computer has the letters U+F0123, U+F0124: each stands as “?”")
    words = " ".join(words_of(tmp_path / "page.pdf").split())
    assert "Y???Z" in words and "the letters U+F0123, U+F0124" in words
    write_report(STUDY, tmp_path / "page.html", patient=patient, tell=told.append)
    assert patient["Patient"] in (tmp_path / "page.html").read_text("utf-8") and len(told) == 1


def test_many_missing_letters_are_counted() -> None:
    many = "".join(chr(0xF0200 + at) for at in range(20))
    told = pdf_of(report_html(STUDY, {"Patient": many}))[1]
    assert told.count("U+") == 12 and "and 8 more" in told
