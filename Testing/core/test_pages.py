"""The page of a study: the numbers of CSV and JSON, anonymous unless asked otherwise, one sheet, alone in its file."""

import re
import resource
import signal
import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from html import unescape
from pathlib import Path

import pytest

from LumbarSegLib.core.analysis import measure
from LumbarSegLib.core.confirmation import Confirmation
from LumbarSegLib.core.findings import Findings, Flag, Measurement, is_slice
from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.core.provenance import origin, with_handwork
from LumbarSegLib.core.report.layout import BY_LEVEL
from LumbarSegLib.core.report.page import report_html, write_report
from LumbarSegLib.core.report.reading import findings_from_json
from LumbarSegLib.core.report.tables import to_csv, to_json
from LumbarSegLib.core.study import Study
from LumbarSegLib.errors import OutputError
from Testing.dicom_studies import axial, radiograph
from Testing.pages import in_csv, in_json, in_page, sheets_of, words_of
from Testing.phantoms import PhantomSpine

MADE = {"model": "phantom", "model_version": "1.2", "model_sha256": "f" * 64}
NAME = "Wirbelsäule 腰椎 <b>"
IN_TABLES = {measure for table in BY_LEVEL for column in table.columns for measure in column.measures}
KINDS = ("sagittal", "axial", "xray")


@cache
def sagittal() -> Study:
    phantom = PhantomSpine(vertebrae=5, in_plane=1.0, slices=9)
    measured = measure(spine_of(phantom.labels), phantom.image)
    provenance = {**origin(phantom.image), **MADE, "task": "sagittal"}
    return Study(NAME, phantom.image, measured.result, measured.findings, provenance)


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Study]:
    folder = tmp_path_factory.mktemp("studies")
    (folder / "axial").mkdir()
    slices = axial(folder / "axial").study
    assert slices.image is not None and slices.result is not None
    named = measure(slices.result, slices.image, levels={"L5/S1": 1, "L4/5": 4})
    film = radiograph(folder / "film.dcm").study
    return {"sagittal": sagittal(), "axial": replace(slices, findings=named.findings), "xray": film}


