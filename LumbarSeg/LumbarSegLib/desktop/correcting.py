"""The result and its correction: how it is shown, Slicer's Segment Editor, the way back to what the model found."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import qt
import slicer
from slicer.i18n import tr as _

from LumbarSegLib.desktop import asking
from LumbarSegLib.desktop.parameters import Parameters
from LumbarSegLib.desktop.widgets import Connections
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.automatic import AUTOMATIC, back_to_automatic
from LumbarSegLib.scene.segmentations import volume_of
from LumbarSegLib.scene.visibility import kind_names, segments_by_kind, set_opacity, show_segments, show_surfaces

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode


class Correcting:
    """The part of the panel that works on one segmentation. `on_change` is called when another one is chosen."""

    def __init__(
        self, ui: Any, parameters: Parameters, connections: Connections, on_change: Callable[[], None]
    ) -> None:
        self._ui, self._parameters, self._on_change = ui, parameters, on_change
        self._boxes: dict[str, Any] = {}
        self._has_shortcuts = False
        editor = ui.segmentEditor
        editor.segmentationNodeSelectorVisible = False
        editor.sourceVolumeNodeSelectorVisible = False
        editor.switchToSegmentationsButtonVisible = False
        editor.show3DButtonVisible = False
        connections.add(ui.resultSelector, "currentNodeChanged(vtkMRMLNode*)", self._chosen)
        connections.add(ui.show3DBox, "toggled(bool)", self._surfaces)
        connections.add(ui.smoothingSlider, "valueChanged(double)", self._surfaces)
        connections.add(ui.opacitySlider, "valueChanged(double)", self._opacity)
        connections.add(ui.revertSegmentButton, "clicked(bool)", lambda _on=False: self._revert(one=True))
        connections.add(ui.revertAllButton, "clicked(bool)", lambda _on=False: self._revert(one=False))

    @property
    def segmentation(self) -> "vtkMRMLSegmentationNode | None":
        return self._ui.resultSelector.currentNode()

    @property
    def has_automatic(self) -> bool:
        segmentation = self.segmentation
        return segmentation is not None and bool(segmentation.GetAttribute(AUTOMATIC))

    def enter(self) -> None:
        """Give the editor its node and its keys, while the panel is seen."""
        editor = self._ui.segmentEditor
        # The editor writes what it chooses by itself into its node, so that comes before the scene.
        editor.setMRMLSegmentEditorNode(self._parameters.segment_editor_node())
        editor.setMRMLScene(slicer.mrmlScene)
        editor.turnOffLightboxes()
        if not self._has_shortcuts:
            editor.installKeyboardShortcuts(self._ui.LumbarSeg)
            self._has_shortcuts = True
        editor.setupViewObservations()
        self._edit(self.segmentation)

    def exit(self) -> None:
        """Take the editor's tool and keys away, so that other modules have theirs."""
        editor = self._ui.segmentEditor
        editor.setActiveEffect(None)
        editor.removeViewObservations()
        if self._has_shortcuts:
            editor.uninstallKeyboardShortcuts()
            self._has_shortcuts = False

    def leave_scene(self) -> None:
        """Let go of all nodes, before the scene closes or the panel goes."""
        editor = self._ui.segmentEditor
        editor.setActiveEffect(None)
        editor.setSegmentationNode(None)
        editor.removeViewObservations()
        editor.setMRMLSegmentEditorNode(None)
        self.show_kinds(None)

    def restore(self) -> None:
        """Choose the segmentation that the scene names."""
        there = self._parameters.node("Segmentation")
        if there is not None:
            self._ui.resultSelector.setCurrentNode(there)

    def choose(self, segmentation: "vtkMRMLSegmentationNode | None") -> None:
        """Work on a segmentation; on the same one again if its content was replaced."""
        if segmentation is self.segmentation:
            self._chosen(segmentation)
        else:
            self._ui.resultSelector.setCurrentNode(segmentation)

    def show_kinds(self, segmentation: "vtkMRMLSegmentationNode | None") -> None:
        """A box to show or hide each kind of structure that there is."""
        names = kind_names()
        kinds = list(segments_by_kind(segmentation)) if segmentation is not None else []
        if kinds == list(self._boxes):
            return
        for box in self._boxes.values():
            self._ui.kindsFrame.layout().removeWidget(box)
            box.deleteLater()
        self._boxes = {kind: qt.QCheckBox(names.get(kind, kind.capitalize()), self._ui.kindsFrame) for kind in kinds}
        for place, (kind, box) in enumerate(self._boxes.items()):
            box.checked = True
            box.toolTip = _("Show or hide these structures.")
            box.connect("toggled(bool)", lambda shown, kind=kind: self._show(kind, shown))
            self._ui.kindsFrame.layout().insertWidget(place, box)

    def _chosen(self, segmentation: Any) -> None:
        self._parameters.keep_node("Segmentation", segmentation)
        self._edit(segmentation)
        self.show_kinds(segmentation)
        if segmentation is not None and self._ui.show3DBox.checked:
            self._surfaces()
        self._on_change()

    def _edit(self, segmentation: Any) -> None:
        editor = self._ui.segmentEditor
        if editor.mrmlSegmentEditorNode() is None:
            return
        editor.setSegmentationNode(segmentation)
        if segmentation is not None:
            editor.setSourceVolumeNode(volume_of(segmentation))

    def _surfaces(self, *_changed: Any) -> None:
        segmentation, shown = self.segmentation, self._ui.show3DBox.checked
        if segmentation is not None and (
            shown or segmentation.GetSegmentation().ContainsRepresentation("Closed surface")
        ):
            show_surfaces(segmentation, shown, self._ui.smoothingSlider.value)

    def _opacity(self, opacity: float) -> None:
        segmentation = self.segmentation
        if segmentation is not None:
            set_opacity(segmentation, opacity)

    def _show(self, kind: str, shown: bool) -> None:
        segmentation = self.segmentation
        if segmentation is not None:
            show_segments(segmentation, segments_by_kind(segmentation).get(kind, []), shown)

    def _revert(self, one: bool) -> None:
        segmentation, segment = self.segmentation, self._ui.segmentEditor.currentSegmentID()
        if segmentation is None or (one and not segment):
            return
        try:
            back_to_automatic(segmentation, [segment] if one else None)
        except LumbarSegError as error:
            asking.tell(as_sentence(error))
        self.show_kinds(segmentation)
