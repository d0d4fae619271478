"""How a segmentation is shown: surfaces in 3D with their smoothing, opacity, which structures are seen."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode


def show_surfaces(segmentation: "vtkMRMLSegmentationNode", shown: bool = True, smoothing: float = 0.5) -> None:
    """Make the surfaces of all segments, smoothed by 0 (not at all) to 1, and show them in 3D; or take them away."""
    raise NotImplementedError


def set_opacity(segmentation: "vtkMRMLSegmentationNode", opacity: float) -> None:
    """Opacity 0..1 of the segmentation in slice and 3D views; outlines in slices stay as they are."""
    raise NotImplementedError


def show_segments(segmentation: "vtkMRMLSegmentationNode", segment_ids: Iterable[str], shown: bool) -> None:
    """Show or hide segments in all views."""
    raise NotImplementedError


def segments_by_kind(segmentation: "vtkMRMLSegmentationNode") -> dict[str, list[str]]:
    """Ids of segments by their kind ("vertebra", "disc", "canal"; "ivd", "pe", "ts", "aap"), "" for those of the user's
    own, in their order.
    """
    raise NotImplementedError
