"""A model's card: what it was trained on, what it reached, where it ends; as HTML, which both pages show."""

from html import escape
from typing import TYPE_CHECKING, Any

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.scene.translation import tr as _

if TYPE_CHECKING:
    from LumbarSegLib.core.models import ModelInfo


def card(info: "ModelInfo") -> str:
    """The card as HTML, from what the model file says of itself."""
    trained = [_trained(dict(one)) for one in info.training_data]
    scores = [_scored(dict(one)) for one in info.scores]
    listed = "" if info.listed else f"<p><b>{_('This file does not come with LumbarSeg.')}</b></p>"
    parts = [
        f"<h3>{escape(info.title or info.name)}</h3>",
        f"<p>{escape(info.name)} {escape(info.version)}. {escape(info.intended_use)}</p>",
        "" if RESEARCH_USE in info.intended_use else f"<p><b>{escape(RESEARCH_USE)}</b></p>",
        listed,
        _list(_("Trained on"), trained),
        _list(_("Scores"), scores),
        _list(_("Limits"), [escape(one) for one in info.limits]),
        f"<p><small>SHA-256 {info.sha256}</small></p>",
    ]
    return "".join(parts)


def _list(title: str, rows: list[str]) -> str:
    items = "".join(f"<li>{row}</li>" for row in rows)
    return f"<h4>{escape(title)}</h4><ul>{items}</ul>" if rows else ""


def _trained(told: dict[str, Any]) -> str:
    return escape(", ".join(str(value) for value in told.values() if isinstance(value, str | int | float)))


def _scored(told: dict[str, Any]) -> str:
    where = next((str(told[key]) for key in ("measured_on", "data", "name") if key in told), "")
    numbers = [f"{key} {value:.3f}" for key, value in _numbers(told).items()]
    return escape(f"{where}: {', '.join(numbers)}" if where else ", ".join(numbers))


def _numbers(told: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, value in told.items():
        if isinstance(value, dict):
            found |= _numbers(value)
        elif isinstance(value, float):
            found[key] = value
    return found
