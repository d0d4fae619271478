"""Windows over the page: opening an image, cut-offs, levels of slices, the card of a model, the keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trame.widgets import html

from LumbarSegLib.browser.session.page.parts import icon, plain_button, static_choice

if TYPE_CHECKING:
    from trame_server.state import State

    from LumbarSegLib.browser.session.session import Session

_KEYS = (
    ("wheel", "next slice"),
    ("right drag", "zoom"),
    ("middle drag, or shift and left drag", "pan"),
    ("space", "next level of the measure that is selected; with shift the one before"),
    ("[ and ]", "smaller and larger brush"),
    ("ctrl z, ctrl y", "undo and redo a correction"),
    ("escape", "put the tool away"),
)


def dialogs(session: "Session") -> None:
    """All windows, of which one is shown at a time, named by the state `dialog`."""
    _opening(session)
    _series(session)
    _cut_offs(session)
    _levels(session)
    with _dialog("card", "Model"):
        html.Div(v_html=("card",), classes="card")
    with _dialog("keys", "Mouse and keys"), html.Dl():
        for key, told in _KEYS:
            html.Dt(key)
            html.Dd(told)


def close_dialog(state: "State") -> None:
    """Show no window any more. The page is told in any case: the click that opened one may still be under way to the
    session, which then sees no change.
    """
    state.dialog = ""
    state.dirty("dialog")


@contextmanager
def _dialog(key: str, title: str) -> Iterator[None]:
    with html.Div(classes="veil", v_if=f"dialog === '{key}'", click="dialog = ''"):
        with html.Div(classes="dialog", id=f"{key}Dialog", click="$event.stopPropagation()"):
            with html.Div(classes="title"):
                html.H2(title)
                plain_button("closeDialog", "dialog = ''", sign="mdi-close", tip="Close")
            yield


def _opening(session: "Session") -> None:
    opening = session.opening
    with _dialog("open", "Open an image"):
        with html.Label(classes="drop", raw_attrs=["data-drop"]):
            html.Input(
                type="file",
                id="uploadInput",
                raw_attrs=[
                    "multiple",
                    'style="display: none"',
                    '@change="utils.lumbarseg.upload($event.target.files); $event.target.value = null"',
                ],
            )
            icon("mdi-tray-arrow-up")
            html.Span(
                "{{ uploading || (is_opening ? 'The image is being read.' : 'Choose files or drop them here.') }}"
            )
            html.Small(
                "NRRD, NIfTI, MetaImage, DICOM files or a zip of them, PNG or JPEG, a scene (.mrb); of the image that "
                "is open also its segments (.seg.nrrd) and measures (.json, .csv). They are deleted when you leave."
            )
        with html.Div(classes="row"):
            html.Label("A picture is", raw_attrs=['for="pictureBox"'])
            static_choice("pictureBox", "picture_as", (("xray", "a radiograph"), ("axial", "an axial MR slice")))
            with html.Label(classes="check", v_if="image"):
                html.Input(type="checkbox", id="keepBox", v_model=("keep_open",))
                html.Span("Keep what is open (same patient)")
        html.Div(
            "An image takes the place of what is open now, with its corrections. Export it first to keep it.",
            classes="note",
            v_if="result && !keep_open",
        )
        html.H3("Samples")
        with html.Div(classes="list"):
            with html.Button(
                v_for="one in samples",
                key="one.name",
                click=(opening.open_sample, "[one.name]"),
                disabled=("is_opening",),
                raw_attrs=[':id="`sample-${one.name}`"'],
            ):
                icon("mdi-image-outline")
                html.Span("{{ one.title }}")
        with html.Div(v_if="served"):
            html.H3("On this server{{ folder === '.' ? '' : ': ' + folder }}")
            with html.Div(classes="list", id="servedFiles"):
                with html.Div(v_for="one in entries", key="one.path", classes="entry"):
                    with html.Button(
                        disabled=("is_opening",),
                        click=(session.open_entry, "[one.path, one.is_folder]"),
                        classes="grow",
                    ):
                        html.I(classes=("'mdi ' + (one.is_folder ? 'mdi-folder-outline' : 'mdi-image-outline')",))
                        html.Span("{{ one.name }}")
                    html.Button(
                        "Open as DICOM",
                        v_if="one.is_folder && one.name !== '..'",
                        disabled=("is_opening",),
                        click=(opening.open_served, "[one.path]"),
                    )


def _series(session: "Session") -> None:
    with _dialog("series", "Which series?"):
        html.Div("These DICOM files hold several series. Choose one.", classes="note")
        with html.Div(classes="list", id="seriesList"):
            html.Button(
                "{{ one.text }}",
                v_for="one in series",
                key="one.uid",
                disabled=("is_opening",),
                click=(session.opening.open_series, "[one.uid]"),
            )


def _cut_offs(session: "Session") -> None:
    rules = session.cut_offs
    with _dialog("cut-offs", "Cut-offs"):
        html.Div(
            "A cut-off tells on which side of it a value lies, and nothing of a patient. Change one and it counts as "
            "your own; this browser keeps it for the next time.",
            classes="note",
        )
        with html.Div(classes="cut-offs"), html.Table():
            with html.Thead(), html.Tr():
                for head in ("Measure", "Levels", "Cut-off", "Meaning", "Source", "Population"):
                    html.Th(head)
            with html.Tbody():
                with html.Tr(v_for="(one, at) in cut_offs", key="at"):
                    html.Td("{{ one.name }}")
                    html.Td("{{ one.levels_text }}")
                    with html.Td():
                        html.Input(
                            type="number",
                            raw_attrs=[':value="one.value"', ':id="`cut-off-${at}`"', 'step="any"'],
                            change=(rules.change, "[at, $event.target.value]"),
                        )
                    for told in ("meaning", "source", "population"):
                        html.Td(f"{{{{ one.{told} }}}}")
        html.Div("{{ cut_offs_problem }}", classes="note warning", v_if="cut_offs_problem")
        with html.Div(classes="row"):
            plain_button("resetCutOffs", rules.reset, "Reset all")


def _levels(session: "Session") -> None:
    with _dialog("levels", "Levels of the slices"):
        html.Div("The slice that shows each level. Slice 1 is the lowest.", classes="note")
        # What is typed stays here until all is said: an answer of the session would overwrite what is being typed.
        with html.Div(classes="row", v_for="one in slice_levels", key="one.level"):
            html.Label("{{ one.level }}")
            html.Input(
                type="number",
                min=0,
                max=("slice_count",),
                raw_attrs=[":value=\"one.slice || ''\"", ':id="`level-${one.level}`"', 'placeholder="not named"'],
                input="one.slice = Number($event.target.value)",
            )
        with html.Div(classes="row"):
            plain_button("nameSlices", (session.measuring.levels.name_slices, "[slice_levels]"), "Name them")
