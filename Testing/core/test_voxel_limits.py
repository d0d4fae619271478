"""What no program can read from a label map: a face that runs along the voxels may move without changing one of them.

So with voxels of 1 mm the bounds of single values cannot be kept in such poses by anybody, and the benchmark holds the
root mean square there (`Testing.accuracy`). Where no face runs along them or their diagonals, single values are held.
"""

from collections.abc import Mapping

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.analysis import measure
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.levels import spine_of
from Testing.accuracy import COARSE
from Testing.benchmarks.measures import ILL
from Testing.poses import ASKEW, OFF_AXES, OFF_DIAGONALS, off_axes, off_diagonals
from Testing.spine_shapes import Corner, SpineShape
from Testing.spines import Phantom

LEVEL = (-4.0, 0.0, 0.0)
"""Turned so, the upper endplate of L4 lies along the voxels."""
JUST_ABOVE = (0.0, 0.0, -0.23)
"""And so it lies just above a row of their centres."""
DIAGONAL = (-4.0 + 26.565, 0.0, 0.0)
"""Turned so, it climbs by one voxel in two."""
BETWEEN = (0.0, 0.0, 0.33)
"""And so it lies between two such rows."""


def spine(raised: Mapping[str, tuple[float, float]], turn: Corner = LEVEL, offset: Corner = JUST_ABOVE) -> Phantom:
    return Phantom(shape=SpineShape(vertebrae=3, raised=raised), turn=turn, offset=offset)


LOW, HIGH = spine({}), spine({"L4": (0.9, 0.9)})
TILTED_UP, TILTED_DOWN = spine({"L4": (0.9, 0.0)}), spine({"L4": (0.0, 0.9)})


def measured(phantom: Phantom) -> Findings:
    return measure(spine_of(phantom.labels)).findings


def same_labels(*phantoms: Phantom) -> bool:
    first, *others = (sitk.GetArrayViewFromImage(phantom.labels) for phantom in phantoms)
    return all(np.array_equal(first, other) for other in others)


def test_two_spines_whose_heights_differ_by_nearly_a_voxel_have_equal_label_maps() -> None:
    assert same_labels(LOW, HIGH)
    for key in ("vertebra.anterior_height", "vertebra.posterior_height"):
        true, other = (phantom.truth[key, "L4"] for phantom in (LOW, HIGH))
        assert other - true > 2 * COARSE.limits["heights"]
        found = measured(LOW).of(key, "L4").value
        assert found is not None and found == measured(HIGH).of(key, "L4").value
        assert max(abs(found - true), abs(found - other)) > COARSE.limits["heights"]


def test_two_spines_whose_endplates_differ_by_three_degrees_have_equal_label_maps() -> None:
    assert same_labels(TILTED_UP, TILTED_DOWN)
    key = ("vertebra.wedge_angle", "L4")
    one, other = (phantom.truth[key] for phantom in (TILTED_UP, TILTED_DOWN))
    assert abs(one - other) > 5 * COARSE.limits["angles"]
    found = measured(TILTED_UP).of(*key).value
    assert found is not None and max(abs(found - one), abs(found - other)) > 2 * COARSE.limits["angles"]


def test_two_spines_whose_endplates_along_a_diagonal_differ_by_more_than_a_degree_have_equal_label_maps() -> None:
    one, other = (spine({"L4": raised}, DIAGONAL, BETWEEN) for raised in ((0.36, 0.0), (0.0, 0.36)))
    assert same_labels(one, other)
    key = ("vertebra.wedge_angle", "L4")
    assert abs(one.truth[key] - other.truth[key]) > 2 * COARSE.limits["angles"]
    found = measured(one).of(*key).value
    assert found is not None and max(abs(found - each.truth[key]) for each in (one, other)) > COARSE.limits["angles"]


def test_in_the_poses_in_which_single_values_are_held_no_face_runs_along_rows_of_voxels() -> None:
    for turn, _ in ASKEW:
        assert off_axes(ILL, turn) >= OFF_AXES
        assert off_diagonals(ILL, turn) >= OFF_DIAGONALS


def test_a_pose_in_which_a_face_runs_along_rows_of_voxels_is_told() -> None:
    assert off_axes(LOW.shape, LEVEL) < 0.1
    assert off_diagonals(LOW.shape, DIAGONAL) < 0.1


def test_the_same_spines_part_where_the_endplate_does_not_run_along_the_voxels() -> None:
    low, high = (Phantom(shape=one.shape, turn=ASKEW[0][0]) for one in (LOW, HIGH))
    assert not same_labels(low, high)
    for phantom in (low, high):
        found = measured(phantom).of("vertebra.posterior_height", "L4").value
        true = phantom.truth["vertebra.posterior_height", "L4"]
        assert found is not None and abs(found - true) <= COARSE.limits["heights"]
