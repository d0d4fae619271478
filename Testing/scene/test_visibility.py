"""How a segmentation is shown: surfaces, opacity, which structures are seen."""

from typing import Any

import pytest

from LumbarSegLib.scene.segmentations import segmentation_from_result, volume_of
from LumbarSegLib.scene.visibility import segments_by_kind, set_opacity, show_segments, show_surfaces
from Testing.scene.following import axial_run, segment_id


def surface_of(segmentation: Any, name: str) -> Any:
    return segmentation.GetClosedSurfaceInternalRepresentation(segment_id(segmentation, name))


def roughness(surface: Any) -> float:
    """The surface of a shape for its volume: steps between voxels make it large."""
    from vtkmodules.vtkFiltersCore import vtkMassProperties, vtkTriangleFilter

    triangles = vtkTriangleFilter()
    triangles.SetInputData(surface)
    properties = vtkMassProperties()
    properties.SetInputConnection(triangles.GetOutputPort())
    return float(properties.GetSurfaceArea() / properties.GetVolume() ** (2 / 3))


def test_surfaces_are_made_and_taken_away(segmentation: Any) -> None:
    show_surfaces(segmentation)
    assert surface_of(segmentation, "L4").GetNumberOfPoints() > 100
    assert segmentation.GetDisplayNode().GetVisibility3D()
    show_surfaces(segmentation, shown=False)
    assert surface_of(segmentation, "L4") is None and not segmentation.GetDisplayNode().GetVisibility3D()


def test_more_smoothing_makes_surfaces_smoother_at_once(segmentation: Any) -> None:
    found = []
    for smoothing in (0.0, 0.5, 1.0):
        show_surfaces(segmentation, smoothing=smoothing)
        found.append(roughness(surface_of(segmentation, "L4")))
    assert found[0] > found[1] > found[2]


def test_opacity_leaves_outlines_as_they_are(segmentation: Any) -> None:
    set_opacity(segmentation, 0.3)
    display = segmentation.GetDisplayNode()
    assert (display.GetOpacity2DFill(), display.GetOpacity3D(), display.GetOpacity2DOutline()) == (0.3, 0.3, 1.0)


def test_a_kind_of_structure_is_hidden_and_shown(segmentation: Any) -> None:
    kinds = segments_by_kind(segmentation)
    assert list(kinds) == ["disc", "vertebra", "canal"]
    display = segmentation.GetDisplayNode()
    show_segments(segmentation, kinds["disc"], False)
    shown = {kind: {display.GetSegmentVisibility(one) for one in ids} for kind, ids in kinds.items()}
    assert shown == {"disc": {False}, "vertebra": {True}, "canal": {True}}
    show_segments(segmentation, kinds["disc"], True)
    assert all(display.GetSegmentVisibility(one) for one in kinds["disc"])


def test_segments_of_the_user_s_own_are_of_no_kind(segmentation: Any) -> None:
    own = segmentation.GetSegmentation().AddEmptySegment("", "Lesion")
    assert segments_by_kind(segmentation)[""] == [own]


def test_axial_regions_have_their_kinds(scene: Any) -> None:
    assert list(segments_by_kind(axial_run(scene).segmentation)) == ["ivd", "pe", "ts", "aap"]


@pytest.mark.parametrize("hidden", [True, False])
def test_a_segmentation_without_segments_is_no_trouble(scene: Any, spine: Any, segmentation: Any, hidden: bool) -> None:
    empty = segmentation_from_result(scene, type(spine)(spine.labels * 0, (), "L5/S1", ()), volume_of(segmentation), {})
    show_surfaces(empty, shown=hidden)
    assert segments_by_kind(empty) == {}
