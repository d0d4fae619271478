"""Every metric against values worked out by hand."""

import math
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core import levels
from training import metrics, roc, statistics
from training.data.cases import UNKNOWN
from training.instances import dice_by_instance
from training.metrics import Scores

CLASSES = ("background", "vertebra", "canal")
MM = (1.0, 0.5, 2.0)


def square(left: int, value: int = 1) -> np.ndarray[Any, Any]:
    """One slice of 10 x 10 pixels with a square of 4 x 4."""
    labels = np.zeros((1, 10, 10), np.uint8)
    labels[0, 2:6, left : left + 4] = value
    return labels


def of(rows: list[Scores], name: str) -> Scores:
    return next(row for row in rows if row.name == name)


def test_a_square_moved_by_one_column_has_the_overlap_that_one_counts() -> None:
    row = of(metrics.score(square(2), square(3), MM, CLASSES), "vertebra")
    assert row.dice == pytest.approx(2 * 12 / 32)
    assert row.iou == pytest.approx(12 / 20)
    assert row.precision == row.recall == row.f1 == pytest.approx(12 / 16)
    assert row.accuracy == pytest.approx(92 / 100)
    assert row.outcome == ""


def test_precision_and_recall_are_not_mixed_up() -> None:
    larger = square(2)
    larger[0, 2:6, 6:8] = 1
    row = of(metrics.score(square(2), larger, MM, CLASSES), "vertebra")
    assert (row.precision, row.recall) == pytest.approx((16 / 24, 1.0))
    assert row.f1 == row.dice == pytest.approx(32 / 40)


def test_distances_between_outlines_are_in_mm() -> None:
    # Of 12 pixels of the outline, 6 lie on the other one, 2 are half a mm (a row) from it and 4 two mm (a column).
    row = of(metrics.score(square(2), square(3), MM, CLASSES), "vertebra")
    assert row.assd == pytest.approx((6 * 0 + 2 * 0.5 + 4 * 2) / 12)
    assert row.hd95 == pytest.approx(2.0)


def test_distances_run_through_the_slices_of_a_volume() -> None:
    truth, found = np.zeros((2, 5, 6, 6), np.uint8)
    truth[1, 2, 2] = found[2, 2, 2] = 1
    row = of(metrics.score(truth, found, (4.0, 1.0, 1.0), CLASSES), "vertebra")
    assert (row.dice, row.hd95, row.assd) == (0, 4, 4)


def test_pixels_of_unknown_class_count_nowhere() -> None:
    truth = square(2)
    truth[0, :, 6] = UNKNOWN
    row = of(metrics.score(truth, square(3), MM, CLASSES), "vertebra")
    assert row.dice == pytest.approx(2 * 12 / 28)
    assert row.precision == 1
    assert row.accuracy == pytest.approx(86 / 90)
    everything = np.full_like(truth, UNKNOWN)
    assert all(math.isnan(one.dice) for one in metrics.score(everything, square(3), MM, CLASSES))


def test_a_class_in_neither_map_is_no_number_and_enters_no_mean() -> None:
    rows = metrics.score(square(2), square(3), MM, CLASSES)
    absent = of(rows, "canal")
    assert absent.outcome == metrics.ABSENT
    assert all(math.isnan(v) for v in (absent.dice, absent.iou, absent.hd95, absent.accuracy, absent.area_error))
    assert of(rows, metrics.ALL).dice == pytest.approx(0.75)


def test_a_missed_class_and_a_false_alarm_score_zero_and_the_diagonal() -> None:
    diagonal = math.sqrt(1**2 + 5**2 + 20**2)
    missed = of(metrics.score(square(2), np.zeros((1, 10, 10), np.uint8), MM, CLASSES), "vertebra")
    assert (missed.outcome, missed.dice, missed.iou, missed.recall) == (metrics.MISSED, 0, 0, 0)
    assert missed.hd95 == missed.assd == pytest.approx(diagonal)
    alarm = of(metrics.score(np.zeros((1, 10, 10), np.uint8), square(2), MM, CLASSES), "vertebra")
    assert (alarm.outcome, alarm.dice, alarm.precision) == (metrics.FALSE_ALARM, 0, 0)
    assert math.isnan(alarm.recall)
    assert alarm.hd95 == pytest.approx(diagonal)


def test_the_row_of_all_structures_is_their_mean_and_the_share_of_right_pixels() -> None:
    truth, found = square(2), square(3)
    truth[0, 8, 0:4] = found[0, 8, 0:4] = 2
    found[0, 9, 9] = 2
    row = of(metrics.score(truth, found, MM, CLASSES), metrics.ALL)
    assert row.dice == pytest.approx((0.75 + 8 / 9) / 2)
    assert row.accuracy == pytest.approx(91 / 100)


