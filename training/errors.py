"""What the training folder says when something of the user's cannot be used."""

import difflib
from collections.abc import Iterable


class TrainingError(Exception):
    """One clear sentence that says what is wrong and what to do; raised before hours are spent."""


def unknown(what: str, name: str, known: Iterable[str]) -> TrainingError:
    """The error for a name that does not exist, with the nearest one that does."""
    valid = list(known)
    if not valid:
        return TrainingError(f"There is no {what} {name!r}; there are none to set.")
    nearest = difflib.get_close_matches(name.lower(), valid, 1, cutoff=0.0)[0]
    return TrainingError(f"There is no {what} {name!r}; the nearest one is {nearest!r}.")
