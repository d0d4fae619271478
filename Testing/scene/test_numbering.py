"""Levels named anew in a segmentation that is there: names, colours, codes, labels, and what was done by hand."""

from typing import Any

import numpy as np
import pytest

from LumbarSegLib.core.anatomy import Numbering
from LumbarSegLib.core.renaming import named_spine
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.automatic import automatic_labels, back_to_automatic
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.numbering import name_levels
from LumbarSegLib.scene.reading import lowest_disc_of
from LumbarSegLib.scene.segmentations import label_of, labels_from_segmentation, provenance_of, segments_of, volume_of
from LumbarSegLib.scene.terminology import entry_of
from Testing.scene.following import SPINE, axial_run, mask_of, paint, segment_id, spine_run, without_front
from Testing.scene.grids import same_voxels

CORNER = "L3.superior_anterior"


@pytest.fixture
def segmentation(scene: Any) -> Any:
    return spine_run(scene).segmentation


def test_all_levels_shift_with_the_lowest_disc(segmentation: Any) -> None:
    before = [one.GetName() for one in segments_of(segmentation).values()]
    name_levels(segmentation, "L4/5")
    assert [one.GetName() for one in segments_of(segmentation).values()][:4] == ["L4/5", "L4", "L3/4", "L3"]
    for segment in segments_of(segmentation).values():
        structure = Numbering().structure(label_of(segment) or 0)
        assert segment.GetName() == structure.name and segment.GetTerminology() == entry_of(structure)
        assert np.allclose(segment.GetColor(), np.divide(structure.color, 255))
    assert lowest_disc_of(segmentation) == provenance_of(segmentation)["lowest_disc"] == "L4/5"
    labels = labels_from_segmentation(segmentation, volume_of(segmentation))
    assert same_voxels(labels, named_spine(SPINE.labels, "L4/5").labels)
    name_levels(segmentation, "L5/S1")
    assert [one.GetName() for one in segments_of(segmentation).values()] == before


def test_a_sixth_lumbar_vertebra_is_named_and_measured(segmentation: Any) -> None:
    name_levels(segmentation, "L6/S1")
    found = LiveMeasures(segmentation, volume_of(segmentation)).refresh()
    assert found.of("vertebra.anterior_height", "L6").value is not None
    assert found.lowest_disc == "L6/S1"
    name_levels(segmentation, "L5/S1")
    assert segment_id(segmentation, "L5") and lowest_disc_of(segmentation) == "L5/S1"


def test_the_numbers_stay_and_their_levels_move(segmentation: Any) -> None:
    live = LiveMeasures(segmentation, volume_of(segmentation))
    before = live.refresh().of("vertebra.anterior_height", "L3").value
    name_levels(segmentation, "L4/5")
    assert live.is_dirty
    assert live.refresh().of("vertebra.anterior_height", "L2").value == pytest.approx(before, abs=0.01)
    assert live.edited == frozenset()


def test_what_was_done_by_hand_moves_with_its_level(segmentation: Any) -> None:
    live = LiveMeasures(segmentation, volume_of(segmentation))
    x, y, z = live.refresh().landmarks[CORNER].place
    live.drag(CORNER, (x, y + 4.0, z))
    live.refresh()
    live.confirm("vertebra.posterior_height", "L5")
    paint(segmentation, "L1", without_front(mask_of(SPINE.labels, [5])), SPINE.labels)
    live.refresh()
    name_levels(segmentation, "L4/5")
    found = live.refresh()
    assert found.landmarks["L2.superior_anterior"].status == "edited"
    assert found.of("vertebra.posterior_height", "L4").status == "confirmed"
    assert live.edited == {"T12"}
    back_to_automatic(segmentation)
    assert same_voxels(automatic_labels(segmentation), named_spine(SPINE.labels, "L4/5").labels)  # type: ignore[arg-type]
    live.refresh()
    assert live.edited == frozenset()


def test_names_that_the_user_gave_stay(segmentation: Any) -> None:
    segment = segments_of(segmentation)[segment_id(segmentation, "L4")]
    segment.SetName("L4, checked")
    name_levels(segmentation, "L4/5")
    assert segment.GetName() == "L4, checked" and label_of(segment) == 3


def test_a_shift_beyond_the_names_changes_nothing(segmentation: Any) -> None:
    segmentation.GetSegmentation().AddEmptySegment("", "T2")
    before = [(one.GetName(), label_of(one)) for one in segments_of(segmentation).values()]
    with pytest.raises(InputError, match="cannot shift so far"):
        name_levels(segmentation, "L2/3")
    with pytest.raises(InputError, match="lowest disc cannot be"):
        name_levels(segmentation, "C2/3")
    assert [(one.GetName(), label_of(one)) for one in segments_of(segmentation).values()] == before


def test_axial_regions_have_no_levels_to_name(scene: Any) -> None:
    with pytest.raises(InputError, match="no levels to name"):
        name_levels(axial_run(scene).segmentation, "L4/5")
