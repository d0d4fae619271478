"""A worker that dies, hangs, talks nonsense or cannot start costs one sentence, and the next request works."""

import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import SimpleITK as sitk

from LumbarSegLib.core import models
from LumbarSegLib.core.images import read_image
from LumbarSegLib.core.worker import client, frames, process
from LumbarSegLib.core.worker.client import Worker
from LumbarSegLib.core.worker.events import Answer, Died, Failed, Progress, Ready
from LumbarSegLib.core.worker.frames import Message
from LumbarSegLib.resources import resource as shipped_file
from LumbarSegLib.resources import samples_dir
from Testing.workers import child_of_this_process, children_of, environment, events_until, gone, heard

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are stopped and limited as Linux does it")


@pytest.fixture(scope="module")
def image() -> sitk.Image:
    """The axial sample, which is quick, with the name of a patient."""
    found = sitk.Image(read_image(samples_dir() / "axial-t1.nrrd"))
    found.SetMetaData("0010|0010", "Doe^Jane")
    return found


@pytest.fixture(scope="module")
def shared() -> Iterator[Worker]:
    """A worker that one test leaves to the next, whatever it did to its child."""
    before = children_of(os.getpid())
    worker = Worker()
    worker.warm("axial")
    yield worker
    worker.stop()
    assert children_of(os.getpid()) == before


@pytest.fixture
def worker(shared: Worker) -> Worker:
    shared.start()
    if shared.state != "ready":
        heard(shared, Ready)
    return shared


def assert_works(worker: Worker, image: sitk.Image) -> None:
    worker.segment(image)
    heard(worker, Answer)
    assert worker.state == "ready"


def test_a_child_that_is_killed_at_work_is_told_and_the_next_request_works(worker: Worker, image: sitk.Image) -> None:
    worker.segment(image)
    events_until(worker, Progress)
    os.kill(child_of_this_process(), signal.SIGKILL)
    died = heard(worker, Died)
    assert "ended by itself" in died.sentence
    assert "SIGKILL" in died.details
    assert "Doe" not in died.details
    assert worker.state == "stopped"
    assert worker.poll() == []
    assert_works(worker, image)


def test_a_child_that_is_killed_at_rest_is_told(worker: Worker) -> None:
    os.kill(child_of_this_process(), signal.SIGKILL)
    assert "ended by itself" in heard(worker, Died).sentence
    worker.start()
    heard(worker, Ready)


def test_a_child_that_crashes_leaves_its_last_words(worker: Worker) -> None:
    os.kill(child_of_this_process(), signal.SIGSEGV)
    died = heard(worker, Died)
    assert "SIGSEGV" in died.details
    assert "Fatal Python error" in died.details


