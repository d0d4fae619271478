"""Where the cases are done: processes of our own on this machine, or the workers of a Dask scheduler that is there.

Nothing of a case enters Dask's logs or disk: keys are numbers, no task raises, results are a few words, nothing is
spilled, and our own scheduler has no dashboard and listens on loopback alone, to those who hold its certificate.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from LumbarSegLib import __version__
from LumbarSegLib.errors import InputError

if TYPE_CHECKING:
    from distributed import Client

_GIB_FOR_A_JOB = 2.0
_WAIT_S = 20.0


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def jobs_by_default() -> int:
    """A process for each core, fewer where memory is short."""
    import psutil

    return max(1, min(cores(), int(psutil.virtual_memory().available / 2**30 / _GIB_FOR_A_JOB)))


@contextmanager
def own_cluster(jobs: int, scratch: Path) -> "Iterator[Client]":
    """A scheduler and `jobs` worker processes on this machine, which end with this process, however that ends."""
    import dask
    from distributed import Client, LocalCluster

    threads = str(max(1, cores() // jobs))
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")
    environment = {**dict.fromkeys(names, threads), "MALLOC_TRIM_THRESHOLD_": "65536"}
    settings: dict[str, Any] = {
        "distributed.scheduler.allowed-failures": 1,
        "distributed.scheduler.worker-saturation": 1.0,
        # A worker deep in a network answers late; it is not lost for that.
        "distributed.scheduler.worker-ttl": None,
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
        "distributed.nanny.http.routes": [],
        "distributed.worker.profile.enabled": False,
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.terminate": False,
        "distributed.nanny.pre-spawn-environ": environment,
        "distributed.comm.timeouts.connect": "60s",
    }
    with dask.config.set(settings), _silent():
        cluster = LocalCluster(
            n_workers=jobs,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            security=True,
            memory_limit=0,
            local_directory=str(scratch),
            silence_logs=logging.CRITICAL,
        )
        with cluster, Client(cluster) as client:
            yield client


@contextmanager
def cluster_at(address: str, root: Path) -> "Iterator[Client]":
    """The scheduler at an address ("tcp://node1:8786"), whose workers see the same files.

    Raises InputError where nothing answers there, where there is no worker, or one cannot do the work: without
    LumbarSeg, with another version, or without the folder `root`.
    """
    from distributed import Client

    with _silent():
        try:
            client = Client(address, timeout=_WAIT_S)
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(
                f"No Dask scheduler answers at {address}; start one with `dask scheduler`, or leave out --scheduler."
            ) from error
        with client:
            _check_workers(client, address, root)
            yield client


def _check_workers(client: "Client", address: str, root: Path) -> None:
    try:
        client.wait_for_workers(1, timeout=_WAIT_S)
    except TimeoutError as error:
        raise InputError(
            f"The scheduler at {address} has no workers; start some with `dask worker {address}`."
        ) from error
    try:
        told = client.run(what_a_worker_has, str(root))
    except Exception as error:
        raise InputError(
            f"The workers of {address} cannot run LumbarSeg {__version__}; install it in their environment."
        ) from error
    for version, sees in told.values():
        if version != _version():
            raise InputError(
                f"The workers of {address} have LumbarSeg {version}, this is {_version()}; use one version."
            )
        if not sees:
            raise InputError(f"The workers of {address} do not see {root}; choose a folder that all machines share.")


def what_a_worker_has(root: str) -> tuple[str, bool]:
    """Its version, and whether it sees the folder."""
    return _version(), Path(root).is_dir()


def _version() -> str:
    return f"{__version__} on Python {sys.version_info.major}.{sys.version_info.minor}"


@contextmanager
def _silent() -> Iterator[None]:
    """Dask tells of lost workers and slow loops in words for those who run clusters; users get sentences of ours."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
