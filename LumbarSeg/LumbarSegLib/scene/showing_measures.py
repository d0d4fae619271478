"""The part of measuring that all hosts have: what is followed, or opened from a file, and what of it is shown."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from LumbarSegLib.core.findings import Findings, Measurement, Point
from LumbarSegLib.core.report.words import flag_texts
from LumbarSegLib.core.thresholds import Thresholds
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.landmarks import DraggableLandmarks, levels_of
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.opened import OpenedFindings, open_findings
from LumbarSegLib.scene.segmentations import task_of, volume_of
from LumbarSegLib.scene.settling import Settling
from LumbarSegLib.scene.showing import hide_landmarks, hide_shown, show_landmarks, show_measurement, slice_of
from LumbarSegLib.scene.translation import tr as _

if TYPE_CHECKING:
    from slicer import vtkMRMLScene, vtkMRMLSegmentationNode, vtkMRMLVolumeNode


class Following(ABC):
    """Follows the measures of one segmentation, or of none, and shows in the scene what is selected of them; or shows
    those of a file in their place.

    `problem` is why there are no measures, one sentence, "" where there are. A host says what is selected and shows
    what was found; its timer calls `tick`. `on_change` is called when something that it shows changed.
    """

    def __init__(self, scene: "vtkMRMLScene", on_change: Callable[[], None]) -> None:
        self._scene, self._on_change = scene, on_change
        self._live: LiveMeasures | None = None
        self._opened: OpenedFindings | None = None
        self._corners: DraggableLandmarks | None = None
        self._settling = Settling()
        self.problem = ""

    @property
    @abstractmethod
    def selected(self) -> Measurement | None:
        """The measurement whose value is selected in the table."""

    @property
    @abstractmethod
    def wants_corners(self) -> bool:
        """Whether the corners of the selected level are to be seen."""

    @property
    @abstractmethod
    def thresholds(self) -> Thresholds:
        """The cut-offs that values are set beside."""

    @abstractmethod
    def show(self) -> None:
        """Show what was found last; the views stay where they are."""

    @abstractmethod
    def sagittal_beside(self, segmentation: "vtkMRMLSegmentationNode") -> "vtkMRMLSegmentationNode | None":
        """The sagittal segmentation that names the levels of this one, None where none was chosen."""

    @property
    def live(self) -> LiveMeasures | None:
        return self._live

    @property
    def opened(self) -> OpenedFindings | None:
        """What is shown from a file; None where the segmentation is followed."""
        return self._opened

    @property
    def findings(self) -> Findings | None:
        """What is shown."""
        shown = self._opened or self._live
        return shown.findings if shown is not None else None

    @property
    def volume(self) -> "vtkMRMLVolumeNode | None":
        """The volume that the findings are of."""
        shown = self._opened or self._live
        return shown.volume if shown is not None else None

    @property
    def task(self) -> str:
        """The task of the segmentation, "" where there is none."""
        segmentation = self._live.segmentation if self._live is not None else None
        return task_of(segmentation) if segmentation is not None else ""

    @property
    def is_dragged(self) -> bool:
        """Whether a corner was dragged and not put back."""
        return self._live is not None and bool(self._live.overrides)

    @property
    def has_landmarks(self) -> bool:
        one = self.selected
        return self.wants_corners or (one is not None and bool(levels_of(one)))

    @property
    def selected_kind(self) -> str:
        """What can be done with the selected value: "value" (confirm it), "confirmed" (withdraw that) or ""."""
        one = self.selected
        if one is None or one.value is None:
            return ""
        return "confirmed" if one.status == "confirmed" else "value"

    @property
    def notes(self) -> list[str]:
        """What is to be said of the measures as a whole, in sentences."""
        if self._opened is not None:
            return [*self._opened.lines, *flag_texts(self._opened.findings)]
        if self.problem:
            return [self.problem]
        live, findings = self._live, self.findings
        if live is None or findings is None:
            return []
        return list(dict.fromkeys([*live.left_out, *flag_texts(findings)]))

    def follow(self, segmentation: "vtkMRMLSegmentationNode | None") -> None:
        """Measure a segmentation from now on, or nothing."""
        self.let_go()
        volume = volume_of(segmentation) if segmentation is not None else None
        if segmentation is not None and volume is not None:
            beside = self.sagittal_beside(segmentation)
            self._live = LiveMeasures(
                segmentation,
                volume,
                sagittal=beside if beside is not segmentation else None,
                thresholds=self.thresholds,
            )
        elif segmentation is not None:
            self.problem = _("The image of this segmentation is not in the scene, so it cannot be measured. Load it.")
        self.show_corners(self.wants_corners)
        self.show()

    def follow_anew(self) -> None:
        """Another sagittal segmentation was chosen: an axial result takes the names of its levels from that one."""
        if self._live is not None and self.task == "axial":
            self.follow(self._live.segmentation)

    def let_go(self) -> None:
        """Follow nothing any more and remove what is shown of it."""
        self._forget_file()
        self.show_corners(False)
        if self._live is not None:
            self._live.close()
            hide_shown(self._scene)
        self._live = None
        self.problem = ""

    def open_file(self, path: Path, volume: "vtkMRMLVolumeNode | None", name: str = "", series: str = "") -> None:
        """Show the measures of a file on `volume`, in place of those of the result. Raises InputError, and changes
        nothing, where `opened.open_findings` does.
        """
        opened = open_findings(path, volume, name, series)
        self._forget_file()
        self._opened = opened
        self.show_corners(self.wants_corners)
        self.show()

    def close_file(self) -> None:
        """Show the measures of the result again."""
        self._forget_file()
        self.show_corners(self.wants_corners)
        self.show()

    def tick(self) -> None:
        """Measure again what has changed: a dragged corner at once, an edit when it has been quiet for a moment."""
        if self._opened is not None and self._opened.volume.GetScene() is None:
            self.close_file()
        live = self._live
        if live is None:
            return
        if live.segmentation is None:
            self.let_go()
            self.show()
        elif self._settling.is_due(live):
            self.refresh()

    def refresh(self) -> None:
        """Measure what has changed now."""
        if self._live is None:
            return
        try:
            self._live.refresh()
            self.problem = ""
        except LumbarSegError as error:
            self.problem = as_sentence(error)
        if self._corners is not None:
            self._corners.update()
        self.show()

    def name_slices(self, levels: Mapping[str, int]) -> str:
        """Say which slice shows each level. Where that cannot be, all stays as it is and the sentence that says why is
        returned, "" else.
        """
        live = self._live
        if live is None:
            return ""
        before, live.levels = dict(live.levels), levels
        self.refresh()
        problem = self.problem
        if problem:
            live.levels = before
            self.refresh()
        return problem

    def snap_back(self) -> None:
        """Put all dragged corners back where they are found by themselves."""
        if self._live is not None:
            self._live.snap_back()
            self.refresh()

    def show_corners(self, shown: bool) -> None:
        """Let the corners of the selected level be seen and dragged, or not."""
        if self._corners is not None:
            self._corners.close()
            self._corners = None
        if shown and self._live is not None and self._opened is None:
            self._corners = DraggableLandmarks(self._live)
        self._show_corners_of(self.selected)
        self._on_change()

    def _show_selected(self, is_section_shown: bool = False) -> None:
        """Show in the scene where the selected value was read; without one nothing, but for a section of the curve."""
        one, volume = self.selected, self.volume
        if volume is None or (one is None and not is_section_shown):
            hide_shown(self._scene)
        elif one is not None:
            show_measurement(volume, one)
        self._show_corners_of(one)

    def _show_corners_of(self, one: Measurement | None) -> None:
        levels = levels_of(one) if one is not None else ()
        if self._corners is not None:
            self._corners.show(levels)
        elif self._opened is not None:
            show_landmarks(self._opened.volume, self._opened.findings, levels if self.wants_corners else ())

    def _forget_file(self) -> None:
        if self._opened is not None:
            self._opened = None
            hide_landmarks(self._scene)
            hide_shown(self._scene)

    def _place_of_selected(self) -> Point | None:
        """Where the views are to go to show the selected value (RAS, mm)."""
        one, volume = self.selected, self.volume
        return slice_of(volume, one) if one is not None and volume is not None else None
