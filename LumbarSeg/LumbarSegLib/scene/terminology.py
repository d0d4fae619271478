"""What Slicer's terminology says of a structure: our context file, and the entry that each segment carries.

The context file is made from the table of structures; `python -m LumbarSegLib.scene.terminology` writes it.
"""

import json
from typing import TYPE_CHECKING, Any

from LumbarSegLib.core.anatomy import ALL_KINDS, STRUCTURES, Code, Structure
from LumbarSegLib.errors import LumbarSegError
from LumbarSegLib.resources import resource

if TYPE_CHECKING:
    from slicer import vtkSlicerTerminologiesModuleLogic

CONTEXT = "Segmentation category and type - LumbarSeg"
CONTEXT_FILE = resource("Terminologies", "SegmentationCategoryTypeModifier-LumbarSeg.term.json")
_SCHEMA = "https://raw.githubusercontent.com/qiicr/dcmqi/master/doc/segment-context-schema.json#"
_REGION_CONTEXT = "Anatomic codes - DICOM master list"
# Slicer, dcmqi and TotalSegmentator use this code, not the 91723000 of DICOM's CID 7150.
_CATEGORY = Code("SCT", "123037004", "Anatomical Structure")


def entry_of(structure: Structure) -> str:
    """Value of a segment's `TerminologyEntry` tag: context, category, type, modifier and (empty) region."""
    none = "^^"
    parts = (CONTEXT, _coded(_CATEGORY), _coded(structure.code), none, _REGION_CONTEXT, none, none)
    return "~".join(parts)


def load_terminology(logic: "vtkSlicerTerminologiesModuleLogic") -> None:
    """Teach Slicer our context, once a start. Raises LumbarSegError if its file is missing or damaged."""
    if logic.LoadTerminologyFromFile(str(CONTEXT_FILE)) != CONTEXT:
        raise LumbarSegError(f"The file {CONTEXT_FILE.name} is missing or damaged; install LumbarSeg again.")


def context_document() -> dict[str, Any]:
    """Contents of the context file: the kinds without a level, then every level with a code of its own."""
    kinds: dict[Code, Structure] = {}
    for kind in ALL_KINDS:
        kinds.setdefault(kind.code, kind)
    levels = [row for row in STRUCTURES if row.code not in kinds]
    types = [_type(row) for row in (*kinds.values(), *levels)]
    return {
        "SegmentationCategoryTypeContextName": CONTEXT,
        "@schema": _SCHEMA,
        "SegmentationCodes": {"Category": [_document(_CATEGORY) | {"Type": types}]},
    }


def _type(structure: Structure) -> dict[str, Any]:
    return _document(structure.code) | {
        "recommendedDisplayRGBValue": list(structure.color),
        "3dSlicerLabel": structure.name,
    }


def _document(code: Code) -> dict[str, Any]:
    return {"CodingSchemeDesignator": code.scheme, "CodeValue": code.value, "CodeMeaning": code.meaning}


def _coded(code: Code) -> str:
    return f"{code.scheme}^{code.value}^{code.meaning}"


if __name__ == "__main__":
    CONTEXT_FILE.write_text(json.dumps(context_document(), indent=2) + "\n", encoding="utf-8")
