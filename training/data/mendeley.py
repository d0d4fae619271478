"""Reads the Lumbar Spine MRI Dataset (Sudirman et al., Mendeley): axial slices through the discs L3/4, L4/5 and L5/S1
(D3, D4, D5), three of each patient, with the regions IVD, PE, TS and AAP.

Label images are looked for in folders named `Label_Images` or `labels`, T1 and T2 slices in `T1_Output`, `T1_Images` or
`T1` (likewise T2, and `T2_recovered`), composites in `Composite_Images` or `composite`, up to three folders deep: as
record zbf6b4pttk unpacks. PNG files carry no spacing; the one given is that of all studies of the set, and it can be
read from the DICOM record (k57fr854j2) instead.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import SimpleITK as sitk
from tqdm import tqdm

from training.data import axial_labels, axial_places
from training.data.axial_labels import Coding, Survey
from training.data.axial_places import Place
from training.data.cases import CLASSES, Case, DataSet, LeftOut
from training.data.pictures import read_colours_as_grey, read_grey, size_of
from training.errors import TrainingError

PUBLISHED = Place((0.6875, 0.6875, 4.4))
BOTH = "T1+T2"
_DEPTH = 3
_NAME = re.compile(r"_(\d+)_(D\d)\.png$", re.IGNORECASE)
_LABELS = ("label_images", "labels")
_IMAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "T1": ("t1_output", "t1_images", "t1"),
        "T2": ("t2_output", "t2_images", "t2", "t2_recovered"),
        "composite": ("composite_images", "composite"),
    }
)
_CITATION = (
    "Sudirman S, et al. Lumbar Spine MRI Dataset, Mendeley Data, 10.17632/k57fr854j2.2, and Label Image Ground Truth "
    "Data for Lumbar Spine MRI Dataset, 10.17632/zbf6b4pttk.2 (2019)."
)


@dataclass(frozen=True)
class Unlabelled:
    """A slice without a label; `read_image` gives it as a case's does."""

    patient: str
    name: str
    read_image: Callable[[], sitk.Image]


class Slice(NamedTuple):
    """A patient's disc, as the file names have them: "0001" and "D3"."""

    patient: str
    disc: str

    @property
    def name(self) -> str:
        """The name of the slice's case."""
        return f"{self.patient}_{self.disc}"


def read_mendeley(folder: Path, weighting: str = "T1", dicom: str | None = None) -> DataSet:
    """The labelled slices with their images of one weighting: T1, T2 or composite (its colours averaged); with "T1+T2"
    the T1 images, and as further cases of the same patients the T2 images where there are any. Images without a label
    are no part of the set.

    `dicom` is the folder of the DICOM record, from which spacing and place are taken where a slice is found there.
    Raises TrainingError if there are no labels, the weighting is unknown or the labels fit no coding
    (`training.data.axial_labels`); a slice that cannot be used is left out with the reason.
    """
    if weighting not in (*_IMAGES, BOTH):
        raise TrainingError(f"There is no weighting {weighting!r}; give one of {', '.join((*_IMAGES, BOTH))}.")
    labels = _files(folder, _LABELS)
    if not labels:
        raise TrainingError(f"{folder} holds no label images (L1_0001_D3.png) in a folder Label_Images or labels.")
    first, *further = weighting.split("+")
    cases, left_out = _cases(folder, labels, first, dicom)
    for other in further:
        # A second weighting is often there for some slices only, and no fault where it is not.
        there = {one: label for one, label in labels.items() if one in _files(folder, _IMAGES[other])}
        more, faulty = _cases(folder, there, other, dicom)
        cases += [replace(case, name=f"{case.name}_{other}") for case in more]
        left_out += [replace(case, name=f"{case.name}_{other}") for case in faulty]
    return DataSet(
        name="mendeley",
        task="axial",
        classes=CLASSES["axial"],
        cases=tuple(cases),
        left_out=tuple(left_out),
        citation=_CITATION,
        licence="CC BY 4.0",
        for_teaching=axial_labels.without_doubtful_sacs,
    )


