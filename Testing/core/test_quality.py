"""What makes a result doubtful: a sound spine gives no alarm, each damage its own, and what needs it is held back."""

from collections.abc import Callable

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core.analysis import measure
from LumbarSegLib.core.findings import Findings, Flag, Measurement
from LumbarSegLib.core.levels import spine_of
from Testing.spines import Phantom

Array = NDArray[np.uint8]
EVERYWHERE = {"numbering_assumed", "s1_from_disc"}
PHANTOM = Phantom(spacing=(1.5, 0.8, 0.8))


def findings(labels: sitk.Image, **given: object) -> Findings:
    return measure(spine_of(labels), **given).findings  # type: ignore[arg-type]  # keywords of `measure`


def damaged(change: Callable[[Array], Array | None], phantom: Phantom = PHANTOM) -> sitk.Image:
    """The phantom after a change to its array, whose axes run to the right, downward and to the back."""
    array = sitk.GetArrayFromImage(phantom.labels)
    changed = change(array)
    image = sitk.GetImageFromArray(array if changed is None else np.ascontiguousarray(changed))
    image.CopyInformation(phantom.labels)
    return image


def doubts(found: Findings) -> set[tuple[str, str]]:
    return {(flag.key, flag.level) for flag in found.flags if flag.key not in EVERYWHERE}


def flag(found: Findings, key: str) -> Flag:
    return next(one for one in found.flags if one.key == key)


def given(found: Findings, *patterns: str) -> list[Measurement]:
    """The measurements with a value whose key starts with one of these."""
    return [one for one in found.measurements if one.value is not None and one.measure.startswith(patterns)]


@pytest.fixture(scope="module")
def sound() -> Findings:
    return findings(PHANTOM.labels)


def test_a_sound_spine_has_no_doubts_but_the_numbering_and_the_sacrum(sound: Findings) -> None:
    assert {one.key for one in sound.flags} == EVERYWHERE
    assert flag(sound, "numbering_assumed").text.endswith("taken as L5/S1.")
    assert all(one.value is not None for one in sound.measurements)


def test_only_what_is_read_from_the_sacrum_says_so(sound: Findings) -> None:
    told = {(one.measure, one.level) for one in sound.measurements if "s1_from_disc" in one.flags}
    assert ("alignment.lordosis", "L1-S1") in told and ("alignment.slip", "L5/S1") in told
    assert not {("alignment.lordosis", "L1-L5"), ("alignment.slip", "L4/5"), ("canal.area", "L5/S1")} & told


def test_a_sacral_endplate_that_was_set_by_hand_is_no_longer_taken_from_the_disc(sound: Findings) -> None:
    ends = {name: mark.place for name, mark in sound.landmarks.items() if name.startswith("S1.")}
    assert len(ends) == 2
    assert {one.key for one in findings(PHANTOM.labels, overrides=ends).flags} == {"numbering_assumed"}


def without_hind_part(share: float) -> sitk.Image:
    """The phantom whose lowest disc lacks this share of its depth behind."""

    def shorten(array: Array) -> None:
        back = np.nonzero(array == 201)[2]
        behind = np.arange(array.shape[2]) > back.max() - share * np.ptp(back)
        array[(array == 201) & behind] = 0

    return damaged(shorten)


def test_a_sacral_endplate_that_ends_too_early_gives_no_slip_until_its_end_is_set_by_hand(sound: Findings) -> None:
    labels = without_hind_part(0.08)
    found = findings(labels)
    assert doubts(found) == {("s1_behind", "S1")}
    assert found.of("alignment.slip", "L5/S1").value is None
    assert "set that by hand" in found.of("alignment.slip_percent", "L5/S1").reason
    assert found.of("alignment.segmental_angle", "L5/S1").value is not None
    end = {"S1.superior_posterior": sound.landmarks["S1.superior_posterior"].place}
    assert findings(labels, overrides=end).of("alignment.slip", "L5/S1").value is not None


