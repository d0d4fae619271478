"""The measures of the chosen segmentation, which follow each edit and each dragged corner."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from LumbarSegLib.browser.session.slice_levels import SliceLevels
from LumbarSegLib.browser.session.tables import curve_to_show, key_beside, tables_to_show
from LumbarSegLib.core.findings import Findings, Measurement
from LumbarSegLib.core.report.explained import explained
from LumbarSegLib.core.thresholds import SHIPPED, Thresholds
from LumbarSegLib.scene.ordering import AS_IT_IS, Order
from LumbarSegLib.scene.showing import show_section, slice_of
from LumbarSegLib.scene.showing_measures import Following

if TYPE_CHECKING:
    from slicer import vtkMRMLScene, vtkMRMLSegmentationNode, vtkMRMLVolumeNode
    from trame_server.state import State

    from LumbarSegLib.browser.session.viewing import Viewing


class Measuring(Following):
    """Measures, shows and lets confirm on the page."""

    def __init__(
        self, scene: "vtkMRMLScene", state: "State", viewing: "Viewing", on_change: Callable[[], None]
    ) -> None:
        super().__init__(scene, on_change)
        self._state, self._viewing = state, viewing
        self._shown: Findings | None = None
        self._section = -1
        self._order = AS_IT_IS
        self._thresholds = SHIPPED
        state.update(
            {
                "tables": [],
                "table": "",
                "sorted_by": _told(AS_IT_IS),
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
        state.change("table")(lambda **_: self._set_order(AS_IT_IS))
        self.levels = SliceLevels(state, self)

    @property
    def has_area(self) -> bool:
        return self._state.curve is not None

    @property
    def selected(self) -> Measurement | None:
        measure, _, level = str(self._state.selected).partition(" ")
        try:
            return self.findings.of(measure, level) if self.findings is not None and measure else None
        except KeyError:
            return None

    @property
    def wants_corners(self) -> bool:
        return bool(self._state.corners)

    @property
    def thresholds(self) -> Thresholds:
        return self._thresholds

    @thresholds.setter
    def thresholds(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        if self._live is not None:
            self._live.thresholds = thresholds
            self.refresh()

    def sagittal_beside(self, segmentation: "vtkMRMLSegmentationNode") -> "vtkMRMLSegmentationNode | None":
        chosen = self._state.sagittal
        return segmentation.GetScene().GetNodeByID(chosen) if chosen else None

    def let_go(self) -> None:
        super().let_go()
        self._section = -1

    def show_file(self, path: Path, name: str, volume: "vtkMRMLVolumeNode | None") -> None:
        """Show the measures of an uploaded file, which its user calls `name`. Raises InputError as `open_file` does."""
        self.open_file(path, volume, name)
        self.select("")

    def show(self) -> None:
        findings = self.findings
        if findings is not self._shown:
            self._shown = findings
            self._show_tables()
            titles = [table["title"] for table in self._state.tables]
            if self._state.table not in titles:
                self._state.table = titles[0] if titles else ""
            self._state.curve = curve_to_show(findings)
            self.levels.show()
        self._show_value()
        self._on_change()

    def sort(self, column: int) -> None:
        """Sort the table that is shown by a column, or, with -1, as the levels follow each other."""
        self._set_order(self._order.after_click(column))

    def _set_order(self, order: Order) -> None:
        if order != self._order:
            self._order = order
            self._show_tables()

    def _show_tables(self) -> None:
        self._state.tables = tables_to_show(self.findings, self._state.table, self._order)
        self._state.sorted_by = _told(self._order)

    def select(self, key: str) -> None:
        """Show where a value of the table was read, and bring the views there."""
        self._state.selected, self._section = key, -1
        self._show_value()
        place = self._place_of_selected()
        if place is not None:
            self._viewing.jump_to(place)
        self._on_change()

    def select_section(self, number: int) -> None:
        """Show the section of the canal that a place of the curve stands for; on an axial image the slice."""
        findings, volume = self.findings, self.volume
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
        if one is not None and live is not None and one.value is not None and self.opened is None:
            change = live.withdraw if one.status == "confirmed" else live.confirm
            change(one.measure, one.level)
            self.refresh()

    def _show_value(self) -> None:
        one, findings = self.selected, self.findings
        self._state.value_lines = list(explained(one, findings)) if one is not None and findings else []
        self._state.notes = self.notes
        self._show_selected(is_section_shown=self._section >= 0)


def _told(order: Order) -> dict[str, Any]:
    return {"column": order.column, "downward": order.downward}