@pytest.mark.parametrize("busy", [True, False], ids=["at work", "at rest"])
def test_a_child_that_hangs_is_ended(
    worker: Worker, image: sitk.Image, busy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if busy:
        worker.segment(image)
        events_until(worker, Progress)
    child = child_of_this_process()
    os.kill(child, signal.SIGSTOP)
    monkeypatch.setattr(client, "SILENCE_S", 2.0)
    died = heard(worker, Died)
    assert "does not respond" in died.sentence
    assert gone(child, within_s=5)
    monkeypatch.undo()
    assert_works(worker, image)


def test_a_child_that_hangs_is_cancelled_and_stopped_like_any_other(worker: Worker, image: sitk.Image) -> None:
    worker.segment(image)
    first = child_of_this_process()
    os.kill(first, signal.SIGSTOP)
    worker.cancel()
    assert gone(first, within_s=1)
    second = child_of_this_process()
    os.kill(second, signal.SIGSTOP)
    worker.stop()
    assert gone(second, within_s=1)
    assert worker.poll() == []


def test_a_host_that_stood_still_does_not_blame_its_child(
    worker: Worker, image: sitk.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = child_of_this_process()
    os.kill(child, signal.SIGSTOP)
    monkeypatch.setattr(client, "SILENCE_S", 2.0)
    time.sleep(4)
    assert worker.poll() == []
    os.kill(child, signal.SIGCONT)
    monkeypatch.undo()
    assert_works(worker, image)


def test_a_request_for_which_memory_is_short_fails_in_one_sentence(worker: Worker, image: sitk.Image) -> None:
    child = child_of_this_process()
    pages = int(Path(f"/proc/{child}/statm").read_text().split()[0])
    taken = pages * resource.getpagesize()
    large = sitk.Resample(image, [1024, 1024, 48], sitk.Transform(), sitk.sitkLinear, image.GetOrigin(), (0.2, 0.2, 1))
    large.SetMetaData("0010|0010", "Doe^Jane")
    before = resource.prlimit(child, resource.RLIMIT_AS, (taken + (160 << 20), resource.RLIM_INFINITY))
    worker.segment(large)
    event = events_until(worker, Answer, Failed, Died)[-1]
    assert isinstance(event, Failed | Died)
    assert "memory" in event.sentence
    assert "Doe" not in event.details
    if worker.state == "ready":
        resource.prlimit(child, resource.RLIMIT_AS, before)
    assert_works(worker, image)


def test_what_libraries_print_does_no_harm_and_is_kept_for_the_details(tmp_path: Path, image: sitk.Image) -> None:
    (tmp_path / "pydicom.py").write_text(
        "import os, sys\nprint('printed from Python')\nsys.stdout.flush()\nos.write(1, b'printed from C\\n')\n"
        "assert sys.stdin.read() == ''\ndel sys.modules['pydicom']\nsys.path.remove(os.path.dirname(__file__))\n"
        "import pydicom\nsys.modules['pydicom'] = pydicom\n"
    )
    before = children_of(os.getpid())
    worker = Worker(environment=environment(tmp_path))
    worker.segment(image)
    heard(worker, Ready)
    heard(worker, Answer)
    (child,) = children_of(os.getpid()) - before
    os.kill(child, signal.SIGKILL)
    details = heard(worker, Died).details
    assert "printed from Python" in details
    assert "printed from C" in details


@pytest.mark.parametrize("garbage", ["Hello\\n" * 9, "\\0", "LSW1\\xff\\xff\\xff\\xff"])
def test_a_child_that_prints_garbage_is_ended(tmp_path: Path, garbage: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import os; os.write(1, b'{garbage}')\n")
    before = children_of(os.getpid())
    worker = Worker(environment=environment(tmp_path))
    worker.start()
    died = heard(worker, Died)
    assert "cannot be read" in died.sentence
    assert "Instead of a message it wrote" in died.details
    assert worker.state == "stopped"
    assert children_of(os.getpid()) == before


def test_an_answer_that_makes_no_sense_is_garbage_too(tmp_path: Path) -> None:
    said = BytesIO()
    frames.write(said, Message("answer", {}))
    (tmp_path / "sitecustomize.py").write_text(f"import os; os.write(1, {said.getvalue()!r})\n")
    worker = Worker(environment=environment(tmp_path))
    worker.start()
    died = heard(worker, Died)
    assert "cannot be read" in died.sentence
    assert "answer" in died.details


def test_a_python_that_is_not_there_is_told() -> None:
    worker = Worker(python="/no/such/PythonSlicer")
    worker.start()
    assert "cannot be started" in heard(worker, Died).sentence
    assert worker.state == "stopped"
    worker.segment(sitk.Image([2, 2, 2], sitk.sitkUInt8))
    assert "cannot be started" in heard(worker, Died).sentence


def test_a_program_that_ends_at_once_is_told() -> None:
    worker = Worker(python=shutil.which("false"))
    worker.start()
    died = heard(worker, Died)
    assert "ended while it started" in died.sentence
    assert "status 1" in died.details


def test_a_missing_package_is_named(tmp_path: Path, image: sitk.Image) -> None:
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')\n")
    worker = Worker(environment=environment(tmp_path))
    worker.start()
    failed = heard(worker, Failed)
    assert failed.sentence == "The Python package torch is missing or damaged; install it and try again."
    assert "ModuleNotFoundError" in failed.details
    (tmp_path / "torch.py").unlink()
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    worker.stop()
    assert_works(worker, image)
    worker.stop()


def test_a_request_before_the_failure_of_its_model_hears_of_it_once(tmp_path: Path, image: sitk.Image) -> None:
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')\n")
    worker = Worker(environment=environment(tmp_path))
    worker.segment(image)
    assert "torch is missing" in heard(worker, Failed).sentence
    assert worker.state == "ready"
    time.sleep(0.3)
    assert worker.poll() == []
    worker.stop()


def test_a_shipped_model_that_was_altered_fails_its_hash(
    tmp_path: Path, image: sitk.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = shipped_file().parent
    shutil.copytree(root, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__"))
    name = models.choose("axial").path.name
    with (tmp_path / "copy" / "Resources" / "Models" / name).open("ab") as file:
        file.write(b"\0")
    monkeypatch.setattr(process, "_ROOT", tmp_path / "copy")
    worker = Worker()
    worker.warm("axial")
    sentence = f"The model file {name} is damaged or was altered; install LumbarSeg again."
    assert heard(worker, Failed) == Failed(sentence, "")
    worker.segment(image)
    assert heard(worker, Failed) == Failed(sentence, "")
    worker.stop()


def test_of_3d_slicer_the_python_behind_its_launcher_is_started(tmp_path: Path) -> None:
    for launcher, real in (("PythonSlicer", "python-real"), ("PythonSlicer.exe", "python-real.exe")):
        assert process.interpreter(str(tmp_path / launcher)) == str(tmp_path / launcher)
        (tmp_path / real).touch()
        assert process.interpreter(str(tmp_path / launcher)) == str(tmp_path / real)
    assert process.interpreter(sys.executable) == sys.executable
