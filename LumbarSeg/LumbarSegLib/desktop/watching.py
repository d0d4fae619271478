"""What the panel watches in the scene: its closing and opening, nodes that go, and what the slice views show."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import slicer
from slicer.util import VTKObservationMixin
from vtkmodules.util.misc import calldata_type
from vtkmodules.util.vtkConstants import VTK_OBJECT
from vtkmodules.vtkCommonCore import vtkCommand

if TYPE_CHECKING:
    from slicer import vtkMRMLScene


class Watching(VTKObservationMixin):  # type: ignore[misc]  # Slicer has no types
    """Calls `closes` before the scene closes, `opens` after it closed or one was read into it, `gone` with the id of
    a node before it is removed, `views` when a view may show another volume.
    """

    def __init__(
        self,
        scene: "vtkMRMLScene",
        closes: Callable[[], None],
        opens: Callable[[], None],
        gone: Callable[[str], None],
        views: Callable[[], None],
    ) -> None:
        VTKObservationMixin.__init__(self)
        self._closes, self._opens, self._gone, self._views = closes, opens, gone, views
        for event, slot in (
            (scene.StartCloseEvent, self._scene_closes),
            (scene.EndCloseEvent, self._scene_opens),
            (scene.EndImportEvent, self._scene_opens),
            (scene.NodeAboutToBeRemovedEvent, self._node_goes),
            (scene.NodeAddedEvent, self._node_comes),
        ):
            self.addObserver(scene, event, slot)
        views_there = scene.GetNodesByClass("vtkMRMLSliceCompositeNode")
        for place in range(views_there.GetNumberOfItems()):
            self._watch(views_there.GetItemAsObject(place))
        self._watch(slicer.app.applicationLogic().GetSelectionNode())

    def _watch(self, node: Any) -> None:
        self.addObserver(node, vtkCommand.ModifiedEvent, self._view_changes)

    def _view_changes(self, _node: Any, _event: str) -> None:
        self._views()

    def _scene_closes(self, _scene: Any, _event: str) -> None:
        self._closes()

    def _scene_opens(self, _scene: Any, _event: str) -> None:
        self._opens()

    @calldata_type(VTK_OBJECT)  # type: ignore[no-untyped-call, untyped-decorator]  # VTK has no types here
    def _node_goes(self, _scene: Any, _event: str, node: Any) -> None:
        self._gone(node.GetID())

    @calldata_type(VTK_OBJECT)  # type: ignore[no-untyped-call, untyped-decorator]  # nor here
    def _node_comes(self, _scene: Any, _event: str, node: Any) -> None:
        # Another layout brings other views.
        if node.IsA("vtkMRMLSliceCompositeNode"):
            self._watch(node)
