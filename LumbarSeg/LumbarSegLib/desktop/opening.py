"""The first moment of the panel: it is seen at once, and what it works with is imported a piece at a time behind it."""

import importlib
from collections.abc import Callable
from typing import Any

import qt

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.desktop.widgets import show
from LumbarSegLib.scene.states import Situation, looks

_PIECES = (
    "numpy",
    "scipy.ndimage",
    "scipy.spatial",
    "SimpleITK",
    "pydicom",
    "LumbarSegLib.core.analysis",
    "LumbarSegLib.scene.live",
    "LumbarSegLib.desktop.panel",
)


class Opening:
    """Imports the panel while the application goes on, then calls `then` once, with the module of the panel."""

    def __init__(self, ui: Any, then: Callable[[Any], None]) -> None:
        self._then, self._left = then, list(_PIECES)
        ui.researchLabel.text = RESEARCH_USE
        show(ui, looks(Situation(is_loading=True)))
        self._timer = qt.QTimer()
        self._timer.setInterval(1)
        self._timer.connect("timeout()", self._next)
        self._timer.start()

    def stop(self) -> None:
        """Import no more and call nothing."""
        self._timer.stop()
        self._timer.disconnect("timeout()", self._next)

    def _next(self) -> None:
        module = importlib.import_module(self._left.pop(0))
        if not self._left:
            self.stop()
            self._then(module)
