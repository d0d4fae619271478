"""What a case is made of where no image need be segmented: a text file that says what is to happen."""

import json
import os
import signal
import time
from pathlib import Path

from LumbarSegLib.cohort.cases import Case
from LumbarSegLib.cohort.records import Outcome
from LumbarSegLib.errors import InputError, OutputError


def make(case: Case, folder: Path) -> Outcome:
    """Do what the file says: "done", "refuse", "crash", "full", "kill" (this process), or "wait FILE" for it.

    Each time is written down beside the file, so that a test can count them.
    """
    told = case.image.read_text(encoding="utf-8")
    with case.image.with_suffix(".times").open("a", encoding="utf-8") as times:
        times.write(f"{os.getpid()}\n")
    if told == "refuse":
        raise InputError(f"{case.image.name}: this is not an image; give one.")
    if told == "crash":
        raise ValueError("of no use")
    if told == "full":
        raise OutputError("The disk is full.")
    if told == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if told.startswith("wait "):
        while not Path(told.removeprefix("wait ")).exists():
            time.sleep(0.05)
    (folder / "findings.json").write_text(json.dumps({"measurements": []}), encoding="utf-8")
    return Outcome("sagittal", "L1 to L5", {"findings": "findings.json"}, (), (), (), {"model": "none"})


def write(folder: Path, **told: str) -> list[Path]:
    """A file for each case, which says what is to happen with it."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{name}.txt" for name in told]
    for path, text in zip(paths, told.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def times_of(path: Path) -> int:
    """How often a case was begun."""
    times = path.with_suffix(".times")
    return len(times.read_text(encoding="utf-8").split()) if times.exists() else 0
