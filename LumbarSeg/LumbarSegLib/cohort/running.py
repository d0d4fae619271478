"""The cases of a batch, given to Dask; what became of each comes back as it ends."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from LumbarSegLib.cohort.cases import Case
from LumbarSegLib.cohort.folder import Batch
from LumbarSegLib.cohort.records import Record
from LumbarSegLib.cohort.work import Make, Stopped, do_case, record_lost
from LumbarSegLib.errors import LumbarSegError, OutputError

if TYPE_CHECKING:
    from distributed import Client, Future, as_completed

_PAUSE_S, _LOOK_EVERY_S = 0.1, 5.0
_WITHOUT_WORKERS_S = 60.0
_SCHEDULER_GONE = "The scheduler has gone; start it again and go on with --resume."


class SchedulerLost(LumbarSegError):
    """The scheduler or all its workers have gone."""


def run_cases(client: "Client", batch: Batch, cases: Sequence[Case], make: Make) -> Iterator[Record]:
    """Do the cases, and tell what became of each when it is over.

    Raises OutputError where results cannot be written any more, SchedulerLost where there is nobody left to do them;
    what is over then stays, and the batch can be resumed.
    """
    from distributed import as_completed

    waiting: dict[Future[Any], Case] = {}
    for number, case in enumerate(cases):
        told = (case, batch.folder_of(case), batch.work, make)
        waiting[client.submit(do_case, *told, key=f"case-{batch.run}-{number}", pure=False)] = case
    ended = as_completed(waiting)
    try:
        while waiting:
            _await_one(client, ended)
            future = next(ended)
            yield _record(future, batch, waiting.pop(future))
            future.release()
    finally:
        client.cancel(list(waiting))


def _await_one(client: "Client", ended: "as_completed") -> None:
    """Wait until a case has ended. Raises SchedulerLost where none can end any more."""
    looked = without = time.monotonic()
    while not ended.has_ready():
        if client.status != "running":
            raise SchedulerLost(_SCHEDULER_GONE)
        now = time.monotonic()
        if now - looked > _LOOK_EVERY_S:
            looked, without = now, now if _has_workers(client) else without
        if now - without > _WITHOUT_WORKERS_S:
            raise SchedulerLost("All workers have gone; start some and go on with --resume.")
        time.sleep(_PAUSE_S)


def _has_workers(client: "Client") -> bool:
    try:
        return bool(client.nthreads())
    except OSError as error:
        raise SchedulerLost(_SCHEDULER_GONE) from error


def _record(future: "Future[Any]", batch: Batch, case: Case) -> Record:
    from distributed import KilledWorker

    try:
        result = future.result()
    except KilledWorker:
        result = record_lost(case, batch.folder_of(case), batch.work)
    except (CancelledError, OSError) as error:
        raise SchedulerLost(_SCHEDULER_GONE) from error
    if isinstance(result, Stopped):
        raise OutputError(f"{result.reason} What is done is kept: go on with --resume.")
    return result
