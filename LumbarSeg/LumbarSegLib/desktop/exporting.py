"""Results into files: a row for each format, and one button."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.images import full_suffix, write_whole
from LumbarSegLib.core.report.tables import to_csv, to_json
from LumbarSegLib.core.report.words import in_words
from LumbarSegLib.desktop import asking, installing
from LumbarSegLib.desktop.widgets import Connections, as_sentence, fill
from LumbarSegLib.errors import InputError, LumbarSegError
from LumbarSegLib.scene.files import save_segmentation
from LumbarSegLib.scene.segmentations import provenance_of
from LumbarSegLib.scene.surfaces import save_surfaces

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode

    from LumbarSegLib.scene.live import LiveMeasures


@dataclass(frozen=True)
class Exported:
    """What is exported: a segmentation, and its measures if there are any."""

    segmentation: "vtkMRMLSegmentationNode"
    live: "LiveMeasures | None"

    @property
    def findings(self) -> Findings:
        """Raises InputError where it was not measured."""
        findings = self.live.findings if self.live is not None else None
        if findings is None:
            raise InputError("This segmentation is not measured, so there is no table of it. Choose another format.")
        return findings

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What made the segmentation, and what was edited in it by hand."""
        from LumbarSegLib.core.provenance import with_handwork

        told = provenance_of(self.segmentation)
        return told if self.live is None else with_handwork(told, self.findings, self.live.edited)


@dataclass(frozen=True)
class Format:
    """A kind of file: its title, its suffix ("" for a folder), and what writes it to a path that the user chose."""

    title: str
    suffix: str
    write: Callable[[Exported, Path], None]


def _csv(what: Exported, path: Path) -> None:
    text = to_csv(what.findings, what.provenance)
    # A spreadsheet takes the units for another encoding without the mark at the start.
    _write_text(path, text, "utf-8-sig")


def _json(what: Exported, path: Path) -> None:
    _write_text(path, to_json(what.findings, what.provenance) + "\n")


def _words(what: Exported, path: Path) -> None:
    origin = [f"{key}: {value}" for key, value in what.provenance.items()]
    _write_text(path, "\n".join([in_words(what.findings), "", *origin, RESEARCH_USE, ""]))


def _write_text(path: Path, text: str, encoding: str = "utf-8") -> None:
    def write(part: Path) -> None:
        part.write_text(text, encoding=encoding)

    write_whole(path, write)


def _picture(what: Exported, path: Path) -> None:
    if not installing.ensure("picture"):
        return
    from LumbarSegLib.core.report.measured import draw_measured
    from LumbarSegLib.scene.volumes import image_from_volume

    findings, live = what.findings, what.live
    result, volume = (live.result, live.volume) if live is not None else (None, None)
    if result is not None and volume is not None:
        image = image_from_volume(volume)
        write_whole(path, lambda part: draw_measured(image, result, findings, part))


def _page(what: Exported, path: Path) -> None:
    if not installing.ensure("pdf" if path.suffix == ".pdf" else "page"):
        return
    from LumbarSegLib.core.report.page import write_report
    from LumbarSegLib.scene.studying import study_of

    if what.live is not None and what.findings:
        write_report(study_of(what.live), path)


def _surfaces(what: Exported, path: Path) -> None:
    save_surfaces(what.segmentation, path)


def _segments(what: Exported, path: Path) -> None:
    save_segmentation(what.segmentation, path)


FORMATS = (
    Format(_("Segmentation (.seg.nrrd)"), ".seg.nrrd", _segments),
    Format(_("Label map, NIfTI (.nii.gz)"), ".nii.gz", _segments),
    Format(_("Surfaces, a folder of STL files"), "", _surfaces),
    Format(_("Table of measures (.csv)"), ".csv", _csv),
    Format(_("All that was measured (.json)"), ".json", _json),
    Format(_("Report on one page (.html)"), ".html", _page),
    Format(_("Report on one page (.pdf)"), ".pdf", _page),
    Format(_("Report in words (.txt)"), ".txt", _words),
    Format(_("Picture of the measures (.png)"), ".png", _picture),
    Format(_("Scene with image and segmentation (.mrb)"), ".mrb", _segments),
)
"""Further formats have their place here."""


class Exporting:
    """Asks where a file is to go and writes it. `exported` tells what there is, or None."""

    def __init__(self, ui: Any, connections: Connections, exported: Callable[[], Exported | None]) -> None:
        self._ui, self._exported = ui, exported
        fill(ui.formatBox, [(one.title, str(place)) for place, one in enumerate(FORMATS)])
        connections.add(ui.exportButton, "clicked(bool)", self._export)

    def _export(self, _checked: bool = False) -> None:
        what = self._exported()
        if what is None:
            return
        chosen = FORMATS[int(self._ui.formatBox.currentData)]
        path = _asked(chosen, what.segmentation.GetName())
        if path is None:
            return
        self._ui.exportLabel.text = ""
        try:
            chosen.write(what, path)
        except LumbarSegError as error:
            self._ui.exportLabel.text = as_sentence(error)
        else:
            if path.exists():
                self._ui.exportLabel.text = _("Written: {path}").format(path=path)


def _asked(chosen: Format, name: str) -> Path | None:
    """Where the user wants the file or the folder."""
    stem = "".join("-" if letter in '<>:"/\\|?*' else letter for letter in name).strip(" .") or "LumbarSeg"
    if not chosen.suffix:
        folder = asking.folder_to_save_in(_("Choose the folder for the surfaces"))
        return _new_folder(Path(folder), _("{name} surfaces").format(name=stem)) if folder else None
    path = asking.file_to_save(chosen.title, stem + chosen.suffix, f"{chosen.title} (*{chosen.suffix})")
    if not path:
        return None
    return Path(path) if full_suffix(Path(path)) == chosen.suffix else Path(path + chosen.suffix)


def _new_folder(parent: Path, name: str) -> Path:
    """A folder that is not there yet."""
    names = [name, *(f"{name} {number}" for number in range(2, 1000))]
    return next(parent / one for one in names if not (parent / one).exists())
