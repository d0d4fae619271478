"""The measures of the chosen segmentation, which follow each edit and each dragged corner."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from LumbarSegLib.core.report.explained import explained
from LumbarSegLib.core.report.words import flag_texts
from LumbarSegLib.desktop import asking
from LumbarSegLib.desktop.levels_dialog import ask_levels
from LumbarSegLib.desktop.measure_table import MeasureTable
from LumbarSegLib.desktop.thresholds_dialog import ask_thresholds, kept_thresholds
from LumbarSegLib.desktop.widgets import Connections
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.landmarks import DraggableLandmarks, levels_of
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.segmentations import volume_of
from LumbarSegLib.scene.settling import Settling
from LumbarSegLib.scene.showing import hide_shown, show_measurement, slice_of
from LumbarSegLib.scene.situation import Following, confirmable
from LumbarSegLib.scene.tabulated import area_plot

if TYPE_CHECKING:
    from slicer import vtkMRMLScene, vtkMRMLSegmentationNode


class Measuring(Following):
    """Measures, shows and lets confirm. `on_change` is called when something that the panel shows changed.

    `problem` is why there are no measures, one sentence, "" where there are.
    """

    def __init__(self, ui: Any, scene: "vtkMRMLScene", connections: Connections, on_change: Callable[[], None]) -> None:
        self._ui, self._scene, self._on_change = ui, scene, on_change
        self._corners: DraggableLandmarks | None = None
        self._settling = Settling()
        self.problem = ""
        self._table = MeasureTable(ui, connections, self._selected)
        connections.add(ui.copyButton, "clicked(bool)", self._copy)
        connections.add(ui.confirmButton, "clicked(bool)", self._confirm)
        connections.add(ui.plotButton, "clicked(bool)", self._plot)
        connections.add(ui.thresholdsButton, "clicked(bool)", self._thresholds)
        connections.add(ui.levelsButton, "clicked(bool)", self._levels)
        connections.add(ui.landmarksBox, "toggled(bool)", self._show_corners)
        connections.add(ui.snapBackButton, "clicked(bool)", self._snap_back)
        connections.add(ui.sagittalSelector, "currentNodeChanged(vtkMRMLNode*)", self._sagittal_chosen)

    @property
    def has_area(self) -> bool:
        findings = self.findings
        areas = ("canal.area", "ts.area")
        return findings is not None and any(
            one.value is not None and one.measure in areas for one in findings.measurements
        )

    @property
    def has_landmarks(self) -> bool:
        one = self._table.selected
        return self._ui.landmarksBox.checked or (one is not None and bool(levels_of(one)))

    @property
    def selected_kind(self) -> str:
        """What can be done with the selected value, as `confirmable` says."""
        return confirmable(self._table.selected)

    def follow(self, segmentation: "vtkMRMLSegmentationNode | None") -> None:
        """Measure a segmentation from now on, or nothing."""
        self.let_go()
        volume = volume_of(segmentation) if segmentation is not None else None
        if segmentation is not None and volume is None:
            self.problem = _("The image of this segmentation is not in the scene, so it cannot be measured. Load it.")
        elif segmentation is not None:
            beside = self._ui.sagittalSelector.currentNode()
            self._live = LiveMeasures(
                segmentation,
                volume,
                sagittal=beside if beside is not segmentation else None,
                thresholds=kept_thresholds(),
            )
        self.show()

    def let_go(self) -> None:
        """Follow nothing any more and remove what is shown of it."""
        if self._corners is not None:
            self._corners.close()
        if self._live is not None:
            self._live.close()
            hide_shown(self._scene)
        self._live = self._corners = None
        self.problem = ""

    def tick(self) -> None:
        """Measure again what has changed: a dragged corner at once, an edit when it has been quiet for a moment."""
        live = self._live
        if live is None:
            return
        segmentation = live.segmentation
        if segmentation is None:
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

    def show(self) -> None:
        """Show what was found last; the views stay where they are."""
        self._table.show(self.findings)
        self._show_selected()
        self._on_change()

    def _selected(self) -> None:
        """Show where the selected value was read, and bring the views there."""
        self._show_selected()
        one, volume = self._table.selected, self._live.volume if self._live is not None else None
        place = slice_of(volume, one) if one is not None and volume is not None else None
        if place is not None:
            slicer.vtkMRMLSliceNode.JumpAllSlices(self._scene, *place, slicer.vtkMRMLSliceNode.CenteredJumpSlice)
        self._on_change()

    def _show_selected(self) -> None:
        one, live, findings = self._table.selected, self._live, self.findings
        self._ui.valueLabel.text = "\n".join(explained(one, findings)) if one is not None and findings else ""
        self._ui.notesLabel.text = self._notes()
        volume = live.volume if live is not None else None
        if one is None or volume is None:
            hide_shown(self._scene)
            return
        show_measurement(volume, one)
        if self._corners is not None:
            self._corners.show(levels_of(one))

    def _notes(self) -> str:
        if self.problem:
            return self.problem
        live, findings = self._live, self.findings
        if live is None or findings is None:
            return ""
        return "\n".join(dict.fromkeys([*live.left_out, *flag_texts(findings)]))

    def _copy(self, _checked: bool = False) -> None:
        slicer.app.clipboard().setText(self._table.as_text())

    def _confirm(self, _checked: bool = False) -> None:
        one, live = self._table.selected, self._live
        if one is not None and live is not None:
            change = live.withdraw if one.status == "confirmed" else live.confirm
            change(one.measure, one.level)
            self.refresh()

    def _plot(self, _checked: bool = False) -> None:
        live, findings = self._live, self.findings
        chart = area_plot(live.segmentation, findings) if live is not None and findings is not None else None
        if chart is not None:
            slicer.modules.plots.logic().ShowChartInLayout(chart)

    def _thresholds(self, _checked: bool = False) -> None:
        chosen = ask_thresholds(self._ui.thresholdsButton)
        if chosen is not None and self._live is not None:
            self._live.thresholds = chosen
            self.refresh()

    def _levels(self, _checked: bool = False) -> None:
        live, findings = self._live, self.findings
        if live is None or findings is None:
            return
        chosen = ask_levels(self._ui.levelsButton, live.levels, findings)
        if chosen is not None:
            before = live.levels
            live.levels = chosen
            self.refresh()
            if self.problem:
                asking.tell(self.problem)
                live.levels = before
                self.refresh()

    def _show_corners(self, shown: bool) -> None:
        one = self._table.selected
        if shown and self._live is not None:
            self._corners = DraggableLandmarks(self._live)
            self._corners.show(levels_of(one) if one is not None else ())
        elif self._corners is not None:
            self._corners.close()
            self._corners = None
        self._on_change()

    def _snap_back(self, _checked: bool = False) -> None:
        if self._live is not None:
            self._live.snap_back()
            self.refresh()

    def _sagittal_chosen(self, _segmentation: Any) -> None:
        live = self._live
        if live is not None and self.task == "axial":
            self.follow(live.segmentation)
