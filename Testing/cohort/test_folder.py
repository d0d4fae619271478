"""The folder of a batch: begun once, gone on with as it was begun, and never by two at a time."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from LumbarSegLib.cohort.cases import Wanted
from LumbarSegLib.cohort.folder import Batch, batch_in
from LumbarSegLib.cohort.records import read_record
from LumbarSegLib.cohort.work import Stopped, do_case, record_lost
from LumbarSegLib.errors import InputError, LumbarSegError, OutputError
from Testing.cohort.making import make, times_of, write

OPTIONS: Mapping[str, Any] = {"--task": "auto", "--pdf": False}


def do_all(root: Path, images: list[Path], resume: bool = False, options: Mapping[str, Any] = OPTIONS) -> Batch:
    with batch_in(root, images[0].parent, [Wanted(image) for image in images], options, resume) as batch:
        for case in batch.left():
            do_case(case, batch.folder_of(case), batch.work, make)
        return batch


def test_a_batch_says_what_was_asked_and_what_it_is_done_with(tmp_path: Path) -> None:
    images = write(tmp_path / "in", a="done")
    do_all(tmp_path / "out", images)
    told = json.loads((tmp_path / "out" / "batch.json").read_text(encoding="utf-8"))
    assert told["options"] == OPTIONS
    assert [case["image"] for case in told["cases"]] == [str(images[0])]
    assert set(told["made_with"]["models"]) == {"sagittal-mr", "axial-mr", "xray"}
    assert told["use"] == "Research use; not for diagnosis."


def test_nothing_unfinished_is_left(tmp_path: Path) -> None:
    do_all(tmp_path / "out", write(tmp_path / "in", a="done", b="refuse", c="crash"))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"batch.json", "cases", ".lock"}
    assert {path.name for path in (tmp_path / "out" / "cases" / "b").iterdir()} == {"case.json"}


def test_a_record_says_why_there_is_no_result(tmp_path: Path) -> None:
    do_all(tmp_path / "out", write(tmp_path / "in", b="refuse", c="crash"))
    refused, failed = (read_record(tmp_path / "out" / "cases" / name) for name in "bc")
    assert refused
    assert failed
    assert (refused.status, refused.reason) == ("refused", "This is not an image; give one.")
    assert (failed.status, failed.reason[:44]) == ("failed", "Unexpected failure (ValueError: of no use); ")


def test_what_is_done_or_refused_is_not_done_again(tmp_path: Path) -> None:
    images = write(tmp_path / "in", a="done", b="refuse", c="crash")
    do_all(tmp_path / "out", images)
    do_all(tmp_path / "out", images, resume=True)
    assert [times_of(image) for image in images] == [1, 1, 2]


def test_an_image_that_was_exchanged_is_done_again(tmp_path: Path) -> None:
    images = write(tmp_path / "in", a="refuse", b="done")
    do_all(tmp_path / "out", images)
    write(tmp_path / "in", a="done")
    batch = do_all(tmp_path / "out", images, resume=True)
    assert [times_of(image) for image in images] == [2, 1]
    assert [record.status for case in batch.cases if (record := batch.record_of(case))] == ["done", "done"]


def test_images_that_came_later_are_added_and_none_is_lost(tmp_path: Path) -> None:
    first, second = write(tmp_path / "in", a="done", b="done")
    (later,) = write(tmp_path / "later", a="done")
    do_all(tmp_path / "out", [first, second])
    batch = do_all(tmp_path / "out", [later, second], resume=True)
    assert [(case.name, case.image) for case in batch.cases] == [("a", first), ("b", second), ("a-2", later)]
    assert times_of(second) == 1


def test_a_half_written_record_is_no_record(tmp_path: Path) -> None:
    images = write(tmp_path / "in", a="done")
    do_all(tmp_path / "out", images)
    record = tmp_path / "out" / "cases" / "a" / "case.json"
    record.write_bytes(record.read_bytes()[:40])
    do_all(tmp_path / "out", images, resume=True)
    assert times_of(images[0]) == 2


def refusal(kind: type[LumbarSegError], *arguments: Any, **options: Any) -> str:
    with pytest.raises(kind) as raised:
        do_all(*arguments, **options)
    return str(raised.value)


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path: Path) -> None:
    images = write(tmp_path / "in", a="done")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("")
    assert "the folder is not empty; add --resume to go on" in refusal(OutputError, tmp_path / "out", images)
    assert "holds no batch" in refusal(OutputError, tmp_path / "out", images, resume=True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_resuming_what_was_never_begun_begins_it(tmp_path: Path) -> None:
    images = write(tmp_path / "in", a="done")
    do_all(tmp_path / "out", images, resume=True)
    assert times_of(images[0]) == 1


def test_other_options_are_refused_and_named(tmp_path: Path) -> None:
    images = write(tmp_path / "in", a="done")
    do_all(tmp_path / "out", images)
    changed = {"--task": "axial", "--pdf": False}
    assert "other options (--task was not given, now axial)" in refusal(
        InputError, tmp_path / "out", images, resume=True, options=changed
    )


def test_another_version_or_model_is_refused(tmp_path: Path) -> None:
    images = write(tmp_path / "in", a="done")
    do_all(tmp_path / "out", images)
    asked = tmp_path / "out" / "batch.json"
    told = json.loads(asked.read_text(encoding="utf-8"))
    told["made_with"]["models"]["sagittal-mr"] = "0" * 64
    asked.write_text(json.dumps(told), encoding="utf-8")
    assert "or other models" in refusal(InputError, tmp_path / "out", images, resume=True)


def test_two_runs_do_not_work_in_one_folder(tmp_path: Path) -> None:
    images = write(tmp_path / "in", a="done")
    with batch_in(tmp_path / "out", tmp_path, [Wanted(images[0])], OPTIONS, False):
        assert "another run is at work" in refusal(OutputError, tmp_path / "out", images, resume=True)


@pytest.mark.parametrize("place", ["missing/out", "file/out"])
def test_a_place_that_can_hold_no_folder_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be made" in refusal(OutputError, tmp_path / place, write(tmp_path / "in", a="done"))


def test_a_full_disk_stops_without_a_record(tmp_path: Path) -> None:
    images = write(tmp_path / "in", a="full")
    with batch_in(tmp_path / "out", tmp_path, [Wanted(images[0])], OPTIONS, False) as batch:
        (case,) = batch.cases
        assert do_case(case, batch.folder_of(case), batch.work, make) == Stopped("The disk is full.")
        assert batch.left() == [case]
        assert list(batch.work.iterdir()) == []


@pytest.mark.parametrize("was_there", [True, False])
def test_a_batch_that_fails_before_its_first_case_leaves_nothing(tmp_path: Path, was_there: bool) -> None:
    images = write(tmp_path / "in", a="done")
    if was_there:
        (tmp_path / "out").mkdir()
    with (
        pytest.raises(InputError),
        batch_in(tmp_path / "out", tmp_path, [Wanted(images[0])], OPTIONS, False) as batch,
    ):
        (batch.root / "cases.csv").write_text("")
        raise InputError("No scheduler answers.")
    assert (tmp_path / "out").exists() == was_there
    assert not was_there or list((tmp_path / "out").iterdir()) == []


def test_a_case_that_ended_its_process_is_told_so(tmp_path: Path) -> None:
    images = write(tmp_path / "in", a="kill")
    with batch_in(tmp_path / "out", tmp_path, [Wanted(images[0])], OPTIONS, False) as batch:
        (case,) = batch.cases
        record_lost(case, batch.folder_of(case), batch.work)
        record = batch.record_of(case)
    assert record
    assert (record.status, record.reason[:25]) == ("failed", "Its process ended twice w")
