"""From DICOM headers to slices: where each image plane lies and how large it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from LumbarSegLib.core.dicom.series import Header, frames_of
from LumbarSegLib.core.planes import Plane, Vector, triple
from LumbarSegLib.errors import InputError

_PLANES = ("sagittal", "coronal", "axial")
_SQUARE = 0.02
_STEEPEST = np.cos(np.deg2rad(60))


@dataclass(frozen=True)
class Slice:
    """One image plane: its file, its index in the file, its size (columns, rows), where it lies, and the thickness or
    distance in mm that its header states, 0 where it states none.
    """

    file: Path
    frame: int
    size: tuple[int, int]
    plane: Plane
    thickness: float

    @property
    def middle(self) -> Vector:
        """The middle of the slice, LPS mm, shape (3,)."""
        columns, rows = self.size
        return self.plane.to_lps([((columns - 1) / 2, (rows - 1) / 2)])[0]


def slices_of(header: Header) -> Iterator[Slice]:
    """The slices of a file. Raises InputError where its header does not place them."""
    file, dataset = header
    for frame in range(frames_of(dataset)):
        groups = _groups(dataset, frame)
        position = _value(groups, "PlanePositionSequence", "ImagePositionPatient")
        orientation = _value(groups, "PlaneOrientationSequence", "ImageOrientationPatient")
        spacing = _value(groups, "PixelMeasuresSequence", "PixelSpacing")
        if position is None or orientation is None:
            raise InputError(
                f"{file.name}: the DICOM header does not say where the image lies in the patient; "
                "give an original MR series, not a screen capture, or --task xray for a radiograph."
            )
        if spacing is None or min(spacing) <= 0:
            raise InputError(f"{file.name}: the pixel spacing is missing or zero; export the series again.")
        row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
        if abs(np.linalg.norm(np.cross(row, column)) - 1) > _SQUARE:
            raise InputError(f"{file.name}: the direction matrix is singular; export the series again.")
        # DICOM gives the distance of rows first; the image's x axis runs along a row.
        plane = Plane(triple(position), triple(row), triple(column), (float(spacing[1]), float(spacing[0])))
        yield Slice(file, frame, (int(dataset.Columns), int(dataset.Rows)), plane, _thickness(groups))


def thickness_of(header: Dataset, frame: int) -> float:
    """The slice thickness in mm that the header of a file states of one of its frames, 0 where it states none."""
    return max(0.0, float(_value(_groups(header, frame), "PixelMeasuresSequence", "SliceThickness") or 0.0))


def plane_in(slices: list[Slice], name: str) -> str:
    """The plane that the slices of a series lie in, each by the largest part of its normal.

    Beside axial slices others count as axial up to 60 degrees: a disc between L5 and S1 can be steeper than 45. Raises
    InputError for a localizer, whose slices lie in several planes.
    """
    normals = np.abs([one.plane.normal for one in slices])
    seen = {_PLANES[index] for index in np.argmax(normals, axis=1)}
    if "axial" in seen and normals[:, 2].min() >= _STEEPEST:
        return "axial"
    if len(seen) > 1:
        raise InputError(
            f"{name}: the slices lie in {' and '.join(sorted(seen))} planes, as in a localizer; "
            "give a series whose slices lie in one."
        )
    return seen.pop()


def _thickness(groups: list[Dataset]) -> float:
    stated = _value(groups, "PixelMeasuresSequence", "SpacingBetweenSlices") or _value(
        groups, "PixelMeasuresSequence", "SliceThickness"
    )
    return max(0.0, float(stated or 0.0))


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
