"""Which DICOM files make up a series: the headers of all files in a folder, grouped, and one group chosen."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import MediaStorageDirectoryStorage

from LumbarSegLib.errors import InputError

# pydicom raises these for a file that is none, is damaged or ends early; the last where a header names a kind of value
# that there is not.
UNREADABLE = (InvalidDicomError, OSError, EOFError, ValueError, NotImplementedError)

_TAGS = [
    "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "Modality",
    "Rows", "Columns", "NumberOfFrames", "RescaleSlope", "RescaleIntercept",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
    "SpacingBetweenSlices", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
    "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelSpacingCalibrationType", "PixelAspectRatio",
    "EstimatedRadiographicMagnificationFactor", "PatientOrientation", "ViewPosition", "ViewCodeSequence",
    "PatientAge", "PatientSex",
]  # fmt: skip
_SUFFIXES = (".dcm", ".ima")
_OFFSETS = ("OffsetOfTheNextDirectoryRecord", "OffsetOfReferencedLowerLevelDirectoryEntity")

Header = tuple[Path, Dataset]


@dataclass(frozen=True)
class Series:
    """The image headers of a series in the order of their files' names, and the files that should be images of it but
    cannot be read.
    """

    headers: list[Header]
    damaged: list[Path]


@dataclass(frozen=True)
class Listed:
    """A series as a user chooses it; `description` is "" where its files have none."""

    uid: str
    number: str
    description: str
    slices: int


def is_dicom(path: Path) -> bool:
    """Whether the file is DICOM with the standard's preamble."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def series_at(path: Path, wanted: str | None = None, modalities: Collection[str] = ()) -> Series:
    """The series of one file, or the only or the wanted one (number or SeriesInstanceUID) of a folder and all below, or
    of the files that a DICOMDIR lists.

    Series of these `modalities` hide those of others in a folder. Raises InputError where there is no image, or no
    single series.
    """
    if path.is_file() and not is_media_directory(path):
        return _of_file(path)
    return _of_several(path, wanted, modalities)


def series_among(paths: Sequence[Path], uid: str) -> Series:
    """The series with this SeriesInstanceUID among files, folders with all below, and the files that a DICOMDIR lists;
    one file stands for those beside it as well. Raises InputError where it is not there.
    """
    files = [file for path in paths for file in (files_at(path) if _holds_files(path) else (path,))]
    if len(paths) == 1 and not _holds_files(paths[0]):
        files = sorted(file for file in paths[0].parent.iterdir() if file.is_file())
    read = _read(files)
    headers = [header for header in read.headers if header[1].SeriesInstanceUID == uid]
    if not headers:
        raise InputError(f"{paths[0].name}: the series that was measured is not there; give its DICOM images.")
    return read.series(headers)


def is_media_directory(path: Path) -> bool:
    """Whether a file is a DICOMDIR, which lists the files of a medium."""
    if not is_dicom(path):
        return False
    try:
        meta = read_file_meta_info(path)
    except UNREADABLE:
        return False
    return bool(meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage)


def files_at(path: Path) -> list[Path]:
    """All files of a folder and below, or those that a DICOMDIR lists, sorted by their names.

    Raises InputError where the DICOMDIR is damaged or lists nothing that is there.
    """
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    try:
        records = dcmread(path).get("DirectoryRecordSequence") or []
        listed = [record.ReferencedFileID for record in records if record.get("ReferencedFileID")]
        # pydicom reads one that was cut short as far as it goes, and images would be missing without a word.
        farthest = max((int(record[offset].value) for record in records for offset in _OFFSETS), default=0)
        if farthest >= path.stat().st_size or len(listed) < sum(one.DirectoryRecordType == "IMAGE" for one in records):
            raise EOFError
    except (*UNREADABLE, KeyError, AttributeError) as error:
        raise InputError(f"{path.name}: this DICOMDIR is damaged; give the folder with the images instead.") from error
    parts = [[name] if isinstance(name, str) else list(name) for name in listed]
    there = sorted({file for names in parts if (file := _on_medium(path.parent, names))})
    if not there:
        raise InputError(
            f"{path.name}: none of the {len(parts)} files that it lists is there; give the DICOMDIR in its own folder, "
            "or the folder with the images."
        )
    return there


def _holds_files(path: Path) -> bool:
    return path.is_dir() or is_media_directory(path)


