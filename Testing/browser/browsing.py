"""The app as a command, and Debian's Chromium without a screen to look at it."""

import os
import re
import signal
import subprocess
import sys
import time
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

_SAID = "said.txt"


@dataclass(frozen=True)
class App:
    """A running command: the address that it printed, and the folder in which all that it keeps lies."""

    address: str
    kept: Path
    process: subprocess.Popen[bytes]

    @property
    def said(self) -> str:
        """All that it has printed: who came and went, by number."""
        return (self.kept / _SAID).read_text(encoding="utf-8")

    @property
    def folders(self) -> set[Path]:
        """One for each session."""
        return set(self.kept.glob("lumbarseg-*/*"))


@contextmanager
def running_app(kept: Path, *arguments: str) -> Iterator[App]:
    """`lumbarseg app` until the end of the block; what it keeps lies below the folder `kept`."""
    said = kept / _SAID
    with said.open("wb") as file:
        process = subprocess.Popen(
            [LUMBARSEG, "app", "--no-browser", *arguments],
            stdout=file,
            stderr=subprocess.STDOUT,
            env=os.environ | {"TMPDIR": str(kept)},
        )
    try:
        yield App(_address(process, said), kept, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _address(process: "subprocess.Popen[bytes]", said: Path) -> str:
    while True:
        has_ended = process.poll() is not None
        text = said.read_text(encoding="utf-8")
        if found := re.search(r"runs at (http\S+)\n", text):
            return found[1]
        assert not has_ended, text
        time.sleep(0.1)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; each of its contexts is a user with cookies of his own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        browser.new_context().close()
        yield browser
        browser.close()
