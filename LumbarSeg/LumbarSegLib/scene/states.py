"""What the panel is in, how it gets from one state to the next, and what every control then says and allows.

One function, `looks`, derives all texts, tooltips and enabled states; no other code sets them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from LumbarSegLib.scene.export_states import exporting
from LumbarSegLib.scene.measure_states import measuring
from LumbarSegLib.scene.translation import tr as _

State = Enum("State", "IDLE STARTING RUNNING IMPORTING CANCELLING FAILED")
Event = Enum("Event", "ASK PROGRESS ANSWER IMPORTED CANCEL CANCELLED FAIL DISMISS")

BUSY = (State.STARTING, State.RUNNING, State.IMPORTING, State.CANCELLING)
"""States in which a run goes on."""

_NEXT: Mapping[tuple[State, Event], State] = {
    (State.IDLE, Event.ASK): State.STARTING,
    (State.FAILED, Event.ASK): State.STARTING,
    (State.STARTING, Event.PROGRESS): State.RUNNING,
    (State.RUNNING, Event.PROGRESS): State.RUNNING,
    (State.STARTING, Event.ANSWER): State.IMPORTING,
    (State.RUNNING, Event.ANSWER): State.IMPORTING,
    (State.IMPORTING, Event.IMPORTED): State.IDLE,
    (State.STARTING, Event.CANCEL): State.CANCELLING,
    (State.RUNNING, Event.CANCEL): State.CANCELLING,
    (State.IMPORTING, Event.CANCEL): State.CANCELLING,
    (State.CANCELLING, Event.CANCELLED): State.IDLE,
    (State.FAILED, Event.DISMISS): State.IDLE,
    **{(state, Event.FAIL): State.FAILED for state in State},
}


def after(state: State, event: Event) -> State:
    """The state that follows. Raises KeyError where the event cannot happen in this state."""
    return _NEXT[state, event]


@dataclass(frozen=True)
class Situation:
    """All that the looks of the panel depend on.

    `volume` and `result` are names of nodes, "" where none is chosen; `problem` says why the volume cannot be
    segmented, `likely_task` as what it is. `missing` are packages to install. `step`, `fraction` (0..1) and
    `seconds_left` are of the run, `failure` and `details` of the last error. `selected` tells of the selected value
    whether it can be confirmed ("value"), is ("confirmed"), or neither (""). `task` is that of the result. `person` and
    `organization` are as they are typed; `confirmed_by` says who confirmed the whole result, "" where nobody stands for
    it, `is_verified` whether with an organization, `confirm_problem` why that could not be.
    `from_file` is the file whose measures are shown in place of those of the result, "" where none is.
    """

    is_loading: bool = False
    state: State = State.IDLE
    worker: str = "stopped"
    volume: str = ""
    problem: str = ""
    likely_task: str = ""
    missing: tuple[str, ...] = ()
    step: str = ""
    fraction: float = 0.0
    seconds_left: float | None = None
    failure: str = ""
    details: str = ""
    result: str = ""
    task: str = ""
    can_undo: bool = False
    can_redo: bool = False
    has_automatic: bool = False
    has_findings: bool = False
    has_area: bool = False
    has_landmarks: bool = False
    is_dragged: bool = False
    selected: str = ""
    person: str = ""
    organization: str = ""
    confirmed_by: str = ""
    is_verified: bool = False
    is_edited_since: bool = False
    confirm_problem: str = ""
    from_file: str = ""


def looks(now: Situation) -> dict[str, dict[str, Any]]:
    """Properties of the controls by their names in the .ui file."""
    if now.is_loading:
        return _asleep(looks(Situation()))
    return {**_choices(now), **_run(now), **_correcting(now), **measuring(now), **exporting(now, _can_leave(now))}


def _asleep(awake: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The same with everything disabled, while the panel is loaded."""
    tip = _("LumbarSeg is being loaded.")
    asleep = {name: {**told, "enabled": False} if "enabled" in told else dict(told) for name, told in awake.items()}
    return {
        name: {**told, "toolTip": tip} if "toolTip" in told else told
        for name, told in (asleep | {"statusLabel": {"text": tip}}).items()
    }


def _choices(now: Situation) -> dict[str, dict[str, Any]]:
    free = now.state not in BUSY
    tips = {
        "inputSelector": _("The image to segment. It follows what is loaded and shown."),
        "sampleButton": _("Load one of the images that come with LumbarSeg."),
        "taskBox": _("What kind of image this is. Automatic reads it from the direction of the slices."),
        "modelBox": _("The model that segments the image. Automatic takes the one that comes with LumbarSeg."),
        "deviceBox": _("Where the model runs. Automatic takes the graphics card if there is one that fits."),
        "lowestDiscBox": _(
            "The name of the lowest disc that is seen. All levels are counted from it upward: check it."
        ),
        "viewBox": _("How the radiograph was taken. Automatic is as its file says, or as it looks."),
    }
    busy, film = _("Not while an image is segmented."), now.likely_task == "xray"
    looks = {name: {"enabled": free, "toolTip": tip if free else busy} for name, tip in tips.items()}
    looks["viewBox"]["visible"] = film
    return looks | {
        "viewLabel": {"visible": film},
        "modelCardButton": {"enabled": True, "toolTip": _("What the model was trained on, its scores and its limits.")},
    }


