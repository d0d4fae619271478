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
    from distributed import Client, Future

_LOOK_EVERY_S = 1.0
_WITHOUT_WORKERS_S = 60.0
_SCHEDULER_GONE = "The scheduler has gone; start it again and go on with --resume."


class SchedulerLost(LumbarSegError):
    """The scheduler or all its workers have gone."""


def run_cases(client: "Client", batch: Batch, cases: Sequence[Case], make: Make) -> Iterator[Record]:
    """Do the cases, and tell what became of each when it is over.

    Raises OutputError where results cannot be written any more, SchedulerLost where there is nobody left to do them;
    what is over then stays, and the batch can be resumed.
    """
    waiting: dict[Future[Any], Case] = {}
    for number, case in enumerate(cases):
        folder = batch.folder_of(case)
        waiting[
            client.submit(do_case, case, folder, batch.work, make, key=f"case-{batch.run}-{number}", pure=False)
        ] = case
    try:
        while waiting:
            for future in _ended(client, list(waiting)):
                case = waiting.pop(future)
                yield _record(future, batch, case)
                future.release()
    finally:
        client.cancel(list(waiting))


def _ended(client: "Client", futures: "Sequence[Future[Any]]") -> "list[Future[Any]]":
    """Those that have ended; waits until there are some. Raises SchedulerLost."""
    from distributed import wait

    seen = time.monotonic()
    while True:
        try:
            done, _ = wait(futures, timeout=_LOOK_EVERY_S, return_when="FIRST_COMPLETED")
        except TimeoutError:
            done = set()
        except CancelledError as error:
            raise SchedulerLost(_SCHEDULER_GONE) from error
        if done:
            return list(done)
        if client.status != "running":
            raise SchedulerLost(_SCHEDULER_GONE)
        if client.nthreads():
            seen = time.monotonic()
        elif time.monotonic() - seen > _WITHOUT_WORKERS_S:
            raise SchedulerLost("All workers have gone; start some and go on with --resume.")


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
