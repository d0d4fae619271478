"""Who is trained on, who chooses the weights and who is tested on: always whole patients, drawn from a seed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from training.errors import TrainingError


@dataclass(frozen=True)
class Split:
    """Patients of the three parts. `validation` is empty where no weights are chosen by it, `test` where everyone is
    trained on.
    """

    training: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def held_out(patients: Iterable[str], held_out: Iterable[str], validation: int, seed: int) -> Split:
    """Test on the patients `held_out`; draw `validation` patients from the others and train on the rest.

    Raises TrainingError for a held-out patient whom the data do not hold, and for what `check` refuses.
    """
    known = list(dict.fromkeys(patients))
    test = list(dict.fromkeys(held_out))
    missing = [patient for patient in test if patient not in known]
    if missing:
        raise TrainingError(
            f"The data hold no patient {', '.join(missing)}, who should be held out; the patients are {_listed(known)}."
        )
    split = _with_validation([patient for patient in known if patient not in test], test, validation, seed)
    check(split)
    return split


def everyone(patients: Iterable[str], validation: int, seed: int) -> Split:
    """Test on nobody; draw `validation` patients and train on the rest.

    Raises TrainingError where nobody is left to train on.
    """
    return _with_validation(list(dict.fromkeys(patients)), (), validation, seed)


def folds(patients: Iterable[str], count: int, validation: int, seed: int) -> list[Split]:
    """Shuffle the patients and test on each of them once, in `count` folds whose sizes differ by one at most; as many
    folds as patients leave out one at a time.

    Raises TrainingError for fewer than two folds or more than patients, and for what `check` refuses.
    """
    known = list(dict.fromkeys(patients))
    if not 2 <= count <= len(known):
        raise TrainingError(
            f"{len(known)} patients cannot be split into {count} folds; give from 2 to {len(known)} folds."
        )
    order = np.random.default_rng(seed).permutation(len(known))
    splits = []
    for number, part in enumerate(np.array_split(order, count)):
        test = [known[index] for index in sorted(part)]
        rest = [patient for patient in known if patient not in test]
        splits.append(_with_validation(rest, test, validation, seed + number))
        check(splits[-1])
    return splits


def _with_validation(rest: Sequence[str], test: Sequence[str], validation: int, seed: int) -> Split:
    if validation < 0:
        raise TrainingError(f"{validation} validation patients make no sense; give 0 or more.")
    if validation >= len(rest):
        raise TrainingError(
            f"{len(rest)} patients are left beside the test patients, so {validation} for validation leave none to "
            f"train on; hold out fewer or give more data."
        )
    drawn = np.random.default_rng(seed).permutation(len(rest))[:validation]
    chosen = [rest[index] for index in sorted(drawn)]
    return Split(tuple(patient for patient in rest if patient not in chosen), tuple(chosen), tuple(test))


def check(split: Split) -> None:
    """Raise TrainingError if a patient stands on two sides, or the training or test side is empty."""
    for one, other in (("training", "validation"), ("training", "test"), ("validation", "test")):
        both = sorted(set(getattr(split, one)) & set(getattr(split, other)))
        if both:
            raise TrainingError(
                f"Patient {', '.join(both)} is in the {one} part and in the {other} part; leave each patient in one."
            )
    for side in ("training", "test"):
        if not getattr(split, side):
            raise TrainingError(f"The {side} part of the split is empty; give more patients or hold out others.")


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
