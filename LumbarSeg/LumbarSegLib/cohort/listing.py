"""Which images are wanted: those that a text or CSV file names, or all that lie in a folder."""

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydicom import dcmread

from LumbarSegLib.cohort.cases import Wanted
from LumbarSegLib.core.analysis import TASKS
from LumbarSegLib.core.dicom.series import UNREADABLE
from LumbarSegLib.core.images import full_suffix
from LumbarSegLib.errors import InputError

LIST_SUFFIXES = (".txt", ".csv", ".tsv")
_IMAGE_SUFFIXES = (
    ".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp",
)  # fmt: skip
_DICOM_SUFFIXES = (".dcm", ".ima")
_COLUMNS = {
    "image": ("image", "path", "file", "filename", "image_path"),
    "name": ("name", "case", "id", "case_id"),
    "task": ("task",),
    "series": ("series",),
}
"""What a column may be called; the first is what messages say."""

_SEPARATORS = ",;\t"


def wanted_images(source: Path, without: Path) -> list[Wanted]:
    """The images of a list or a folder, in its order or by name; a folder `without` what lies below one in it.

    Raises InputError where there is no such list or folder, where it names no image, names one twice or a task that
    does not exist, and where it cannot be read.
    """
    if not source.exists():
        raise InputError(f"{source}: there is no such list or folder; check the path.")
    try:
        wanted = list(_in_folder(source, without.resolve())) if source.is_dir() else _in_list(source)
    except PermissionError as error:
        raise InputError(f"{error.filename or source}: reading is not permitted; ask for access.") from error
    if not wanted:
        raise InputError(f"{source}: there is no image in it; give a list of images, one a line, or a folder of them.")
    return wanted


def _in_list(source: Path) -> list[Wanted]:
    if full_suffix(source) not in LIST_SUFFIXES:
        raise InputError(
            f"{source.name}: this is no list; give a text file with one image a line, a CSV file with a column "
            "image, or a folder."
        )
    wanted: dict[Wanted, int] = {}
    for line, one in _entries(source):
        if one in wanted:
            raise InputError(f"{source.name}: lines {wanted[one]} and {line} name the same image; leave out one.")
        if one.task not in ("", *TASKS):
            raise InputError(f"{source.name}, line {line}: {one.task} is no task; give one of {', '.join(TASKS)}.")
        wanted[one] = line
    return list(wanted)


def _entries(source: Path) -> Iterator[tuple[int, Wanted]]:
    """The number of each line that names an image, and what it says. Relative paths start at the list's folder."""
    lines = _text(source).splitlines()
    separator = _separator(source, lines)
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)] if separator else None
    if rows is None:
        plain = ((number, line.strip()) for number, line in enumerate(lines, 1))
        yield from ((number, Wanted(_at(source, text))) for number, text in plain if text and text[0] != "#")
        return
    places = _places(rows[0])
    for number, row in enumerate(rows[1:], 2):
        told = {key: row[place] for key, place in places.items() if place < len(row)}
        if told.get("image") and told["image"][0] != "#":
            task = told.get("task", "").lower().removeprefix("auto")
            yield number, Wanted(_at(source, told["image"]), told.get("name", ""), task, told.get("series", ""))


def _text(source: Path) -> str:
    """The text of a list; what is not UTF-8 is taken as spreadsheets on Windows write it."""
    content = source.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _separator(source: Path, lines: Sequence[str]) -> str:
    """What stands between the columns of a table with a heading that names the images, "" in a plain list.

    Raises InputError for a table without such a column.
    """
    first = lines[0] if lines else ""
    for separator in _SEPARATORS:
        if "image" in _places(first.split(separator)):
            return separator
    if full_suffix(source) != ".txt" and any(separator in first for separator in _SEPARATORS):
        raise InputError(f"{source.name}: no column is called image; name the column of the images so, in line 1.")
    return ""


def _places(heading: Sequence[str]) -> dict[str, int]:
    """The number of each known column in a heading."""
    called = [cell.strip().strip('"').lower() for cell in heading]
    found = {key: [called.index(name) for name in names if name in called] for key, names in _COLUMNS.items()}
    return {key: places[0] for key, places in found.items() if places}


def _at(source: Path, text: str) -> Path:
    return (source.parent / Path(text).expanduser()).absolute()


def _in_folder(source: Path, without: Path) -> Iterator[Wanted]:
    """Images and DICOM series in a folder and below; nothing hidden, no segmentations."""
    for place, folders, files in os.walk(source.absolute()):
        folder = Path(place)
        folders[:] = sorted(one for one in folders if one[0] != "." and (folder / one).resolve() != without)
        paths = [folder / file for file in sorted(files) if file[0] != "."]
        series = _series([path for path in paths if full_suffix(path) not in _IMAGE_SUFFIXES])
        # A folder stands for all below it, a file for its series in its own folder alone.
        yield from (Wanted(folder if len(series) == 1 and not folders else first) for first in series)
        yield from (Wanted(path) for path in paths if full_suffix(path) in _IMAGE_SUFFIXES)


def _series(paths: Sequence[Path]) -> list[Path]:
    """The first file of each DICOM series; where all are damaged, that of the files that should be images."""
    firsts: dict[str, Path] = {}
    for path in paths:
        try:
            header = dcmread(path, stop_before_pixels=True, specific_tags=["SeriesInstanceUID", "Rows", "Modality"])
        except UNREADABLE:
            continue
        if "Rows" in header and header.get("Modality") != "SEG":
            firsts.setdefault(str(header.get("SeriesInstanceUID", path)), path)
    return list(firsts.values()) or [path for path in paths if path.suffix.lower() in _DICOM_SUFFIXES][:1]
