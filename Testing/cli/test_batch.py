"""`lumbarseg batch` on real images: one line for each case whatever becomes of it, and a killed run that goes on."""

import csv
import json
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import SimpleITK as sitk

from LumbarSegLib.cli import run
from LumbarSegLib.resources import samples_dir
from Testing.cohort.clusters import ENVIRONMENT, dask_cluster, until

COMMAND = [sys.executable, "-c", "from LumbarSegLib.cli import main; main()", "batch"]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of axial slices, which are quickly done: two called alike, one broken in the middle, and one whose name
    has letters of all kinds.
    """
    folder = tmp_path_factory.mktemp("cohort")
    axial = sitk.ReadImage(str(samples_dir() / "axial-t1.nrrd"))
    rows = [("image", "task")]
    for place, name in enumerate(("p1/t1.nrrd", "p2/t1.nrrd", "broken.nrrd", "脊柱 Müller.mha")):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if name == "broken.nrrd":
            path.write_text("NRRD0004\ntype: short\n")
        else:
            sitk.WriteImage(axial[:, :, place % 3 : place % 3 + 1], str(path))
        rows.append((name, "axial"))
    with (folder / "list.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    return folder / "list.csv"


NAMES = ["p1_t1", "p2_t1", "broken", "脊柱 Müller"]
STATES = ["done", "done", "refused", "done"]


def started(*arguments: str | Path, **options: Any) -> "subprocess.Popen[str]":
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    return subprocess.Popen([*COMMAND, *map(str, arguments)], env=ENVIRONMENT, **pipes, **options)


def lines_of(table: Path) -> list[dict[str, str]]:
    text = table.read_text(encoding="utf-8-sig").splitlines()
    return list(csv.DictReader(line for line in text if line[0] != "#"))


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def records_in(out: Path) -> dict[str, int]:
    """When the record of each case that is over was written."""
    return {path.parent.name: path.stat().st_mtime_ns for path in (out / "cases").glob("*/case.json")}


@pytest.fixture(scope="module")
def done(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str, int]:
    """The folder of a batch that ran through, and what it said."""
    out = tmp_path_factory.mktemp("done") / "out"
    with started(cohort, "-o", out, "--jobs", "2") as process:
        said, complained = process.communicate(timeout=300)
    return out, said, complained, process.returncode


def test_a_batch_has_a_line_for_each_case_and_skips_what_is_broken(done: tuple[Path, str, str, int]) -> None:
    out, said, complained, status = done
    rows = lines_of(out / "cases.csv")
    assert [row["case"] for row in rows] == NAMES
    assert [row["status"] for row in rows] == STATES
    assert rows[2]["reason"].endswith(".")
    assert float(rows[0]["smallest_sac_area_mm2"]) > 30
    assert all(row["model_sha256"] and row["image_sha256"] for row in rows if row["status"] == "done")
    assert status == 1
    assert complained == "lumbarseg: 1 of 4 cases has no result; cases.csv says why.\n"
    assert len(re.findall(r"^\d/4 ", said, re.MULTILINE)) == 4
    assert said.endswith("Research use; not for diagnosis.\n")


def test_each_case_has_its_files_and_nothing_else_is_left(done: tuple[Path, str, str, int]) -> None:
    out = done[0]
    folder = out / "cases" / NAMES[3]
    assert {f"{NAMES[3]}.seg.nrrd", f"{NAMES[3]}.json", f"{NAMES[3]}.csv", "case.json"} <= names_in(folder)
    assert names_in(out / "cases" / "broken") == {"case.json"}
    wanted = {"batch.json", "cases", "cases.csv", "measurements.csv", "summary.csv", "index.html", ".lock"}
    assert names_in(out) == wanted


def test_tables_have_the_numbers_of_each_case_and_say_where_they_are_from(done: tuple[Path, str, str, int]) -> None:
    out = done[0]
    areas = {row["case"]: row["value_mm2"] for row in lines_of(out / "measurements.csv") if row["measure"] == "ts.area"}
    for name in ("p1_t1", NAMES[3]):
        told = json.loads((out / "cases" / name / f"{name}.json").read_text(encoding="utf-8"))
        (area,) = (one["value"] for one in told["measurements"] if one["measure"] == "ts.area")
        assert areas[name] == f"{area:.0f}"
    for table in ("cases.csv", "measurements.csv", "summary.csv"):
        head = (out / table).read_text(encoding="utf-8-sig").splitlines()[:5]
        assert head[0] == "# Research use; not for diagnosis."
        assert head[1].startswith("# lumbarseg_version,")


def test_a_killed_run_goes_on_without_repeating_or_losing_a_case(cohort: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with started(cohort, "-o", out, "--jobs", "1") as process:
        children = psutil.Process(process.pid)
        until(lambda: len(records_in(out)) >= 2, 300)
        workers = children.children(recursive=True)
        process.kill()
    until(lambda: not any(worker.is_running() and worker.status() != "zombie" for worker in workers))
    before = records_in(out)
    assert 2 <= len(before) < 4

    assert run(["batch", str(cohort), "-o", str(out), "--jobs", "1", "--resume"]) == 1

    after = records_in(out)
    assert set(after) == set(NAMES)
    assert {name: after[name] for name in before} == before
    assert [row["status"] for row in lines_of(out / "cases.csv")] == STATES
    assert not (out / ".work").exists()


def test_a_run_that_is_stopped_ends_with_130_and_shows_what_is_done(cohort: Path, tmp_path: Path) -> None:
    """By Ctrl+C, which a terminal sends to the workers as well."""
    out = tmp_path / "out"
    with started(cohort, "-o", out, "--jobs", "1", start_new_session=True) as process:
        until(lambda: records_in(out), 300)
        os.killpg(process.pid, signal.SIGINT)
        said, complained = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("Still to be done: ") and said.endswith("go on with --resume.\n")
    assert complained == "lumbarseg: stopped.\n"
    assert {row["status"] for row in lines_of(out / "cases.csv")} > {"not done"}
    assert (out / "index.html").exists()


def test_a_disk_that_is_full_ends_the_run_in_one_line_and_keeps_what_is_done(cohort: Path, tmp_path: Path) -> None:
    """A limit on file size stands for the full disk; small files, each proven by 1 MiB more, still have room."""
    out = tmp_path / "out"

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, ((1 << 20) + 6000, resource.RLIM_INFINITY))

    with started(cohort, "-o", out, "--jobs", "1", preexec_fn=limit) as process:
        _, complained = process.communicate(timeout=300)

    assert process.returncode == 1
    assert complained.count("\n") == 1
    assert "cannot be written" in complained
    assert set(records_in(out)) <= {"broken"}


def test_a_scheduler_and_two_workers_do_the_same(
    cohort: Path, done: tuple[Path, str, str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, few = tmp_path / "out", cohort.with_name("few.csv")
    few.write_text("".join(cohort.read_text(encoding="utf-8").splitlines(keepends=True)[:4]), encoding="utf-8")
    with dask_cluster(tmp_path / "dask") as cluster:
        assert run(["batch", str(few), "-o", str(out), "--scheduler", cluster.address]) == 1
        logs = cluster.logs()
    assert capsys.readouterr().err == "lumbarseg: 1 of 3 cases has no result; cases.csv says why.\n"
    same = ("case", "status", "reason", "seen", "smallest_sac_area_mm2", "flags", "image_sha256")
    ours, theirs = (lines_of(folder / "cases.csv") for folder in (done[0], out))
    assert [[row[key] for key in same] for row in ours[:3]] == [[row[key] for key in same] for row in theirs]
    assert not any(name in logs for name in (*NAMES, "few.csv", str(out)))


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--jobs", "2", "--scheduler", "tcp://x:1"], 2, "--jobs is for this machine"),
        (["--jobs", "0"], 2, "greater than or equal to 1"),
        (["--task", "knee"], 2, "'knee' is not one of"),
        (["--model", "none"], 1, "There is no model named none"),
        (["--thresholds", "none.json"], 1, "none.json"),
    ],
)
def test_wrong_usage_makes_no_folder(
    cohort: Path, tmp_path: Path, arguments: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["batch", str(cohort), "-o", str(tmp_path / "out"), *arguments]) == status
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_other_options_and_a_folder_that_is_there_are_refused(
    cohort: Path, done: tuple[Path, str, str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    before = records_in(done[0])
    assert run(["batch", str(cohort), "-o", str(done[0])]) == 1
    assert "the folder is not empty" in capsys.readouterr().err
    assert run(["batch", str(cohort), "-o", str(done[0]), "--resume", "--flips"]) == 1
    assert "--flips was not given, now True" in capsys.readouterr().err
    assert records_in(done[0]) == before
