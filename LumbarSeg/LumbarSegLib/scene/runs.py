"""A result put into the scene as one step that can be undone: a new segmentation, or new content of an old one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from LumbarSegLib.core.regions import Result

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkMRMLVolumeNode


class Run:
    """What one run put into the scene."""

    @property
    def segmentation(self) -> "vtkMRMLSegmentationNode | None":
        """The node that holds the result; None where it was undone or has left the scene."""
        raise NotImplementedError

    @property
    def can_undo(self) -> bool:
        raise NotImplementedError

    @property
    def can_redo(self) -> bool:
        raise NotImplementedError

    def undo(self) -> None:
        """Bring back what was there before the run: the content that it replaced, or no segmentation.

        What was edited since is kept for `redo`. Does nothing where it cannot be undone.
        """
        raise NotImplementedError

    def redo(self) -> None:
        """Bring the result back, with what was edited since it was made."""
        raise NotImplementedError


def put_result(
    volume: "vtkMRMLVolumeNode",
    result: Result,
    provenance: Mapping[str, Any],
    replacing: "vtkMRMLSegmentationNode | None" = None,
) -> Run:
    """Put a result into the scene beside its volume and keep it as the automatic one.

    With `replacing` that node gets the new content and keeps its place, its id and how it is shown; without it a new
    node is made and what is there stays.
    """
    raise NotImplementedError