def test_a_sacral_endplate_below_a_vertebra_without_landmarks_is_given_with_a_doubt() -> None:
    found = findings(damaged(lambda array: np.where(array == 1, 0, array).astype(np.uint8)))
    assert ("s1_unchecked", "S1") in doubts(found)
    assert "s1_unchecked" in found.of("alignment.lordosis", "L1-S1").flags


def test_a_sacral_endplate_far_too_short_gives_no_alignment() -> None:
    found = findings(without_hind_part(0.25))
    assert doubts(found) == {("s1_short", "S1")}
    assert not [one for one in given(found, "alignment") if "S1" in one.level]


def test_a_vertebra_that_the_border_cuts_is_not_measured_and_neither_is_what_needs_it() -> None:
    def cut_off(array: Array) -> Array:
        array[:, : np.flatnonzero((array == 6).any((0, 2)))[8]] = 0
        return array

    image = damaged(cut_off)
    rows = np.flatnonzero(sitk.GetArrayViewFromImage(image).any((0, 2)))
    found = findings(image[:, int(rows[0]) :, :])
    assert ("partly_visible", "T12") in doubts(found)
    assert not [one for one in given(found, "vertebra", "alignment", "canal") if one.level == "T12"]
    assert found.of("alignment.segmental_angle", "T12/L1").reason == "Only a part of T12 is seen."
    assert found.of("vertebra.anterior_height", "L1").value is not None


def test_an_uppermost_vertebra_without_its_upper_part_gives_no_number_and_says_that_it_is_seen_in_part() -> None:
    def fading(share: float) -> Callable[[Array], Array]:
        def cut(array: Array) -> Array:
            rows = np.flatnonzero((array == 6).any((0, 2)))
            above = array[:, : rows[0] + round(share * len(rows))]
            above[above != 100] = 0
            return array

        return cut

    whole, cut = (findings(damaged(fading(share))) for share in (0.0, 0.25))
    assert doubts(whole) == set()
    assert ("end_incomplete", "T12") in doubts(cut)
    assert not [one for one in given(cut, "vertebra") if one.level == "T12"]
    assert cut.of("vertebra.anterior_height", "L1").value == whole.of("vertebra.anterior_height", "L1").value


