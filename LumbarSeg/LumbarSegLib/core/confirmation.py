"""Who looked at a result as a whole and stands for it, as provenance, pages and DICOM tell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from LumbarSegLib.errors import InputError

_PERSON, _ORGANIZATION, _DATE = KEYS = ("confirmed", "confirmed_organization", "confirmed_date")
"""What a provenance calls the three."""

_LONGEST = 64
"""Letters of a name (PN) or of an organization (LO) in DICOM."""


@dataclass(frozen=True)
class Confirmation:
    """A person, the person's organization ("" where none was named), and when: ISO 8601, UTC."""

    person: str
    organization: str
    date: str

    @property
    def words(self) -> str:
        """ "Eva Weiß, Klinik Süd, 2026-11-26 03:10 UTC"."""
        when = self.date[:16].replace("T", " ")
        return ", ".join(part for part in (self.person, self.organization, f"{when} UTC" if when else "") if part)

    def told(self) -> dict[str, str]:
        """The same as a part of a provenance."""
        parts = zip(KEYS, (self.person, self.organization, self.date), strict=True)
        return {key: text for key, text in parts if text}


def confirmation(person: str, organization: str = "") -> Confirmation:
    """The confirmation of a person, made now. Raises InputError where DICOM could not hold a name."""
    person, organization = " ".join(person.split()), " ".join(organization.split())
    if not person:
        raise InputError("A confirmation needs the name of the person who stands for the result; give it.")
    for name, forbidden in ((person, "\\="), (organization, "\\")):
        if len(name) > _LONGEST or not name.isprintable() or any(letter in name for letter in forbidden):
            raise InputError(
                f"“{name[:_LONGEST]}” is no name for DICOM; give up to {_LONGEST} letters, without \\ and =."
            )
    return Confirmation(person, organization, datetime.now(UTC).isoformat(timespec="seconds"))


def confirmation_of(provenance: Mapping[str, Any]) -> Confirmation | None:
    """The confirmation that a provenance tells of; None where it tells of none."""
    person, organization, date = (str(provenance.get(key, "")) for key in KEYS)
    return Confirmation(person, organization, date) if person else None


def without_confirmation(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """A provenance for what can be changed from here on, as segments in a file: nobody stands for it any more."""
    return {key: value for key, value in provenance.items() if key not in KEYS}


def what_lacks(person: str, organization: str) -> str:
    """What follows from a name that is not given, in a sentence; "" where nothing lacks."""
    if not person.strip():
        return "Without a name nobody stands for the result, and a DICOM SR says UNVERIFIED."
    if not organization.strip():
        return "Without an organization a DICOM SR says UNVERIFIED: the standard wants both."
    return ""
