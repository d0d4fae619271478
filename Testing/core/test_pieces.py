"""Vertebrae told apart on a radiograph: what touches, what is missing, what is none."""

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from skimage.draw import polygon

from LumbarSegLib.core.projection import AXES
from LumbarSegLib.core.radiograph import Radiograph, named_radiograph, radiograph_of
from LumbarSegLib.errors import InputError
from Testing.radiograph_phantoms import Spine, arcs

SPINE = Spine(arcs((3, 10, -40.0), (10, 16, 35.0), start=15.0), spacing_mm=0.5)


def pixels(spine: Spine = SPINE) -> NDArray[np.uint8]:
    return np.array(sitk.GetArrayFromImage(spine.semantic)[0])


def found(values: NDArray[np.uint8], **given: str) -> Radiograph:
    labels = sitk.GetImageFromArray(values[None])
    labels.CopyInformation(SPINE.semantic)
    return radiograph_of(labels, **given)


def named(radiograph: Radiograph, spine: Spine = SPINE) -> list[str]:
    """What the vertebrae are called in whose middle a label lies, from the top downward, "" where none lies."""
    labels = sitk.GetArrayFromImage(radiograph.labels)[0]
    names = {one.structure.label: one.structure.name for one in radiograph.instances} | {0: ""}
    middles = np.rint(spine.corners.mean(axis=1) / spine.spacing_mm).astype(int)
    return [names[int(labels[row, column])] for column, row in middles]


def fill(values: NDArray[np.uint8], ring_mm: NDArray[np.float64], value: int) -> None:
    columns, rows = (ring_mm / SPINE.spacing_mm).T
    values[polygon(rows, columns, values.shape)] = value


def bridge(values: NDArray[np.uint8], upper: int, share: float) -> None:
    """Join a vertebra to the next one below over a share of their width."""
    one, other = SPINE.corners[upper], SPINE.corners[upper + 1]
    middle = (one[2] + one[3] + other[0] + other[1]) / 4
    ring = np.array([one[3], one[2], other[1], other[0]])
    fill(
        values,
        np.concatenate([middle + (ring[:2] - middle) * (share, 1.1), middle + (ring[2:] - middle) * (share, 1.1)]),
        1,
    )


def test_every_vertebra_is_named_from_the_lowest_upward() -> None:
    radiograph = found(pixels())
    assert named(radiograph) == SPINE.names
    assert [one.structure.name for one in radiograph.instances][:2] == ["L5", "L4"]
    assert (radiograph.view, radiograph.lowest_disc, radiograph.notes, radiograph.parted) == (
        "frontal",
        "L5/S1",
        (),
        (),
    )


def test_another_lowest_disc_shifts_all_names() -> None:
    radiograph = found(pixels(), lowest_disc="L4/5")
    assert named(radiograph)[-1] == "L4"
    assert named(radiograph)[0] == ""
    assert radiograph.notes == ("There are more vertebrae than names; the uppermost 1 are left out.",)


@pytest.mark.parametrize("upper", [1, 6, 12])
def test_joined_vertebrae_are_cut_apart_at_the_waist_and_said_to_be(upper: int) -> None:
    values = pixels()
    bridge(values, upper, 0.5)
    radiograph = found(values)
    assert named(radiograph) == SPINE.names
    assert set(radiograph.parted) == set(SPINE.names[upper : upper + 2])
    assert any("cut apart" in note for note in radiograph.notes)


def test_a_disc_space_seen_over_part_of_the_width_parts_its_vertebrae_without_a_doubt() -> None:
    values = pixels()
    for upper in range(16):
        bridge(values, upper, 1.0)
        one, other = SPINE.corners[upper], SPINE.corners[upper + 1]
        middle = (one[2] + one[3] + other[0] + other[1]) / 4
        ring = np.array([one[3], one[2], other[1], other[0]])
        fill(values, middle + (ring - middle) * (0.7, 0.9), 3)
    radiograph = found(values)
    assert named(radiograph) == SPINE.names
    assert radiograph.parted == ()


def test_a_hidden_vertebra_counts_in_the_names_and_is_said_to_be_missing() -> None:
    values = pixels()
    fill(values, SPINE.corners[8], 0)
    radiograph = found(values)
    assert named(radiograph) == [*SPINE.names[:8], "", *SPINE.names[9:]]
    assert radiograph.notes == ("T9 cannot be seen in a gap of the column, but counts in the names.",)