def _run(now: Situation) -> dict[str, dict[str, Any]]:
    busy, can_ask = now.state in BUSY, bool(now.volume) and not now.problem
    button: dict[State, tuple[str, str, bool]] = {
        State.STARTING: (_("Cancel"), _("Stop. Nothing changes in the scene."), True),
        State.RUNNING: (_("Cancel"), _("Stop. Nothing changes in the scene."), True),
        State.IMPORTING: (_("Cancel"), _("The result is being put into the scene."), False),
        State.CANCELLING: (_("Cancelling"), _("The run is being stopped."), False),
    }
    segment = (
        _("Segment"),
        _waiting(now) if not can_ask else _("Segment the image and measure what is found."),
        can_ask,
    )
    text, tip, enabled = button.get(now.state, segment)
    undone = now.can_redo and not now.can_undo
    return {
        "segmentButton": {"text": text, "toolTip": tip, "enabled": enabled},
        "statusLabel": {"text": _status(now)},
        "progressBar": {
            "visible": busy,
            "maximum": 0 if now.state in (State.STARTING, State.CANCELLING) else 100,
            "value": round(100 * now.fraction),
            "format": _progress(now),
        },
        "warningIcon": {"visible": now.state is State.FAILED or bool(now.problem and not busy)},
        "replaceBox": {
            "enabled": bool(now.result) and not busy,
            "toolTip": _("What a new run does with the result that is there.")
            if now.result
            else _("There is no result yet."),
        },
        "undoButton": {
            "text": _("Redo run") if undone else _("Undo run"),
            "enabled": (now.can_undo or now.can_redo) and not busy,
            "toolTip": _("Bring the result of the last run back.")
            if undone
            else _("Bring back what was there before the last run."),
        },
        "detailsButton": {
            "text": _("Details"),
            "enabled": bool(now.details),
            "toolTip": _("What happened, for a report of an error.") if now.details else _("Nothing has happened yet."),
        },
    }


def _status(now: Situation) -> str:
    texts = {
        State.STARTING: _("The model is being loaded."),
        State.RUNNING: now.step,
        State.IMPORTING: _("The result is being put into the scene."),
        State.CANCELLING: _("The run is being stopped."),
        State.FAILED: now.failure,
    }
    return texts.get(now.state) or _waiting(now)


def _waiting(now: Situation) -> str:
    if not now.volume:
        return _("Load a lumbar spine image, or try a sample.")
    if now.problem:
        return now.problem
    if now.missing:
        return _("Needs packages that are not installed: {names}. You are asked first.").format(
            names=", ".join(now.missing)
        )
    return _("The model is being loaded; you can start already.") if now.worker == "starting" else _("Ready.")


def _progress(now: Situation) -> str:
    if now.state is not State.RUNNING:
        return ""
    percent, left = f"{round(100 * now.fraction)} %", now.seconds_left
    if left is None:
        return percent
    if left < 90:
        return _("{percent}, {seconds} s left").format(percent=percent, seconds=max(1, round(left)))
    return _("{percent}, {minutes} min left").format(percent=percent, minutes=round(left / 60))


def _can_leave(now: Situation) -> bool:
    return bool(now.result) and now.state is not State.IMPORTING


def _correcting(now: Situation) -> dict[str, dict[str, Any]]:
    there = _can_leave(now)
    none = _("There is no result yet.")
    automatic = none if not there else _("This segmentation was not made by LumbarSeg.")
    tips = {
        "show3DBox": _("Show the surfaces in the 3D view."),
        "smoothingSlider": _("How much the surfaces are smoothed. The segments stay as they are."),
        "opacitySlider": _("How opaque the segments are."),
        "segmentEditor": _("Correct the segments. The measures follow."),
    }
    back = {
        "revertSegmentButton": _("Bring the selected segment back to what the model found."),
        "revertAllButton": _("Bring all segments back to what the model found, deleted ones too."),
    }
    can_revert = there and now.has_automatic
    return (
        {
            "resultSelector": {
                "enabled": now.state is not State.IMPORTING,
                "toolTip": _("The segmentation that is corrected and measured."),
            }
        }
        | {name: {"enabled": there, "toolTip": tip if there else none} for name, tip in tips.items()}
        | {name: {"enabled": can_revert, "toolTip": tip if can_revert else automatic} for name, tip in back.items()}
    )
