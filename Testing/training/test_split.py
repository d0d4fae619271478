"""Splits by patient: nobody on two sides, nothing lost, the same again from the same seed."""

import pytest

from training.data import split
from training.data.split import Split
from training.errors import TrainingError

PATIENTS = [str(number) for number in (5, 7, 18, 22, 34, 41, 55, 98)]


def test_held_out_patients_are_tested_on_and_the_rest_is_divided() -> None:
    found = split.held_out(PATIENTS, ["18", "55"], validation=2, seed=1)
    assert found.test == ("18", "55")
    assert len(found.validation) == 2
    assert sorted(found.training + found.validation + found.test) == sorted(PATIENTS)


def test_a_patient_with_several_images_counts_once() -> None:
    found = split.held_out(["5", "5", "7", "18", "7"], ["18", "18"], validation=0, seed=0)
    assert found == Split(("5", "7"), (), ("18",))


def test_the_same_seed_draws_the_same_validation_patients_and_another_seed_others() -> None:
    drawn = {seed: split.held_out(PATIENTS, ["18"], 3, seed).validation for seed in range(6)}
    assert drawn[0] == split.held_out(PATIENTS, ["18"], 3, 0).validation
    assert len(set(drawn.values())) > 1


def test_folds_test_every_patient_exactly_once_in_parts_of_nearly_equal_size() -> None:
    found = split.folds(PATIENTS, 3, validation=1, seed=4)
    assert sorted(patient for fold in found for patient in fold.test) == sorted(PATIENTS)
    assert sorted(len(fold.test) for fold in found) == [2, 3, 3]
    for fold in found:
        assert sorted(fold.training + fold.validation + fold.test) == sorted(PATIENTS)
        assert len(fold.validation) == 1


def test_as_many_folds_as_patients_leave_one_out() -> None:
    found = split.folds(PATIENTS, len(PATIENTS), validation=0, seed=0)
    assert all(len(fold.test) == 1 and len(fold.training) == len(PATIENTS) - 1 for fold in found)


def test_a_held_out_patient_whom_the_data_do_not_hold_is_named() -> None:
    with pytest.raises(TrainingError, match="no patient 99"):
        split.held_out(PATIENTS, ["18", "99"], 0, 0)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_a_number_of_folds_that_cannot_be_is_refused(count: int) -> None:
    with pytest.raises(TrainingError, match="from 2 to 8"):
        split.folds(PATIENTS, count, 0, 0)


def test_validation_that_leaves_nobody_to_train_on_is_refused() -> None:
    with pytest.raises(TrainingError, match="leave none to train on"):
        split.held_out(["1", "2", "3"], ["3"], validation=2, seed=0)


def test_holding_out_everybody_or_nobody_is_refused() -> None:
    with pytest.raises(TrainingError):
        split.held_out(["1", "2"], ["1", "2"], 0, 0)
    with pytest.raises(TrainingError, match="test part of the split is empty"):
        split.held_out(["1", "2"], [], 0, 0)


def test_one_patient_on_both_sides_is_refused_by_name() -> None:
    with pytest.raises(TrainingError, match="Patient 7 is in the training part and in the test part"):
        split.check(Split(("5", "7"), (), ("7", "18")))
    with pytest.raises(TrainingError, match="Patient 5 is in the training part and in the validation part"):
        split.check(Split(("5", "7"), ("5",), ("18",)))
