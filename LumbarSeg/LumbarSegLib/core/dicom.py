"""DICOM files -> one volume: a series is found, its slices put in order, their geometry proven regular.

Pixels are decoded by GDCM through SimpleITK (uncompressed, RLE, JPEG, JPEG-LS, JPEG 2000); order, spacing and
direction come from the headers of all slices, because ITK takes the spacing from the first two files and only
warns when the others do not agree.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from LumbarSegLib.errors import InputError

SERIES_UID = "SeriesInstanceUID"
MODALITY = "Modality"

_TAGS = [
    "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "Modality",
    "Rows", "Columns", "NumberOfFrames", "RescaleSlope", "RescaleIntercept",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
    "SpacingBetweenSlices", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
]  # fmt: skip
_GAP_TOLERANCE = 0.1
_TILT_TOLERANCE = 0.02

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Slice:
    """One image plane: its file, its index in the file, and where it lies (LPS, mm)."""

    file: Path
    frame: int
    position: Vector
    row: Vector
    column: Vector
    spacing: tuple[float, float]
    size: tuple[int, int]


_Header = tuple[Path, Dataset]


def is_dicom(path: Path) -> bool:
    """Whether the file is DICOM with the standard's preamble."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def read_series(path: Path, series: str | None = None) -> sitk.Image:
    """The volume of one series, slices sorted along their normal, right-handed, in LPS mm.

    `path`: a folder (searched with its sub-folders), or one file, which stands for its series in its folder.
    `series`: number or SeriesInstanceUID of the wanted series; needed when a folder holds several.
    The image keeps SeriesInstanceUID and Modality in its metadata and nothing that names the patient.
    Raises InputError: no DICOM image, several series, slices that make no regular block, unreadable pixels.
    """
    headers = _series_of_file(path) if path.is_file() else _series_of_folder(path, series)
    first = headers[0][1]
    slices = _in_order([plane for header in headers for plane in _planes(*header)], path)
    image = _pixels(slices, headers, path)
    image.SetOrigin(slices[0].position.tolist())
    image.SetSpacing((*slices[0].spacing, _distance(slices, first, path)))
    image.SetDirection(np.stack([slices[0].row, slices[0].column, _normal(slices[0])], axis=1).ravel().tolist())
    image.SetMetaData(SERIES_UID, str(first.SeriesInstanceUID))
    image.SetMetaData(MODALITY, str(first.get("Modality", "")))
    return image


def _headers(files: Iterable[Path]) -> Iterator[_Header]:
    for file in files:
        try:
            header = dcmread(file, stop_before_pixels=True, specific_tags=_TAGS)
        # All that pydicom raises on notes, thumbnails and odd objects that lie beside the images of a folder.
        except (InvalidDicomError, OSError, EOFError, ValueError, NotImplementedError):
            continue
        if "Rows" in header and "SeriesInstanceUID" in header and header.get("Modality") != "SEG":
            yield file, header


def _series_of_file(path: Path) -> list[_Header]:
    named = next(_headers([path]), None)
    if named is None:
        raise InputError(f"{path.name}: this DICOM file holds no image; give a file or the folder of an image series.")
    if _frames(named[1]) > 1:
        return [named]
    beside = _headers(sorted(file for file in path.parent.iterdir() if file.is_file()))
    return [header for header in beside if header[1].SeriesInstanceUID == named[1].SeriesInstanceUID]


def _series_of_folder(path: Path, wanted: str | None) -> list[_Header]:
    found: dict[str, list[_Header]] = defaultdict(list)
    for header in _headers(sorted(file for file in path.rglob("*") if file.is_file())):
        found[str(header[1].SeriesInstanceUID)].append(header)
    if not found:
        raise InputError(f"{path.name}: the folder holds no DICOM image; give the folder of an image series.")
    # Screen captures and other pictures lie in many study folders; only images with a place are volumes.
    placed = {uid: headers for uid, headers in found.items() if _has_place(headers[0][1])} or found
    if wanted is not None:
        placed = {uid: headers for uid, headers in placed.items() if wanted in (uid, _number(headers))} or placed
        if len(placed) == 1 and wanted in (*placed, _number(*placed.values())):
            return next(iter(placed.values()))
        raise InputError(f"{path.name}: no single series is {wanted!r}; {_listing(placed)}")
    if len(placed) > 1:
        raise InputError(f"{path.name}: the folder holds {len(placed)} series; {_listing(placed)}")
    return next(iter(placed.values()))


def _listing(found: dict[str, list[_Header]]) -> str:
    lines = "; ".join(
        f"{_number(headers)} ({headers[0][1].get('SeriesDescription') or 'no description'}, "
        f"{sum(_frames(header) for _, header in headers)} slices, UID {uid})"
        for uid, headers in sorted(found.items(), key=lambda item: int(_number(item[1]) or 0))
    )
    return f"choose one with its number or UID (--series): {lines}"


def _number(headers: list[_Header]) -> str:
    return str(headers[0][1].get("SeriesNumber") or 0)


def _frames(header: Dataset) -> int:
    return int(header.get("NumberOfFrames") or 1)


def _has_place(header: Dataset) -> bool:
    return "ImagePositionPatient" in header or "PerFrameFunctionalGroupsSequence" in header


