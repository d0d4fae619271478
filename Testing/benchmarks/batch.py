"""How many cases an hour a batch does here, and whether its processes grow: prints a table, as Markdown.

    python -m Testing.benchmarks.batch [CASES]

Segments, measures and reports copies of the shipped sagittal sample (512 x 640 x 21 voxels), as `lumbarseg batch` does,
on one process for each core. Linux only: it reads the memory that a process shares with no other.
"""

import platform
import shutil
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from LumbarSegLib.cli.batch_case import make_case
from LumbarSegLib.cli.case import CaseWishes
from LumbarSegLib.cohort.cases import Wanted
from LumbarSegLib.cohort.cluster import jobs_by_default, own_cluster
from LumbarSegLib.cohort.folder import batch_in
from LumbarSegLib.cohort.page import PAGE, write_page
from LumbarSegLib.cohort.running import run_cases
from LumbarSegLib.cohort.tables import write_tables
from LumbarSegLib.resources import samples_dir

CASES = 50
ROWS = 10


def own_memory(processes: list[psutil.Process]) -> list[int]:
    """MiB that each process has to itself."""
    return [process.memory_full_info().uss >> 20 for process in processes]


def main(count: int) -> None:
    with TemporaryDirectory() as place:
        images = [Path(place) / f"case{number:03d}.nrrd" for number in range(count)]
        for image in images:
            shutil.copy(samples_dir() / "lumbar-t2.nrrd", image)
        wanted = [Wanted(image) for image in images]
        with batch_in(Path(place) / "out", Path(place), wanted, {}, False) as batch:
            jobs = jobs_by_default()
            print(f"{count} cases on {jobs} processes; {platform.processor() or platform.machine()}\n")
            print("| cases done | seconds | parent, MiB | workers, MiB |\n|---|---|---|---|")
            records = []
            with own_cluster(jobs, batch.work) as client:
                me = psutil.Process()
                workers = [psutil.Process(told["pid"]) for told in client.run(_pid).values()]
                started = time.perf_counter()
                for record in run_cases(client, batch, batch.left(), partial(make_case, CaseWishes())):
                    records.append(record)
                    if len(records) in (jobs, count) or len(records) % max(1, count // ROWS) == 0:
                        seconds = time.perf_counter() - started
                        own = ", ".join(map(str, own_memory(workers)))
                        print(f"| {len(records)} | {seconds:.0f} | {own_memory([me])[0]} | {own} |", flush=True)
                wall = time.perf_counter() - started
                busy = sum(sum(process.cpu_times()[:2]) for process in workers)
            done = [record for record in records if record.status == "done"]
            started = time.perf_counter()
            write_tables(batch, records)
            write_page(batch, records)
            page = (batch.root / PAGE).stat().st_size / 2**20
            print(f"\n{len(done)} of {count} done; {wall / count:.1f} s a case; workers used {busy / wall:.2f} cores.")
            print(f"Tables and page in {time.perf_counter() - started:.1f} s; the page has {page:.1f} MiB.")


def _pid() -> dict[str, int]:
    import os

    return {"pid": os.getpid()}


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CASES)
