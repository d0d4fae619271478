"""One value in words: what it is, what is doubtful about it, what it is set beside, how it was read."""

from LumbarSegLib.core.definitions import MEASURES
from LumbarSegLib.core.findings import Comparison, Findings, Measurement
from LumbarSegLib.core.report.layout import with_unit

_STATUS = {"automatic": "", "edited": " (edited by hand)", "confirmed": " (confirmed)"}


def heading(one: Measurement) -> str:
    """Level, measure and value, or the reason why there is none: "L4/5, Canal area: 134 mm²"."""
    measure = MEASURES[one.measure]
    where = f"{one.level[:1].upper()}{one.level[1:]}, {measure.name}"
    if one.value is None:
        return f"{where}: not measured. {one.reason}"
    band = f", {one.band}" * bool(one.band)
    return f"{where}: {with_unit(one)}{band}{_STATUS[one.status]}"


def is_doubtful(one: Measurement, findings: Findings) -> bool:
    """Whether a flag concerns this value more than all others."""
    return any(flag.key in one.flags and flag.level for flag in findings.flags)


def doubts(one: Measurement, findings: Findings) -> tuple[str, ...]:
    """The flags that concern a value, in words: those of its own level, else of whatever level raised them."""
    flags = [flag for flag in findings.flags if flag.key in one.flags]
    own = [flag for flag in flags if flag.level in ("", one.level)]
    return tuple(dict.fromkeys(flag.text for flag in own or flags))


def explained(one: Measurement, findings: Findings) -> tuple[str, ...]:
    """A line for each thing that there is to say: heading, doubts, cut-offs, method with its source."""
    measure = MEASURES[one.measure]
    cut_offs = tuple(_beside(found, measure.unit) for found in one.comparisons)
    return (heading(one), *doubts(one, findings), *cut_offs, f"{measure.method} {measure.source}.")


def _beside(found: Comparison, unit: str) -> str:
    limit = f"{found.cut_off:g} {unit}".rstrip()
    return f"{found.side.capitalize()} {limit}: {found.meaning}; {found.population}; {found.source}."
