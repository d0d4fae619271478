"""The stand-in for Slicer's Segment Editor widget."""

from typing import Any

from PySide6 import QtGui, QtWidgets
from PySide6.QtCore import Signal

from Testing.desktop.stand_ins import known, stored


@known
class qMRMLSegmentEditorWidget(QtWidgets.QWidget):
    """Shows the segments and keeps what it is told. Painting itself is tested on MRML."""

    currentSegmentIDChanged = Signal(str)
    cpp_signals = {"currentSegmentIDChanged": "currentSegmentIDChanged(QString)"}
    segmentationNodeSelectorVisible = stored(bool, True)
    sourceVolumeNodeSelectorVisible = stored(bool, True)
    switchToSegmentationsButtonVisible = stored(bool, True)
    show3DButtonVisible = stored(bool, True)
    maximumNumberOfUndoStates = stored(int, 10)
    readOnly = stored(bool, False)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._list = QtWidgets.QListWidget()
        self._list.setMaximumHeight(110)
        layout.addWidget(self._list)
        row = QtWidgets.QHBoxLayout()
        for name in ("Paint", "Draw", "Erase", "Scissors", "Islands", "Smoothing"):
            button = QtWidgets.QToolButton()
            button.setText(name)
            row.addWidget(button)
        row.addStretch(1)
        layout.addLayout(row)
        self._list.currentRowChanged.connect(lambda row: self.currentSegmentIDChanged.emit(self.currentSegmentID()))
        self._scene: Any = None
        self._node: Any = None
        self._segmentation: Any = None
        self._volume: Any = None
        self._effect = ""
        self._shortcuts = self._observing = False

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene

    def setMRMLSegmentEditorNode(self, node: Any) -> None:
        self._node = node

    def mrmlSegmentEditorNode(self) -> Any:
        return self._node

    def setSegmentationNode(self, node: Any) -> None:
        if node is not None and self._node is None:
            raise RuntimeError("the real widget does nothing without its parameter node")
        self._segmentation = node
        self.updateWidgetFromMRML()

    def segmentationNode(self) -> Any:
        return self._segmentation

    def setSourceVolumeNode(self, node: Any) -> None:
        self._volume = node

    def sourceVolumeNode(self) -> Any:
        return self._volume

    def updateWidgetFromMRML(self) -> None:
        row = self._list.property("currentRow")
        self._list.clear()
        if self._segmentation is not None:
            segments = self._segmentation.GetSegmentation()
            for place in range(segments.GetNumberOfSegments()):
                segment, swatch = segments.GetNthSegment(place), QtGui.QPixmap(12, 12)
                swatch.fill(QtGui.QColor.fromRgbF(*segment.GetColor()))
                self._list.addItem(QtWidgets.QListWidgetItem(QtGui.QIcon(swatch), segment.GetName()))
            self._list.setCurrentRow(max(row, 0))

    def currentSegmentID(self) -> str:
        row = self._list.property("currentRow")
        return (
            "" if row < 0 or self._segmentation is None else self._segmentation.GetSegmentation().GetNthSegmentID(row)
        )

    def setCurrentSegmentID(self, segment_id: str) -> None:
        self._list.setCurrentRow(self._segmentation.GetSegmentation().GetSegmentIndex(segment_id))

    def setActiveEffect(self, effect: None) -> None:
        self._effect = ""

    def setActiveEffectByName(self, name: str) -> None:
        self._effect = name

    def installKeyboardShortcuts(self, parent: Any = None) -> None:
        if self._shortcuts:
            raise RuntimeError("the shortcuts are installed already: each would then be ambiguous")
        self._shortcuts = True

    def uninstallKeyboardShortcuts(self) -> None:
        self._shortcuts = False

    def setupViewObservations(self) -> None:
        self._observing = True

    def removeViewObservations(self) -> None:
        self._observing = False

    def turnOffLightboxes(self) -> bool:
        return False

    def undo(self) -> None:
        raise NotImplementedError

    def rotateSliceViewsToSegmentation(self) -> None:
        self._rotated = True
