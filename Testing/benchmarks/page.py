"""How quick the page is and what it takes, in Chromium on the shipped samples:

    python -m Testing.benchmarks.page [ROUNDS]

prints one line for each figure. Nothing else should run meanwhile. With ROUNDS, that many times a sample is opened,
segmented and replaced, and the memory of the session is told after each.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, expect

from Testing.browser.browsing import SLOW_MS, App, chromium, running_app
from Testing.browser.working import cell, drag, segment, unfold
from Testing.workers import children_of

_SCROLLED_S = 5.0
_PICTURE = 1500  # bytes; the session's other messages are smaller or are text


def main(rounds: int) -> None:
    """Print all figures."""
    expect.set_options(timeout=SLOW_MS)
    with TemporaryDirectory() as kept, chromium() as browser:
        started = time.monotonic()
        with running_app(Path(kept), "--sample", "lumbar-t2") as app:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(SLOW_MS)
            pictures: list[float] = []
            page.on("websocket", lambda socket: socket.on("framereceived", lambda data: _count(data, pictures)))
            page.goto(app.address)
            expect(page.locator("#segmentButton")).to_be_enabled()
            _tell("from command to usable page, s", time.monotonic() - started)
            with _told("first segment to table, s"):
                segment(page)
            with _told("sample opened, s"):
                _open(page, "lumbar-t2")
            with _told("segment to table, model loaded, s"):
                segment(page)
            _scroll(page, pictures)
            _edit(page)
            for name, pids in _processes(app).items():
                _tell(f"memory of the {name}, MB", sum(map(_resident_mb, pids)))
                _tell("its share of what processes have in common, MB", sum(map(_share_mb, pids)))
            for number in range(rounds):
                _open(page, ("axial-t1", "lumbar-t2")[number % 2])
                segment(page)
                _tell(
                    f"round {number + 1}: memory of the session, MB", sum(map(_resident_mb, _processes(app)["session"]))
                )


def _open(page: Page, name: str) -> None:
    unfold(page, "image")
    page.click("#openButton")
    page.click(f"#sample-{name}")
    expect(page.locator("#openDialog")).to_have_count(0)
    expect(page.locator("#segments .segment")).to_have_count(0)


def _scroll(page: Page, pictures: list[float]) -> None:
    box = page.locator(".layout-grid-item:has(#name-Yellow)").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    pictures.clear()
    end, way = time.monotonic() + _SCROLLED_S, 1
    while time.monotonic() < end:
        for _ in range(9):
            page.mouse.wheel(0, 120 * way)
            page.wait_for_timeout(20)
        way = -way
    _tell("pictures a second while scrolling", len(pictures) / _SCROLLED_S)


def _edit(page: Page) -> None:
    unfold(page, "correct")
    shown = cell(page, "disc.area", "L3/4")
    page.click("#segments .segment[data-name='L3/4']")
    page.click("#tool-paint")
    page.evaluate("window.trame.state.set('brush_mm', 12)")
    shown.click()
    box = page.locator(".layout-grid-item:has(#name-Yellow)").bounding_box()
    assert box
    middle = (box["x"] + box["width"] * 0.47, box["y"] + box["height"] * 0.47)
    before = shown.inner_text()
    drag(page, middle, (middle[0] + 20, middle[1]))
    with _told("edit to refreshed numbers, s"):
        expect(shown).not_to_have_text(before)
    page.keyboard.press("Escape")


def _count(data: str | bytes, pictures: list[float]) -> None:
    if isinstance(data, bytes) and len(data) > _PICTURE:
        pictures.append(time.monotonic())


def _processes(app: App) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {"session": [], "worker": []}
    for pid in children_of(app.process.pid):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        for name, module in (("session", b"browser.session"), ("worker", b"core.worker")):
            if module in command:
                found[name].append(pid)
    return found


def _resident_mb(pid: int) -> float:
    return _told_mb(f"/proc/{pid}/status", "VmRSS")


def _share_mb(pid: int) -> float:
    """Libraries that several processes use are counted once for all of them."""
    return _told_mb(f"/proc/{pid}/smaps_rollup", "Pss")


def _told_mb(path: str, name: str) -> float:
    lines = Path(path).read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


@contextmanager
def _told(what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    _tell(what, time.monotonic() - started)


def _tell(what: str, value: float) -> None:
    print(f"{what}: {value:.2f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
