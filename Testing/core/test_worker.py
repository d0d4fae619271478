"""The worker does with the real models what the host's own process would do, and the host neither waits nor loads them.

Each test drives the real child process.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core import analysis
from LumbarSegLib.core.images import read_image
from LumbarSegLib.core.provenance import origin, provenance
from LumbarSegLib.core.worker.client import Worker
from LumbarSegLib.core.worker.events import Answer, Failed, Progress, Ready
from LumbarSegLib.errors import InputError
from LumbarSegLib.resources import samples_dir
from Testing.axial import axial_image, axial_labels
from Testing.small_model import write_reading_model
from Testing.workers import child_of_this_process, children_of, environment, events_until, gone, heard

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at as Linux shows them")


@pytest.fixture(scope="module")
def sagittal() -> sitk.Image:
    """The middle slices of the shipped sample."""
    return read_image(samples_dir() / "lumbar-t2.nrrd")[:, :, 8:13]


@pytest.fixture(scope="module")
def axial() -> sitk.Image:
    return read_image(samples_dir() / "axial-t1.nrrd")


@pytest.fixture(scope="module")
def shared() -> Iterator[Worker]:
    """A worker that one test leaves to the next."""
    worker = Worker()
    worker.start()
    heard(worker, Ready)
    yield worker
    worker.stop()


@pytest.fixture
def worker(shared: Worker) -> Worker:
    if shared.state != "ready":
        shared.start()
        heard(shared, Ready)
    return shared


def test_a_worker_starts_in_the_background_and_says_when_it_is_ready() -> None:
    before = children_of(os.getpid())
    worker = Worker()
    assert worker.state == "stopped"
    worker.start()
    assert worker.state == "starting"
    ready = heard(worker, Ready)
    assert worker.state == "ready"
    assert 0 < ready.seconds < 120
    worker.start()
    assert worker.poll() == []
    worker.stop()
    worker.stop()
    assert worker.state == "stopped"
    assert children_of(os.getpid()) == before


@pytest.mark.parametrize("name", ["sagittal", "axial"])
def test_the_answer_is_what_the_same_steps_give_here(worker: Worker, name: str, request: pytest.FixtureRequest) -> None:
    image = request.getfixturevalue(name)
    worker.segment(image)
    assert worker.state == "busy"
    answer = heard(worker, Answer)
    assert worker.state == "ready"

    model = analysis.prepare(image)
    found = analysis.segment(image, model)
    assert answer.result.instances == found.result.instances
    assert answer.result.notes == found.result.notes
    assert type(answer.result) is type(found.result)
    for ours, theirs in ((answer.result.labels, found.result.labels), (answer.semantic, found.semantic)):
        assert np.array_equal(sitk.GetArrayFromImage(ours), sitk.GetArrayFromImage(theirs))
        assert ours.IsSameImageGeometryAs(image)
    assert answer.agreement == analysis.self_agreement(found, model)
    dated = {"date": answer.provenance["date"]}
    assert answer.provenance == provenance(found) | dated
    assert answer.seconds.keys() == {"load", *found.seconds, "agreement", "total"}
    assert sum(answer.seconds.values()) <= 2 * answer.seconds["total"]


def test_an_answer_can_be_measured_as_it_is(worker: Worker, sagittal: sitk.Image) -> None:
    worker.segment(sagittal, lowest_disc="L4/5")
    answer = heard(worker, Answer)
    findings = analysis.measure(answer.result, sagittal, agreement=answer.agreement).findings
    assert answer.provenance["lowest_disc"] == "L4/5"
    assert findings.of("disc.middle_height", "L3/4").value is not None


def test_progress_names_its_steps_and_runs_from_nothing_to_all(worker: Worker, sagittal: sitk.Image) -> None:
    worker.segment(sagittal)
    events = events_until(worker, Answer)
    progress = [event for event in events if isinstance(event, Progress)]
    assert [*dict.fromkeys(one.step for one in progress)] == ["Segmenting", "Naming levels", "Checking"]
    fractions = [one.fraction for one in progress]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, 1)
    left = [one.seconds_left for one in progress]
    assert left[0] is None
    assert left[-1] == 0
    assert any(seconds for seconds in left)


def test_a_worker_loads_the_model_of_another_task_when_it_is_told_to(worker: Worker, axial: sitk.Image) -> None:
    worker.warm("axial")
    assert worker.state == "ready"
    worker.segment(axial)
    events = events_until(worker, Answer)
    assert "Loading the model" not in {event.step for event in events if isinstance(event, Progress)}


def test_an_image_may_be_changed_as_soon_as_it_was_handed_over(worker: Worker, sagittal: sitk.Image) -> None:
    image = sitk.Image(sagittal)
    worker.segment(image)
    image *= 0
    assert heard(worker, Answer).provenance["image_sha256"] == origin(sagittal)["image_sha256"]


def test_a_second_image_is_refused_while_one_is_segmented(worker: Worker, sagittal: sitk.Image) -> None:
    worker.segment(sagittal)
    with pytest.raises(InputError, match="An image is being segmented; wait for it or cancel it first"):
        worker.segment(sagittal)
    heard(worker, Answer)
    time.sleep(0.2)
    assert worker.poll() == []


def test_nothing_is_heard_of_a_request_that_was_cancelled(worker: Worker, sagittal: sitk.Image) -> None:
    before = child_of_this_process()
    worker.segment(sagittal)
    events_until(worker, Progress)
    worker.cancel()
    assert worker.state == "starting"
    assert gone(before, within_s=1)
    assert [type(event) for event in events_until(worker, Ready)] == [Ready]
    assert worker.poll() == []
    worker.segment(sagittal)
    heard(worker, Answer)


def test_a_request_is_cancelled_before_the_worker_is_ready(sagittal: sitk.Image) -> None:
    worker = Worker()
    worker.segment(sagittal)
    assert worker.state == "busy"
    worker.cancel()
    assert worker.state == "starting"
    assert [type(event) for event in events_until(worker, Ready)] == [Ready]
    worker.stop()


def test_cancelling_nothing_changes_nothing(worker: Worker) -> None:
    before = child_of_this_process()
    worker.cancel()
    assert worker.state == "ready"
    assert child_of_this_process() == before


def test_a_request_starts_the_worker_by_itself(axial: sitk.Image) -> None:
    worker = Worker()
    worker.segment(axial)
    events = events_until(worker, Answer)
    assert [type(event) for event in events if not isinstance(event, Progress)] == [Ready, Answer]
    worker.stop()


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (sitk.Image([9, 9, 9], sitk.sitkVectorUInt8, 3), "several values for each voxel"),
        (sitk.Image([9, 9, 9, 2], sitk.sitkUInt8), "4D"),
        (sitk.Image([9, 9], sitk.sitkUInt8), "2D"),
        (sitk.Image([9, 9, 9], sitk.sitkUInt8), "same value"),
        (sitk.Image([0, 0, 0], sitk.sitkUInt8), "empty"),
    ],
    ids=["colour", "4D", "2D", "flat", "empty"],
)
def test_an_image_that_cannot_be_used_is_refused_in_one_sentence(
    worker: Worker, image: sitk.Image, sentence: str
) -> None:
    before = child_of_this_process()
    worker.segment(image)
    failed = heard(worker, Failed)
    assert sentence in failed.sentence
    assert failed.sentence[0].isupper() and failed.sentence.endswith(".")
    assert failed.details == ""
    assert worker.state == "ready"
    assert child_of_this_process() == before


def test_a_wrong_choice_is_refused_in_one_sentence(worker: Worker, sagittal: sitk.Image) -> None:
    for choice, sentence in (
        ({"model": "no-such-model"}, "There is no model named no-such-model"),
        ({"task": "xray"}, "a radiograph is one slice"),
        ({"lowest_disc": "L9"}, "The lowest disc cannot be 'L9'"),
    ):
        worker.segment(sagittal, **choice)  # type: ignore[arg-type]  # each is one of the keywords
        assert sentence in heard(worker, Failed).sentence


def test_a_model_of_ones_own_is_loaded_from_any_path_once_the_user_agreed(worker: Worker, tmp_path: Path) -> None:
    folder = tmp_path / "Wirbelsäule 脊椎 (κόσμος)"
    folder.mkdir()
    path = write_reading_model(folder / "Modèle für Ärzte.ts", "axial", spacing_mm=1.0)
    labels = axial_labels()
    worker.segment(axial_image(labels), model=str(path))
    assert "does not come with LumbarSeg" in heard(worker, Failed).sentence
    worker.segment(axial_image(labels), model=str(path), accept_unlisted=True)
    answer = heard(worker, Answer)
    assert np.array_equal(sitk.GetArrayFromImage(answer.result.labels), sitk.GetArrayFromImage(labels))
    worker.segment(axial_image(labels), model=str(path))
    assert "does not come with LumbarSeg" in heard(worker, Failed).sentence


def test_a_file_that_is_no_model_any_more_is_refused_though_it_was_loaded(worker: Worker, tmp_path: Path) -> None:
    path = write_reading_model(tmp_path / "own.ts", "axial", spacing_mm=1.0)
    image = axial_image(axial_labels())
    worker.segment(image, model=str(path), accept_unlisted=True)
    heard(worker, Answer)
    path.write_bytes(path.read_bytes()[:-999])
    worker.segment(image, model=str(path), accept_unlisted=True)
    assert "damaged or cut off" in heard(worker, Failed).sentence


def test_nothing_is_written_anywhere(sagittal: sitk.Image, tmp_path: Path) -> None:
    places = {name: str(tmp_path) for name in ("TMPDIR", "TEMP", "TMP", "HOME", "XDG_CACHE_HOME")}
    worker = Worker(environment=environment(tmp_path, **places, PYTHONDONTWRITEBYTECODE="1"))
    worker.segment(sagittal)
    heard(worker, Answer)
    worker.stop()
    assert list(tmp_path.iterdir()) == []


HOST = """
import os, sys, time
from LumbarSegLib.core.images import read_image
from LumbarSegLib.core.worker.client import Worker
from LumbarSegLib.core.worker.events import Answer, Ready
from LumbarSegLib.resources import samples_dir

