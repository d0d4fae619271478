"""Label maps that no reader would draw: nothing crashes, nothing wrong is said without a doubt beside it."""

from collections.abc import Callable

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from LumbarSegLib.core.analysis import measure
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.errors import InputError
from Testing.benchmarks.measures import LYING
from Testing.spine_shapes import SpineShape
from Testing.spines import Phantom

Array = NDArray[np.uint8]
PHANTOM = Phantom(shape=SpineShape(vertebrae=4), spacing=(4.0, 1.0, 1.0), turn=LYING)
"""Its array runs to the right, down and to the back; 1 to 4 are L5 to L2."""

TOLERANCE = {"mm": 3.0, "deg": 8.0, "mm2": 60.0, "mm3": 3000.0, "%": 20.0, "1": 0.2}
"""An error by unit that nobody may be told without a word of doubt."""


def with_labels(array: Array) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(PHANTOM.labels)
    return image


def pixels() -> Array:
    return sitk.GetArrayFromImage(PHANTOM.labels)


def found_in(array: Array) -> Findings:
    return measure(spine_of(with_labels(array))).findings


def values(findings: Findings, *measures: str) -> dict[tuple[str, str], float]:
    """What was given, of these measures or of all."""
    return {
        (one.measure, one.level): one.value
        for one in findings.measurements
        if one.value is not None and (not measures or one.measure in measures)
    }


def assert_nothing_silent(findings: Findings) -> None:
    """Each number is right or carries a flag; each missing one has a reason in words."""
    for one in findings.measurements:
        if one.value is None:
            assert one.reason.endswith((".", "?")) and " " in one.reason, one
            continue
        assert np.isfinite(one.value), one
        if not one.flags:
            true = PHANTOM.truth.get((one.measure, one.level))
            assert true is not None, f"{one.measure} of {one.level} is {one.value} where there is nothing"
            limit = TOLERANCE[MEASURES[one.measure].ucum]
            assert abs(one.value - true) < limit, (
                f"{one.measure} of {one.level} is {one.value}, not {true}, and unflagged"
            )
    assert all(flag.text.endswith(".") for flag in findings.flags)


def keys(findings: Findings) -> set[str]:
    return {flag.key for flag in findings.flags}


def test_the_phantom_itself_is_right_and_raises_few_flags() -> None:
    findings = found_in(pixels())
    assert keys(findings) == {"numbering_assumed", "thick_slices", "s1_from_disc"}
    assert_nothing_silent(findings)
    assert len(values(findings)) > 90


def test_an_empty_map_gives_no_number_and_says_so() -> None:
    findings = found_in(np.zeros_like(pixels()))
    assert findings.measurements == () or not values(findings)
    assert keys(findings) == {"nothing_found"}


@pytest.mark.parametrize("label", [1, 203, 100])
def test_one_structure_alone_gives_no_number_unflagged(label: int) -> None:
    array = pixels()
    findings = found_in(np.where(array == label, array, 0).astype(np.uint8))
    assert_nothing_silent(findings)
    assert not values(findings, "alignment.lordosis", "alignment.slip", "canal.loss")


def test_a_vertebra_with_the_canal_behind_it_is_measured_alone() -> None:
    array = pixels()
    findings = found_in(np.where((array == 2) | (array == 100), array, 0).astype(np.uint8))
    assert_nothing_silent(findings)
    assert values(findings, "vertebra.anterior_height").keys() == {("vertebra.anterior_height", "L4")}
    assert values(findings, "canal.area").keys() == {("canal.area", "L4")}
    assert findings.of("vertebra.crush_ratio", "L4").reason


def test_without_a_canal_bodies_are_measured_and_flagged_and_no_canal_measure_is_given() -> None:
    array = pixels()
    array[array == 100] = 0
    findings = found_in(array)
    assert "canal_missing" in keys(findings)
    assert not [key for key in values(findings) if key[0].startswith("canal.")]
    heights = values(findings, "vertebra.anterior_height", "vertebra.posterior_height")
    assert len(heights) == 8
    for key, value in heights.items():
        assert value == pytest.approx(PHANTOM.truth[key], abs=1.0)
        assert "canal_missing" in findings.of(*key).flags


