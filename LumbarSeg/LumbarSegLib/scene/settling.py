"""When an edit is measured: once it has been quiet for a moment, and not much later while it goes on."""

import time
from typing import TYPE_CHECKING

from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.segmentations import segments_of

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode

    from LumbarSegLib.scene.live import LiveMeasures

_QUIET_S = 0.06
_LATEST_S = 0.35
_VOXELS = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()


class Settling:
    """Watches edits of a segmentation between the ticks of a host's timer."""

    def __init__(self) -> None:
        self._since = self._changed_at = 0.0
        self._stamp: tuple[int, ...] = ()

    def is_due(self, live: "LiveMeasures") -> bool:
        """Whether measures that are dirty are to be refreshed now: the first at once, those after an edit when it has
        been quiet for a moment.
        """
        if not live.is_dirty or live.segmentation is None:
            self._since = 0.0
            return False
        now, stamp = time.monotonic(), _edits_of(live.segmentation)
        self._since = self._since or now
        if stamp != self._stamp:
            self._stamp, self._changed_at = stamp, now
        quiet, late = now - self._changed_at >= _QUIET_S, now - self._since >= _LATEST_S
        if quiet or late or live.findings is None:
            self._since = 0.0
            return True
        return False


def _edits_of(segmentation: "vtkMRMLSegmentationNode") -> tuple[int, ...]:
    """Changes with each stroke in a segment and with each segment that comes or goes."""
    voxels = [one.GetRepresentation(_VOXELS) for one in segments_of(segmentation).values()]
    return tuple(one.GetMTime() if one is not None else 0 for one in voxels)
