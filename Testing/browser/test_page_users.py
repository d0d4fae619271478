"""The whole thing in Chromium: users side by side, tabs that close, lines that break, files that come.

One command serves all of it, behind a line that can be cut.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from playwright.sync_api import Browser, Page, expect

from LumbarSegLib.resources import samples_dir
from Testing.browser.browsing import SLOW_MS, App, running_app
from Testing.browser.doors import free_port
from Testing.browser.lines import Line, a_line
from Testing.browser.working import cell, drag, on_screen, open_page, segment, show_open_dialog, unfold, until, upload
from Testing.dicom_series import write_series

expect.set_options(timeout=SLOW_MS)
TOKEN = "a-token-for-the-tests-0123456789"


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with a_line() as one:
        yield one


@pytest.fixture(scope="module")
def app(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Behind the line as behind a proxy: it knows the address that browsers use, and needs its token."""
    line.target = free_port()
    url = f"http://127.0.0.1:{line.port}"
    options = ("--sample", "lumbar-t2", "--port", str(line.target), "--url", url, "--token", TOKEN, "--sessions", "2")
    with running_app(tmp_path_factory.mktemp("kept"), *options) as one:
        yield one


def images_of(page: Page) -> list[str]:
    return page.locator("#inputSelector option").all_inner_texts()


@pytest.fixture(scope="module")
def page(browser: Browser, app: App) -> Iterator[Page]:
    with open_page(browser, app) as one:
        yield one


def volume() -> sitk.Image:
    return sitk.ReadImage(str(samples_dir() / "axial-t1.nrrd"))


def zipped_series(folder: Path) -> Path:
    for number in (3, 7):
        write_series(folder / "study", number=number, description=f"series {number}", seed=number)
    with zipfile.ZipFile(folder / "study.zip", "w") as archive:
        for path in sorted((folder / "study").iterdir()):
            archive.write(path, path.name)
    return folder / "study.zip"


def test_files_of_users_open_under_their_own_names(page: Page, tmp_path: Path) -> None:
    data = sitk.GetArrayFromImage(volume()).transpose()
    nibabel.save(nibabel.Nifti1Image(data, np.diag([0.7, 0.7, 36.0, 1.0])), tmp_path / "nifti.nii.gz")
    sitk.WriteImage(volume(), str(tmp_path / "meta.mha"))
    for name in ("nifti.nii.gz", "meta.mha"):
        upload(page, tmp_path / name)

        expect(page.locator("#inputSelector option")).to_have_text([name.split(".")[0]])
        expect(page.locator("#trouble")).to_have_count(0)


def test_of_a_zip_with_two_series_the_user_chooses_one(page: Page, tmp_path: Path) -> None:
    upload(page, zipped_series(tmp_path))

    page.get_by_text("series 7, 5 slices").click()

    expect(page.locator("#inputSelector option")).to_have_text(["study"])


def test_bad_files_get_one_sentence_and_change_nothing(page: Page, tmp_path: Path) -> None:
    before = images_of(page)
    bad = {
        "notes.txt": (b"words", "notes.txt: this is no image that can be opened"),
        "notes.nrrd": (b"words", "notes.nrrd: there is no image in it"),
        "bad.zip": (b"PK\x03\x04 and then nothing", "bad.zip: the archive is damaged or incomplete"),
        "short.nrrd": ((samples_dir() / "axial-t1.nrrd").read_bytes()[:20000], "short.nrrd: the file is damaged"),
    }
    for name, (content, sentence) in bad.items():
        (tmp_path / name).write_bytes(content)

        upload(page, tmp_path / name)

        expect(page.locator("#trouble")).to_contain_text(sentence)
        assert images_of(page) == before


def test_two_gigabytes_are_refused_at_once(page: Page, tmp_path: Path) -> None:
    huge = tmp_path / "huge.nrrd"
    with huge.open("wb") as file:
        file.truncate(2_000_000_000)

    upload(page, huge)

    expect(page.locator("#trouble")).to_contain_text("The upload is larger than 1 GB; upload one series at a time.")


def test_two_users_side_by_side_see_only_their_own_and_a_third_waits_until_one_has_left(
    page: Page, browser: Browser, app: App, tmp_path: Path
) -> None:
    own = tmp_path / "own.nrrd"
    own.write_bytes((samples_dir() / "axial-t1.nrrd").read_bytes())
    before = images_of(page)
    with browser.new_context() as of_a_stranger:
        stranger = of_a_stranger.new_page()
        with open_page(browser, app) as other:
            upload(other, own)

            expect(other.locator("#inputSelector option")).to_have_text(["own"])
            assert images_of(page) == before
            assert len(app.folders) == 2
            stranger.goto(app.address)
            expect(stranger.locator("#says")).to_contain_text("There are too many users")
            stranger.goto(other.url)
            expect(stranger.locator("#says")).to_contain_text("This session has ended")
            stranger.get_by_text("Start a new session").click()
            expect(stranger.locator("#says")).to_contain_text("wait here until one is free")

        expect(stranger.locator("#inputSelector option")).to_have_text(["lumbar-t2"])
    until(lambda: len(app.folders) == 1)


def test_a_broken_line_in_the_middle_of_an_edit_leaves_the_work_and_no_host_but_the_door_is_asked(
    page: Page, app: App, line: Line
) -> None:
    asked: set[str] = set()
    complaints: list[str] = []
    page.on("request", lambda request: asked.add(request.url.split("/")[2]))
    page.on("console", lambda message: complaints.append(message.text))
    show_open_dialog(page)
    page.click("#sample-axial-t1")
    expect(page.locator("#inputSelector option")).to_have_text(["axial-t1"])
    segment(page)
    area = cell(page, "ts.area", "slice 2")
    found = area.inner_text()
    area.click()
    unfold(page, "correct")
    page.click("#segments .segment[data-name=TS]")
    page.click("#tool-paint")
    middle = volume().TransformContinuousIndexToPhysicalPoint([size / 2 for size in volume().GetSize()[:2]] + [1.0])
    x, y = on_screen(page, "Red", volume(), middle)
    drag(page, (x, y), (x + 24, y))
    expect(area).not_to_have_text(found)
    before = page.evaluate("JSON.stringify(window.trame.state.get('tables'))")

    page.evaluate("window.isBeforeTheBreak = true")
    page.mouse.move(x, y)
    page.mouse.down()
    line.cut()
    expect(page.locator(".lost")).to_be_visible()
    page.wait_for_timeout(3000)
    page.mouse.up()
    line.mend()
    page.wait_for_function("!window.isBeforeTheBreak")

    expect(page.locator("#segmentButton")).to_be_visible()
    assert json.loads(before)
    assert page.evaluate("JSON.stringify(window.trame.state.get('tables'))") == before
    assert images_of(page) == ["axial-t1"]
    page.click("#undoEdit")
    expect(cell(page, "ts.area", "slice 2")).to_have_text(found)
    assert len(asked) == 1
    assert not [text for text in complaints if "Content Security Policy" in text]
