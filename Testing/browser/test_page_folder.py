"""A folder of the server that every user may look through, and what is opened from it."""

import re
import shutil
from collections.abc import Iterator

import pytest
import SimpleITK as sitk
from playwright.sync_api import Page, expect

from LumbarSegLib.core.samples import sample_named
from Testing.browser.browsing import SLOW_MS, chromium, running_app
from Testing.browser.working import enter, heard, segment
from Testing.dicom_series import write_series
from Testing.radiographs import DrawnRadiograph

expect.set_options(timeout=SLOW_MS)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page of an app that serves a folder with a volume, a DICOM series below it, a film, and what is no image."""
    served = tmp_path_factory.mktemp("served")
    (served / "studies").mkdir()
    write_series(served / "studies" / "dicom", number=4)
    shutil.copy(sample_named("axial-t1").path, served / "studies" / "axial.nrrd")
    sitk.WriteImage(sitk.GetImageFromArray(DrawnRadiograph().film), str(served / "film.png"))
    (served / "letter.docx").write_bytes(b"no image")
    (served / "elsewhere").symlink_to(tmp_path_factory.mktemp("elsewhere"))
    with running_app(tmp_path_factory.mktemp("kept"), str(served)) as app, chromium() as browser:
        one = browser.new_page(viewport={"width": 1280, "height": 800})
        enter(one, app)
        yield one


def entries(page: Page) -> list[str]:
    return [one.inner_text() for one in page.locator("#servedFiles .grow").all()]


def test_an_empty_page_says_what_to_do(page: Page) -> None:
    expect(page.locator(".welcome")).to_contain_text("Load a lumbar spine image, or try a sample.")
    expect(page.locator("#segmentButton")).to_be_disabled()


def test_folders_show_images_alone_and_nothing_beyond_them(page: Page) -> None:
    page.click("#welcomeOpen")
    expect(page.locator("#servedFiles .entry")).to_have_count(2)
    assert entries(page) == ["studies", "film.png"]
    page.click("#servedFiles .grow:has-text('studies')")
    expect(page.locator("#servedFiles .entry")).to_have_count(3)
    assert entries(page) == ["..", "dicom", "axial.nrrd"]


def test_a_folder_is_opened_as_dicom_and_a_file_by_a_click(page: Page) -> None:
    page.click("#servedFiles .entry:has-text('dicom') button:has-text('Open as DICOM')")
    expect(page.locator("#inputSelector option")).to_have_text(["dicom"])
    page.click("#openButton")
    page.check("#keepBox")
    heard(page)
    page.click("#servedFiles .grow:has-text('axial.nrrd')")
    expect(page.locator("#inputSelector option")).to_have_text(["dicom", "axial"])
    expect(page.locator("#name-Red")).to_be_visible()


def test_a_film_whose_spacing_is_given_is_measured_in_mm_and_shown_as_it_is_seen(page: Page) -> None:
    page.click("#openButton")
    page.click("#servedFiles .grow:has-text('..')")
    page.click("#servedFiles .grow:has-text('film.png')")
    expect(page.locator("#inputSelector option")).to_have_text(["film"])
    page.select_option("#viewBox", "frontal")
    expect(page.locator(".scale")).to_have_count(0)
    page.fill("#pixelSpacing", "150")
    page.press("#pixelSpacing", "Enter")
    expect(page.locator("#trouble")).to_contain_text("150 mm is no distance of pixels")
    page.fill("#pixelSpacing", "0.5")
    page.press("#pixelSpacing", "Enter")
    expect(page.locator("#imageSection .note")).to_have_text(
        "The pixel spacing of 0.5 mm is as given, not from the file."
    )
    expect(page.locator(".scale")).to_have_count(1)
    segment(page)
    expect(page.locator("#tableBox button").first).to_have_text("Tilts")
    page.click("#tableBox button:has-text('Across levels')")
    expect(page.locator("#measureView")).to_contain_text("Cobb")
    expect(page.locator("#measureView td[data-key^='coronal.shift']")).to_have_text(re.compile(r"\d"))
    expect(page.locator("#pixelSpacing")).to_be_disabled()
    expect(page.locator(".view-name")).to_have_count(1)
