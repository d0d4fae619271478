"""From a semantic map to the named vertebrae of a radiograph, or from a map whose vertebrae are named already."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import label

from LumbarSegLib.core.anatomy import Numbering, kinds_of
from LumbarSegLib.core.labelmap import label_map
from LumbarSegLib.core.levels import Instance
from LumbarSegLib.core.planes import triple
from LumbarSegLib.core.projection import View as View  # noqa: PLC0414 - the other modules take it from here


@dataclass(frozen=True)
class Radiograph:
    """The named vertebrae of a radiograph, beside `levels.Spine` for a sagittal volume.

    `labels` is uint8 with the values of vertebrae as SPIDER has them, on the grid of the image, which has one slice.
    `instances` run from the bottom upward. `lowest_disc` names the disc below the lowest vertebra that is seen; given
    again it leads to the same names. `parted` names vertebrae that were one piece in the model's answer and had to be
    cut apart. `notes` say in plain sentences what is doubtful.
    """

    labels: sitk.Image
    view: View
    instances: tuple[Instance, ...]
    lowest_disc: str
    notes: tuple[str, ...] = ()
    parted: tuple[str, ...] = ()
    task: str = "xray"


def radiograph_of(
    semantic: sitk.Image, lowest_disc: str = "L5/S1", view: View | Literal["auto"] = "auto"
) -> Radiograph:
    """Tells the vertebrae of a semantic map apart and names them from the lowest upward.

    `semantic` is a 3D map of one slice with the values of `anatomy.kinds_of("xray")`: 1 vertebra, 2 body seen from the
    side, 3 disc space. `view` "auto" is that of which there are more pixels; both count as vertebra. Raises InputError
    where it is no such map or `lowest_disc` is no name of a disc.
    """
    labels = label_map(semantic)
    kinds = kinds_of("xray")
    values = sitk.GetArrayViewFromImage(labels)
    front, side = (values == kinds[kind].label for kind in ("vertebra", "lateral_vertebra"))
    seen: View = "lateral" if side.sum() > front.sum() else "frontal"
    pieces, count = label(front | side)
    heights = [np.nonzero(pieces == k)[1].mean() for k in range(1, count + 1)]
    names = [level.vertebra.label for level in Numbering(lowest_disc).levels()]
    table = np.zeros(count + 1, np.uint8)
    for value, place in zip(names, np.argsort(heights)[::-1], strict=False):
        table[place + 1] = value
    named = sitk.GetImageFromArray(table[pieces])
    named.CopyInformation(labels)
    return named_radiograph(named, lowest_disc, seen if view == "auto" else view)


def named_radiograph(labels: sitk.Image, lowest_disc: str = "L5/S1", view: View = "frontal") -> Radiograph:
    """The Radiograph of a label map that carries the values of vertebrae already, as an edited or a saved one does.

    Raises InputError where the map is no label map, a value belongs to no vertebra or `lowest_disc` is no name of a
    disc.
    """
    labels = label_map(labels)
    numbering = Numbering(lowest_disc)
    shapes = sitk.LabelShapeStatisticsImageFilter()
    shapes.Execute(labels)
    found = [
        Instance(numbering.structure(value), triple(shapes.GetCentroid(value)), shapes.GetPhysicalSize(value), False)
        for value in shapes.GetLabels()
    ]
    return Radiograph(labels, view, tuple(found), lowest_disc)
