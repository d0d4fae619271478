"""Where a training leaves what it makes: `training/runs/NAME/fold-K/`, a folder for each fold, K = 0 without folds."""

import json
import platform
import resource
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from training.errors import TrainingError

RUNS = Path(__file__).parent / "runs"
CACHE = Path(__file__).parent / "cache"


def fold_folder(name: str, fold: int) -> Path:
    return RUNS / name / f"fold-{fold}"


def folds_of(name: str) -> list[Path]:
    """The folders of all folds of a run that have begun. Raises TrainingError where there is none."""
    found = sorted((RUNS / name).glob("fold-*"), key=lambda folder: int(folder.name.removeprefix("fold-")))
    if not found:
        there = ", ".join(sorted(folder.name for folder in RUNS.glob("*") if any(folder.glob("fold-*"))))
        raise TrainingError(f"There is no run named {name!r} (there are: {there or 'none'}).")
    return found


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write `run.json`, what the fold is and how its training went."""
    write_whole(folder / "run.json", lambda part: part.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8"))


def read_facts(folder: Path) -> dict[str, Any]:
    """Read `run.json`. Raises TrainingError where the fold's training has not ended."""
    path = folder / "run.json"
    if not path.is_file():
        raise TrainingError(f"The training of {folder.parent.name}, {folder.name} has not ended; go on with --resume.")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file in one go: `write` gets another name, and what stood under `path` stays until that is whole.

    Raises TrainingError where it cannot be written, a full disk for example.
    """
    part = path.with_name(f"{path.stem}.part{path.suffix}")
    try:
        write(part)
        part.replace(path)
    except (OSError, RuntimeError) as error:
        part.unlink(missing_ok=True)
        raise TrainingError(
            f"{path.name} could not be written ({error}); make room in {path.parent} or let it be written to. "
            "What stood there before is untouched."
        ) from error


def machine() -> str:
    """Processor, cores and accelerator in words, as they stand beside every speed."""
    import torch

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.processor() or platform.machine()
    threads = torch.get_num_threads()
    words = f"{processor}, {threads} thread{'s' * (threads > 1)}"
    return f"{words}, {torch.cuda.get_device_name()}" if torch.cuda.is_available() else words


def peak_memory_mb() -> int:
    """The largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
