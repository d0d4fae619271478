"""Which levels the slices of an axial image show: as the user says it, or a sagittal segmentation beside it."""

from typing import TYPE_CHECKING, Any

from LumbarSegLib.browser.session.page.dialogs import close_dialog
from LumbarSegLib.core.anatomy import LOWEST_DISCS
from LumbarSegLib.core.findings import is_slice

if TYPE_CHECKING:
    from trame_server.state import State

    from LumbarSegLib.browser.session.measuring import Measuring

_LEVELS = tuple(name for name in LOWEST_DISCS if "L6" not in name)


class SliceLevels:
    """The names of the slices that are measured now, kept in the page's state."""

    def __init__(self, state: "State", measuring: "Measuring") -> None:
        self._state, self._measuring = state, measuring
        state.update({"sagittal": "", "slice_levels": [], "slice_count": 0})
        state.change("sagittal")(lambda **_: measuring.follow_anew())

    def name_slices(self, rows: list[dict[str, Any]]) -> None:
        """Say which slice shows each level, in rows with `level` and `slice`, counted from 1 below; 0 names none."""
        named = {str(row["level"]): int(row["slice"]) for row in rows if row.get("slice")}
        if problem := self._measuring.name_slices(named):
            self._state.trouble = problem
        else:
            close_dialog(self._state)

    def show(self) -> None:
        """Show the names as they are now."""
        live = self._measuring.live
        findings = live.findings if live is not None else None
        if live is None or findings is None or self._measuring.task != "axial":
            return
        slices = {int(one.level.split()[1]) for one in findings.measurements if is_slice(one.level)}
        self._state.slice_levels = [{"level": level, "slice": live.levels.get(level, 0)} for level in _LEVELS]
        self._state.slice_count = max(slices, default=0)
