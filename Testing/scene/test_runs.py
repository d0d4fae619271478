"""A run put into the scene, undone and brought back: nothing of the user's work is lost on the way."""

from typing import Any

import pytest
import SimpleITK as sitk

from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.scene.automatic import automatic_labels
from LumbarSegLib.scene.hierarchy import hierarchy_of
from LumbarSegLib.scene.runs import Run, put_result
from LumbarSegLib.scene.segmentations import (
    attach_to_volume,
    labels_from_segmentation,
    provenance_of,
    segments_of,
    volume_of,
)
from LumbarSegLib.scene.visibility import show_surfaces
from LumbarSegLib.scene.volumes import volume_from_image
from Testing.scene.following import PROVENANCE, SPINE, image_like, mask_of, paint, segment_id, spine_run, without_front
from Testing.scene.grids import same_voxels

SECOND = {**PROVENANCE, "model": "another"}


@pytest.fixture
def second_labels() -> sitk.Image:
    """Another answer for the same image: no L1 and nothing above."""
    labels = sitk.Image(SPINE.labels)
    for label in (5, 6, 7, 205, 206, 207):
        labels = sitk.Mask(labels, labels != label)
    return labels


@pytest.fixture
def run(scene: Any) -> Run:
    return spine_run(scene)


def labels_of(segmentation: Any) -> sitk.Image:
    return labels_from_segmentation(segmentation, volume_of(segmentation))


def edit(segmentation: Any) -> None:
    paint(segmentation, "L3", without_front(mask_of(SPINE.labels, [3])), SPINE.labels)


def test_a_second_run_that_keeps_both_stands_beside_the_first(scene: Any, run: Run, second_labels: sitk.Image) -> None:
    volume = volume_of(run.segmentation)
    second = put_result(volume, spine_of(second_labels), SECOND)
    assert second.segmentation is not run.segmentation
    assert same_voxels(labels_of(run.segmentation), SPINE.labels)
    assert same_voxels(labels_of(second.segmentation), second_labels)
    second.undo()
    assert second.segmentation is None and scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationDisplayNode") == 1


def test_an_undone_run_comes_back_as_it_was_left(scene: Any, run: Run) -> None:
    segmentation = run.segmentation
    edit(segmentation)
    edited = labels_of(segmentation)
    segmentation.GetDisplayNode().SetSegmentVisibility(segment_id(segmentation, "L1"), False)
    run.undo()
    assert run.can_redo and not run.can_undo and run.segmentation is None
    hierarchy = hierarchy_of(scene)
    assert not hierarchy.GetItemChildWithName(hierarchy.GetSceneItemID(), segmentation.GetName())
    run.redo()
    assert run.segmentation is segmentation and volume_of(segmentation) is not None
    assert same_voxels(labels_of(segmentation), edited)
    assert not segmentation.GetDisplayNode().GetSegmentVisibility(segment_id(segmentation, "L1"))
    assert hierarchy.GetItemByDataNode(segmentation)


def test_a_replaced_result_comes_back_with_all_edits(scene: Any, run: Run, second_labels: sitk.Image) -> None:
    segmentation = run.segmentation
    edit(segmentation)
    edited, name, node_id = labels_of(segmentation), segmentation.GetName(), segmentation.GetID()
    second = put_result(volume_of(segmentation), spine_of(second_labels), SECOND, replacing=segmentation)
    assert second.segmentation is segmentation and segmentation.GetID() == node_id and segmentation.GetName() == name
    assert same_voxels(labels_of(segmentation), second_labels)
    assert same_voxels(automatic_labels(segmentation), second_labels)  # type: ignore[arg-type]
    assert provenance_of(segmentation)["model"] == "another"
    edit(segmentation)
    edited_again = labels_of(segmentation)
    second.undo()
    assert same_voxels(labels_of(segmentation), edited)
    assert same_voxels(automatic_labels(segmentation), SPINE.labels)  # type: ignore[arg-type]
    assert provenance_of(segmentation)["model"] == "by hand"
    second.redo()
    assert same_voxels(labels_of(segmentation), edited_again)
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1


def test_a_replacing_result_is_shown_as_the_one_before(run: Run, second_labels: sitk.Image) -> None:
    segmentation = run.segmentation
    show_surfaces(segmentation)
    segmentation.GetDisplayNode().SetOpacity3D(0.4)
    segmentation.GetDisplayNode().SetSegmentVisibility(segment_id(segmentation, "L5"), False)
    second = put_result(volume_of(segmentation), spine_of(second_labels), SECOND, replacing=segmentation)
    for _ in range(2):
        display = segmentation.GetDisplayNode()
        assert not display.GetSegmentVisibility(segment_id(segmentation, "L5"))
        assert display.GetSegmentVisibility(segment_id(segmentation, "L4")) and display.GetOpacity3D() == 0.4
        assert segmentation.GetSegmentation().ContainsRepresentation("Closed surface")
        second.undo()


def test_a_segmentation_that_is_no_result_of_ours_can_be_replaced_and_comes_back(scene: Any) -> None:
    volume = volume_from_image(scene, image_like(SPINE.labels), "T2")
    drawn = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "by hand")
    attach_to_volume(drawn, volume)
    drawn.GetSegmentation().AddEmptySegment("", "Lesion")
    paint(drawn, "Lesion", mask_of(SPINE.labels, [2]), SPINE.labels)
    run = put_result(volume, spine_of(SPINE.labels), PROVENANCE, replacing=drawn)
    assert len(segments_of(drawn)) > 10
    run.undo()
    assert [one.GetName() for one in segments_of(drawn).values()] == ["Lesion"]
    assert provenance_of(drawn) == {} and automatic_labels(drawn) is None


def test_undo_and_redo_do_nothing_twice(run: Run) -> None:
    run.redo()
    assert run.segmentation is not None
    run.undo()
    run.undo()
    assert run.segmentation is None
    run.redo()
    run.redo()
    assert same_voxels(labels_of(run.segmentation), SPINE.labels)


@pytest.mark.parametrize("undone", [False, True])
def test_once_the_scene_is_closed_there_is_nothing_to_undo_or_bring_back(scene: Any, run: Run, undone: bool) -> None:
    if undone:
        run.undo()
    scene.Clear(0)
    assert not run.can_undo and not run.can_redo
    run.undo()
    run.redo()
    assert not scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")


def test_a_replaced_node_that_the_user_removes_takes_its_undo_with_it(
    scene: Any, run: Run, second_labels: sitk.Image
) -> None:
    segmentation = run.segmentation
    second = put_result(volume_of(segmentation), spine_of(second_labels), SECOND, replacing=segmentation)
    scene.RemoveNode(segmentation)
    assert second.segmentation is None and not second.can_undo and not run.can_undo
    second.undo()


def test_fifty_runs_and_undos_leave_no_node_behind(scene: Any, run: Run, second_labels: sitk.Image) -> None:
    volume, result = volume_of(run.segmentation), spine_of(second_labels)

    def nodes() -> list[str]:
        return sorted(scene.GetNthNode(k).GetClassName() for k in range(scene.GetNumberOfNodes()))

    before = nodes()
    for _ in range(25):
        put_result(volume, result, SECOND).undo()
        put_result(volume, result, SECOND, replacing=run.segmentation).undo()
    assert nodes() == before
