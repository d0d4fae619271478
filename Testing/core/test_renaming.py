"""A label map keeps its names, or all of them shift with the name of the lowest disc."""

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.renaming import named_spine
from LumbarSegLib.errors import InputError
from Testing.phantoms import PhantomSpine

LABELS = PhantomSpine(vertebrae=3).labels


def names(lowest_disc: str | None = None, labels: sitk.Image = LABELS, made_with: str = "L5/S1") -> list[str]:
    return [one.structure.name for one in named_spine(labels, lowest_disc, made_with).instances]


def without(value: int) -> sitk.Image:
    """The label map with one structure taken away."""
    return LABELS * sitk.Cast(value != LABELS, sitk.sitkUInt8)


def test_without_a_name_for_the_lowest_disc_the_values_keep_their_names() -> None:
    assert names() == ["L5/S1", "L5", "L4/5", "L4", "L3/4", "L3", "Spinal canal"]
    assert named_spine(LABELS).labels is LABELS


def test_all_names_shift_with_the_lowest_disc_and_no_voxel_moves() -> None:
    assert names("L4/5") == ["L4/5", "L4", "L3/4", "L3", "L2/3", "L2", "Spinal canal"]
    shifted = sitk.GetArrayFromImage(named_spine(LABELS, "L4/5").labels)
    assert np.array_equal(shifted > 0, sitk.GetArrayFromImage(LABELS) > 0)


def test_a_sixth_lumbar_vertebra_shifts_in_and_out_again() -> None:
    with_l6 = named_spine(LABELS, "L6/S1")
    assert [one.structure.name for one in with_l6.instances][:4] == ["L6/S1", "L6", "L5/L6", "L5"]
    assert names("L5/S1", with_l6.labels) == names()


def test_a_value_is_named_as_when_the_map_was_made() -> None:
    assert names(labels=LABELS, made_with="L5/L6")[:2] == ["L5/L6", "L5"]


def test_the_lowest_disc_is_the_one_that_is_left_after_an_edit() -> None:
    assert named_spine(without(201)).lowest_disc == "L4/5"
    assert names("L4/5", without(201)) == names(labels=without(201))


def test_an_unknown_value_and_a_shift_beyond_the_names_are_refused() -> None:
    with pytest.raises(InputError, match="belongs to no vertebra"):
        named_spine(LABELS + 30)
    with_t1 = sitk.ChangeLabel(LABELS, {3: 17})
    assert "T1" in names(labels=with_t1)
    with pytest.raises(InputError, match="cannot shift so far"):
        named_spine(with_t1, "L4/5")


def test_a_name_that_no_lowest_disc_can_have_is_refused() -> None:
    with pytest.raises(InputError, match="The lowest disc cannot be 'S1'"):
        named_spine(LABELS, "S1")


def test_a_map_without_levels_has_no_names_to_shift() -> None:
    assert names("L4/5", LABELS * 0) == []
