"""How a segmentation is shown: surfaces in 3D with their smoothing, opacity, which structures are seen."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from LumbarSegLib.core.anatomy import structures_of
from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.segmentations import label_of, segments_of, task_of
from LumbarSegLib.scene.translation import tr as _

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode

_SURFACE = slicer.vtkSegmentationConverter.GetClosedSurfaceRepresentationName()
_SMOOTHING = slicer.vtkBinaryLabelmapToClosedSurfaceConversionRule.GetSmoothingFactorParameterName()


def show_surfaces(segmentation: "vtkMRMLSegmentationNode", shown: bool = True, smoothing: float = 0.5) -> None:
    """Make the surfaces of all segments, smoothed by 0 (not at all) to 1, and show them in 3D; or take them away.

    As long as they are there, each edit makes the surface of its segment anew.
    """
    segments, display = segmentation.GetSegmentation(), segmentation.GetDisplayNode()
    if shown:
        if segments.GetConversionParameter(_SMOOTHING) != str(smoothing):
            segments.RemoveRepresentation(_SURFACE)
            segments.SetConversionParameter(_SMOOTHING, str(smoothing))
        segmentation.CreateClosedSurfaceRepresentation()
        display.SetPreferredDisplayRepresentationName3D(_SURFACE)
    else:
        segments.RemoveRepresentation(_SURFACE)
    display.SetVisibility3D(shown)


def set_opacity(segmentation: "vtkMRMLSegmentationNode", opacity: float) -> None:
    """Opacity 0..1 of the segmentation in slice and 3D views; outlines in slices stay as they are."""
    display = segmentation.GetDisplayNode()
    display.SetOpacity2DFill(opacity)
    display.SetOpacity3D(opacity)


def show_segments(segmentation: "vtkMRMLSegmentationNode", segment_ids: Iterable[str], shown: bool) -> None:
    """Show or hide segments in all views."""
    display = segmentation.GetDisplayNode()
    was_modifying = display.StartModify()
    for segment_id in segment_ids:
        display.SetSegmentVisibility(segment_id, shown)
    display.EndModify(was_modifying)


def segments_by_kind(segmentation: "vtkMRMLSegmentationNode") -> dict[str, list[str]]:
    """Ids of segments by their kind ("vertebra", "disc", "canal"; "ivd", "pe", "ts", "aap"), "" for those of the user's
    own, in their order.
    """
    task = task_of(segmentation)
    kinds = {row.label: row.kind for row in structures_of(task)}
    found: dict[str, list[str]] = {}
    for segment_id, segment in segments_of(segmentation).items():
        label = label_of(segment, task)
        found.setdefault(kinds.get(label, "") if label is not None else "", []).append(segment_id)
    return found


def kind_names() -> dict[str, str]:
    """What the user reads for the kinds of `segments_by_kind`."""
    return {
        "vertebra": _("Vertebrae"),
        "disc": _("Discs"),
        "canal": _("Canal"),
        "ivd": "IVD",
        "pe": "PE",
        "ts": "TS",
        "aap": "AAP",
        "lateral_vertebra": _("Vertebral bodies"),
        "disc_space": _("Disc spaces"),
        "": _("Others"),
    }
