"""What was measured in an image: numbers, where each was read, what is doubtful.

All hosts show it, all reports print it. Places are LPS in mm, as SimpleITK and DICOM count them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Point = tuple[float, float, float]
Status = Literal["automatic", "edited", "confirmed"]
Side = Literal["below", "not below"]
NamedBy = Literal["sagittal", "user", "block"]


def slice_name(number: int) -> str:
    """What a slice of an axial image, counted from 1 below upward, is called where a level's name stands."""
    return f"slice {number}"


def is_slice(level: str) -> bool:
    """Whether a level's name is that of a slice."""
    return level.startswith("slice ")


@dataclass(frozen=True)
class Trace:
    """What a number was read from (LPS, mm).

    `points` by name ("L3.superior_anterior"), `lines` as pairs of ends, `contours` as closed polygons.
    """

    points: Mapping[str, Point] = field(default_factory=dict)
    lines: tuple[tuple[Point, Point], ...] = ()
    contours: tuple[tuple[Point, ...], ...] = ()


@dataclass(frozen=True)
class Comparison:
    """On which side of a cut-off from the literature a value lies. The cut-off, in the unit of the value, comes with
    what it means, its source and the population that it was found in; it says nothing of this patient.
    """

    side: Side
    cut_off: float
    meaning: str
    source: str
    population: str


@dataclass(frozen=True)
class Measurement:
    """One number, or the reason why there is none.

    `measure` names its definition in `Resources/measures.json` ("vertebra.wedge_angle"), which gives unit, decimals,
    method and sources. `level` is a structure ("L3", "L3/4"), a span ("L1-S1"), or a slice ("slice 4") or a block
    ("block 2") of an axial image. `value` is None where nothing can be said; `reason` then says why in a sentence.
    `band` is the class of a published scale that the value falls in ("Genant 1", "Meyerding I"), never a diagnosis.
    `flags` are the keys of the flags that concern it. `status` is "edited" where a point or a segment that it was read
    from was changed by hand. `comparisons` are those with the cut-offs that hold at its level, none where a flag says
    that it cannot be compared.
    """

    measure: str
    level: str
    value: float | None
    trace: Trace = field(default_factory=Trace)
    status: Status = "automatic"
    flags: tuple[str, ...] = ()
    reason: str = ""
    band: str = ""
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True)
class Section:
    """The canal in one plane perpendicular to its centreline.

    `along_mm` is the length along the centreline from its lower end, `level` the vertebra or disc that it lies at.
    Area in mm², diameters in mm, None where the section is cut by the border of the image (`reason` says so).
    `contour`, `anteroposterior` and `transverse` show what was measured (LPS, mm).
    """

    along_mm: float
    level: str
    center: Point
    area_mm2: float | None
    anteroposterior_mm: float | None
    transverse_mm: float | None
    contour: tuple[Point, ...]
    anteroposterior: tuple[Point, Point] | None
    transverse: tuple[Point, Point] | None
    reason: str = ""


@dataclass(frozen=True)
class Flag:
    """One doubt. `key` names it in `Resources/flags.json`, `level` what it concerns ("" for all), `text` says it in
    words; measures that fit one of `blocks` ("vertebra.*", "canal.area") at that level are not given.
    """

    key: str
    level: str
    text: str
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Landmark:
    """A point that measures are read from and that a user may drag: its place (LPS, mm) and who put it there."""

    place: Point
    status: Status = "automatic"


@dataclass(frozen=True)
class Represented:
    """A level of an axial image, or one of its blocks, with the slice that stands for it, counted from 1 below upward.

    `named_by` tells where the name is from: a sagittal segmentation of the same patient, the user, or the count of
    blocks.
    """

    level: str
    slice: int
    named_by: NamedBy


@dataclass(frozen=True)
class Cornered:
    """The four corners of a vertebra on a radiograph by name ("superior_left", the patient's sides).

    `pixels` are (column, row) of the file, counted from the middle of its first pixel, and `mm` the same in mm, None
    where no pixel spacing is known.
    """

    vertebra: str
    pixels: Mapping[str, tuple[float, float]]
    mm: Mapping[str, tuple[float, float]] | None


@dataclass(frozen=True)
class Findings:
    """All that was measured in one image.

    `measurements` run by level from the top downward, then the spans; those of an axial image by level, then by slice,
    from the top downward. `landmarks` by name; a dragged one given back to `analysis.measure` takes effect. `sections`
    are the canal's, from the bottom upward. `represented` are the levels of an axial image from below upward, with
    their slices. `lowest_disc` is "" where no level is counted. Of a radiograph: its `view`, the `corners` of its
    vertebrae from the top downward, and what the file says of the patient ("age", "sex").
    """

    measurements: tuple[Measurement, ...]
    landmarks: Mapping[str, Landmark]
    sections: tuple[Section, ...]
    flags: tuple[Flag, ...]
    lowest_disc: str
    represented: tuple[Represented, ...] = ()
    view: str = ""
    corners: tuple[Cornered, ...] = ()
    patient: Mapping[str, str] = field(default_factory=dict)

    def of(self, measure: str, level: str) -> Measurement:
        """The measurement of this name at this level. Raises KeyError if there is none."""
        for one in self.measurements:
            if one.measure == measure and one.level == level:
                return one
        raise KeyError(f"{measure} at {level}")

    @property
    def places(self) -> tuple[Point, ...]:
        """All places that landmarks and traces tell, without contours; none where they were read from a table."""
        ends = (end for one in self.measurements for line in one.trace.lines for end in line)
        points = (place for one in self.measurements for place in one.trace.points.values())
        return (*(one.place for one in self.landmarks.values()), *points, *ends)