def test_a_fragmented_map_keeps_no_number_silent() -> None:
    array = pixels()
    across, down, back = np.indices(array.shape)
    array[((down // 4 + back // 4 + across) % 2 == 0) & (array > 0)] = 0
    findings = found_in(array)
    assert_nothing_silent(findings)


def test_a_vertebra_in_pieces_is_flagged_or_not_given() -> None:
    array = pixels()
    down = np.indices(array.shape)[1]
    middle = np.argwhere(array == 2).mean(axis=0)
    array[(array == 2) & (np.abs(down - middle[1]) < 5)] = 0
    findings = found_in(array)
    assert_nothing_silent(findings)
    assert (
        any(flag.level == "L4" for flag in findings.flags)
        or "pieces" in findings.of("vertebra.wedge_angle", "L4").reason
    )
    assert findings.of("vertebra.anterior_height", "L3").value is not None


def test_islands_far_away_are_told_and_move_no_corner() -> None:
    array = pixels()
    array[:3, :14, :30] = 2
    array[-3:, -12:, -30:] = 203
    findings = found_in(array)
    assert_nothing_silent(findings)
    for flag in findings.flags:
        if flag.key in {"islands", "fragmented"}:
            assert flag.level in {"L4", "L3/4"}
    for name, true in PHANTOM.landmarks.items():
        if name.startswith("L4.") and name in findings.landmarks:
            assert findings.landmarks[name].place == pytest.approx(true, abs=3.0), name


def test_vertebrae_that_touch_are_measured_apart() -> None:
    array = pixels()
    array[(array > 200) & (array < 225)] = 0
    for label in (1, 2, 3, 4):
        grown = binary_dilation(array == label, np.ones((1, 3, 3)), iterations=5) & (array == 0)
        array[grown & (np.indices(array.shape)[2] < 70)] = label
    findings = found_in(array)
    assert "level_missing" in keys(findings)
    assert not [key for key in values(findings) if key[0].startswith("disc.area")]
    for one in findings.measurements:
        assert one.value is None or np.isfinite(one.value)


def test_two_vertebrae_under_one_label_are_flagged_as_merged() -> None:
    array = pixels()
    array[np.isin(array, (2, 203))] = 3
    findings = found_in(array)
    assert_nothing_silent(findings)
    assert any(flag.level == "L3" for flag in findings.flags)
    assert not values(findings, "alignment.segmental_angle").keys() & {("alignment.segmental_angle", "L3/4")}


def _one_voxel_of_each(array: Array) -> Array:
    scarce = np.zeros_like(array)
    for label in np.unique(array[array > 0]):
        scarce[tuple(np.argwhere(array == label)[0])] = label
    return scarce


Change = Callable[[Array], Array]
WRONG: dict[str, Change] = {
    "upside down": lambda array: array[:, ::-1],
    "front to back": lambda array: array[:, :, ::-1],
    "lying across": lambda array: np.rot90(array, axes=(1, 2))[:, : array.shape[1], : array.shape[2]],
    "noise": lambda array: np.random.default_rng(1).choice(
        np.array([0, 0, 0, 1, 2, 100, 201, 202], np.uint8), array.shape
    ),
    "discs as vertebrae": lambda array: np.select(
        [array > 200, (array > 0) & (array < 100)], [array - 200, array + 200], array
    ),
    "order of names turned": lambda array: np.where((array > 0) & (array < 5), 5 - array, array),
    "canal as vertebra": lambda array: np.where(array == 100, 3, array),
    "a block": lambda array: np.where(np.indices(array.shape).sum(axis=0) < 90, 1, 0),
    "one voxel of each": _one_voxel_of_each,
    "all one label": lambda array: np.full_like(array, 2),
    "all canal": lambda array: np.full_like(array, 100),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_a_wholly_wrong_map_gives_no_number_without_doubt(change: Change) -> None:
    array = pixels()
    wrong = np.zeros_like(array)
    changed = change(array).astype(np.uint8)
    wrong[tuple(slice(0, n) for n in changed.shape)] = changed
    findings = found_in(wrong)
    assert_nothing_silent(findings)
    assert not values(findings) or keys(findings) - {"numbering_assumed", "thick_slices", "s1_from_disc"}


@pytest.mark.parametrize("value", [77, 99, 101, 224, 255])
def test_an_unknown_value_is_refused_by_name(value: int) -> None:
    array = pixels()
    array[0, 0, 0] = value
    with pytest.raises(InputError, match=str(value)):
        found_in(array)


def test_a_map_on_another_grid_is_brought_onto_that_of_the_image_with_a_flag() -> None:
    spine = spine_of(PHANTOM.labels)
    image = sitk.Image([n // 2 for n in PHANTOM.labels.GetSize()[:2]] + [PHANTOM.labels.GetSize()[2]], sitk.sitkInt16)
    image.SetSpacing([2 * mm for mm in PHANTOM.labels.GetSpacing()[:2]] + [PHANTOM.labels.GetSpacing()[2]])
    image.SetOrigin(PHANTOM.labels.GetOrigin())
    image.SetDirection(PHANTOM.labels.GetDirection())
    measured = measure(spine, image)
    assert "other_grid" in keys(measured.findings)
    assert measured.kept.spine.labels.GetSize() == image.GetSize()
    assert_nothing_silent(measured.findings)


@pytest.mark.parametrize("size", [[64, 64], [8, 16, 16, 2]])
def test_a_2d_or_4d_map_is_refused(size: list[int]) -> None:
    with pytest.raises(InputError, match=f"{len(size)}D"):
        measure(spine_of(sitk.Image(size, sitk.sitkUInt8)))


@pytest.mark.parametrize("kept", [(slice(0, 1), slice(None), slice(None)), (slice(None), slice(40, 42), slice(None))])
def test_a_single_slice_or_a_sliver_gives_no_number_without_doubt(kept: tuple[slice, ...]) -> None:
    labels = PHANTOM.labels[kept[2], kept[1], kept[0]]
    assert_nothing_silent(measure(spine_of(labels)).findings)


def test_a_vertebra_cut_by_the_border_of_the_image_is_not_measured() -> None:
    array = pixels()
    top = np.argwhere(array == 4)[:, 1].min() + 12
    labels = with_labels(array)[:, int(top) :, :]
    findings = measure(spine_of(labels)).findings
    assert_nothing_silent(findings)
    assert not [key for key in values(findings) if key == ("vertebra.anterior_height", "L2")]
    assert "partly_visible" in keys(findings)
    assert findings.of("vertebra.anterior_height", "L3").value is not None
