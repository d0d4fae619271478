"""Stand-ins for the ctk and qMRML widgets that the panel's .ui file names, on the nodes of the real scene; that of the
Segment Editor is in `segment_editor`.

Each has the properties, signals and slots of the real one that are used, under its C++ names, and refuses all others.
"""

from typing import Any

import slicer
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Qt, Signal

WIDGETS: list[type] = []
_HEADER = 24


def known(cls: type) -> type:
    cls._stand_in = True  # type: ignore[attr-defined]
    WIDGETS.append(cls)
    return cls


def stored(kind: Any, default: Any) -> Any:
    """A property that only keeps what it is set to."""
    key = f"_stored_{id(object())}_{len(_keys)}"
    _keys.append(key)
    return Property(kind, lambda it: getattr(it, key, default), lambda it, value: setattr(it, key, value))


_keys: list[str] = []


def _is_hidden(widget: Any) -> bool:
    return bool(widget.testAttribute(Qt.WA_WState_Hidden) and widget.testAttribute(Qt.WA_WState_ExplicitShowHide))


@known
class qMRMLWidget(QtWidgets.QWidget):
    mrmlSceneChanged = Signal(object)
    cpp_signals = {"mrmlSceneChanged": "mrmlSceneChanged(vtkMRMLScene*)"}

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)

    def mrmlScene(self) -> Any:
        return self._scene


@known
class ctkCollapsibleButton(QtWidgets.QWidget):
    contentsCollapsed = Signal(bool)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._text, self._folded = "", False
        self._shown: list[Any] = []
        self.setContentsMargins(0, _HEADER, 0, 0)
        self.setFocusPolicy(Qt.TabFocus)

    def _fold(self, folded: bool) -> None:
        if folded == self._folded:
            return
        if folded:
            self._shown = [child for child in self.children() if child.isWidgetType() and not _is_hidden(child)]
        self._folded = folded
        for child in self._shown:
            child.setVisible(not folded)
        self.setMaximumHeight(_HEADER if folded else 16777215)
        self.contentsCollapsed.emit(folded)

    def childEvent(self, event: Any) -> None:
        if event.added():
            event.child().installEventFilter(self)

    def eventFilter(self, child: Any, event: Any) -> bool:
        """What is shown in a folded section is seen when it is opened, as in the real one."""
        if self._folded and event.type() == QtCore.QEvent.ShowToParent and child.isWidgetType():
            child.setVisible(False)
            if child not in self._shown:
                self._shown.append(child)
        return False

    def mousePressEvent(self, event: Any) -> None:
        if event.position().y() <= _HEADER:
            self._fold(not self._folded)

    def paintEvent(self, event: Any) -> None:
        painter, option = QtGui.QPainter(self), QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.rect = QtCore.QRect(0, 0, self.property("width"), _HEADER - 3)
        style = QtWidgets.QApplication.style()
        style.drawControl(QtWidgets.QStyle.CE_PushButtonBevel, option, painter, self)
        arrow = QtWidgets.QStyle.PE_IndicatorArrowRight if self._folded else QtWidgets.QStyle.PE_IndicatorArrowDown
        option.rect = QtCore.QRect(6, 5, 11, 11)
        style.drawPrimitive(arrow, option, painter, self)
        painter.setPen(self.property("palette").color(QtGui.QPalette.ButtonText))
        painter.drawText(24, 15, self._text)

    def _set_text(self, text: str) -> None:
        self._text = text
        self.update()

    text = Property(str, lambda it: it._text, _set_text)
    collapsed = Property(bool, lambda it: it._folded, _fold)


def _of_box(kind: Any, name: str) -> Any:
    return Property(kind, lambda it: it._box.property(name), lambda it, value: it._box.setProperty(name, value))


