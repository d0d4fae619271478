"""One user's work on the shipped samples, in Chromium, from the image to files that other libraries open."""

import csv
import json
import os
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from playwright.sync_api import Browser, Locator, Page, expect

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.models import shipped
from LumbarSegLib.core.report.layout import NOT_MEASURED
from LumbarSegLib.core.samples import sample_named
from LumbarSegLib.scene.files import load_segmentation
from LumbarSegLib.scene.host import open_scene
from LumbarSegLib.scene.segmentations import segments_of
from Testing.browser.browsing import LUMBARSEG, SLOW_MS, App
from Testing.browser.working import (
    cell,
    drag,
    enter,
    export,
    heard,
    number,
    on_screen,
    open_page,
    segment,
    unfold,
    until,
)
from Testing.workers import children_of

expect.set_options(timeout=SLOW_MS)
SAC, SLICE = "ts.area", "slice 2"
PIXEL_MM2 = 0.6875**2


@pytest.fixture(scope="module")
def sagittal(browser: Browser, app: App) -> Iterator[Page]:
    """The sagittal sample, segmented and measured."""
    with open_page(browser, app) as page:
        segment(page)
        yield page


@pytest.fixture(scope="module")
def axial(browser: Browser, app: App) -> Iterator[Page]:
    """The axial sample, opened from the page, segmented and measured."""
    with open_page(browser, app) as page:
        page.click("#openButton")
        page.click("#sample-axial-t1")
        expect(page.locator("#inputSelector option")).to_have_text(["axial-t1"])
        segment(page)
        yield page


def image(name: str) -> sitk.Image:
    return sitk.ReadImage(str(sample_named(name).path))


def labels(page: Page, folder: Path) -> Any:
    """The label map that the page exports, as an array (k, j, i)."""
    path = export(page, "Label map, NIfTI (.nii.gz)", folder)
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def told(page: Page, folder: Path) -> float:
    """The area of the sac, in mm², with all its digits."""
    found = json.loads(export(page, "All that was measured (.json)", folder).read_text(encoding="utf-8"))
    (area,) = [one["value"] for one in found["measurements"] if (one["measure"], one["level"]) == (SAC, SLICE)]
    return float(area)


def test_an_image_is_shown_as_it_was_taken(newcomer: Page) -> None:
    main = newcomer.locator(".layout-grid-item:has(#name-Yellow)").bounding_box()
    beside = newcomer.locator(".layout-grid-item:has(#name-Red)").bounding_box()
    assert main and beside and main["width"] > 1.8 * beside["width"]
    assert newcomer.title() == "LumbarSeg"
    expect(newcomer.locator("#slice-Yellow")).to_have_text("11 / 21")
    expect(newcomer.locator("#modelBox option")).to_have_count(1 + len(shipped()))
    newcomer.click("#modelCardButton")
    expect(newcomer.locator("#cardDialog")).to_contain_text("SHA-256")
    newcomer.keyboard.press("Escape")
    expect(newcomer.locator("#cardDialog")).to_have_count(0)
    newcomer.click("#openButton")
    newcomer.click("#sample-axial-t1")
    expect(newcomer.locator("#name-Red")).to_be_visible()
    expect(newcomer.locator("#name-Yellow")).to_have_count(0)
    newcomer.click("#layout-four")
    expect(newcomer.locator(".view-name")).to_have_count(4)


def test_the_wheel_scrolls_through_the_slices(sagittal: Page) -> None:
    box = sagittal.locator(".layout-grid-item:has(#name-Yellow)").bounding_box()
    assert box
    heard(sagittal)
    before = sagittal.inner_text("#slice-Yellow")
    sagittal.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    sagittal.mouse.wheel(0, 120)
    expect(sagittal.locator("#slice-Yellow")).not_to_have_text(before)