def until(kind):
    while not any(isinstance(event, kind) for event in worker.poll()):
        time.sleep(0.01)

image = read_image(samples_dir() / "lumbar-t2.nrrd")
worker = Worker()
worker.start()
until(Ready)
"""


def host(then: str) -> "subprocess.Popen[str]":
    """A program that starts a worker, waits until it is ready, and goes on."""
    return subprocess.Popen(
        [sys.executable, "-c", HOST + then],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(analysis.__file__).parents[2])},
    )


def test_a_host_imports_no_package_that_slicer_lacks_and_may_end_without_a_word() -> None:
    imported = "print({'torch', 'skimage'} & {*sys.modules}, flush=True)"
    program = host(f"worker.segment(image)\nuntil(Answer)\n{imported}\nsys.stdin.read()")
    assert program.stdout is not None
    assert program.stdout.readline() == "set()\n"
    (child,) = children_of(program.pid)
    _, err = program.communicate()
    assert (program.returncode, err) == (0, "")
    assert gone(child, within_s=5)


def test_the_child_ends_when_its_host_is_killed_in_the_middle() -> None:
    program = host("worker.segment(image)\nprint('busy', flush=True)\nuntil(Answer)")
    assert program.stdout is not None
    assert program.stdout.readline() == "busy\n"
    (child,) = children_of(program.pid)
    program.kill()
    program.communicate()
    assert gone(child, within_s=5)


def test_a_host_may_end_in_the_middle() -> None:
    program = host("print('ready', flush=True)\nsys.stdin.read()\nworker.segment(image)")
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    (child,) = children_of(program.pid)
    _, err = program.communicate()
    assert (program.returncode, err) == (0, "")
    assert gone(child, within_s=5)
