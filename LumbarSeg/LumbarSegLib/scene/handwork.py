"""What a user has set by hand besides the segments, kept as attributes of the segmentation node: landmarks, and values
that were confirmed. A copy of the node and a scene file keep them; a `.seg.nrrd` does not.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from LumbarSegLib.core.findings import Findings, Measurement, Point, slice_name
from LumbarSegLib.core.regions import Result

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode

LANDMARKS = "LumbarSeg.Landmarks"
CONFIRMED = "LumbarSeg.Confirmed"

_SAME = 1e-3  # mm, or the unit of the value: a scene file rounds the grid that all is read from


def landmarks_of(segmentation: "vtkMRMLSegmentationNode") -> dict[str, Point]:
    """The landmarks that were set by hand, by name, in LPS (mm) as the findings have them."""
    return {name: (x, y, z) for name, (x, y, z) in _kept(segmentation, LANDMARKS).items()}


def keep_landmarks(segmentation: "vtkMRMLSegmentationNode", places: Mapping[str, Point]) -> None:
    """Keep these landmarks and no others."""
    _keep(segmentation, LANDMARKS, places)


def at_levels_of(result: Result, places: Mapping[str, Point]) -> dict[str, Point]:
    """The landmarks at levels that there are; the others wait until theirs is there again."""
    names = {one.structure.name for one in result.instances}
    names |= {"S1"} if any(name.endswith("/S1") for name in names) else set()
    names |= {slice_name(number + 1) for number in range(max(result.labels.GetSize()))}
    return {name: place for name, place in places.items() if name.partition(".")[0] in names}


def confirm(segmentation: "vtkMRMLSegmentationNode", measurement: Measurement) -> None:
    """Keep that the user confirmed this value, with all that it was read from."""
    bases = _kept(segmentation, CONFIRMED) | {_name(measurement): _basis(measurement)}
    _keep(segmentation, CONFIRMED, bases)


def withdraw(segmentation: "vtkMRMLSegmentationNode", measurement: Measurement) -> None:
    """Forget that the user confirmed this value."""
    bases = _kept(segmentation, CONFIRMED)
    bases.pop(_name(measurement), None)
    _keep(segmentation, CONFIRMED, bases)


def with_confirmed(segmentation: "vtkMRMLSegmentationNode", findings: Findings) -> Findings:
    """The findings with the status "confirmed" on each value that was confirmed and still rests on the same."""
    bases = _kept(segmentation, CONFIRMED)
    if not bases:
        return findings
    measurements = tuple(
        replace(one, status="confirmed") if _is_same(one, bases.get(_name(one))) else one
        for one in findings.measurements
    )
    return replace(findings, measurements=measurements)


def rename_levels(segmentation: "vtkMRMLSegmentationNode", names: Mapping[str, str]) -> None:
    """Let what was set by hand at a level hold at the level with its new name; what has none is forgotten."""
    moved = {
        f"{names[level]}.{end}": place
        for name, place in _kept(segmentation, LANDMARKS).items()
        for level, _, end in [name.partition(".")]
        if level in names
    }
    confirmed = {
        f"{measure}@{names[level]}": basis
        for name, basis in _kept(segmentation, CONFIRMED).items()
        for measure, _, level in [name.partition("@")]
        if level in names
    }
    _keep(segmentation, LANDMARKS, moved)
    _keep(segmentation, CONFIRMED, confirmed)


def _name(one: Measurement) -> str:
    return f"{one.measure}@{one.level}"


def _basis(one: Measurement) -> list[float]:
    """The value, and the points, lines and contours that it was read from, in as many numbers as tell them apart."""
    trace = one.trace
    places: list[Iterable[float]] = [*trace.points.values(), *(end for line in trace.lines for end in line)]
    for contour in trace.contours:
        corners = np.array(contour)
        places += [[len(corners)], corners.mean(axis=0), corners.std(axis=0)]
    return [one.value or 0.0, *(float(number) for place in places for number in place)]


def _is_same(one: Measurement, basis: list[float] | None) -> bool:
    if basis is None or one.value is None:
        return False
    now = _basis(one)
    return len(now) == len(basis) and np.allclose(now, basis, rtol=0, atol=_SAME)


def _kept(segmentation: "vtkMRMLSegmentationNode", name: str) -> dict[str, Any]:
    return dict(json.loads(segmentation.GetAttribute(name) or "{}"))


def _keep(segmentation: "vtkMRMLSegmentationNode", name: str, told: Mapping[str, Any]) -> None:
    """Set or remove the attribute, where it is not so already: each change of a node makes its views draw again."""
    text = json.dumps(told) if told else None
    if text != segmentation.GetAttribute(name):
        segmentation.SetAttribute(name, text)
