"""In which order the rows of a table of measures stand: as levels follow each other, or by the values of a column."""

from collections.abc import Iterable
from dataclasses import dataclass

from LumbarSegLib.core.report.layout import Row
from LumbarSegLib.scene.translation import tr as _

TIP = _("Sort by this column; a second click turns the order round, a third brings that of the levels back.")
_NONE = -1


@dataclass(frozen=True)
class Order:
    """By the values of a column, upward or downward; without one (-1) from the uppermost level downward."""

    column: int = _NONE
    downward: bool = False

    def after_click(self, column: int) -> "Order":
        """What a click on the head of a column makes of it."""
        if column != self.column:
            return Order(column)
        return Order() if self.downward else Order(column, downward=True)

    def of(self, rows: Iterable[Row]) -> list[Row]:
        """Rows in this order; those without a value stay below. Without the column they stand as they are."""
        rows = list(rows)
        if not rows or not 0 <= self.column < len(rows[0].cells):
            return rows
        there = [(one.value, row) for row in rows if (one := row.cells[self.column]) and one.value is not None]
        missing = [row for row in rows if (one := row.cells[self.column]) is None or one.value is None]
        return [row for _value, row in sorted(there, key=lambda one: one[0], reverse=self.downward)] + missing


AS_IT_IS = Order()
