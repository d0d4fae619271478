"""Every state of the panel, and what its controls say and allow in each."""

from dataclasses import replace

import pytest

from LumbarSegLib.scene.states import BUSY, Event, Situation, State, after, looks

READY = Situation(worker="ready", volume="L-spine")
RESULT = replace(READY, result="L-spine segmentation", task="sagittal", has_automatic=True, has_findings=True)


def enabled(now: Situation) -> set[str]:
    return {name for name, told in looks(now).items() if told.get("enabled", False)}


@pytest.mark.parametrize("state", State)
def test_an_error_ends_every_state(state: State) -> None:
    assert after(state, Event.FAIL) is State.FAILED


def test_a_run_goes_from_the_click_through_all_its_states_back_to_rest() -> None:
    state, seen = State.IDLE, []
    for event in (Event.ASK, Event.PROGRESS, Event.PROGRESS, Event.ANSWER, Event.IMPORTED):
        state = after(state, event)
        seen.append(state)
    assert seen == [State.STARTING, State.RUNNING, State.RUNNING, State.IMPORTING, State.IDLE]


@pytest.mark.parametrize("state", [State.STARTING, State.RUNNING, State.IMPORTING])
def test_a_run_can_be_cancelled_until_it_is_done(state: State) -> None:
    assert after(after(state, Event.CANCEL), Event.CANCELLED) is State.IDLE


@pytest.mark.parametrize(
    ("state", "event"), [(State.RUNNING, Event.ASK), (State.IDLE, Event.ANSWER), (State.CANCELLING, Event.ANSWER)]
)
def test_what_cannot_happen_in_a_state_is_refused(state: State, event: Event) -> None:
    with pytest.raises(KeyError):
        after(state, event)


def test_while_the_panel_is_loaded_nothing_can_be_pressed() -> None:
    assert enabled(Situation(is_loading=True)) == set()
    assert looks(Situation(is_loading=True))["statusLabel"]["text"] == "LumbarSeg is being loaded."


def test_without_an_image_only_choices_can_be_made() -> None:
    assert "segmentButton" not in enabled(Situation())
    assert {"inputSelector", "sampleButton", "thresholdsButton", "modelCardButton"} <= enabled(Situation())
    assert looks(Situation())["segmentButton"]["toolTip"] == "Load a lumbar spine image, or try a sample."


def test_an_image_that_cannot_be_segmented_is_told_of_in_place_of_the_button() -> None:
    told = looks(replace(READY, problem="The image is empty; export it again."))
    assert not told["segmentButton"]["enabled"]
    assert told["statusLabel"]["text"] == "The image is empty; export it again."
    assert told["warningIcon"]["visible"]


@pytest.mark.parametrize("state", BUSY)
def test_during_a_run_no_choice_can_change(state: State) -> None:
    now = enabled(replace(RESULT, state=state, can_undo=True))
    assert not now & {"inputSelector", "taskBox", "modelBox", "deviceBox", "lowestDiscBox", "replaceBox", "undoButton"}
    assert looks(replace(RESULT, state=state))["progressBar"]["visible"]


@pytest.mark.parametrize(("state", "can"), [(State.STARTING, True), (State.RUNNING, True), (State.IMPORTING, False)])
def test_the_button_cancels_as_long_as_that_changes_nothing(state: State, can: bool) -> None:
    told = looks(replace(READY, state=state))["segmentButton"]
    assert (told["text"], told["enabled"]) == ("Cancel", can)


def test_while_a_run_is_being_stopped_the_button_says_so() -> None:
    told = looks(replace(READY, state=State.CANCELLING))
    assert (told["segmentButton"]["text"], told["segmentButton"]["enabled"]) == ("Cancelling", False)


def test_after_an_error_the_next_run_can_begin() -> None:
    told = looks(replace(READY, state=State.FAILED, failure="The worker ended.", details="Traceback"))
    assert (told["segmentButton"]["text"], told["segmentButton"]["enabled"]) == ("Segment", True)
    assert told["statusLabel"]["text"] == "The worker ended."
    assert told["detailsButton"]["enabled"]


@pytest.mark.parametrize(
    ("left", "text"), [(None, "40 %"), (0.2, "40 %, 1 s left"), (12.4, "40 %, 12 s left"), (125.0, "40 %, 2 min left")]
)
def test_the_bar_tells_how_far_it_is_and_how_long_it_takes(left: float | None, text: str) -> None:
    told = looks(replace(READY, state=State.RUNNING, step="Segmenting", fraction=0.4, seconds_left=left))
    assert (told["progressBar"]["value"], told["progressBar"]["format"]) == (40, text)
    assert told["statusLabel"]["text"] == "Segmenting"


def test_a_result_can_be_corrected_measured_and_exported() -> None:
    wanted = {"segmentEditor", "revertAllButton", "measureView", "copyButton", "exportButton", "show3DBox"}
    assert wanted <= enabled(RESULT)
    assert not wanted & enabled(READY)


def test_a_segmentation_of_another_program_has_no_automatic_result_to_go_back_to() -> None:
    told = looks(replace(RESULT, has_automatic=False))["revertAllButton"]
    assert (told["enabled"], told["toolTip"]) == (False, "This segmentation was not made by LumbarSeg.")


def test_a_value_is_confirmed_and_its_confirmation_withdrawn_by_the_same_button() -> None:
    texts = {one: looks(replace(RESULT, selected=one))["confirmButton"] for one in ("", "value", "confirmed")}
    assert [(told["text"], told["enabled"]) for told in texts.values()] == [
        ("Confirm", False),
        ("Confirm", True),
        ("Withdraw", True),
    ]


def test_a_run_that_was_undone_can_be_redone() -> None:
    assert looks(replace(RESULT, can_undo=True))["undoButton"]["text"] == "Undo run"
    assert looks(replace(RESULT, can_redo=True))["undoButton"]["text"] == "Redo run"


def test_only_axial_slices_are_named_by_another_segmentation() -> None:
    assert not looks(RESULT)["sagittalSelector"]["visible"]
    assert looks(replace(RESULT, task="axial"))["sagittalSelector"]["visible"]


@pytest.mark.parametrize("state", State)
def test_every_control_has_a_tooltip_in_every_state(state: State) -> None:
    for now in (Situation(state=state), replace(RESULT, state=state), Situation(is_loading=True)):
        untold = [name for name, told in looks(now).items() if "enabled" in told and not told.get("toolTip")]
        assert not untold
