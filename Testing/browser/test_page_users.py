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
from Testing.browser.browsing import SLOW_MS, App, chromium, running_app
from Testing.browser.doors import free_port
from Testing.browser.lines import Line, a_line
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


def a_user(browser: Browser, app: App) -> Page:
    """A new user's page with the sample shown."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(SLOW_MS)
    page.goto(app.address)
    page.wait_for_url("**/s/**")
    expect(page.locator("#inputSelector option")).to_have_text(["lumbar-t2"])
    return page


def images_of(page: Page) -> list[str]:
    return page.locator("#inputSelector option").all_inner_texts()


def upload(page: Page, *paths: Path) -> None:
    """Choose files in the page as a user does."""
    page.click("#openButton")
    page.set_input_files("#openDialog input[type=file]", list(paths))


def test_two_users_side_by_side_see_only_their_own_and_leaving_deletes(
    browser: Browser, app: App, tmp_path: Path
) -> None:
    own = tmp_path / "own.nrrd"
    own.write_bytes((samples_dir() / "axial-t1.nrrd").read_bytes())
    asked: set[str] = set()
    one, other = a_user(browser, app), a_user(browser, app)
    one.on("request", lambda request: asked.add(request.url.split("/")[2]))
    complaints: list[str] = []
    one.on("console", lambda message: complaints.append(message.text))

    upload(other, own)

    expect(other.locator("#inputSelector option")).to_have_text(["own"])
    assert images_of(one) == ["lumbar-t2"]
    assert len(app.folders) == 2
    stranger = browser.new_context().new_page()
    stranger.goto(app.address)
    stranger.wait_for_selector("#says:has-text('too many users')")
    stranger.goto(other.url)
    assert "This session has ended" in stranger.inner_text("#says")
    one.reload()
    expect(one.locator("#inputSelector option")).to_have_text(["lumbar-t2"])
    assert asked == {one.url.split("/")[2]}
    assert not [text for text in complaints if "Content Security Policy" in text]

    for page in (one, other, stranger):
        page.context.close()

    wait_until_no_folders(app)


def wait_until_no_folders(app: App) -> None:
    import time

    deadline = time.monotonic() + SLOW_MS / 1000
    while app.folders and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not app.folders


def test_a_broken_line_in_the_middle_of_an_edit_leaves_the_work_intact(browser: Browser, app: App, line: Line) -> None:
    page = a_user(browser, app)
    page.click("#segmentButton")
    expect(page.locator("#measureView td").first).to_be_attached()
    before = page.evaluate("JSON.stringify(window.trame.state.get('tables'))")

    line.cut()
    page.wait_for_timeout(3000)
    line.mend()

    expect(page.locator("#segmentButton")).to_be_visible()
    assert page.evaluate("JSON.stringify(window.trame.state.get('tables'))") == before
    assert json.loads(before)
    assert images_of(page) == ["lumbar-t2"]
    page.context.close()


def volume() -> sitk.Image:
    return sitk.ReadImage(str(samples_dir() / "axial-t1.nrrd"))


def as_nifti(folder: Path) -> Path:
    data = sitk.GetArrayFromImage(volume()).transpose()
    path = folder / "own.nii.gz"
    nibabel.save(nibabel.Nifti1Image(data, np.diag([0.7, 0.7, 36.0, 1.0])), path)
    return path


def as_meta_image(folder: Path) -> Path:
    sitk.WriteImage(volume(), str(folder / "own.mha"))
    return folder / "own.mha"


def as_zip(folder: Path) -> Path:
    for number in (3, 7):
        write_series(folder / "study", number=number, description=f"series {number}", seed=number)
    with zipfile.ZipFile(folder / "own.zip", "w") as archive:
        for path in sorted((folder / "study").iterdir()):
            archive.write(path, path.name)
    return folder / "own.zip"


@pytest.fixture(scope="module")
def page(browser: Browser, app: App) -> Iterator[Page]:
    one = a_user(browser, app)
    yield one
    one.context.close()


@pytest.mark.parametrize("make", [as_nifti, as_meta_image])
def test_files_of_users_open_under_their_own_names(make: object, page: Page, tmp_path: Path) -> None:
    upload(page, make(tmp_path))  # type: ignore[operator]
    expect(page.locator("#inputSelector option")).to_have_text(["own"])
    expect(page.locator("#trouble")).to_have_count(0)


BAD = {
    "notes.txt": (b"words", "notes.txt: this is no image that can be opened"),
    "notes.nrrd": (b"words", "notes.nrrd: there is no image in it"),
    "bad.zip": (b"PK\x03\x04 and then nothing", "bad.zip: the archive is damaged or incomplete"),
    "short.nrrd": ((samples_dir() / "axial-t1.nrrd").read_bytes()[:20000], "short.nrrd: the file is damaged or incomplete"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_one_sentence_and_changes_nothing(name: str, page: Page, tmp_path: Path) -> None:
    before = images_of(page)
    content, sentence = BAD[name]
    (tmp_path / name).write_bytes(content)

    upload(page, tmp_path / name)

    expect(page.locator("#trouble")).to_contain_text(sentence)
    assert images_of(page) == before
    page.click("#closeTrouble")
