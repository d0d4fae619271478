"""Studies with the DICOM files that they were made from: a sagittal volume, oblique axial blocks, a radiograph."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from pydicom.uid import generate_uid

from LumbarSegLib.core import analysis, images
from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.core.projection import seen_as
from LumbarSegLib.core.provenance import origin
from LumbarSegLib.core.radiograph import radiograph_of
from LumbarSegLib.core.regions import Result, regions_of
from LumbarSegLib.core.study import Study
from Testing.axial_phantoms import Anatomy, block, labels_of
from Testing.dicom_blocks import write_blocks
from Testing.dicom_series import write_volume
from Testing.phantoms import PhantomSpine
from Testing.radiograph_files import write_radiograph
from Testing.radiograph_phantoms import Spine, arcs

PATIENT = "Müller^Jürgen"
MODEL = {"model": "phantom", "model_version": "1.2", "model_sha256": "ab" * 32}


@dataclass(frozen=True)
class Made:
    """A study and the folder of its images."""

    study: Study
    folder: Path


def identity(**changed: Any) -> dict[str, Any]:
    """What the headers of all images of a study say of it; None leaves one out."""
    return {
        "SpecificCharacterSet": "ISO_IR 100",
        "PatientName": PATIENT,
        "PatientID": "4711",
        "PatientBirthDate": "19500102",
        "PatientSex": "M",
        "StudyInstanceUID": generate_uid(),
        "StudyDate": "20260102",
        "StudyTime": "101112",
        "StudyID": "S1",
        "AccessionNumber": "A1",
        "ReferringPhysicianName": "Weiß^Eva",
        "FrameOfReferenceUID": generate_uid(),
        "InstanceNumber": 1,
        **changed,
    }


def sagittal(folder: Path, cut_above: float = -20.0, **changed: Any) -> Made:
    """A phantom of four vertebrae, its label map as truth has it; `changed` is what the headers say."""
    phantom = PhantomSpine(vertebrae=4, in_plane=1.5, slices=9, cut_above=cut_above)
    folder.mkdir(parents=True, exist_ok=True)
    write_volume(folder, sitk.Cast(phantom.image, sitk.sitkUInt16), 3, **identity(**changed))
    image = images.read_image(folder)
    labels = sitk.Resample(phantom.labels, image, sitk.Transform(), sitk.sitkNearestNeighbor)
    return Made(_study("sagittal", image, spine_of(labels)), folder)


BLOCKS = (
    block(Anatomy(), (0.0, 10.0, 100.0), tilt=-18.0, count=2),
    block(Anatomy(), (1.0, 5.0, 135.0), tilt=-3.0, turn=4.0, count=3, distance=5.0),
    block(Anatomy(), (2.0, 7.0, 172.0), tilt=12.0, count=2),
)
"""As along the three lowest discs, from below upward; the middle one is turned as well."""


def axial(folder: Path, **changed: Any) -> Made:
    """Blocks whose brightness gives their labels away (`STEP`)."""
    write_blocks(folder, BLOCKS, **identity(**changed))
    image = images.read_image(folder)
    return Made(_study("axial", image, regions_of(labels_of(image))), folder)


def radiograph(file: Path, turned: bool = False, **changed: Any) -> Made:
    """Six vertebrae with a curve on a frontal film of 0.4 mm, drawn upright, or stored mirrored and on its head."""
    semantic = Spine(arcs((11, 16, 30.0), start=-15.0)[-6:], spacing_mm=0.4).semantic
    pixels = (1000 + 500 * sitk.GetArrayFromImage(semantic)[0].astype(int)).astype(np.uint16)
    stored = pixels[::-1, ::-1] if turned else pixels
    orientation = ["R", "H"] if turned else ["L", "F"]
    attributes = identity(PatientOrientation=orientation, ViewPosition="AP", ImagerPixelSpacing=[0.4, 0.4], **changed)
    write_radiograph(file, stored, **{key: value for key, value in attributes.items() if value is not None})
    image = seen_as(images.read_image(file), "frontal")
    labels = sitk.GetImageFromArray(sitk.GetArrayFromImage(semantic))
    labels.CopyInformation(image)
    return Made(_study("xray", image, radiograph_of(labels, view="frontal")), file)


def complaints(file: Path) -> tuple[list[str], list[str]]:
    """The errors and the warnings of dciodvfy (Debian's dicom3tools) on a file, each once."""
    done = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, check=False)
    lines = set((done.stdout + done.stderr).splitlines())
    return sorted(one for one in lines if "Error" in one), sorted(one for one in lines if "Warning" in one)


def _study(task: str, image: sitk.Image, result: Result) -> Study:
    measured = analysis.measure(result, image)
    provenance = {**origin(image), "task": task, **MODEL}
    return Study("phantom", image, measured.result, measured.findings, provenance)
