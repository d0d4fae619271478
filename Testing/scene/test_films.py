"""A radiograph that the host loaded as one flat slice is segmented, placed and measured as a radiograph."""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.projection import AXES, is_projection, seen_as
from LumbarSegLib.core.radiograph import named_radiograph
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.films import image_to_segment, likely_task
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.runs import put_result
from LumbarSegLib.scene.segmentations import labels_from_segmentation
from LumbarSegLib.scene.volumes import image_from_volume, volume_from_image


def as_loaded(spacing_mm: float, size: tuple[int, int] = (400, 200)) -> sitk.Image:
    """A film as a host without DICOM geometry loads it: one axial slice."""
    rows, columns = size
    image = sitk.GetImageFromArray(np.random.default_rng(0).integers(0, 255, (1, rows, columns), np.uint8))
    image.SetSpacing((spacing_mm, spacing_mm, 1.0))
    return image


def column_on(film: sitk.Image) -> sitk.Image:
    """A straight column of six vertebrae, as the model's answer lies: on the film as it was given to it."""
    values = np.zeros(sitk.GetArrayViewFromImage(film).shape, np.uint8)
    for place in range(6):
        values[0, 320 - 44 * place : 352 - 44 * place, 76:124] = place + 1
    labels = sitk.GetImageFromArray(values)
    labels.CopyInformation(film)
    return labels


def test_labels_lie_on_the_volume_which_then_stands_as_its_view_does(scene: Any) -> None:
    volume = volume_from_image(scene, as_loaded(0.4), "film")
    labels = column_on(seen_as(image_to_segment(volume, "xray"), "lateral"))
    run = put_result(volume, named_radiograph(labels, view="lateral"), {"task": "xray", "view": "lateral"})
    placed = image_from_volume(volume)
    assert is_projection(placed)
    assert placed.GetDirection() == pytest.approx(AXES["lateral"])
    found = labels_from_segmentation(run.segmentation, volume)
    assert (sitk.GetArrayFromImage(found) == sitk.GetArrayFromImage(labels)).all()


@pytest.mark.parametrize(("spacing_mm", "known"), [(0.4, True), (1.0, False)])
def test_lengths_need_a_spacing_that_is_no_placeholder(scene: Any, spacing_mm: float, known: bool) -> None:
    volume = volume_from_image(scene, as_loaded(spacing_mm), "film")
    labels = column_on(image_to_segment(volume, "xray"))
    run = put_result(volume, named_radiograph(labels), {"task": "xray", "view": "frontal"})
    findings = LiveMeasures(run.segmentation, volume).refresh()
    assert all((one.mm is not None) is known for one in findings.corners)
    angles = [one.value for one in findings.measurements if one.measure.endswith("largest_cobb")]
    assert angles and angles[0] is not None


def test_one_large_slice_is_likely_a_radiograph_and_one_of_mr_is_not(scene: Any) -> None:
    assert likely_task(volume_from_image(scene, as_loaded(1.0, (900, 400)), "film")) == "xray"
    assert likely_task(volume_from_image(scene, as_loaded(0.7, (320, 320)), "slice")) == "axial"


def test_a_volume_of_several_slices_is_no_radiograph(scene: Any) -> None:
    stack = sitk.JoinSeries([as_loaded(1.0)[:, :, 0]] * 3)
    with pytest.raises(InputError, match="a radiograph is one slice"):
        image_to_segment(volume_from_image(scene, stack, "stack"), "xray")