def levels_with_both_ends(below_mm: float) -> tuple[list[int], tuple[str, ...]]:
    """The labels of T1 and L5 of a spine that has C7 above it and below it a piece of so many mm of height, and what
    is said of it.
    """
    spine, above_px = Spine(arcs(), spacing_mm=0.5), 60
    values = np.pad(pixels(spine), ((above_px, 60), (0, 0)))
    away = np.array([0.0, above_px * 0.5])
    fill(values, spine.corners[0] + away - np.array([0.0, 18.0]), 1)
    left, right = spine.corners[-1][[3, 2]] + away + np.array([0.0, 6.0])
    down = np.array([0.0, below_mm])
    fill(values, np.array([left, right, right + down, left + down]), 1)
    semantic = sitk.GetImageFromArray(values[None])
    semantic.SetSpacing((0.5, 0.5, 1.0))
    radiograph = radiograph_of(semantic)
    labels = sitk.GetArrayFromImage(radiograph.labels)[0]
    middles = np.rint((spine.corners[[0, -1]].mean(axis=1) + away) / 0.5).astype(int)
    return [int(labels[row, column]) for column, row in middles], radiograph.notes


def test_a_small_piece_below_a_whole_spine_is_the_sacrum_and_takes_no_name() -> None:
    labels, notes = levels_with_both_ends(below_mm=9.0)
    assert labels == [17, 1]
    assert any("taken for the sacrum" in note for note in notes)


def test_a_large_piece_below_a_whole_spine_may_be_a_vertebra_and_takes_a_name() -> None:
    labels, notes = levels_with_both_ends(below_mm=22.0)
    assert labels == [0, 2]
    assert not any("sacrum" in note for note in notes)


def test_islands_go_and_large_pieces_beside_the_column_too() -> None:
    values = pixels()
    values[40:44, 8:14] = 1
    radiograph = found(values)
    assert named(radiograph) == SPINE.names and not radiograph.notes
    wide = np.pad(pixels(), ((0, 0), (0, 300)))
    wide[300:340, 420:500] = 1
    labels = sitk.GetImageFromArray(wide[None])
    beside = radiograph_of(labels)
    assert len(beside.instances) == len(SPINE.names)
    assert beside.notes == ("1 piece beside the column is left out.",)


def test_a_vertebra_in_two_pieces_is_one() -> None:
    values = pixels()
    left, right = SPINE.corners[12][[0, 3]].mean(axis=0), SPINE.corners[12][[1, 2]].mean(axis=0)
    thick = np.array([0.0, 1.0])
    fill(values, np.array([left - thick, right - thick, right + thick, left + thick]), 0)
    radiograph = found(values)
    assert len(radiograph.instances) == 17
    assert [named(radiograph)[k] for k in (11, 13)] == ["T12", "L2"]


def test_more_vertebrae_than_names_leave_out_the_uppermost() -> None:
    radiograph = found(pixels(), lowest_disc="L3/4")
    assert len(radiograph.instances) == 15
    assert any(note.startswith("There are more vertebrae than names") for note in radiograph.notes)


def test_few_vertebrae_are_said_to_be_few_and_none_is_no_error() -> None:
    values = pixels()
    values[: values.shape[0] * 3 // 4] = 0
    few = found(np.where(np.arange(len(values))[:, None] < 0.86 * len(values), 0, values))
    assert any(note.startswith("Only ") for note in few.notes)
    nothing = found(np.zeros_like(values))
    assert (nothing.instances, nothing.notes) == ((), ())


def test_the_view_is_that_of_more_pixels_unless_it_is_given() -> None:
    side = Spine(SPINE.tilts, spacing_mm=0.5, view="lateral")
    assert found(pixels(side)).view == "lateral"
    told = found(pixels(side), view="frontal")
    assert told.view == "frontal" and len(told.instances) == 17


def test_a_picture_on_its_head_is_said_to_be() -> None:
    notes = found(np.ascontiguousarray(pixels()[::-1])).notes
    assert any("stands on its head" in note for note in notes)


def test_a_vertebra_at_the_border_is_partly_visible() -> None:
    values = pixels()
    top = int(SPINE.corners[0, :, 1].mean() / SPINE.spacing_mm)
    radiograph = found(np.ascontiguousarray(np.pad(values[top:], ((0, top), (0, 0)))))
    assert [one.partly_visible for one in radiograph.instances] == [False] * 16 + [True]


def test_what_is_no_map_of_a_radiograph_is_refused() -> None:
    volume = sitk.Image([20, 20, 3], sitk.sitkUInt8)
    with pytest.raises(InputError, match="one slice"):
        radiograph_of(volume)
    with pytest.raises(InputError, match="one slice"):
        named_radiograph(volume)
    disc = sitk.Image([20, 20, 1], sitk.sitkUInt8)
    disc[5:9, 5:9, 0] = 201
    disc.SetDirection(AXES["frontal"])
    with pytest.raises(InputError, match="no vertebra of a radiograph"):
        named_radiograph(disc)
    with pytest.raises(InputError, match="belongs to nothing on a radiograph"):
        radiograph_of(disc)
    with pytest.raises(InputError, match="lowest disc"):
        found(pixels(), lowest_disc="L9")
