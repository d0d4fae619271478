"""How far a command is and how long its steps took."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Step = Callable[[str, float], None]


class Clock:
    """Seconds of each step, and since the start."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._start = self._lap = time.perf_counter()

    def start_lap(self) -> None:
        self._lap = time.perf_counter()

    def lap(self, name: str) -> None:
        self.seconds[name] = time.perf_counter() - self._lap
        self.start_lap()

    def total(self) -> dict[str, float]:
        return {**self.seconds, "total": time.perf_counter() - self._start}


@contextmanager
def progress_bar() -> Iterator[Step]:
    """A bar on a terminal, nothing elsewhere. Yields what takes a step's name and the fraction done."""
    if not sys.stderr.isatty():
        yield lambda name, fraction: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<18}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("Starting", total=1.0)
        yield lambda name, fraction: bar.update(task, description=name, completed=fraction)
