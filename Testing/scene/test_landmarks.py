"""Landmarks as points that can be dragged: a drag becomes an override, and what is refreshed comes back to them."""

from typing import Any

import numpy as np
import pytest
from vtkmodules.vtkCommonTransforms import vtkTransform

from LumbarSegLib.scene.hierarchy import remove
from LumbarSegLib.scene.landmarks import DraggableLandmarks, levels_of
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.segmentations import volume_of
from Testing.scene.following import axial_run, segment_id, spine_run

CORNER = "L3.superior_anterior"
TO_RAS = np.array([-1.0, -1.0, 1.0])


@pytest.fixture
def segmentation(scene: Any) -> Any:
    return spine_run(scene).segmentation


@pytest.fixture
def live(segmentation: Any) -> LiveMeasures:
    live = LiveMeasures(segmentation, volume_of(segmentation))
    live.refresh()
    return live


@pytest.fixture
def landmarks(live: LiveMeasures) -> DraggableLandmarks:
    landmarks = DraggableLandmarks(live)
    landmarks.show(["L3", "L4"])
    return landmarks


def index_of(node: Any, label: str) -> int:
    return next(k for k in range(node.GetNumberOfControlPoints()) if node.GetNthControlPointLabel(k) == label)


def drag(node: Any, number: int, back: float) -> None:
    """What Slicer's views do while the mouse moves."""
    x, y, z = node.GetNthControlPointPosition(number)
    node.SetNthControlPointPosition(number, x, y - back, z)


def test_a_level_is_a_list_with_a_point_for_each_of_its_landmarks(
    live: LiveMeasures, landmarks: DraggableLandmarks
) -> None:
    assert live.findings is not None
    expected = {name.partition(".")[2]: one for name, one in live.findings.landmarks.items() if name.startswith("L3.")}
    node = landmarks.nodes["L3"]
    assert list(landmarks.nodes) == ["L3", "L4"] and not node.GetLocked()
    assert node.GetNumberOfControlPoints() == len(expected) >= 8
    for number in range(node.GetNumberOfControlPoints()):
        place = expected[node.GetNthControlPointLabel(number).replace(" ", "_")].place
        assert np.allclose(node.GetNthControlPointPositionWorld(number), np.array(place) * TO_RAS)
    assert not live.is_dirty


def test_a_dragged_point_changes_its_angle_and_shows_that_it_was_set_by_hand(
    live: LiveMeasures, landmarks: DraggableLandmarks
) -> None:
    assert live.findings is not None
    before = live.findings.of("alignment.segmental_angle", "L2/3").value
    node = landmarks.nodes["L3"]
    number = index_of(node, "superior anterior")
    x, y, z = live.findings.landmarks[CORNER].place
    drag(node, number, 4.0)
    assert live.is_dirty and live.overrides[CORNER] == pytest.approx((x, y + 4.0, z))
    after = live.refresh()
    landmarks.update()
    assert after.of("alignment.segmental_angle", "L2/3").value != before
    assert node.GetNthControlPointSelected(number)
    assert not node.GetNthControlPointSelected(index_of(node, "superior posterior"))
    assert not live.is_dirty


def test_snapping_back_brings_the_point_back(live: LiveMeasures, landmarks: DraggableLandmarks) -> None:
    assert live.findings is not None
    place, node = live.findings.landmarks[CORNER].place, landmarks.nodes["L3"]
    number = index_of(node, "superior anterior")
    drag(node, number, 4.0)
    live.refresh()
    live.snap_back("L3")
    live.refresh()
    landmarks.update()
    assert np.allclose(node.GetNthControlPointPosition(number), np.array(place) * TO_RAS)
    assert not node.GetNthControlPointSelected(number)


def test_a_deleted_point_goes_back_to_where_it_is_found(live: LiveMeasures, landmarks: DraggableLandmarks) -> None:
    node = landmarks.nodes["L3"]
    number = index_of(node, "superior anterior")
    drag(node, number, 4.0)
    live.refresh()
    node.UnsetNthControlPointPosition(number)
    assert live.is_dirty and not live.overrides
    live.refresh()
    landmarks.update()
    assert node.GetNthControlPointPositionStatus(number) == node.PositionDefined


