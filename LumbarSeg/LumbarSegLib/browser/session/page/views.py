"""What lies over each view: its name, the slice that it shows, a slider to scroll, and a button to fit it."""

from typing import TYPE_CHECKING, Any

from trame.widgets import html

if TYPE_CHECKING:
    from trame_server import Server

_SCALE_MM = 50.0
NAMES = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal", "ThreeD": "3D"}


def fit_in_place(view: Any) -> None:
    """Fit a view to the image without leaving the slice that it shows."""
    offset = view.get_slice_value() if hasattr(view, "get_slice_value") else None
    view.fit_view_to_content()
    if offset is not None:
        view.set_slice_value(offset)
    view.schedule_render()


def view_overlay(server: "Server", view_id: str, view: Any) -> None:
    """Build what lies over a view; called while its element is open."""
    from trame_slicer.app.logic import connect_slice_view_slider_to_state
    from trame_slicer.views import SliceView

    is_slice = isinstance(view, SliceView)
    with html.Div(classes="overlay"):
        with html.Span(classes=f"view-name {NAMES[view_id].lower()}", id=f"name-{view_id}"):
            html.Span(NAMES[view_id])
            if is_slice:
                name = connect_slice_view_slider_to_state(server, view).name
                count = f"Math.round(({name.max_value} - {name.min_value}) / {name.step}) + 1"
                number = f"Math.round(({name.value} - {name.min_value}) / {name.step}) + 1"
        if is_slice:
            for side in ("left", "right", "top", "bottom"):
                html.Span(f"{{{{ (letters.{view_id} || {{}}).{side} }}}}", classes=f"letter {side}", v_if="image")
        if is_slice:
            scale = _scale(server, view_id, view)
            with html.Div(classes="scale", style=(f"`width: ${{{scale}}}%`",), v_if="image && in_mm"):
                html.Span("5 cm")
        with html.Button(classes="fit", title="Fit the view", click=lambda: fit_in_place(view), id=f"fit-{view_id}"):
            html.I(classes="mdi mdi-fit-to-page-outline")
        if is_slice:
            html.Span(
                f"{{{{ {number} }}}} / {{{{ {count} }}}}", classes="slice", id=f"slice-{view_id}", v_if="image && !flat"
            )
            html.Input(
                type="range",
                classes="scroll",
                v_if="!flat",
                title="Scroll through the slices",
                id=f"scroll-{view_id}",
                min=(name.min_value,),
                max=(name.max_value,),
                step=(name.step,),
                raw_attrs=[f'v-model.number="{name.value}"'],
            )


def _scale(server: "Server", view_id: str, view: Any) -> str:
    """Name of the state that tells how much of a view's width is 5 cm, in per cent."""
    name = f"{view_id}_scale"

    def follow(*_changed: object) -> None:
        server.state[name] = round(100 * _SCALE_MM / max(view.get_view_node().GetFieldOfView()[0], 1e-6), 2)

    view.modified.connect(follow)
    follow()
    return name
