import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk
import slicer

from LumbarSegLib.core.worker.events import Answer
from LumbarSegLib.scene.vtk_errors import vtk_errors_raised
from Testing.desktop import application
from Testing.desktop.driving import Driven
from Testing.desktop.told_worker import ToldWorker, sagittal

# The panel's modules are imported inside Slicer only, so it runs before the tests are read.
application.add_views(application.start())


@pytest.fixture
def scene() -> Iterator[Any]:
    """The scene of the running application, empty but for its views; the test fails if VTK or MRML report an error."""
    scene = slicer.mrmlScene
    scene.Clear(0)
    for kind in ("vtkMRMLScriptedModuleNode", "vtkMRMLSegmentEditorNode"):
        kept = scene.GetSingletonNode("LumbarSeg", kind)
        if kept is not None:
            scene.RemoveNode(kept)
    with vtk_errors_raised():
        yield scene
        scene.Clear(0)


@pytest.fixture(autouse=True)
def settings(tmp_path: Path) -> None:
    """Settings of an application that was never started before."""
    from PySide6.QtCore import QCoreApplication, QSettings

    QCoreApplication.setOrganizationName("LumbarSeg")
    QCoreApplication.setApplicationName("Testing")
    QSettings.setDefaultFormat(QSettings.IniFormat)
    QSettings.setPath(QSettings.IniFormat, QSettings.UserScope, str(tmp_path / "settings"))


@pytest.fixture
def slots(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[BaseException]]:
    """What slots raised, which Qt only prints; the test fails on any that it does not take out of the list."""
    raised: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: raised.append(error))
    yield raised
    if raised:
        raise raised[0]


@pytest.fixture
def panel(scene: Any, slots: list[BaseException]) -> Iterator[Driven]:
    """The panel in the application, entered and shown, as a user finds it."""
    driven = Driven()
    yield driven
    driven.close()


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> ToldWorker:
    """The worker of the panels of this test, which says what it is told to."""
    import LumbarSegLib.desktop.panel

    told = ToldWorker()
    monkeypatch.setattr(LumbarSegLib.desktop.panel, "Worker", lambda python=None: told)
    return told


@pytest.fixture(scope="session")
def known() -> tuple[sitk.Image, Answer]:
    return sagittal()


@pytest.fixture
def loaded(worker: ToldWorker, panel: Driven, known: tuple[sitk.Image, Answer]) -> Driven:
    """The panel with an image of a known spine."""
    panel.load(known[0], "Ünïté L-spine")
    return panel


@pytest.fixture
def segmented(loaded: Driven, worker: ToldWorker, known: tuple[sitk.Image, Answer]) -> Driven:
    """The panel with a known spine segmented and measured."""
    loaded.click("segmentButton")
    worker.say(known[1])
    loaded.wait(lambda: loaded.panel.measuring.findings is not None)
    return loaded
