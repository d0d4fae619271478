"""DICOM SEG and SR from the panel. They refer to the files that the image came from, which Slicer's database knows."""

from pathlib import Path
from typing import TYPE_CHECKING

import slicer

from LumbarSegLib.core.dicom.source import NOT_DICOM
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.dicom_format import dicom_format

if TYPE_CHECKING:
    from slicer import vtkMRMLVolumeNode

_INSTANCES = "DICOM.instanceUIDs"
"""Attribute of a volume that Slicer loaded from DICOM: the images that it is made of."""

_SERIES_TAG = "0020,000E"


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


def series_of(volume: "vtkMRMLVolumeNode") -> str:
    """UID of the DICOM series that Slicer loaded a volume from, "" where it has none."""
    instances = (volume.GetAttribute(_INSTANCES) or "").split()
    return str(slicer.dicomDatabase.instanceValue(instances[0], _SERIES_TAG) or "") if instances else ""


DICOM = dicom_format(files_of)
"""A format of the panel: each host knows in its own way where an image is from."""