def test_the_numbers_are_those_of_the_command_line(sagittal: Page, tmp_path: Path) -> None:
    out = tmp_path / "line.json"
    command = [LUMBARSEG, "segment", str(sample_named("lumbar-t2").path), "-o", str(tmp_path / "line.seg.nrrd")]
    subprocess.run([*command, "--measure", "--json", str(out)], check=True, capture_output=True)

    path = export(sagittal, "All that was measured (.json)", tmp_path)

    line, page = (json.loads(one.read_text(encoding="utf-8")) for one in (out, path))
    assert page["measurements"] == line["measurements"]
    assert page["landmarks"] == line["landmarks"]
    assert page["flags"] == line["flags"]
    assert page["model_sha256"] == line["model_sha256"]
    shown = number(cell(sagittal, "disc.mean_height", "L3/4"))
    (told,) = [one for one in line["measurements"] if (one["measure"], one["level"]) == ("disc.mean_height", "L3/4")]
    assert shown == pytest.approx(told["value"], abs=0.051)


def test_a_click_on_a_value_goes_to_its_slice_and_says_how_it_was_read(axial: Page) -> None:
    for level, place in (("slice 3", "3 / 3"), ("slice 1", "1 / 3")):
        cell(axial, SAC, level).click()
        expect(axial.locator("#valueLabel")).to_contain_text(f"{level.capitalize()}, ")
        expect(axial.locator("#valueLabel")).to_contain_text("mm²")
        expect(axial.locator("#slice-Red")).to_have_text(place)


def test_space_goes_to_the_next_level_of_the_measure(sagittal: Page) -> None:
    cell(sagittal, "disc.mean_height", "L2/3").click()
    expect(sagittal.locator("#valueLabel")).to_contain_text("L2/3")
    sagittal.keyboard.press("Space")
    expect(sagittal.locator("#valueLabel")).to_contain_text("L3/4")
    sagittal.keyboard.press("Shift+Space")
    expect(sagittal.locator("#valueLabel")).to_contain_text("L2/3")


def test_a_stroke_changes_the_area_by_what_was_painted_and_undo_brings_it_back(axial: Page, tmp_path: Path) -> None:
    before, shown = labels(axial, tmp_path), number(cell(axial, SAC, SLICE))
    area = told(axial, tmp_path)
    cell(axial, SAC, SLICE).click()
    unfold(axial, "correct")
    axial.click("#segments .segment[data-name=TS]")
    axial.click("#tool-paint")
    expect(axial.locator("#brushSlider")).to_be_visible()
    sac = np.argwhere(before[1] == 3)
    row, column = sac[sac[:, 1] == sac[:, 1].max()][0]
    edge = image("axial-t1").TransformIndexToPhysicalPoint((int(column), int(row), 1))
    x, y = on_screen(axial, "Red", image("axial-t1"), edge)
    drag(axial, (x, y), (x + 24, y))

    expect(axial.locator("#undoEdit")).to_be_enabled()
    until(lambda: number(cell(axial, SAC, SLICE)) != shown)
    painted = labels(axial, tmp_path)
    gained = int((painted[1] == 3).sum() - (before[1] == 3).sum())
    assert gained > 10
    assert (painted[[0, 2]] == before[[0, 2]]).all()
    assert told(axial, tmp_path) == pytest.approx(area + gained * PIXEL_MM2, abs=0.01)
    expect(cell(axial, SAC, SLICE)).to_have_class("edited on")

    axial.keyboard.press("Control+z")
    until(lambda: number(cell(axial, SAC, SLICE)) == shown)
    assert (labels(axial, tmp_path) == before).all()
    axial.keyboard.press("Control+y")
    until(lambda: number(cell(axial, SAC, SLICE)) != shown)
    axial.click("#revertAllButton")
    until(lambda: number(cell(axial, SAC, SLICE)) == shown)
    axial.keyboard.press("Escape")
    expect(axial.locator("#tool-none")).to_have_class("on")