def read_unlabelled(folder: Path, weighting: str = "T1") -> list[Unlabelled]:
    """The slices of patients of whom no slice has a label, with their images of one weighting.

    Raises TrainingError where there is none.
    """
    labelled = {one.patient for one in _files(folder, _LABELS)}
    images = {one: path for one, path in _files(folder, _IMAGES[weighting]).items() if one.patient not in labelled}
    if not images:
        raise TrainingError(f"{folder} holds no {weighting} slice of a patient without labels.")
    return [Unlabelled(one.patient, one.name, partial(_placed, path)) for one, path in images.items()]


def _placed(picture: Path) -> sitk.Image:
    return PUBLISHED.put(read_colours_as_grey(picture))


def _cases(
    folder: Path, labels: Mapping[Slice, Path], weighting: str, dicom: str | None
) -> tuple[list[Case], list[LeftOut]]:
    """The labelled slices with their images of a single weighting, and those that cannot be used."""
    images = _files(folder, _IMAGES[weighting])
    left_out: dict[Slice, str] = {}
    surveys: dict[Slice, Survey] = {}
    for one, label in labels.items():
        try:
            surveys[one] = _checked(images.get(one), label, weighting)
        except TrainingError as error:
            left_out[one] = str(error)
    coding = axial_labels.coding_of(list(surveys.values())) if surveys else {}
    for one, found in surveys.items():
        left_out |= _reason(one, found, coding)
    usable = {one: images[one] for one in surveys if one not in left_out}
    places = _places(usable, Path(dicom)) if dicom else {}
    cases = [_case(one, images[one], labels[one], coding, weighting, places.get(one)) for one in sorted(usable)]
    return cases, [LeftOut(one.name, left_out[one]) for one in sorted(left_out)]


def _files(folder: Path, names: tuple[str, ...]) -> dict[Slice, Path]:
    levels = ["*"] + ["/".join(["*"] * depth) for depth in range(2, _DEPTH + 1)]
    places = [folder, *(path for level in levels for path in sorted(folder.glob(level)))]
    found: dict[Slice, Path] = {}
    for place in (path for path in places if path.name.lower() in names and path.is_dir()):
        for path in sorted(place.glob("*.png")):
            match = _NAME.search(path.name)
            if match:
                found.setdefault(Slice(match[1], match[2].upper()), path)
    return dict(sorted(found.items()))


def _checked(image: Path | None, label: Path, weighting: str) -> Survey:
    if image is None:
        raise TrainingError(f"there is no {weighting} image of it")
    if size_of(image) != size_of(label):
        (rows, columns), (label_rows, label_columns) = size_of(image), size_of(label)
        raise TrainingError(f"its image has {rows} x {columns} pixels, its label {label_rows} x {label_columns}")
    return axial_labels.survey(read_grey(label), label.name)


def _reason(one: Slice, found: Survey, coding: Coding) -> dict[Slice, str]:
    foreign = sorted(found.values - set(coding))
    if foreign:
        return {
            one: f"its label has the values {', '.join(map(str, foreign[:8]))}, which the set's coding does not have"
        }
    if not {coding[value] for value in found.values} & {axial_labels.IVD, axial_labels.PE, axial_labels.TS}:
        return {one: "its label marks no region"}
    return {}


def _places(images: Mapping[Slice, Path], record: Path) -> dict[Slice, Place]:
    if not record.is_dir():
        raise TrainingError(f"There is no folder {record}; give the folder of the DICOM record, or leave `dicom` away.")
    folders = axial_places.patient_folders(record)
    found: dict[Slice, Place] = {}
    for patient in tqdm(sorted({one.patient for one in images}), desc="matching DICOM slices", disable=None):
        if int(patient) not in folders:
            continue
        slices = list(axial_places.axial_slices(folders[int(patient)]))
        for one in (one for one in images if one.patient == patient):
            place = axial_places.place_of(read_colours_as_grey(images[one]), slices)
            if place is not None:
                found[one] = place
    return found


def _case(one: Slice, image: Path, label: Path, coding: Coding, weighting: str, place: Place | None) -> Case:
    where = place or PUBLISHED

    def read_image() -> sitk.Image:
        return where.put(read_colours_as_grey(image))

    def read_classes() -> sitk.Image:
        return where.put(axial_labels.classes_of(read_grey(label), coding))

    return Case(
        patient=one.patient,
        name=one.name,
        files=(image, label) if where.source is None else (image, label, where.source),
        read_image=read_image,
        read_classes=read_classes,
        metadata={"weighting": weighting, "disc": one.disc, "spacing": "DICOM" if place else "published"},
    )