def _on_medium(root: Path, names: Sequence[str]) -> Path | None:
    """The file that a DICOMDIR names by its folders; copies of a disc often have their names in small letters. None
    where it is missing, or would lie outside of the medium.
    """
    for tried in (names, [name.lower() for name in names]):
        file = root.joinpath(*tried)
        if file.is_file() and file.resolve().is_relative_to(root.resolve()):
            return file
    return None


def frames_of(header: Dataset) -> int:
    """How many slices a file holds."""
    return int(header.get("NumberOfFrames") or 1)


@dataclass
class _Found:
    headers: list[Header] = field(default_factory=list)
    damaged: list[tuple[Path, str]] = field(default_factory=list)
    """With the series that they belong to, "" where they do not even tell that."""

    def series(self, headers: list[Header]) -> Series:
        uid = headers[0][1].SeriesInstanceUID
        return Series(headers, [file for file, its in self.damaged if its in ("", uid)])


def _read(files: Iterable[Path]) -> _Found:
    found = _Found()
    for file in files:
        try:
            header = dcmread(file, stop_before_pixels=True, specific_tags=_TAGS)
        # All that pydicom raises on notes, thumbnails and odd objects that lie beside the images of a folder.
        except UNREADABLE:
            if file.suffix.lower() in _SUFFIXES:
                found.damaged.append((file, ""))
            continue
        if "Rows" in header and "SeriesInstanceUID" in header and header.get("Modality") != "SEG":
            found.headers.append((file, header))
        elif header.file_meta.get("MediaStorageSOPClassUID") != MediaStorageDirectoryStorage:
            found.damaged.append((file, str(header.get("SeriesInstanceUID", ""))))
    return found


def _of_file(path: Path) -> Series:
    named = _read([path]).headers
    if not named:
        raise InputError(f"{path.name}: this DICOM file holds no image; give a file or the folder of an image series.")
    if frames_of(named[0][1]) > 1:
        return Series(named, [])
    uid = named[0][1].SeriesInstanceUID
    beside = _read(sorted(file for file in path.parent.iterdir() if file.is_file()))
    return beside.series([header for header in beside.headers if header[1].SeriesInstanceUID == uid])


def series_in(path: Path) -> list[Listed]:
    """The series of a folder, or of the files that a DICOMDIR lists, that one would choose from, by their number."""
    return _listed(_placed(_read(files_at(path)), ()))


def _of_several(path: Path, wanted: str | None, modalities: Collection[str]) -> Series:
    read = _read(files_at(path))
    what = "folder" if path.is_dir() else "medium"
    placed = _placed(read, modalities)
    if not placed:
        raise InputError(f"{path.name}: the {what} holds no DICOM image; give the folder of an image series.")
    if wanted is not None:
        placed = {uid: headers for uid, headers in placed.items() if wanted in (uid, _number(headers))} or placed
        if len(placed) == 1 and wanted in (*placed, _number(*placed.values())):
            return read.series(next(iter(placed.values())))
        raise InputError(f"{path.name}: no single series is {wanted!r}; {_listing(placed)}")
    if len(placed) > 1:
        raise InputError(f"{path.name}: the {what} holds {len(placed)} series; {_listing(placed)}")
    return read.series(next(iter(placed.values())))


def _placed(read: _Found, modalities: Collection[str]) -> dict[str, list[Header]]:
    """The series by their UIDs. Screen captures and other pictures lie in many study folders; only images with a place
    are volumes.
    """
    found: dict[str, list[Header]] = defaultdict(list)
    for header in read.headers:
        found[str(header[1].SeriesInstanceUID)].append(header)
    return (
        {uid: headers for uid, headers in found.items() if headers[0][1].get("Modality") in modalities}
        or {uid: headers for uid, headers in found.items() if _has_place(headers[0][1])}
        or found
    )


def _listed(found: dict[str, list[Header]]) -> list[Listed]:
    rows = [
        Listed(
            uid,
            _number(headers),
            str(headers[0][1].get("SeriesDescription") or ""),
            sum(frames_of(header) for _, header in headers),
        )
        for uid, headers in found.items()
    ]
    return sorted(rows, key=lambda one: int(one.number or 0))


def _listing(found: dict[str, list[Header]]) -> str:
    lines = "; ".join(
        f"{one.number} ({one.description or 'no description'}, {one.slices} slices, UID {one.uid})"
        for one in _listed(found)
    )
    return f"choose one with its number or UID (--series): {lines}"


def _number(headers: list[Header]) -> str:
    return str(headers[0][1].get("SeriesNumber") or 0)


def _has_place(header: Dataset) -> bool:
    return "ImagePositionPatient" in header or "PerFrameFunctionalGroupsSequence" in header
