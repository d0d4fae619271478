"""A label map whose levels are named already, read as it is or with all names shifted."""

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.anatomy import WITH_L6, Level, Numbering, Structure
from LumbarSegLib.core.levels import Spine, spine_of
from LumbarSegLib.errors import InputError


def named_spine(labels: sitk.Image, lowest_disc: str | None = None, made_with: str = "L5/S1") -> Spine:
    """The Spine of a 3D uint8 label map with SPIDER's values, stored in any orientation.

    `lowest_disc` is the name that the lowest disc in the map is to have; all other names shift with it. Without it the
    values keep their names. `made_with` is the name of the lowest disc when the map was made: 201 is L5/L6 in a spine
    with a sixth lumbar vertebra. Raises InputError where a value belongs to no structure or shifts beyond the names.
    """
    values = np.flatnonzero(np.bincount(sitk.GetArrayViewFromImage(labels).ravel(), minlength=256)).tolist()
    old = _chain(made_with in WITH_L6 or bool({25, 225} & set(values)))
    structures = [Numbering(old[0].disc.name).structure(value) for value in values if value]
    places = {one.label: _place(one, old) for one in structures if one.kind != "canal"}
    if not places:
        return spine_of(labels, lowest_disc or made_with)
    lowest = min((place for value, place in places.items() if value > 200), default=min(places.values()))
    named = old[lowest].disc.name
    if lowest_disc in (None, named):
        return spine_of(labels, named)
    new = _chain(lowest_disc in WITH_L6)
    shift = new.index(Numbering(lowest_disc).levels()[0]) - lowest
    return spine_of(_renamed(labels, places, shift, new), lowest_disc)


def _chain(with_l6: bool) -> tuple[Level, ...]:
    """All levels from the sacrum upward."""
    return Numbering("L6/S1" if with_l6 else "L5/S1").levels()


def _place(structure: Structure, chain: tuple[Level, ...]) -> int:
    return next(k for k, level in enumerate(chain) if structure.label in (level.vertebra.label, level.disc.label))


def _renamed(labels: sitk.Image, places: dict[int, int], shift: int, chain: tuple[Level, ...]) -> sitk.Image:
    table = np.arange(256, dtype=np.uint8)
    for value, place in places.items():
        if not 0 <= place + shift < len(chain):
            raise InputError("the levels cannot shift so far: some would have no name; choose another lowest disc.")
        level = chain[place + shift]
        table[value] = level.disc.label if value > 200 else level.vertebra.label
    renamed = sitk.GetImageFromArray(table[sitk.GetArrayViewFromImage(labels)])
    renamed.CopyInformation(labels)
    return renamed
