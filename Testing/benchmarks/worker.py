"""How long a host waits for its worker here: prints a table, as Markdown.

    python -m Testing.benchmarks.worker

Times the start in the background, a click on the shipped sample (512 x 640 x 21 voxels) until its answer with the
model loaded, and cancelling in the middle; then the memory of host and worker over 50 rounds on the axial sample.
Linux only: it reads memory from /proc.
"""

import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from LumbarSegLib.core.images import read_image
from LumbarSegLib.core.worker.client import Worker
from LumbarSegLib.core.worker.events import Answer, Progress, Ready
from LumbarSegLib.resources import samples_dir
from Testing.workers import children_of, heard

STARTS = 3
CLICKS = 7
CANCELS = 3
ROUNDS = 50

Row = tuple[str, str, str, str]


def row(what: str, seconds: list[float], wanted: str) -> Row:
    return what, f"{median(seconds):.2f} s", f"{max(seconds):.2f} s", wanted


def time_starts() -> Iterator[Row]:
    seconds, calls = [], []
    for _ in range(STARTS):
        worker = Worker()
        started = time.perf_counter()
        worker.start()
        calls.append(time.perf_counter() - started)
        seconds.append(heard(worker, Ready).seconds)
        worker.stop()
    yield row("start() returns", calls, "")
    yield row("ready in the background", seconds, "8 s")


def time_clicks(worker: Worker) -> Iterator[Row]:
    image = read_image(samples_dir() / "lumbar-t2.nrrd")
    answers = []
    for _ in range(CLICKS):
        worker.segment(image)
        answers.append(heard(worker, Answer).seconds)
    yield row("click to answer, first", [answers[0]["total"]], "2.5 s")
    yield row("click to answer, warm", [one["total"] for one in answers[1:]], "2.5 s")
    for step in ("segment", "levels", "agreement"):
        yield row(f"of it: {step}", [one[step] for one in answers[1:]], "")
    own = ("load", "segment", "levels", "agreement")
    yield row("of it: pipes and polling", [one["total"] - sum(map(one.__getitem__, own)) for one in answers[1:]], "")


def time_cancels(worker: Worker) -> Iterator[Row]:
    image = read_image(samples_dir() / "lumbar-t2.nrrd")
    seconds, again = [], []
    for _ in range(CANCELS):
        worker.segment(image)
        heard(worker, Progress)
        started = time.perf_counter()
        worker.cancel()
        seconds.append(time.perf_counter() - started)
        again.append(heard(worker, Ready).seconds)
    yield row("cancel", seconds, "1 s")
    yield row("ready again after it", again, "8 s")


def memory_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def memory_over_rounds(worker: Worker) -> Iterator[Row]:
    image = read_image(samples_dir() / "axial-t1.nrrd")
    worker.segment(image)
    heard(worker, Answer)
    pids = {"host": os.getpid(), "worker": next(iter(children_of(os.getpid())))}
    before = {name: memory_mb(pid) for name, pid in pids.items()}
    for _ in range(ROUNDS):
        worker.segment(image)
        heard(worker, Answer)
    for name, pid in pids.items():
        now = memory_mb(pid)
        yield f"{name}'s memory after {ROUNDS} rounds", f"{now:.0f} MB", f"{now - before[name]:+.1f} MB", "+50 MB"
    yield "processes after them", str(len(children_of(os.getpid()))), "", "1"


def main() -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n")
    print("| what | median | most, or growth | wanted |\n|---|---|---|---|")
    for line in time_starts():
        print("| " + " | ".join(line) + " |", flush=True)
    worker = Worker()
    worker.start()
    heard(worker, Ready)
    for part in (time_clicks, time_cancels, memory_over_rounds):
        for line in part(worker):
            print("| " + " | ".join(line) + " |", flush=True)
    worker.stop()


if __name__ == "__main__":
    main()
