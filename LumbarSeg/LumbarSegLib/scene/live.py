"""Measures that follow a segmentation: after an edit, a dragged landmark or another cut-off they are refreshed on
request, and only what rests on the change is worked out again.

There is no timer and no thread here. The host asks `is_dirty` from its own timer and calls `refresh`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from LumbarSegLib.core.findings import Findings, Point
from LumbarSegLib.core.regions import Result
from LumbarSegLib.core.thresholds import SHIPPED, Thresholds

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkMRMLVolumeNode


class LiveMeasures:
    """The measures of a segmentation beside its volume, kept for as long as both are in the scene.

    `agreement` is what `analysis.self_agreement` gave when the segmentation was made, empty where it is not known.
    `sagittal` is a sagittal segmentation of the same patient that names the levels of an axial one; it is followed too.
    `levels` are names of levels with the number of their slice, counted from 1 below upward, as `analysis.measure`
    takes them.

    Landmarks that were set by hand and measures that were confirmed are kept in the segmentation node, so that a scene
    file keeps them. Close it when it is no longer shown; it closes itself when one of its nodes leaves the scene or the
    scene is closed.
    """

    def __init__(
        self,
        segmentation: "vtkMRMLSegmentationNode",
        volume: "vtkMRMLVolumeNode",
        *,
        agreement: Mapping[str, float] | None = None,
        sagittal: "vtkMRMLSegmentationNode | None" = None,
        levels: Mapping[str, int] | None = None,
        thresholds: Thresholds = SHIPPED,
    ) -> None:
        raise NotImplementedError

    @property
    def segmentation(self) -> "vtkMRMLSegmentationNode | None":
        """None once it is closed."""
        raise NotImplementedError

    @property
    def volume(self) -> "vtkMRMLVolumeNode | None":
        """None once it is closed."""
        raise NotImplementedError

    @property
    def is_closed(self) -> bool:
        raise NotImplementedError

    @property
    def is_dirty(self) -> bool:
        """Whether `refresh` has something to do; never once it is closed."""
        raise NotImplementedError

    @property
    def findings(self) -> Findings | None:
        """Those of the last `refresh` that succeeded; None before the first."""
        raise NotImplementedError

    @property
    def result(self) -> Result | None:
        """The Spine or the Regions that were last measured, on the grid of the volume."""
        raise NotImplementedError

    @property
    def left_out(self) -> tuple[str, ...]:
        """Sentences for the user: what of the segmentation does not count, or counts otherwise than it may seem."""
        raise NotImplementedError

    @property
    def edited(self) -> frozenset[str]:
        """What is no longer as the model left it: structures ("L4"), of an axial image regions ("slice 4.ts")."""
        raise NotImplementedError

    @property
    def thresholds(self) -> Thresholds:
        """The cut-offs that values are set beside; set them to have others."""
        raise NotImplementedError

    @thresholds.setter
    def thresholds(self, thresholds: Thresholds) -> None:
        raise NotImplementedError

    @property
    def levels(self) -> Mapping[str, int]:
        """Names that the user gave to slices of an axial image; set them to have others."""
        raise NotImplementedError

    @levels.setter
    def levels(self, levels: Mapping[str, int]) -> None:
        raise NotImplementedError

    @property
    def overrides(self) -> Mapping[str, Point]:
        """The landmarks that were set by hand, by name, in LPS (mm) as the findings have them."""
        raise NotImplementedError

    def drag(self, landmark: str, place: Point) -> None:
        """Set a landmark of the findings by hand; `place` in LPS (mm), as the findings have them.

        Raises InputError where the findings have no such landmark.
        """
        raise NotImplementedError

    def snap_back(self, level: str | None = None) -> None:
        """Let the landmarks of a level ("L3", "slice 4"), or all of them, lie where they are found by themselves."""
        raise NotImplementedError

    def refresh(self) -> Findings:
        """Measure again what has changed and return all findings; quick where nothing has.

        Raises InputError, with one sentence for the user, where it cannot be measured as it is: a volume under a
        transform that is not linear, a segmentation that lies elsewhere or is empty, a node that is gone. The findings
        then stay as they were, and it stays clean until something changes again.
        """
        raise NotImplementedError

    def confirm(self, measure: str, level: str) -> None:
        """Mark a value as confirmed by the user: its status is "confirmed" until what it was read from changes.

        Raises InputError where there is no such measure or it has no value.
        """
        raise NotImplementedError

    def withdraw(self, measure: str, level: str) -> None:
        """Take a confirmation back; does nothing where there is none."""
        raise NotImplementedError

    def close(self) -> None:
        """Remove every observer; may be called twice."""
        raise NotImplementedError