@pytest.fixture(scope="module")
def pages(studies: dict[str, Study]) -> dict[str, str]:
    return {kind: report_html(study) for kind, study in studies.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_page_csv_and_json_show_the_same_numbers(studies: dict[str, Study], pages: dict[str, str], kind: str) -> None:
    study, page = studies[kind], in_page(pages[kind])
    table, told = in_csv(to_csv(study.findings, {})), in_json(to_json(study.findings, {}))
    assert table == told
    named = {place for place in table if place[0] in IN_TABLES and not is_slice(place[1])}
    assert named and named <= page.keys()
    assert {place: text for place, text in page.items() if text != "—"} == {
        place: table[place] for place in page if table[place]
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_pdf_shows_the_numbers_of_the_page_on_one_sheet(
    studies: dict[str, Study], pages: dict[str, str], kind: str, tmp_path: Path
) -> None:
    write_report(studies[kind], tmp_path / "page.pdf")
    assert sheets_of(tmp_path / "page.pdf") == (1, "A4")
    printed = Counter(re.findall(r"-?\d+(?:\.\d+)?", words_of(tmp_path / "page.pdf").replace("\N{MINUS SIGN}", "-")))
    shown = Counter(text for text in in_page(pages[kind]).values() if text != "—")
    assert not shown - printed


def test_findings_from_a_json_make_a_page_with_the_same_numbers(
    studies: dict[str, Study], pages: dict[str, str]
) -> None:
    for kind, study in studies.items():
        again = Study(study.name, None, None, *findings_from_json(to_json(study.findings, study.provenance)))
        assert in_page(report_html(again)) == in_page(pages[kind])


def test_a_page_stands_alone_and_takes_a_name_for_what_it_is(tmp_path: Path) -> None:
    write_report(sagittal(), tmp_path / "Seite größe.html")
    html = (tmp_path / "Seite größe.html").read_text(encoding="utf-8")
    assert "Wirbelsäule 腰椎 &lt;b&gt;" in html and "<b>:" not in html
    links = re.findall(r"""(?:src|href)=["']?([^"'\s>]+)|url\(([^)]+)\)""", html)
    assert links and all("".join(link).startswith("data:") for link in links)
    assert "<script" not in html


def test_a_page_is_anonymous_unless_the_patient_is_asked_for() -> None:
    assert "this report is anonymous" in report_html(sagittal())
    told = report_html(sagittal(), {"Patient": "Doe, Jane & Söhne", "ID": "4711"})
    assert "Doe, Jane &amp; Söhne" in told and "4711" in told and "anonymous" not in told


def test_a_page_tells_model_version_and_hash_and_what_it_is_for() -> None:
    html = report_html(sagittal())
    for words in ("phantom 1.2", "f" * 64, sagittal().provenance["image_sha256"], "Research use; not for diagnosis."):
        assert words in html


def test_a_page_says_why_something_was_not_measured_and_what_is_doubtful(
    studies: dict[str, Study], pages: dict[str, str]
) -> None:
    for kind, study in studies.items():
        words = unescape(re.sub(r"<[^>]+>", "", pages[kind]))
        missing = [one for one in study.findings.measurements if one.value is None]
        assert all(one.reason in words for one in missing if one.level not in one.reason)
        assert all(flag.text in words for flag in study.findings.flags if not flag.level)


def test_a_page_marks_what_was_edited_and_names_who_confirmed() -> None:
    study = sagittal()
    x, y, z = study.findings.landmarks["L3.superior_anterior"].place
    assert study.result is not None
    findings = measure(study.result, study.image, {"L3.superior_anterior": (x, y, z + 1)}).findings
    confirmed = tuple(
        replace(one, status="confirmed") if one.measure == "canal.area" and one.value else one
        for one in findings.measurements
    )
    findings = replace(findings, measurements=confirmed)
    by = Confirmation("Dr. Weiß", "Klinik Süd", "2026-11-25T08:00:00+00:00")
    told = with_handwork(study.provenance, findings, {"L4"}, by)
    html = report_html(replace(study, findings=findings, provenance=told))
    assert "L4, L3.superior_anterior" in html
    assert "the whole result, by Dr. Weiß, Klinik Süd, 2026-11-25 08:00 UTC" in html
    assert f"{sum(one.status == 'confirmed' for one in confirmed)} values" in html
    height = next(
        one for one in findings.measurements if (one.measure, one.level) == ("vertebra.anterior_height", "L3")
    )
    assert f"{height.value:.1f}*" in html
    assert '<span class="confirmed">' in html


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lacks", ["image", "result"])
def test_a_study_without_image_or_result_still_has_a_page_with_its_numbers(
    studies: dict[str, Study], pages: dict[str, str], kind: str, lacks: str
) -> None:
    study = studies[kind]
    html = report_html(replace(study, image=None) if lacks == "image" else replace(study, result=None))
    assert in_page(html) == in_page(pages[kind])
    assert html.count("data:image/png") == pages[kind].count("data:image/png")


def test_thousands_of_slices_make_a_page_that_says_what_it_leaves_out() -> None:
    areas = tuple(Measurement("ts.area", f"slice {number}", 100.0 + number % 50) for number in range(3000, 0, -1))
    flags = tuple(Flag("no_sac", one.level, f"No sac in {one.level}.") for one in areas)
    study = Study("long", None, None, Findings(areas, {}, (), flags, ""), {})
    html = report_html(study)
    assert "No sac in slices 1 to 3000." in html
    assert "2940 further rows stand in the CSV and the JSON." in html
    assert len(in_page(html)) == 60


@pytest.mark.parametrize("suffix", [".txt", ".svg", ""])
def test_another_suffix_is_refused_and_writes_nothing(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(OutputError, match=r"a page is written as \.html or \.pdf"):
        write_report(sagittal(), tmp_path / f"page{suffix}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".html", ".pdf"])
def test_a_full_disk_leaves_the_old_page(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"page{suffix}"
    out.write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            write_report(sagittal(), out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, heard)
    assert out.read_text() == "old" and list(tmp_path.iterdir()) == [out]


def test_a_missing_pango_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As WeasyPrint fails where the library is not there: it prints advice and raises OSError."""
    (tmp_path / "weasyprint.py").write_text("print('advice')\nraise OSError('cannot load library')\n")
    for name in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(OutputError, match=r"libpango-1\.0-0 and libpangoft2-1\.0-0"):
        write_report(sagittal(), tmp_path / "page.pdf")
    assert not (tmp_path / "page.pdf").exists() and capsys.readouterr().out == ""
