"""Who exported yesterday goes on today: a scene, or segments beside their image, uploaded to the page."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import SimpleITK as sitk
from playwright.sync_api import Page, expect

from Testing.browser.browsing import SLOW_MS, chromium, running_app
from Testing.browser.scene_files import Yesterday, yesterday
from Testing.browser.working import cell, enter, unfold, upload

expect.set_options(timeout=SLOW_MS)
HEIGHT = "vertebra.anterior_height"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Yesterday:
    return yesterday(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page without an image."""
    with running_app(tmp_path_factory.mktemp("kept")) as app, chromium() as browser:
        one = browser.new_page(viewport={"width": 1280, "height": 800})
        enter(one, app)
        expect(one.locator(".welcome")).to_be_visible()
        yield one


def test_segments_without_an_image_say_what_is_missing(page: Page, files: Yesterday) -> None:
    upload(page, files.segments)
    expect(page.locator("#trouble")).to_contain_text(
        f"{files.segments.name}: a segmentation belongs to an image. Open its image first, or both together."
    )
    page.click("#closeTrouble")


def test_a_scene_comes_back_with_what_was_edited_and_the_way_back(page: Page, files: Yesterday) -> None:
    upload(page, files.scene)
    expect(page.locator("#inputSelector option")).to_have_text(["T2"])
    expect(page.locator("#openDialog")).to_have_count(0)
    edited = cell(page, HEIGHT, "L3")
    expect(edited).to_have_attribute("title", re.compile("edited by hand"))
    expect(cell(page, HEIGHT, "L4")).not_to_have_attribute("title", re.compile("edited by hand"))
    unfold(page, "correct")
    page.click("#revertAllButton")
    expect(edited).not_to_have_attribute("title", re.compile("edited by hand"))


def test_segments_come_back_beside_their_image(page: Page, files: Yesterday) -> None:
    upload(page, files.image, files.segments)
    expect(page.locator("#inputSelector option")).to_have_text(["case 1"])
    expect(page.locator("#segments .segment[data-name='Spinal canal']")).to_have_count(1)
    expect(cell(page, HEIGHT, "L3")).to_have_text(re.compile(r"\d"))
    expect(page.locator("#trouble")).to_have_count(0)


def test_bad_ones_get_one_sentence_and_what_is_open_stays(page: Page, files: Yesterday, tmp_path: Path) -> None:
    elsewhere = sitk.ReadImage(str(files.image)) > 0
    elsewhere.SetOrigin((5000.0, 5000.0, 5000.0))
    sitk.WriteImage(elsewhere, str(tmp_path / "elsewhere.seg.nrrd"))
    (tmp_path / "words.mrb").write_bytes(b"words")
    (tmp_path / "half.mrb").write_bytes(files.scene.read_bytes()[:9000])
    (tmp_path / "half.seg.nrrd").write_bytes(files.segments.read_bytes()[:-500])
    shown = cell(page, HEIGHT, "L3").inner_text()
    sentences = {
        "elsewhere.seg.nrrd": "nothing of it lies in this image; open the image that it was made from.",
        "words.mrb": "words.mrb: the scene is damaged or incomplete; save it again.",
        "half.mrb": "half.mrb: the scene is damaged or incomplete; save it again.",
        "half.seg.nrrd": "half.seg.nrrd: ",
    }
    for name, sentence in sentences.items():
        upload(page, tmp_path / name)
        expect(page.locator("#trouble")).to_contain_text(sentence)
        expect(page.locator("#inputSelector option")).to_have_text(["case 1"])
        page.click("#closeTrouble")
    page.click(".dialog #closeDialog")
    expect(page.locator("#segments .segment[data-name='Spinal canal']")).to_have_count(1)
    assert cell(page, HEIGHT, "L3").inner_text() == shown