def test_a_vertebra_of_which_a_good_part_is_not_labelled_keeps_its_numbers_with_a_doubt(sound: Findings) -> None:
    def hollow(array: Array) -> Array:
        sides = np.flatnonzero((array == 3).any((1, 2)))
        outer = np.r_[sides[: len(sides) // 3], sides[-len(sides) // 3 :]]
        array[outer] = np.where(array[outer] == 3, 0, array[outer])
        return array

    found = findings(damaged(hollow))
    assert ("incomplete", "L3") in doubts(found)
    height = found.of("vertebra.anterior_height", "L3")
    assert height.value is not None and "incomplete" in height.flags
    assert "incomplete" not in found.of("vertebra.anterior_height", "L1").flags


@pytest.mark.parametrize(("label", "name"), [(203, "L3/4"), (3, "L3")])
def test_a_level_that_is_missing_between_its_neighbours_is_named(label: int, name: str) -> None:
    found = findings(damaged(lambda array: np.where(array == label, 0, array).astype(np.uint8)))
    assert doubts(found) == {("level_missing", name)}
    assert found.of("alignment.lordosis", "L1-S1").value is not None


def test_two_levels_merged_into_one_hold_back_themselves_and_what_counts_across_them() -> None:
    def merge(array: Array) -> Array:
        lower = np.array([*range(256)], dtype=np.uint8)
        lower[[203, 3, 4, 204, 5, 205, 6, 206]] = [203, 3, 3, 3, 4, 204, 5, 205]
        return lower[array]

    found = findings(damaged(merge))
    assert {("levels_merged", "L3"), ("count_uncertain", "")} <= doubts(found)
    assert not [one for one in given(found, "vertebra", "canal") if one.level == "L3"]
    assert not given(found, "alignment.lordosis", "alignment.apex")
    assert found.of("vertebra.anterior_height", "L5").value is not None


def test_names_that_do_not_follow_the_order_along_the_canal_are_held_back() -> None:
    swap = np.array([*range(256)], dtype=np.uint8)
    swap[[2, 4]] = [4, 2]
    found = findings(damaged(lambda array: swap[array]))
    assert {("order_implausible", "L2"), ("order_implausible", "L4"), ("count_uncertain", "")} <= doubts(found)
    assert not [one for one in found.measurements if one.level in {"L2", "L4"} and one.value is not None]


def test_a_spine_that_stands_on_its_head_gives_no_number_for_any_vertebra_or_disc() -> None:
    assert not given(findings(damaged(lambda array: array[:, ::-1])), "")


def test_a_spine_with_its_back_in_front_gives_no_number() -> None:
    found = findings(damaged(lambda array: array[:, :, ::-1]))
    assert "canal_beside" in {key for key, _ in doubts(found)}
    assert not given(found, "")


def test_a_canal_that_ends_just_inside_the_side_of_the_stack_has_no_area() -> None:
    seen = np.flatnonzero((sitk.GetArrayViewFromImage(PHANTOM.labels) == 100).any((1, 2)))
    found = findings(PHANTOM.labels[:, :, int(seen[0]) - 1 : int(seen[-1]) + 2])
    assert not given(found, "canal.area", "canal.narrowest_area", "canal.transverse_diameter", "canal.loss")
    assert found.of("canal.area", "L3").reason == "The sides of the stack cut the canal here."
    assert found.of("canal.midsagittal_ap", "L3").value is not None


def test_a_canal_that_the_border_of_the_slices_cuts_has_no_diameter(sound: Findings) -> None:
    wall = sound.landmarks["L5.canal_posterior"].place
    found = findings(PHANTOM.labels[: PHANTOM.labels.TransformPhysicalPointToIndex(wall)[0] - 4])
    for key in ("canal.ap_diameter", "canal.midsagittal_ap"):
        assert found.of(key, "L5").value is None
        assert found.of(key, "L5").reason == "The border of the image cuts the canal here."


def test_a_canal_beside_the_bodies_gives_no_number() -> None:
    found = findings(damaged(lambda array: np.where(array == 100, 0, array).astype(np.uint8) | _beside(array)))
    assert "canal_beside" in {key for key, _ in doubts(found)}
    assert not given(found, "canal", "alignment", "vertebra")


def _beside(array: Array) -> Array:
    """A straight canal to the right of the bodies, at their depth."""
    side = np.zeros_like(array)
    depth = int(np.argwhere(array == 203)[:, 2].mean())
    side[-8:, :, depth - 10 : depth + 10] = 100
    side[array > 0] = 0
    return side


def test_pieces_are_told_with_their_share_and_hold_back_a_disc_only_where_it_is_broken() -> None:
    def stray(share: float) -> Callable[[Array], None]:
        def put(array: Array) -> None:
            wanted = round(share * (array == 204).sum() / (1 - share))
            free = np.argwhere(array[2:-2, 2:22, 2:40] == 0)[:wanted] + 2
            assert len(free) == wanted
            array[tuple(free.T)] = 204

        return put

    some, most = (findings(damaged(stray(share))) for share in (0.1, 0.45))
    assert flag(some, "islands").text.startswith("L2/3 has separate pieces; 10 %")
    assert some.of("disc.area", "L2/3").value is not None and "islands" in some.of("disc.area", "L2/3").flags
    assert flag(most, "fragmented").level == "L2/3"
    assert most.of("disc.area", "L2/3").value is None


def test_a_canal_that_changes_abruptly_is_not_measured_there() -> None:
    def pinch(array: Array) -> None:
        rows = np.flatnonzero((array == 203).any((0, 2)))
        part = array[:, rows[0] : rows[-1]]
        back = np.argwhere(part == 100)[:, 2]
        part[:, :, int(np.percentile(back, 12)) :][part[:, :, int(np.percentile(back, 12)) :] == 100] = 0

    found = findings(damaged(pinch))
    assert ("canal_area_jump", "L3/4") in doubts(found)
    assert found.of("canal.area", "L3/4").value is None
    assert found.of("canal.area", "L1/2").value is not None


def torn(array: Array) -> None:
    """Tears the upper front corner off L3, 10 x 10 mm."""
    inner = array[10:-10]
    _, rows, columns = np.nonzero(inner == 3)
    corner = inner[:, rows.min() : rows.min() + 12, columns.min() : columns.min() + 12]
    corner[corner == 3] = 0


def test_a_torn_corner_makes_the_two_readings_of_the_corners_part() -> None:
    found = findings(damaged(torn))
    assert ("corners_disagree", "L3") in doubts(found)
    assert found.of("vertebra.wedge_angle", "L3").value is None
    assert found.of("vertebra.wedge_angle", "L2").value is not None


def test_a_corner_that_was_set_by_hand_settles_the_disagreement(sound: Findings) -> None:
    place = sound.landmarks["L3.superior_anterior"].place
    found = findings(damaged(torn), overrides={"L3.superior_anterior": place})
    assert ("corners_disagree", "L3") not in doubts(found)
    assert found.of("vertebra.wedge_angle", "L3").value is not None


def test_thick_slices_make_what_is_measured_across_them_an_estimate_and_leave_the_rest() -> None:
    found = findings(Phantom(spacing=(4.4, 0.8, 0.8)).labels)
    assert flag(found, "thick_slices").text.startswith("The slices are 4.4 mm apart")
    told = {one.measure for one in found.measurements if "thick_slices" in one.flags and one.value is not None}
    assert {"canal.area", "canal.transverse_diameter", "disc.volume"} <= told
    assert not {"canal.midsagittal_ap", "vertebra.anterior_height", "alignment.lordosis"} & told


def test_a_header_that_states_nothing_makes_every_number_worthless() -> None:
    blank = sitk.GetImageFromArray(sitk.GetArrayFromImage(sitk.DICOMOrient(PHANTOM.labels, "LPS")))
    found = findings(blank)
    assert flag(found, "spacing_missing").blocks == ("*",)
    assert not given(found, "")


def test_a_model_that_disagrees_with_itself_on_one_kind_holds_back_that_kind(sound: Findings) -> None:
    found = findings(PHANTOM.labels, agreement={"vertebra": 0.97, "disc": 0.93, "canal": 0.84})
    assert flag(found, "agreement_canal").text.startswith(
        "On a changed copy of the image the model finds another canal"
    )
    assert "0.84" in flag(found, "agreement_canal").text
    assert not given(found, "canal")
    assert len(given(found, "vertebra", "alignment", "disc")) == len(given(sound, "vertebra", "alignment", "disc"))


def test_a_number_that_no_spine_has_is_not_given(sound: Findings) -> None:
    x, y, z = sound.landmarks["L4.inferior_posterior"].place
    found = findings(PHANTOM.labels, overrides={"L4.inferior_posterior": (x, y - 60.0, z)})
    assert found.of("alignment.slip", "L4/5").value is None
    assert found.of("alignment.slip_percent", "L4/5").value is None
    assert "is more or less than a spine can show" in found.of("alignment.slip", "L4/5").reason
    assert found.of("alignment.slip", "L2/3").value is not None


def test_a_lowest_disc_that_is_cut_off_gives_no_sacral_endplate() -> None:
    def cut_off(array: Array) -> None:
        columns = np.nonzero(array == 201)[2]
        front = int(np.percentile(columns, 60))
        array[:, :, :front][array[:, :, :front] == 201] = 0

    found = findings(damaged(cut_off))
    assert found.of("alignment.lordosis", "L1-S1").value is None
    assert found.of("alignment.lordosis", "L1-L5").value is not None


def test_without_a_canal_nothing_of_it_is_measured_and_the_bodies_say_so() -> None:
    found = findings(damaged(lambda array: np.where(array == 100, 0, array).astype(np.uint8)))
    assert ("canal_missing", "") in doubts(found)
    assert not given(found, "canal")
    assert all("canal_missing" in one.flags for one in found.measurements if one.measure.startswith("vertebra."))
