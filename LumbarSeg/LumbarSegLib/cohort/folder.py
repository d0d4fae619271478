"""The folder of a batch: what was asked for, a folder for each case, and which cases are still to be done.

batch.json      the cases and the options, and what they are done with; written before the first case begins
cases/NAME/     the files of a case with its record (`records`); it comes here whole, by one renaming
.work/          what is not finished yet; nothing in it counts
"""

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from LumbarSegLib import RESEARCH_USE, __version__
from LumbarSegLib.cohort.cases import Case, Wanted, named_cases
from LumbarSegLib.cohort.records import Record, is_over, read_record, write_text_whole
from LumbarSegLib.core.models import shipped
from LumbarSegLib.errors import InputError, OutputError

_ASKED, _CASES, _WORK, _LOCK = "batch.json", "cases", ".work", ".lock"


@dataclass(frozen=True)
class Batch:
    """A batch that has its folder to itself. `asked` is what its file says besides the cases; each `run` has a name."""

    root: Path
    cases: tuple[Case, ...]
    asked: Mapping[str, Any]
    run: str

    @property
    def work(self) -> Path:
        """Where this run keeps what is not finished."""
        return self.root / _WORK / self.run

    def folder_of(self, case: Case) -> Path:
        return self.root / _CASES / case.name

    def record_of(self, case: Case) -> Record | None:
        return read_record(self.folder_of(case))

    def left(self) -> list[Case]:
        """The cases that are not over."""
        return [case for case in self.cases if not is_over(self.record_of(case), case.image, self.run)]


@contextmanager
def batch_in(
    root: Path, source: Path, wanted: Sequence[Wanted], options: Mapping[str, Any], resume: bool
) -> Iterator[Batch]:
    """Begin a batch in a new folder, or go on with the one in it; the folder is locked meanwhile. One that ends with an
    error before its first case is over leaves nothing.

    Images that were not wanted before are added. Raises OutputError where the folder holds something and it is not to
    be resumed, where it holds no batch, where another run is at work in it or it cannot be written; InputError where
    the batch was begun with other options or another version.
    """
    root = root.resolve()
    there = root.is_dir() and any(path.name != _LOCK for path in root.iterdir())
    if there and not resume:
        raise OutputError(
            f"{root}: the folder is not empty; add --resume to go on with its batch, or name a new folder."
        )
    if there and not (root / _ASKED).is_file():
        raise OutputError(f"{root}: the folder holds no batch to go on with; name a new folder.")
    was_made = root.is_dir()
    _make(root)
    lock = _locked(root)
    try:
        batch = _asked(root, source, wanted, options)
        shutil.rmtree(root / _WORK, ignore_errors=True)
        for folder in (root / _CASES, root / _WORK, batch.work):
            _make(folder)
        try:
            yield batch
        finally:
            shutil.rmtree(root / _WORK, ignore_errors=True)
    except BaseException:
        if not there and not any((root / _CASES).glob("*")):
            lock.release()  # Windows removes no file that is open
            _clear(root, keep=was_made)
        raise
    finally:
        lock.release()


def _locked(root: Path) -> FileLock:
    lock = FileLock(root / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise OutputError(f"{root}: another run is at work in this folder; wait until it has ended.") from error
    except OSError as error:
        raise OutputError(f"{root}: nothing can be written there ({error.strerror}); choose another place.") from error
    return lock


def _clear(root: Path, keep: bool) -> None:
    """Take away what a batch has made in a folder that held nothing, and the folder unless it is to be kept."""
    for path in root.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not keep:
        root.rmdir()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: the folder cannot be made ({error.strerror}); choose another place.") from error


def _asked(root: Path, source: Path, wanted: Sequence[Wanted], options: Mapping[str, Any]) -> Batch:
    """The batch as its file says it, with the images that are new; the file is written where something is."""
    made_with = {"lumbarseg_version": __version__, "models": {info.name: info.sha256 for info in shipped()}}
    now = {"options": dict(options), "made_with": made_with}
    old: dict[str, Any] = {}
    if (root / _ASKED).is_file():
        old = json.loads((root / _ASKED).read_text(encoding="utf-8"))
        _check_same(old, now)
    known = [Case(**{**row, "image": Path(row["image"])}) for row in old.get("cases", [])]
    listed = {(case.image, case.series, case.task) for case in known}
    new = [one for one in wanted if (one.image, one.series, one.task) not in listed]
    cases = (*known, *named_cases(new, [case.name for case in known]))
    begun = old.get("begun") or datetime.now(UTC).isoformat(timespec="seconds")
    asked = {"use": RESEARCH_USE, "begun": begun, "source": str(source), **now}
    if new or not old:
        told = {**asked, "cases": [{**asdict(case), "image": str(case.image)} for case in cases]}
        text = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
        write_text_whole(root / _ASKED, text)
    return Batch(root, cases, asked, str(time.time_ns()))


def _check_same(old: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    if old["made_with"] != now["made_with"]:
        raise InputError(
            f"The batch was begun with LumbarSeg {old['made_with']['lumbarseg_version']} or other models; go on with "
            "those, or begin in a new folder."
        )
    before, after = old["options"], now["options"]
    changed = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
    if changed:
        was = ", ".join(f"{key} was {_said(before.get(key))}, now {_said(after.get(key))}" for key in changed)
        raise InputError(f"The batch was begun with other options ({was}); give the same, or begin in a new folder.")


def _said(value: Any) -> str:
    return "not given" if value in (None, False, "", "auto") else str(value)
