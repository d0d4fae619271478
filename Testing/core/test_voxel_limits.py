"""What no program can read from a label map: a face that runs along the voxels may move without changing one of them.

So with voxels of 1 mm the bounds of single values cannot be kept in such poses by anybody, and the benchmark holds the
root mean square there (`Testing.accuracy`). Where no face runs along the voxels, single values are held.
"""

from collections.abc import Mapping

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.analysis import measure
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.levels import spine_of
from Testing.accuracy import COARSE
from Testing.benchmarks.measures import ASKEW
from Testing.spine_shapes import SpineShape
from Testing.spines import Phantom

LEVEL = (-4.0, 0.0, 0.0)
"""Turned so, the upper endplate of L4 lies along the voxels."""
JUST_ABOVE = (0.0, 0.0, -0.23)
"""And so it lies just above a row of their centres."""


def spine(raised: Mapping[str, tuple[float, float]]) -> Phantom:
    return Phantom(shape=SpineShape(vertebrae=3, raised=raised), turn=LEVEL, offset=JUST_ABOVE)


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


def test_the_same_spines_part_where_the_endplate_does_not_run_along_the_voxels() -> None:
    low, high = (Phantom(shape=one.shape, turn=ASKEW) for one in (LOW, HIGH))
    assert not same_labels(low, high)
    for phantom in (low, high):
        found = measured(phantom).of("vertebra.posterior_height", "L4").value
        true = phantom.truth["vertebra.posterior_height", "L4"]
        assert found is not None and abs(found - true) <= COARSE.limits["heights"]
