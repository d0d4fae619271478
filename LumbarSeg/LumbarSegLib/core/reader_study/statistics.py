"""ICC, bias and limits of agreement of each measure. Statistics of the ICC are pingouin's."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from LumbarSegLib.core.reader_study.readings import SETTINGS, Place, Readings
from LumbarSegLib.errors import InputError

_TYPE: str = SETTINGS["icc"]["type"]
_FACTOR: float = SETTINGS["limits_of_agreement"]["factor"]
FEWEST: int = SETTINGS["fewest"]
ADVISED: int = SETTINGS["advised"]["count"]
ALL_LEVELS = "all"

Floats = NDArray[np.float64]
Values = Mapping[Place, Mapping[str, float | None]]


@dataclass(frozen=True)
class Pair:
    """Two readers of one measure: the mean of the differences first minus second, their standard deviation, the limits
    of agreement, and the 95 % interval of each; None where there are too few values. `first` and `second` hold the
    values, shape (count,).
    """

    readers: tuple[str, str]
    first: Floats
    second: Floats
    bias: float | None = None
    bias_interval: tuple[float, float] | None = None
    sd: float | None = None
    limits: tuple[float, float] | None = None
    limits_within: float | None = None
    """Half of the width of the 95 % interval of each limit."""

    @property
    def count(self) -> int:
        return len(self.first)


@dataclass(frozen=True)
class Agreement:
    """How far readers agree in one measure, at one level or at all of them.

    `places` are those that at least one reader came to, `complete` those where all readers have a value, which is what
    the ICC is worked out from, and `cases` how many cases these are in. `not_measured` counts by reader where a
    value is missing. `icc` and its 95 % interval are None where `reason` says why.
    """

    measure: str
    level: str
    places: int
    complete: int
    cases: int
    not_measured: Mapping[str, int]
    icc: float | None
    interval: tuple[float, float] | None
    reason: str
    pairs: tuple[Pair, ...]

    @property
    def has_few(self) -> bool:
        """Whether there are fewer values than are advised for an ICC."""
        return self.complete < ADVISED


def agreements(readings: Readings) -> list[Agreement]:
    """Of each measure at all levels together, then at each level by itself where there is more than one."""
    found = []
    for measure, values in readings.values.items():
        levels = list(dict.fromkeys(place.level for place in values))
        found.append(_agreement(measure, ALL_LEVELS if len(levels) > 1 else levels[0], values, readings.readers))
        for level in levels if len(levels) > 1 else ():
            at_level = {place: row for place, row in values.items() if place.level == level}
            found.append(_agreement(measure, level, at_level, readings.readers))
    return found


def _agreement(measure: str, level: str, values: Values, readers: Sequence[str]) -> Agreement:
    complete = {place: row for place, row in values.items() if all(row.get(one) is not None for one in readers)}
    table = np.array([[row[one] for one in readers] for row in complete.values()], float).reshape(-1, len(readers))
    icc, interval, reason = _icc(table)
    return Agreement(
        measure,
        level,
        len(values),
        len(complete),
        len({place.case for place in complete}),
        {one: sum(row.get(one) is None for row in values.values()) for one in readers},
        icc,
        interval,
        reason,
        tuple(_pair(one, other, values) for one, other in combinations(readers, 2)),
    )


def _icc(table: Floats) -> tuple[float | None, tuple[float, float] | None, str]:
    """The ICC of values (places, readers) and its 95 % interval, or why there is none."""
    count = len(table)
    if count < FEWEST:
        places = {0: "No place has", 1: "Only 1 place has"}.get(count, f"Only {count} places have")
        return None, None, f"{places} a value of every reader."
    if np.ptp(table) == 0:
        return None, None, "All values are the same, so that nothing tells the places apart."
    pingouin, pandas = _libraries()
    rows = [(place, reader, value) for (place, reader), value in np.ndenumerate(table)]
    frame = pandas.DataFrame(rows, columns=["place", "reader", "value"])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        forms = pingouin.intraclass_corr(frame, targets="place", raters="reader", ratings="value").set_index("Type")
    value = float(forms.loc[_TYPE, "ICC"])
    low, high = (float(end) for end in forms.loc[_TYPE, "CI95"])
    if np.ptp(table, axis=1).max() == 0:
        return 1.0, (1.0, 1.0), ""
    if not np.isfinite(value):
        return None, None, "The values do not allow an ICC."
    return value, (low, high) if np.isfinite([low, high]).all() else None, ""


def _pair(first: str, second: str, values: Values) -> Pair:
    both = [(row.get(first), row.get(second)) for row in values.values()]
    known = np.array([pair for pair in both if None not in pair], float).reshape(-1, 2)
    one, other = known[:, 0], known[:, 1]
    if len(known) < FEWEST:
        return Pair((first, second), one, other)
    from scipy.stats import t

    difference = one - other
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    at = float(t.ppf(0.975, len(difference) - 1))
    around = at * sd / np.sqrt(len(difference))
    return Pair(
        (first, second),
        one,
        other,
        bias,
        (bias - around, bias + around),
        sd,
        (bias - _FACTOR * sd, bias + _FACTOR * sd),
        # Bland & Altman: the variance of a limit is about three times that of the mean.
        float(np.sqrt(3) * around),
    )


def _libraries() -> tuple[Any, Any]:
    try:
        import pandas
        import pingouin
    except ModuleNotFoundError as error:
        raise InputError(
            f"the reader study needs {error.name}, which is not installed; install it: pip install 'lumbarseg[study]'."
        ) from error
    return pingouin, pandas
