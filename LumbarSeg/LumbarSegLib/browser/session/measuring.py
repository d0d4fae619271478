"""The measures of the chosen segmentation, which follow each edit and each dragged corner."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from LumbarSegLib.browser.session.slice_levels import SliceLevels
from LumbarSegLib.browser.session.tables import curve_to_show, key_beside, tables_to_show
from LumbarSegLib.core.findings import Findings, Measurement
from LumbarSegLib.core.report.explained import explained
from LumbarSegLib.core.report.words import flag_texts
from LumbarSegLib.core.thresholds import SHIPPED, Thresholds
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.landmarks import DraggableLandmarks, levels_of
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.segmentations import volume_of
from LumbarSegLib.scene.settling import Settling
from LumbarSegLib.scene.showing import hide_shown, show_measurement, show_section, slice_of
from LumbarSegLib.scene.situation import Following, confirmable
from LumbarSegLib.scene.translation import tr as _

if TYPE_CHECKING:
    from slicer import vtkMRMLScene, vtkMRMLSegmentationNode
    from trame_server.state import State

    from LumbarSegLib.browser.session.viewing import Viewing


class Measuring(Following):
    """Measures, shows and lets confirm. `on_change` is called when something that the page shows changed."""

    def __init__(
        self, scene: "vtkMRMLScene", state: "State", viewing: "Viewing", on_change: Callable[[], None]
    ) -> None:
        self._scene, self._state, self._viewing, self._on_change = scene, state, viewing, on_change
        self._corners: DraggableLandmarks | None = None
        self._settling = Settling()
        self._shown: Findings | None = None
        self._section = -1
        self._thresholds = SHIPPED
        self.problem = ""
        state.update(
            {
                "tables": [],
                "table": "",
                "filter": "",
                "selected": "",
                "value_lines": [],
                "notes": [],
                "corners": False,
                "curve": None,
                "show_curve": False,
            }
        )
        state.change("corners")(lambda corners, **_: self.show_corners(corners))
        self.levels = SliceLevels(state, self)

    @property
    def has_area(self) -> bool:
        return self._state.curve is not None

    @property
    def has_landmarks(self) -> bool:
        one = self.selected
        return bool(self._state.corners) or (one is not None and bool(levels_of(one)))

    @property
    def selected(self) -> Measurement | None:
        """The measurement whose value is selected in the table."""
        measure, _, level = str(self._state.selected).partition(" ")
        try:
            return self.findings.of(measure, level) if self.findings is not None and measure else None
        except KeyError:
            return None

    @property
    def selected_kind(self) -> str:
        """What can be done with the selected value, as `confirmable` says."""
        return confirmable(self.selected)

    @property
    def thresholds(self) -> Thresholds:
        """The cut-offs that values are set beside."""
        return self._thresholds

    @thresholds.setter
    def thresholds(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        if self._live is not None:
            self._live.thresholds = thresholds
            self.refresh()

    def follow(self, segmentation: "vtkMRMLSegmentationNode | None") -> None:
        """Measure a segmentation from now on, or nothing."""
        self.let_go()
        volume = volume_of(segmentation) if segmentation is not None else None
        if segmentation is not None and volume is not None:
            beside = self.levels.sagittal_beside(segmentation)
            self._live = LiveMeasures(segmentation, volume, sagittal=beside, thresholds=self._thresholds)
        elif segmentation is not None:
            self.problem = _("The image of this segmentation is not in the scene, so it cannot be measured. Load it.")
        if self._state.corners:
            self.show_corners(True)
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
        self._section = -1
        self.show()

    def tick(self) -> None:
        """Measure again what has changed: a dragged corner at once, an edit when it has been quiet for a moment."""
        live = self._live
        if live is None:
            return
        if live.segmentation is None:
            self.let_go()
            self._on_change()
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
        self._on_change()

    def show(self) -> None:
        """Show what was found last; the views stay where they are."""
        findings = self.findings
        if findings is not self._shown:
            self._shown = findings
            tables = tables_to_show(findings)
            self._state.tables = tables
            titles = [table["title"] for table in tables]
            if self._state.table not in titles:
                self._state.table = titles[0] if titles else ""
            self._state.curve = curve_to_show(findings)
            self.levels.show()
        self._show_selected()

    def select(self, key: str) -> None:
        """Show where a value of the table was read, and bring the views there."""
        self._state.selected, self._section = key, -1
        self._show_selected()
        one, volume = self.selected, self._live.volume if self._live is not None else None
        place = slice_of(volume, one) if one is not None and volume is not None else None
        if place is not None:
            self._viewing.jump_to(place)
        self._on_change()

    def select_section(self, number: int) -> None:
        """Show the section of the canal that a place of the curve stands for; on an axial image the slice."""
        findings, volume = self.findings, self._live.volume if self._live is not None else None
        if findings is None or volume is None:
            return
        if not findings.sections:
            self.select(f"ts.area slice {number}")
            return
        self._state.selected, self._section = "", number
        section = findings.sections[number]
        show_section(volume, section)
        place = slice_of(volume, section)
        if place is not None:
            self._viewing.jump_to(place)
        self._on_change()

    def next_level(self, step: int) -> None:
        """Select the value of the same measure in the next row of the table, and from the last again the first."""
        table = next((one for one in self._state.tables if one["title"] == self._state.table), None)
        if table is not None:
            self.select(key_beside(table, self._state.selected, step))

    def confirm(self) -> None:
        """Confirm the selected value, or withdraw that."""
        one, live = self.selected, self._live
        if one is not None and live is not None and one.value is not None:
            change = live.withdraw if one.status == "confirmed" else live.confirm
            change(one.measure, one.level)
            self.refresh()

    def show_corners(self, shown: bool) -> None:
        """Let the corners of the selected level be seen and dragged, or not."""
        if self._corners is not None:
            self._corners.close()
            self._corners = None
        if shown and self._live is not None:
            self._corners = DraggableLandmarks(self._live)
            one = self.selected
            self._corners.show(levels_of(one) if one is not None else ())
        self._on_change()

    def snap_back(self) -> None:
        """Put all dragged corners back where they are found by themselves."""
        if self._live is not None:
            self._live.snap_back()
            self.refresh()

    def _show_selected(self) -> None:
        one, live, findings = self.selected, self._live, self.findings
        self._state.value_lines = list(explained(one, findings)) if one is not None and findings else []
        self._state.notes = self._notes()
        volume = live.volume if live is not None else None
        if volume is None or (one is None and self._section < 0):
            hide_shown(self._scene)
        elif one is not None:
            show_measurement(volume, one)
        if self._corners is not None:
            self._corners.show(levels_of(one) if one is not None else ())

    def _notes(self) -> list[Any]:
        if self.problem:
            return [self.problem]
        live, findings = self._live, self.findings
        if live is None or findings is None:
            return []
        return list(dict.fromkeys([*live.left_out, *flag_texts(findings)]))
