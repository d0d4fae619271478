"""Python packages that Slicer does not bring: named, asked for, installed, declined, failed."""

import importlib.metadata
import subprocess
import sys
import types
from typing import Any

import pytest
import slicer
from PySide6 import QtWidgets

from LumbarSegLib.desktop import installing
from Testing.desktop.driving import Driven
from Testing.desktop.told_worker import ToldWorker


class Machine:
    """A Slicer in which packages are missing, and what was asked of pip and of the PyTorch extension."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.missing = {"torch", "scikit-image"}
        self.installed: list[str] = []
        self.error: Exception | None = None
        version = importlib.metadata.version

        def found(name: str) -> str:
            if name in self.missing:
                raise importlib.metadata.PackageNotFoundError(name)
            return version(name)

        monkeypatch.setattr(importlib.metadata, "version", found)
        monkeypatch.setattr(slicer.app, "_testing", False)
        logic = types.SimpleNamespace(installTorch=self.torch)
        monkeypatch.setitem(
            sys.modules,
            "PyTorchUtils",
            types.SimpleNamespace(PyTorchUtilsLogic=lambda: logic),  # type: ignore[arg-type]
        )

    def torch(self, askConfirmation: bool, torchVersionRequirement: str) -> Any:
        assert not askConfirmation, "the user was asked already"
        self.pip("torch" + torchVersionRequirement)

    def pip(self, requirement: str, requester: str = "") -> None:
        if self.error:
            raise self.error
        self.installed.append(requirement)
        self.missing.discard(requirement.split(">", maxsplit=1)[0])


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    bare = Machine(monkeypatch)
    packaging = types.ModuleType("slicer.packaging")
    packaging.pip_install = bare.pip  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "slicer.packaging", packaging)
    monkeypatch.setattr(slicer, "packaging", packaging, raising=False)
    return bare


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Texts of the message boxes, each of which is answered with what `answers.append("=Install")` told before."""
    said: list[str] = []

    def answer(box: Any) -> int:
        wanted = [one[1:] for one in said if one.startswith("=")]
        said.append(f"{box.text}\n{box.detailedText}")
        for button in box.buttons():
            if button.text in wanted:
                button.click()
        return 0

    monkeypatch.setattr(QtWidgets.QMessageBox, "exec_", answer, raising=False)
    return said


def test_without_the_packages_the_panel_says_so_and_starts_no_worker(
    machine: Machine, worker: ToldWorker, loaded: Driven
) -> None:
    assert loaded.ui.statusLabel.text == (
        "Needs packages that are not installed: torch, scikit-image. You are asked first."
    )
    assert loaded.ui.segmentButton.enabled
    assert worker.warmed == []


def test_what_is_missing_is_named_with_its_size_and_installed_on_consent(
    machine: Machine, worker: ToldWorker, loaded: Driven, answers: list[str]
) -> None:
    answers.append("=Install")
    loaded.click("segmentButton")
    assert "torch: 200 MB to download" in answers[1]
    assert "scikit-image: 15 MB" in answers[1]
    assert machine.installed == ["torch>=2.1", "scikit-image>=0.22"]
    assert len(worker.asked) == 1


def test_declining_changes_nothing_and_can_be_thought_over(
    machine: Machine, worker: ToldWorker, loaded: Driven, answers: list[str]
) -> None:
    answers.append("=Not now")
    loaded.click("segmentButton")
    assert (machine.installed, worker.asked) == ([], [])
    answers[:] = ["=Install"]
    loaded.click("segmentButton")
    assert len(worker.asked) == 1


def test_a_failure_says_how_to_do_it_by_hand(
    machine: Machine, worker: ToldWorker, loaded: Driven, answers: list[str]
) -> None:
    machine.error = subprocess.CalledProcessError(1, "pip")
    answers.append("=Install")
    loaded.click("segmentButton")
    assert "could not be installed" in answers[2]
    assert 'PythonSlicer -m pip install "scikit-image>=0.22"' in answers[2]
    assert "HTTPS_PROXY" in answers[2]
    assert worker.asked == []


def test_without_the_extension_for_torch_the_user_is_sent_there(
    machine: Machine, worker: ToldWorker, loaded: Driven, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)  # type: ignore[arg-type]
    answers.append("=Install")
    loaded.click("segmentButton")
    assert "The extension PyTorch is not installed. Install it in the Extensions Manager" in answers[2]


def test_an_older_slicer_installs_with_its_own_pip(
    machine: Machine, loaded: Driven, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "slicer.packaging")
    monkeypatch.delattr(slicer, "packaging")
    monkeypatch.setattr(slicer.util, "pip_install", machine.pip)
    answers.append("=Install")
    loaded.click("segmentButton")
    assert machine.installed == ["torch>=2.1", "scikit-image>=0.22"]


def test_what_is_seen_only_after_a_restart_asks_for_one(
    machine: Machine, worker: ToldWorker, loaded: Driven, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Machine, "pip", lambda self, requirement, requester="": self.installed.append(requirement))
    answers.append("=Install")
    loaded.click("segmentButton")
    assert "Restart Slicer" in answers[-1]
    assert worker.asked == []


def test_in_slicers_own_tests_nobody_is_asked_and_nothing_is_installed(
    machine: Machine, worker: ToldWorker, loaded: Driven, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slicer.app, "_testing", True)
    loaded.click("segmentButton")
    assert (answers, machine.installed, worker.asked) == ([], [], [])


def test_every_package_is_one_that_is_tested_with() -> None:
    from packaging.requirements import Requirement

    for one in installing.PACKAGES:
        assert importlib.metadata.version(one.name) in Requirement(one.requirement).specifier
