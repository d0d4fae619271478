"""Results into files that the browser then fetches."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.formats import FORMATS, Exported

if TYPE_CHECKING:
    from trame_server.state import State


class Exporting:
    """Writes a file below `folder`, where the door hands it out. `exported` tells what there is, or None."""

    def __init__(self, state: "State", folder: Path, exported: Callable[[], Exported | None]) -> None:
        self._state, self._folder, self._exported = state, folder, exported
        titles = [{"text": one.title, "value": place} for place, one in enumerate(FORMATS)]
        state.update({"formats": titles, "format": 0, "export_message": "", "download": ""})

    def export(self, place_of_format: int) -> None:
        """Write what there is in one of the formats and let the page fetch it.

        The click says which: the state may still hold the one that was chosen before.
        """
        what = self._exported()
        if what is None:
            return
        chosen = FORMATS[int(place_of_format)]
        place = self._folder / secrets.token_urlsafe(12)
        name = _file_name(what.segmentation.GetName()) + (chosen.suffix or " surfaces.zip")
        place.mkdir()
        self._state.export_message = ""
        try:
            if chosen.suffix:
                chosen.write(what, place / name)
            else:
                chosen.write(what, place / "surfaces")
                _pack(place / "surfaces", place / name)
        except LumbarSegError as error:
            self._state.export_message = as_sentence(error)
        else:
            self._state.download = f"files/{place.name}/{name}"
            self._state.export_message = f"Written: {name}"


def _pack(folder: Path, archive: Path) -> None:
    with ZipFile(archive, "w", ZIP_DEFLATED) as packed:
        for path in sorted(folder.iterdir()):
            packed.write(path, path.name)
            path.unlink()
    folder.rmdir()


def _file_name(name: str) -> str:
    stem = "".join(letter if letter.isalnum() or letter in " ._-" else "-" for letter in name)
    return stem.strip(" .") or "LumbarSeg"
