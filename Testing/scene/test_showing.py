"""Measurements shown as Markups: each lies where it was read, in its folder, and is gone with the next."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkCommonTransforms import vtkTransform

from LumbarSegLib.core.findings import Findings, Measurement, Trace
from LumbarSegLib.core.regions import regions_of
from LumbarSegLib.scene.files import save_segmentation
from LumbarSegLib.scene.hierarchy import hierarchy_of
from LumbarSegLib.scene.host import open_scene
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.marks import FOLDER
from LumbarSegLib.scene.runs import put_result
from LumbarSegLib.scene.segmentations import volume_of
from LumbarSegLib.scene.showing import hide_shown, show_measurement, show_section, slice_of
from LumbarSegLib.scene.volumes import volume_from_image
from Testing.axial_phantoms import image_of, labels_of, through_disc
from Testing.findings_by_hand import findings_by_hand
from Testing.phantoms import PhantomSpine
from Testing.scene.following import axial_run

TO_RAS = np.array([-1.0, -1.0, 1.0])
SHIFT = np.array([30.0, -20.0, 10.0])


def world_of(node: Any) -> np.ndarray:
    """Where the control points of a node stand in the world, RAS mm."""
    return np.array([node.GetNthControlPointPositionWorld(k) for k in range(node.GetNumberOfControlPoints())])


def moved(scene: Any, volume: Any) -> None:
    shift = vtkTransform()
    shift.Translate(*SHIFT)
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    node.SetMatrixTransformToParent(shift.GetMatrix())
    volume.SetAndObserveTransformNodeID(node.GetID())


@pytest.fixture
def findings() -> Findings:
    return findings_by_hand()


@pytest.fixture
def volume(scene: Any) -> Any:
    return volume_from_image(scene, PhantomSpine(vertebrae=3).image, "T2")


def test_a_contour_is_a_closed_curve_named_after_its_value(volume: Any, findings: Findings) -> None:
    area = findings.of("canal.area", "L4")
    (node,) = show_measurement(volume, area)
    assert node.IsA("vtkMRMLMarkupsClosedCurveNode") and node.GetLocked()
    assert node.GetName() == "L4 Canal area: 190 mm²"
    assert np.allclose(world_of(node), np.array(area.trace.contours[0]) * TO_RAS)


def test_lines_are_lines_and_other_points_are_points(volume: Any, findings: Findings) -> None:
    lordosis = findings.of("alignment.lordosis", "L4-S1")
    lines = show_measurement(volume, lordosis)
    assert [node.GetClassName() for node in lines] == ["vtkMRMLMarkupsLineNode"] * 2
    assert np.allclose([world_of(node) for node in lines], np.array(lordosis.trace.lines) * TO_RAS)
    (points,) = show_measurement(volume, findings.of("canal.midsagittal_ap", "L4"))
    assert points.IsA("vtkMRMLMarkupsFiducialNode") and points.GetNumberOfControlPoints() == 2


def test_no_number_of_slicer_s_own_stands_beside_it(volume: Any, findings: Findings) -> None:
    nodes = show_measurement(volume, findings.of("alignment.lordosis", "L4-S1"))
    assert [node.GetNumberOfEnabledMeasurements() for node in nodes] == [0, 0]
    assert [node.GetDisplayNode().GetPropertiesLabelVisibility() for node in nodes] == [True, False]


def test_the_next_one_takes_the_place_of_what_is_shown(scene: Any, volume: Any, findings: Findings) -> None:
    for one in findings.measurements:
        nodes = show_measurement(volume, one)
        assert scene.GetNumberOfNodesByClass("vtkMRMLMarkupsNode") == len(nodes)
        assert scene.GetNumberOfNodesByClass("vtkMRMLMarkupsDisplayNode") == len(nodes)


def test_they_lie_in_one_folder_which_goes_with_the_last(scene: Any, volume: Any, findings: Findings) -> None:
    nodes = show_measurement(volume, findings.of("alignment.lordosis", "L4-S1"))
    hierarchy = hierarchy_of(scene)
    parents = {hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) for node in nodes}
    assert [hierarchy.GetItemName(parent) for parent in parents] == [FOLDER]
    hide_shown(scene)
    assert not hierarchy.GetItemChildWithName(hierarchy.GetSceneItemID(), FOLDER)
    assert not scene.GetNumberOfNodesByClass("vtkMRMLMarkupsNode")
    hide_shown(scene)


def test_what_has_no_trace_shows_nothing(scene: Any, volume: Any, findings: Findings) -> None:
    nothing = findings.of("vertebra.anterior_height", "L3")
    show_measurement(volume, findings.of("canal.area", "L4"))
    assert show_measurement(volume, nothing) == []
    assert slice_of(volume, nothing) is None
    assert not scene.GetNumberOfNodesByClass("vtkMRMLMarkupsNode")


def test_a_section_is_shown_with_its_diameters_or_its_reason(volume: Any, findings: Findings) -> None:
    *rest, whole = findings.sections[::-1]
    cut = next(one for one in (whole, *rest) if one.area_mm2 is None)
    other = next(one for one in rest if one.area_mm2 is not None)
    assert "mm²" in show_section(volume, other)[0].GetName()
    assert len(show_section(volume, other)) == 3
    assert cut.reason in show_section(volume, cut)[0].GetName()
    assert np.allclose(slice_of(volume, cut), np.array(cut.center) * TO_RAS)


def test_what_is_shown_follows_the_transform_of_its_volume(scene: Any, volume: Any, findings: Findings) -> None:
    area = findings.of("canal.area", "L4")
    moved(scene, volume)
    (node,) = show_measurement(volume, area)
    assert np.allclose(world_of(node), np.array(area.trace.contours[0]) * TO_RAS + SHIFT)
    assert np.allclose(slice_of(volume, area), np.mean(area.trace.contours[0], axis=0) * TO_RAS + SHIFT)


def test_the_slice_of_an_area_beside_its_neighbours_is_its_own(volume: Any, findings: Findings) -> None:
    own, other = (findings.of("canal.area", level).trace.contours[0] for level in ("L4", "L5"))
    ratio = Measurement("canal.area_ratio", "L4", 1.0, Trace(contours=(own, other)))
    assert np.allclose(slice_of(volume, ratio), np.mean(own, axis=0) * TO_RAS)


def test_an_axial_area_is_shown_in_its_slice(scene: Any) -> None:
    run = axial_run(scene)
    volume = volume_of(run.segmentation)
    findings = LiveMeasures(run.segmentation, volume).refresh()
    for number in (2, 5):
        area = findings.of("ts.area", f"slice {number}")
        show_measurement(volume, area)
        place = slice_of(volume, area)
        assert place is not None
        to_ijk = vtkMatrix4x4()
        volume.GetRASToIJKMatrix(to_ijk)
        indices = to_ijk.MultiplyPoint((*place, 1.0))
        assert indices[2] == pytest.approx(number - 1, abs=0.01)


def test_in_oblique_blocks_it_stands_in_the_true_plane(scene: Any, tmp_path: Path) -> None:
    image = image_of(tmp_path, [through_disc(k, 10.0 * k, count=1) for k in range(3)])
    run = put_result(volume_from_image(scene, image, "blocks"), regions_of(labels_of(image)), {"task": "axial"})
    volume = volume_of(run.segmentation)
    area = LiveMeasures(run.segmentation, volume).refresh().of("ts.area", "slice 3")
    (node,) = show_measurement(volume, area)
    assert node.GetParentTransformNode() is None
    assert np.allclose(world_of(node), np.array(area.trace.contours[0]) * TO_RAS)


def test_what_is_shown_is_not_saved(scene: Any, tmp_path: Path) -> None:
    run = axial_run(scene)
    volume = volume_of(run.segmentation)
    show_measurement(volume, LiveMeasures(run.segmentation, volume).refresh().of("ts.area", "slice 3"))
    scene.WriteToMRB(str(tmp_path / "whole.mrb"))
    save_segmentation(run.segmentation, tmp_path / "ours.mrb")
    for name in ("whole", "ours"):
        with open_scene() as other:
            assert other.ReadFromMRB(str(tmp_path / f"{name}.mrb"), False)
            assert other.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1
            assert not other.GetNumberOfNodesByClass("vtkMRMLMarkupsNode")
            assert not other.GetNumberOfNodesByClass("vtkMRMLMarkupsDisplayNode")


def test_clearing_the_scene_while_something_is_shown_is_safe(scene: Any, volume: Any, findings: Findings) -> None:
    show_measurement(volume, findings.of("canal.area", "L4"))
    scene.Clear(0)
    hide_shown(scene)
    again = volume_from_image(scene, PhantomSpine(vertebrae=3).image, "T2")
    assert len(show_measurement(again, findings.of("canal.area", "L4"))) == 1
