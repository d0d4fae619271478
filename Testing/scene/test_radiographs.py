"""A radiograph's segmentation in the scene is followed, shown, dragged, undone and named anew like the others."""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.projection import AXES
from LumbarSegLib.core.radiograph import named_radiograph
from LumbarSegLib.scene.automatic import back_to_automatic
from LumbarSegLib.scene.landmarks import DraggableLandmarks
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.numbering import name_levels
from LumbarSegLib.scene.runs import put_result
from LumbarSegLib.scene.segmentations import segments_of, volume_of
from LumbarSegLib.scene.showing import show_measurement, slice_of
from LumbarSegLib.scene.tabulated import area_plot, measures_table
from LumbarSegLib.scene.visibility import segments_by_kind
from LumbarSegLib.scene.volumes import volume_from_image
from Testing.scene.following import image_like, mask_of, paint, segment_id


@pytest.fixture(scope="module")
def labels() -> sitk.Image:
    """A frontal column of eight vertebrae, L5 to T10, bent to one side."""
    values = np.zeros((1, 400, 200), np.uint8)
    down, across = np.mgrid[:400, :200]
    for place in range(8):
        middle, tilt = 360 - 44 * place, 0.12 * np.sin(place)
        height = (down - middle) + tilt * (across - 100)
        side = across - (100 + 12 * np.sin(place / 2))
        values[0, (np.abs(height) < 16) & (np.abs(side) < 24)] = place + 1
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.8, 0.8, 1.0))
    image.SetDirection(AXES["frontal"])
    return image


@pytest.fixture
def segmentation(scene: Any, labels: sitk.Image) -> Any:
    volume = volume_from_image(scene, image_like(labels), "X-ray")
    provenance = {"task": "xray", "lowest_disc": "L5/S1", "view": "frontal"}
    return put_result(volume, named_radiograph(labels), provenance).segmentation


@pytest.fixture
def live(segmentation: Any) -> LiveMeasures:
    live = LiveMeasures(segmentation, volume_of(segmentation))
    live.refresh()
    return live


def test_an_edit_is_followed_and_undone(live: LiveMeasures, segmentation: Any, labels: sitk.Image) -> None:
    before = live.refresh()
    cut = mask_of(labels, [3])
    cut[:, :268, :110] = False
    paint(segmentation, "L3", cut, labels)
    assert live.is_dirty
    live.refresh()
    assert live.edited == {"L3"} and live.left_out == ()
    back_to_automatic(segmentation)
    assert live.refresh() == before


def test_each_number_is_shown_where_it_was_read(live: LiveMeasures, segmentation: Any) -> None:
    volume = volume_of(segmentation)
    measured = [one for one in live.refresh().measurements if one.value is not None]
    shown = [one for one in measured if one.trace.lines or one.trace.points or one.trace.contours]
    assert shown
    for one in shown:
        assert show_measurement(volume, one)
        place = slice_of(volume, one)
        assert place is not None and place[1] == pytest.approx(0.0, abs=0.01)  # the plane of the picture


def test_a_dragged_corner_moves_what_rests_on_it(live: LiveMeasures) -> None:
    before = live.refresh()
    landmarks = DraggableLandmarks(live)
    landmarks.show(["L3"])
    node = landmarks.nodes["L3"]
    x, y, z = node.GetNthControlPointPosition(0)
    node.SetNthControlPointPosition(0, x, y, z + 5.0)
    after = live.refresh()
    landmarks.update()
    assert len(live.overrides) == 1 and node.GetNthControlPointSelected(0)
    values = {(one.measure, one.level): one.value for one in before.measurements}
    assert [one for one in after.measurements if one.value != values[one.measure, one.level]]


def test_its_vertebrae_are_named_anew(live: LiveMeasures, segmentation: Any) -> None:
    name_levels(segmentation, "L4/5")
    assert [one.GetName() for one in segments_of(segmentation).values()][:2] == ["L4", "L3"]
    assert live.refresh().lowest_disc == "L4/5"
    assert segment_id(segmentation, "T9") in segments_by_kind(segmentation)["vertebra"]


def test_it_has_a_table_and_no_plot_of_areas(live: LiveMeasures, segmentation: Any) -> None:
    findings = live.refresh()
    table = measures_table(segmentation, findings, {}).GetTable()
    assert table.GetNumberOfRows() == len(findings.measurements) > 0
    assert area_plot(segmentation, findings) is None
