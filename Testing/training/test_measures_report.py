"""The report on measures: what it counts, and its figures against values worked out by hand."""

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core import levels
from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Findings, Measurement
from training.sagittal import measures

UPRIGHT = (0, 0, -1, 1, 0, 0, 0, -1, 0)


def findings(**heights: float | None) -> Findings:
    rows = [Measurement("vertebra.anterior_height", level, value) for level, value in heights.items()]
    return Findings(tuple(rows), {}, (), (), "L5/S1")


def spine(rows: list[int]) -> levels.Spine:
    labels = sitk.GetImageFromArray(np.tile(np.array(rows, np.uint8)[None, :, None], (3, 1, 4)))
    labels.SetDirection(UPRIGHT)
    return levels.spine_of(labels)


def test_bias_and_limits_of_agreement_are_those_of_bland_and_altman() -> None:
    agreement = measures.Agreement(pairs=[(11.0, 10.0), (23.0, 20.0), (30.0, 30.0), (40.0, 40.0)])
    assert agreement.bias() == pytest.approx(1.0)
    assert agreement.limits() == pytest.approx((1.0 - 1.96 * np.sqrt(2.0), 1.0 + 1.96 * np.sqrt(2.0)))
    assert agreement.mean_error() == pytest.approx(1.0)


def test_only_numbers_of_the_same_structure_are_paired_and_the_others_counted() -> None:
    found = {key: measures.Agreement() for key in MEASURES}
    ours, reference = findings(L5=25.0, L4=None, L3=26.0, L2=27.0), findings(L5=24.0, L4=24.0, L3=None, L2=27.0)
    measures.compare(ours, reference, {"L5", "L4", "L3"}, found)
    heights = found["vertebra.anterior_height"]
    assert heights.pairs == [(25.0, 24.0)]
    assert heights.missed == (1, 1, 1)


def test_a_structure_is_the_same_where_its_masks_overlap_by_more_than_half() -> None:
    reference = spine([0, 0, 2, 2, 2, 2, 202, 202, 1, 1, 1, 1, 0, 0])
    shifted = spine([0, 0, 2, 2, 2, 2, 0, 0, 202, 202, 1, 1, 1, 1])
    assert measures.same_structures(reference, reference) == {"L5", "L4/5", "L4"}
    assert measures.same_structures(shifted, reference) == {"L4"}


def test_the_report_names_each_body_without_corners_and_each_measure() -> None:
    coverage = measures.Coverage(bodies=20, without=["7 L2: The body lies in pieces."])
    found = {key: measures.Agreement() for key in MEASURES}
    found["vertebra.anterior_height"].pairs = [(25.0, 24.0), (26.0, 26.0)]
    info = type("Info", (), {"name": "small", "version": "1", "weights_sha256": "0"})
    text = measures.report(coverage, info, [18, 55], found)  # type: ignore[arg-type]  # three facts of a model are enough
    assert "19 of 20 wholly visible bodies (95.0 %)" in text
    assert "- 7 L2: The body lies in pieces." in text
    assert "| Anterior height | mm | 2 | 25.00 | 0.50 | 0.50 |" in text
