"""The sample images that come with LumbarSeg, in the panel and in Slicer's Sample Data module."""

from typing import TYPE_CHECKING

import slicer
import slicer.util

from LumbarSegLib.core.samples import SAMPLES, sample_named
from LumbarSegLib.resources import resource, samples_dir

if TYPE_CHECKING:
    from slicer import vtkMRMLScalarVolumeNode

_CATEGORY = "LumbarSeg"


def load(name: str) -> "vtkMRMLScalarVolumeNode":
    """The sample of this name as a volume that is shown; the one in the scene if it is there already.

    Raises InputError where its file is missing.
    """
    there = slicer.mrmlScene.GetFirstNodeByName(name)
    if there is not None and there.IsA("vtkMRMLScalarVolumeNode"):
        return there
    sample = sample_named(name)
    return slicer.util.loadVolume(str(sample.path), {"name": sample.name})


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
