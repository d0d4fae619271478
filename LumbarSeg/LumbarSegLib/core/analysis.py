"""The one way through: image to labels to the structures named in them to Findings.

Every host calls this and nothing below it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import SimpleITK as sitk

from LumbarSegLib.core import agreement, anatomy, images, inference, models
from LumbarSegLib.core.findings import Findings, Point
from LumbarSegLib.core.labelmap import is_label_map
from LumbarSegLib.core.levels import Spine, find_levels
from LumbarSegLib.core.measuring import Kept, measure_spine
from LumbarSegLib.core.measuring_radiograph import KeptRadiograph, measure_radiograph
from LumbarSegLib.core.measuring_slices import KeptSlices, measure_slices
from LumbarSegLib.core.projection import View, as_projection, is_projection, seen_as, view_of
from LumbarSegLib.core.radiograph import Radiograph, radiograph_of
from LumbarSegLib.core.regions import Result, regions_of
from LumbarSegLib.core.thresholds import SHIPPED, Thresholds, compared
from LumbarSegLib.errors import InputError, ModelError

__all__ = (
    "TASKS",
    "Measured",
    "Result",
    "Segmented",
    "choose_model",
    "measure",
    "prepare",
    "segment",
    "self_agreement",
    "task_of",
    "task_of_labels",
)

TASKS = ("sagittal", "axial", "xray")
Progress = Callable[[str, float], None]

_NOTHING_FOUND = {
    "sagittal": "No vertebra, disc or canal was found; check that the image is MR and shows the lumbar spine.",
    "axial": "No disc, posterior element or thecal sac was found; check that the image is MR and shows axial slices of "
    "the lumbar spine.",
    "xray": "No vertebra was found; check that the image is a radiograph of the spine and stands upright.",
}
_NO_COLUMN = (
    "The image shows no clear column of vertebrae; check that it is a radiograph of the spine and stands upright."
)
_FEWEST_VERTEBRAE = 3


@dataclass(frozen=True)
class Segmented:
    """What was found in an image, by which model, and how long each step took.

    `semantic` is the model's answer, the kinds without levels; `result` what is named in it: a Spine, the Regions of
    an axial image or a Radiograph. The `image` of a radiograph is placed as its view lets it lie in the patient.
    """

    image: sitk.Image
    semantic: sitk.Image
    result: Result
    model: models.ModelInfo
    seconds: Mapping[str, float]


def task_of(image: sitk.Image) -> str:
    """The task whose plane the image's slices lie in, or that of radiographs. Raises InputError where there is none."""
    _check_image(image)
    if is_projection(image):
        return "xray"
    plane = images.plane_of(image)
    if plane not in TASKS:
        raise InputError(f"the image has {plane} slices; give a sagittal or an axial lumbar MR image.")
    return plane


def task_of_labels(image: sitk.Image, told: str = "") -> str:
    """Whose values a label map beside an image holds: `told` by what made it, else as the slices of the image lie.

    Raises InputError where the image cannot be one of that task, and where there are no measures for it.
    """
    if is_projection(image):
        seen = "xray"
    else:
        seen = images.thick_plane(image) or (images.plane_of(image) if 1 in image.GetSize() else "")
    task = told or seen or "sagittal"
    if task not in TASKS:
        raise InputError(f"there are no measures for {task} images yet; give a sagittal or an axial one.")
    if seen not in ("", task):
        has = "is a radiograph" if seen == "xray" else f"has {seen} slices"
        raise InputError(f"the image {has}, but its segmentation is {task}; give what belongs together.")
    return task


def prepare(
    image: sitk.Image,
    task: str = "auto",
    model: str | None = None,
    device: str = "auto",
    accept_unlisted: bool = False,
) -> models.Model:
    """Check the image, choose the model that fits it (or the one named) and load it. Raises as `choose_model`."""
    return models.open_model(choose_model(image, task, model), device, accept_unlisted)


def choose_model(image: sitk.Image, task: str = "auto", model: str | None = None) -> models.ModelInfo:
    """The model that fits the image, or the one named, by its name or its path, if it fits. The file is whole.

    Raises InputError where the image and the task do not fit, ModelError where there is no usable model for the task.
    """
    fitting = task_of(image) if task == "auto" else task
    info = models.find(model) if model else models.choose(fitting)
    if info.task != fitting:
        raise ModelError(f"The model {info.name} is made for {info.task} images, and this image is {fitting}.")
    _check_fits(image, info)
    return info


def _check_image(image: sitk.Image) -> None:
    images.check_volume(image)
    if is_label_map(image):
        raise InputError("this is a segmentation and not an image; give the image that it was made from.")


def _check_fits(image: sitk.Image, info: models.ModelInfo) -> None:
    _check_image(image)
    shown = as_projection(image) if info.task == "xray" else image
    images.check_fits(shown, info.plane, info.modality)


def segment(
    image: sitk.Image,
    model: models.Model,
    lowest_disc: str = "L5/S1",
    flips: bool = False,
    on_progress: Progress = lambda step, fraction: None,
    cancelled: Callable[[], bool] = lambda: False,
    view: View | Literal["auto"] = "auto",
) -> Segmented:
    """Segment an image and name what is found: the levels of a sagittal volume or a radiograph, the regions of an axial
    one.

    `lowest_disc` concerns levels alone, `view` radiographs; else a view is as its header says, or as it looks.
    `on_progress` gets the step's name and a fraction of the whole in 0..1. Raises InputError for an image or a lowest
    disc that cannot be used, in which nothing or too little is found or which is turned, Cancelled when `cancelled`
    says so.
    """
    anatomy.Numbering(lowest_disc)
    _check_fits(image, model.info)
    started = time.perf_counter()
    on_progress("Segmenting", 0.0)

    def on_part(fraction: float) -> None:
        on_progress("Segmenting", 0.8 * fraction)

    shows_spine = True
    if model.info.task == "xray":
        image, labels, shows_spine = _seen_upright(image, model, flips, view, on_part, cancelled)
    else:
        labels = inference.segment_labels(image, model, flips, on_part, cancelled)
    segmented = time.perf_counter()
    names = "regions" if model.info.task == "axial" else "levels"
    on_progress(f"Naming {names}", 0.8)
    result = _named(image, labels, model.info.task, lowest_disc)
    if not shows_spine:
        raise InputError(_NO_COLUMN)
    on_progress("Done", 1.0)
    seconds = {"segment": segmented - started, names: time.perf_counter() - segmented}
    return Segmented(image, labels, result, model.info, seconds)


