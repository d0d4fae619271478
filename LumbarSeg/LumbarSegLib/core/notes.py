"""What is to be said of an image since it was read, carried in its metadata until a result shows it."""

import json
from collections.abc import Sequence

import SimpleITK as sitk

from LumbarSegLib.core.carried import carrying

_CARRIED = "LumbarSeg.Notes"
_NAMED = 3


def notes_of(image: sitk.Image) -> tuple[str, ...]:
    """Sentences for the user: files left out, what the file does not say and was assumed."""
    return tuple(json.loads(image.GetMetaData(_CARRIED))) if image.HasMetaDataKey(_CARRIED) else ()


def with_notes(image: sitk.Image, notes: Sequence[str]) -> sitk.Image:
    """A copy of an image that carries these notes after those that it has."""
    return carrying(image, {_CARRIED: json.dumps([*notes_of(image), *notes])})


def without_note(image: sitk.Image, note: str) -> sitk.Image:
    """A copy of an image that carries its other notes."""
    kept = [one for one in notes_of(image) if one != note]
    return carrying(image, {_CARRIED: json.dumps(kept) if kept else ""})


def listed(names: Sequence[str]) -> str:
    """The first names and how many there are besides."""
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown
