"""Questions to the user: yes or no, and which file. The only place that opens Qt's own dialogs."""

from pathlib import Path
from typing import Any

import qt
import slicer.util
from slicer.i18n import tr as _

_FOLDER = "LumbarSeg/LastFolder"


def agrees(question: str, yes: str, details: str = "") -> bool:
    """Whether the user agrees; `yes` is what the button says. Escape and closing the window say no."""
    box = _box(question, details)
    box.setIcon(qt.QMessageBox.Question)
    accept = box.addButton(yes, qt.QMessageBox.AcceptRole)
    box.setDefaultButton(box.addButton(_("Not now"), qt.QMessageBox.RejectRole))
    box.exec_()
    agreed = box.clickedButton() == accept
    box.deleteLater()
    return bool(agreed)


def tell(sentence: str, details: str = "") -> None:
    """Show a sentence until the user closes it."""
    box = _box(sentence, details)
    box.setIcon(qt.QMessageBox.Warning)
    box.exec_()
    box.deleteLater()


def file_to_open(title: str, kinds: str) -> str:
    """Path of a file that the user chooses, "" for none."""
    return _kept(qt.QFileDialog.getOpenFileName(_parent(), title, _last_folder(), kinds))


def file_to_save(title: str, name: str, kinds: str) -> str:
    """Path that the user gives a file, "" for none; `name` is proposed."""
    return _kept(qt.QFileDialog.getSaveFileName(_parent(), title, str(Path(_last_folder()) / name), kinds))


def folder_to_save_in(title: str) -> str:
    """A folder that the user chooses, "" for none."""
    folder = str(qt.QFileDialog.getExistingDirectory(_parent(), title, _last_folder()))
    if folder:
        qt.QSettings().setValue(_FOLDER, folder)
    return folder


def _box(text: str, details: str) -> Any:
    box = qt.QMessageBox(_parent())
    box.setWindowTitle("LumbarSeg")
    box.setText(text)
    if details:
        box.setDetailedText(details)
    return box


def _parent() -> Any:
    return slicer.util.mainWindow()


def _last_folder() -> str:
    return str(qt.QSettings().value(_FOLDER) or Path.home())


def _kept(path: str) -> str:
    if path:
        qt.QSettings().setValue(_FOLDER, str(Path(path).parent))
    return path
