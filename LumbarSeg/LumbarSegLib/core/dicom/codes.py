"""What DICOM calls our structures, levels, measures and remarks: `Resources/dicom.json`, as data.

Public codes are SNOMED CT, DICOM and LOINC ones that the standard's context groups hold. What none of them names has a
code of the private scheme 99LUMBARSEG: the thecal sac, the AAP, and the method of each measure, whose quantity ("Area",
"Cobb angle") is public.
"""

import json
from dataclasses import dataclass
from typing import Any

from LumbarSegLib.core.anatomy import STRUCTURES, Code, Structure
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.resources import resource

_TABLE: dict[str, Any] = json.loads(resource("dicom.json").read_text(encoding="utf-8"))
_VERTEBRAE = {row.name: row.code for row in STRUCTURES if row.kind == "vertebra"}
_DISCS = {row.name: row.code for row in STRUCTURES if row.kind == "disc"}

SCHEME: str = _TABLE["scheme"]["designator"]
SCHEME_NAME: str = _TABLE["scheme"]["name"]
CATEGORY = Code(**_TABLE["category"])
"""Of every segment: an anatomical structure."""
REGION = Code(**_TABLE["region"])
"""Where all that has no level of its own lies: the lumbar spine."""


@dataclass(frozen=True)
class Quantity:
    """What is measured ("Area") and how we measure it ("Canal area")."""

    name: Code
    method: Code


def type_of(structure: Structure) -> Code:
    """The type of a segment: the code of its structure, or a private one where that code is a wider concept."""
    code = _finding(structure.kind)
    return code if code and code.scheme == SCHEME else structure.code


def finding_of(measure: str, level: str) -> Code:
    """What a measure is about: a vertebra or a disc by its level, else the kind of structure."""
    family = MEASURES[measure].family
    own = (_DISCS if family == "disc" else _VERTEBRAE if family in ("vertebra", "coronal") else {}).get(level)
    return own or Code(**_TABLE["findings"][family])


def site_of(level: str, task: str) -> Code:
    """Where a level lies: a vertebra, or the level of a disc; the lumbar spine for all else that is named in an MR
    image, the spine on a radiograph, which shows more of it.
    """
    told = _TABLE["levels"].get(level)
    return _VERTEBRAE.get(level) or (Code(**told) if told else Code(**_TABLE["spine"]) if task == "xray" else REGION)


def quantity_of(measure: str) -> Quantity:
    """The public concept of a measure, and the private one of its method."""
    row = _TABLE["measures"][measure]
    return Quantity(Code(**_TABLE["quantities"][row["quantity"]]), Code(SCHEME, row["value"], MEASURES[measure].name))


def unit_of(measure: str) -> Code:
    """The unit of a measure in UCUM."""
    ucum = MEASURES[measure].ucum
    return Code("UCUM", ucum, "no units" if ucum == "1" else ucum)


def procedure_of(task: str) -> Code:
    """The imaging procedure that a report is about."""
    return Code(**_TABLE["procedures"]["XR" if task == "xray" else "MR"])


def item(name: str) -> Code:
    """The name of a content item that is no measurement ("reason", "doubt", "class", "comment")."""
    return Code(**_TABLE["items"][name])


def status_code(status: str) -> Code:
    """The code of a value's status ("automatic", "edited", "confirmed")."""
    return Code(**_TABLE["statuses"][status])


def _finding(kind: str) -> Code | None:
    row = _TABLE["findings"].get(kind)
    return Code(**row) if row else None
