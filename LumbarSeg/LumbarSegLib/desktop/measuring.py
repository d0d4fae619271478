"""The measures of the chosen segmentation, which follow each edit and each dragged corner."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from LumbarSegLib.core.findings import Measurement
from LumbarSegLib.core.report.explained import explained
from LumbarSegLib.core.report.reading import SUFFIXES
from LumbarSegLib.core.thresholds import Thresholds
from LumbarSegLib.desktop import asking
from LumbarSegLib.desktop.dicom_files import series_of
from LumbarSegLib.desktop.levels_dialog import ask_levels
from LumbarSegLib.desktop.measure_table import MeasureTable
from LumbarSegLib.desktop.thresholds_dialog import ask_thresholds, kept_thresholds
from LumbarSegLib.desktop.widgets import Connections
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.showing_measures import Following
from LumbarSegLib.scene.tabulated import area_plot

if TYPE_CHECKING:
    from slicer import vtkMRMLScene, vtkMRMLSegmentationNode, vtkMRMLVolumeNode


class Measuring(Following):
    """Measures, shows and lets confirm in the panel; `chosen` tells the volume that is chosen there."""

    def __init__(
        self,
        ui: Any,
        scene: "vtkMRMLScene",
        connections: Connections,
        chosen: "Callable[[], vtkMRMLVolumeNode | None]",
        on_change: Callable[[], None],
    ) -> None:
        super().__init__(scene, on_change)
        self._ui, self._chosen = ui, chosen
        self._table = MeasureTable(ui, connections, self._selected)
        connections.add(ui.copyButton, "clicked(bool)", self._copy)
        connections.add(ui.confirmButton, "clicked(bool)", self._confirm)
        connections.add(ui.plotButton, "clicked(bool)", self._plot)
        connections.add(ui.thresholdsButton, "clicked(bool)", self._ask_thresholds)
        connections.add(ui.findingsButton, "clicked(bool)", self._open_or_close)
        connections.add(ui.levelsButton, "clicked(bool)", self._levels)
        connections.add(ui.landmarksBox, "toggled(bool)", self.show_corners)
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
    def selected(self) -> Measurement | None:
        return self._table.selected

    @property
    def wants_corners(self) -> bool:
        return bool(self._ui.landmarksBox.checked)

    @property
    def thresholds(self) -> Thresholds:
        return kept_thresholds()

    def sagittal_beside(self, segmentation: "vtkMRMLSegmentationNode") -> "vtkMRMLSegmentationNode | None":
        return self._ui.sagittalSelector.currentNode()

    def tick(self) -> None:
        if self.opened is not None and self.opened.volume is not self._chosen():
            self.close_file()
        super().tick()

    def show(self) -> None:
        self._table.show(self.findings)
        self._show_value()
        self._on_change()

    def _selected(self) -> None:
        """Show where the selected value was read, and bring the views there."""
        self._show_value()
        place = self._place_of_selected()
        if place is not None:
            slicer.vtkMRMLSliceNode.JumpAllSlices(self._scene, *place, slicer.vtkMRMLSliceNode.CenteredJumpSlice)
        self._on_change()

    def _show_value(self) -> None:
        one, findings = self.selected, self.findings
        self._ui.valueLabel.text = "\n".join(explained(one, findings)) if one is not None and findings else ""
        self._ui.notesLabel.text = "\n".join(self.notes)
        self._show_selected()

    def _copy(self, _checked: bool = False) -> None:
        slicer.app.clipboard().setText(self._table.as_text())

    def _confirm(self, _checked: bool = False) -> None:
        one, live = self._table.selected, self._live
        if one is not None and live is not None:
            change = live.withdraw if one.status == "confirmed" else live.confirm
            change(one.measure, one.level)
            self.refresh()

    def _plot(self, _checked: bool = False) -> None:
        findings = self.findings
        beside = self.volume if self.opened is not None else self._live and self._live.segmentation
        chart = area_plot(beside, findings) if beside is not None and findings is not None else None
        if chart is not None:
            slicer.modules.plots.logic().ShowChartInLayout(chart)

    def _ask_thresholds(self, _checked: bool = False) -> None:
        chosen = ask_thresholds(self._ui.thresholdsButton)
        if chosen is not None and self._live is not None:
            self._live.thresholds = chosen
            self.refresh()

    def _levels(self, _checked: bool = False) -> None:
        live, findings = self._live, self.findings
        if live is None or findings is None:
            return
        chosen = ask_levels(self._ui.levelsButton, live.levels, findings)
        if chosen is not None and (problem := self.name_slices(chosen)):
            asking.tell(problem)

    def _open_or_close(self, _checked: bool = False) -> None:
        if self.opened is not None:
            self.close_file()
            return
        kinds = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        path = asking.file_to_open(_("Choose measures of LumbarSeg"), f"{_('Measures')} ({kinds})")
        if not path:
            return
        volume = self._chosen()
        try:
            self.open_file(Path(path), volume, series=series_of(volume) if volume is not None else "")
        except LumbarSegError as error:
            asking.tell(as_sentence(error))

    def _snap_back(self, _checked: bool = False) -> None:
        self.snap_back()

    def _sagittal_chosen(self, _segmentation: Any) -> None:
        self.follow_anew()
