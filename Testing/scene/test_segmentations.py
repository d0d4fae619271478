from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.levels import Spine
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.segmentations import (
    PARTLY_VISIBLE_TAG,
    attach_to_volume,
    label_of,
    labels_from_segmentation,
    provenance_of,
    segmentation_from_result,
    segments_of,
    volume_of,
)
from LumbarSegLib.scene.terminology import entry_of
from LumbarSegLib.scene.volumes import oriented_from_image, volume_from_image
from Testing.scene.grids import place_obliquely, same_grid, same_voxels

LOGIC = slicer.vtkSlicerSegmentationsModuleLogic


def by_name(segmentation: Any) -> dict[str, Any]:
    return {segment.GetName(): segment for segment in segments_of(segmentation).values()}


def paint(segmentation: Any, name: str, mask: np.ndarray, grid: sitk.Image) -> None:
    """What Slicer's editor does when a stroke ends."""
    drawn = sitk.GetImageFromArray(mask.astype(np.uint8))
    drawn.CopyInformation(grid)
    segment_id = segmentation.GetSegmentation().GetSegmentIdBySegmentName(name)
    assert LOGIC.SetBinaryLabelmapToSegment(oriented_from_image(drawn), segmentation, segment_id)


def test_each_structure_is_a_segment_in_the_order_of_the_spine(segmentation: Any, spine: Spine) -> None:
    assert list(by_name(segmentation)) == ["L5/S1", "L5", "L4/5", "L4", "L3/4", "L3", "Spinal canal"]
    for instance, segment in zip(spine.instances, segments_of(segmentation).values(), strict=True):
        structure = instance.structure
        assert np.allclose(segment.GetColor(), np.divide(structure.color, 255))
        assert segment.GetLabelValue() == label_of(segment) == structure.label
        assert _tag(segment, segment.GetTerminologyEntryTagName()) == entry_of(structure)


def test_a_structure_at_the_border_is_marked_and_flagged_for_review(segmentation: Any) -> None:
    marked = {name for name, segment in by_name(segmentation).items() if _tag(segment, PARTLY_VISIBLE_TAG) == "1"}
    flagged = {
        name for name, segment in by_name(segmentation).items() if LOGIC.GetSegmentStatus(segment) == LOGIC.Flagged
    }
    assert marked == flagged == {"L3"}


def test_the_volume_is_source_and_grid(segmentation: Any, volume: Any, spine: Spine) -> None:
    assert volume_of(segmentation) is volume
    own = labels_from_segmentation(segmentation)
    assert same_grid(own, spine.labels)
    assert same_voxels(own, spine.labels)


def test_provenance_is_on_the_node_and_on_each_segment(segmentation: Any, provenance: dict[str, str]) -> None:
    assert provenance_of(segmentation) == provenance
    segmentation.RemoveAttribute("LumbarSeg.Provenance")
    assert provenance_of(segmentation) == provenance


def test_a_segmentation_of_another_origin_has_no_provenance(scene: Any) -> None:
    assert provenance_of(scene.AddNewNodeByClass("vtkMRMLSegmentationNode")) == {}


def test_it_stands_beside_its_volume_in_the_study(scene: Any, spine: Spine, volume: Any) -> None:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "study")
    hierarchy.CreateItem(study, volume)
    segmentation = segmentation_from_result(scene, spine, volume, {})
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(segmentation)) == study


def test_the_items_are_made_where_there_are_none(scene: Any, segmentation: Any, volume: Any) -> None:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    items = [hierarchy.GetItemByDataNode(node) for node in (volume, segmentation)]
    assert all(items)
    assert [hierarchy.GetItemParent(item) for item in items] == [hierarchy.GetSceneItemID()] * 2


def test_the_label_map_comes_back_on_exactly_the_grid_of_the_volume(
    segmentation: Any, volume: Any, spine: Spine
) -> None:
    labels = labels_from_segmentation(segmentation, volume)
    assert labels.GetPixelID() == sitk.sitkUInt8
    assert (labels.GetOrigin(), labels.GetSpacing()) == (spine.labels.GetOrigin(), spine.labels.GetSpacing())
    assert labels.GetDirection() == spine.labels.GetDirection()
    assert same_voxels(labels, spine.labels)


def test_a_left_handed_grid_changes_nothing(scene: Any, spine: Spine, image: sitk.Image) -> None:
    mirrored = np.reshape(spine.labels.GetDirection(), (3, 3)) * (1, 1, -1)
    for picture in (spine.labels, image):
        picture.SetDirection(mirrored.ravel().tolist())
    volume = volume_from_image(scene, image, "volume")
    labels = labels_from_segmentation(segmentation_from_result(scene, spine, volume, {}), volume)
    assert same_voxels(labels, spine.labels)
    assert labels.GetDirection() == spine.labels.GetDirection()


