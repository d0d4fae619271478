"""Findings from the CSV that `tables.to_csv` writes: numbers, reasons and doubts, without the places they are from."""

from collections.abc import Mapping, Sequence
from typing import get_args

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Cornered, Findings, Flag, Measurement, NamedBy, Represented, Status
from LumbarSegLib.core.report.csv_text import VALUES, in_its_column, rows_of_csv
from LumbarSegLib.core.report.tables import COLUMNS
from LumbarSegLib.errors import InputError

Remarks = Sequence[Sequence[str]]
_PARTS = ("flag", "level", "corner", "patient", "view", "lowest_disc")
"""First words of remarks that are a part of the findings; the others tell of their making."""


def findings_from_csv(text: str) -> tuple[Findings, dict[str, str]]:
    """The findings of a table of measures and all that it tells of their making. Values are as they were rounded;
    landmarks, sections and the meaning of cut-offs stand in the JSON alone.

    Raises InputError where the text is no such table, or says what cannot be.
    """
    try:
        remarks, rows = rows_of_csv(text)
        if not rows or tuple(rows[0]) != COLUMNS:
            raise InputError("this is no table of measures; give the CSV or the JSON that LumbarSeg wrote.")
        found = Findings(
            measurements=tuple(map(_measurement, rows)),
            landmarks={},
            sections=(),
            flags=tuple(Flag(name.partition(" ")[2], level, told) for name, level, told in _of(remarks, "flag", 3)),
            lowest_disc=_one(remarks, "lowest_disc"),
            represented=tuple(_represented(*told) for told in _of(remarks, "level", 3)),
            view=_one(remarks, "view"),
            corners=_corners(remarks),
            patient={name.partition(" ")[2]: told for name, told in _of(remarks, "patient", 2)},
        )
    except (KeyError, ValueError) as error:
        raise InputError(f"this table is damaged or was altered ({error}); measure again.") from error
    made = {row[0]: row[1] for row in remarks if len(row) == 2 and row[0].partition(" ")[0] not in _PARTS}
    return found, made


def _measurement(row: Mapping[str, str]) -> Measurement:
    measure = MEASURES.get(row["measure"])
    if measure is None:
        raise ValueError(f"there is no measure {row['measure']!r}")
    number = "".join(row[column] for column in VALUES)
    if tuple(row[column] for column in VALUES) != in_its_column(measure.ucum, number):
        raise ValueError(f"a value of {measure.key} stands under another unit than {measure.ucum}")
    if bool(number) == bool(row["reason"]):
        raise ValueError(f"{measure.key} at {row['level']} must have a number or a reason, and not both")
    if row["status"] not in get_args(Status):
        raise ValueError(f"{row['status']!r} is no status")
    return Measurement(
        measure.key,
        row["level"],
        float(number) if number else None,
        status=row["status"],  # type: ignore[arg-type]  # looked at above
        flags=tuple(row["flags"].split()),
        reason=row["reason"],
        band=row["band"],
    )


def _represented(name: str, number: str, named_by: str) -> Represented:
    if named_by not in get_args(NamedBy):
        raise ValueError(f"{named_by!r} names no level")
    return Represented(name.partition(" ")[2], int(number), named_by)  # type: ignore[arg-type]  # looked at above


def _corners(remarks: Remarks) -> tuple[Cornered, ...]:
    """The corners of a radiograph: column and row, then the same in mm where they are known."""
    found: dict[str, dict[str, list[float]]] = {}
    for row in remarks:
        if row[0].startswith("corner "):
            vertebra, _, end = row[0].removeprefix("corner ").partition(".")
            found.setdefault(vertebra, {})[end] = [float(number) for number in row[1:]]
    return tuple(
        Cornered(
            vertebra,
            {end: (each[0], each[1]) for end, each in ends.items()},
            {end: (each[2], each[3]) for end, each in ends.items()}
            if all(len(each) == 4 for each in ends.values())
            else None,
        )
        for vertebra, ends in found.items()
    )


def _of(remarks: Remarks, kind: str, count: int) -> list[Sequence[str]]:
    return [row for row in remarks if row[0].startswith(f"{kind} ") and len(row) == count]


def _one(remarks: Remarks, name: str) -> str:
    return next((row[1] for row in remarks if row[0] == name and len(row) == 2), "")
