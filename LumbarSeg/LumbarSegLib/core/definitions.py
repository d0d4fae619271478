"""What each measure and each flag means: names, units, methods, sources and limits, all from `Resources`.

`measures.json` holds the measures, `flags.json` the doubts. Limits from the literature stand beside their source and
population; a value is named by the class of a published scale that it falls in, never by a diagnosis.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from LumbarSegLib.core.findings import Flag
from LumbarSegLib.resources import resource

_AXIAL = ("ts", "ivd", "aap", "slice")  # the families of axial slices
_FRONTAL = "coronal"  # that of radiographs from the front; those from the side have families of a sagittal volume


@dataclass(frozen=True)
class Threshold:
    """A cut-off from the literature; it holds at `levels`, or everywhere where these are empty."""

    value: float
    meaning: str
    source: str
    population: str
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Norm:
    """Mean and standard deviation in a population that lay as a patient in the scanner does."""

    mean: float
    sd: float
    source: str
    population: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Band:
    """A class of a published scale: values from `lowest` to below `below`; None is without end."""

    name: str
    lowest: float | None
    below: float | None

    def holds(self, value: float) -> bool:
        return (self.lowest is None or value >= self.lowest) and (self.below is None or value < self.below)


@dataclass(frozen=True)
class Measure:
    """The definition of a measure. `unit` is for people, `ucum` for machines, both the unit of its values.

    A value outside of `plausible` is no value of a spine (ours, wide around the norms); one nearer to 0 than `noise`
    is not told from 0 by readers.
    """

    key: str
    name: str
    unit: str
    ucum: str
    decimals: int
    method: str
    source: str
    plausible: tuple[float, float]
    noise: float
    thresholds: tuple[Threshold, ...]
    norms: tuple[Norm, ...]
    bands: tuple[Band, ...]
    band_source: str

    @property
    def family(self) -> str:
        """ "canal", "vertebra", "alignment" or "disc"; in axial slices "ts", "ivd", "aap" or "slice"; on
        radiographs from the front "coronal".
        """
        return self.key.split(".")[0]

    @property
    def task(self) -> str:
        """The task of the images that it is measured in."""
        if self.family == _FRONTAL:
            return "xray"
        return "axial" if self.family in _AXIAL else "sagittal"

    def band_of(self, value: float) -> str:
        """The name of the class that the value falls in, "" where there is none."""
        return next((band.name for band in self.bands if band.holds(value)), "")

    def rounded(self, value: float) -> str:
        """The value with as many decimals as it is worth, without its unit; never "-0"."""
        number = f"{value:.{self.decimals}f}"
        return number.removeprefix("-") if float(number) == 0 else number

    def words(self, value: float) -> str:
        """The value with its unit, rounded as it is shown: "12.3 mm", "-4°"."""
        number = self.rounded(value)
        return f"{number}{self.unit}" if self.unit in ("", "°") else f"{number} {self.unit}"


@dataclass(frozen=True)
class Doubt:
    """The definition of a flag: its text, with {level} and {value} to be filled in, and its limits by name.

    `concerns`, `blocks` and `not_compared` are patterns of measures ("vertebra.*"); those that fit `blocks` are not
    given, those that fit `not_compared` are given without a class or a comparison with cut-offs.
    """

    key: str
    text: str
    source: str
    concerns: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)

    def flag(self, level: str = "", value: str = "") -> Flag:
        """This doubt about a level, or about all where `level` is empty, in words."""
        return Flag(self.key, level, self.text.format(level=level, value=value), self.blocks)


def fits(measure: str, patterns: tuple[str, ...]) -> bool:
    """Whether the key of a measure fits one of the patterns."""
    return any(fnmatchcase(measure, pattern) for pattern in patterns)


def _measure(row: dict[str, Any]) -> Measure:
    low, high = row["plausible"]
    return Measure(
        **{key: row[key] for key in ("key", "name", "unit", "ucum", "decimals", "method", "source")},
        plausible=(low, high),
        noise=row.get("noise", 0.0),
        thresholds=tuple(map(threshold_of, row.get("thresholds", []))),
        norms=tuple(Norm(**_with_levels(one)) for one in row.get("norms", [])),
        bands=tuple(Band(one["name"], one.get("from"), one.get("below")) for one in row.get("bands", [])),
        band_source=row.get("band_source", ""),
    )


def threshold_of(row: dict[str, Any]) -> Threshold:
    """A row of a measure's "thresholds". Raises TypeError where it lacks a key or has one too many."""
    return Threshold(**_with_levels(row))


def _with_levels(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"levels": tuple(row.get("levels", ()))}


def _doubt(row: dict[str, Any]) -> Doubt:
    patterns = {key: tuple(row.get(key, ())) for key in ("concerns", "blocks", "not_compared")}
    return Doubt(**(row | patterns))


def _rows(table: str) -> list[dict[str, Any]]:
    return json.loads(resource(f"{table}.json").read_text(encoding="utf-8"))[table]


MEASURES: dict[str, Measure] = {row["key"]: _measure(row) for row in _rows("measures")}
"""Every measure by its key, in the order of the families: canal, vertebra, alignment, disc; ts, ivd, aap, slice;
coronal.
"""

DOUBTS: dict[str, Doubt] = {row["key"]: _doubt(row) for row in _rows("flags")}
"""Every flag by its key."""
