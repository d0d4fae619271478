"""Findings that were read from a file, shown on the volume that they were measured in; no segmentation is needed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.findings import Findings, Point
from LumbarSegLib.core.images import image_identity
from LumbarSegLib.core.projection import seen_as
from LumbarSegLib.core.report.page_content import handwork_of, made_with
from LumbarSegLib.core.report.reading import read_findings
from LumbarSegLib.core.study import Study
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.films import image_to_segment, stand_as_seen
from LumbarSegLib.scene.reading import image_to_measure

if TYPE_CHECKING:
    from slicer import vtkMRMLVolumeNode

_BESIDE_MM = 30.0  # a corner of a cut vertebra can lie a little outside of the image
_TOLD = ("LumbarSeg", "Model", "Edited by hand", "Confirmed", "Checked one by one")


@dataclass(frozen=True)
class OpenedFindings:
    """Findings with their provenance, under the `name` of their file, and the volume that they were measured in."""

    name: str
    findings: Findings
    provenance: Mapping[str, str]
    volume: "vtkMRMLVolumeNode"

    @property
    def study(self) -> Study:
        return Study(Path(self.name).stem, None, None, self.findings, self.provenance)

    @property
    def lines(self) -> list[str]:
        """Where they are from: file, version and date, model, and who edited or confirmed; a sentence each."""
        told = dict([*made_with(self.provenance), *handwork_of(self.study)])
        said = [f"{name}: {told[name]}." for name in _TOLD if name in told]
        return [f"From the file {self.name}; it does not follow edits.", *said]


def open_findings(path: Path, volume: "vtkMRMLVolumeNode | None", name: str = "", series: str = "") -> OpenedFindings:
    """The findings of a JSON or a CSV of LumbarSeg, for the volume that is shown; `name` is what its user calls the
    file, `series` the UID of the volume's DICOM series where only the host knows it. A volume of a radiograph then
    stands as its view lets it lie in the patient.

    Raises InputError where the file cannot be read, no volume is open, or another one than was measured.
    """
    called = name or path.name
    findings, provenance = read_findings(path, called)
    study = Study(called, None, None, findings, provenance)
    if volume is None:
        raise InputError(f"{called} holds measures and no image; open the image that they were measured in first.")
    if not any(_is_measured(image, study, series) for image in _images(volume, study)):
        raise InputError(
            f"{called} was measured in another image than {volume.GetName()}; open that one, then its measures again."
        )
    if study.task == "xray":
        stand_as_seen(volume, "lateral" if findings.view == "lateral" else "frontal")
    return OpenedFindings(called, findings, provenance, volume)


def _images(volume: "vtkMRMLVolumeNode", study: Study) -> Iterator[sitk.Image]:
    """The image of a volume as it can have been measured; of a radiograph also as its view lets it lie."""
    if study.task != "xray":
        yield image_to_measure(volume, study.task)
        return
    film = image_to_segment(volume, "xray")
    yield film
    yield seen_as(film, "lateral" if study.findings.view == "lateral" else "frontal")


def _is_measured(image: sitk.Image, study: Study, series: str) -> bool:
    """Whether findings are of this image: by its voxels and geometry; else, as another program may read the same files
    in another order of voxels, by its series and their places.
    """
    told, identity = study.provenance, image_identity(image)
    if told.get("image_sha256") == identity["sha256"]:
        return True
    series = identity.get("series_instance_uid") or series
    is_same_series = bool(series) and series == told.get("image_series_instance_uid")
    return (is_same_series or "image_sha256" not in told) and _holds(image, study.findings.places)


def _holds(image: sitk.Image, places: Sequence[Point]) -> bool:
    """Whether places (LPS, mm) lie in an image, or next to it; none at all say nothing."""
    if not places:
        return False
    inside = [image.TransformPhysicalPointToContinuousIndex(place) for place in places]
    beside = np.divide(_BESIDE_MM, image.GetSpacing())
    return bool(np.all(np.array(inside) > -beside) and np.all(np.array(inside) < image.GetSize() + beside))
