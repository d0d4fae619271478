import json
from typing import Any

import pytest

from LumbarSegLib.core.anatomy import ALL_KINDS, STRUCTURES, Structure
from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.terminology import CONTEXT, CONTEXT_FILE, context_document, entry_of, load_terminology

ALL = (*ALL_KINDS, *STRUCTURES)


@pytest.fixture
def logic(scene: Any) -> Any:
    logic = slicer.vtkSlicerTerminologiesModuleLogic()
    load_terminology(logic)
    return logic


def test_the_context_file_is_made_from_the_table_of_structures() -> None:
    remedy = "write it anew: python -m LumbarSegLib.scene.terminology"
    assert json.loads(CONTEXT_FILE.read_text(encoding="utf-8")) == context_document(), remedy


def test_slicer_loads_the_context(logic: Any) -> None:
    assert logic.IsTerminologyContextLoaded(CONTEXT)


@pytest.mark.parametrize("structure", ALL, ids=lambda structure: structure.name)
def test_the_code_of_every_structure_is_found_in_the_context(logic: Any, structure: Structure) -> None:
    entry = slicer.vtkSlicerTerminologyEntry()
    assert logic.DeserializeTerminologyEntry(entry_of(structure), entry)
    category, found = slicer.vtkSlicerTerminologyCategory(), slicer.vtkSlicerTerminologyType()
    assert logic.GetNthCategoryInTerminology(CONTEXT, 0, category)
    assert logic.AreCodedEntriesEqual(entry.GetCategoryObject(), category)
    count = logic.GetNumberOfTypesInTerminologyCategory(CONTEXT, category)
    matches = []
    for place in range(count):
        logic.GetNthTypeInTerminologyCategory(CONTEXT, category, place, found)
        if found.GetCodeValue() == structure.code.value:
            matches.append((found.GetCodingSchemeDesignator(), found.GetCodeMeaning()))
    assert matches == [(structure.code.scheme, structure.code.meaning)]


@pytest.mark.parametrize("structure", [row for row in STRUCTURES if row.name in ("L3", "L3/4", "Spinal canal")])
def test_slicer_proposes_our_colour_for_a_level(logic: Any, structure: Structure) -> None:
    entry = slicer.vtkSlicerTerminologyEntry()
    logic.DeserializeTerminologyEntry(entry_of(structure), entry)
    assert logic.UpdateEntryFromLoadedTerminologies(entry, [CONTEXT], [])
    assert entry.GetTypeObject().GetRecommendedDisplayRGBValue() == structure.color


def test_slicer_writes_the_entry_as_we_do(logic: Any) -> None:
    entry = slicer.vtkSlicerTerminologyEntry()
    logic.DeserializeTerminologyEntry(entry_of(STRUCTURES[1]), entry)
    assert logic.SerializeTerminologyEntry(entry) == entry_of(STRUCTURES[1])