@known
class ctkSliderWidget(QtWidgets.QWidget):
    valueChanged = Signal(float)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._slider, self._box = QtWidgets.QSlider(Qt.Horizontal), QtWidgets.QDoubleSpinBox()
        self._slider.setRange(0, 1000)
        self._slider.setFocusPolicy(Qt.NoFocus)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._box)
        self._box.valueChanged.connect(self._moved)

    def _moved(self, value: float) -> None:
        low, high = self._box.property("minimum"), self._box.property("maximum")
        self._slider.setValue(round(1000 * (value - low) / ((high - low) or 1)))
        self.valueChanged.emit(value)

    def setValue(self, value: float) -> None:
        self._box.setValue(value)

    value = _of_box(float, "value")
    minimum = _of_box(float, "minimum")
    maximum = _of_box(float, "maximum")
    singleStep = _of_box(float, "singleStep")
    decimals = _of_box(int, "decimals")
    suffix = _of_box(str, "suffix")
    tracking = stored(bool, True)


@known
class qMRMLNodeComboBox(QtWidgets.QComboBox):
    """Lists the nodes of the scene by their classes, and follows it."""

    currentNodeChanged = Signal(object)
    currentNodeIDChanged = Signal(str)
    cpp_signals = {
        "currentNodeChanged": "currentNodeChanged(vtkMRMLNode*)",
        "currentNodeIDChanged": "currentNodeIDChanged(QString)",
    }
    nodeTypes = stored("QStringList", [])
    showChildNodeTypes = stored(bool, True)
    addEnabled = stored(bool, True)
    removeEnabled = stored(bool, True)
    renameEnabled = stored(bool, False)
    showHidden = stored(bool, False)
    selectNodeUponCreation = stored(bool, True)
    noneDisplay = stored(str, "None")
    noneEnabled = stored(bool, False)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._ids: list[str] = []
        self._tags: list[int] = []
        self.currentIndexChanged.connect(self._tell)
        self.destroyed.connect(self._leave)

    def setMRMLScene(self, scene: Any) -> None:
        self._leave()
        self._scene = scene
        events = ("NodeAddedEvent", "NodeRemovedEvent", "EndCloseEvent", "EndImportEvent")
        self._tags = (
            [scene.AddObserver(getattr(scene, one), lambda *_: self._list()) for one in events] if scene else []
        )
        self._list()

    def _leave(self) -> None:
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._tags = []

    def _nodes(self) -> list[Any]:
        scene = self._scene
        nodes = [] if scene is None else [scene.GetNthNode(place) for place in range(scene.GetNumberOfNodes())]
        return [one for one in nodes if self._fits(one) and (self.showHidden or not one.GetHideFromEditors())]

    def _fits(self, node: Any) -> bool:
        return any(
            node.GetClassName() == kind or (self.showChildNodeTypes and node.IsA(kind)) for kind in self.nodeTypes
        )

    def _list(self) -> None:
        before, nodes = self.currentNodeID, self._nodes()
        blocked = self.blockSignals(True)
        self.clear()
        self._ids = [""] * bool(self.noneEnabled) + [one.GetID() for one in nodes]
        self.addItems([self.noneDisplay] * bool(self.noneEnabled) + [one.GetName() for one in nodes])
        # The real one selects a node that is left when the selected one goes, and stays empty where it was.
        first = next((one for one in self._ids if one), "")
        now = before if before in self._ids else first
        self.setCurrentIndex(self._ids.index(now) if now in self._ids else -1)
        self.blockSignals(blocked)
        if now != before:
            self._tell()

    def _tell(self, *_: Any) -> None:
        self.currentNodeChanged.emit(self.currentNode())
        self.currentNodeIDChanged.emit(self.currentNodeID)

    def currentNode(self) -> Any:
        return self._scene.GetNodeByID(self.currentNodeID) if self._scene and self.currentNodeID else None

    def setCurrentNode(self, node: Any) -> None:
        self._select(node.GetID() if node is not None else "")

    def setCurrentNodeID(self, node_id: str) -> None:
        self._select(node_id)

    def nodeCount(self) -> int:
        return len([one for one in self._ids if one])

    def _selected(self) -> str:
        place = self.property("currentIndex")
        return self._ids[place] if 0 <= place < len(self._ids) else ""

    def _select(self, node_id: str) -> None:
        self.setCurrentIndex(self._ids.index(node_id) if node_id in self._ids else -1)

    currentNodeID = Property(str, _selected, _select)


def add_to_slicer() -> None:
    for cls in WIDGETS:
        if cls.__name__.startswith("q"):
            setattr(slicer, cls.__name__, cls)
