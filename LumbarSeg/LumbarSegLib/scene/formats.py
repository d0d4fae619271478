"""The files that a result can be written into: a row for each format."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from LumbarSegLib import RESEARCH_USE
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.images import write_whole
from LumbarSegLib.core.report.tables import to_csv, to_json
from LumbarSegLib.core.report.words import in_words
from LumbarSegLib.errors import InputError
from LumbarSegLib.scene.files import save_segmentation
from LumbarSegLib.scene.segmentations import provenance_of
from LumbarSegLib.scene.surfaces import save_surfaces
from LumbarSegLib.scene.translation import tr as _

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode

    from LumbarSegLib.scene.live import LiveMeasures


@dataclass(frozen=True)
class Exported:
    """What is exported: a segmentation, and its measures if there are any."""

    segmentation: "vtkMRMLSegmentationNode"
    live: "LiveMeasures | None"
    told: list[str] = field(default_factory=list)
    """Filled while a file is written: sentences about it for the user."""

    @property
    def findings(self) -> Findings:
        """Raises InputError where it was not measured."""
        findings = self.live.findings if self.live is not None else None
        if findings is None:
            raise InputError("This segmentation is not measured, so there is no table of it. Choose another format.")
        return findings

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What made the segmentation, and what was edited in it and confirmed by hand."""
        from LumbarSegLib.scene.studying import study_of

        measured = self.live is not None and self.live.findings is not None
        return study_of(self.live).provenance if self.live and measured else provenance_of(self.segmentation)


@dataclass(frozen=True)
class Format:
    """A kind of file: its title, its suffix ("" for a folder), and what writes it to a path that the user chose.

    `purpose` names the packages that it takes, as `Resources/packages.json` has them, "" where there are none.
    `folder` says in its name what a folder holds.
    """

    title: str
    suffix: str
    write: Callable[[Exported, Path], None]
    purpose: str = ""
    folder: str = ""


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
    from LumbarSegLib.core.report.measured import draw_measured
    from LumbarSegLib.scene.volumes import image_from_volume

    findings, live = what.findings, what.live
    result, volume = (live.result, live.volume) if live is not None else (None, None)
    if result is not None and volume is not None:
        image, provenance = image_from_volume(volume), what.provenance
        write_whole(path, lambda part: draw_measured(image, result, findings, part, provenance))


def _page(what: Exported, path: Path) -> None:
    from LumbarSegLib.core.report.page import write_report
    from LumbarSegLib.scene.studying import study_of

    if what.live is not None and what.findings:
        write_report(study_of(what.live), path, tell=what.told.append)


def _surfaces(what: Exported, path: Path) -> None:
    save_surfaces(what.segmentation, path)


def _segments(what: Exported, path: Path) -> None:
    save_segmentation(what.segmentation, path)


FORMATS = (
    Format(_("Segmentation (.seg.nrrd)"), ".seg.nrrd", _segments),
    Format(_("Label map, NIfTI (.nii.gz)"), ".nii.gz", _segments),
    Format(_("Surfaces, a folder of STL files"), "", _surfaces, folder=_("surfaces")),
    Format(_("Table of measures (.csv)"), ".csv", _csv),
    Format(_("All that was measured (.json)"), ".json", _json),
    Format(_("Report on one page (.html)"), ".html", _page, "page"),
    Format(_("Report on one page (.pdf)"), ".pdf", _page, "pdf"),
    Format(_("Report in words (.txt)"), ".txt", _words),
    Format(_("Picture of the measures (.png)"), ".png", _picture, "picture"),
    Format(_("Scene with image and segmentation (.mrb)"), ".mrb", _segments),
)
"""Further formats have their place here."""
