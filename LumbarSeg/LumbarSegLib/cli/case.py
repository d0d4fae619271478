"""One image from the file to all that is written about it; the same for one case and for each of a cohort."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from LumbarSegLib.cli.progress import Clock, Step
from LumbarSegLib.errors import InputError

if TYPE_CHECKING:
    import SimpleITK as sitk

    from LumbarSegLib.core.analysis import Segmented
    from LumbarSegLib.core.findings import Findings
    from LumbarSegLib.core.models import Model
    from LumbarSegLib.core.study import Study


@dataclass(frozen=True)
class CaseWishes:
    """What is wanted of a case beyond its segmentation, page, tables and picture, and how the image is to be read.

    Each is what the option of the same name says of `lumbarseg segment`; `levels` are slices by the name of their
    level.
    """

    pdf: bool = False
    dicom: bool = False
    patient: bool = False
    task: str = "auto"
    model: str | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    lowest_disc: str | None = None
    view: Literal["auto", "frontal", "lateral"] = "auto"
    series: str | None = None
    pixel_spacing: float | None = None
    flips: bool = False
    trust_model: bool = False
    sagittal: Path | None = None
    levels: Mapping[str, int] = field(default_factory=dict)
    thresholds: Path | None = None

    def named(self) -> dict[str, str]:
        """The part of a provenance that names what was asked for otherwise than by default."""
        given = {
            "--lowest-disc": self.lowest_disc,
            "--view": self.view if self.view != "auto" else None,
            "--series": self.series,
            "--pixel-spacing": self.pixel_spacing,
            "--device": self.device if self.device != "auto" else None,
        }
        told = [f"{option} {value}" for option, value in given.items() if value is not None]
        told += [f"--level {level}={number}" for level, number in self.levels.items()]
        return {"options": " ".join([*told, *["--flips"] * self.flips])} if told or self.flips else {}


@dataclass(frozen=True)
class CaseDone:
    """A case that is finished: its `files` in their folder, the `picture` among them (None where image or segmentation
    is missing), what was found, and what is to be told of it. A case that fails raises instead, and leaves nothing.
    """

    name: str
    files: tuple[Path, ...]
    picture: Path | None
    findings: "Findings"
    provenance: Mapping[str, str]
    seconds: Mapping[str, float]
    notes: tuple[str, ...]
    study: "Study" = field(repr=False)
    status: Literal["done"] = "done"


def run_case(
    image: Path,
    folder: Path,
    wishes: CaseWishes | None = None,
    *,
    name: str = "",
    step: Step = lambda name, fraction: None,
) -> CaseDone:
    """Segment and measure an image and write all of it into `folder`, which is made where there is none.

    The files are NAME.seg.nrrd, .html, .csv, .json and .png, as wished also .pdf and DICOM objects; NAME is `name`, or
    that of the image. They come all at once or not at all, in the place of those of an earlier run. `step` gets what
    is being done and a fraction of the whole. Raises LumbarSegError, with one sentence for the user.
    """
    from LumbarSegLib.cli.case_files import check_folder, check_source, patient_of, write_case
    from LumbarSegLib.core.notes import notes_of

    wishes = wishes or CaseWishes()
    clock = Clock()
    check_folder(folder)
    named = name or name_of(image)
    check_source(image, dicom=wishes.dicom, patient=wishes.patient)
    found, study = _examined(image, named, wishes, clock, step)
    step("Writing", 0.75)
    source = [image] if wishes.dicom else []
    patient = patient_of(image, study) if wishes.patient else None
    told: list[str] = []
    files = write_case(study, folder, pdf=wishes.pdf, dicom=source, patient=patient, tell=told.append)
    clock.lap("write")
    step("Done", 1.0)
    notes = (*notes_of(found.image), *found.result.notes, *told)
    picture = next(file for file in files if file.suffix == ".png")
    return CaseDone(named, files, picture, study.findings, study.provenance, clock.total(), notes, study)


def name_of(image: Path) -> str:
    """What the files of an image are called: its own name without its suffix."""
    from LumbarSegLib.core.images import full_suffix

    name = image.resolve().name if image.name in ("", ".", "..") else image.name
    suffix = "" if image.is_dir() else full_suffix(image)
    return name[: len(name) - len(suffix)].strip(" .") or "image"


def _examined(image: Path, name: str, wishes: CaseWishes, clock: Clock, step: Step) -> "tuple[Segmented, Study]":
    """What was found in an image, and the same as a study with its measures."""
    from LumbarSegLib.cli.labels import check_fits_task, named_files, read_cut_offs, read_sagittal
    from LumbarSegLib.core import analysis
    from LumbarSegLib.core.notes import notes_of
    from LumbarSegLib.core.provenance import provenance
    from LumbarSegLib.core.study import Study

    step("Reading", 0.0)
    cut_offs = read_cut_offs(wishes.thresholds)
    volume = _read(image, wishes)
    clock.lap("read")
    info = analysis.choose_model(volume, wishes.task, wishes.model)
    check_fits_task(info.task, wishes.lowest_disc, wishes.sagittal, wishes.levels, wishes.view)
    network = _opened(str(info.path), info.sha256, wishes.device, wishes.trust_model)
    clock.lap("load")
    lowest = wishes.lowest_disc or "L5/S1"
    found = analysis.segment(
        volume, network, lowest, wishes.flips, lambda part, done: step(part, 0.05 + 0.5 * done), view=wishes.view
    )
    clock.seconds.update(found.seconds)
    clock.start_lap()
    step("Measuring", 0.6)
    measured = analysis.measure(
        found.result,
        found.image,
        agreement=analysis.self_agreement(found, network),
        sagittal=read_sagittal(wishes.sagittal, wishes.lowest_disc),
        levels=wishes.levels,
        thresholds=cut_offs,
    )
    clock.lap("measure")
    files = named_files(sagittal=wishes.sagittal, thresholds=wishes.thresholds)
    read = " ".join((*notes_of(found.image), *found.result.notes))
    told = {"input": str(image), **provenance(found), **files, **wishes.named(), **({"notes": read} if read else {})}
    return found, Study(name, found.image, measured.result, measured.findings, told)


def _read(image: Path, wishes: CaseWishes) -> "sitk.Image":
    from LumbarSegLib.core.images import read_image

    if wishes.pixel_spacing and wishes.task not in ("axial", "xray"):
        raise InputError("A pixel spacing is given for axial slices or a radiograph alone; name the task as well.")
    return read_image(
        image,
        wishes.series,
        pixel_spacing_mm=wishes.pixel_spacing,
        without_spacing=wishes.task == "axial",
        radiograph=wishes.task == "xray",
    )


@lru_cache(maxsize=3)
def _opened(path: str, sha256: str, device: str, trusted: bool) -> "Model":
    """The network of a model file, kept for the next case, one for each task; `sha256` tells an exchanged file."""
    from LumbarSegLib.core.models import find, open_model

    return open_model(find(path), device, trusted)
