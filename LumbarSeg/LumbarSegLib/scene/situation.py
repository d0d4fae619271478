"""What a host is in, gathered from its parts, and the part of measuring that all hosts have."""

from typing import TYPE_CHECKING, Protocol

from LumbarSegLib.core.findings import Findings, Measurement
from LumbarSegLib.core.worker.client import Worker
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.running import Running
from LumbarSegLib.scene.segmentations import task_of
from LumbarSegLib.scene.states import Situation

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkMRMLVolumeNode


class Following:
    """What follows the measures of one segmentation, or of none."""

    _live: LiveMeasures | None = None

    @property
    def live(self) -> LiveMeasures | None:
        return self._live

    @property
    def findings(self) -> Findings | None:
        return self._live.findings if self._live is not None else None

    @property
    def task(self) -> str:
        """The task of the segmentation, "" where there is none."""
        segmentation = self._live.segmentation if self._live is not None else None
        return task_of(segmentation) if segmentation is not None else ""

    @property
    def is_dragged(self) -> bool:
        """Whether a corner was dragged and not put back."""
        return self._live is not None and bool(self._live.overrides)


def confirmable(one: Measurement | None) -> str:
    """What can be done with a selected measurement: "value" (confirm it), "confirmed" (withdraw that) or ""."""
    if one is None or one.value is None:
        return ""
    return "confirmed" if one.status == "confirmed" else "value"


class _Choosing(Protocol):
    problem: str

    @property
    def volume(self) -> "vtkMRMLVolumeNode | None": ...

    @property
    def likely_task(self) -> str: ...


class _Correcting(Protocol):
    @property
    def segmentation(self) -> "vtkMRMLSegmentationNode | None": ...

    @property
    def has_automatic(self) -> bool: ...


class _Measuring(Protocol):
    @property
    def findings(self) -> Findings | None: ...

    @property
    def task(self) -> str: ...

    @property
    def has_area(self) -> bool: ...

    @property
    def has_landmarks(self) -> bool: ...

    @property
    def is_dragged(self) -> bool: ...

    @property
    def selected_kind(self) -> str: ...


def situation_of(
    worker: Worker,
    running: Running,
    choosing: _Choosing,
    correcting: _Correcting,
    measuring: _Measuring,
    missing: tuple[str, ...] = (),
) -> Situation:
    """All that the looks of a host depend on, as it is now; `missing` are packages to install."""
    volume, segmentation = choosing.volume, correcting.segmentation
    progress, last = running.progress, running.last
    return Situation(
        state=running.state,
        worker=worker.state,
        volume=volume.GetName() if volume is not None else "",
        problem=choosing.problem,
        likely_task=choosing.likely_task,
        missing=missing,
        step=progress.step,
        fraction=progress.fraction,
        seconds_left=progress.seconds_left,
        failure=running.failure,
        details=running.log,
        result=segmentation.GetName() if segmentation is not None else "",
        task=measuring.task,
        can_undo=last is not None and last.can_undo,
        can_redo=last is not None and last.can_redo,
        has_automatic=correcting.has_automatic,
        has_findings=measuring.findings is not None,
        has_area=measuring.has_area,
        has_landmarks=measuring.has_landmarks,
        is_dragged=measuring.is_dragged,
        selected=measuring.selected_kind,
    )