def test_the_brush_fits_the_image_and_brackets_resize_it(axial: Page) -> None:
    unfold(axial, "correct")
    axial.click("#tool-erase")
    first = float(axial.inner_text("#brushSize"))
    assert 2 < first < 12
    axial.keyboard.press("]")
    until(lambda: float(axial.inner_text("#brushSize")) > first)
    axial.keyboard.press("[")
    until(lambda: float(axial.inner_text("#brushSize")) == pytest.approx(first, abs=0.11))
    axial.keyboard.press("Escape")


def test_a_click_on_a_heading_sorts_and_space_follows_what_is_seen(sagittal: Page) -> None:
    cell(sagittal, "disc.mean_height", "L3/4")
    rows = sagittal.locator("#measureView tbody tr")
    by_level = [str(row.get_attribute("data-level")) for row in rows.all()]
    texts = {level: cell(sagittal, "disc.mean_height", level).inner_text() for level in by_level}
    found = {level: float(text) for level, text in texts.items() if text != NOT_MEASURED}
    head = sagittal.locator("#measureView th", has=sagittal.locator("text='mean'"))
    head.locator("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    upward = [str(row.get_attribute("data-level")) for row in rows.all()]
    assert [found[level] for level in upward[: len(found)]] == sorted(found.values())
    cell(sagittal, "disc.mean_height", upward[0]).click()
    expect(sagittal.locator("#valueLabel")).to_contain_text(upward[0])
    sagittal.keyboard.press("Space")
    expect(sagittal.locator("#valueLabel")).to_contain_text(upward[1])
    head.locator("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(rows.first).to_have_attribute("data-level", upward[len(found) - 1])
    head.locator("button").click()
    expect(head).to_have_attribute("aria-sort", "none")
    assert [row.get_attribute("data-level") for row in rows.all()] == by_level


def test_a_dragged_corner_takes_its_angle_along_and_goes_back(sagittal: Page, tmp_path: Path) -> None:
    found = json.loads(export(sagittal, "All that was measured (.json)", tmp_path).read_text(encoding="utf-8"))
    corner = found["landmarks"]["L4.inferior_anterior"]["place"]
    angle = cell(sagittal, "alignment.segmental_angle", "L4/5")
    before = number(angle)
    angle.click()
    sagittal.check("#landmarksBox")
    heard(sagittal)
    x, y = on_screen(sagittal, "Yellow", image("lumbar-t2"), tuple(corner))
    drag(sagittal, (x, y), (x, y - 14))

    until(lambda: abs(number(angle) - before) > 1)
    moved = json.loads(export(sagittal, "All that was measured (.json)", tmp_path).read_text(encoding="utf-8"))
    assert moved["landmarks"]["L4.inferior_anterior"]["status"] == "edited"
    assert np.linalg.norm(np.subtract(moved["landmarks"]["L4.inferior_anterior"]["place"], corner)) > 2

    sagittal.click("#snapBackButton")
    until(lambda: number(angle) == before)
    sagittal.uncheck("#landmarksBox")


def test_another_lowest_disc_renames_all_levels(sagittal: Page) -> None:
    cell(sagittal, "disc.mean_height", "L5/S1")
    levels = [one.inner_text() for one in sagittal.locator("#measureView tbody th").all()]
    unfold(sagittal, "image")
    sagittal.select_option("#lowestDiscBox", "L4/5")
    expect(sagittal.locator("#measureView tbody th").last).to_have_text("L4/5")
    renamed = [one.inner_text() for one in sagittal.locator("#measureView tbody th").all()]
    assert renamed[1:] == levels[:-1]
    unfold(sagittal, "correct")
    expect(sagittal.locator("#segments .segment").first).to_have_attribute("data-name", "L4/5")
    sagittal.select_option("#lowestDiscBox", "L5/S1")
    expect(sagittal.locator("#measureView tbody th").last).to_have_text("L5/S1")


def test_a_confirmed_value_is_shown_as_such_and_exported(sagittal: Page, tmp_path: Path) -> None:
    chosen = cell(sagittal, "disc.mean_height", "L3/4")
    chosen.click()
    sagittal.click("#confirmButton")
    expect(chosen).to_have_class("confirmed on")
    path = export(sagittal, "Table of measures (.csv)", tmp_path)
    rows = list(csv.DictReader(line for line in path.read_text("utf-8-sig").splitlines() if not line.startswith("#")))
    assert ("L3/4", "confirmed") in {
        (row["level"], row["status"]) for row in rows if row["measure"] == "disc.mean_height"
    }
    sagittal.click("#confirmButton")
    expect(chosen).to_have_class("automatic on")


def test_a_changed_cut_off_counts_as_ones_own(axial: Page, tmp_path: Path) -> None:
    unfold(axial, "measure")
    axial.click("#thresholdsButton")
    rows = axial.locator("#cut-offsDialog tbody tr")
    row = rows.filter(has_text=MEASURES["ts.ap_diameter"].name)
    box = row.locator("input")
    box.fill("9999")
    box.press("Enter")
    expect(row).to_contain_text("own cut-off")
    axial.click("#cut-offsDialog #closeDialog")
    path = export(axial, "All that was measured (.json)", tmp_path)
    assert "own cut-off" in path.read_text(encoding="utf-8")
    axial.click("#thresholdsButton")
    axial.click("#resetCutOffs")
    expect(axial.locator("#cut-offsDialog")).not_to_contain_text("own cut-off")
    axial.click("#cut-offsDialog #closeDialog")


def test_ones_own_cut_offs_are_there_the_next_time_until_they_are_reset(newcomer: Page, app: App) -> None:
    name = MEASURES["ts.ap_diameter"].name

    def row_of(page: Page) -> Locator:
        unfold(page, "measure")
        page.evaluate("window.trame.state.set('dialog', 'cut-offs')")
        return page.locator("#cut-offsDialog tbody tr").filter(has_text=name)

    def next_time() -> Page:
        page = newcomer.context.new_page()
        enter(page, app)
        expect(page.locator("#segmentButton")).to_be_enabled()
        return page

    row_of(newcomer).locator("input").fill("9.5")
    row_of(newcomer).locator("input").press("Enter")
    expect(row_of(newcomer)).to_contain_text("own cut-off")
    newcomer.wait_for_function("document.cookie.includes('lumbarseg-cut-offs')")
    second = next_time()
    expect(row_of(second)).to_contain_text("own cut-off")
    expect(row_of(second).locator("input")).to_have_value("9.5")
    second.click("#resetCutOffs")
    expect(row_of(second)).not_to_contain_text("own cut-off")
    second.wait_for_function("!document.cookie.includes('lumbarseg-cut-offs')")


def test_a_named_slice_stands_for_its_level_and_the_curve_shows_the_area(axial: Page) -> None:
    unfold(axial, "measure")
    axial.click("#levelsButton")
    axial.locator("[id='level-L4/5']").fill("2")
    heard(axial)
    axial.click("#nameSlices")
    expect(axial.locator("#levelsDialog")).to_have_count(0)
    until(lambda: number(cell(axial, SAC, "L4/5")) == number(cell(axial, SAC, SLICE)))
    axial.click("#plotButton")
    expect(axial.locator("#curve svg path")).to_be_visible()
    drawing = axial.locator("#curve .drawing").bounding_box()
    assert drawing
    axial.mouse.click(drawing["x"] + drawing["width"] - 14, drawing["y"] + 40)
    expect(axial.locator("#valueLabel")).to_contain_text("Slice 3, ")
    axial.click("#closeCurve")


@pytest.mark.parametrize("suffix", [".seg.nrrd", ".mrb"])
def test_segments_open_again_with_their_names(sagittal: Page, tmp_path: Path, suffix: str) -> None:
    title = {".seg.nrrd": "Segmentation (.seg.nrrd)", ".mrb": "Scene with image and segmentation (.mrb)"}[suffix]
    path = export(sagittal, title, tmp_path)
    with open_scene() as scene:
        names = {one.GetName() for one in segments_of(load_segmentation(scene, path)).values()}
    assert {"L5/S1", "L3", "Spinal canal"} <= names
    if suffix == ".seg.nrrd":
        assert sitk.ReadImage(str(path)).GetNumberOfComponentsPerPixel() == 1


def test_a_label_map_is_the_same_for_simpleitk_and_nibabel(sagittal: Page, tmp_path: Path) -> None:
    path = export(sagittal, "Label map, NIfTI (.nii.gz)", tmp_path)
    one, other = sitk.ReadImage(str(path)), nibabel.load(path)
    assert one.GetSize() == image("lumbar-t2").GetSize()
    assert (np.asarray(other.dataobj).transpose() == sitk.GetArrayFromImage(one)).all()
    assert {1, 201, 100} <= set(np.unique(sitk.GetArrayViewFromImage(one)).tolist())


def test_surfaces_come_in_one_archive(sagittal: Page, tmp_path: Path) -> None:
    with zipfile.ZipFile(export(sagittal, "Surfaces, a folder of STL files", tmp_path)) as packed:
        assert {"L3.stl", "L3-4.stl", "Spinal canal.stl"} <= set(packed.namelist())
        assert (
            packed.read("L3.stl")[:22] == b"LumbarSeg. SPACE=LPS\x00\x00" or b"SPACE=LPS" in packed.read("L3.stl")[:80]
        )


def test_reports_and_a_picture_are_written(sagittal: Page, tmp_path: Path) -> None:
    words = export(sagittal, "Report in words (.txt)", tmp_path).read_text(encoding="utf-8")
    page = export(sagittal, "Report on one page (.html)", tmp_path).read_text(encoding="utf-8")
    sheet = export(sagittal, "Report on one page (.pdf)", tmp_path).read_bytes()
    picture = export(sagittal, "Picture of the measures (.png)", tmp_path)
    assert RESEARCH_USE in words and RESEARCH_USE in page
    assert sheet.startswith(b"%PDF-")
    assert sitk.ReadImage(str(picture)).GetSize()[0] > 600


def test_a_run_is_cancelled_and_undone(newcomer: Page) -> None:
    newcomer.click("#segmentButton")
    expect(newcomer.locator("#segmentButton")).to_have_text("Cancel")
    newcomer.click("#segmentButton")
    expect(newcomer.locator("#segmentButton")).to_have_text("Segment")
    expect(newcomer.locator("#measureView td")).to_have_count(0)
    segment(newcomer)
    newcomer.click("#undoButton")
    expect(newcomer.locator("#measureView td")).to_have_count(0)
    newcomer.click("#undoButton")
    expect(newcomer.locator("#measureView td").first).to_be_visible()


def test_a_choice_right_before_the_click_counts(newcomer: Page) -> None:
    """Both happen at once, so the click reaches the session first; no radiograph is asked for of several slices."""
    newcomer.evaluate(
        """() => {
            const box = document.getElementById('taskBox');
            box.value = 'xray';
            box.dispatchEvent(new Event('change'));
            document.getElementById('segmentButton').click();
        }"""
    )
    expect(newcomer.locator("#statusLabel")).to_contain_text("a radiograph is one slice")
    assert newcomer.evaluate("window.trame.state.get('log')") == ""


def test_a_killed_worker_gets_one_sentence_and_the_next_run_works(newcomer: Page, app: App) -> None:
    before = workers(app)
    newcomer.click("#segmentButton")
    expect(newcomer.locator("#segmentButton")).to_have_text("Cancel")
    for pid in workers(app) - before or workers(app):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    expect(newcomer.locator("#statusLabel")).to_contain_text("The process that segments ended")
    segment(newcomer)


def workers(app: App) -> set[int]:
    """The processes that segment, of all sessions; that of a user who has left may end meanwhile."""
    found = set()
    for pid in children_of(app.process.pid):
        with suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"LumbarSegLib.core.worker" in command:
                found.add(pid)
    return found
