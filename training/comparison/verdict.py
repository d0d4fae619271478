"""Which network to take, and how sure that is: the first thing that a reader wants to know."""

from collections.abc import Sequence
from dataclasses import dataclass

from training import metrics, scores
from training.comparison.gather import Run
from training.comparison.tables import DICE, estimate
from training.statistics import SIGNIFICANT, PairedTest, compare_pairs

_FEW = 5
"""With fewer patients than this an interval says nothing."""


@dataclass(frozen=True)
class Verdict:
    """The answer in one line, the sentences that back it, the run that leads and those that cannot be told from it."""

    headline: str
    certainty: str
    sentences: tuple[str, ...]
    leader: str
    tied: tuple[str, ...]


def primary(run: Run) -> str:
    """The row that decides: all structures together, or the only one."""
    return run.rows[0]


def tests_of(runs: Sequence[Run], name: str) -> list[PairedTest]:
    """All pairs of runs on the patients' Dice of a class."""
    return compare_pairs({run.name: scores.by_patient(run.scores, name, "dice", run.patients) for run in runs})


def judge(runs: Sequence[Run]) -> Verdict:
    """Weigh the mean Dice over patients: its interval, the paired differences from the leader, and their tests."""
    name = primary(runs[0])
    means = {run.name: estimate(run, name, DICE) for run in runs}
    ranked = sorted(runs, key=lambda run: -means[run.name].mean)
    leader, second = ranked[0], ranked[1]
    against = [test for test in tests_of(runs, name) if test.first == leader.name]
    patients = min(test.difference.patients for test in against)
    tied = tuple(test.second for test in against if patients < _FEW or not test.difference.low > 0)
    own, closest = means[leader.name], next(test for test in against if test.second == second.name)
    what = "mean Dice of all structures" if name == metrics.ALL else "Dice"
    facts = (
        f"{leader.name} has the highest {what}: {own.mean:.3f} (95 % interval {own.low:.3f} to {own.high:.3f}) on "
        f"{own.patients} patients. That is {closest.difference.mean:.3f} ({closest.difference.low:+.3f} to "
        f"{closest.difference.high:+.3f}) more than {second.name}, and better on {closest.wins} of {patients} patients."
    )
    return Verdict(
        *_answer(leader.name, tied, against),
        (facts, _why(patients, tied, against), *_speed(leader, [run for run in runs if run.name in tied])),
        leader.name,
        tied,
    )


def _answer(leader: str, tied: tuple[str, ...], against: Sequence[PairedTest]) -> tuple[str, str]:
    if tied:
        return f"{leader} leads, but {_listed(tied)} cannot be told apart from it", "not sure"
    if all(test.corrected_p < SIGNIFICANT for test in against):
        return f"Take {leader}", "sure, for patients like these"
    return f"Take {leader}, with reserve", "likely, not proven"


def _why(patients: int, tied: tuple[str, ...], against: Sequence[PairedTest]) -> str:
    if patients < _FEW:
        return f"With {patients} patients nothing can be said about others: an interval over so few means little."
    floor = max(test.smallest_p for test in against)
    if floor > SIGNIFICANT:
        return (
            f"With {patients} patients the signed-rank test cannot decide: even a win on every patient would give "
            f"p = {floor:.2g} after correction for {_tests(against)}. Read the intervals of the differences instead, "
            "which are too narrow rather than too wide with so few."
        )
    worst = max(against, key=lambda test: test.corrected_p)
    if worst.corrected_p < SIGNIFICANT:
        return (
            f"The signed-rank test tells it from every other run, p at most {worst.corrected_p:.2g} after correction."
        )
    others = [test.second for test in against if test.corrected_p >= SIGNIFICANT]
    p = f"p up to {worst.corrected_p:.2g} after correction"
    return f"The signed-rank test does not tell it from {_listed(others)} ({p})."


def _tests(against: Sequence[PairedTest]) -> str:
    pairs = len(against) * (len(against) + 1) // 2
    return f"{pairs} pairs" if pairs > 1 else "one pair"


def _speed(leader: Run, tied: Sequence[Run]) -> tuple[str, ...]:
    """A run that is as good and clearly faster is worth naming."""
    fastest = min((leader, *tied), key=lambda run: run.milliseconds)
    if not tied:
        return ()
    if fastest is leader:
        return (f"Of those that cannot be told apart it is also the fastest: {leader.milliseconds:.0f} ms per case.",)
    return (
        f"Of those that cannot be told apart {fastest.name} is the fastest: {fastest.milliseconds:.0f} ms per case, "
        f"{leader.name} {leader.milliseconds:.0f} ms.",
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
