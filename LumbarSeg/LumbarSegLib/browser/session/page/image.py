"""The parts of the panel around a run: the image and the choices, the run itself, and what is exported."""

from typing import TYPE_CHECKING

from trame.widgets import html

from LumbarSegLib.browser.session.choosing import OF_A_RUN
from LumbarSegLib.browser.session.page.parts import button, choice, plain_button, row, section, text
from LumbarSegLib.browser.session.spacing import TIP

if TYPE_CHECKING:
    from LumbarSegLib.browser.session.session import Session


def image_section(session: "Session") -> None:
    """Image and model."""
    with section("image", "Image and model"):
        with row("Image"):
            choice("inputSelector", "image", "images")
            plain_button("openButton", "dialog = 'open'", "Open…", tip="Open a file of yours, or try a sample.")
        html.Div("{{ note }}", classes="note", v_for="note in notes_of_image", key="note")
        with row("Pixel spacing", v_if="image && asks_spacing"):
            html.Input(
                type="number",
                id="pixelSpacing",
                disabled=("!looks.taskBox.enabled || !!result",),
                title=TIP,
                raw_attrs=[':value="pixel_spacing"', 'step="any"', 'min="0"', 'placeholder="none"'],
                change=(session.spacing.give, "[$event.target.value]"),
            )
            html.Span("mm")
        with row("Task"):
            choice("taskBox", "task", "tasks")
        with row("Model"):
            choice("modelBox", "model", "models")
            button("modelCardButton", session.show_card, sign="mdi-information-outline")
        with (
            row("Lowest disc"),
            html.Select(
                id="lowestDiscBox",
                v_model=("lowest_disc",),
                disabled=("!looks.lowestDiscBox.enabled",),
                title=("looks.lowestDiscBox.toolTip",),
            ),
        ):
            html.Option("{{ one }}", v_for="one in lowest_discs", key="one", value=("one",))
        with row("View", v_if="looks.viewBox.visible"):
            choice("viewBox", "view", "views")


def segment_section(session: "Session") -> None:
    """The run: its button, how far it is, and the way back."""
    with section("segment", "Segment"):
        button("segmentButton", (session.segment, f"[{{{', '.join(OF_A_RUN)}}}]"), classes="main")
        with html.Div(
            classes="progress",
            v_if="looks.progressBar.visible",
            raw_attrs=[':class="{endless: !looks.progressBar.maximum}"'],
        ):
            html.Div(classes="done", style=("`width: ${looks.progressBar.value}%`",))
            html.Span("{{ looks.progressBar.format }}")
        with html.Div(classes="status"):
            html.I(classes="mdi mdi-alert-outline warning", v_if="looks.warningIcon.visible")
            html.Span("{{ looks.statusLabel.text }}", id="statusLabel")
        with row():
            choice("replaceBox", "replace", "replaces")
            button("undoButton", session.undo_run)
            button("detailsButton", "show_log = !show_log")
        html.Pre("{{ log }}", v_if="show_log", classes="log", id="logText")


def export_section(session: "Session") -> None:
    """Who stands for the result, and results into files."""
    with section("export", "Export"):
        with row():
            text("personEdit", "person", "Your name")
            text("organizationEdit", "organization", "Organization")
        with row():
            button("confirmResultButton", (session.confirming.confirm, "[person, organization]"))
            html.Div("{{ looks.confirmedLabel.text }}", classes="note grow", id="confirmedLabel")
        with row():
            choice("formatBox", "format", "formats", disabled="one.disabled")
            button("exportButton", (session.exporting.export, "[format]"), text="Export…")
        html.Div("{{ export_message }}", classes="note", id="exportLabel")
