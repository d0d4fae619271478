"""What the controls say and allow with which a result is confirmed as a whole and leaves the program."""

from typing import TYPE_CHECKING, Any

from LumbarSegLib.core.confirmation import what_lacks
from LumbarSegLib.scene.measure_states import OF_FILE
from LumbarSegLib.scene.translation import tr as _

if TYPE_CHECKING:
    from LumbarSegLib.scene.states import Situation


def exporting(now: "Situation", can_leave: bool) -> dict[str, dict[str, Any]]:
    """Properties of the controls by their names in the .ui file; `can_leave` tells whether there is a result."""
    tip = _("Write the result into a file.") if can_leave else _("There is no result yet.")
    if now.from_file:
        can_leave, tip = False, OF_FILE
    files = {name: {"enabled": can_leave, "toolTip": tip} for name in ("formatBox", "exportButton")}
    return files | _confirming(now)


def _confirming(now: "Situation") -> dict[str, dict[str, Any]]:
    there = now.has_findings and not now.from_file
    none = OF_FILE if now.from_file else _("There are no measures yet.")
    named, confirmed = bool(now.person.strip()), bool(now.confirmed_by)
    tips = {
        "personEdit": _("Who stands for the result. Reports and a DICOM SR say it; the name is kept for the next one."),
        "organizationEdit": _("For whom this person works. A DICOM SR is VERIFIED only with it."),
    }
    able = there and (confirmed or named)
    return {name: {"enabled": there, "toolTip": tip if there else none} for name, tip in tips.items()} | {
        "confirmResultButton": {
            "text": _("Withdraw") if confirmed else _("Confirm result"),
            "enabled": able,
            "toolTip": none
            if not there
            else _("Take the confirmation of the whole result back.")
            if confirmed
            else _("Confirm the result as it stands now. Any later edit withdraws it.")
            if named
            else _("Give your name first."),
        },
        "confirmedLabel": {"text": _told(now) if there else ""},
    }


def _told(now: "Situation") -> str:
    """How the result stands, in words, and what follows from a name that is not given."""
    if now.confirm_problem:
        return now.confirm_problem
    if now.confirmed_by:
        said = _("Confirmed by {who}.").format(who=now.confirmed_by)
        return said if now.is_verified else f"{said} {what_lacks(now.confirmed_by, '')}"
    stands = _("Edited after it was confirmed. Confirm it again.") if now.is_edited_since else _("Not confirmed.")
    return f"{stands} {what_lacks(now.person, now.organization)}".strip()
