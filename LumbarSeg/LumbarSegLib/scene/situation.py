"""What a host is in, gathered from its parts."""

from typing import TYPE_CHECKING, Protocol

from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.worker.client import Worker
from LumbarSegLib.scene.confirming import Confirming
from LumbarSegLib.scene.opened import OpenedFindings
from LumbarSegLib.scene.running import Running
from LumbarSegLib.scene.states import Situation

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkMRMLVolumeNode


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
    def opened(self) -> OpenedFindings | None: ...

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
    confirming: Confirming,
    missing: tuple[str, ...] = (),
) -> Situation:
    """All that the looks of a host depend on, as it is now; `missing` are packages to install."""
    volume, segmentation = choosing.volume, correcting.segmentation
    progress, last, confirmed = running.progress, running.last, confirming.standing.confirmed
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
        from_file=measuring.opened.name if measuring.opened is not None else "",
        person=confirming.person,
        organization=confirming.organization,
        confirmed_by=confirmed.words if confirmed else "",
        is_verified=bool(confirmed and confirmed.organization),
        is_edited_since=confirming.standing.is_edited_since,
        confirm_problem=confirming.problem,
    )
