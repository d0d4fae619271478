"""DICOM SEG and SR as a format of a host that knows which files an image came from."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from LumbarSegLib.core.dicom.source import NOT_DICOM
from LumbarSegLib.errors import InputError, LumbarSegError
from LumbarSegLib.scene.formats import Exported, Format
from LumbarSegLib.scene.studying import study_of
from LumbarSegLib.scene.translation import tr as _

if TYPE_CHECKING:
    from slicer import vtkMRMLVolumeNode

NAME = "LumbarSeg"
"""What the files are called: a volume may be called after its patient."""


def dicom_format(files_of: "Callable[[vtkMRMLVolumeNode], Sequence[Path]]") -> Format:
    """The format; `files_of` gives the DICOM files, or the folder, of a volume, and raises InputError without any."""

    def write(what: Exported, path: Path) -> None:
        from LumbarSegLib.core.dicom.writing import write_dicom

        if what.live is None or not what.findings or what.live.volume is None:
            raise InputError(NOT_DICOM)
        files = files_of(what.live.volume)
        study = replace(study_of(what.live), name=NAME)
        path.mkdir()
        try:
            write_dicom(study, files, path)
        except LumbarSegError:
            path.rmdir()
            raise

    return Format(_("DICOM SEG and SR, a folder"), "", write, "dicom", _("DICOM"))
