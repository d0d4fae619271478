"""The result and its correction: how it is shown, the tools of the segment editor, the way back to what the model
found.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from LumbarSegLib.browser.session.tools import Tools
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.automatic import AUTOMATIC, back_to_automatic
from LumbarSegLib.scene.segmentations import segments_of, volume_of
from LumbarSegLib.scene.visibility import kind_names, segments_by_kind, set_opacity, show_segments, show_surfaces

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkMRMLVolumeNode
    from trame_server.state import State
    from trame_slicer.core import SlicerApp

_STEPS = 20  # that can be undone; each keeps the segments twice


class Correcting:
    """Works on one segmentation. `on_change` is called when another one is chosen."""

    def __init__(self, app: "SlicerApp", state: "State", on_change: Callable[[], None]) -> None:
        from undo_stack import UndoStack

        self._app, self._state, self._on_change = app, state, on_change
        self._steps = UndoStack(undo_limit=_STEPS)
        self._editor = app.segmentation_editor
        self._editor.set_undo_stack(self._steps)
        self._results: dict[str, vtkMRMLSegmentationNode] = {}
        self.tools = Tools(app, state)
        state.update(
            {
                "results": [],
                "result": "",
                "segments": [],
                "segment": "",
                "kinds": [],
                "opacity": 0.25,
                "show_3d": False,
                "smoothing": 0.5,
                "can_undo": False,
                "can_redo": False,
            }
        )
        state.change("opacity", "show_3d", "smoothing")(lambda **_: self.show_display())
        state.change("result")(lambda **_: self._result_chosen())
        for signal in self._steps.signals():
            signal.connect(self._show_steps)
        self._editor.segmentation_modified.connect(self._show_segments)

    @property
    def segmentation(self) -> "vtkMRMLSegmentationNode | None":
        there = self._results.get(self._state.result)
        return there if there is not None and there.GetScene() is not None else None

    @property
    def has_automatic(self) -> bool:
        segmentation = self.segmentation
        return segmentation is not None and bool(segmentation.GetAttribute(AUTOMATIC))

    def choose(self, segmentation: "vtkMRMLSegmentationNode | None") -> None:
        """Work on a segmentation, or on none; the others stay in the scene."""
        if segmentation is not None:
            self._results[segmentation.GetID()] = segmentation
        self._results = {key: one for key, one in self._results.items() if one.GetScene() is not None}
        self._state.results = [{"text": one.GetName(), "value": key} for key, one in self._results.items()]
        self._state.result = segmentation.GetID() if segmentation is not None else ""
        for key, one in self._results.items():
            one.GetDisplayNode().SetVisibility(key == self._state.result)
        self._edit(segmentation)
        self._on_change()

    def _result_chosen(self) -> None:
        if self.segmentation is not None and self.segmentation is not self._editor.active_segmentation_node:
            self.choose(self.segmentation)

    def result_of(self, volume: "vtkMRMLVolumeNode") -> "vtkMRMLSegmentationNode | None":
        """The result that was made last from an image, None where there is none."""
        of_it = [one for one in self._results.values() if one.GetScene() is not None and volume_of(one) is volume]
        return of_it[-1] if of_it else None

    def leave(self) -> None:
        """Let go of all segmentations before they are taken out of the scene."""
        self.tools.use("")
        self.forget_steps()
        self._editor.clear()
        self._results.clear()
        self._state.update({"results": [], "result": "", "segments": [], "segment": "", "kinds": []})
        self._state.show_3d = False

    def forget_steps(self) -> None:
        """What was done so far can no longer be undone."""
        self._steps.clear()

    def select(self, segment_id: str) -> None:
        """Correct this segment from now on."""
        self._editor.set_active_segment_id(segment_id)
        self._state.segment = self._editor.get_active_segment_id()

    def undo(self) -> None:
        """Take the last correction back."""
        if self._steps.can_undo():
            self._steps.undo()

    def redo(self) -> None:
        """Do the correction again that was taken back last."""
        if self._steps.can_redo():
            self._steps.redo()

    def revert(self, one: bool) -> None:
        """Bring the selected segment, or all, back to the automatic result, as a step that can be undone."""
        from trame_slicer.segmentation.segmentation_undo_command import SegmentationLabelMapUndoCommand

        segmentation, segment, edited = self.segmentation, self._state.segment, self._editor.active_segmentation
        if segmentation is None or edited is None or (one and not segment):
            return
        try:
            with SegmentationLabelMapUndoCommand.push_state_change(edited):
                back_to_automatic(segmentation, [segment] if one else None)
        except LumbarSegError as error:
            self._state.trouble = as_sentence(error)
        self._show_segments()

    def show_kind(self, kind: str, shown: bool) -> None:
        """Show or hide all structures of a kind."""
        segmentation = self.segmentation
        if segmentation is not None:
            show_segments(segmentation, segments_by_kind(segmentation).get(kind, []), shown)
            self._show_segments()

    def show_segment(self, segment_id: str, shown: bool) -> None:
        """Show or hide one segment."""
        segmentation = self.segmentation
        if segmentation is not None:
            show_segments(segmentation, [segment_id], shown)
            self._show_segments()

    def show_display(self) -> None:
        """Opacity and surfaces as the page's state has them."""
        segmentation = self.segmentation
        if segmentation is None:
            return
        set_opacity(segmentation, float(self._state.opacity))
        shown = bool(self._state.show_3d)
        if shown or segmentation.GetSegmentation().ContainsRepresentation("Closed surface"):
            show_surfaces(segmentation, shown, float(self._state.smoothing))
        segmentation.GetDisplayNode().SetOpacity3D(1.0)

    def _edit(self, segmentation: "vtkMRMLSegmentationNode | None") -> None:
        volume = volume_of(segmentation) if segmentation is not None else None
        self.tools.use("")
        self.forget_steps()
        if segmentation is not None and volume is not None:
            self._editor.set_active_segmentation(segmentation, volume)
            self.tools.fit(volume)
            self.show_display()
        self._show_segments()

    def _show_segments(self) -> None:
        """The list of segments as they are now; what has not changed is not sent again."""
        segmentation = self.segmentation
        rows, kinds = [], []
        if segmentation is not None and segmentation.GetDisplayNode() is not None:
            display = segmentation.GetDisplayNode()
            for key, one in segments_of(segmentation).items():
                color = "#" + "".join(f"{round(255 * channel):02x}" for channel in one.GetColor())
                rows.append(
                    {"id": key, "name": one.GetName(), "color": color, "shown": display.GetSegmentVisibility(key)}
                )
            shown = {row["id"] for row in rows if row["shown"]}
            names = kind_names()
            kinds = [
                {"kind": kind, "name": names.get(kind, kind.capitalize()), "shown": bool(shown.intersection(ids))}
                for kind, ids in segments_by_kind(segmentation).items()
            ]
        for name, value in (("segments", rows), ("kinds", kinds)):
            if self._state[name] != value:
                self._state[name] = value
        self._state.segment = self._editor.get_active_segment_id() if segmentation is not None else ""

    def _show_steps(self, *_changed: object) -> None:
        self._state.update({"can_undo": self._steps.can_undo(), "can_redo": self._steps.can_redo()})
