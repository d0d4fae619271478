"""Segments laid into a label map the quick way give just what MRML's own way gives."""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.errors import InputError
from LumbarSegLib.scene import merging
from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.merging import merged
from LumbarSegLib.scene.segmentations import segments_of
from LumbarSegLib.scene.volumes import oriented_from_image
from Testing.scene.following import LOGIC, mask_of, paint
from Testing.scene.grids import same_grid, same_voxels


@pytest.fixture
def by_mrml(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Merges by MRML alone."""

    def merge(*given: Any) -> sitk.Image:
        with monkeypatch.context() as patched:
            patched.setattr(merging, "_layers", lambda *given: None)
            return merged(*given)

    return merge


def labels_in_order(segmentation: Any, backward: bool = False) -> dict[str, int]:
    labels = {key: place for place, key in enumerate(segments_of(segmentation), start=1)}
    return dict(reversed(labels.items())) if backward else labels


@pytest.fixture
def overlapping(segmentation: Any, spine: Any) -> Any:
    """Three layers: L4 and the canal are drawn over each other and over their neighbours."""
    for name in ("L4", "Spinal canal"):
        grown = mask_of(spine.labels, [2, 202])
        grown[:, 30:34, 10:30] = True
        paint(segmentation, name, grown, spine.labels)
    assert segmentation.GetSegmentation().GetNumberOfLayers() == 3
    return segmentation


@pytest.mark.parametrize("backward", [False, True])
def test_where_segments_overlap_the_later_one_counts(
    overlapping: Any, spine: Any, by_mrml: Any, backward: bool
) -> None:
    given = (overlapping, labels_in_order(overlapping, backward), oriented_from_image(spine.labels))
    found, expected = merged(*given), by_mrml(*given)
    assert same_voxels(found, sitk.Cast(expected, sitk.sitkUInt8)) and same_grid(found, expected)


@pytest.mark.parametrize("start", [(0, 0, 0), (3, 10, 2), (-4, -5, -1)])
def test_a_grid_that_holds_a_part_or_more_gets_what_lies_in_it(
    overlapping: Any, spine: Any, by_mrml: Any, start: tuple[int, int, int]
) -> None:
    part = sitk.Image([30, 35, 6], sitk.sitkUInt8)
    part.SetSpacing(spine.labels.GetSpacing())
    part.SetDirection(spine.labels.GetDirection())
    part.SetOrigin(spine.labels.TransformContinuousIndexToPhysicalPoint(start))
    given = (overlapping, labels_in_order(overlapping), oriented_from_image(part))
    found = merged(*given)
    assert np.count_nonzero(sitk.GetArrayViewFromImage(found)) > 0
    assert same_voxels(found, sitk.Cast(by_mrml(*given), sitk.sitkUInt8))


@pytest.mark.parametrize("why", ["shifted", "other voxels"])
def test_what_does_not_lie_on_the_voxels_of_the_grid_is_left_to_mrml(overlapping: Any, spine: Any, why: str) -> None:
    grid = sitk.Image(spine.labels)
    if why == "shifted":
        grid.SetOrigin(spine.labels.TransformContinuousIndexToPhysicalPoint((0.4, 0.0, 0.0)))
    else:
        grid.SetSpacing(np.multiply(spine.labels.GetSpacing(), 0.9).tolist())
    given = (overlapping, labels_in_order(overlapping), oriented_from_image(grid))
    assert merging._layers(overlapping, tuple(given[1]), given[2]) is None
    assert np.count_nonzero(sitk.GetArrayViewFromImage(merged(*given))) > 0


def test_surfaces_alone_are_refused_in_a_sentence(segmentation: Any, spine: Any) -> None:
    segmentation.CreateClosedSurfaceRepresentation()
    segmentation.SetSourceRepresentationToClosedSurface()
    with pytest.raises(InputError, match="holds surfaces alone"):
        merged(segmentation, labels_in_order(segmentation), oriented_from_image(spine.labels))


def test_values_beyond_a_byte_are_left_to_mrml(scene: Any, spine: Any) -> None:
    voxels = sitk.GetImageFromArray(300 * mask_of(spine.labels, [2]).astype(np.int16))
    voxels.CopyInformation(spine.labels)
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segment = slicer.vtkSegment()
    segment.AddRepresentation("Binary labelmap", oriented_from_image(voxels))
    segment.SetLabelValue(300)
    node.GetSegmentation().AddSegment(segment, "one")
    found = merged(node, {"one": 7}, oriented_from_image(spine.labels))
    assert np.array_equal(sitk.GetArrayViewFromImage(found) == 7, mask_of(spine.labels, [2]))


def test_an_empty_segment_takes_no_voxel(segmentation: Any, spine: Any) -> None:
    key = segmentation.GetSegmentation().AddEmptySegment("", "L2")
    LOGIC.ClearSegment(segmentation, key)
    found = merged(segmentation, {**labels_in_order(segmentation), key: 99}, oriented_from_image(spine.labels))
    values = set(np.unique(sitk.GetArrayViewFromImage(found)).tolist())
    assert values == set(range(8))
