"""Pictures of the panel in its main states, on the shipped sample, in a light and a dark palette:

    python -m Testing.desktop.screenshots [FOLDER]

writes `Resources/Screenshots/panel.png` and `panel-dark.png` for the README, and each state and dialog by itself into
FOLDER.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from PySide6 import QtCore, QtGui, QtWidgets

from Testing.desktop import application

application.add_views(application.start())

from LumbarSegLib.core.report.tables import to_json  # noqa: E402 - the panel needs Slicer around it
from LumbarSegLib.core.worker.events import Progress  # noqa: E402
from LumbarSegLib.desktop import installing  # noqa: E402
from LumbarSegLib.scene.states import State  # noqa: E402
from LumbarSegLib.scene.studying import study_of  # noqa: E402
from Testing.desktop.driving import Driven  # noqa: E402

_PICTURES = application.ROOT / "Resources" / "Screenshots"
_WIDTH, _GAP = 460, 14
_IN_README = ("first sight", "segmenting", "measured")
_DARK = {
    QtGui.QPalette.Window: "#2f3236",
    QtGui.QPalette.WindowText: "#e6e6e6",
    QtGui.QPalette.Base: "#212427",
    QtGui.QPalette.AlternateBase: "#2a2d31",
    QtGui.QPalette.Text: "#e6e6e6",
    QtGui.QPalette.Button: "#3a3e43",
    QtGui.QPalette.ButtonText: "#e6e6e6",
    QtGui.QPalette.ToolTipBase: "#212427",
    QtGui.QPalette.ToolTipText: "#e6e6e6",
    QtGui.QPalette.Highlight: "#2f7fbf",
    QtGui.QPalette.HighlightedText: "#ffffff",
    QtGui.QPalette.PlaceholderText: "#8b9096",
    QtGui.QPalette.Link: "#6db3f2",
}
_DIMMED = (QtGui.QPalette.Text, QtGui.QPalette.WindowText, QtGui.QPalette.ButtonText)


def palette(dark: bool) -> QtGui.QPalette:
    """A palette as that of Slicer's light or dark style."""
    colours = QtGui.QPalette(QtWidgets.QApplication.style().standardPalette())
    if dark:
        for role, colour in _DARK.items():
            colours.setColor(role, QtGui.QColor(colour))
        for role in _DIMMED:
            colours.setColor(QtGui.QPalette.Disabled, role, QtGui.QColor("#777c82"))
    return colours


