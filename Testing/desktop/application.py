"""The running 3D Slicer that the panel finds around it: one scene with its logics, views and file readers, and the
parts of `slicer.app` and `slicer.modules` that the panel uses. The scene is real; the rest is stood in for.
"""

import sys
import types
from pathlib import Path
from typing import Any

import slicer
import slicer.util
import vtk
from PySide6 import QtCore, QtWidgets

from Testing.desktop import pythonqt, scripted_module, segment_editor, stand_ins

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "LumbarSeg" / "LumbarSeg.py"
_LOGICS = {
    "Colors": "vtkMRMLColorLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Terminologies": "vtkSlicerTerminologiesModuleLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "Units": "vtkSlicerUnitsLogic",
}
_VIEWS = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}


class ModuleManager(QtCore.QObject):
    moduleAboutToBeUnloaded = QtCore.Signal(str)
    cpp_signals = {"moduleAboutToBeUnloaded": "moduleAboutToBeUnloaded(QString)"}


class Application(QtCore.QObject):
    """`slicer.app`: what is not here the panel must not use."""

    startupCompleted = QtCore.Signal()
    cpp_signals = {"startupCompleted": "startupCompleted()"}
    _stand_in = True

    def __init__(self, logic: Any, readers: "Readers") -> None:
        super().__init__()
        self._logic, self._readers, self._manager = logic, readers, ModuleManager()
        self._layout = types.SimpleNamespace(mrmlSliceLogics=vtk.vtkCollection, sliceViewNames=lambda: tuple(_VIEWS))
        self._testing = True
        self.setProperty("temporaryPath", str(Path("/tmp")))

    def applicationLogic(self) -> Any:
        return self._logic

    def moduleManager(self) -> ModuleManager:
        return self._manager

    def ioManager(self) -> "Readers":
        return self._readers

    coreIOManager = ioManager

    def layoutManager(self) -> Any:
        return self._layout

    def testingEnabled(self) -> bool:
        return self._testing

    def processEvents(self, *_: Any) -> None:
        QtWidgets.QApplication.processEvents()

    def clipboard(self) -> Any:
        return QtWidgets.QApplication.clipboard()

    def setOverrideCursor(self, cursor: Any) -> None:
        QtWidgets.QApplication.setOverrideCursor(cursor)

    def restoreOverrideCursor(self) -> None:
        QtWidgets.QApplication.restoreOverrideCursor()


class Readers:
    """Reads volumes and shows them, as Slicer does."""

    def __init__(self, scene: Any, logic: Any, volumes: Any) -> None:
        self._scene, self._logic, self._volumes = scene, logic, volumes

    def fileType(self, path: str) -> str:
        return "VolumeFile"

    def loadNodes(self, kind: str, properties: Any, found: Any = None, messages: Any = None) -> bool:
        path = Path(properties["fileName"])
        node = self._volumes.AddArchetypeVolume(str(path), properties.get("name") or path.name.split(".")[0], 0)
        if node is None:
            return False
        if found is not None:
            found.AddItem(node)
        if properties.get("show", True):
            self._logic.GetSelectionNode().SetActiveVolumeID(node.GetID())
            self._logic.PropagateVolumeSelection(0)
            # Without slice views nothing follows the selection.
            slicer.util.setSliceViewerLayers(background=node)
        return True


class ScriptedModuleWidget(stand_ins.qMRMLWidget):
    """The widget around a scripted module's own: it makes it, tells it of entering and leaving, and makes it anew."""

    def __init__(self) -> None:
        super().__init__()
        QtWidgets.QVBoxLayout(self)
        self.layout().setContentsMargins(6, 6, 6, 6)
        self.setMRMLScene(slicer.mrmlScene)
        self._entered = False

    def make(self) -> Any:
        slicer.modules.LumbarSegWidget = sys.modules["LumbarSeg"].LumbarSegWidget(self)
        slicer.modules.LumbarSegWidget.setup()
        return slicer.modules.LumbarSegWidget

    def reload(self) -> None:
        self.make()

    def isEntered(self) -> bool:
        return self._entered

    def enter(self) -> None:
        self._entered = True
        slicer.modules.LumbarSegWidget.enter()

    def leave(self) -> None:
        self._entered = False
        slicer.modules.LumbarSegWidget.exit()


_kept: list[Any] = []


def start() -> Any:
    """Start it, once a process, and return the scene."""
    if _kept:
        return slicer.mrmlScene
    qt = pythonqt.install()
    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    application.setStyle("Fusion")
    scene = slicer.mrmlScene = slicer.vtkMRMLScene()
    logic = slicer.vtkSlicerApplicationLogic()
    logic.SetMRMLScene(scene)
    logic.GetColorLogic().SetMRMLScene(scene)
    logic.GetColorLogic().AddDefaultColorNodes()
    logic.SetSliceLogics(vtk.vtkCollection())
    logic.SetViewLogics(vtk.vtkCollection())
    slicer.modules = types.SimpleNamespace()
    logics = {name: _started(name, getattr(slicer, cls)(), scene, logic) for name, cls in _LOGICS.items()}
    slicer.app = Application(logic, Readers(scene, logic, logics["Volumes"]))
    qt.QUiLoader = pythonqt.Loader
    assert segment_editor.qMRMLSegmentEditorWidget in stand_ins.WIDGETS
    pythonqt.Loader.known = tuple(stand_ins.WIDGETS)
    slicer.util.mainWindow = lambda: None
    stand_ins.add_to_slicer()
    scripted_module.install()
    ctk = types.ModuleType("ctk")
    ctk.__dict__.update({cls.__name__: cls for cls in stand_ins.WIDGETS if cls.__name__.startswith("ctk")})
    sys.modules["ctk"] = ctk
    _kept.extend([application, scene, logic, logics])
    return scene


def _started(name: str, logic: Any, scene: Any, application: Any) -> Any:
    if name != "Terminologies":  # with a scene it looks for Slicer's own terms, which are not here
        logic.SetMRMLScene(scene)
    logic.SetMRMLApplicationLogic(application)
    application.SetModuleLogic(name, logic)
    setattr(slicer.modules, name.lower(), types.SimpleNamespace(logic=lambda: logic, name=name))
    return logic


def add_views(scene: Any) -> None:
    """The slice views of the usual layout, each with what it shows; they outlive the closing of a scene."""
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    for name, orientation in _VIEWS.items():
        node = scene.CreateNodeByClass("vtkMRMLSliceNode")  # with the orientations that the scene knows
        node.UnRegister(None)
        node.SetLayoutName(name)
        node.SetSingletonTag(name)
        node.SetName(name)
        node = scene.AddNode(node)
        node.SetOrientation(orientation)
        shown = slicer.vtkMRMLSliceCompositeNode()
        shown.SetLayoutName(name)
        shown.SetSingletonTag(name)
        shown.SetName(name)
        scene.AddNode(shown)
    layout = slicer.vtkMRMLLayoutNode()
    layout.SetSingletonTag("Layout")
    scene.AddNode(layout)
