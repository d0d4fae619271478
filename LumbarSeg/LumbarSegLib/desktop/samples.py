"""The sample images that come with LumbarSeg, in the panel and in Slicer's Sample Data module."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import slicer
import slicer.util

from LumbarSegLib.errors import InputError
from LumbarSegLib.resources import resource, samples_dir

if TYPE_CHECKING:
    from slicer import vtkMRMLScalarVolumeNode

_CATEGORY = "LumbarSeg"


@dataclass(frozen=True)
class Sample:
    """A sample image: its name, what it shows, its file and its SHA-256."""

    name: str
    title: str
    file: str
    sha256: str


def _listed() -> tuple[Sample, ...]:
    path = samples_dir() / "samples.json"
    if not path.is_file():
        return ()
    rows = json.loads(path.read_text(encoding="utf-8"))["samples"]
    return tuple(Sample(row["name"], row["title"], row["file"], row["sha256"]) for row in rows)


SAMPLES = _listed()
"""All samples, in the order of their list; none where the list did not come with the module."""


def load(name: str) -> "vtkMRMLScalarVolumeNode":
    """The sample of this name as a volume that is shown; the one in the scene if it is there already.

    Raises InputError where its file is missing.
    """
    there = slicer.mrmlScene.GetFirstNodeByName(name)
    if there is not None and there.IsA("vtkMRMLScalarVolumeNode"):
        return there
    sample = next(one for one in SAMPLES if one.name == name)
    path = samples_dir() / sample.file
    if not path.is_file():
        raise InputError(f"The sample {sample.file} is missing; install LumbarSeg again.")
    return slicer.util.loadVolume(str(path), {"name": sample.name})


def register() -> None:
    """List the samples in the Sample Data module. They lie on this computer, so nothing is downloaded."""
    import SampleData

    logic = SampleData.SampleDataLogic
    if hasattr(logic, "registerCustomSampleDataCategory"):  # since Slicer 5.12
        logic.registerCustomSampleDataCategory(_CATEGORY, title=_CATEGORY)
    for sample in SAMPLES:
        thumbnail = resource("Icons", f"{sample.name}.png")
        logic.registerCustomSampleDataSource(
            category=_CATEGORY,
            sampleName=sample.name,
            thumbnailFileName=str(thumbnail) if thumbnail.is_file() else None,
            uris=(samples_dir() / sample.file).as_uri(),
            fileNames=sample.file,
            nodeNames=sample.name,
            checksums=f"SHA256:{sample.sha256}",
        )
