"""Items of the subject hierarchy. Slicer's Qt plugins make them by themselves; elsewhere they are made here."""

from typing import TYPE_CHECKING

from LumbarSegLib.scene.host import slicer

if TYPE_CHECKING:
    from slicer import vtkMRMLNode, vtkMRMLScene, vtkMRMLSubjectHierarchyNode

_CONTENTS = (
    "vtkMRMLMarkupsNode",
    "vtkMRMLPlotChartNode",
    "vtkMRMLPlotSeriesNode",
    "vtkMRMLTableNode",
    "vtkMRMLSegmentationNode",
    "vtkMRMLVolumeNode",
    "vtkMRMLGridTransformNode",
    "vtkMRMLStorageNode",
)
"""What is taken first may refer to what is taken later."""


def hierarchy_of(scene: "vtkMRMLScene") -> "vtkMRMLSubjectHierarchyNode":
    """The subject hierarchy of a scene."""
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def item_of(node: "vtkMRMLNode") -> int:
    """The item of a node that is in a scene."""
    hierarchy = hierarchy_of(node.GetScene())
    return int(hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(hierarchy.GetSceneItemID(), node))


def put_beside(node: "vtkMRMLNode", other: "vtkMRMLNode") -> None:
    """Give a node the parent that another one has."""
    hierarchy = hierarchy_of(node.GetScene())
    hierarchy.SetItemParent(item_of(node), hierarchy.GetItemParent(item_of(other)))


def put_into_folder(node: "vtkMRMLNode", name: str) -> None:
    """Put a node into the topmost folder of this name, which is made where there is none."""
    hierarchy = hierarchy_of(node.GetScene())
    top = hierarchy.GetSceneItemID()
    folder = hierarchy.GetItemChildWithName(top, name) or hierarchy.CreateFolderItem(top, name)
    hierarchy.SetItemParent(item_of(node), folder)


def remove(node: "vtkMRMLNode") -> None:
    """Take a node out of its scene, with its item and how it is displayed; does nothing where it is in none.

    Without Slicer's application an item would stay behind, and the hierarchy complain of it from then on.
    """
    scene = node.GetScene()
    if scene is None:
        return
    displayed = node.IsA("vtkMRMLDisplayableNode")
    displays = [node.GetNthDisplayNode(place) for place in range(node.GetNumberOfDisplayNodes())] if displayed else []
    hierarchy = hierarchy_of(scene)
    hierarchy.RemoveItem(item_of(node), False, False)
    scene.RemoveNode(node)
    for display in displays:
        if display is not None:
            scene.RemoveNode(display)


def remove_contents(scene: "vtkMRMLScene") -> None:
    """Take all images out of a scene, with what was made of them; views stay, and tools with what they keep there."""
    for kind in _CONTENTS:
        for place in reversed(range(scene.GetNumberOfNodesByClass(kind))):
            remove(scene.GetNthNodeByClass(place, kind))


def remove_folder(scene: "vtkMRMLScene", name: str) -> None:
    """Remove the topmost folder of this name if it is there and empty."""
    hierarchy = hierarchy_of(scene)
    folder = hierarchy.GetItemChildWithName(hierarchy.GetSceneItemID(), name)
    if folder and not hierarchy.GetNumberOfItemChildren(folder):
        hierarchy.RemoveItem(folder)
