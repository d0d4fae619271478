"""The panel as a user drives it: entered, clicked, waited for, closed."""

import importlib.util
import sys
import time
from collections.abc import Callable
from typing import Any

import SimpleITK as sitk
import slicer
import slicer.util
from PySide6 import QtCore, QtTest, QtWidgets

from Testing.desktop import application


class Driven:
    """The module's widget in a window of its own. `ui` has the widgets by name, `panel` is the panel itself."""

    def __init__(self, enter: bool = True) -> None:
        _import_module()
        self.window = application.ScriptedModuleWidget()
        self._is_closed = False
        self.window.resize(460, 1180)
        self._widget = self.window.make()
        self.window.show()
        if enter:
            self.window.enter()
            self.wait(lambda: self.panel is not None)
            self.pause(0.2)

    @property
    def ui(self) -> Any:
        return slicer.modules.LumbarSegWidget.ui

    @property
    def panel(self) -> Any:
        return slicer.modules.LumbarSegWidget.panel

    def pause(self, seconds: float) -> None:
        """Let the application live for a while."""
        self.wait(lambda: False, seconds, must=False)

    def wait(self, until: Callable[[], bool], seconds: float = 30.0, *, must: bool = True) -> None:
        """Let the application live until something holds; fails if it does not in time."""
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                if must:
                    raise AssertionError(f"still {self.panel and self.panel.situation}")
                return
            QtWidgets.QApplication.processEvents(QtCore.QEventLoop.AllEvents, 10)
            time.sleep(0.005)

    def load(self, image: sitk.Image, name: str) -> Any:
        """Load an image as Slicer does, which shows it."""
        from LumbarSegLib.scene.volumes import volume_from_image

        volume = volume_from_image(slicer.mrmlScene, image, name)
        slicer.util.setSliceViewerLayers(background=volume)
        self.pause(0.1)
        return volume

    def click(self, name: str) -> None:
        """Press a button as the mouse does; one that cannot be pressed fails."""
        button = getattr(self.ui, name)
        assert button.visible and button.enabled, f"{name}: {button.toolTip}"
        QtTest.QTest.mouseClick(button, QtCore.Qt.LeftButton)

    def choose(self, name: str, data: str) -> None:
        """Choose an item of a combo box by its data."""
        box = getattr(self.ui, name)
        assert box.enabled, f"{name}: {box.toolTip}"
        place = box.findData(data)
        assert place >= 0, [box.itemText(at) for at in range(box.count)]
        box.currentIndex = place

    def close(self) -> None:
        """Unload the module, as Slicer does when it quits; may be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        slicer.app.moduleManager().moduleAboutToBeUnloaded.emit("LumbarSeg")
        self.window.close()
        self.window.deleteLater()
        # Outside of an event loop nothing is deleted later.
        QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)
        QtWidgets.QApplication.processEvents()


def _import_module() -> None:
    path = application.MODULE
    if "LumbarSeg" not in sys.modules:
        spec = importlib.util.spec_from_file_location("LumbarSeg", path)
        assert spec and spec.loader
        module = sys.modules["LumbarSeg"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    slicer.modules.lumbarseg = _Module(str(path))


class _Module:
    """`slicer.modules.lumbarseg`: where the module was found, and its widget."""

    def __init__(self, path: str) -> None:
        self.path = path

    def widgetRepresentation(self) -> Any:
        return slicer.modules.LumbarSegWidget.parent
