"""Measures of digital phantoms against the truth that their formulas give, within the bounds that were promised."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.analysis import measure
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.levels import spine_of
from Testing.accuracy import A_VOXEL, COARSE, OBLIQUE, Bounds, errors_of
from Testing.benchmarks.measures import LYING, SLICES, cases, errors
from Testing.spine_shapes import SpineShape
from Testing.spines import Phantom

NARROWED = SpineShape(vertebrae=3, narrowings={"L4/5": 0.75})


def measured(phantom: Phantom) -> Findings:
    return measure(spine_of(phantom.labels)).findings


@pytest.mark.parametrize(
    ("phantoms", "bounds"),
    [pytest.param(phantoms[: 5 if bounds is OBLIQUE else 3], bounds, id=name) for name, bounds, phantoms in cases()],
)
def test_measures_of_phantoms_lie_within_their_bounds(phantoms: list[Phantom], bounds: Bounds) -> None:
    found = errors(phantoms)
    assert bounds.broken(found) == {}
    if bounds is COARSE:
        assert A_VOXEL.broken(found) == {}


def test_the_bounds_notice_a_corner_that_lies_a_millimetre_off() -> None:
    phantom = Phantom(shape=NARROWED, turn=LYING)
    findings = measured(phantom)
    landmark = findings.landmarks["L4.superior_anterior"]
    x, y, z = landmark.place
    moved = replace(
        findings, landmarks={**findings.landmarks, "L4.superior_anterior": replace(landmark, place=(x, y + 1, z + 1))}
    )
    assert "corners" in A_VOXEL.broken(errors_of(phantom, moved))


def test_the_voxels_of_a_phantom_agree_with_its_truth() -> None:
    phantom = Phantom(
        shape=SpineShape(vertebrae=3, slips={"L4/5": 5.0}, bulges={"L4/5": 2.0}, concavity=1.0), spacing=(0.5, 0.5, 0.5)
    )
    array = sitk.GetArrayViewFromImage(phantom.labels)
    for label, disc in ((201, "L5/S1"), (202, "L4/5"), (203, "L3/4")):
        assert (array == label).sum() / 8 == pytest.approx(phantom.truth["disc.volume", disc], rel=0.01)
    for name, place in phantom.landmarks.items():
        assert _borders_on_its_structure(phantom.labels, name, place), name


def _borders_on_its_structure(labels: sitk.Image, name: str, place: tuple[float, float, float]) -> bool:
    """Whether there are voxels of the structure within 1 mm of the landmark, and others too."""
    level, _, end = name.partition(".")
    own = 100 if "canal" in end else {"L5": 1, "L4": 2, "L3": 3, "S1": 201}[level]
    at = np.round(labels.TransformPhysicalPointToContinuousIndex(place)).astype(int)
    around = sitk.GetArrayViewFromImage(labels)[tuple(slice(k - 2, k + 3) for k in at[::-1])]
    return bool((around == own).any() and (around != own).any())


def test_a_narrowing_shows_in_the_ratio_and_the_loss_of_its_level() -> None:
    phantom = Phantom(shape=NARROWED, turn=LYING)
    findings = measured(phantom)
    for key, close in (("canal.area_ratio", 0.03), ("canal.loss", 3.0)):
        assert findings.of(key, "L4/5").value == pytest.approx(phantom.truth[key, "L4/5"], abs=close)
    assert findings.of("canal.loss", "L4/5").band == "Lurie: one to two thirds"
    areas = {section.level: section.area_mm2 for section in findings.sections if section.area_mm2}
    assert min(areas, key=lambda level: areas[level]) == "L4/5"


def test_a_fracture_and_a_slip_fall_in_their_published_bands() -> None:
    shape = SpineShape(vertebrae=5, wedges={"L2": -16.0}, slips={"L4/5": 11.0})
    phantom = Phantom(shape=shape, turn=LYING)
    findings = measured(phantom)
    assert phantom.truth["vertebra.height_loss", "L2"] == pytest.approx(36, abs=2)
    assert findings.of("vertebra.height_loss", "L2").band == "Genant 2"
    assert phantom.truth["alignment.slip_percent", "L4/5"] == pytest.approx(30, abs=2)
    assert findings.of("alignment.slip_percent", "L4/5").band == "Meyerding II"
    assert findings.of("alignment.apex", "L1-S1").band == "L4"


def test_thick_slices_make_area_and_width_an_estimate_and_leave_what_is_seen_in_a_slice() -> None:
    findings = measured(Phantom(shape=NARROWED, spacing=SLICES))
    flags = {measure: findings.of(measure, "L4").flags for measure in ("canal.area", "canal.transverse_diameter")}
    assert all("thick_slices" in keys for keys in flags.values())
    assert "thick_slices" not in findings.of("vertebra.anterior_height", "L4").flags
    assert any("4.4 mm apart" in flag.text for flag in findings.flags)


def test_a_stack_narrower_than_the_canal_gives_its_ap_diameter_and_no_area() -> None:
    phantom = Phantom(shape=NARROWED, spacing=SLICES, width=13.2)
    findings = measured(phantom)
    for level in ("L5", "L4/5", "L4"):
        for key in ("canal.area", "canal.transverse_diameter", "canal.narrowest_area", "canal.area_ratio"):
            assert findings.of(key, level).value is None
            assert "sides of the stack" in findings.of(key, level).reason
        true = phantom.truth["canal.midsagittal_ap", level]
        assert findings.of("canal.midsagittal_ap", level).value == pytest.approx(true, abs=0.5)
    assert _worst(errors_of(phantom, findings), "corners") < 0.5


def _worst(errors: Mapping[str, list[float]], family: str) -> float:
    return max(errors[family])


def test_every_number_was_read_from_places_on_the_spine() -> None:
    phantom = Phantom(shape=NARROWED, turn=LYING)
    findings = measured(phantom)
    box = np.array(
        [
            phantom.labels.TransformIndexToPhysicalPoint(k)
            for k in ((0, 0, 0), tuple(n - 1 for n in phantom.labels.GetSize()))
        ]
    )
    low, high = box.min(axis=0), box.max(axis=0)
    given = [one for one in findings.measurements if one.value is not None]
    assert len(given) > 60
    for one in given:
        places = [*one.trace.points.values(), *(end for line in one.trace.lines for end in line)]
        places += [place for contour in one.trace.contours for place in contour]
        assert places, one.measure
        assert (np.array(places) >= low - 1).all() and (np.array(places) <= high + 1).all()
