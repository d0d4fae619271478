"""A result that a person confirmed as a whole, kept in the segmentation node with what it was at that moment.

An attribute of the node holds it, so a copy, a scene file and the way back of a run keep it. Whatever changes the
result afterwards withdraws it, for good.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import SimpleITK as sitk

from LumbarSegLib.core.confirmation import Confirmation, confirmation
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.report.layout import rounded
from LumbarSegLib.errors import InputError, LumbarSegError, as_sentence

if TYPE_CHECKING:
    from LumbarSegLib.scene.live import LiveMeasures

WHOLE = "LumbarSeg.ConfirmedWhole"


@dataclass(frozen=True)
class Standing:
    """Who stands for a result as it is now, None where nobody does; and whether that is since it was edited."""

    confirmed: Confirmation | None = None
    is_edited_since: bool = False


def confirm_whole(live: "LiveMeasures", person: str, organization: str = "") -> None:
    """Keep that this person confirmed the result as it was last measured.

    Raises InputError where nothing is measured, and where DICOM could not hold a name.
    """
    if live.segmentation is None or live.findings is None or live.result is None or live.has_failed:
        raise InputError("Nothing is measured, so there is nothing to confirm. Segment the image first.")
    told = {**asdict(confirmation(person, organization)), "stamp": _stamp(live)}
    live.segmentation.SetAttribute(WHOLE, json.dumps(told))


def withdraw_whole(live: "LiveMeasures") -> None:
    """Forget who confirmed the result; does nothing where nobody did."""
    if live.segmentation is not None:
        live.segmentation.RemoveAttribute(WHOLE)


def standing_of(live: "LiveMeasures | None") -> Standing:
    """How the result stands that was last measured; asked after each change, it withdraws what no longer holds."""
    text = live.segmentation.GetAttribute(WHOLE) if live is not None and live.segmentation is not None else None
    if live is None or not text:
        return Standing()
    told = json.loads(text)
    if live.findings is None:
        return Standing()
    if live.has_failed or told.get("stamp") != _stamp(live):
        live.segmentation.SetAttribute(WHOLE, json.dumps({"stamp": ""}))  # type: ignore[union-attr]
        return Standing(is_edited_since=True)
    return Standing(Confirmation(told["person"], told["organization"], told["date"]))


class Confirming:
    """What all hosts have of it: who is named, and the click that confirms or withdraws. `live` tells what is shown."""

    def __init__(self, live: "Callable[[], LiveMeasures | None]") -> None:
        self._live = live
        self._seen: tuple[tuple[Findings | None, str | None, bool], Standing] = ((None, None, False), Standing())
        self.person = self.organization = self.problem = ""

    @property
    def standing(self) -> Standing:
        """How the result stands; worked out again only where it may be otherwise than before."""
        live = self._live()
        if live is None or live.segmentation is None:
            return Standing()
        seen, standing = self._seen
        if seen[0] is not live.findings or seen[1:] != (live.segmentation.GetAttribute(WHOLE), live.has_failed):
            standing = standing_of(live)
            seen = (live.findings, live.segmentation.GetAttribute(WHOLE), live.has_failed)
            self._seen = (seen, standing)
        return standing

    def toggle(self) -> None:
        """Confirm the result as it is shown, or take that back. `problem` is why that cannot be, "" where it can."""
        live, self.problem = self._live(), ""
        if live is None:
            return
        try:
            if self.standing.confirmed is not None:
                withdraw_whole(live)
            else:
                confirm_whole(live, self.person, self.organization)
        except LumbarSegError as error:
            self.problem = as_sentence(error)


def _stamp(live: "LiveMeasures") -> str:
    """Tells a result from every other: its voxels, its numbers as they are shown, and what was set by hand.

    Cut-offs and values that are confirmed one by one are no part of it.
    """
    if live.findings is None or live.result is None:
        return ""
    digest = hashlib.sha256(sitk.GetArrayViewFromImage(live.result.labels).tobytes())
    for line in _lines(live.findings):
        digest.update(line.encode())
    return digest.hexdigest()


def _lines(findings: Findings) -> Iterator[str]:
    yield f"{findings.lowest_disc} {findings.view} {findings.represented}"
    for one in findings.measurements:
        yield f"{one.measure} {one.level} {rounded(one)} {one.reason}"
    for name, landmark in findings.landmarks.items():
        if landmark.status == "edited":
            yield f"{name} {' '.join(f'{mm:.2f}' for mm in landmark.place)}"