def test_areas_err_with_their_sign_and_only_where_the_canal_shows() -> None:
    truth, found = np.zeros((2, 4, 10, 10), np.uint8)
    truth[0, 0, :4], found[0, 0, :2] = 2, 2
    found[1, 0, :3] = 2
    truth[2, 0, :2], found[2, 1, :2] = 2, 2
    row = of(metrics.score(truth, found, (4.0, 0.5, 4.0), CLASSES), "canal")
    assert row.area_error == pytest.approx(2.0 * (-2 + 3 + 0) / 3)
    assert row.area_error_percent == pytest.approx((-50 + 0) / 2)
    assert math.isnan(of(metrics.score(truth, found, MM, ("background", "ts", "pe")), "pe").area_error)


def test_maps_of_different_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        metrics.score(square(2), np.zeros((2, 10, 10), np.uint8), MM, CLASSES)


def test_a_roc_curve_of_five_pixels() -> None:
    # Three of the four pairs of a class pixel and another are in the right order; the fifth pixel is unknown.
    truth = np.array([[[0, 0, 1, 1, UNKNOWN]]], np.uint8)
    probability = np.array([0.1, 0.4, 0.35, 0.8, 0.9], np.float32).reshape(1, 1, 5)
    found = roc.curves(truth, np.stack([1 - probability, probability]), ("background", "vertebra"))
    assert [curve.name for curve in found] == ["vertebra"]
    assert found[0].auc == pytest.approx(0.75)
    at = dict(zip(roc.FALSE_POSITIVE_RATES.tolist(), found[0].true_positive_rates.tolist(), strict=True))
    assert at[0.0] == at[roc.FALSE_POSITIVE_RATES[1]] == pytest.approx(0.5)
    assert at[1.0] == 1


def test_a_roc_curve_needs_both_kinds_of_pixels_and_looks_at_a_bounded_number() -> None:
    truth = np.ones((1, 300, 300), np.uint8)
    probability = np.random.default_rng(0).random((3, 1, 300, 300)).astype(np.float32)
    assert roc.curves(truth, probability, CLASSES) == []
    truth[0, :150] = 0
    found = roc.curves(truth, probability, CLASSES)
    assert [curve.name for curve in found] == ["vertebra"]
    assert found[0].auc == pytest.approx(0.5, abs=0.01)


def test_intervals_are_over_patients_repeat_and_leave_out_what_is_no_number() -> None:
    # Of two patients with 0 and 1 a resample has the mean 0 or 1 in a quarter of all draws each.
    found = statistics.mean_of([0.0, 1.0, np.nan])
    assert (found.mean, found.low, found.high, found.patients) == (0.5, 0.0, 1.0, 2)
    values = np.random.default_rng(1).normal(0.9, 0.02, 30)
    first, again = statistics.mean_of(values), statistics.mean_of(values)
    assert first == again
    expected = 1.96 * values.std() / math.sqrt(30)
    assert (first.low, first.high) == pytest.approx((values.mean() - expected, values.mean() + expected), abs=0.001)
    alone = statistics.mean_of([0.7])
    assert alone.mean == 0.7
    assert math.isnan(alone.low)
    assert statistics.mean_of([np.nan]).patients == 0


def test_six_wins_of_six_give_the_smallest_p_that_six_allow() -> None:
    difference = np.array([0.01, 0.02, 0.03, 0.04, 0.05, 0.06])
    assert statistics.signed_rank(difference) == pytest.approx(2 / 2**6) == statistics.smallest_p(6, 1)
    assert statistics.signed_rank(np.zeros(6)) == 1
    assert statistics.smallest_p(6, 6) == pytest.approx(6 * 2 / 64)


def test_holm_multiplies_the_smallest_most_and_never_turns_the_order() -> None:
    assert statistics.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert statistics.holm([0.5, 0.6]) == [1.0, 1.0]


def test_pairs_are_compared_patient_by_patient_the_better_one_first() -> None:
    worse = np.array([0.80, 0.70, 0.60, np.nan])
    better = np.array([0.81, 0.72, 0.59, 0.9])
    (test,) = statistics.compare_pairs({"worse": worse, "better": better})
    assert (test.first, test.second, test.wins, test.difference.patients) == ("better", "worse", 2, 3)
    assert test.difference.mean == pytest.approx(0.02 / 3)


def test_dice_by_instance_takes_the_best_overlap_and_counts_what_is_missed() -> None:
    def spine(rows: list[int]) -> levels.Spine:
        labels = sitk.GetImageFromArray(np.tile(np.array(rows, np.uint8)[None, :, None], (3, 1, 4)))
        labels.SetDirection((0, 0, -1, 1, 0, 0, 0, -1, 0))
        return levels.spine_of(labels)

    truth = spine([0, 0, 0, 2, 2, 2, 2, 202, 202, 1, 1, 1, 1, 0, 0, 0])
    found = spine([0, 0, 3, 3, 3, 3, 3, 3, 0, 2, 2, 2, 2, 0, 0, 0])
    assert sorted(dice_by_instance(found, truth)) == [("disc", 0.0), ("vertebra", 0.8), ("vertebra", 1.0)]
