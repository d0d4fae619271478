"""From a semantic map without levels to its named regions: what an axial image holds."""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.anatomy import Structure, kinds_of
from LumbarSegLib.core.labelmap import label_map
from LumbarSegLib.core.levels import Instance, Spine
from LumbarSegLib.core.planes import Triple, carries_planes, distances_of, planes_of, triple
from LumbarSegLib.core.preprocess import ORIENTATIONS, to_stack_order
from LumbarSegLib.core.radiograph import Radiograph
from LumbarSegLib.errors import InputError


@dataclass(frozen=True)
class Regions:
    """The regions of an axial image, beside `levels.Spine` for a sagittal one.

    `labels` is uint8 with the values of the semantic map of the `task`, on the grid of the image. There is one of
    `instances` for each region that was found, in the order of these values; all slices count together, and one that
    reaches a side of its slices is partly visible. `notes` say in plain sentences what is doubtful or missing.
    """

    task: str
    labels: sitk.Image
    instances: tuple[Instance, ...]
    notes: tuple[str, ...]

    def slices_with(self, structure: Structure) -> int:
        """On how many slices a region is."""
        upright = to_stack_order(self.labels, ORIENTATIONS[self.task])
        return int((sitk.GetArrayViewFromImage(upright) == structure.label).any((1, 2)).sum())


Result = Spine | Regions | Radiograph
"""What was found in an image: named instances with their labels, and notes. A host shows either in the same way."""


def regions_of(semantic: sitk.Image, task: str = "axial") -> Regions:
    """The regions of a 3D map with the values of `anatomy.kinds_of` the task, stored in any orientation.

    Raises InputError where it is no label map or holds a value that belongs to no region.
    """
    labels = label_map(semantic)
    structures = {row.label: row for row in kinds_of(task).values()}
    upright = to_stack_order(labels, ORIENTATIONS[task])
    shapes = sitk.LabelShapeStatisticsImageFilter()
    shapes.Execute(upright)
    unknown = [value for value in shapes.GetLabels() if value not in structures]
    if unknown:
        raise InputError(f"The label value {unknown[0]} belongs to no region of {task} images; remove that label.")
    found = [
        Instance(
            structures[value],
            *_extent(labels, shapes, value),
            _reaches_side(shapes.GetBoundingBox(value), upright.GetSize()),
        )
        for value in sorted(shapes.GetLabels())
    ]
    absent = [row for value, row in structures.items() if value not in shapes.GetLabels()]
    return Regions(task, labels, tuple(found), tuple(_notes(absent)))


def _extent(labels: sitk.Image, shapes: sitk.LabelShapeStatisticsImageFilter, value: int) -> tuple[Triple, float]:
    """Middle (LPS, mm) and volume (mm³) of a label, by the planes of its slices where they have their own."""
    if not carries_planes(labels):
        return triple(shapes.GetCentroid(value)), shapes.GetPhysicalSize(value)
    planes = planes_of(labels)
    places = [np.argwhere(pixels == value)[:, ::-1] for pixels in sitk.GetArrayViewFromImage(labels)]
    middle = np.mean(np.concatenate([plane.to_lps(its) for plane, its in zip(planes, places, strict=True)]), axis=0)
    areas = [len(its) * np.prod(plane.spacing) for plane, its in zip(planes, places, strict=True)]
    return triple(middle), float(areas @ distances_of(planes, labels.GetSpacing()[2]))


def _reaches_side(box: tuple[int, ...], size: tuple[int, ...]) -> bool:
    """Whether a bounding box (first index along each axis, then extents) touches the border of the slices."""
    return any(box[axis] == 0 or box[axis] + box[3 + axis] == size[axis] for axis in (0, 1))


def _notes(absent: list[Structure]) -> list[str]:
    return [f"No {row.name} ({row.words}) was found." for row in absent]
