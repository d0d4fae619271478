"""Who stands for the result as a whole; the names are kept for the next time."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import qt

from LumbarSegLib.desktop.widgets import Connections
from LumbarSegLib.scene.confirming import Confirming as Shared

if TYPE_CHECKING:
    from LumbarSegLib.scene.live import LiveMeasures

_KEPT = {"personEdit": "LumbarSeg/Person", "organizationEdit": "LumbarSeg/Organization"}


class Confirming(Shared):
    """Two names and a button. `on_change` is called after each change, `live` tells what is shown."""

    def __init__(
        self,
        ui: Any,
        connections: Connections,
        live: "Callable[[], LiveMeasures | None]",
        on_change: Callable[[], None],
    ) -> None:
        super().__init__(live)
        self._ui, self._on_change = ui, on_change
        for name, key in _KEPT.items():
            edit = getattr(ui, name)
            edit.text = str(qt.QSettings().value(key) or "")
            connections.add(edit, "textChanged(QString)", self._typed)
        connections.add(ui.confirmResultButton, "clicked(bool)", self._confirm)
        self.person, self.organization = ui.personEdit.text, ui.organizationEdit.text

    def _typed(self, _text: str) -> None:
        self.person, self.organization = self._ui.personEdit.text, self._ui.organizationEdit.text
        self.problem = ""
        for name, key in _KEPT.items():
            qt.QSettings().setValue(key, getattr(self._ui, name).text)
        self._on_change()

    def _confirm(self, _checked: bool = False) -> None:
        self.toggle()
        self._on_change()
