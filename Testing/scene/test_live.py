"""Measures that follow a real segmentation node: what is dirty, what is measured again, what is left out and why."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from vtkmodules.vtkCommonTransforms import vtkTransform

from LumbarSegLib.core import analysis
from LumbarSegLib.core.definitions import Threshold
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.core.planes import planes_of
from LumbarSegLib.core.regions import regions_of
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.acquisition import put_in_planes
from LumbarSegLib.scene.files import load_segmentation, save_segmentation
from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.live import LiveMeasures
from LumbarSegLib.scene.reading import spine_beside
from LumbarSegLib.scene.runs import put_result
from LumbarSegLib.scene.segmentations import segmentation_from_result, segments_of, volume_of
from LumbarSegLib.scene.volumes import image_from_volume, volume_from_image
from Testing.axial import TS, axial_labels
from Testing.axial_phantoms import image_of, labels_of, sagittal_labels, through_disc
from Testing.scene.following import (
    PROVENANCE,
    SPINE,
    axial_run,
    image_like,
    mask_of,
    paint,
    segment_id,
    spine_run,
    without_front,
)

CORNER = "L3.superior_anterior"
L3 = 3


def live_of(segmentation: Any, **given: Any) -> LiveMeasures:
    return LiveMeasures(segmentation, volume_of(segmentation), **given)


def numbers(findings: Findings) -> dict[tuple[str, str], float | None]:
    return {(one.measure, one.level): one.value for one in findings.measurements}


def edit(segmentation: Any) -> None:
    paint(segmentation, "L3", without_front(mask_of(SPINE.labels, [L3])), SPINE.labels)


def moved(findings: Findings, name: str, back: float) -> tuple[float, float, float]:
    x, y, z = findings.landmarks[name].place
    return x, y + back, z


@pytest.fixture
def segmentation(scene: Any) -> Any:
    return spine_run(scene).segmentation


@pytest.fixture
def live(segmentation: Any) -> LiveMeasures:
    return live_of(segmentation)


def test_the_first_refresh_gives_what_measuring_gives(live: LiveMeasures) -> None:
    assert live.is_dirty and live.findings is None
    found = live.refresh()
    expected = analysis.measure(spine_of(SPINE.labels), image_like(SPINE.labels)).findings
    assert numbers(found) == pytest.approx(numbers(expected), abs=1e-6, nan_ok=True)
    assert live.findings is found and not live.is_dirty
    assert live.edited == frozenset() and live.left_out == ()


def test_an_axial_result_is_followed_as_well(scene: Any) -> None:
    run = axial_run(scene)
    live = live_of(run.segmentation, levels={"L4/5": 3})
    before = live.refresh().of("ts.area", "L4/5").value
    labels = axial_labels()
    mask = mask_of(labels, [TS])
    mask[2, :35] = False
    paint(run.segmentation, "TS", mask, labels)
    assert live.is_dirty
    after = live.refresh().of("ts.area", "L4/5")
    assert after.value is not None and before is not None and after.value < before - 20
    assert (after.status, live.edited) == ("edited", {"slice 3.ts"})
    assert live.refresh().of("ts.area", "slice 4").status == "automatic"


def test_a_refresh_without_a_change_measures_nothing(live: LiveMeasures, monkeypatch: pytest.MonkeyPatch) -> None:
    found = live.refresh()
    monkeypatch.setattr(analysis, "measure", lambda *given, **more: pytest.fail("it measured"))
    assert live.refresh() is found


def test_an_edit_is_found_and_gives_what_measuring_anew_gives(live: LiveMeasures, segmentation: Any) -> None:
    before = live.refresh()
    edit(segmentation)
    assert live.is_dirty
    after = live.refresh()
    assert after.of("vertebra.anterior_height", "L3").status == "edited"
    assert after.of("vertebra.anterior_height", "L1").status == "automatic"
    assert live.edited == {"L3"}
    fresh = segmentation_from_result(segmentation.GetScene(), live.result, volume_of(segmentation), PROVENANCE)  # type: ignore[arg-type]
    assert numbers(after) == pytest.approx(numbers(live_of(fresh).refresh()), abs=1e-6, nan_ok=True)
    assert numbers(after) != numbers(before)


def test_what_was_edited_before_is_known_as_edited_when_a_scene_is_opened(
    live: LiveMeasures, segmentation: Any, scene: Any, tmp_path: Path
) -> None:
    edit(segmentation)
    expected = live.refresh()
    save_segmentation(segmentation, tmp_path / "case.mrb")
    opened = live_of(load_segmentation(scene, tmp_path / "case.mrb"))
    assert opened.refresh().of("vertebra.anterior_height", "L3").status == "edited"
    assert opened.edited == live.edited == {"L3"}
    assert numbers(opened.refresh()) == pytest.approx(numbers(expected), abs=1e-3, nan_ok=True)


@pytest.mark.parametrize(
    ("change", "dirty"),
    [
        (lambda node: segments_of(node)[segment_id(node, "L4")].SetColor(1, 0, 0), False),
        (lambda node: segments_of(node)[segment_id(node, "L4")].SetName("Rib"), True),
        (lambda node: node.SetName("mine"), False),
        (lambda node: volume_of(node).SetName("mine"), False),
        (lambda node: volume_of(node).SetSpacing(1, 1, 1), True),
        (lambda node: node.GetSegmentation().RemoveSegment(segment_id(node, "L1")), True),
        (lambda node: node.GetSegmentation().AddEmptySegment("", "Lesion"), True),
        (lambda node: node.GetSegmentation().ReorderSegments([segment_id(node, "L1")], segment_id(node, "L5")), True),
        (lambda node: node.GetDisplayNode().SetSegmentVisibility(segment_id(node, "L1"), False), False),
    ],
)
def test_it_is_dirty_after_what_could_change_a_number(
    live: LiveMeasures, segmentation: Any, change: Callable[[Any], None], dirty: bool
) -> None:
    live.refresh()
    change(segmentation)
    assert live.is_dirty == dirty


def test_the_order_of_segments_changes_no_number(live: LiveMeasures, segmentation: Any) -> None:
    before = numbers(live.refresh())
    canal, lowest = (segment_id(segmentation, name) for name in ("Spinal canal", "L5"))
    segmentation.GetSegmentation().ReorderSegments([canal], lowest)
    assert numbers(live.refresh()) == before


def test_what_does_not_count_is_said_in_words(live: LiveMeasures, segmentation: Any) -> None:
    segmentation.GetSegmentation().AddEmptySegment("", "Lesion")
    segments_of(segmentation)[segment_id(segmentation, "L4")].SetName("L3")
    live.refresh()
    assert live.left_out == (
        "Lesion is no structure of the spine by its name and is left out.",
        "The segment named L3 was made as L4 and counts as L4.",
    )
    assert live.refresh().of("vertebra.anterior_height", "L4").value is not None


def test_a_segment_that_was_copied_counts_once(live: LiveMeasures, segmentation: Any) -> None:
    before = numbers(live.refresh())
    copy = slicer.vtkSegment()
    copy.DeepCopy(segments_of(segmentation)[segment_id(segmentation, "L4")])
    segmentation.GetSegmentation().AddSegment(copy, "copy")
    assert numbers(live.refresh()) == before
    assert live.left_out == ("L4 is there 2 times and counts as one structure.",)


def test_segments_drawn_by_hand_are_measured_by_their_names(scene: Any) -> None:
    volume = volume_from_image(scene, image_like(SPINE.labels), "T2")
    drawn = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "by hand")
    drawn.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for name, label in (("L4", 2), ("L3/4", 203), ("L3", 3)):
        drawn.GetSegmentation().AddEmptySegment("", name)
        paint(drawn, name, mask_of(SPINE.labels, [label]), SPINE.labels)
    found = LiveMeasures(drawn, volume).refresh()
    assert found.of("vertebra.anterior_height", "L3").value == pytest.approx(
        live_of(spine_run(scene).segmentation).refresh().of("vertebra.anterior_height", "L3").value, abs=0.5
    )
    assert found.of("canal.area", "L3").reason


def test_a_deleted_vertebra_leaves_the_others(live: LiveMeasures, segmentation: Any) -> None:
    before = live.refresh()
    segmentation.GetSegmentation().RemoveSegment(segment_id(segmentation, "L1"))
    after = live.refresh()
    assert not [one for one in after.measurements if one.level == "L1"]
    assert after.of("disc.mean_height", "L3/4").value == before.of("disc.mean_height", "L3/4").value


def test_another_grid_than_the_volume_s_is_measured_on_that_of_the_volume(scene: Any, segmentation: Any) -> None:
    finer = sitk.Resample(
        image_like(SPINE.labels),
        [SPINE.labels.GetSize()[0] * 2, SPINE.labels.GetSize()[1], SPINE.labels.GetSize()[2]],
        sitk.Transform(),
        sitk.sitkNearestNeighbor,
        SPINE.labels.GetOrigin(),
        [SPINE.labels.GetSpacing()[0] / 2, *SPINE.labels.GetSpacing()[1:]],
        SPINE.labels.GetDirection(),
    )
    live = LiveMeasures(segmentation, volume_from_image(scene, finer, "finer"))
    height = live.refresh().of("vertebra.anterior_height", "L3").value
    assert height == pytest.approx(live_of(segmentation).refresh().of("vertebra.anterior_height", "L3").value, abs=1.0)


def test_a_dragged_landmark_moves_what_rests_on_it_and_snaps_back(live: LiveMeasures) -> None:
    before = live.refresh()
    live.drag(CORNER, moved(before, CORNER, 4.0))
    assert live.is_dirty
    after = live.refresh()
    assert after.landmarks[CORNER].status == "edited"
    changed = {key for key, value in numbers(after).items() if value != numbers(before)[key]}
    assert ("alignment.segmental_angle", "L2/3") in changed
    assert {level for _, level in changed} <= {"L3", "L2/3", "L1-S1", "L4-S1", "L1-L5"}
    live.snap_back("L4")
    assert not live.is_dirty
    live.snap_back("L3")
    assert live.refresh() == before


def test_a_drag_reads_no_segment_again(live: LiveMeasures, monkeypatch: pytest.MonkeyPatch) -> None:
    before = live.refresh()
    monkeypatch.setattr("LumbarSegLib.scene.live.labels_from_segmentation", lambda *given: pytest.fail("it read"))
    live.drag(CORNER, moved(before, CORNER, 1.0))
    live.refresh()


def test_no_landmark_can_be_dragged_that_is_not_there(live: LiveMeasures) -> None:
    live.refresh()
    with pytest.raises(InputError, match=r"L9.superior is no landmark"):
        live.drag("L9.superior", (0.0, 0.0, 0.0))


def test_dragged_landmarks_wait_for_their_vertebra_and_lie_in_the_scene_file(
    live: LiveMeasures, segmentation: Any, scene: Any, tmp_path: Path
) -> None:
    place = moved(live.refresh(), CORNER, 4.0)
    live.drag(CORNER, place)
    expected = live.refresh().landmarks[CORNER]
    save_segmentation(segmentation, tmp_path / "case.mrb")
    opened = live_of(load_segmentation(scene, tmp_path / "case.mrb"))
    assert opened.refresh().landmarks[CORNER].place == pytest.approx(expected.place)
    segmentation.GetSegmentation().RemoveSegment(segment_id(segmentation, "L3"))
    assert CORNER not in live.refresh().landmarks
    assert dict(live.overrides) == {CORNER: place}


def test_other_cut_offs_change_comparisons_alone(live: LiveMeasures) -> None:
    before = live.refresh()
    live.thresholds = {"vertebra.anterior_height": (Threshold(1000.0, "tall", "ours", "phantoms"),)}
    after = live.refresh()
    assert numbers(after) == numbers(before)
    (found,) = after.of("vertebra.anterior_height", "L3").comparisons
    assert (found.side, found.cut_off) == ("below", 1000.0)


def test_the_agreement_of_the_run_flags_what_it_doubts(scene: Any) -> None:
    run = spine_run(scene, agreement={"vertebra": 0.3, "disc": 0.3, "canal": 0.3})
    doubts = {flag.key for flag in live_of(run.segmentation).refresh().flags}
    assert doubts - {flag.key for flag in live_of(run.segmentation, agreement={}).refresh().flags}


def test_a_confirmed_value_stays_confirmed_until_its_basis_changes(
    live: LiveMeasures, segmentation: Any, scene: Any, tmp_path: Path
) -> None:
    live.refresh()
    live.confirm("vertebra.anterior_height", "L3")
    live.confirm("vertebra.anterior_height", "L5")
    assert live.findings is not None and live.findings.of("vertebra.anterior_height", "L3").status == "confirmed"
    save_segmentation(segmentation, tmp_path / "case.mrb")
    opened = live_of(load_segmentation(scene, tmp_path / "case.mrb")).refresh()
    assert opened.of("vertebra.anterior_height", "L3").status == "confirmed"
    edit(segmentation)
    after = live.refresh()
    assert after.of("vertebra.anterior_height", "L3").status == "edited"
    assert after.of("vertebra.anterior_height", "L5").status == "confirmed"
    live.withdraw("vertebra.anterior_height", "L5")
    assert live.findings.of("vertebra.anterior_height", "L5").status == "automatic"


def test_what_has_no_value_cannot_be_confirmed(live: LiveMeasures, segmentation: Any) -> None:
    segmentation.GetSegmentation().RemoveSegment(segment_id(segmentation, "Spinal canal"))
    live.refresh()
    with pytest.raises(InputError, match="There is no value to confirm"):
        live.confirm("canal.area", "L3")
    with pytest.raises(InputError, match=r"There is no measure canal.area at C2"):
        live.confirm("canal.area", "C2")


def test_a_sagittal_segmentation_names_the_levels_and_is_followed(scene: Any, tmp_path: Path) -> None:
    image = image_of(tmp_path, [through_disc(k, 2.0, count=3) for k in range(3)])
    axial = put_result(volume_from_image(scene, image, "axial"), regions_of(labels_of(image)), {"task": "axial"})
    spine = sagittal_labels()
    sagittal = put_result(volume_from_image(scene, image_like(spine), "sagittal"), spine_of(spine), PROVENANCE)
    live = live_of(axial.segmentation, sagittal=sagittal.segmentation)
    assert [one.level for one in live.refresh().represented] == ["L5/S1", "L4/5", "L3/4"]
    sagittal.segmentation.GetSegmentation().RemoveSegment(segment_id(sagittal.segmentation, "L3/4"))
    assert live.is_dirty
    assert [one.level for one in live.refresh().represented] == ["L5/S1", "L4/5"]
    scene.RemoveNode(sagittal.segmentation)
    assert not live.is_closed
    assert {one.named_by for one in live.refresh().represented} == {"block"}


def test_a_moved_sagittal_segmentation_is_read_where_it_stands_in_the_world(scene: Any) -> None:
    image = sagittal_labels()
    shift = vtkTransform()
    shift.Translate(30, -20, 10)
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    node.SetMatrixTransformToParent(shift.GetMatrix())
    sagittal = put_result(volume_from_image(scene, image_like(image), "sagittal"), spine_of(image), PROVENANCE)
    volume_of(sagittal.segmentation).SetAndObserveTransformNodeID(node.GetID())
    sagittal.segmentation.SetAndObserveTransformNodeID(node.GetID())
    axial = volume_from_image(scene, image_like(axial_labels()), "axial")
    found = spine_beside(sagittal.segmentation, axial)
    assert np.allclose(np.subtract(found.labels.GetOrigin(), image.GetOrigin()), (-30, 20, 10))


def test_a_sagittal_volume_under_a_bending_transform_is_refused_in_a_sentence(
    live: LiveMeasures, segmentation: Any
) -> None:
    live.refresh()
    volume = volume_of(segmentation)
    planes = planes_of(image_from_volume(volume))
    put_in_planes(volume, [replace(one, origin=(2.0 * k, *one.origin[1:])) for k, one in enumerate(planes)])
    assert live.is_dirty
    with pytest.raises(InputError, match=r"T2 stands under a transform that is not linear.*Remove the transform"):
        live.refresh()
    assert not live.is_dirty and live.findings is not None
    volume.SetAndObserveTransformNodeID(None)
    assert live.is_dirty and live.refresh()


def test_an_emptied_segmentation_is_refused_in_a_sentence_and_followed_again(
    live: LiveMeasures, segmentation: Any
) -> None:
    live.refresh()
    segmentation.GetSegmentation().RemoveAllSegments()
    with pytest.raises(InputError, match="holds nothing to measure"):
        live.refresh()
    assert not live.is_dirty
    for name, label in (("L4", 2), ("L3/4", 203), ("L3", 3)):
        segmentation.GetSegmentation().AddEmptySegment("", name)
        paint(segmentation, name, mask_of(SPINE.labels, [label]), SPINE.labels)
    assert live.refresh().of("disc.volume", "L3/4").value is not None


def test_a_segment_with_a_label_of_no_structure_is_refused_in_a_sentence(live: LiveMeasures, segmentation: Any) -> None:
    segments_of(segmentation)[segment_id(segmentation, "L4")].SetTag("LumbarSeg.Label", "77")
    with pytest.raises(InputError, match="77 belongs to no"):
        live.refresh()


def observers_of(segmentation: Any, volume: Any, scene: Any) -> list[bool]:
    """Whether each event that it could watch is watched, and how many observers MRML prints."""
    segments = slicer.vtkSegmentation
    events = [
        segments.SourceRepresentationModified,
        segments.SegmentAdded,
        segments.SegmentRemoved,
        segments.SegmentModified,
        segments.SegmentsOrderModified,
        segmentation.SegmentationChangedEvent,
        segmentation.TransformModifiedEvent,
    ]
    return [
        *(segmentation.HasObserver(event) for event in events),
        *(node.HasObserver("ModifiedEvent") for node in (volume, segmentation)),
        str(volume).count("EventName"),
        str(scene).count("EventName"),
    ]


def test_no_observer_is_left_when_it_is_closed(scene: Any, segmentation: Any) -> None:
    volume = volume_of(segmentation)
    before = observers_of(segmentation, volume, scene)
    live = live_of(segmentation, sagittal=segmentation)
    live.refresh()
    assert observers_of(segmentation, volume, scene) != before
    live.close()
    live.close()
    assert observers_of(segmentation, volume, scene) == before
    edit(segmentation)
    assert live.is_closed and not live.is_dirty
    with pytest.raises(InputError, match="no longer in the scene"):
        live.refresh()


@pytest.mark.parametrize("gone", ["segmentation", "volume", "scene"])
def test_it_closes_itself_when_what_it_follows_is_gone(scene: Any, segmentation: Any, gone: str) -> None:
    volume = volume_of(segmentation)
    before = observers_of(segmentation, volume, scene)
    live = live_of(segmentation)
    live.refresh()
    if gone == "scene":
        scene.Clear(0)
    else:
        scene.RemoveNode(segmentation if gone == "segmentation" else volume)
    assert live.is_closed and live.segmentation is None and live.volume is None
    assert observers_of(segmentation, volume, scene)[:9] == before[:9]


def test_another_node_that_leaves_the_scene_does_not_matter(scene: Any, live: LiveMeasures) -> None:
    scene.RemoveNode(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "other"))
    assert not live.is_closed


def test_a_new_run_in_the_same_node_starts_anew(scene: Any, live: LiveMeasures, segmentation: Any) -> None:
    findings = live.refresh()
    live.drag(CORNER, moved(findings, CORNER, 4.0))
    live.confirm("vertebra.anterior_height", "L5")
    live.refresh()
    run = put_result(volume_of(segmentation), spine_of(SPINE.labels), PROVENANCE, replacing=segmentation)
    again = live.refresh()
    assert again == findings and dict(live.overrides) == {} and live.edited == frozenset()
    run.undo()
    brought_back = live.refresh()
    assert set(live.overrides) == {CORNER}
    assert brought_back.of("vertebra.anterior_height", "L5").status == "confirmed"
