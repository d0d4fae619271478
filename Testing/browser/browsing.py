"""The app as a command, and Debian's Chromium without a screen to look at it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

LUMBARSEG = str(Path(sys.executable).with_name("lumbarseg"))
CHROMIUM = "/usr/bin/chromium"
_FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
SLOW_MS = 120_000
"""Nothing on a page takes as long, on however busy a machine."""


@dataclass(frozen=True)
class App:
    """A running command: the address that it printed, and the folder in which all that it keeps lies."""

    address: str
    kept: Path
    process: subprocess.Popen[str]

    @property
    def folders(self) -> set[Path]:
        """One for each session."""
        return set(self.kept.glob("lumbarseg-*/*"))


@contextmanager
def running_app(kept: Path, *arguments: str) -> Iterator[App]:
    """`lumbarseg app` until the end of the block; what it keeps lies below the folder `kept`."""
    process = subprocess.Popen(
        [LUMBARSEG, "app", "--no-browser", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(kept)},
    )
    try:
        yield App(_address(process), kept, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    for line in process.stdout:
        if found := re.search(r"runs at (http\S+)", line):
            return found[1]
    raise AssertionError(process.communicate()[1])


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; each of its contexts is a user with cookies of his own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        browser.new_context().close()
        yield browser
        browser.close()
