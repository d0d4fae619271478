"""What the user chose, kept in a node of the scene, so that a saved scene opens as it was left."""

from typing import TYPE_CHECKING, Any

import slicer

if TYPE_CHECKING:
    from slicer import vtkMRMLScene, vtkMRMLScriptedModuleNode, vtkMRMLSegmentEditorNode

MODULE = "LumbarSeg"


class Parameters:
    """The module's own node in the scene: it is found, or made when something is first kept in it.

    `values` are texts by name, `nodes` references by role.
    """

    def __init__(self, scene: "vtkMRMLScene") -> None:
        self._scene = scene

    def value(self, name: str, default: str = "") -> str:
        node = self._found()
        return (node.GetParameter(name) if node else "") or default

    def keep(self, name: str, value: str) -> None:
        if self.value(name) != value:
            self._node().SetParameter(name, value)

    def node(self, role: str) -> Any:
        """The node of a role, None where there is none."""
        node = self._found()
        return node.GetNodeReference(role) if node else None

    def keep_node(self, role: str, node: Any) -> None:
        if self.node(role) is not node:
            self._node().SetNodeReferenceID(role, node.GetID() if node is not None else None)

    def segment_editor_node(self) -> "vtkMRMLSegmentEditorNode":
        """The editor's own parameter node, apart from that of the Segment Editor module."""
        found = self._scene.GetSingletonNode(MODULE, "vtkMRMLSegmentEditorNode")
        if found is None:
            found = slicer.vtkMRMLSegmentEditorNode()
            found.SetSingletonTag(MODULE)
            found = self._scene.AddNode(found)
        return found

    def _found(self) -> "vtkMRMLScriptedModuleNode | None":
        return self._scene.GetSingletonNode(MODULE, "vtkMRMLScriptedModuleNode")

    def _node(self) -> "vtkMRMLScriptedModuleNode":
        found = self._found()
        if found is None:
            found = slicer.vtkMRMLScriptedModuleNode()
            found.SetSingletonTag(MODULE)
            found.SetModuleName(MODULE)
            found.SetName(MODULE)
            found.SetAttribute("ModuleName", MODULE)
            found = self._scene.AddNode(found)
        return found
