"""Cases on processes: those of this machine, and those of a scheduler with two workers; some of them are killed."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from LumbarSegLib.cohort.cases import Wanted
from LumbarSegLib.cohort.cluster import cluster_at, own_cluster
from LumbarSegLib.cohort.folder import Batch, batch_in
from LumbarSegLib.cohort.records import Record
from LumbarSegLib.cohort.running import SchedulerLost, run_cases
from LumbarSegLib.errors import InputError, OutputError
from Testing.cohort.clusters import dask_cluster, until
from Testing.cohort.making import make, times_of, write


def begun(root: Path, images: Sequence[Path]) -> Batch:
    with batch_in(root, images[0].parent, [Wanted(image) for image in images], {}, False) as batch:
        pass
    batch.work.mkdir(parents=True)
    return batch


def by_name(records: Sequence[Record]) -> dict[str, str]:
    return {record.name: record.status for record in records}


def test_a_case_that_kills_its_process_is_told_and_all_others_are_done(tmp_path: Path) -> None:
    images = write(tmp_path / "in", a="done", b="refuse", c="kill", d="crash", e="done", f="done")
    batch = begun(tmp_path / "out", images)
    with own_cluster(2, batch.work) as client:
        records = list(run_cases(client, batch, batch.left(), make))
    wanted = {"a": "done", "b": "refused", "c": "failed", "d": "failed", "e": "done", "f": "done"}
    assert by_name(records) == wanted
    assert [times_of(image) for image in images] == [1, 1, 2, 1, 1, 1]


def test_a_killed_worker_loses_no_case(tmp_path: Path) -> None:
    go = tmp_path / "go"
    images = write(tmp_path / "in", a=f"wait {go}", b=f"wait {go}", c="done", d="done")
    batch = begun(tmp_path / "out", images)
    with own_cluster(2, batch.work) as client:
        until(lambda: len(client.nthreads()) == 2)
        running = run_cases(client, batch, batch.left(), make)
        workers = list(client.run(os.getpid).values())

        def strike() -> None:
            until(lambda: times_of(images[0]) and times_of(images[1]))
            os.kill(workers[0], signal.SIGKILL)
            until(lambda: times_of(images[0]) + times_of(images[1]) == 3)
            go.touch()

        thread = threading.Thread(target=strike)
        thread.start()
        records = list(running)
        thread.join()
    assert set(by_name(records).values()) == {"done"}
    assert len(records) == 4
    assert sorted(times_of(image) for image in images) == [1, 1, 1, 2]


def test_waiting_leaves_nothing_behind(tmp_path: Path) -> None:
    go, seen = tmp_path / "go", []
    images = write(tmp_path / "in", **{f"c{k}": f"wait {go}" for k in range(30)})
    batch = begun(tmp_path / "out", images)
    with own_cluster(1, batch.work) as client:

        def look() -> None:
            until(lambda: any(map(times_of, images)))
            for _ in range(2):
                seen.append(len(asyncio.all_tasks(client.loop.asyncio_loop)))
                time.sleep(2.5)
            go.touch()

        thread = threading.Thread(target=look)
        thread.start()
        assert len(list(run_cases(client, batch, batch.left(), make))) == 30
        thread.join()
    first, second = seen
    assert second <= first + 5


def test_our_own_scheduler_listens_on_loopback_alone_and_spills_nothing(tmp_path: Path) -> None:
    with own_cluster(1, tmp_path) as client:
        me = psutil.Process()
        ours = [me, *me.children(recursive=True)]
        listening = [one for process in ours for one in process.net_connections() if one.status == "LISTEN"]
        assert {one.laddr.ip for one in listening} == {"127.0.0.1"}
        assert client.scheduler.address.startswith("tls://")
        assert [path for path in tmp_path.rglob("storage*") if any(path.iterdir())] == []


def test_two_workers_of_a_scheduler_share_the_cases_and_log_nothing_of_them(tmp_path: Path) -> None:
    told = {f"Müller{k}": text for k, text in enumerate(["done"] * 6 + ["refuse", "crash"])}
    images = write(tmp_path / "in", **told)
    batch = begun(tmp_path / "out", images)
    with dask_cluster(tmp_path / "dask") as cluster:
        with cluster_at(cluster.address, batch.root) as client:
            client.wait_for_workers(2, timeout=60)
            records = list(run_cases(client, batch, batch.left(), make))
        logs = cluster.logs()
    assert sorted(by_name(records).values()) == ["done"] * 6 + ["failed", "refused"]
    pids = {line for image in images for line in image.with_suffix(".times").read_text().split()}
    assert len(pids) == 2
    assert "Registered" in logs
    assert "ller" not in logs
    assert str(batch.root) not in logs


def test_what_a_killed_worker_of_a_scheduler_had_begun_the_other_does(tmp_path: Path) -> None:
    go = tmp_path / "go"
    images = write(tmp_path / "in", a=f"wait {go}", b=f"wait {go}", c="done")
    batch = begun(tmp_path / "out", images)
    with dask_cluster(tmp_path / "dask") as cluster, cluster_at(cluster.address, batch.root) as client:
        client.wait_for_workers(2, timeout=60)
        running = run_cases(client, batch, batch.left(), make)

        def strike() -> None:
            until(lambda: times_of(images[0]) and times_of(images[1]))
            cluster.workers[0].kill()
            go.touch()

        thread = threading.Thread(target=strike)
        thread.start()
        records = list(running)
        thread.join()
    assert by_name(records) == {"a": "done", "b": "done", "c": "done"}


def test_a_scheduler_that_goes_away_is_told_and_what_is_done_is_kept(tmp_path: Path) -> None:
    go = tmp_path / "go"
    images = write(tmp_path / "in", a="done", b=f"wait {go}")
    batch = begun(tmp_path / "out", images)
    with dask_cluster(tmp_path / "dask") as cluster, cluster_at(cluster.address, batch.root) as client:
        running = run_cases(client, batch, batch.left(), make)
        assert next(running).name == "a"
        cluster.scheduler.kill()
        with pytest.raises(SchedulerLost, match="go on with --resume"):
            list(running)
    assert [case.name for case in batch.left()] == ["b"]


def test_a_full_disk_ends_the_run_and_says_how_to_go_on(tmp_path: Path) -> None:
    images = write(tmp_path / "in", a="done", b="full")
    batch = begun(tmp_path / "out", images)
    with own_cluster(1, batch.work) as client, pytest.raises(OutputError, match=r"full\. What is done is kept"):
        list(run_cases(client, batch, batch.left(), make))
    assert [case.name for case in batch.left()] == ["b"]


def test_an_address_where_nothing_answers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("LumbarSegLib.cohort.cluster._WAIT_S", 1.0)
    for address in ("tcp://127.0.0.1:9", "nonsense"):
        with pytest.raises(InputError, match="No Dask scheduler answers"), cluster_at(address, tmp_path):
            pass


def test_a_scheduler_without_workers_or_with_none_that_sees_the_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("LumbarSegLib.cohort.cluster._WAIT_S", 3.0)
    with dask_cluster(tmp_path / "dask", workers=0) as cluster:
        with pytest.raises(InputError, match="has no workers"), cluster_at(cluster.address, tmp_path):
            pass
        cluster.add_worker()
        monkeypatch.setattr("LumbarSegLib.cohort.cluster._WAIT_S", 60.0)
        with pytest.raises(InputError, match="do not see"), cluster_at(cluster.address, tmp_path / "elsewhere"):
            pass
