"""The window that shows a model's card."""

from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from LumbarSegLib.scene.model_card import card

if TYPE_CHECKING:
    from LumbarSegLib.core.models import ModelInfo


def show_card(info: "ModelInfo", beside: Any) -> None:
    """Show the card in a window until the user closes it."""
    window = qt.QDialog(beside)
    window.setWindowTitle(_("Model {name}").format(name=info.name))
    layout = qt.QVBoxLayout(window)
    text = qt.QTextBrowser(window)
    text.setHtml(card(info))
    text.setOpenExternalLinks(True)
    layout.addWidget(text)
    buttons = qt.QDialogButtonBox(qt.QDialogButtonBox.Close, window)
    buttons.connect("rejected()", window.reject)
    layout.addWidget(buttons)
    window.resize(560, 520)
    window.exec_()
    window.deleteLater()
