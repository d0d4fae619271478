"""What a user does on the page, and where on the screen a place of the patient is seen."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect

from Testing.browser.browsing import SLOW_MS, App

Point = tuple[float, float, float]

_RUNS = "window.trame.state.get('log').split('Segmented in').length"
_AXES = {"Red": ((0, 1), (1, 1)), "Yellow": ((1, 1), (2, -1))}
"""Of a view: which axis of LPS runs to the right on the screen and which way, and which one downward."""


@contextmanager
def open_page(browser: Browser, app: App, width: int = 1280, height: int = 800) -> Iterator[Page]:
    """The page of a new user, once its image is shown. He leaves at the end of the block: there are few places."""
    with browser.new_context(viewport={"width": width, "height": height}) as context:
        page = context.new_page()
        enter(page, app)
        expect(page.locator("#segmentButton")).to_be_enabled()
        yield page


def enter(page: Page, app: App) -> None:
    """Go in by the address that the command printed; where that leads nowhere, say what was seen instead."""
    page.set_default_timeout(SLOW_MS)
    page.goto(app.address)
    try:
        page.wait_for_url("**/s/**")
    except TimeoutError as error:
        seen = f"{page.url} shows:\n{page.inner_text('body')}"
        raise AssertionError(f"{seen}\nand the command has said:\n{app.said}") from error


def heard(page: Page) -> None:
    """Wait until the session has dealt with all that was done on the page before, and the page has its answer.

    What the page says goes one way, in its order: first what it still holds back is sent, and then a call that does
    nothing is answered after all the others.
    """
    page.wait_for_function("!window.trame.state.dirtyKeys.size")
    page.evaluate("window.trame.trigger('restore_cut_offs', [[]])")


def segment(page: Page) -> None:
    """Press Segment and wait until what this run found is measured; a table of a former one does not count."""
    heard(page)
    before = page.evaluate(_RUNS)
    page.click("#segmentButton")
    page.wait_for_function(f"{_RUNS} > {before}")
    expect(page.locator("#measureView td").first).to_be_visible()
    expect(page.locator("#statusLabel")).to_have_text("Ready.")


def upload(page: Page, *paths: Path) -> None:
    """Choose files in the page as a user does."""
    show_open_dialog(page)
    page.set_input_files("#openDialog input[type=file]", list(paths))


def show_open_dialog(page: Page) -> None:
    """Open the window that opens images, if it is not open."""
    unfold(page, "image")
    if not page.locator("#openDialog").is_visible():
        page.click("#openButton")


def unfold(page: Page, key: str) -> None:
    """Open a part of the panel, if it is folded."""
    head = page.locator(f"#{key}Section > .head")
    if head.get_attribute("aria-expanded") == "false":
        head.click()
    expect(head).to_have_attribute("aria-expanded", "true")


def cell(page: Page, measure: str, level: str) -> Locator:
    """The value of a measure at a level, in the table that has it."""
    key = f"{measure} {level}"
    found = page.locator(f'#measureView td[data-key="{key}"]')
    end = time.monotonic() + SLOW_MS / 1000
    while time.monotonic() < end:
        if found.count():
            return found
        for tab in page.locator("#tableBox button").all():
            tab.click()
            expect(tab).to_have_class("on")
            if found.count():
                return found
    raise AssertionError(f"no table has {key}")


def number(found: Locator) -> float:
    """The number that a cell shows."""
    text = re.search(r"-?\d+(\.\d+)?", found.inner_text())
    assert text, found.inner_text()
    return float(text[0])


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that cannot be seen on the page itself."""
    end = time.monotonic() + SLOW_MS / 1000
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def export(page: Page, title: str, folder: Path) -> Path:
    """Export in the format with this title and keep what the browser fetches."""
    unfold(page, "export")
    page.select_option("#formatBox", label=title)
    heard(page)
    with page.expect_download() as fetching:
        page.click("#exportButton")
    path = folder / fetching.value.suggested_filename
    fetching.value.save_as(path)
    return path


def on_screen(page: Page, view: str, image: sitk.Image, place: Point) -> tuple[float, float]:
    """Where a place (LPS, mm) is seen in a slice view that fits the image."""
    page.click(f"#fit-{view}", force=True)
    heard(page)
    box = page.locator(f".layout-grid-item:has(#name-{view})").bounding_box()
    assert box
    size = np.array(image.GetSize())
    corners = [image.TransformContinuousIndexToPhysicalPoint(end) for end in ((-0.5,) * 3, (size - 0.5).tolist())]
    middle, extent = np.mean(corners, axis=0), np.abs(np.subtract(*corners))
    (right, right_way), (down, down_way) = _AXES[view]
    mm = max(extent[right] / box["width"], extent[down] / box["height"])
    x = box["x"] + box["width"] / 2 + right_way * (place[right] - middle[right]) / mm
    y = box["y"] + box["height"] / 2 + down_way * (place[down] - middle[down]) / mm
    return float(x), float(y)


def drag(page: Page, start: tuple[float, float], end: tuple[float, float], steps: int = 6) -> None:
    """Drag with the left button; each part of the way is heard before the next."""
    page.mouse.move(start[0] - 6, start[1] - 6)
    heard(page)
    page.mouse.move(*start, steps=3)
    heard(page)
    page.mouse.down()
    heard(page)
    for step in range(1, steps + 1):
        page.mouse.move(*(a + (b - a) * step / steps for a, b in zip(start, end, strict=True)))
        heard(page)
    page.mouse.up()
    heard(page)
