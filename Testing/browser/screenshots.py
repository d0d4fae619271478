"""Pictures of the page in its main states on the shipped samples, at three sizes of the window:

    python -m Testing.browser.screenshots [FOLDER]

writes each state at each size into FOLDER, and `Resources/Screenshots/page.png` and `page-axial.png` for the README.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, expect

from Testing.browser.browsing import SLOW_MS, chromium, running_app
from Testing.browser.working import cell, heard, open_page, segment, unfold

SIZES = ((1280, 800), (1440, 900), (1920, 1080))
_PICTURES = Path(__file__).resolve().parents[2] / "Resources" / "Screenshots"
_IN_README = {"measured": "page.png", "axial": "page-axial.png"}
_README_SIZE = (1440, 900)
_STILL_MS = 4000  # until the views have sent their pictures in full quality
_ALL_DRAWN = """() => {
  const views = [...document.querySelectorAll(".layout-grid-item")];
  const isDrawn = (view) => [...view.querySelectorAll("img")].some((one) => one.naturalWidth > 0.9 * view.clientWidth);
  return views.length > 0 && views.every(isDrawn);
}"""


def main(folder: Path) -> None:
    """Take all states at all sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=SLOW_MS)
    with TemporaryDirectory() as kept, running_app(Path(kept), "--sample", "lumbar-t2") as app, chromium() as browser:
        for size in SIZES:
            with open_page(browser, app, *size) as page:
                _take_all(page, size, folder)


def _take_all(page: Page, size: tuple[int, int], folder: Path) -> None:
    def take(name: str) -> None:
        page.mouse.move(size[0] - 80, 20)
        page.wait_for_function(_ALL_DRAWN)
        page.wait_for_timeout(_STILL_MS)
        page.screenshot(path=folder / f"{name}-{size[0]}.png")
        if size == _README_SIZE and name in _IN_README:
            page.screenshot(path=_PICTURES / _IN_README[name])

    take("first sight")
    segment(page)
    _look_at_an_angle(page)
    take("measured")
    _correct(page)
    take("correcting")
    page.keyboard.press("Escape")
    page.click("#layout-four")
    expect(page.locator(".view-name")).to_have_count(4)
    take("four views")
    page.click("#layout-3d")
    expect(page.locator(".view-name")).to_have_count(2)
    take("solid")
    for button, name in (("openButton", "open"), ("thresholdsButton", "cut-offs"), ("keysButton", "keys")):
        _show(page, button)
        take(name)
        page.click(".dialog #closeDialog")
    _look_at_axial_slices(page, take)


def _look_at_an_angle(page: Page) -> None:
    cell(page, "alignment.segmental_angle", "L4/5").click()
    page.check("#landmarksBox")


def _correct(page: Page) -> None:
    unfold(page, "correct")
    page.click("#segments .segment[data-name='Spinal canal']")
    page.click("#tool-paint")
    page.locator("#correctSection").scroll_into_view_if_needed()


def _show(page: Page, button: str) -> None:
    for key in ("image", "measure"):
        unfold(page, key)
    page.click(f"#{button}")


def _look_at_axial_slices(page: Page, take: Callable[[str], None]) -> None:
    page.click("#openButton")
    page.click("#sample-axial-t1")
    expect(page.locator("#inputSelector option")).to_have_text(["axial-t1"])
    segment(page)
    page.click("#levelsButton")
    for level, number in (("L5/S1", "1"), ("L4/5", "2"), ("L3/4", "3")):
        page.fill(f"[id='level-{level}']", number)
    heard(page)
    page.click("#nameSlices")
    expect(page.locator("#levelsDialog")).to_have_count(0)
    page.click("#plotButton")
    cell(page, "ts.area", "L4/5").click()
    take("axial")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("screenshots"))
