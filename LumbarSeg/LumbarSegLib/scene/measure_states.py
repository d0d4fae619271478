"""What the controls say and allow with which measures are shown, confirmed one by one, plotted and copied."""

from typing import TYPE_CHECKING, Any

from LumbarSegLib.scene.translation import tr as _

if TYPE_CHECKING:
    from LumbarSegLib.scene.states import Situation

OF_FILE = _("These measures are from a file. Close it first.")
"""Why nothing can be done with the measures that are shown."""


def measuring(now: "Situation") -> dict[str, dict[str, Any]]:
    """Properties of the controls by their names in the .ui file."""
    there, none = now.has_findings, _("There are no measures yet.")
    axial, of_file = now.task == "axial" and not now.from_file, OF_FILE if now.from_file else ""
    corners = _("Show the corners of the selected level; drag one, and angles follow.")
    able = {
        "tableBox": (there, _("Which measures are shown.")),
        "filterEdit": (there, _("Show only rows that hold these letters, such as L4 or flagged.")),
        "measureView": (there, _("Click a value to see where it was read.")),
        "copyButton": (there, _("Copy the table, or the selected cells, for a spreadsheet.")),
        "plotButton": (there and now.has_area, _("Plot the area along the canal.")),
        "landmarksBox": (
            there and now.has_landmarks,
            _("Show the corners of the selected level.") if of_file else corners,
        ),
        "snapBackButton": (
            now.is_dragged and not of_file,
            _("Put all dragged corners back where they are found by themselves."),
        ),
    }
    why = {
        "plotButton": _("There is no area to plot."),
        "landmarksBox": _("Select a value that is read from corners."),
        "snapBackButton": of_file or _("No corner was dragged."),
    }
    shown = {
        name: {"enabled": can, "toolTip": tip if can else (why.get(name, none) if there else none)}
        for name, (can, tip) in able.items()
    }
    return shown | {
        "confirmButton": _confirming(now),
        "thresholdsButton": {
            "enabled": not of_file,
            "toolTip": of_file or _("Cut-offs from the literature, with their sources."),
        },
        "sagittalSelector": {
            "visible": axial,
            "toolTip": _("A sagittal segmentation of the same patient. It names the levels of the slices."),
        },
        "sagittalLabel": {"visible": axial},
        "levelsButton": {"visible": axial, "toolTip": _("Say which slice shows which level.")},
        "findingsButton": _opening(now),
    }


def _confirming(now: "Situation") -> dict[str, Any]:
    confirmed = now.selected == "confirmed"
    looks = {"text": _("Withdraw") if confirmed else _("Confirm"), "enabled": bool(now.selected) and not now.from_file}
    if now.from_file:
        return {**looks, "toolTip": OF_FILE}
    if confirmed:
        return {**looks, "toolTip": _("Take your confirmation back.")}
    tip = _("Mark the selected value as checked by you.") if now.selected else _("Select a value first.")
    return {**looks, "toolTip": tip}


def _opening(now: "Situation") -> dict[str, Any]:
    """The button that shows measures of a file in place of those of the result, and goes back to these."""
    if now.from_file:
        return {"text": _("Close file"), "enabled": True, "toolTip": _("Show the measures of the result again.")}
    tip = _("Show measures that were exported before (.json, .csv) on their image.")
    return {
        "text": _("Open file…"),
        "enabled": bool(now.volume),
        "toolTip": tip if now.volume else _("Open the image that they were measured in first."),
    }
