"""Which slice of an axial image shows which level, as the user says it."""

from collections.abc import Mapping
from typing import Any

import qt
from slicer.i18n import tr as _

from LumbarSegLib.core.anatomy import LOWEST_DISCS
from LumbarSegLib.core.findings import Findings, is_slice

_LEVELS = tuple(name for name in LOWEST_DISCS if "L6" not in name)


def ask_levels(beside: Any, levels: Mapping[str, int], findings: Findings) -> dict[str, int] | None:
    """The number of the slice of each level that the user names, counted from 1 below upward; None if he cancels."""
    slices = {int(one.level.split()[1]) for one in findings.measurements if is_slice(one.level)}
    window = qt.QDialog(beside)
    window.setWindowTitle(_("Levels of the slices"))
    layout = qt.QFormLayout(window)
    layout.addRow(qt.QLabel(_("The slice that shows each level. Slice 1 is the lowest."), window))
    boxes = {}
    for level in _LEVELS:
        box = boxes[level] = qt.QSpinBox(window)
        box.minimum = 0
        box.maximum = max(slices, default=0)
        box.specialValueText = _("not named")
        box.value = levels.get(level, 0)
        layout.addRow(level, box)
    buttons = qt.QDialogButtonBox(qt.QDialogButtonBox.Ok | qt.QDialogButtonBox.Cancel, window)
    buttons.connect("accepted()", window.accept)
    buttons.connect("rejected()", window.reject)
    layout.addRow(buttons)
    accepted = window.exec_()
    chosen = {level: int(box.value) for level, box in boxes.items() if box.value}
    window.deleteLater()
    return chosen if accepted else None
