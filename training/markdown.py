"""Tables in Markdown, as reports print them."""

from collections.abc import Iterable


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """Lines of a Markdown table, an empty one at the end."""
    names = list(head)
    return [_row(names), _row(["---"] * len(names)), *map(_row, rows), ""]
