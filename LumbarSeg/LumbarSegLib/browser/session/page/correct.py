"""The part of the panel that corrects: segments, tools with their settings, how the result is shown, the way back."""

from typing import TYPE_CHECKING

from trame.widgets import html

from LumbarSegLib.browser.session.page.parts import (
    button,
    choice,
    plain_button,
    row,
    section,
    slider,
    static_choice,
)
from LumbarSegLib.browser.session.tools import ISLANDS, LARGEST_MM, SMALLEST_MM, SMOOTHINGS, TOOLS

if TYPE_CHECKING:
    from LumbarSegLib.browser.session.session import Session

_SCISSORS = (
    ("ERASE_INSIDE", "Erase inside"),
    ("ERASE_OUTSIDE", "Erase outside"),
    ("FILL_INSIDE", "Fill inside"),
    ("FILL_OUTSIDE", "Fill outside"),
)


def correct_section(session: "Session") -> None:
    """Correct."""
    correcting = session.correcting
    with section("correct", "Correct"):
        with row("Result", v_if="results.length > 1"):
            choice("resultSelector", "result", "results", session.result_chosen)
        with row("Opacity"):
            slider("opacitySlider", "opacity", 0, 1, 0.05, correcting.show_display)
            with html.Label(classes="check", title=("looks.show3DBox.toolTip",)):
                html.Input(
                    type="checkbox",
                    id="show3DBox",
                    v_model=("show_3d",),
                    change=correcting.show_display,
                    disabled=("!looks.show3DBox.enabled",),
                )
                html.Span("3D, smoothed")
            html.Input(
                type="range",
                id="smoothingSlider",
                min=0,
                max=1,
                step=0.1,
                raw_attrs=['v-model.number="smoothing"'],
                title=("looks.smoothingSlider.toolTip",),
                change=correcting.show_display,
            )
        with html.Div(classes="row kinds", v_if="kinds.length"):
            with html.Label(v_for="one in kinds", key="one.kind", classes="check"):
                html.Input(
                    type="checkbox",
                    raw_attrs=[':checked="one.shown"', ':id="`kind-${one.kind}`"'],
                    change=(correcting.show_kind, "[one.kind, $event.target.checked]"),
                )
                html.Span("{{ one.name }}")
        _segments(session)
        _tools(session)
        with html.Div(classes="row wide"):
            html.Label("Back to the automatic result")
            button("revertSegmentButton", (correcting.revert, "[true]"), text="This segment")
            button("revertAllButton", (correcting.revert, "[false]"), text="All segments")


def _segments(session: "Session") -> None:
    correcting = session.correcting
    with (
        html.Div(classes="segments", id="segments"),
        html.Div(
            v_for="one in segments",
            key="one.id",
            classes="segment",
            click=(correcting.select, "[one.id]"),
            raw_attrs=[':class="{on: one.id === segment}"', ':data-name="one.name"'],
        ),
    ):
        html.Span(classes="swatch", style=("`background: ${one.color}`",))
        html.Span("{{ one.name }}", classes="grow")
        with html.Button(
            classes="eye", title="Show or hide this segment", click=(correcting.show_segment, "[one.id, !one.shown]")
        ):
            html.I(classes=("'mdi ' + (one.shown ? 'mdi-eye-outline' : 'mdi-eye-off-outline')",))


def _tools(session: "Session") -> None:
    tools = session.correcting.tools
    with html.Div(classes="tools"):
        for key, title, sign in TOOLS:
            plain_button(
                f"tool-{key or 'none'}",
                (tools.use, f"['{key}']"),
                sign=sign,
                tip=title,
                disabled=("!result",),
                raw_attrs=[f""":class="{{on: tool === '{key}'}}" """],
            )
    with row("Brush, mm", v_if="['paint', 'erase'].includes(tool)"):
        slider("brushSlider", "brush_mm", SMALLEST_MM, LARGEST_MM, 0.1, tools.settings_changed)
        html.Span("{{ brush_mm }}", classes="number", id="brushSize")
        with html.Label(classes="check", title="Paint through neighbouring slices too"):
            html.Input(type="checkbox", v_model=("sphere",), change=tools.settings_changed, id="sphereBox")
            html.Span("Sphere")
    html.Div("Draw around an area; it is filled on this slice.", classes="note", v_if="tool === 'draw'")
    with row("Scissors", v_if="tool === 'scissors'"):
        static_choice("scissorsBox", "scissors", _SCISSORS, tools.settings_changed)
    with row("Grey values", v_if="tool === 'threshold'"):
        for key in ("low", "high"):
            html.Input(
                type="number", id=f"{key}Value", raw_attrs=[f'v-model.number="{key}"'], change=tools.settings_changed
            )
        plain_button("applyThreshold", tools.apply, "Apply")
    with row("Islands", v_if="tool === 'islands'"):
        static_choice("islandsBox", "islands", ISLANDS, tools.settings_changed)
        html.Input(
            type="number",
            v_if="islands === 'REMOVE_SMALL_ISLANDS'",
            raw_attrs=['v-model.number="smallest_island"'],
            title="Smallest number of voxels that stays",
            change=tools.settings_changed,
        )
        plain_button("applyIslands", tools.apply, "Apply", v_if="!islands.endsWith('SELECTED')")
    with row("Smoothing", v_if="tool === 'smoothing'"):
        static_choice("smoothingBox", "smoothing_tool", SMOOTHINGS, tools.settings_changed)
        html.Input(
            type="number",
            step=0.5,
            title="mm",
            id="smoothingSize",
            raw_attrs=['v-model.number="smoothing_mm"'],
            change=tools.settings_changed,
        )
        plain_button("applySmoothing", tools.apply, "Apply")
