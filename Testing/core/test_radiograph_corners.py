"""Corners of vertebrae on radiographs: right to a part of a pixel, rounded or not, and doubted where readings part."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import binary_opening
from skimage.draw import polygon

from LumbarSegLib.core.analysis import measure
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.measure.radiograph.corners import Corners, find_corners, largest_quadrilateral
from LumbarSegLib.core.radiograph import radiograph_of
from Testing.radiograph_phantoms import Spine, arcs

TWO_CURVES = arcs((3, 10, -40.0), (10, 16, 35.0), start=15.0)


def measured(spine: Spine) -> Findings:
    return measure(radiograph_of(spine.semantic)).findings


def off(spine: Spine) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far corners (n, 4) lie off in mm, and endplates (n, 2) are turned in degrees."""
    findings = measured(spine)
    assert [one.vertebra for one in findings.corners] == spine.names
    places = np.array([list((one.mm or {}).values()) for one in findings.corners])
    tilts = [
        [findings.of(f"coronal.{plate}_tilt", name).value or 0.0 for plate in ("superior", "inferior")]
        for name in spine.names
    ]
    return np.hypot(*np.moveaxis(places - spine.corners, 2, 0)), np.array(tilts) - spine.endplates


@pytest.mark.parametrize("spacing_mm", [0.3, 0.65])
@pytest.mark.parametrize("rounding_mm", [0.0, 2.0])
@pytest.mark.parametrize("wedge", [0.0, 5.0])
def test_without_noise_corners_are_within_a_pixel_and_endplates_within_a_third_of_a_degree(
    spacing_mm: float, rounding_mm: float, wedge: float
) -> None:
    wedges = [wedge * (-1) ** k for k in range(17)]
    apart, turned = off(Spine(TWO_CURVES, wedges, spacing_mm=spacing_mm, rounding_mm=rounding_mm))
    assert apart.max() < spacing_mm
    assert np.abs(turned).mean() < 0.15
    assert np.sqrt((turned**2).mean()) < 0.2


def test_with_half_a_millimetre_of_noise_endplates_are_off_by_less_than_one_and_a_half_degrees() -> None:
    turned = np.array([off(Spine(TWO_CURVES, noise_mm=0.5, rounding_mm=1.0, seed=seed))[1] for seed in range(3)])
    assert np.sqrt((turned**2).mean()) < 1.5
    assert abs(turned.mean()) < 0.3


def test_a_rounded_outline_does_not_turn_a_skewed_vertebra_as_its_hull_does() -> None:
    ring = np.array([[20.0, 20.0], [100.0, 30.0], [90.0, 62.0], [30.0, 58.0]])
    found = corners_of(rounded_pixels(ring, 9))
    hull = largest_quadrilateral(found.outline, np.array([0.0, -1.0]))
    assert np.hypot(*(found.places - ring).T).max() < 2.5
    assert np.hypot(*(hull - ring).T).max() > 6


def rounded_pixels(ring: NDArray[np.float64], radius: int) -> NDArray[np.bool_]:
    mask = np.zeros((90, 130), bool)
    mask[polygon(ring[:, 1], ring[:, 0], mask.shape)] = True
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(binary_opening(mask, x**2 + y**2 <= radius**2))


def corners_of(mask: NDArray[np.bool_]) -> Corners:
    found = find_corners(mask, (1.0, 1.0), "L3")
    assert isinstance(found, Corners)
    return found


def test_a_spur_is_doubted_and_turns_the_endplate_by_less_than_the_hull_is_turned() -> None:
    mask = np.zeros((90, 140), bool)
    mask[20:60, 30:100] = True
    plain = corners_of(mask)
    mask[54:60, 100:118] = True
    spurred = corners_of(mask)
    assert plain.apart < 1.5
    assert spurred.apart > 0.08 * spurred.endplate
    upper, lower = spurred.places[1] - spurred.places[0], spurred.places[2] - spurred.places[3]
    assert abs(upper[1] / upper[0]) < 0.01 and abs(lower[1] / lower[0]) < 0.02


@pytest.mark.parametrize("shape", ["disc", "line", "speck"])
def test_what_has_no_four_corners_has_none(shape: str) -> None:
    y, x = np.mgrid[:80, :120]
    masks = {"disc": (x > 20) & (x < 100) & (y > x / 2) & (y < 60), "line": y == 40, "speck": (x < 2) & (y < 2)}
    found = find_corners(np.asarray(masks[shape]), (1.0, 1.0), "L3")
    assert isinstance(found, Corners) or found == "The outline of L3 shows no four clean corners."
    if shape == "line":
        assert not isinstance(found, Corners)


def test_readings_that_part_are_flagged_with_how_far() -> None:
    spine = Spine(TWO_CURVES, spacing_mm=0.5)
    labels = spine.semantic
    values = sitk.GetArrayFromImage(labels)
    column, row = np.rint(spine.corners[9, 2] / 0.5).astype(int)
    values[0, row - 14 : row + 4, column - 4 : column + 12] = 1
    spurred = sitk.GetImageFromArray(values)
    spurred.CopyInformation(labels)
    findings = measure(radiograph_of(spurred)).findings
    flags = [flag for flag in findings.flags if flag.key == "readings_differ"]
    assert [flag.level for flag in flags] == ["T10"]
    assert " mm;" in flags[0].text
    assert "readings_differ" in findings.of("coronal.tilt", "T10").flags
    assert not measured(replace(spine, rounding_mm=1.5)).of("coronal.tilt", "T10").flags
