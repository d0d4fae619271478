"""The page as a whole: the panel at the left, the bar and the views beside it."""

from typing import TYPE_CHECKING

from trame.ui.html import DivLayout
from trame.widgets import client, html

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.browser.session.page.correct import correct_section
from LumbarSegLib.browser.session.page.dialogs import dialogs
from LumbarSegLib.browser.session.page.image import export_section, image_section, segment_section
from LumbarSegLib.browser.session.page.measure import curve_drawing, measure_section
from LumbarSegLib.browser.session.page.parts import icon, plain_button
from LumbarSegLib.browser.session.viewing import LAYOUTS, WINDOWS

if TYPE_CHECKING:
    from LumbarSegLib.browser.session.session import Session

_LAYOUT_SIGNS = {
    "one": "mdi-square-outline",
    "side": "mdi-view-quilt-outline",
    "four": "mdi-view-grid-outline",
    "3d": "mdi-rotate-3d",
}


def build_page(session: "Session") -> None:
    """Build the page of a session as trame's main template."""
    session.state.folded = {"image": False, "segment": False, "correct": True, "measure": True, "export": True}
    _triggers(session)
    # The views are a template of their own, or all of the page would be built anew with each layout of the views.
    with DivLayout(session.server, template_name="views") as views:
        session.viewing.layouts.initialize_layout_grid(views)
        session.viewing.prepare_views()
    with DivLayout(session.server) as layout:
        layout.root.classes = "page"
        with html.Aside(classes="panel"):
            with html.Header():
                html.Img(src="logo.png", alt="")
                html.Span("LumbarSeg", classes="name")
                html.Span(RESEARCH_USE, classes="use", id="researchLabel")
            with html.Div(classes="scrolled"):
                image_section(session)
                segment_section(session)
                correct_section(session)
                measure_section(session)
                export_section(session)
        with html.Main():
            _bar(session)
            with html.Div(classes="views", id="views", raw_attrs=[':class="{empty: !image}"']):
                client.ServerTemplate(name="views")
                with html.Div(classes="welcome", v_if="!image"):
                    html.Img(src="logo.png", alt="")
                    html.Span("{{ is_opening ? 'The image is being read.' : looks.statusLabel.text }}")
                    plain_button("welcomeOpen", "dialog = 'open'", "Open…", v_if="!is_opening")
            curve_drawing(session)
        dialogs(session)
        with html.Div(classes="trouble", v_if="trouble", id="trouble", raw_attrs=['role="alert"']):
            icon("mdi-alert-outline")
            html.Span("{{ trouble }}")
            plain_button("closeTrouble", "trouble = ''", sign="mdi-close", tip="Close")


def _bar(session: "Session") -> None:
    viewing, correcting = session.viewing, session.correcting
    with html.Nav(classes="bar"):
        with html.Div(classes="group"):
            for key, title in LAYOUTS:
                plain_button(
                    f"layout-{key}",
                    (session.set_layout, f"['{key}']"),
                    sign=_LAYOUT_SIGNS[key],
                    tip=title,
                    raw_attrs=[f""":class="{{on: layout === '{key}'}}" """],
                )
        with html.Div(classes="group"):
            html.Label("Window", raw_attrs=['for="windowBox"'])
            with html.Select(id="windowBox", v_model=("window_preset",)):
                for key, title, *_ in WINDOWS:
                    html.Option(title, value=key)
            plain_button(
                "adjustButton",
                (viewing.set_adjusting, "[!adjusting]"),
                sign="mdi-contrast-circle",
                tip="Set window and level by dragging the left mouse button",
                raw_attrs=[':class="{on: adjusting}"'],
            )
            plain_button(
                "invertButton",
                (viewing.set_inverted, "[!inverted]"),
                sign="mdi-invert-colors",
                tip="Show black as white",
                raw_attrs=[':class="{on: inverted}"'],
            )
            plain_button("fitButton", viewing.fit, sign="mdi-fit-to-page-outline", tip="Fit all views")
        with html.Div(classes="group"):
            plain_button(
                "undoEdit",
                correcting.undo,
                sign="mdi-undo",
                tip="Undo the last correction (Ctrl+Z)",
                disabled=("!can_undo",),
            )
            plain_button("redoEdit", correcting.redo, sign="mdi-redo", tip="Redo (Ctrl+Y)", disabled=("!can_redo",))
        html.Span(classes="gap")
        html.Span("{{ idle ? 'This session ends soon unless you do something.' : '' }}", classes="idle")
        plain_button("keysButton", "dialog = 'keys'", sign="mdi-keyboard-outline", tip="Mouse and keys")


def _triggers(session: "Session") -> None:
    """What the keys do, and the cut-offs that the browser kept; page.js calls these by name."""
    trigger = session.server.trigger
    trigger("next_level")(session.measuring.next_level)
    trigger("undo")(session.correcting.undo)
    trigger("redo")(session.correcting.redo)
    trigger("resize_brush")(session.correcting.tools.resize_brush)
    trigger("use_tool")(session.correcting.tools.use)
    trigger("restore_cut_offs")(session.cut_offs.restore)