def test_an_edit_that_overlaps_changes_no_other_label_value(segmentation: Any, volume: Any, spine: Spine) -> None:
    expected = sitk.GetArrayFromImage(spine.labels)
    grown = expected == 2
    grown[:, 30:34, :] = True
    paint(segmentation, "L4", grown, spine.labels)
    # Slicer gives the segment a value of its own, for it no longer shares an image with the others.
    assert by_name(segmentation)["L4"].GetLabelValue() != 2
    # The canal comes after the vertebrae and keeps what is its own.
    expected[grown & (expected != 100)] = 2
    found = sitk.GetArrayFromImage(labels_from_segmentation(segmentation, volume))
    assert set(np.unique(found)) == set(np.unique(expected))
    assert np.array_equal(found, expected)


def test_a_segment_that_holds_only_its_own_box_is_put_in_its_place(
    segmentation: Any, volume: Any, spine: Spine
) -> None:
    box = (spine.labels == 2)[4:22, 20:34, 1:6]
    segmentation.GetSegmentation().RemoveSegment("Segment_2")
    segment = slicer.vtkSegment()
    segment.SetName("L4")
    segment.SetLabelValue(1)
    segment.AddRepresentation("Binary labelmap", oriented_from_image(box))
    segmentation.GetSegmentation().AddSegment(segment)
    assert same_voxels(labels_from_segmentation(segmentation, volume), spine.labels)


def test_an_emptied_segment_leaves_nothing(segmentation: Any, volume: Any, spine: Spine) -> None:
    LOGIC.ClearSegment(segmentation, "Segment_201")
    labels = sitk.GetArrayFromImage(labels_from_segmentation(segmentation, volume))
    expected = sitk.GetArrayFromImage(spine.labels)
    expected[expected == 201] = 0
    assert np.array_equal(labels, expected)


def test_a_renamed_segment_keeps_its_label(segmentation: Any) -> None:
    segment = by_name(segmentation)["L4"]
    segment.SetName("L4, checked")
    assert label_of(segment) == 2


def test_a_segment_of_the_users_own_counts_by_its_name_or_not_at_all(
    segmentation: Any, volume: Any, spine: Spine
) -> None:
    whole = np.ones(spine.labels.GetSize()[::-1])
    segmentation.GetSegmentation().AddEmptySegment("", "Lesion")
    paint(segmentation, "Lesion", whole, spine.labels)
    assert same_voxels(labels_from_segmentation(segmentation, volume), spine.labels)
    by_name(segmentation)["Lesion"].SetName("L2")
    assert sitk.GetArrayFromImage(labels_from_segmentation(segmentation, volume)).min() == 4


def test_a_spine_without_structures_gives_an_empty_label_map(scene: Any, spine: Spine, volume: Any) -> None:
    nothing = Spine(spine.labels * 0, (), "L5/S1", ())
    labels = labels_from_segmentation(segmentation_from_result(scene, nothing, volume, {}), volume)
    assert same_voxels(labels, nothing.labels)
    assert same_grid(labels, nothing.labels)


def test_segments_are_put_on_the_grid_of_another_volume(scene: Any, segmentation: Any, spine: Spine) -> None:
    finer = sitk.Image(100, 120, 16, sitk.sitkInt16)
    place_obliquely(finer)
    finer.SetSpacing((0.33, 0.31, 1.9))
    labels = labels_from_segmentation(segmentation, volume_from_image(scene, finer, "other"))
    expected = sitk.Resample(spine.labels, finer, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    assert same_voxels(labels, expected)
    assert same_grid(labels, finer)


@pytest.mark.parametrize("moved_alone", [False, True])
def test_a_transform_moves_the_segments_with_their_volume(
    scene: Any, segmentation: Any, volume: Any, spine: Spine, moved_alone: bool
) -> None:
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = transform.GetMatrixTransformToParent()
    shift = np.array(spine.labels.GetDirection()).reshape(3, 3)[:, 0] * spine.labels.GetSpacing()[0] * 2
    for axis, lps_to_ras in enumerate((-1, -1, 1)):
        matrix.SetElement(axis, 3, shift[axis] * lps_to_ras)
    transform.SetMatrixTransformToParent(matrix)
    volume.SetAndObserveTransformNodeID(transform.GetID())
    if not moved_alone:
        attach_to_volume(segmentation, volume)
    found = sitk.GetArrayFromImage(labels_from_segmentation(segmentation, volume))
    expected = sitk.GetArrayFromImage(spine.labels)
    assert np.array_equal(found, np.roll(expected, -2, axis=2) if moved_alone else expected)


def test_without_a_grid_the_user_is_asked_for_the_volume(scene: Any) -> None:
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "old")
    with pytest.raises(InputError, match="grid of old is not known"):
        labels_from_segmentation(segmentation)


def _tag(segment: Any, name: str) -> str:
    from vtkmodules.vtkCommonCore import mutable

    value = mutable("")
    segment.GetTag(name, value)
    return str(value)
