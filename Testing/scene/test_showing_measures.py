"""What all hosts have of measuring: it follows a real segmentation at the beat of a timer, and lets go of it."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from LumbarSegLib.core.findings import Measurement
from LumbarSegLib.core.thresholds import SHIPPED, Thresholds
from LumbarSegLib.scene.marks import marks_of
from LumbarSegLib.scene.showing_measures import Following
from Testing.scene.following import SPINE, axial_run, mask_of, paint, spine_run, without_front

HEIGHT = "vertebra.anterior_height"
CORNER = "L3.superior_anterior"


class Host(Following):
    """Remembers what it was asked to show."""

    thresholds: Thresholds = SHIPPED
    wants_corners = False

    def __init__(self, scene: Any) -> None:
        super().__init__(scene, lambda: None)
        self.chosen: tuple[str, str] | None = None
        self.beside: Any = None
        self.shown: list[float | None] = []

    @property
    def selected(self) -> Measurement | None:
        return self.findings.of(*self.chosen) if self.findings is not None and self.chosen else None

    def show(self) -> None:
        self.shown.append(self.selected.value if self.selected is not None else None)
        self._show_selected()

    def sagittal_beside(self, segmentation: Any) -> Any:
        return self.beside

    def tick_until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end
            self.tick()


@pytest.fixture
def host(scene: Any) -> Host:
    return Host(scene)


@pytest.fixture
def segmentation(scene: Any) -> Any:
    return spine_run(scene).segmentation


def test_a_tick_measures_what_is_followed_and_each_edit_of_it(host: Host, segmentation: Any) -> None:
    host.chosen = (HEIGHT, "L3")
    host.follow(segmentation)
    assert host.findings is None and host.shown == [None]
    host.tick()
    first = host.shown[-1]
    assert first is not None and host.task == "sagittal" and host.selected_kind == "value"
    paint(segmentation, "L3", without_front(mask_of(SPINE.labels, [3])), SPINE.labels)
    host.tick_until(lambda: host.shown[-1] != first)
    assert host.selected is not None and host.selected.status == "edited"
    times = len(host.shown)
    host.tick()
    assert len(host.shown) == times


def test_what_is_deleted_is_let_go_with_all_that_was_shown_of_it(host: Host, segmentation: Any, scene: Any) -> None:
    host.chosen, host.wants_corners = (HEIGHT, "L3"), True
    host.follow(segmentation)
    host.tick()
    assert marks_of(scene, "measurement") and marks_of(scene, "landmarks")
    scene.RemoveNode(segmentation)
    host.tick()
    assert (host.live, host.findings, host.task, host.notes) == (None, None, "", [])
    assert not marks_of(scene, "measurement") and not marks_of(scene, "landmarks")


def test_corners_that_are_wanted_are_shown_of_the_next_segmentation_too(host: Host, scene: Any) -> None:
    host.chosen, host.wants_corners = (HEIGHT, "L3"), True
    for run in (spine_run(scene), spine_run(scene)):
        host.follow(run.segmentation)
        host.tick()
        assert len(marks_of(scene, "landmarks")) == 1
    host.show_corners(False)
    assert not marks_of(scene, "landmarks")


def test_a_dragged_corner_is_measured_at_the_next_tick_and_put_back(host: Host, segmentation: Any) -> None:
    host.chosen = (HEIGHT, "L3")
    host.follow(segmentation)
    host.tick()
    assert host.live is not None and host.findings is not None
    before = host.shown[-1]
    x, y, z = host.findings.landmarks[CORNER].place
    host.live.drag(CORNER, (x, y, z + 3))
    host.tick_until(lambda: host.shown[-1] != before)
    assert host.is_dragged
    host.snap_back()
    assert host.shown[-1] == before and not host.is_dragged


def test_what_cannot_be_measured_has_one_sentence_until_it_can(host: Host, segmentation: Any) -> None:
    host.follow(segmentation)
    host.tick()
    whole = host.notes
    segmentation.GetSegmentation().RemoveAllSegments()
    host.tick_until(lambda: bool(host.problem))
    assert host.notes == [host.problem] != whole
    host.follow(spine_run(segmentation.GetScene()).segmentation)
    host.tick()
    assert not host.problem and host.notes == whole


def test_slices_that_cannot_be_named_so_keep_their_names(host: Host, scene: Any) -> None:
    host.follow(axial_run(scene).segmentation)
    host.tick()
    assert host.name_slices({"L4/5": 2}) == ""
    assert host.name_slices({"L4/5": 99}) != ""
    assert host.live is not None and host.live.levels == {"L4/5": 2} and not host.problem
    assert host.findings is not None and host.findings.of("ts.area", "L4/5").value is not None


def test_an_axial_result_takes_names_from_a_sagittal_one_that_is_chosen_later(host: Host, scene: Any) -> None:
    host.follow(axial_run(scene).segmentation)
    host.tick()
    first = host.live
    host.beside = spine_run(scene).segmentation
    host.follow_anew()
    assert host.live is not first and host.task == "axial"
