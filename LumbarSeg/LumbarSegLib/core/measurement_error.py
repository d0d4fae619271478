"""How far two measurements of the same thing may lie apart by chance, from `Resources/errors.json`, with its source."""

import json
from dataclasses import dataclass

from LumbarSegLib.resources import resource


@dataclass(frozen=True)
class MeasurementError:
    """A difference between two studies, in the unit of the measure, that 19 of 20 do not reach where nothing changed.

    `basis` says in words how it was found. It holds at `levels`, or everywhere where these are empty.
    """

    task: str
    measure: str
    change: float
    basis: str
    source: str
    levels: tuple[str, ...] = ()


ERRORS: tuple[MeasurementError, ...] = tuple(
    MeasurementError(**(row | {"levels": tuple(row.get("levels", ()))}))
    for row in json.loads(resource("errors.json").read_text(encoding="utf-8"))["errors"]
)
"""Those of single levels stand before those that hold everywhere."""


def error_of(task: str, measure: str, level: str) -> MeasurementError | None:
    """The measurement error of a measure at a level in images of a task; None where none is known."""
    fitting = (one for one in ERRORS if (one.task, one.measure) == (task, measure))
    return next((one for one in fitting if not one.levels or level in one.levels), None)
