"""The DICOM images that a study was made from, read again as what SEG and SR refer to.

Patient, study and frame of reference are kept as they are. What the standard wants there but may leave empty (type 2)
is left empty where it is missing; without what it cannot do without (type 1) nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.valuerep import DA, TM

from LumbarSegLib.core.dicom.radiograph import MODALITIES
from LumbarSegLib.core.dicom.series import Series, is_dicom, series_among, series_at
from LumbarSegLib.core.dicom.slices import slices_of, thickness_of
from LumbarSegLib.core.planes import Plane
from LumbarSegLib.errors import InputError

_NEEDED = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_NEEDED_OF_VOLUMES = (*_NEEDED, "FrameOfReferenceUID")
_MAY_BE_EMPTY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "ReferringPhysicianName",
    "StudyID", "AccessionNumber", "SliceThickness",
)  # fmt: skip
_SEXES = ("M", "F", "O")
NOT_DICOM = "DICOM SEG and SR refer to the DICOM images that they were made from; give the DICOM series as the image."


@dataclass(frozen=True)
class Frame:
    """One image plane of the source: the header of its file, its number in the file from 1, where it lies, and its
    thickness in mm, 0 where none is stated. A radiograph lies nowhere.
    """

    header: Dataset
    number: int
    plane: Plane | None
    thickness: float = 0.0


@dataclass(frozen=True)
class Source:
    """The images of one series, with their whole headers, and the frames of all in the order of the files."""

    paths: tuple[Path, ...]
    headers: tuple[Dataset, ...]
    frames: tuple[Frame, ...]

    @property
    def first(self) -> Dataset:
        return self.headers[0]

    @property
    def is_radiograph(self) -> bool:
        return self.frames[0].plane is None


def read_source(files: Sequence[Path], series_uid: str = "") -> Source:
    """The series of an image: `files` are all of its files, or the one file or folder that it was read from.

    `series_uid` tells which one is meant; without it, there must be one alone. Raises InputError where there is no
    DICOM, or another series, and where the headers lack what nothing can be written without.
    """
    found = _series(files, series_uid)
    radiograph = found.headers[0][1].get("Modality") in MODALITIES
    paths = [path for path, _ in found.headers]
    if radiograph and len(paths) > 1:
        paths = [path for path in paths if path in files]
        if len(paths) != 1:
            raise InputError(f"{files[0].name}: there are several radiographs in this series; give the file of one.")
    headers = [_complete(path, _NEEDED if radiograph else _NEEDED_OF_VOLUMES) for path in paths]
    if len({header.StudyInstanceUID for header in headers}) > 1:
        raise InputError(f"{files[0].name}: the images of this series name several studies; export the series again.")
    if radiograph:
        return Source(tuple(paths), tuple(headers), (Frame(headers[0], 1, None),))
    frames = [
        Frame(header, one.frame + 1, one.plane, thickness_of(header, one.frame))
        for path, header in zip(paths, headers, strict=True)
        for one in slices_of((path, header))
    ]
    return Source(tuple(paths), tuple(headers), tuple(frames))


def _series(files: Sequence[Path], series_uid: str) -> Series:
    if not files or not all(file.is_dir() or is_dicom(file) for file in files):
        raise InputError(NOT_DICOM)
    if not series_uid and len(files) > 1:
        series_uid = str(dcmread(files[0], stop_before_pixels=True).get("SeriesInstanceUID", ""))
    return series_among(files, series_uid) if series_uid else series_at(files[0])


def _complete(path: Path, needed: Sequence[str]) -> Dataset:
    header = dcmread(path, stop_before_pixels=True)
    # What is written is Unicode; pydicom passes text within sequences on as the bytes that it was read as.
    header.decode()
    missing = [keyword for keyword in needed if not header.get(keyword)]
    if missing:
        raise InputError(
            f"{path.name}: the DICOM header lacks {', '.join(missing)}, which nothing that refers to it can do "
            "without; export the series again."
        )
    for keyword in _MAY_BE_EMPTY:
        if keyword not in header or not _is_valid(keyword, header.get(keyword)):
            setattr(header, keyword, None)
    return header


def _is_valid(keyword: str, value: object) -> bool:
    """Whether a value can be taken over; what no reader takes for a date, a time or a sex counts as missing."""
    if keyword == "PatientSex":
        return value in _SEXES
    kind = DA if keyword.endswith("Date") else TM if keyword.endswith("Time") else None
    try:
        return kind is None or kind(str(value or "")) is not None
    except ValueError:
        return False
