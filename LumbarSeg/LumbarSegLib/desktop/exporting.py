"""Results into files: a row for each format, and one button."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from LumbarSegLib.core.images import full_suffix
from LumbarSegLib.desktop import asking, installing
from LumbarSegLib.desktop.dicom_files import DICOM
from LumbarSegLib.desktop.widgets import Connections, fill
from LumbarSegLib.errors import LumbarSegError, as_sentence
from LumbarSegLib.scene.formats import FORMATS, Exported, Format

FORMATS_HERE = (*FORMATS, DICOM)


class Exporting:
    """Asks where a file is to go and writes it. `exported` tells what there is, or None."""

    def __init__(self, ui: Any, connections: Connections, exported: Callable[[], Exported | None]) -> None:
        self._ui, self._exported = ui, exported
        fill(ui.formatBox, [(one.title, str(place)) for place, one in enumerate(FORMATS_HERE)])
        connections.add(ui.exportButton, "clicked(bool)", self._export)

    def _export(self, _checked: bool = False) -> None:
        what = self._exported()
        if what is None:
            return
        chosen = FORMATS_HERE[int(self._ui.formatBox.currentData)]
        path = _asked(chosen, what.segmentation.GetName())
        if path is None:
            return
        self._ui.exportLabel.text = ""
        if chosen.purpose and not installing.ensure(chosen.purpose):
            return
        try:
            chosen.write(what, path)
        except LumbarSegError as error:
            self._ui.exportLabel.text = as_sentence(error)
        else:
            if path.exists():
                self._ui.exportLabel.text = "\n".join([_("Written: {path}").format(path=path), *what.told])


def _asked(chosen: Format, name: str) -> Path | None:
    """Where the user wants the file or the folder."""
    stem = "".join("-" if letter in '<>:"/\\|?*' else letter for letter in name).strip(" .") or "LumbarSeg"
    if not chosen.suffix:
        parent = asking.folder_to_save_in(_("Choose where to make the folder"))
        return _new_folder(Path(parent), f"{stem} {chosen.folder}") if parent else None
    path = asking.file_to_save(chosen.title, stem + chosen.suffix, f"{chosen.title} (*{chosen.suffix})")
    if not path:
        return None
    return Path(path) if full_suffix(Path(path)) == chosen.suffix else Path(path + chosen.suffix)


def _new_folder(parent: Path, name: str) -> Path:
    """A folder that is not there yet."""
    names = [name, *(f"{name} {number}" for number in range(2, 1000))]
    return next(parent / one for one in names if not (parent / one).exists())
