"""Studies of what is segmented or measured already: an image with its labels, findings from a file, a case's folder."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from LumbarSegLib.cli.case import CaseWishes, name_of
from LumbarSegLib.errors import InputError

if TYPE_CHECKING:
    import SimpleITK as sitk

    from LumbarSegLib.core.confirmation import Confirmation
    from LumbarSegLib.core.study import Study


def examined_with(image: Path, labels: Path, wishes: CaseWishes) -> "tuple[Study, list[str]]":
    """An image measured with the segmentation that it has already, and what is to be told of reading it.

    Raises InputError where the two do not belong together, BadParameter where a wish does not fit them.
    """
    from LumbarSegLib.cli.labels import (
        check_fits_task,
        is_frontal,
        named,
        named_files,
        read_cut_offs,
        read_labels,
        read_sagittal,
    )
    from LumbarSegLib.core import analysis, images
    from LumbarSegLib.core.labelmap import is_grey, is_label_map
    from LumbarSegLib.core.notes import notes_of
    from LumbarSegLib.core.provenance import origin
    from LumbarSegLib.core.radiograph import Radiograph
    from LumbarSegLib.core.study import Study

    cut_offs = read_cut_offs(wishes.thresholds)
    segmented, told = read_labels(labels)
    known = told.get("task", "") if wishes.task == "auto" else wishes.task
    volume = images.read_image(
        image,
        wishes.series,
        pixel_spacing_mm=wishes.pixel_spacing,
        without_spacing=True,
        radiograph=known == "xray" or (not known and is_frontal(segmented)),
    )
    if is_label_map(volume):
        raise InputError(f"{image.name} is a segmentation itself; give the image first, then its segmentation.")
    if is_grey(segmented):
        raise InputError(f"{labels.name} is an image and not a segmentation; give the segmentation of the image.")
    made_for = analysis.task_of_labels(volume, known)
    check_fits_task(made_for, wishes.lowest_disc, wishes.sagittal, wishes.levels, wishes.view)
    volume, result = named(segmented, volume, made_for, told, wishes.lowest_disc, wishes.view)
    beside = read_sagittal(wishes.sagittal, wishes.lowest_disc)
    measured = analysis.measure(result, volume, sagittal=beside, levels=wishes.levels, thresholds=cut_offs)
    files = named_files(labels=labels, sagittal=wishes.sagittal, thresholds=wishes.thresholds)
    seen = {"view": result.view, "lowest_disc": result.lowest_disc} if isinstance(result, Radiograph) else {}
    provenance = {**told, **origin(volume), "task": made_for, "image": image.name, **seen, **files}
    study = Study(name_of(image), volume, measured.result, measured.findings, provenance)
    return study, list(notes_of(volume))


def confirmed(study: "Study", by: "Confirmation") -> "Study":
    """The same study, for which somebody stands now, in the place of whoever did before."""
    from LumbarSegLib.core.confirmation import without_confirmation

    return replace(study, provenance={**without_confirmation(study.provenance), **by.told()})


def study_of_findings(
    path: Path, image: Path | None = None, labels: Path | None = None, pixel_spacing: float | None = None
) -> "Study":
    """The study of a findings JSON, with its image and its segmentation where they are given.

    Raises InputError where one of them cannot be read or does not belong to the findings.
    """
    from LumbarSegLib.core.report.reading import read_findings
    from LumbarSegLib.core.study import Study

    findings, provenance = read_findings(path)
    study = Study(name_of(path), None, None, findings, provenance)
    if image is not None:
        study = replace(study, image=_image_of(study, image, pixel_spacing))
    return study if labels is None else _with_labels(study, labels)


def study_at(path: Path) -> "Study":
    """The study of a findings JSON, or of the folder of a case, with segmentation and image as far as they are found.

    The segmentation is looked for beside the JSON, the image where it was when it was measured. Raises InputError where
    there is no JSON, or more than one.
    """
    found = _findings_in(path) if path.is_dir() else path
    study = study_of_findings(found)
    image = next((place for place in _places(study, found) if place.exists()), None)
    if image is not None:
        with suppress(InputError, OSError):  # another image may lie there now
            study = replace(study, image=_image_of(study, image))
    labels = found.with_name(f"{name_of(found)}.seg.nrrd")
    return _with_labels(study, labels) if labels.exists() else study


def _findings_in(folder: Path) -> Path:
    found = sorted(folder.glob("*.json"))
    if len(found) != 1:
        count = "no findings (.json)" if not found else f"{len(found)} .json files"
        raise InputError(f"{folder}: the folder holds {count}; give the findings of one study.")
    return found[0]


def _places(study: "Study", found: Path) -> list[Path]:
    """Where the image may be: where it was, or beside the findings under its name."""
    told = study.provenance.get("input") or study.provenance.get("image") or ""
    return [Path(told), found.parent / Path(told).name] if told else []


def _image_of(study: "Study", path: Path, pixel_spacing: float | None = None) -> "sitk.Image":
    """The image that findings were measured in. Raises InputError where a file holds another one."""
    from LumbarSegLib.core.images import image_identity, read_image
    from LumbarSegLib.core.projection import seen_as

    image = read_image(
        path,
        study.provenance.get("image_series_instance_uid"),
        pixel_spacing_mm=pixel_spacing,
        without_spacing=True,
        radiograph=study.task == "xray",
    )
    if study.task == "xray":
        image = seen_as(image, "lateral" if study.findings.view == "lateral" else "frontal")
    told = study.provenance.get("image_sha256")
    if told and told != image_identity(image)["sha256"]:
        raise InputError(f"{path.name} is not the image that {study.name} was measured in; give that one.")
    return image


def _with_labels(study: "Study", path: Path) -> "Study":
    from LumbarSegLib.cli.labels import named, read_labels

    labels, told = read_labels(path)
    if study.image is not None and study.image.GetSize() != labels.GetSize():
        raise InputError(f"{path.name} lies on another grid than the image; give the segmentation of that image.")
    made: dict[str, Any] = {**told, "view": study.findings.view} if study.findings.view else dict(told)
    image = study.image if study.image is not None else labels
    lowest = study.findings.lowest_disc or None
    image, result = named(labels, image, study.task, made, lowest, "auto")
    return replace(study, image=image if study.image is not None else None, result=result)
