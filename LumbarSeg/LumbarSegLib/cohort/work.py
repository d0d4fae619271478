"""One case, as a worker process does it: all or nothing, and never an error that would reach a log."""

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from LumbarSegLib.cohort.cases import Case
from LumbarSegLib.cohort.records import Outcome, Record, Status, is_over, read_record, stamp_of, write_record
from LumbarSegLib.errors import NOT_ENOUGH_MEMORY, InputError, LumbarSegError, OutputError, is_out_of_memory

Make = Callable[[Case, Path], Outcome]
"""Makes all files of a case in a folder. Raises LumbarSegError with a sentence for the user."""

_ONE_AT_A_TIME = threading.Lock()
_NO_PLACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


@dataclass(frozen=True)
class Stopped:
    """The output cannot be written, so that no further case can be done either; says why."""

    reason: str


def do_case(case: Case, folder: Path, work: Path, make: Make) -> Record | Stopped:
    """Make the files of a case in a folder of their own below `work`, which is called after this run, then put them in
    their place as `folder`.

    What is over already is left as it is. A process does one case at a time, whatever threads it is given: the networks
    and the scene use all that there is for one.
    """
    with _ONE_AT_A_TIME:
        before = read_record(folder)
        if before and is_over(before, case.image, work.name):
            return before
        part = work / f"{os.getpid()}-{time.time_ns()}" / case.name
        try:
            part.mkdir(parents=True)
            record = _made(case, part, work.name, make)
            write_record(part, record)
            _put(part, folder)
        except OutputError as error:
            return Stopped(str(error))
        except OSError as error:
            return Stopped(f"{folder.parent}: results cannot be written ({error.strerror}); free some space.")
        finally:
            shutil.rmtree(part.parent, ignore_errors=True)
        return record


def _made(case: Case, part: Path, run: str, make: Make) -> Record:
    """The record of a case, with or without a result; without one nothing is left in `part`."""
    started = time.perf_counter()
    stamp = stamp_of(case.image)

    def record(status: Status, reason: str = "", outcome: Outcome | None = None) -> Record:
        seconds = round(time.perf_counter() - started, 2)
        return Record(case.name, str(case.image), status, seconds, stamp, run, reason, outcome)

    try:
        return record("done", outcome=make(case, part))
    except OutputError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_PLACE:
            raise
        status, told = _why(error)
    shutil.rmtree(part)
    part.mkdir()
    return record(status, _sentence(told.removeprefix(f"{case.image}: ").removeprefix(f"{case.image.name}: ")))


def _why(error: Exception) -> tuple[Status, str]:
    """Whether it is the image's fault, and what to tell the user."""
    if isinstance(error, LumbarSegError):
        return "refused" if isinstance(error, InputError) else "failed", str(error)
    if is_out_of_memory(error):
        return "failed", NOT_ENOUGH_MEMORY
    return "failed", f"unexpected failure ({type(error).__name__}: {error}); run it alone with --debug and report it."


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _put(part: Path, folder: Path) -> None:
    """Let the finished folder take the place of one from a run before."""
    if folder.exists():
        folder.replace(part.parent / "before")
    part.replace(folder)


def record_lost(case: Case, folder: Path, work: Path) -> Record | Stopped:
    """Record that a case ended the process that worked on it, more than once."""

    def make(case: Case, part: Path) -> Outcome:
        raise ProcessEnded("Its process ended twice while it worked on this image; too little memory may be the cause.")

    return do_case(case, folder, work, make)


class ProcessEnded(LumbarSegError):
    """The process that worked on a case has ended."""
