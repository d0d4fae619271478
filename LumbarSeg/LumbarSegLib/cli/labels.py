"""Segmentations as commands take them: the label map of a file, a sagittal one beside an axial image, cut-offs."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

if TYPE_CHECKING:
    import SimpleITK as sitk

    from LumbarSegLib.core.levels import Spine
    from LumbarSegLib.core.regions import Result
    from LumbarSegLib.core.thresholds import Thresholds


def read_labels(path: Path) -> "tuple[sitk.Image, Mapping[str, Any]]":
    """The label map of a file on the grid that it was made on, and what the file says of its making.

    "left_out" names the segments in it that are no structure of its task, if there are any.
    """
    from LumbarSegLib.core.images import full_suffix, read_image

    if full_suffix(path) != ".seg.nrrd":
        return read_image(path), {}
    from LumbarSegLib.scene.files import load_segmentation
    from LumbarSegLib.scene.host import open_scene
    from LumbarSegLib.scene.segmentations import (
        label_of,
        labels_from_segmentation,
        provenance_of,
        segments_of,
        task_of,
    )

    with open_scene() as scene:
        segmentation = load_segmentation(scene, path)
        task = task_of(segmentation)
        foreign = [one.GetName() for one in segments_of(segmentation).values() if label_of(one, task) is None]
        told = provenance_of(segmentation) | ({"left_out": ", ".join(foreign)} if foreign else {})
        return labels_from_segmentation(segmentation), told


def is_frontal(labels: "sitk.Image") -> bool:
    """Whether a label map is one slice as only that of a radiograph lies."""
    from LumbarSegLib.core.images import plane_of

    return labels.GetDimension() == 3 and 1 in labels.GetSize() and plane_of(labels) == "coronal"


def named(
    labels: "sitk.Image",
    image: "sitk.Image",
    task: str,
    told: Mapping[str, Any],
    lowest_disc: str | None,
    view: 'Literal["auto", "frontal", "lateral"]',
) -> "tuple[sitk.Image, Result]":
    """What a label map of a task holds, and the image that it belongs to, a radiograph placed as its view lets it lie.

    `told` is what the file of the label map says of its making, `lowest_disc` and `view` are the user's.
    """
    from LumbarSegLib.core.labelmap import label_map
    from LumbarSegLib.core.projection import as_projection, seen_as, view_of
    from LumbarSegLib.core.radiograph import named_radiograph
    from LumbarSegLib.core.regions import regions_of
    from LumbarSegLib.core.renaming import named_spine, shifted

    made_with = told.get("lowest_disc", "L5/S1")
    if task == "axial":
        return image, regions_of(labels, task)
    if task == "sagittal":
        return image, named_spine(label_map(labels), lowest_disc, made_with)
    values, lowest = shifted(label_map(labels), lowest_disc, made_with)
    seen = view if view != "auto" else told.get("view") or view_of(image) or view_of(as_projection(values)) or "frontal"
    return seen_as(image, seen), named_radiograph(values, lowest, seen)


def read_sagittal(path: Path | None, lowest_disc: str | None) -> "Spine | None":
    """The Spine of a sagittal segmentation, its names shifted so that the lowest disc has this one; None without one.

    Raises InputError where the segmentation is no sagittal one.
    """
    from LumbarSegLib.core.labelmap import label_map
    from LumbarSegLib.core.renaming import named_spine
    from LumbarSegLib.errors import InputError

    if path is None:
        return None
    labels, told = read_labels(path)
    if told.get("task", "sagittal") != "sagittal":
        raise InputError(f"{path.name} is a segmentation of {told['task']} slices; give a sagittal one.")
    return named_spine(label_map(labels), lowest_disc, told.get("lowest_disc", "L5/S1"))


def read_cut_offs(path: Path | None) -> "Thresholds":
    """The shipped cut-offs, with those of a file laid over them if one is given."""
    from LumbarSegLib.core.thresholds import SHIPPED, read_thresholds

    return SHIPPED if path is None else read_thresholds(path)


def check_fits_task(
    task: str, lowest_disc: str | None, sagittal: Path | None, levels: Mapping[str, int], view: str
) -> None:
    """Raise BadParameter where an option says something that images of a task do not have."""
    if task != "axial" and (sagittal or levels):
        option = "--sagittal" if sagittal else "--level"
        this = "a radiograph" if task == "xray" else task
        raise typer.BadParameter(f"{option} tells the levels of axial slices, and this image is {this}; leave it out.")
    if task != "xray" and view != "auto":
        raise typer.BadParameter(f"--view is that of a radiograph, and this image is {task}; leave it out.")
    if task == "axial" and lowest_disc and not sagittal:
        raise typer.BadParameter(
            "--lowest-disc names levels, and axial images have none without --sagittal; leave it out."
        )


def named_files(**files: Path | None) -> dict[str, str]:
    """The part of a provenance that names further files, without their folders."""
    return {name: path.name for name, path in files.items() if path}
