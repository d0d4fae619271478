"""The cut-offs that values are set beside: what they mean, where they are from, and a user's own in their place."""

import json
from typing import Any

import qt
from slicer.i18n import tr as _

from LumbarSegLib.core.definitions import MEASURES, Threshold
from LumbarSegLib.core.thresholds import OWN, SHIPPED, Thresholds, thresholds_from
from LumbarSegLib.errors import InputError, as_sentence

_KEPT = "LumbarSeg/Thresholds"
_COLUMNS = ("value", "meaning", "source", "population")
_FIRST = 2  # the measure and the levels stand before these


def kept_thresholds() -> Thresholds:
    """The cut-offs that this user works with; the shipped ones where he kept none, or none that can be used."""
    try:
        return thresholds_from(json.loads(str(qt.QSettings().value(_KEPT) or '{"measures": []}')))
    except (InputError, ValueError):
        return SHIPPED


def ask_thresholds(beside: Any) -> Thresholds | None:
    """The cut-offs as the user leaves them, which are kept for the next time; None if he cancels."""
    window = _Window(beside, kept_thresholds())
    return window.chosen if window.run() else None


class _Window:
    """A table with a row for each cut-off."""

    def __init__(self, beside: Any, thresholds: Thresholds) -> None:
        self.chosen: Thresholds = thresholds
        self._dialog = qt.QDialog(beside)
        self._dialog.setWindowTitle(_("Cut-offs"))
        layout = qt.QVBoxLayout(self._dialog)
        says = _(
            "A cut-off tells on which side of it a value lies, and nothing of a patient. "
            "Change one and it counts as your own."
        )
        text = qt.QLabel(says, self._dialog)
        text.wordWrap = True
        layout.addWidget(text)
        self._table = qt.QTableWidget(self._dialog)
        self._table.verticalHeader().hide()
        layout.addWidget(self._table)
        self._error = qt.QLabel("", self._dialog)
        self._error.wordWrap = True
        layout.addWidget(self._error)
        kinds = qt.QDialogButtonBox
        self._buttons = qt.QDialogButtonBox(kinds.Ok | kinds.Cancel | kinds.RestoreDefaults, self._dialog)
        self._buttons.button(kinds.RestoreDefaults).setText(_("Reset all"))
        self._buttons.connect("accepted()", self._accept)
        self._buttons.connect("rejected()", self._dialog.reject)
        self._buttons.button(kinds.RestoreDefaults).connect("clicked(bool)", lambda _on=False: self._fill(SHIPPED))
        layout.addWidget(self._buttons)
        self._dialog.resize(940, 460)
        self._fill(thresholds)

    def run(self) -> bool:
        accepted = self._dialog.exec_()
        self._dialog.deleteLater()
        return bool(accepted)

    def _fill(self, thresholds: Thresholds) -> None:
        self._rows = [(key, one) for key, rows in thresholds.items() for one in rows]
        heads = [_("Measure"), _("Levels"), _("Cut-off"), _("Meaning"), _("Source"), _("Population")]
        self._table.clear()
        self._table.rowCount, self._table.columnCount = len(self._rows), len(heads)
        self._table.setHorizontalHeaderLabels(heads)
        for row, (key, one) in enumerate(self._rows):
            measure = MEASURES[key]
            name = f"{measure.name}, {measure.unit}".removesuffix(", ")
            for column, told in enumerate((name, ", ".join(one.levels) or _("all"))):
                item = qt.QTableWidgetItem(told)
                item.setFlags(item.flags() & ~qt.Qt.ItemIsEditable)
                self._table.setItem(row, column, item)
            for column, name in enumerate(_COLUMNS, _FIRST):
                value = getattr(one, name)
                item = qt.QTableWidgetItem(f"{value:g}" if name == "value" else value)
                item.setToolTip(str(value))
                self._table.setItem(row, column, item)
        self._table.resizeColumnsToContents()
        for column in range(_FIRST + 1, len(heads)):
            self._table.setColumnWidth(column, min(self._table.columnWidth(column), 200))
        self._table.resizeRowsToContents()

    def _accept(self) -> None:
        rows: dict[str, list[dict[str, Any]]] = {key: [] for key, _one in self._rows}
        for row, (key, one) in enumerate(self._rows):
            rows[key].append(self._told(row, one))
        told = {"measures": [{"key": key, "thresholds": them} for key, them in rows.items()]}
        try:
            self.chosen = thresholds_from(told)
        except InputError as error:
            self._error.text = as_sentence(error)
            return
        qt.QSettings().setValue(_KEPT, json.dumps(told))
        self._dialog.accept()

    def _told(self, row: int, before: Threshold) -> dict[str, Any]:
        """A row as it stands now. With another value, what the literature says of the old one holds no longer."""
        texts = {name: self._table.item(row, column).text() for column, name in enumerate(_COLUMNS, _FIRST)}
        try:
            value: float | str = float(texts["value"].replace(",", "."))
        except ValueError:
            value = texts["value"]
        told = {**texts, "value": value, "levels": list(before.levels)}
        if value != before.value:
            for name in _COLUMNS[1:]:
                told[name] = OWN if told[name] == getattr(before, name) else told[name]
        return told
