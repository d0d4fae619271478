"""DICOM SEG and SR from the panel. They refer to the files that the image came from, which Slicer's database knows."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import slicer
from slicer.i18n import tr as _

from LumbarSegLib.core.dicom.source import NOT_DICOM
from LumbarSegLib.core.dicom.writing import write_dicom
from LumbarSegLib.errors import InputError, LumbarSegError
from LumbarSegLib.scene.formats import Exported, Format
from LumbarSegLib.scene.studying import study_of

if TYPE_CHECKING:
    from slicer import vtkMRMLVolumeNode

_INSTANCES = "DICOM.instanceUIDs"
"""Attribute of a volume that Slicer loaded from DICOM: the images that it is made of."""


def files_of(volume: "vtkMRMLVolumeNode") -> list[Path]:
    """The DICOM files that a volume was loaded from. Raises InputError where it has none, or they are gone."""
    instances = (volume.GetAttribute(_INSTANCES) or "").split()
    if not instances:
        raise InputError(NOT_DICOM)
    files = [Path(slicer.dicomDatabase.fileForInstance(one) or "") for one in instances]
    missing = sum(not file.is_file() for file in files)
    if missing:
        raise InputError(f"{missing} of {len(files)} DICOM files of the image are gone; import the series again.")
    return files


def _write(what: Exported, path: Path) -> None:
    if what.live is None or not what.findings or what.live.volume is None:
        raise InputError(NOT_DICOM)
    files = files_of(what.live.volume)
    # The folder has the name of the segmentation; a volume may be called after its patient.
    study = replace(study_of(what.live), name="LumbarSeg")
    path.mkdir()
    try:
        write_dicom(study, files, path)
    except LumbarSegError:
        path.rmdir()
        raise


DICOM = Format(_("DICOM SEG and SR, a folder"), "", _write, "dicom", _("DICOM"))
"""A format of the panel alone: other hosts have no database of files."""
