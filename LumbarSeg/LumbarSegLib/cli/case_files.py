"""All that is written about one study: its segmentation, page, tables, picture and DICOM objects."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from LumbarSegLib.errors import InputError, OutputError

if TYPE_CHECKING:
    from LumbarSegLib.core.study import Study


def check_folder(folder: Path) -> None:
    """Raise OutputError where a folder cannot be made or takes no files. Leaves nothing behind."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        raise OutputError(f"{there}: this is a file; give the name of a folder.")
    try:
        with TemporaryDirectory(prefix=".", dir=there):
            pass
    except OSError as error:
        raise OutputError(
            f"{folder}: nothing can be written there ({error.strerror}); choose another place."
        ) from error


def write_case(
    study: "Study",
    folder: Path,
    *,
    pdf: bool = False,
    dicom: Sequence[Path] = (),
    patient: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> tuple[Path, ...]:
    """Write all that a study holds into a folder, called after it, and return the files; all of them or none.

    `dicom` is what the image was read from, where DICOM objects are wanted; `tell` hears what a PDF lacks. What needs
    the image or the result is left out where the study has none. Raises OutputError where the place is full or takes no
    files.
    """
    from LumbarSegLib.core.dicom.writing import write_dicom
    from LumbarSegLib.core.images import write_whole
    from LumbarSegLib.core.report.measured import draw_measured
    from LumbarSegLib.core.report.page import report_html
    from LumbarSegLib.core.report.page_files import write_page
    from LumbarSegLib.core.report.pdf import check_pdf
    from LumbarSegLib.core.report.tables import to_csv, to_json

    check_folder(folder)
    if pdf:
        check_pdf()
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".", dir=folder) as place:
        part = Path(place) / study.name
        findings = study.findings

        def file(suffix: str) -> Path:
            return part.with_name(part.name + suffix)

        if study.result is not None:
            _save(study, file(".seg.nrrd"))
        html = report_html(study, patient)
        write_page(html, file(".html"))
        if pdf:
            write_page(html, file(".pdf"), tell)
        if dicom:
            write_dicom(study, dicom, Path(place))
        image, result = study.image, study.result
        if image is not None and result is not None:
            write_whole(file(".png"), lambda path: draw_measured(image, result, findings, path, study.provenance))
        _write_text(file(".csv"), to_csv(findings, study.provenance), "utf-8-sig")
        _write_text(file(".json"), to_json(findings, study.provenance) + "\n", "utf-8")
        made = sorted(path for path in Path(place).iterdir() if path.is_file())
        return tuple(path.replace(folder / path.name) for path in made)


def check_source(image: Path, *, dicom: bool, patient: bool) -> None:
    """Raise InputError where DICOM results or the patient's fields are wanted of an image that is no DICOM."""
    from LumbarSegLib.core.dicom.series import is_dicom

    if not image.exists():
        raise InputError(f"{image}: there is no such file or folder; check the path.")
    if (dicom or patient) and not (image.is_dir() or is_dicom(image)):
        so, option = ("it has no DICOM results", "--dicom") if dicom else ("it names no patient", "--patient")
        raise InputError(f"{image.name} is no DICOM image, so {so}; leave out {option}.")


def patient_of(image: Path, study: "Study") -> dict[str, str]:
    """What the DICOM header of a study's image says of the patient. Raises InputError where it says nothing."""
    from LumbarSegLib.core.dicom.patient import patient_at

    told = patient_at(image, study.provenance.get("image_series_instance_uid"))
    if not told:
        raise InputError(f"{image.name} says nothing of a patient; leave out --patient.")
    return told


def _save(study: "Study", path: Path) -> None:
    from LumbarSegLib.scene.files import save_segmentation
    from LumbarSegLib.scene.host import open_scene
    from LumbarSegLib.scene.segmentations import segmentation_from_result
    from LumbarSegLib.scene.volumes import volume_from_image

    assert study.result is not None
    with open_scene() as scene:
        image = study.image if study.image is not None else study.result.labels
        volume = volume_from_image(scene, image, study.name)
        save_segmentation(segmentation_from_result(scene, study.result, volume, study.provenance), path)


def _write_text(path: Path, text: str, encoding: str) -> None:
    from LumbarSegLib.core.images import write_whole

    def write(part: Path) -> None:
        part.write_text(text, encoding=encoding)

    write_whole(path, write)