class Photographer:
    """Takes each state in both palettes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.taken: dict[tuple[str, bool], QtGui.QPixmap] = {}

    def take(self, name: str, widget: Any, height: int | None = None) -> None:
        """Take a widget; the panel as high as it needs, and not less than `height`."""
        for dark in (False, True):
            QtWidgets.QApplication.setPalette(palette(dark))
            for _settle in range(4):
                if height is not None:
                    widget.resize(_WIDTH, max(height, widget.layout().totalHeightForWidth(_WIDTH)))
                QtWidgets.QApplication.processEvents()
            picture = self.taken[name, dark] = widget.grab()
            picture.save(str(self._folder / f"{name.replace(' ', '-')}{'-dark' * dark}.png"))
        QtWidgets.QApplication.setPalette(palette(False))

    def for_readme(self, path: Path, dark: bool) -> None:
        """Two states one above the other, and the third beside them."""
        above, below, beside = (self.taken[name, dark] for name in _IN_README)
        high = max(beside.height(), above.height() + _GAP + below.height())
        sheet = QtGui.QImage(2 * _WIDTH + _GAP, high, QtGui.QImage.Format_RGB32)
        sheet.fill(QtGui.QColor("#16181a" if dark else "#ffffff"))
        painter = QtGui.QPainter(sheet)
        painter.drawPixmap(0, 0, above)
        painter.drawPixmap(0, above.height() + _GAP, below)
        painter.drawPixmap(_WIDTH + _GAP, 0, beside)
        painter.end()
        sheet.save(str(path))


@contextmanager
def dialogs(look: Callable[[Any], None]) -> Iterator[None]:
    """Dialogs are looked at and closed instead of waited for."""

    def shown(dialog: Any) -> int:
        dialog.show()
        look(dialog)
        dialog.hide()
        return 0

    with mock.patch.object(QtWidgets.QDialog, "exec_", shown):
        yield


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    photographer = Photographer(folder)
    panel = Driven()
    photographer.take("first sight", panel.window, 0)
    panel.panel.choosing.load_sample("lumbar-t2")
    with mock.patch.object(installing, "missing", lambda _purpose: installing.PACKAGES[:2]):
        panel.panel.show()
        photographer.take("packages missing", panel.window, 0)
    panel.wait(lambda: panel.panel.situation.worker == "ready", 900)
    panel.click("segmentButton")
    panel.wait(lambda: panel.panel.running.state is State.RUNNING, 900)
    panel.panel.running.progress = Progress("Segmenting", 0.42, 1.2)
    panel.panel.show()
    photographer.take("segmenting", panel.window, 0)
    panel.wait(lambda: panel.panel.measuring.findings is not None and not panel.panel.running.is_busy, 900)
    _show_a_value(panel)
    photographer.take("measured", panel.window, 0)
    photographer.take("flagged", _selected(panel, "T11", "area", "Canal"), 0)
    _confirmed_and_opened_again(panel, photographer, folder)
    with dialogs(lambda dialog: photographer.take("model card", dialog)):
        panel.click("modelCardButton")
    with dialogs(lambda dialog: photographer.take("cut-offs", dialog)):
        panel.click("thresholdsButton")
    panel.panel.running.fail(
        "The process that segments ended by itself, as when memory runs out; try again.", "signal 9"
    )
    panel.ui.detailsButton.checked = True
    photographer.take("failed", panel.window, 0)
    panel.ui.detailsButton.checked = False
    panel.panel.choosing.load_sample("axial-t1")
    panel.choose("replaceBox", "keep")
    panel.pause(0.2)
    panel.click("segmentButton")
    panel.wait(lambda: panel.panel.measuring.task == "axial" and panel.panel.measuring.findings is not None, 900)
    _selected(panel, "slice 2", "area", "By slice")
    photographer.take("axial", panel.window, 0)
    with dialogs(lambda dialog: photographer.take("levels", dialog)):
        panel.click("levelsButton")
    panel.close()
    photographer.for_readme(_PICTURES / "panel.png", dark=False)
    photographer.for_readme(_PICTURES / "panel-dark.png", dark=True)


def _show_a_value(panel: Driven) -> None:
    """A table with a value that the user has confirmed, and one that is selected."""
    _selected(panel, "L3/4", "middle", "Discs")
    panel.click("confirmButton")
    _selected(panel, "L4/5", "angle", "Discs")


def _confirmed_and_opened_again(panel: Driven, photographer: Photographer, folder: Path) -> None:
    """The result as somebody stands for it, and its measures as they come back from a file."""
    panel.ui.personEdit.text, panel.ui.organizationEdit.text = "Dr. Eva Weiß", "Klinik Süd"
    panel.click("confirmResultButton")
    photographer.take("confirmed", panel.window, 0)
    study = study_of(panel.panel.measuring.live)
    with TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "lumbar-t2.json"
        path.write_text(to_json(study.findings, study.provenance), encoding="utf-8")
        panel.panel.measuring.open_file(path, panel.panel.choosing.volume)
    photographer.take("from a file", panel.window, 0)
    panel.click("findingsButton")
    # The names are kept for the next one.
    panel.ui.personEdit.text = panel.ui.organizationEdit.text = ""


def _selected(panel: Driven, level: str, heading: str, table: str) -> Any:
    panel.choose("tableBox", table)
    view = panel.ui.measureView
    model = view.model()
    heads = [str(model.headerData(at, QtCore.Qt.Horizontal)).split("\n")[0] for at in range(model.columnCount())]
    names = [model.headerData(at, QtCore.Qt.Vertical) for at in range(model.rowCount())]
    view.setCurrentIndex(model.index(names.index(level), heads.index(heading)))
    return panel.window


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("screenshots"))
