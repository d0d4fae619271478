"""The part of the panel that measures: the tables, what is said of a value, corners, and the curve of the area."""

from typing import TYPE_CHECKING

from trame.widgets import html

from LumbarSegLib.browser.session.page.parts import button, check, plain_button, row, section
from LumbarSegLib.scene.ordering import TIP

if TYPE_CHECKING:
    from LumbarSegLib.browser.session.session import Session


def measure_section(session: "Session") -> None:
    """Measure."""
    measuring = session.measuring
    with section("measure", "Measure"):
        with row():
            with html.Div(classes="tabs", id="tableBox"):
                html.Button(
                    "{{ one.title }}",
                    v_for="one in tables",
                    key="one.title",
                    click="table = one.title",
                    raw_attrs=[':class="{on: one.title === table}"'],
                )
            html.Input(
                type="search",
                id="filterEdit",
                v_model=("filter",),
                placeholder="Filter",
                title=("looks.filterEdit.toolTip",),
                disabled=("!looks.filterEdit.enabled",),
            )
        _table(session)
        with html.Div(classes="value", id="valueLabel"):
            html.Div("{{ line }}", v_for="(line, at) in value_lines", key="at")
        with row():
            button("confirmButton", measuring.confirm)
            check(
                "landmarksBox",
                "corners",
                "Corners",
                disabled=("!looks.landmarksBox.enabled",),
                title=("looks.landmarksBox.toolTip",),
            )
            button("snapBackButton", measuring.snap_back, text="Put back")
        with row(classes="row buttons"):
            button("copyButton", "utils.lumbarseg.copy(tables, table)", text="Copy table")
            button("plotButton", "show_curve = !show_curve", text="Plot area")
            button("thresholdsButton", "dialog = 'cut-offs'", text="Cut-offs…")
            button("findingsButton", session.open_or_close_findings)
        with row("Levels from", v_if="looks.levelsButton.visible"):
            with html.Select(
                id="sagittalSelector",
                v_model=("sagittal",),
                title=("looks.sagittalSelector.toolTip",),
            ):
                html.Option("no segmentation", value="")
                html.Option(
                    "{{ one.text }}",
                    v_for="one in results.filter((one) => one.value !== result)",
                    key="one.value",
                    value=("one.value",),
                )
            plain_button("levelsButton", "dialog = 'levels'", "Name slices…", tip="Say which slice shows which level.")
        with html.Div(classes="notes", id="notesLabel"):
            html.Div("{{ note }}", v_for="note in notes", key="note")


def _table(session: "Session") -> None:
    looks = "[cell.sign, {on: cell.key === selected, missing: cell.missing}]"
    way = "at !== sorted_by.column ? 'none' : sorted_by.downward ? 'descending' : 'ascending'"
    shown = "(!filter || row.words.includes(filter.toLowerCase()))"
    with html.Div(classes="measures", id="measureView"):
        with html.Table(v_for="one in tables.filter((each) => each.title === table)", key="one.title"):
            with html.Thead(), html.Tr():
                with html.Th(), html.Button(click=(session.measuring.sort, "[-1]"), title="Order of the levels"):
                    html.Span("Level")
                with html.Th(
                    v_for="(head, at) in one.heads",
                    key="head.heading",
                    raw_attrs=[
                        ':data-heading="head.heading"',
                        f':aria-sort="{way}"',
                    ],
                ):
                    with html.Button(click=(session.measuring.sort, "[at]"), title=TIP):
                        # A heading is broken between words alone, or it takes four lines.
                        html.Span("{{ head.heading.replaceAll('-', '\u2011') }}")
                        html.I(
                            v_if="at === sorted_by.column",
                            classes=("'mdi ' + (sorted_by.downward ? 'mdi-menu-down' : 'mdi-menu-up')",),
                        )
                        html.Small("{{ head.unit }}")
            with html.Tbody():
                with html.Tr(
                    v_for=f"row in one.rows.filter((row) => {shown})",
                    key="row.level",
                    raw_attrs=[':data-level="row.level"'],
                ):
                    html.Th("{{ row.level }}")
                    with html.Td(
                        v_for="(cell, at) in row.cells",
                        key="at",
                        click=(session.measuring.select, "[cell ? cell.key : '']"),
                        title=("cell ? cell.tip : ''",),
                        raw_attrs=[
                            f":class=\"cell ? {looks} : 'none'\"",
                            ":data-key=\"cell ? cell.key : ''\"",
                        ],
                    ):
                        html.I(classes="mdi mdi-alert-outline", v_if="cell && cell.sign === 'flag'")
                        html.I(classes="mdi mdi-pencil-outline", v_if="cell && cell.sign === 'edited'")
                        html.I(classes="mdi mdi-check", v_if="cell && cell.sign === 'confirmed'")
                        html.Span("{{ cell ? cell.text : '' }}")


def curve_drawing(session: "Session") -> None:
    """The curve below the views; a click brings the views to the place."""
    with html.Div(classes="curve", v_if="show_curve && curve", id="curve"):
        with html.Div(classes="title"):
            html.Span("{{ curve.title }}")
            html.Small("{{ curve.along }}")
            html.Span(classes="gap")
            plain_button("closeCurve", "show_curve = false", sign="mdi-close", tip="Close")
        html.Div(
            v_html=("utils.lumbarseg.drawing(curve)",),
            click=(session.measuring.select_section, "[utils.lumbarseg.place(curve, $event)]"),
            classes="drawing",
        )
