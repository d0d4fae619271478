"""The part of the panel that corrects: segments, tools with their settings, how the result is shown, the way back."""

from typing import TYPE_CHECKING

from trame.widgets import html

from LumbarSegLib.browser.session.page.parts import (
    button,
    check,
    choice,
    number,
    plain_button,
    row,
    section,
    slider,
    static_choice,
)
from LumbarSegLib.browser.session.tools import ISLANDS, LARGEST_MM, SCISSORS, SMALLEST_MM, SMOOTHINGS, TOOLS

if TYPE_CHECKING:
    from LumbarSegLib.browser.session.session import Session


def correct_section(session: "Session") -> None:
    """Correct."""
    correcting = session.correcting
    with section("correct", "Correct"):
        with row("Result", v_if="results.length > 1"):
            choice("resultSelector", "result", "results")
        with row("Opacity"):
            slider("opacitySlider", "opacity", 0, 1, 0.05)
            check(
                "show3DBox",
                "show_3d",
                "3D, smoothed",
                disabled=("!looks.show3DBox.enabled",),
                title=("looks.show3DBox.toolTip",),
            )
            slider("smoothingSlider", "smoothing", 0, 1, 0.1, lazily=True)
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
        slider("brushSlider", "brush_mm", SMALLEST_MM, LARGEST_MM, 0.1)
        html.Span("{{ brush_mm }}", classes="number", id="brushSize")
        check("sphereBox", "sphere", "Sphere", title="Paint through neighbouring slices too")
    html.Div("Draw around an area; it is filled on this slice.", classes="note", v_if="tool === 'draw'")
    with row("Scissors", v_if="tool === 'scissors'"):
        static_choice("scissorsBox", "scissors", SCISSORS)
    with row("Grey values", v_if="tool === 'threshold'"):
        number("lowValue", "low")
        number("highValue", "high")
        plain_button("applyThreshold", tools.apply, "Apply")
    with row("Islands", v_if="tool === 'islands'"):
        static_choice("islandsBox", "islands", ISLANDS)
        number(
            "smallestIsland",
            "smallest_island",
            title="Smallest number of voxels that stays",
            v_if="islands === 'REMOVE_SMALL_ISLANDS'",
        )
        plain_button("applyIslands", tools.apply, "Apply", v_if="!islands.endsWith('SELECTED')")
    with row("Smoothing", v_if="tool === 'smoothing'"):
        static_choice("smoothingBox", "smoothing_tool", SMOOTHINGS)
        number("smoothingSize", "smoothing_mm", title="mm", step=0.5)
        plain_button("applySmoothing", tools.apply, "Apply")
