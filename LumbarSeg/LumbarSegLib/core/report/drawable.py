"""What a picture of a study is drawn from, also where its image or its segmentation is missing."""

from collections.abc import Iterator

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.anatomy import CANAL, STRUCTURES, Structure
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.levels import Instance, Spine
from LumbarSegLib.core.measure.radiograph.frame import ENDS
from LumbarSegLib.core.planes import carries_planes, planes_of, triple, with_planes
from LumbarSegLib.core.radiograph import Radiograph
from LumbarSegLib.core.regions import Regions, Result
from LumbarSegLib.core.report.slices import Floats
from LumbarSegLib.core.study import Study

_STEPS = np.linspace(0.0, 1.0, 200)[:, None]
_CANAL = ("canal_anterior", "canal_posterior")


def drawable(study: Study) -> tuple[sitk.Image, Result] | None:
    """The image of a study and its result on the grid of that; None where it has neither.

    Without an image the background is black. Without a segmentation the result has the levels that have landmarks,
    each labelled along its walls alone, so that it is drawn in its place.
    """
    if study.result is not None:
        return (study.image if study.image is not None else _black(study.result.labels)), study.result
    if study.image is None:
        return None
    return study.image, _result_of(study.findings, study.image, study.task)


def _black(labels: sitk.Image) -> sitk.Image:
    black = sitk.Image(labels.GetSize(), sitk.sitkUInt8)
    black.CopyInformation(labels)
    return with_planes(black, planes_of(labels)) if carries_planes(labels) else black


def _result_of(findings: Findings, image: sitk.Image, task: str) -> Result:
    labels = _black(image)
    if task == "axial":
        return Regions(task, labels, (), ())
    instances = []
    for structure, places in _known(findings):
        for place in places:
            index = labels.TransformPhysicalPointToIndex(place.tolist())
            if all(0 <= at < size for at, size in zip(index, labels.GetSize(), strict=True)):
                labels[index] = structure.label
        instances.append(Instance(structure, triple(places.mean(axis=0)), 0.0, False))
    named = tuple(one for one in instances if one.structure is not CANAL)
    if task == "xray":
        return Radiograph(labels, "lateral" if findings.view == "lateral" else "frontal", named, findings.lowest_disc)
    return Spine(labels, named, findings.lowest_disc, ())


def _known(findings: Findings) -> Iterator[tuple[Structure, Floats]]:
    """Structures, and places along the walls of each (LPS, mm), from the bottom upward."""
    places = {name: np.array(one.place) for name, one in findings.landmarks.items()}
    ends = ENDS["frontal" if findings.view == "frontal" else "lateral"]
    for structure in STRUCTURES:
        corners = [places[f"{structure.name}.{end}"] for end in ends if f"{structure.name}.{end}" in places]
        if len(corners) < len(ends):
            continue
        walls = ((corners[0], corners[3]), (corners[1], corners[2]))
        yield structure, np.concatenate([upper + _STEPS * (lower - upper) for upper, lower in walls])
    levels = dict.fromkeys(name.partition(".")[0] for name in places)
    borders = [[places.get(f"{level}.{end}") for end in _CANAL] for level in levels]
    middles = [(front + back) / 2 for front, back in borders if front is not None and back is not None]
    if middles:
        yield CANAL, np.array(middles)