def _planes(file: Path, header: Dataset) -> Iterator[_Slice]:
    for frame in range(_frames(header)):
        groups = _groups(header, frame)
        position = _value(groups, "PlanePositionSequence", "ImagePositionPatient")
        orientation = _value(groups, "PlaneOrientationSequence", "ImageOrientationPatient")
        spacing = _value(groups, "PixelMeasuresSequence", "PixelSpacing")
        if position is None or orientation is None:
            raise InputError(
                f"{file.name}: the DICOM header does not say where the image lies in the patient; "
                "give an original MR series, not a screen capture."
            )
        if spacing is None or min(spacing) <= 0:
            raise InputError(f"{file.name}: the pixel spacing is missing or zero; export the series again.")
        row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
        if abs(np.linalg.norm(np.cross(row, column)) - 1) > _TILT_TOLERANCE:
            raise InputError(f"{file.name}: the direction matrix is singular; export the series again.")
        yield _Slice(
            file, frame, np.array(position, float), row, column,
            # DICOM gives the distance of rows first; the image's x axis runs along a row.
            spacing=(float(spacing[1]), float(spacing[0])),
            size=(int(header.Columns), int(header.Rows)),
        )  # fmt: skip


def _groups(header: Dataset, frame: int) -> list[Dataset]:
    """Where a plane's attributes may stand: in the frame's group, the shared group, or the file itself."""
    per_frame = header.get("PerFrameFunctionalGroupsSequence") or []
    shared = header.get("SharedFunctionalGroupsSequence") or []
    return [*([per_frame[frame]] if frame < len(per_frame) else []), *shared, header]


def _value(groups: list[Dataset], sequence: str, keyword: str) -> Any:
    for group in groups:
        for holder in (*(group.get(sequence) or []), group):
            if holder.get(keyword) is not None:
                return holder.get(keyword)
    return None


def _normal(plane: _Slice) -> Vector:
    return np.cross(plane.row, plane.column)


def _in_order(planes: list[_Slice], path: Path) -> list[_Slice]:
    """The planes sorted along their normal; InputError unless they make one regular block."""
    first = planes[0]
    if any(plane.size != first.size or plane.spacing != first.spacing for plane in planes):
        raise InputError(f"{path.name}: the slices differ in size or pixel spacing; export one series at a time.")
    if any(
        np.abs(plane.row - first.row).max() > _TILT_TOLERANCE
        or np.abs(plane.column - first.column).max() > _TILT_TOLERANCE
        for plane in planes
    ):
        raise InputError(
            f"{path.name}: the slices lie in several directions, as in a localizer or blocks along discs; "
            "give a series whose slices are parallel."
        )
    normal = _normal(first)
    planes = sorted(planes, key=lambda plane: float(plane.position @ normal))
    steps = np.diff([plane.position for plane in planes], axis=0) if len(planes) > 1 else np.empty((0, 3))
    gaps = steps @ normal
    if len(gaps) and gaps.min() < 0.01:
        raise InputError(
            f"{path.name}: several slices lie at one place, as with several echoes or time points; export one of them."
        )
    if len(gaps) and np.abs(gaps - np.median(gaps)).max() > _GAP_TOLERANCE * np.median(gaps):
        raise InputError(
            f"{path.name}: the slice spacing is mixed ({gaps.min():.2f} to {gaps.max():.2f} mm), "
            "so a slice is missing or two stacks are mixed; export the whole series again."
        )
    drift = steps - gaps[:, None] * normal
    if len(gaps) and np.linalg.norm(drift, axis=1).max() > _GAP_TOLERANCE * np.median(gaps):
        raise InputError(
            f"{path.name}: the slices are shifted against each other, so they make no regular block; "
            "give a series whose slices lie straight above each other."
        )
    return planes


def _distance(slices: list[_Slice], header: Dataset, path: Path) -> float:
    """Distance of neighbouring slice centres in mm; a single slice has only what its header says."""
    if len(slices) > 1:
        return float((slices[-1].position - slices[0].position) @ _normal(slices[0])) / (len(slices) - 1)
    groups = _groups(header, 0)
    stated = _value(groups, "PixelMeasuresSequence", "SpacingBetweenSlices") or _value(
        groups, "PixelMeasuresSequence", "SliceThickness"
    )
    if not stated or float(stated) <= 0:
        raise InputError(f"{path.name}: the slice thickness is missing or zero; export the series again.")
    return float(stated)


def _pixels(slices: list[_Slice], headers: list[_Header], path: Path) -> sitk.Image:
    """Voxels in the order of `slices`; geometry still unset."""
    try:
        if len(headers) == 1:
            frames = sitk.GetArrayFromImage(sitk.ReadImage(str(headers[0][0])))
            return sitk.GetImageFromArray(frames[[plane.frame for plane in slices]])
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames([str(plane.file) for plane in slices])
        scales = {(header.get("RescaleSlope"), header.get("RescaleIntercept")) for _, header in headers}
        if len(scales) > 1:
            # The voxel type is taken from the first file; another file's scaled values may not fit in it.
            reader.SetOutputPixelType(sitk.sitkFloat32)
        stacked: sitk.Image = reader.Execute()
        return stacked
    except RuntimeError as error:
        raise InputError(
            f"{path.name}: the pixels cannot be read (damaged, or compressed as {_compression(headers)}); "
            "export the series uncompressed."
        ) from error


def _compression(headers: list[_Header]) -> str:
    return str(headers[0][1].file_meta.TransferSyntaxUID.name)
