"""Elements that every part of the page is built of. A control has the name that `scene.states.looks` knows it by."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trame.widgets import html

Click = Any
"""A function of ours, one with its arguments in JavaScript, or JavaScript."""


def icon(name: str) -> None:
    """An icon of the font of icons."""
    html.I(classes=f"mdi {name}")


def button(name: str, click: Click, text: str = "", sign: str = "", classes: str = "") -> None:
    """A button; without `text` and `sign` it says what the looks have for it."""
    with html.Button(
        id=name,
        classes=classes,
        disabled=(f"!looks.{name}.enabled",),
        title=(f"looks.{name}.toolTip",),
        click=click,
    ):
        if sign:
            icon(sign)
        if text or not sign:
            html.Span(text or f"{{{{ looks.{name}.text }}}}")


def plain_button(key: str, click: Click, text: str = "", sign: str = "", tip: str = "", **more: Any) -> None:
    """A button that the looks say nothing of."""
    with html.Button(id=key, click=click, title=tip or text, **more):
        if sign:
            icon(sign)
        if text:
            html.Span(text)


def choice(name: str, value: str, options: str, disabled: str = "false") -> None:
    """A box to choose one of the options, rows of text and value in the state; `value` names the one that is chosen,
    `disabled` says in JavaScript whether `one` cannot be.
    """
    with html.Select(
        id=name,
        v_model=(value,),
        disabled=(f"!looks.{name}.enabled",),
        title=(f"looks.{name}.toolTip",),
    ):
        html.Option(
            "{{ one.text }}", v_for=f"one in {options}", key="one.value", value=("one.value",), disabled=(disabled,)
        )


def static_choice(key: str, value: str, rows: tuple[tuple[str, str], ...]) -> None:
    """A box to choose one of these rows of value and text."""
    with html.Select(id=key, v_model=(value,)):
        for one, text in rows:
            html.Option(text, value=one)


def slider(name: str, value: str, low: Any, high: Any, step: Any, lazily: bool = False) -> None:
    """A slider of numbers; the state has them while it is moved, or `lazily` once it is let go."""
    model = f'v-model.number{".lazy" * lazily}="{value}"'
    html.Input(type="range", id=name, min=low, max=high, step=step, raw_attrs=[model])


def number(name: str, value: str, **more: Any) -> None:
    """A box for a number."""
    html.Input(type="number", id=name, raw_attrs=[f'v-model.number.lazy="{value}"'], **more)


def text(name: str, value: str, placeholder: str) -> None:
    """A box for a line of text."""
    html.Input(
        type="text",
        id=name,
        v_model=(value,),
        placeholder=placeholder,
        disabled=(f"!looks.{name}.enabled",),
        title=(f"looks.{name}.toolTip",),
        raw_attrs=['maxlength="64"', 'autocomplete="off"'],
    )


def check(name: str, value: str, text: str, **more: Any) -> None:
    """A box to tick, with its text."""
    with html.Label(classes="check"):
        html.Input(type="checkbox", id=name, v_model=(value,), **more)
        html.Span(text)


@contextmanager
def row(label: str = "", **more: Any) -> Iterator[None]:
    """A line of the panel, with its label."""
    with html.Div(**{"classes": "row", **more}):
        if label:
            html.Label(label)
        yield


@contextmanager
def section(key: str, title: str) -> Iterator[None]:
    """A part of the panel that can be folded."""
    with html.Section(classes="section", id=f"{key}Section"):
        with html.Button(
            classes="head",
            click=f"folded = {{...folded, {key}: !folded.{key}}}",
            raw_attrs=[f':aria-expanded="!folded.{key}"'],
        ):
            html.I(classes=(f"'mdi ' + (folded.{key} ? 'mdi-chevron-right' : 'mdi-chevron-down')",))
            html.Span(title)
        with html.Div(classes="body", v_show=f"!folded.{key}"):
            yield
