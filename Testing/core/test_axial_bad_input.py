"""Axial label maps that are wrong: nothing is measured where a check fails, and the reason stands in its place."""

from collections.abc import Callable

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core.analysis import measure, task_of_labels
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.regions import Regions, regions_of
from LumbarSegLib.errors import InputError
from Testing.axial import AAP, IVD, PE, TS, axial_image, axial_labels
from Testing.axial_phantoms import Anatomy, Ellipse, one_slice

Array = NDArray[np.uint8]
EVERYWHERE = {"levels_not_named", "disc_unknown", "tilt_by_sac"}
SOUND = sitk.GetArrayFromImage(one_slice(Anatomy(), (0.6875, 0.6875)))[0]


def stack(*slices: Array) -> sitk.Image:
    """Label map of slices from below upward."""
    labels = sitk.GetImageFromArray(np.stack(slices))
    labels.SetSpacing((0.6875, 0.6875, 4.0))
    labels.SetOrigin((-48.0, -48.0, 30.0))
    return labels


def found_in(*slices: Array) -> Findings:
    return measure(regions_of(stack(*slices))).findings


def changed(change: Callable[[Array], object]) -> Array:
    pixels = SOUND.copy()
    change(pixels)
    return pixels


def without(value: int) -> Array:
    return np.where(np.equal(SOUND, value), 0, SOUND).astype(np.uint8)


def keys(findings: Findings) -> set[tuple[str, str]]:
    return {(flag.key, flag.level) for flag in findings.flags if flag.key not in EVERYWHERE}


def given(findings: Findings, level: str, *families: str) -> list[str]:
    return [
        one.measure
        for one in findings.measurements
        if one.level == level and one.value is not None and one.measure.startswith(families)
    ]


def test_a_sound_slice_has_no_doubt_but_that_nobody_named_it() -> None:
    findings = found_in(SOUND)
    assert keys(findings) == set()
    assert len(given(findings, "slice 1", "ts.", "ivd.", "aap.")) == 9


@pytest.mark.parametrize(
    ("pixels", "key", "words"),
    [
        (without(IVD), "no_disc", "No disc is labelled in slice 2."),
        (without(TS), "no_sac", "No thecal sac is labelled in slice 2."),
        (np.zeros_like(SOUND), "nothing_in_slice", "Nothing is labelled in slice 2."),
    ],
)
def test_a_slice_without_a_disc_or_a_sac_is_not_measured_and_its_neighbours_are(
    pixels: Array, key: str, words: str
) -> None:
    findings = found_in(SOUND, pixels, SOUND)
    assert (key, "slice 2") in keys(findings)
    assert given(findings, "slice 2", "ts.", "ivd.", "aap.") == []
    assert findings.of("ts.area", "slice 2").reason == words
    assert len(given(findings, "slice 3", "ts.")) == 5


def test_a_sac_in_pieces_is_not_measured_but_a_speck_beside_it_is_left_out() -> None:
    def split(pixels: Array) -> None:
        row = int(np.argwhere(pixels == TS)[:, 0].mean())
        pixels[row : row + 2][pixels[row : row + 2] == TS] = 0

    findings = found_in(changed(split))
    assert ("sac_in_pieces", "slice 1") in keys(findings)
    assert "not one piece" in findings.of("ts.area", "slice 1").reason
    assert given(findings, "slice 1", "ivd.") == ["ivd.area", "ivd.ap_diameter"]

    def speck(pixels: Array) -> None:
        pixels[2:4, 2:4] = TS

    whole, with_speck = (found.of("ts.area", "slice 1").value for found in (found_in(SOUND), found_in(changed(speck))))
    assert with_speck == pytest.approx(whole)


@pytest.mark.parametrize("sac", [Ellipse(3.0, 2.5, 0.0, 27.0), Ellipse(14.0, 11.0, 0.0, 30.0)])
def test_a_sac_that_is_far_too_small_or_too_large_is_told_and_not_measured(sac: Ellipse) -> None:
    findings = measure(regions_of(one_slice(Anatomy(sac), (0.6875, 0.6875)))).findings
    assert ("sac_area_implausible", "slice 1") in keys(findings)
    assert "more or less than a sac at a disc has" in findings.of("ts.area", "slice 1").reason


def test_a_sac_outside_of_what_surrounds_it_is_not_measured() -> None:
    def aside(pixels: Array) -> None:
        pixels[pixels == TS] = AAP
        pixels[95:115, 5:25] = TS

    findings = found_in(changed(aside))
    assert ("sac_outside", "slice 1") in keys(findings)
    assert given(findings, "slice 1", "ts.") == []


def test_a_slice_with_its_back_in_front_is_not_measured() -> None:
    findings = found_in(SOUND[::-1])
    assert ("sac_not_behind", "slice 1") in keys(findings)
    assert given(findings, "slice 1", "ts.", "ivd.", "aap.") == []


def test_what_the_side_of_the_slice_cuts_is_not_measured_and_the_rest_is() -> None:
    left = int(np.argwhere(SOUND == IVD)[:, 1].min()) + 6
    findings = found_in(np.ascontiguousarray(SOUND[:, left:]))
    assert ("region_cut", "slice 1") in keys(findings)
    assert given(findings, "slice 1", "ivd.", "ts.disc") == []
    assert "cuts the intervertebral disc" in findings.of("ivd.area", "slice 1").reason
    assert "ts.area" in given(findings, "slice 1", "ts.")


