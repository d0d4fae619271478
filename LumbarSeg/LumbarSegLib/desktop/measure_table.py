"""The table of measures: a row for each level, a column for each measure, several tables by what they concern."""

from collections.abc import Callable, Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from LumbarSegLib.core.findings import Findings, Measurement
from LumbarSegLib.core.report.explained import explained, is_doubtful
from LumbarSegLib.core.report.layout import Row, Table, rounded, tables_of
from LumbarSegLib.desktop.widgets import Connections, fill, icon
from LumbarSegLib.scene import ordering

_KEY, _WORDS = (int(qt.Qt.UserRole) + place for place in (1, 2))


class MeasureTable:
    """Shows findings in the panel's table view. `on_selected` is called when the user selects or clicks a value."""

    def __init__(self, ui: Any, connections: Connections, on_selected: Callable[[], None]) -> None:
        self._ui, self._on_selected = ui, on_selected
        self._findings: Findings | None = None
        self._shown: dict[str, Measurement] = {}
        self._key = self._title = ""
        self._is_filling = False
        self._icons = {name: icon(name) for name in ("flag", "confirmed", "edited")}
        self._model = qt.QStandardItemModel()
        self._filtered = qt.QSortFilterProxyModel()
        self._filtered.setSourceModel(self._model)
        self._filtered.filterKeyColumn = 0
        self._filtered.filterRole = _WORDS
        self._filtered.filterCaseSensitivity = qt.Qt.CaseInsensitive
        ui.measureView.setModel(self._filtered)
        ui.measureView.verticalHeader().defaultSectionSize = 22
        ui.measureView.horizontalHeader().toolTip = ordering.TIP
        self._order = ordering.Order()
        connections.add(ui.measureView.horizontalHeader(), "sectionClicked(int)", self._sort)
        connections.add(ui.measureView.selectionModel(), "currentChanged(QModelIndex,QModelIndex)", self._selected)
        connections.add(ui.measureView, "clicked(QModelIndex)", self._clicked)
        connections.add(ui.filterEdit, "textChanged(QString)", self._filtered.setFilterFixedString)
        connections.add(ui.tableBox, "currentIndexChanged(int)", lambda _index: self._fill())

    def show(self, findings: Findings | None) -> None:
        """Show findings, or nothing; what was selected stays selected if it is still there."""
        self._findings = findings
        titles = [table.title for table in self._tables()]
        if titles != [self._ui.tableBox.itemData(place) for place in range(self._ui.tableBox.count)]:
            chosen = self._ui.tableBox.currentData
            fill(self._ui.tableBox, [(title, title) for title in titles], chosen if chosen in titles else "")
        self._fill()

    @property
    def selected(self) -> Measurement | None:
        return self._shown.get(self._key)

    def as_text(self) -> str:
        """The selected cells, or all if fewer than two are, as lines with tabs, under their headings with units."""
        view, model = self._ui.measureView, self._filtered
        places = sorted((index.row(), index.column()) for index in view.selectionModel().selectedIndexes)
        rows: Sequence[int] = range(model.rowCount())
        columns: Sequence[int] = range(model.columnCount())
        if len(places) > 1:
            rows = sorted({row for row, _column in places})
            columns = sorted({column for _row, column in places})
        heads = [self._model.horizontalHeaderItem(column).text().replace("\n", " ") for column in columns]
        lines = [[str(model.index(row, column).data() or "") for column in columns] for row in rows]
        levels = [str(model.headerData(row, qt.Qt.Vertical)) for row in rows]
        table = [
            [self._ui.tableBox.currentText, *heads],
            *([one, *line] for one, line in zip(levels, lines, strict=True)),
        ]
        return "\n".join("\t".join(line) for line in table)

    def _tables(self) -> list[Table]:
        return tables_of(self._findings) if self._findings is not None else []

    def _fill(self) -> None:
        tables = {table.title: table for table in self._tables()}
        table = tables.get(self._ui.tableBox.currentData)
        if table is not None and table.title != self._title:
            self._title, self._order = table.title, ordering.Order()
        self._is_filling = True
        self._model.clear()
        self._shown = {}
        if table is not None and self._findings is not None:
            heads = [f"{one.heading}\n{one.unit}".rstrip() for one in table.columns]
            rows = self._order.of(table.rows(self._findings))
            self._model.setHorizontalHeaderLabels(heads)
            self._model.setVerticalHeaderLabels([one.level for one in rows])
            for row, one in enumerate(rows):
                for column, cell in enumerate(one.cells):
                    self._model.setItem(row, column, self._cell(cell))
                self._model.item(row, 0).setData(_words(one), _WORDS)
            self._show_order()
            self._ui.measureView.resizeColumnsToContents()
        self._select()
        self._is_filling = False

    def _sort(self, column: int) -> None:
        self._order = self._order.after_click(column)
        self._fill()

    def _show_order(self) -> None:
        header = self._ui.measureView.horizontalHeader()
        header.showSortIndicator = self._order.column >= 0
        header.setSortIndicator(
            self._order.column, qt.Qt.DescendingOrder if self._order.downward else qt.Qt.AscendingOrder
        )

    def _cell(self, one: Measurement | None) -> Any:
        item = qt.QStandardItem("")
        item.setEditable(False)
        item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
        if one is None or self._findings is None:
            item.setEnabled(False)
            return item
        key = f"{one.measure} {one.level}"
        self._shown[key] = one
        item.setText(_("not measured") if one.value is None else rounded(one))
        item.setData(key, _KEY)
        item.setToolTip("\n".join(explained(one, self._findings)[:-1]))
        sign = "flag" if is_doubtful(one, self._findings) else one.status
        if sign in self._icons:
            item.setIcon(self._icons[sign])
        font = item.font()
        font.setBold(one.status == "confirmed")
        font.setItalic(one.value is None)
        item.setFont(font)
        return item

    def _select(self) -> None:
        """Select the value that was selected before, where it is shown now."""
        if self._key not in self._shown:
            self._key = ""
            return
        for row in range(self._filtered.rowCount()):
            for column in range(self._filtered.columnCount()):
                index = self._filtered.index(row, column)
                if index.data(_KEY) == self._key:
                    self._ui.measureView.setCurrentIndex(index)

    def _selected(self, index: Any, _before: Any) -> None:
        if not self._is_filling:
            key = index.data(_KEY) if index.isValid() else ""
            self._key = key if key in self._shown else ""
            self._on_selected()

    def _clicked(self, _index: Any) -> None:
        # The views may have left the slice of the selected value meanwhile.
        self._on_selected()


def _words(row: Row) -> str:
    """What the filter finds a row by: its level, and what is said of its values."""
    words = {row.level} | {one.status for one in row.cells if one}
    words |= {word for one in row.cells if one for word in (*one.flags, "flagged" * bool(one.flags), one.band)}
    return " ".join(sorted(word for word in words if word))
