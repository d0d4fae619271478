"""Small things that every part of the panel does with its widgets, as PythonQt wants them done."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import qt

from LumbarSegLib.resources import resource


class Connections:
    """Signals connected to slots, all of which can be cut at once: what is hidden by a reload must fall silent."""

    def __init__(self) -> None:
        self._made: list[tuple[Any, str, Callable[..., Any]]] = []

    def add(self, widget: Any, signal: str, slot: Callable[..., Any]) -> None:
        """Connect a signal by its C++ signature."""
        widget.connect(signal, slot)
        self._made.append((widget, signal, slot))

    def cut(self) -> None:
        """Disconnect all."""
        for widget, signal, slot in self._made:
            widget.disconnect(signal, slot)
        self._made.clear()


def show(ui: Any, looks: Mapping[str, Mapping[str, Any]]) -> None:
    """Give widgets the properties that are told for them, by name; what is so already is left alone."""
    for name, properties in looks.items():
        widget = getattr(ui, name)
        for key, value in properties.items():
            if getattr(widget, key) != value:
                setattr(widget, key, value)


def fill(box: Any, items: Iterable[tuple[str, str]], chosen: str = "") -> None:
    """Fill a combo box with texts and their data, and choose one by its data without a signal."""
    blocked = box.blockSignals(True)
    box.clear()
    for text, data in items:
        box.addItem(text, data)
    box.currentIndex = max(box.findData(chosen), 0)
    box.blockSignals(blocked)


def choose(box: Any, data: str) -> None:
    """Choose the item of a combo box with this data without a signal; none fits, then the first."""
    blocked = box.blockSignals(True)
    box.currentIndex = max(box.findData(data), 0)
    box.blockSignals(blocked)


def icon(name: str) -> Any:
    """One of our own icons, which look alike on light and on dark."""
    return qt.QIcon(str(resource("Icons", f"{name}.svg")))
