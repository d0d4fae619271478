"""The automatic result, kept inside the segmentation node beside what is made of it by hand, and the way back to it.

It is an attribute of the node, so a copy of the node and a scene file keep it; a `.seg.nrrd` does not.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from LumbarSegLib.core.regions import Result

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode


def keep_automatic(segmentation: "vtkMRMLSegmentationNode", result: Result) -> None:
    """Keep a result, whose segments the node holds, as the automatic one."""
    raise NotImplementedError


def automatic_of(segmentation: "vtkMRMLSegmentationNode") -> Result | None:
    """The automatic result as it was kept; None where there is none."""
    raise NotImplementedError


def back_to_automatic(segmentation: "vtkMRMLSegmentationNode", segment_ids: Iterable[str] | None = None) -> None:
    """Bring the segments with these ids back to the automatic result, or all structures where None is given.

    With None, structures that were deleted come back too; segments of the user's own stay. Raises InputError where no
    automatic result is kept, and for a segment that was no part of it.
    """
    raise NotImplementedError
