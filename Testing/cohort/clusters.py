"""A Dask scheduler and workers as a user starts them: processes of their own, on loopback."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}


@dataclass
class Cluster:
    """`logs` is all that its processes have written."""

    address: str
    folder: Path
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def logs(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.folder.glob("*.log")))

    def add_worker(self) -> None:
        name = f"worker-{len(self.workers)}"
        told = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", str(self.folder / name)]
        self.workers.append(_started(self.folder / f"{name}.log", "worker", self.address, *told))


def _started(log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dask", *arguments]
    with log.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, env=ENVIRONMENT)


@contextmanager
def dask_cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show"]
    cluster = Cluster(f"tcp://127.0.0.1:{port}", folder, _started(folder / "scheduler.log", "scheduler", *told))
    try:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        for process in (*cluster.workers, cluster.scheduler):
            process.kill()
            process.wait()


def until(true: "object", seconds: float = 60.0) -> None:
    """Wait until a function returns something true."""
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
