"""A run, from the click to the result, and all that can come between."""

from typing import Any

import SimpleITK as sitk
import slicer

from LumbarSegLib.core.worker.events import Answer, Died, Failed, Progress, Ready
from LumbarSegLib.scene.segmentations import segments_of, volume_of
from LumbarSegLib.scene.states import State
from Testing.desktop.driving import Driven
from Testing.desktop.told_worker import ToldWorker

Known = tuple[sitk.Image, Answer]


def segmentations(scene: Any) -> list[Any]:
    found = scene.GetNodesByClass("vtkMRMLSegmentationNode")
    return [found.GetItemAsObject(place) for place in range(found.GetNumberOfItems())]


def test_the_worker_is_started_when_the_panel_is_entered_and_ended_with_it(worker: ToldWorker, panel: Driven) -> None:
    assert worker.state == "ready"
    panel.window.leave()
    assert worker.state == "stopped"


def test_a_click_segments_and_measures_the_image(loaded: Driven, worker: ToldWorker, known: Known, scene: Any) -> None:
    assert loaded.ui.statusLabel.text == "Ready."
    loaded.click("segmentButton")
    assert (loaded.panel.running.state, loaded.ui.segmentButton.text) == (State.STARTING, "Cancel")
    worker.say(Ready(1.0), Progress("Segmenting", 0.4, 12.0))
    loaded.wait(lambda: loaded.panel.running.state is State.RUNNING)
    assert (loaded.ui.progressBar.value, loaded.ui.progressBar.format) == (40, "40 %, 12 s left")
    worker.say(known[1])
    loaded.wait(lambda: loaded.panel.measuring.findings is not None)
    assert loaded.panel.running.state is State.IDLE
    assert not loaded.ui.progressBar.visible
    (segmentation,) = segmentations(scene)
    assert {"L1", "L5", "L4/5", "Spinal canal"} <= {one.GetName() for one in segments_of(segmentation).values()}
    assert volume_of(segmentation) is loaded.panel.choosing.volume
    assert loaded.ui.resultSelector.currentNode() is segmentation
    assert loaded.ui.segmentEditor.segmentationNode() is segmentation
    assert loaded.ui.segmentEditor.sourceVolumeNode() is loaded.panel.choosing.volume
    assert not loaded.ui.measureSection.collapsed


def test_the_worker_gets_the_very_voxels_and_all_choices(loaded: Driven, worker: ToldWorker, known: Known) -> None:
    for box, data in {"taskBox": "sagittal", "deviceBox": "cpu", "lowestDiscBox": "L4/5"}.items():
        loaded.choose(box, data)
    loaded.click("segmentButton")
    asked = worker.asked[0]
    assert (asked["task"], asked["device"], asked["lowest_disc"]) == ("sagittal", "cpu", "L4/5")
    assert (asked["model"], asked["accept_unlisted"]) == (None, False)
    assert (sitk.GetArrayViewFromImage(asked["image"]) == sitk.GetArrayViewFromImage(known[0])).all()


def test_cancel_ends_the_run_and_changes_nothing(loaded: Driven, worker: ToldWorker, scene: Any) -> None:
    loaded.click("segmentButton")
    worker.say(Progress("Segmenting", 0.2, None))
    loaded.wait(lambda: loaded.panel.running.state is State.RUNNING)
    loaded.click("segmentButton")
    assert (loaded.ui.segmentButton.text, loaded.ui.segmentButton.enabled) == ("Cancelling", False)
    loaded.wait(lambda: loaded.panel.running.state is State.IDLE)
    assert worker.cancelled == 1
    assert segmentations(scene) == []
    assert loaded.ui.segmentButton.text == "Segment"


def test_what_the_worker_said_before_it_was_cancelled_is_not_heard(
    loaded: Driven, worker: ToldWorker, known: Known, scene: Any
) -> None:
    loaded.click("segmentButton")
    worker.say(known[1])
    loaded.click("segmentButton")
    loaded.pause(0.3)
    assert segmentations(scene) == []


def test_a_failure_is_one_sentence_with_folded_details(loaded: Driven, worker: ToldWorker) -> None:
    loaded.click("segmentButton")
    worker.say(Failed("The image has no spine in it; choose another.", "Traceback (most recent call last)"))
    loaded.wait(lambda: loaded.panel.running.state is State.FAILED)
    assert loaded.ui.statusLabel.text == "The image has no spine in it; choose another."
    assert loaded.ui.warningIcon.visible
    assert not loaded.ui.logText.visible
    loaded.click("detailsButton")
    assert "Traceback (most recent call last)" in loaded.ui.logText.plainText


def test_after_the_worker_died_the_next_run_works(loaded: Driven, worker: ToldWorker, known: Known) -> None:
    loaded.click("segmentButton")
    worker.say(Died("The process that segments ended by itself.", "signal 9"))
    loaded.wait(lambda: loaded.panel.running.state is State.FAILED)
    worker.state = "stopped"
    loaded.click("segmentButton")
    worker.say(known[1])
    loaded.wait(lambda: loaded.panel.measuring.findings is not None)
    assert loaded.panel.running.failure == ""


def test_another_choice_clears_an_error(loaded: Driven, worker: ToldWorker) -> None:
    loaded.click("segmentButton")
    worker.say(Failed("This computer has no usable CUDA device.", ""))
    loaded.wait(lambda: loaded.panel.running.state is State.FAILED)
    loaded.choose("deviceBox", "cpu")
    assert loaded.ui.statusLabel.text == "Ready."


def test_the_log_names_no_image(loaded: Driven, worker: ToldWorker, known: Known) -> None:
    loaded.click("segmentButton")
    worker.say(known[1])
    loaded.wait(lambda: not loaded.panel.running.is_busy)
    assert "Segmented in 1.0 s." in loaded.panel.running.log
    assert "Ünïté" not in loaded.panel.running.log