def _seen_upright(
    image: sitk.Image,
    model: models.Model,
    flips: bool,
    view: View | Literal["auto"],
    on_progress: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> tuple[sitk.Image, sitk.Image, bool]:
    """A radiograph as one of its view, its label map, and whether that looks like a spine. Raises InputError where it
    does not stand upright.
    """
    image = as_projection(image)
    answered = inference.segment_radiograph(image, model, flips, on_progress, cancelled)
    if answered.turn:
        raise InputError(f"The image seems to be turned by {answered.turn} degrees; turn it upright.")
    placed = seen_as(image, view if view != "auto" else view_of(image) or answered.view)
    answered.labels.CopyInformation(placed)
    return placed, answered.labels, answered.shows_spine


def _named(image: sitk.Image, labels: sitk.Image, task: str, lowest_disc: str) -> Result:
    """What is named in a label map. Raises InputError where there is nothing, or too little of a spine."""
    if task == "xray":
        result: Result = radiograph_of(labels, lowest_disc, view_of(image) or "auto")
    else:
        result = find_levels(labels, lowest_disc) if task == "sagittal" else regions_of(labels, task)
    if not result.instances:
        raise InputError(_NOTHING_FOUND[task])
    count = len(result.instances)
    if task == "xray" and count < _FEWEST_VERTEBRAE:
        what = "one vertebra was" if count == 1 else f"{count} vertebrae were"
        raise InputError(f"Only {what} found, too few to be sure of a spine; give an upright radiograph of the spine.")
    return result


@dataclass(frozen=True)
class Measured:
    """`findings`, and what the next run can build on."""

    findings: Findings
    kept: Kept | KeptSlices | KeptRadiograph = field(repr=False)

    @property
    def result(self) -> Result:
        """The Spine, the Regions or the Radiograph as they were measured, on the grid of the image."""
        if isinstance(self.kept, Kept):
            return self.kept.spine
        return self.kept.regions if isinstance(self.kept, KeptSlices) else self.kept.radiograph

    @property
    def edited(self) -> frozenset[str]:
        """What is not as it was when it was first seen: structures ("L4"), in axial slices regions ("slice 4.ts")."""
        return self.kept.edited_regions if isinstance(self.kept, KeptSlices) else self.kept.edited


def measure(
    result: Result,
    image: sitk.Image | None = None,
    overrides: Mapping[str, Point] | None = None,
    previous: Measured | None = None,
    agreement: Mapping[str, float] | None = None,
    *,
    sagittal: Spine | None = None,
    levels: Mapping[str, int] | None = None,
    thresholds: Thresholds = SHIPPED,
) -> Measured:
    """Measure the Spine that was found in a sagittal image, the Regions of an axial one, or a Radiograph.

    `image` is what the label map belongs to; a map on another grid is brought onto its grid, with a flag. `overrides`
    are landmarks in LPS (mm) that a user has set, by name; they take the place of the automatic ones. `previous` is the
    last result for the same segmentation: what has not changed since is taken over, and what has counts as edited; a
    label map that is the same object is not read again. `agreement` is what `self_agreement` gives.

    Of an axial image: `sagittal` is a segmentation of the same patient in the same coordinates, which tells the levels
    and the tilt of the slices; `levels` are names that the user gives, each with the number of its slice, counted from
    1 below upward, and take the place of those. `thresholds` are the cut-offs that values are set beside.

    Raises InputError where the label map is not 3D, lies elsewhere than the image or holds values of no structure,
    where an override is no landmark, a level cannot be where it is named or the sagittal segmentation lies elsewhere,
    and for regions of another task.
    """
    kept = previous.kept if previous else None
    findings: Findings
    found: Kept | KeptSlices | KeptRadiograph
    if isinstance(result, Spine):
        before = kept if isinstance(kept, Kept) else None
        findings, found = measure_spine(result, image, overrides, before, agreement)
    elif isinstance(result, Radiograph):
        earlier = kept if isinstance(kept, KeptRadiograph) else None
        findings, found = measure_radiograph(result, image, overrides, earlier, agreement)
    elif result.task == "axial":
        last = kept if isinstance(kept, KeptSlices) else None
        findings, found = measure_slices(result, image, overrides, last, agreement, sagittal, levels)
    else:
        raise InputError(f"There are no measures for {result.task} images yet; give a sagittal or an axial image.")
    return Measured(compared(findings, thresholds), found)


def self_agreement(
    found: Segmented,
    model: models.Model,
    cancelled: Callable[[], bool] = lambda: False,
    on_progress: Callable[[float], None] = lambda fraction: None,
) -> dict[str, float]:
    """How well a second answer of the model agrees with what it found, as Dice by kind, of an axial image by slice and
    kind; for `measure`.

    Takes about a third of the time of the first answer, of an axial image as long as that. `on_progress` gets 0..1.
    Raises Cancelled.
    """
    return agreement.self_agreement(found.image, found.semantic, model, cancelled, on_progress)
