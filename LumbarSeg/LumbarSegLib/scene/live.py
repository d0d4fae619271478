"""Measures that follow a segmentation: after an edit, a dragged landmark or another cut-off they are refreshed on
request, and only what rests on the change is worked out again.

There is no timer and no thread here. The host asks `is_dirty` from its own timer and calls `refresh`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import SimpleITK as sitk

from LumbarSegLib.core import analysis
from LumbarSegLib.core.analysis import Measured
from LumbarSegLib.core.findings import Findings, Measurement, Point
from LumbarSegLib.core.labelmap import are_same
from LumbarSegLib.core.levels import Spine
from LumbarSegLib.core.regions import Result
from LumbarSegLib.core.thresholds import SHIPPED, Thresholds
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene import handwork, reading
from LumbarSegLib.scene.automatic import agreement_of, made_as, measured_as_made
from LumbarSegLib.scene.following import Followed
from LumbarSegLib.scene.segmentations import labels_from_segmentation, task_of

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkMRMLVolumeNode

_GONE = "The segmentation or its volume is no longer in the scene. Choose another one."


class LiveMeasures:
    """The measures of a segmentation beside its volume, kept for as long as both are in the scene.

    `agreement` is what `analysis.self_agreement` gave when the segmentation was made; None takes what `runs.put_result`
    kept of it. `sagittal` is a sagittal segmentation of the same patient that names the levels of an axial one; it is
    followed too. `levels` are names of levels with the number of their slice, counted from 1 below upward, as
    `analysis.measure` takes them.

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
        self._agreement = agreement
        self._levels = dict(levels or {})
        self._thresholds = thresholds
        self._made_as: tuple[str | None, str] = (None, "")
        self._overrides: dict[str, Point] = {}
        self._measured: Measured | None = None
        self._last: Result | None = None
        self._read: tuple[sitk.Image, Result] | None = None
        self._findings: Findings | None = None
        self._spine: Spine | None = None
        self._left_out: tuple[str, ...] = ()
        self._failure: InputError | None = None
        self._asked = False
        self._start_anew(segmentation)
        self._nodes: Followed | None = Followed(segmentation, volume, sagittal, gone=self.close)

    @property
    def segmentation(self) -> "vtkMRMLSegmentationNode | None":
        """None once it is closed."""
        return self._nodes and self._nodes.segmentation

    @property
    def volume(self) -> "vtkMRMLVolumeNode | None":
        """None once it is closed."""
        return self._nodes and self._nodes.volume

    @property
    def is_closed(self) -> bool:
        return self._nodes is None

    @property
    def is_dirty(self) -> bool:
        """Whether `refresh` has something to do; never once it is closed."""
        return self._nodes is not None and (self._asked or self._nodes.changed)

    @property
    def findings(self) -> Findings | None:
        """Those of the last `refresh` that succeeded; None before the first."""
        return self._findings

    @property
    def has_failed(self) -> bool:
        """Whether the last `refresh` could not measure what there was then, so that the findings are older."""
        return self._failure is not None

    @property
    def result(self) -> Result | None:
        """The Spine or the Regions that were last measured, on the grid of the volume."""
        return self._measured.result if self._measured else None

    @property
    def left_out(self) -> tuple[str, ...]:
        """Sentences for the user: what of the segmentation does not count, or counts otherwise than it may seem."""
        return self._left_out

    @property
    def edited(self) -> frozenset[str]:
        """What is no longer as the model left it: structures ("L4"), of an axial image regions ("slice 4.ts")."""
        return self._measured.edited if self._measured else frozenset()

    @property
    def thresholds(self) -> Thresholds:
        """The cut-offs that values are set beside; set them to have others."""
        return self._thresholds

    @thresholds.setter
    def thresholds(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._asked = True

    @property
    def levels(self) -> Mapping[str, int]:
        """Names that the user gave to slices of an axial image; set them to have others."""
        return MappingProxyType(self._levels)

    @levels.setter
    def levels(self, levels: Mapping[str, int]) -> None:
        self._levels = dict(levels)
        self._asked = True

    @property
    def overrides(self) -> Mapping[str, Point]:
        """The landmarks that were set by hand, by name, in LPS (mm) as the findings have them."""
        return MappingProxyType(self._overrides)

    def drag(self, landmark: str, place: Point) -> None:
        """Set a landmark of the findings by hand; `place` in LPS (mm), as the findings have them.

        Raises InputError where the findings have no such landmark.
        """
        if self._findings is None or landmark not in self._findings.landmarks:
            raise InputError(f"{landmark} is no landmark of these measures.")
        self._overrides[landmark] = place
        self._asked = True

    def snap_back(self, which: str | None = None) -> None:
        """Let a landmark, those of a level ("L3", "slice 4") or all of them lie where they are found by themselves."""
        kept = {
            name: place for name, place in self._overrides.items() if which not in (None, name, name.partition(".")[0])
        }
        if kept != self._overrides:
            self._overrides = kept
            self._asked = True

    def refresh(self) -> Findings:
        """Measure again what has changed and return all findings; quick where nothing has.

        Raises InputError, with one sentence for the user, where it cannot be measured as it is: a volume under a
        transform that is not linear, a segmentation that lies elsewhere or is empty, a node that is gone. The findings
        then stay as they were, and it stays clean until something changes again.
        """
        if self._nodes is None:
            raise InputError(_GONE)
        if self.is_dirty:
            self._failure = None
            try:
                self._findings = self._measure(self._nodes)
            except InputError as error:
                self._failure = _in_a_sentence(error, self._nodes.segmentation)
        if self._failure is not None:
            raise self._failure
        assert self._findings is not None
        return self._findings

    def confirm(self, measure: str, level: str) -> None:
        """Mark a value as confirmed by the user: its status is "confirmed" until what it was read from changes.

        Raises InputError where there is no such measure or it has no value.
        """
        segmentation, one = self._of(measure, level)
        if one.value is None:
            raise InputError(f"There is no value to confirm: {one.reason}")
        handwork.confirm(segmentation, one)
        self._set_statuses(segmentation)

    def withdraw(self, measure: str, level: str) -> None:
        """Take a confirmation back; does nothing where there is none. Raises InputError as `confirm` does."""
        segmentation, one = self._of(measure, level)
        handwork.withdraw(segmentation, one)
        self._set_statuses(segmentation)

    def close(self) -> None:
        """Remove every observer; may be called twice."""
        if self._nodes is not None:
            self._nodes.close()
        self._nodes = self._measured = self._last = self._read = self._spine = None

    def _measure(self, nodes: Followed) -> Findings:
        segmentation, volume = nodes.segmentation, nodes.volume
        self._asked = False
        if nodes.sagittal_changed:
            self._spine = None
        if nodes.changed or self._read is None:
            nodes.take()
            self._read = None
            self._left_out = reading.left_out_of(segmentation)
            if self._made_as != made_as(segmentation):
                self._start_anew(segmentation)
            self._read = self._reading(segmentation, volume)
        image, found = self._read
        if nodes.sagittal is not None and self._spine is None:
            self._spine = reading.spine_beside(nodes.sagittal, volume)
        measured = analysis.measure(
            found,
            image,
            handwork.at_levels_of(found, self._overrides),
            self._measured or measured_as_made(segmentation, image, found.labels),
            self._agreement if self._agreement is not None else agreement_of(segmentation),
            sagittal=self._spine,
            levels=self._levels or None,
            thresholds=self._thresholds,
        )
        self._measured = measured
        handwork.keep_landmarks(segmentation, self._overrides)
        return handwork.with_confirmed(segmentation, measured.findings)

    def _reading(
        self, segmentation: "vtkMRMLSegmentationNode", volume: "vtkMRMLVolumeNode"
    ) -> tuple[sitk.Image, Result]:
        """The image and what is segmented in it; the last result itself where it still holds just that."""
        image = reading.image_to_measure(volume, task_of(segmentation))
        labels, last = labels_from_segmentation(segmentation, volume), self._last
        if last is None or not are_same(last.labels, labels):
            self._last = last = reading.result_of(segmentation, labels)
        return image, last

    def _start_anew(self, segmentation: "vtkMRMLSegmentationNode") -> None:
        """Forget the measures of what the segmentation held before, and take over what was set by hand in it."""
        self._made_as = made_as(segmentation)
        self._overrides = handwork.landmarks_of(segmentation)
        self._measured = self._last = self._findings = None

    def _of(self, measure: str, level: str) -> "tuple[vtkMRMLSegmentationNode, Measurement]":
        if self._nodes is None or self._measured is None:
            raise InputError(_GONE)
        try:
            return self._nodes.segmentation, self._measured.findings.of(measure, level)
        except KeyError as error:
            raise InputError(f"There is no measure {measure} at {level}.") from error

    def _set_statuses(self, segmentation: "vtkMRMLSegmentationNode") -> None:
        assert self._measured is not None
        self._findings = handwork.with_confirmed(segmentation, self._measured.findings)


def _in_a_sentence(error: InputError, segmentation: "vtkMRMLSegmentationNode") -> InputError:
    """An error of `core`, which leaves it to its caller to name what it speaks of."""
    told = str(error)
    return InputError(f"{segmentation.GetName()}: {told}") if told[0].islower() else error
