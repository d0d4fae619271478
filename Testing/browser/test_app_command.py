"""The command: what it prints, what it refuses in one line, and that nothing is left when it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from LumbarSegLib.cli import app, run
from Testing.workers import children_of, gone

LUMBARSEG = str(Path(sys.executable).with_name("lumbarseg"))


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    command = subprocess.Popen(
        [LUMBARSEG, "app", "--no-browser", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    try:
        yield command
    finally:
        command.terminate()
        command.communicate()


def printed(command: subprocess.Popen[str], pattern: str) -> str:
    """The first line that matches; the command must not end before."""
    assert command.stdout
    for line in command.stdout:
        if found := re.search(pattern, line):
            return found[0]
    raise AssertionError(command.communicate()[1])


def test_it_prints_its_address_says_what_it_is_for_and_ends_when_told(tmp_path: Path) -> None:
    with running("--sample", "lumbar-t2", TMPDIR=str(tmp_path)) as command:
        assert printed(command, r"http://\S+").startswith("http://127.0.0.1:")
        assert "not for diagnosis" in printed(command, r".*Ctrl\+C.*")
        assert [path.stat().st_mode & 0o777 for path in tmp_path.glob("lumbarseg-*")] == [0o700]

        command.send_signal(signal.SIGTERM)

        assert command.wait(20) == 0
        assert not list(tmp_path.iterdir())


def test_a_command_that_is_killed_leaves_no_session_behind(tmp_path: Path) -> None:
    with running("--sample", "lumbar-t2", TMPDIR=str(tmp_path)) as command:
        assert printed(command, r"http://\S+")
        started = children_of(command.pid)
        assert list(tmp_path.glob("lumbarseg-*/*"))

        command.kill()

        assert gone(*started)
        assert not list(tmp_path.glob("lumbarseg-*/*"))


def test_for_other_machines_it_makes_a_token_and_says_that_nothing_is_encrypted() -> None:
    with running("--host", "0.0.0.0") as command:
        assert printed(command, "not encrypted")
        token = printed(command, r"token=\S+").removeprefix("token=")
        assert len(token) >= 32


def test_without_opengl_it_names_the_packages_and_leaves_nothing(tmp_path: Path) -> None:
    """Mesa is told to look for its drivers in an empty folder, as on a machine without them."""
    nowhere = {"LIBGL_DRIVERS_PATH": str(tmp_path), "__EGL_VENDOR_LIBRARY_DIRS": str(tmp_path), "DISPLAY": ""}
    with running(TMPDIR=str(tmp_path), **nowhere) as command:
        _, complaint = command.communicate(timeout=60)
    assert command.returncode == 1
    assert complaint.startswith("lumbarseg: this machine has no OpenGL to draw with; install it")
    assert "libegl1" in complaint
    assert "libgl1-mesa-dri" in complaint
    assert len(complaint.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_port_that_is_taken_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["app", "--no-browser", "--port", str(port)]) == 1
    assert capfd.readouterr().err == (
        f"lumbarseg: port {port} is taken by another program; choose another --port, or 0 for any.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (["--sample", "knee"], 2, "there is no sample knee; choose one of: lumbar-t2, axial-t1."),
        (["nothing.nrrd"], 1, "nothing.nrrd: there is no such file or folder; check the path."),
        (["--sample", "lumbar-t2", "."], 2, "give an image, a folder or a sample, not two of them."),
        (["--token", "short"], 2, "a token has at least 16 letters, digits, - or _."),
        (["--token", "sixteen letters!"], 2, "a token has at least 16 letters, digits, - or _."),
        (["--url", "spine.example.org"], 2, "is no address without a path"),
        (["--url", "https://example.org/spine"], 2, "is no address without a path"),
        (["--url", "https://u:p@example.org"], 2, "is no address without a path"),
        (["--host", "no-such-host.invalid"], 1, "no-such-host.invalid is no address of this machine"),
        (["--sessions", "0"], 2, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_one_line(
    arguments: list[str], status: int, complaint: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["app", "--no-browser", *arguments]) == status
    said = capfd.readouterr().err
    assert complaint in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("text.nii", "this is not an image that can be read; give NRRD, NIfTI, MetaImage or DICOM."),
        ("text.mrb", "the scene is damaged or incomplete; save it again."),
    ],
)
def test_a_file_that_is_no_image_starts_nothing(name: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("hello")
    with running(str(tmp_path / name)) as command:
        assert command.communicate(timeout=60) == ("", f"lumbarseg: {name}: {complaint}\n")
    assert command.returncode == 1


def test_the_help_answers_at_once_and_names_the_limits() -> None:
    help_text = CliRunner().invoke(app, ["app", "--help"]).output
    assert "LUMBARSEG_TOKEN" in help_text
    done = subprocess.run(
        [sys.executable, "-X", "importtime", LUMBARSEG, "app", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "typer" in done.stderr
    assert "aiohttp" not in done.stderr
