"""A label map whose levels are named already, read as it is or with all names shifted."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.anatomy import CANAL, WITH_L6, Level, Numbering, Structure
from LumbarSegLib.core.labelmap import values_of
from LumbarSegLib.core.levels import Spine, spine_of
from LumbarSegLib.errors import InputError


def named_spine(labels: sitk.Image, lowest_disc: str | None = None, made_with: str = "L5/S1") -> Spine:
    """The Spine of a label map as `shifted` names it. Raises InputError where that does."""
    return spine_of(*shifted(labels, lowest_disc, made_with))


def shifted(labels: sitk.Image, lowest_disc: str | None = None, made_with: str = "L5/S1") -> tuple[sitk.Image, str]:
    """A 3D uint8 label map with SPIDER's values, stored in any orientation, as it is to be named, and the name of its
    lowest disc, or of the disc below the lowest vertebra where there are no discs in it.

    `lowest_disc` is the name that this disc is to have; all other names shift with it. Without it the values keep their
    names. `made_with` is its name when the map was made: 201 is L5/L6 in a spine with a sixth lumbar vertebra. Raises
    InputError where a value belongs to no structure or shifts beyond the names.
    """
    names = renaming(values_of(labels), lowest_disc, made_with)
    return (renamed(labels, names) if names.shift or names.old != names.new else labels), names.lowest_disc


@dataclass(frozen=True)
class Renaming:
    """Levels that get other names: all move `shift` places upward, from the old names to the new ones.

    `old` and `new` are the levels from the sacrum upward, `lowest_disc` the new name of the lowest disc.
    """

    old: tuple[Level, ...]
    new: tuple[Level, ...]
    shift: int
    lowest_disc: str

    def structure(self, label: int) -> Structure:
        """What the structure with this label value is from now on. Raises InputError where it would have no name."""
        if label == CANAL.label:
            return CANAL
        place = _place(label, self.old) + self.shift
        if not 0 <= place < len(self.new):
            raise InputError("the levels cannot shift so far: some would have no name; choose another lowest disc.")
        return self.new[place].disc if label > 200 else self.new[place].vertebra


def renaming(values: Collection[int], lowest_disc: str | None = None, made_with: str = "L5/S1") -> Renaming:
    """How the structures with these label values are named anew; `shifted` says what the arguments are.

    Raises InputError where a value belongs to no structure.
    """
    old = _chain(made_with in WITH_L6 or bool({25, 225} & set(values)))
    numbering = Numbering(old[0].disc.name)
    structures = [numbering.structure(value) for value in values]
    places = {one.label: _place(one.label, old) for one in structures if one.kind != "canal"}
    if not places:
        return Renaming(old, old, 0, lowest_disc or made_with)
    lowest = min((place for value, place in places.items() if value > 200), default=min(places.values()))
    named = old[lowest].disc.name
    if lowest_disc in (None, named):
        return Renaming(old, old, 0, named)
    new = _chain(lowest_disc in WITH_L6)
    return Renaming(old, new, new.index(Numbering(lowest_disc).levels()[0]) - lowest, lowest_disc)


def renamed(labels: sitk.Image, names: Renaming) -> sitk.Image:
    """The label map with the new label values. Raises InputError where a level would have no name."""
    table = np.zeros(256, dtype=np.uint8)
    for value in values_of(labels):
        table[value] = names.structure(value).label
    found = sitk.GetImageFromArray(table[sitk.GetArrayViewFromImage(labels)])
    found.CopyInformation(labels)
    return found


def _chain(with_l6: bool) -> tuple[Level, ...]:
    """All levels from the sacrum upward."""
    return Numbering("L6/S1" if with_l6 else "L5/S1").levels()


def _place(label: int, chain: tuple[Level, ...]) -> int:
    return next(k for k, level in enumerate(chain) if label in (level.vertebra.label, level.disc.label))
