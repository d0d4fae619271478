"""What stands under the page: the scene of one user with the libraries of 3D Slicer, and trame's server."""

from typing import TYPE_CHECKING

from LumbarSegLib.browser.session.serving import LOST, TITLE, page_module
from LumbarSegLib.scene.terminology import load_terminology

if TYPE_CHECKING:
    from trame_server import Server
    from trame_slicer.core import SlicerApp


def slicer_app() -> "SlicerApp":
    """A scene with all logics that the views and the editor need. Our terminology is known in it."""
    from trame_slicer.core import SlicerApp

    app = SlicerApp()
    load_terminology(app.terminologies_logic)
    return app


def web_server() -> "Server":
    """A server of trame that shows our page and nothing of another host."""
    from trame.app import get_server

    server = get_server(TITLE, client_type="vue3")
    server.enable_module(page_module())
    server.state.update({"trame__title": TITLE, "trame__favicon": "logo.png", "trame__template_error": LOST})
    return server