def test_a_jump_of_the_area_to_the_next_slice_is_told_at_both() -> None:
    small = sitk.GetArrayFromImage(one_slice(Anatomy(Ellipse(6.0, 4.0, 0.0, 27.0)), (0.6875, 0.6875)))[0]
    findings = found_in(SOUND, SOUND, small)
    assert {("sac_area_jump", "slice 2"), ("sac_area_jump", "slice 3")} <= keys(findings)
    assert "sac_area_jump" in findings.of("ts.area", "slice 3").flags
    assert findings.of("ts.area", "slice 3").value is not None


def test_without_aap_or_posterior_elements_the_sac_is_measured_and_the_aap_has_its_reason() -> None:
    findings = found_in(np.where(np.isin(SOUND, (AAP, PE)), 0, SOUND).astype(np.uint8))
    assert "ts.area" in given(findings, "slice 1", "ts.")
    assert findings.of("aap.area", "slice 1").reason == "No AAP is labelled in slice 1."


def test_an_empty_map_has_no_number() -> None:
    findings = found_in(np.zeros_like(SOUND), np.zeros_like(SOUND))
    assert given(findings, "slice 1", "") == given(findings, "slice 2", "") == []


def test_noise_has_no_number_without_doubt() -> None:
    chance = np.random.default_rng(2)
    findings = found_in(chance.integers(0, 5, SOUND.shape).astype(np.uint8))
    for one in findings.measurements:
        assert one.value is None or set(one.flags) - EVERYWHERE, one


def test_a_value_that_is_no_region_is_refused() -> None:
    with pytest.raises(InputError, match="201 belongs to no region"):
        found_in(changed(lambda pixels: np.copyto(pixels[:2, :2], 201)))


def test_a_label_map_on_another_grid_is_brought_onto_that_of_the_image_with_a_flag() -> None:
    labels = axial_labels()
    image = sitk.Resample(
        axial_image(labels), [128, 112, 6], sitk.Transform(), sitk.sitkNearestNeighbor, labels.GetOrigin(),
        (0.5, 0.5, 4.0), labels.GetDirection(),
    )  # fmt: skip
    findings = measure(regions_of(labels), image).findings
    assert ("other_grid", "") in keys(findings)
    assert findings.of("ts.area", "slice 3").value == pytest.approx(96.0, rel=0.03)


def test_a_label_map_of_another_image_is_refused() -> None:
    image = axial_image(axial_labels())
    image.SetOrigin((500.0, 0.0, 0.0))
    with pytest.raises(InputError, match="the label map lies elsewhere"):
        measure(regions_of(axial_labels()), image)


def test_a_file_that_states_no_spacing_has_ratios_and_no_millimetres() -> None:
    labels = stack(SOUND)
    labels.SetSpacing((1.0, 1.0, 1.0))
    labels.SetOrigin((0.0, 0.0, 0.0))
    findings = measure(regions_of(labels)).findings
    for key in ("ts.area", "ts.ap_diameter", "ts.transverse_diameter", "ivd.area", "aap.area"):
        assert findings.of(key, "slice 1").reason.startswith("No pixel spacing")
    assert findings.of("ts.disc_area_ratio", "slice 1").value == pytest.approx(9 * 6 / (25 * 17), rel=0.03)
    assert findings.of("ts.disc_ap_ratio", "slice 1").value == pytest.approx(12 / 34, rel=0.05)
    assert findings.of("aap.asymmetry", "slice 1").value is not None


@pytest.mark.parametrize(
    ("direction", "plane"), [((0, 0, -1, 1, 0, 0, 0, -1, 0), "sagittal"), ((1, 0, 0, 0, 0, 1, 0, -1, 0), "coronal")]
)
def test_slices_of_another_plane_are_not_taken_for_axial_ones(direction: tuple[float, ...], plane: str) -> None:
    image = axial_image(axial_labels())
    image.SetDirection(direction)
    with pytest.raises(InputError, match=f"the image has {plane} slices, but its segmentation is axial"):
        task_of_labels(image, "axial")


def test_a_bare_label_map_is_what_the_slices_of_its_image_are() -> None:
    assert task_of_labels(axial_image(axial_labels())) == "axial"
    assert task_of_labels(axial_image(axial_labels(1))) == "axial"
    coronal = axial_image(axial_labels())
    coronal.SetDirection((1, 0, 0, 0, 0, 1, 0, -1, 0))
    with pytest.raises(InputError, match="no measures for coronal images"):
        task_of_labels(coronal)


def test_regions_of_another_task_have_no_measures() -> None:
    with pytest.raises(InputError, match="no measures for xray images"):
        measure(Regions("xray", axial_labels(), (), ()))


@pytest.mark.parametrize(
    ("kind", "limit", "blocked"), [("ts", 0.88, "ts.area"), ("ivd", 0.9, "ivd.area"), ("aap", 0.9, "aap.area")]
)
def test_a_model_that_does_not_agree_with_itself_keeps_that_slice_from_being_measured(
    kind: str, limit: float, blocked: str
) -> None:
    regions = regions_of(stack(SOUND, SOUND))
    told = {f"slice 2.{kind}": limit - 0.01, f"slice 1.{kind}": limit}
    findings = measure(regions, agreement=told).findings
    assert keys(findings) == {(f"agreement_{kind}", "slice 2")}
    assert findings.of(blocked, "slice 2").value is None
    assert findings.of(blocked, "slice 1").value is not None
