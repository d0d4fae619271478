"""How quick the page is and what it takes, in Chromium on the shipped samples: prints a table, as Markdown.

    python -m Testing.benchmarks.browser [ROUNDS]

Nothing else should run meanwhile. That many times (30 without a number) a sample is opened, segmented and replaced, and
by how much session and worker grow with each is told.
"""

import os
import platform
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
from playwright.sync_api import Page, expect
from scipy.stats import linregress, t

from Testing.browser.browsing import SLOW_MS, App, chromium, running_app
from Testing.browser.working import cell, drag, segment, unfold
from Testing.workers import children_of

ROUNDS = 30
_TOLD_AT = (2, 10, 30)
_WARMING = 10  # rounds; an even number
_FEWEST_POINTS = 4
_SCROLLED_S = 5.0
_COUNT = """
window.pictures = 0;
document.querySelector(".layout-grid-item:has(#name-Yellow)").addEventListener("load", () => window.pictures++, true);
"""


def main(rounds: int) -> None:
    """Print all figures."""
    expect.set_options(timeout=SLOW_MS)
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| what | here | asked for |\n|---|---|---|")
    with TemporaryDirectory() as kept, chromium() as browser:
        started = time.monotonic()
        with running_app(Path(kept), "--sample", "lumbar-t2") as app:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(SLOW_MS)
            page.goto(app.address)
            expect(page.locator("#segmentButton")).to_be_enabled()
            _tell("command to usable page with its sample", f"{time.monotonic() - started:.1f} s", "8 s")
            with _told("first Segment to table, the model not yet loaded", ""):
                segment(page)
            with _told("sample open", "2 s"):
                _open(page, "lumbar-t2")
            with _told("Segment to table", "4 s"):
                segment(page)
            _scroll(page)
            _edit(page)
            memory = _memory_mb(app)
            _tell("memory of session and worker, without what they share", f"{memory:.0f} MB", "1500 MB")
            _grow(page, app, rounds)


def _open(page: Page, name: str) -> None:
    unfold(page, "image")
    page.click("#openButton")
    page.click(f"#sample-{name}")
    expect(page.locator("#openDialog")).to_have_count(0)
    expect(page.locator("#segments .segment")).to_have_count(0)


def _scroll(page: Page) -> None:
    """Pictures of the sagittal view that came while the wheel was turned, the segmentation shown."""
    box = page.locator(".layout-grid-item:has(#name-Yellow)").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate(_COUNT)
    end, way = time.monotonic() + _SCROLLED_S, 1
    while time.monotonic() < end:
        for _ in range(9):
            page.mouse.wheel(0, 120 * way)
            page.wait_for_timeout(20)
        way = -way
    _tell("scrolling", f"{page.evaluate('window.pictures') / _SCROLLED_S:.0f} pictures/s", "10 pictures/s")


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
    drag(page, middle, (middle[0] + 20, middle[1]))
    with _told("edit to refreshed numbers", "1 s"):
        expect(shown).to_have_class(re.compile("edited"))
    page.keyboard.press("Escape")


def _grow(page: Page, app: App, rounds: int) -> None:
    """What is held once a result is shown, round for round, and a straight line through it. The first rounds do not
    count: libraries, models and pictures come. A point is the mean of two rounds, since the two images alternate.
    """
    held = []
    for number in range(1, rounds + 1):
        _open(page, ("axial-t1", "lumbar-t2")[number % 2])
        segment(page)
        held.append(_own_mb(app))
        if number in (*_TOLD_AT, rounds):
            _tell(f"held by session and worker after {number} rounds", f"{np.mean(held[-2:]):.0f} MB", "")
    kept = np.array(held[_WARMING : len(held) // 2 * 2]).reshape(-1, 2).mean(axis=1)
    if kept.size < _FEWEST_POINTS:
        return
    line = linregress(2.0 * np.arange(kept.size), kept)
    either_way = line.stderr * t.ppf(0.975, kept.size - 2)
    told = f"{line.slope:+.2f} MB a round (95 %: {line.slope - either_way:+.2f} to {line.slope + either_way:+.2f})"
    _tell(f"growth from round {_WARMING + 1} to {rounds}", told, "none")


def _own_mb(app: App) -> float:
    """What all processes of the one session have of their own. Files that they map do not count: whether these are
    shared depends on what else runs.
    """
    rolled = (Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in children_of(app.process.pid))
    return sum(int(found[1]) for text in rolled if (found := re.search(r"Anonymous:\s+(\d+) kB", text))) / 1e3


def _memory_mb(app: App) -> float:
    """Of all processes of the one session, what is theirs alone."""
    sessions = (psutil.Process(pid) for pid in children_of(app.process.pid))
    return sum(process.memory_full_info().uss for process in sessions) / 1e6


@contextmanager
def _told(what: str, asked: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    _tell(what, f"{time.monotonic() - started:.1f} s", asked)


def _tell(what: str, value: str, asked: str) -> None:
    print(f"| {what} | {value} | {asked} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