def test_points_follow_an_edit_of_their_vertebra(
    live: LiveMeasures, landmarks: DraggableLandmarks, segmentation: Any
) -> None:
    segmentation.GetSegmentation().RemoveSegment(segment_id(segmentation, "L3"))
    live.refresh()
    landmarks.update()
    assert list(landmarks.nodes) == ["L4"]


def test_under_a_transform_the_points_stand_where_the_volume_does_and_the_drag_is_in_its_own_coordinates(
    scene: Any, live: LiveMeasures
) -> None:
    assert live.volume is not None and live.findings is not None
    turn = vtkTransform()
    turn.RotateX(90)
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    node.SetMatrixTransformToParent(turn.GetMatrix())
    for one in (live.volume, live.segmentation):
        one.SetAndObserveTransformNodeID(node.GetID())
    live.refresh()
    landmarks = DraggableLandmarks(live)
    landmarks.show(["L3"])
    points = landmarks.nodes["L3"]
    number = index_of(points, "superior anterior")
    x, y, z = points.GetNthControlPointPositionWorld(number)
    own = live.findings.landmarks[CORNER].place
    points.SetNthControlPointPositionWorld(number, x, y, z + 2.0)
    assert np.allclose(live.overrides[CORNER], np.add(own, (0.0, -2.0, 0.0)))


def test_a_point_of_an_axial_slice_is_brought_into_its_plane(scene: Any) -> None:
    run = axial_run(scene)
    live = LiveMeasures(run.segmentation, volume_of(run.segmentation))
    before = live.refresh().of("ts.ap_diameter", "slice 3")
    assert levels_of(before) == ("slice 3",)
    landmarks = DraggableLandmarks(live)
    landmarks.show(levels_of(before))
    node = landmarks.nodes["slice 3"]
    number = index_of(node, "ts anterior")
    x, y, z = node.GetNthControlPointPosition(number)
    node.SetNthControlPointPosition(number, x, y, z + 3.0)
    after = live.refresh()
    landmarks.update()
    assert after.of("ts.ap_diameter", "slice 3").status == "edited"
    assert np.linalg.norm(np.subtract(node.GetNthControlPointPosition(number), (x, y, z))) < 1.0


def test_an_angle_rests_on_the_landmarks_of_both_its_vertebrae(live: LiveMeasures) -> None:
    assert live.findings is not None
    assert set(levels_of(live.findings.of("alignment.segmental_angle", "L3/4"))) == {"L3", "L4"}


def test_showing_other_levels_keeps_what_is_shown_already(landmarks: DraggableLandmarks) -> None:
    kept = landmarks.nodes["L4"]
    landmarks.show(["L4", "L5", "C2"])
    assert list(landmarks.nodes) == ["L4", "L5"] and landmarks.nodes["L4"] is kept


def watched(scene: Any) -> int:
    return str(scene).count("EventName")


@pytest.mark.parametrize("by", ["close", "scene", "segmentation"])
def test_nothing_is_left_of_it(scene: Any, segmentation: Any, by: str) -> None:
    before = watched(scene)
    live = LiveMeasures(segmentation, volume_of(segmentation))
    live.refresh()
    landmarks = DraggableLandmarks(live)
    landmarks.show(["L3"])
    node = landmarks.nodes["L3"]
    if by == "close":
        landmarks.close()
        landmarks.close()
        live.close()
    elif by == "scene":
        scene.Clear(0)
    else:
        scene.RemoveNode(segmentation)
    assert landmarks.nodes == {} and not node.HasObserver(node.PointModifiedEvent)
    assert not scene.GetNumberOfNodesByClass("vtkMRMLMarkupsNode")
    if by != "scene":
        assert watched(scene) == before
    landmarks.update()
    landmarks.show(["L3"])
    assert landmarks.nodes == {}


def test_a_list_that_the_user_deletes_is_forgotten(live: LiveMeasures, landmarks: DraggableLandmarks) -> None:
    remove(landmarks.nodes["L3"])
    assert list(landmarks.nodes) == ["L4"]
    live.refresh()
    landmarks.update()
    landmarks.show(["L3", "L4"])
    assert set(landmarks.nodes) == {"L3", "L4"}
