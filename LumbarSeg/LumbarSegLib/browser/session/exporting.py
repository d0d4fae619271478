"""Results into files that the browser then fetches."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

from LumbarSegLib.browser.session.sources import Sources
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.dicom_format import dicom_format
from LumbarSegLib.scene.formats import FORMATS, Exported

if TYPE_CHECKING:
    from slicer import vtkMRMLVolumeNode
    from trame_server.state import State

_ONLY = "(only of an image opened from DICOM)"


class Exporting:
    """Writes a file below `folder`, where the door hands it out. `exported` tells what there is, or None, `sources` the
    DICOM files of the images that are open.
    """

    def __init__(self, state: "State", folder: Path, exported: Callable[[], Exported | None], sources: Sources) -> None:
        self._state, self._folder, self._exported, self._sources = state, folder, exported, sources
        self._formats = (*FORMATS, dicom_format(sources.files_of))
        state.update({"formats": [], "format": 0, "export_message": "", "download": ""})
        self.show(None)

    def show(self, volume: "vtkMRMLVolumeNode | None") -> None:
        """Let those formats be chosen that there can be of this volume, and say why another cannot."""
        lacks = volume is None or not self._sources.has(volume)
        told = [
            {"text": f"{one.title} {_ONLY}" if off else one.title, "value": place, "disabled": off}
            for place, one in enumerate(self._formats)
            for off in [lacks and one.purpose == "dicom"]
        ]
        if told != self._state.formats:
            self._state.formats = told
        if told[int(self._state.format)]["disabled"]:
            self._state.format = 0

    def export(self, place_of_format: int) -> None:
        """Write what there is in one of the formats and let the page fetch it.

        The click says which: the state may still hold the one that was chosen before.
        """
        what = self._exported()
        if what is None:
            return
        chosen = self._formats[int(place_of_format)]
        place = self._folder / secrets.token_urlsafe(12)
        name = _file_name(what.segmentation.GetName()) + (chosen.suffix or f" {chosen.folder}.zip")
        place.mkdir()
        self._state.export_message = ""
        try:
            if chosen.suffix:
                chosen.write(what, place / name)
            else:
                chosen.write(what, place / chosen.folder)
                _pack(place / chosen.folder, place / name)
        except LumbarSegError as error:
            self._state.export_message = as_sentence(error)
        else:
            self._state.download = f"files/{place.name}/{name}"
            self._state.export_message = (
                " ".join([f"Written: {name}.", *what.told]) if what.told else f"Written: {name}"
            )


def _pack(folder: Path, archive: Path) -> None:
    with ZipFile(archive, "w", ZIP_DEFLATED) as packed:
        for path in sorted(folder.iterdir()):
            packed.write(path, path.name)
            path.unlink()
    folder.rmdir()


def _file_name(name: str) -> str:
    stem = "".join(letter if letter.isalnum() or letter in " ._-" else "-" for letter in name)
    return stem.strip(" .") or "LumbarSeg"
