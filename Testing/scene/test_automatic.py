"""The way back to the automatic result: for one segment, for all, after deletion, after a scene file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.regions import Regions
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.automatic import agreement_of, automatic_labels, automatic_of, back_to_automatic
from LumbarSegLib.scene.files import load_segmentation, save_segmentation
from LumbarSegLib.scene.segmentations import (
    labels_from_segmentation,
    segmentation_from_result,
    segments_of,
    volume_of,
)
from Testing.axial import TS, axial_labels
from Testing.scene.following import SPINE, axial_run, mask_of, paint, segment_id, spine_run, without_front
from Testing.scene.grids import same_grid, same_voxels


@pytest.fixture
def segmentation(scene: Any) -> Any:
    return spine_run(scene, agreement={"disc": 0.9}).segmentation


def labels_of(segmentation: Any) -> sitk.Image:
    return labels_from_segmentation(segmentation, volume_of(segmentation))


def voxels_of(segmentation: Any, name: str) -> np.ndarray:
    """A segment's own voxels, whatever lies over them."""
    from LumbarSegLib.scene.merging import merged
    from LumbarSegLib.scene.volumes import oriented_from_image

    key = segment_id(segmentation, name)
    return sitk.GetArrayFromImage(merged(segmentation, {key: 1}, oriented_from_image(SPINE.labels))) > 0


def grow(segmentation: Any) -> np.ndarray:
    """L4 drawn into L5 and the canal, as a segment that overlaps."""
    grown = mask_of(SPINE.labels, [2]) | without_front(mask_of(SPINE.labels, [1]))
    grown[:, :, -20:] |= mask_of(SPINE.labels, [100])[:, :, -20:]
    paint(segmentation, "L4", grown, SPINE.labels)
    return grown


def test_the_automatic_result_is_kept_as_it_was(segmentation: Any) -> None:
    kept = automatic_labels(segmentation)
    assert kept is not None and same_grid(kept, SPINE.labels) and same_voxels(kept, SPINE.labels)
    grow(segmentation)
    assert same_voxels(automatic_labels(segmentation), SPINE.labels)  # type: ignore[arg-type]
    assert agreement_of(segmentation) == {"disc": 0.9}


def test_one_segment_goes_back_and_another_edit_stays(segmentation: Any) -> None:
    paint(segmentation, "L3", without_front(mask_of(SPINE.labels, [3])), SPINE.labels)
    grow(segmentation)
    back_to_automatic(segmentation, [segment_id(segmentation, "L4")])
    assert np.array_equal(voxels_of(segmentation, "L4"), mask_of(SPINE.labels, [2]))
    assert np.array_equal(voxels_of(segmentation, "L3"), without_front(mask_of(SPINE.labels, [3])))


def test_what_a_segment_gets_back_is_taken_from_its_neighbour(segmentation: Any) -> None:
    grow(segmentation)
    back_to_automatic(segmentation, [segment_id(segmentation, "L5")])
    assert np.array_equal(voxels_of(segmentation, "L5"), mask_of(SPINE.labels, [1]))
    assert not (voxels_of(segmentation, "L4") & mask_of(SPINE.labels, [1])).any()


def test_all_go_back_with_those_that_were_deleted_and_a_drawn_one_stays(segmentation: Any) -> None:
    grow(segmentation)
    segmentation.GetSegmentation().RemoveSegment(segment_id(segmentation, "L3/4"))
    segmentation.GetSegmentation().AddEmptySegment("", "Lesion")
    paint(segmentation, "Lesion", mask_of(SPINE.labels, [1]), SPINE.labels)
    back_to_automatic(segmentation)
    assert same_voxels(labels_of(segmentation), SPINE.labels)
    assert np.array_equal(voxels_of(segmentation, "Lesion"), mask_of(SPINE.labels, [1]))
    segment = segments_of(segmentation)[segment_id(segmentation, "L3/4")]
    assert segment.GetName() == "L3/4" and segment.GetTerminology()


def test_a_renamed_segment_goes_back_and_keeps_its_name_and_colour(segmentation: Any) -> None:
    grow(segmentation)
    segment = segments_of(segmentation)[segment_id(segmentation, "L4")]
    segment.SetName("L4, checked")
    segment.SetColor(1, 0, 0)
    back_to_automatic(segmentation)
    assert same_voxels(labels_of(segmentation), SPINE.labels)
    assert (segment.GetName(), segment.GetColor()) == ("L4, checked", (1, 0, 0))


def test_a_structure_that_was_added_is_emptied(segmentation: Any) -> None:
    segmentation.GetSegmentation().AddEmptySegment("", "T10")
    paint(segmentation, "T10", mask_of(SPINE.labels, [1]), SPINE.labels)
    back_to_automatic(segmentation)
    assert same_voxels(labels_of(segmentation), SPINE.labels)
    assert not voxels_of(segmentation, "T10").any()


def test_going_back_without_an_edit_changes_nothing(segmentation: Any) -> None:
    changes: list[str] = []
    for event in ("ModifiedEvent", segmentation.GetSegmentation().SourceRepresentationModified):
        segmentation.AddObserver(event, lambda _node, name: changes.append(name))
    back_to_automatic(segmentation)
    assert changes == []


@pytest.mark.parametrize("suffix", [".mrb"])
def test_the_way_back_lies_in_the_scene_file(scene: Any, segmentation: Any, tmp_path: Path, suffix: str) -> None:
    grow(segmentation)
    save_segmentation(segmentation, tmp_path / f"case{suffix}")
    opened = load_segmentation(scene, tmp_path / f"case{suffix}")
    assert not same_voxels(labels_of(opened), SPINE.labels)
    back_to_automatic(opened)
    assert same_voxels(labels_of(opened), SPINE.labels)


def test_a_copy_of_the_node_goes_back_on_its_own(scene: Any, segmentation: Any) -> None:
    grow(segmentation)
    copy = scene.CopyNode(segmentation)
    back_to_automatic(copy)
    assert same_voxels(labels_from_segmentation(copy, volume_of(segmentation)), SPINE.labels)
    assert not same_voxels(labels_of(segmentation), SPINE.labels)


def test_axial_regions_go_back_too(scene: Any) -> None:
    segmentation = axial_run(scene).segmentation
    labels = axial_labels()
    mask = mask_of(labels, [TS])
    mask[2, :35] = False
    paint(segmentation, "TS", mask, labels)
    back_to_automatic(segmentation)
    assert same_voxels(labels_of(segmentation), labels)
    assert isinstance(automatic_of(segmentation), Regions)


def test_without_an_automatic_result_there_is_no_way_back(scene: Any, segmentation: Any) -> None:
    result = automatic_of(segmentation)
    assert result is not None
    plain = segmentation_from_result(scene, result, volume_of(segmentation), {})
    with pytest.raises(InputError, match="holds no automatic result"):
        back_to_automatic(plain)


@pytest.mark.parametrize("name", ["Lesion", "T10"])
def test_a_segment_that_the_model_did_not_find_has_no_way_back(segmentation: Any, name: str) -> None:
    grow(segmentation)
    segmentation.GetSegmentation().AddEmptySegment("", name)
    before = labels_of(segmentation)
    with pytest.raises(InputError, match=f"{name} was not found by the model"):
        back_to_automatic(segmentation, [segment_id(segmentation, "L4"), segment_id(segmentation, name)])
    assert same_voxels(labels_of(segmentation), before)
