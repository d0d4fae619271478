"""The same spine gives the same numbers however it is stored, wherever it lies and however it is turned."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from LumbarSegLib.core.analysis import measure
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.levels import spine_of
from Testing.accuracy import COARSE, errors_of
from Testing.benchmarks.measures import ILL, LYING
from Testing.spine_shapes import SpineShape
from Testing.spines import Phantom

ORIENTATIONS = ["".join(axes) for ends in product("LR", "PA", "SI") for axes in permutations(ends)]
SMALL = Phantom(shape=SpineShape(vertebrae=3), spacing=(4.0, 1.5, 1.5), turn=LYING, shift=(12.0, -7.0, 31.0))
TILTED = replace(SMALL, tilt=(7.0, -9.0, 12.0))
SAME = 1e-6
Place = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def measured(labels: sitk.Image) -> Findings:
    return measure(spine_of(labels)).findings


@pytest.fixture(scope="module", params=[SMALL, TILTED], ids=["along the axes", "oblique"])
def phantom(request: pytest.FixtureRequest) -> tuple[Phantom, Findings]:
    return request.param, measured(request.param.labels)


@pytest.fixture(scope="module")
def oblique() -> Findings:
    return measured(TILTED.labels)


def assert_same(found: Findings, first: Findings, moved: Place = lambda place: place) -> None:
    """Each number is the same, and each landmark where `moved` puts it."""
    assert [(one.measure, one.level) for one in found.measurements] == [
        (one.measure, one.level) for one in first.measurements
    ]
    for one, other in zip(found.measurements, first.measurements, strict=True):
        assert (one.value is None) == (other.value is None), one
        assert one.value is None or one.value == pytest.approx(other.value, abs=SAME, rel=SAME), one
        assert (one.flags, one.band, one.reason) == (other.flags, other.band, other.reason)
    assert found.landmarks.keys() == first.landmarks.keys()
    for name, landmark in first.landmarks.items():
        assert found.landmarks[name].place == pytest.approx(moved(np.array(landmark.place)), abs=1e-5), name


def test_a_small_phantom_gives_numbers_to_compare(phantom: tuple[Phantom, Findings]) -> None:
    given = [one for one in phantom[1].measurements if one.value is not None]
    assert len(given) > 60
    assert {one.measure.split(".")[0] for one in given} == {"canal", "vertebra", "alignment", "disc"}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_order_of_storage_changes_no_number(orientation: str, oblique: Findings) -> None:
    assert_same(measured(sitk.DICOMOrient(TILTED.labels, orientation)), oblique)


def test_all_orders_of_storage_were_tried() -> None:
    assert len(set(ORIENTATIONS)) == 48
    assert len({sitk.DICOMOrient(TILTED.labels, one).GetDirection() for one in ORIENTATIONS}) == 48


def test_a_shift_moves_the_landmarks_and_changes_no_number(phantom: tuple[Phantom, Findings]) -> None:
    spine, first = phantom
    shift = np.array([123.456, -1078.9, 800.25])
    moved = replace(spine, shift=tuple(shift + spine.shift))
    assert_same(measured(moved.labels), first, lambda place: place + shift)


def test_an_oblique_grid_turns_the_landmarks_and_changes_no_number() -> None:
    turn = Rotation.from_rotvec((20.0, 0.0, 0.0), degrees=True)
    turned = replace(SMALL, tilt=(20.0, 0.0, 0.0))
    shift = np.array(SMALL.shift)
    assert_same(measured(turned.labels), measured(SMALL.labels), lambda place: turn.apply(place - shift) + shift)


def test_a_file_that_counts_in_ras_gives_the_same_numbers(tmp_path: Path) -> None:
    sitk.WriteImage(SMALL.labels, tmp_path / "labels.nii")
    sitk.WriteImage(SMALL.labels, tmp_path / "labels.nrrd")
    ras, lps = (measured(sitk.ReadImage(tmp_path / f"labels.{suffix}")) for suffix in ("nii", "nrrd"))
    assert_same(ras, lps)


@pytest.mark.parametrize(
    "turn", [(20.0, *LYING[1:]), (LYING[0], -20.0, LYING[2]), (*LYING[:2], 20.0)], ids=["right", "back", "up"]
)
def test_a_spine_turned_by_20_degrees_in_its_grid_keeps_its_numbers_within_the_bounds(
    turn: tuple[float, float, float],
) -> None:
    phantom = Phantom(shape=ILL, turn=turn)
    assert COARSE.broken(errors_of(phantom, measured(phantom.labels))) == {}
