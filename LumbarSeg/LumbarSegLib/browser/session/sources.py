"""The DICOM files that the open images were read from, which SEG and SR refer to; kept as long as these are open."""

import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from LumbarSegLib.core.dicom.source import NOT_DICOM
from LumbarSegLib.errors import InputError

if TYPE_CHECKING:
    from slicer import vtkMRMLVolumeNode


class Sources:
    """Knows the files of each volume. An upload goes with the next one, so those of its files that are still needed are
    linked into `folder`; files of the server stay where they are.
    """

    def __init__(self, folder: Path, uploads: Path) -> None:
        self._folder, self._uploads = folder, uploads
        self._files: dict[str, tuple[Path, ...]] = {}

    def keep(self, volume: "vtkMRMLVolumeNode", path: Path) -> None:
        """Remember the DICOM file or folder that a volume was read from."""
        uploaded = path.resolve().is_relative_to(self._uploads.resolve())
        self._files[volume.GetID()] = (self._linked(path) if uploaded else path,)

    def has(self, volume: "vtkMRMLVolumeNode") -> bool:
        """Whether the files of a volume are known."""
        return volume.GetID() in self._files

    def files_of(self, volume: "vtkMRMLVolumeNode") -> Sequence[Path]:
        """The DICOM files, or the folder, of a volume. Raises InputError where it is not from DICOM."""
        if not self.has(volume):
            raise InputError(NOT_DICOM)
        return self._files[volume.GetID()]

    def clear(self) -> None:
        """No image is open any more."""
        self._files.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _linked(self, path: Path) -> Path:
        place = self._folder / secrets.token_hex(8)
        place.mkdir(parents=True)
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                _link(file, place / file.name)
        return place if path.is_dir() else place / path.name


def _link(file: Path, to: Path) -> None:
    try:
        os.link(file, to)
    except OSError:  # a file system without links
        shutil.copyfile(file, to)
