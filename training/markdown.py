"""Tables in Markdown and the numbers in them, as reports print them."""

import math
from collections.abc import Iterable

from training.statistics import Estimate


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """Lines of a Markdown table, an empty one at the end."""
    names = list(head)
    return [_row(names), _row(["---"] * len(names)), *map(_row, rows), ""]


def in_words(found: Estimate, digits: int, signed: bool = False) -> str:
    """A mean with its interval."""
    low, high = (number(value, digits, signed) for value in (found.low, found.high))
    interval = f" ({low} to {high})" if math.isfinite(found.low) else ""
    return f"{number(found.mean, digits, signed)}{interval}"


def number(value: float, digits: int, signed: bool = False) -> str:
    """A number, or nothing where there is none."""
    if not math.isfinite(value):
        return ""
    return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
