"""How fast the page of a study is made here: prints a table, as Markdown.

    python -m Testing.benchmarks.report

Times the shipped sagittal sample, segmented and measured already: the page with its pictures as HTML and as PDF, in a
process that did it once before; and the same from a fresh process, with what has to be imported.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from LumbarSegLib.cli.case import run_case
from LumbarSegLib.cli.known import study_at
from LumbarSegLib.core.report.page import write_report
from LumbarSegLib.resources import samples_dir

REPEATS = 5
BOUND_S = 4.0
_ALONE = """
import sys, time
from pathlib import Path
from LumbarSegLib.cli.known import study_at
study = study_at(Path(sys.argv[1]))
start = time.perf_counter()
from LumbarSegLib.core.report.page import write_report
write_report(study, Path(sys.argv[2]))
print(time.perf_counter() - start)
"""


def seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def main() -> None:
    with TemporaryDirectory() as place:
        folder = Path(place)
        run_case(samples_dir() / "lumbar-t2.nrrd", folder / "case")
        study = study_at(folder / "case")
        print(f"The page of a sagittal study with its pictures; the bound is {BOUND_S:g} s\n")
        print("| what | median | best |\n|---|---|---|")
        for suffix in (".html", ".pdf"):
            out = folder / f"page{suffix}"
            write_report(study, out)
            warm = [seconds(partial(write_report, study, out)) for _ in range(REPEATS)]
            _row(f"{suffix}, once more in the same process", warm)
            command = [sys.executable, "-c", _ALONE, str(folder / "case"), str(out)]
            cold = [
                float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                for _ in range(REPEATS)
            ]
            _row(f"{suffix}, in a fresh process, imports included", cold)


def _row(what: str, found: list[float]) -> None:
    print(f"| {what} | {sorted(found)[len(found) // 2]:.2f} s | {min(found):.2f} s |")


if __name__ == "__main__":
    main()