def test_closing_the_scene_in_the_middle_is_safe(loaded: Driven, worker: ToldWorker, known: Known, scene: Any) -> None:
    loaded.click("segmentButton")
    worker.say(Progress("Segmenting", 0.2, None))
    loaded.wait(lambda: loaded.panel.running.state is State.RUNNING)
    scene.Clear(0)
    loaded.wait(lambda: loaded.panel.running.state is State.IDLE)
    worker.say(known[1])
    loaded.pause(0.2)
    assert worker.cancelled == 1
    assert segmentations(scene) == []
    assert loaded.ui.statusLabel.text == "Load a lumbar spine image, or try a sample."


def test_deleting_the_volume_in_the_middle_cancels_the_run(loaded: Driven, worker: ToldWorker, scene: Any) -> None:
    loaded.click("segmentButton")
    scene.RemoveNode(loaded.panel.choosing.volume)
    loaded.wait(lambda: loaded.panel.running.state is State.IDLE)
    assert worker.cancelled == 1


def test_a_run_goes_on_while_another_module_is_shown_and_then_the_worker_ends(
    loaded: Driven, worker: ToldWorker, known: Known, scene: Any
) -> None:
    loaded.click("segmentButton")
    loaded.window.leave()
    assert worker.state == "busy"
    worker.say(known[1])
    loaded.wait(lambda: worker.state == "stopped")
    assert len(segmentations(scene)) == 1


def test_unloading_the_module_in_the_middle_ends_the_worker(loaded: Driven, worker: ToldWorker) -> None:
    loaded.click("segmentButton")
    loaded.close()
    assert worker.state == "stopped"


def test_a_second_run_replaces_the_result_in_its_node(
    segmented: Driven, worker: ToldWorker, known: Known, scene: Any
) -> None:
    (before,) = segmentations(scene)
    segmented.click("segmentButton")
    worker.say(known[1])
    segmented.wait(lambda: not segmented.panel.running.is_busy)
    assert segmentations(scene) == [before]


def test_the_run_of_another_image_leaves_the_result_of_the_first_as_it_is(
    segmented: Driven, worker: ToldWorker, known: Known, scene: Any
) -> None:
    (before,) = segmentations(scene)
    first = segmented.panel.choosing.volume
    segmented.load(known[0], "another")
    segmented.click("segmentButton")
    worker.say(known[1])
    segmented.wait(lambda: not segmented.panel.running.is_busy)
    assert [volume_of(one).GetName() for one in segmentations(scene)] == [first.GetName(), "another"]
    assert segmentations(scene)[0] is before


def test_a_second_run_keeps_both_results_if_the_user_says_so(
    segmented: Driven, worker: ToldWorker, known: Known, scene: Any
) -> None:
    segmented.choose("replaceBox", "keep")
    segmented.click("segmentButton")
    worker.say(known[1])
    segmented.wait(lambda: not segmented.panel.running.is_busy)
    assert len(segmentations(scene)) == 2
    assert segmented.ui.resultSelector.currentNode() is segmentations(scene)[1]


def test_undo_brings_back_what_was_edited_before_the_run_and_redo_the_run(
    segmented: Driven, worker: ToldWorker, known: Known
) -> None:
    segmentation = segmented.ui.resultSelector.currentNode()
    gone = segmentation.GetSegmentation().GetNthSegmentID(0)
    segmentation.GetSegmentation().RemoveSegment(gone)
    segmented.click("segmentButton")
    worker.say(known[1])
    segmented.wait(lambda: not segmented.panel.running.is_busy)
    assert segmentation.GetSegmentation().GetSegment(gone) is not None
    segmented.click("undoButton")
    assert segmentation.GetSegmentation().GetSegment(gone) is None
    assert segmented.ui.undoButton.text == "Redo run"
    segmented.click("undoButton")
    assert segmentation.GetSegmentation().GetSegment(gone) is not None


def test_undo_of_the_first_run_takes_its_segmentation_away(segmented: Driven, scene: Any) -> None:
    segmented.click("undoButton")
    assert segmentations(scene) == []
    assert segmented.panel.measuring.findings is None
    assert not segmented.ui.measureView.enabled
    segmented.click("undoButton")
    segmented.wait(lambda: segmented.panel.measuring.findings is not None)


def test_an_exception_in_a_slot_is_seen(panel: Driven, slots: list[BaseException]) -> None:
    panel.panel.running.tick = lambda: 1 / 0
    panel.pause(0.15)
    assert slots
    assert isinstance(slots[0], ZeroDivisionError)
    slots.clear()
    del panel.panel.running.tick


def test_nothing_is_left_of_the_panel_when_it_goes(segmented: Driven, scene: Any) -> None:
    segmented.click("landmarksBox") if segmented.ui.landmarksBox.enabled else None
    segmented.close()
    assert segmented.panel._watching.Observations == []
    scene.Clear(0)
    assert slicer.modules.LumbarSegWidget.panel.running.state is State.IDLE


def test_a_result_of_voxels_that_are_there_no_more_is_not_put_into_the_scene(
    loaded: Driven, worker: ToldWorker, known: Known, scene: Any
) -> None:
    loaded.click("segmentButton")
    volume = loaded.panel.choosing.volume
    frame = volume.GetImageData().NewInstance()
    frame.DeepCopy(volume.GetImageData())
    volume.SetAndObserveImageData(frame)
    worker.say(known[1])
    loaded.wait(lambda: loaded.panel.running.state is State.FAILED)
    assert "changed while it was segmented" in loaded.ui.statusLabel.text
    assert segmentations(scene) == []
