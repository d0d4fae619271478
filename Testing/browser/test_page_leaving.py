"""Results that leave the page whole: who confirmed them, DICOM beside their series, and measures that come back."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import SimpleITK as sitk
from highdicom.seg import segread
from highdicom.sr import srread
from playwright.sync_api import Browser, Page, expect

from LumbarSegLib.core.samples import sample_named
from Testing.browser.browsing import SLOW_MS, App
from Testing.browser.working import cell, export, heard, number, open_page, segment, unfold, upload
from Testing.dicom_series import write_volume
from Testing.dicom_studies import identity

expect.set_options(timeout=SLOW_MS)
DICOM = "DICOM SEG and SR, a folder"
JSON = "All that was measured (.json)"
HEIGHT, LEVEL = "disc.mean_height", "L3/4"


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The sagittal sample as a DICOM series of a named patient."""
    folder = tmp_path_factory.mktemp("series")
    write_volume(folder, sitk.ReadImage(str(sample_named("lumbar-t2").path)), 1, **identity())
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def page(browser: Browser, app: App, series: list[Path]) -> Iterator[Page]:
    """The series, opened from the page, segmented and measured."""
    with open_page(browser, app) as page:
        unfold(page, "export")
        off = page.locator("#formatBox option[disabled]")
        expect(off).to_have_text([f"{DICOM} (only of an image opened from DICOM)"])
        upload(page, *series)
        expect(page.locator("#inputSelector option")).to_have_text([series[0].stem])
        segment(page)
        yield page


def name(page: Page, person: str, organization: str) -> None:
    unfold(page, "export")
    page.fill("#personEdit", person)
    page.fill("#organizationEdit", organization)
    heard(page)


def dicom(page: Page, folder: Path) -> Path:
    """The folder that the exported archive holds."""
    with zipfile.ZipFile(export(page, DICOM, folder)) as packed:
        packed.extractall(folder / "dicom")
    return folder / "dicom"


def test_without_names_the_page_says_that_a_report_stays_unverified(page: Page, tmp_path: Path) -> None:
    name(page, "", "")
    expect(page.locator("#confirmedLabel")).to_contain_text("Without a name nobody stands for the result")
    expect(page.locator("#confirmResultButton")).to_be_disabled()
    document = srread(dicom(page, tmp_path) / "LumbarSeg-SR.dcm")
    assert document.VerificationFlag == "UNVERIFIED"
    name(page, "Eva Weiß", "")
    expect(page.locator("#confirmedLabel")).to_contain_text("Without an organization a DICOM SR says UNVERIFIED")


def test_a_confirmed_result_leaves_as_dicom_beside_its_series_and_is_verified(
    page: Page, series: list[Path], tmp_path: Path
) -> None:
    name(page, "Eva Weiß", "Klinik Süd")
    page.click("#confirmResultButton")
    expect(page.locator("#confirmedLabel")).to_contain_text("Confirmed by Eva Weiß, Klinik Süd, 20")
    folder = dicom(page, tmp_path)
    seg, document = segread(folder / "LumbarSeg-SEG.dcm"), srread(folder / "LumbarSeg-SR.dcm")
    by = document.VerifyingObserverSequence[0]
    assert document.VerificationFlag == "VERIFIED"
    assert (str(by.VerifyingObserverName), by.VerifyingOrganization) == ("Eva Weiß", "Klinik Süd")
    assert seg.PatientID == document.PatientID == "4711"
    assert len(seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == len(series)
    told = json.loads(export(page, JSON, tmp_path).read_text("utf-8"))
    assert (told["confirmed"], told["confirmed_organization"]) == ("Eva Weiß", "Klinik Süd")
    sheet = export(page, "Report on one page (.html)", tmp_path).read_text("utf-8")
    assert "the whole result, by Eva Weiß, Klinik Süd" in sheet
    table = export(page, "Table of measures (.csv)", tmp_path).read_text("utf-8-sig")
    assert "# confirmed,Eva Weiß" in table.splitlines()


def test_measures_that_were_exported_are_shown_again_and_the_series_can_still_be_written(
    page: Page, tmp_path: Path
) -> None:
    shown = number(cell(page, HEIGHT, LEVEL))
    path = export(page, JSON, tmp_path)
    upload(page, path)
    expect(page.locator("#notesLabel")).to_contain_text(f"From the file {path.name}; it does not follow edits.")
    expect(page.locator("#notesLabel")).to_contain_text("by Eva Weiß, Klinik Süd")
    expect(page.locator("#exportButton")).to_be_disabled()
    again = cell(page, HEIGHT, LEVEL)
    again.click()
    assert number(again) == shown
    expect(page.locator("#valueLabel")).to_contain_text("L3/4, Mean disc height")
    page.click("#findingsButton")
    expect(page.locator("#notesLabel")).not_to_contain_text("From the file")
    # The upload of the measures has taken the place of that of the series.
    assert (dicom(page, tmp_path) / "LumbarSeg-SEG.dcm").exists()


def test_an_edit_withdraws_the_confirmation_in_sight(page: Page) -> None:
    unfold(page, "image")
    page.select_option("#lowestDiscBox", "L4/5")
    expect(page.locator("#confirmedLabel")).to_have_text("Edited after it was confirmed. Confirm it again.")
    page.select_option("#lowestDiscBox", "L5/S1")
    expect(page.locator("#measureView tbody th").last).to_have_text("L5/S1")
    expect(page.locator("#confirmedLabel")).to_have_text("Edited after it was confirmed. Confirm it again.")


def test_measures_of_another_image_and_other_files_are_refused_in_a_sentence(
    newcomer: Page, page: Page, tmp_path: Path
) -> None:
    path = export(page, JSON, tmp_path)
    upload(newcomer, path)
    expect(newcomer.locator("#trouble")).to_contain_text(f"{path.name} was measured in another image than lumbar-t2")
    (tmp_path / "strange.json").write_text('{"a": 1}')
    newcomer.click("#closeTrouble")
    newcomer.set_input_files("#openDialog input[type=file]", [tmp_path / "strange.json"])
    expect(newcomer.locator("#trouble")).to_contain_text("strange.json: this JSON holds no findings")
