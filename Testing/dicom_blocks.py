"""Real DICOM files of axial series whose slices lie in several oblique blocks, drawn by formula."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pydicom.valuerep import DSfloat

from LumbarSegLib.core.planes import Plane
from Testing import dicom_series

Floats = NDArray[np.float64]
Drawing = Callable[[Floats, Floats], NDArray[Any]]
"""Values of the pixels that lie these mm to the patient's left and to the back from the middle of a slice."""


def ellipse(across_mm: float, down_mm: float, left: float = 0.0, back: float = 0.0) -> Drawing:
    """300 inside of an ellipse with these half axes around (left, back), 100 outside."""
    return lambda x, y: np.where(((x - left) / across_mm) ** 2 + ((y - back) / down_mm) ** 2 < 1, 300, 100)


_SAC = ellipse(9.0, 6.0)


@dataclass(frozen=True)
class Block:
    """`count` parallel slices of `size` (columns, rows), `distance` mm apart, upward from the one whose middle is at
    `middle` (LPS mm); `tilt` degrees about the left-right axis lift their back, `turn` degrees about the front-back
    axis their left. `spacing` is that along a row and along a column.
    """

    middle: tuple[float, float, float]
    tilt: float = 0.0
    turn: float = 0.0
    count: int = 3
    distance: float = 4.4
    spacing: tuple[float, float] = (0.7, 0.7)
    size: tuple[int, int] = (64, 56)
    draw: Drawing = _SAC

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The plane of each slice, from below upward."""
        tilt, turn = np.deg2rad([self.tilt, self.turn])
        row = np.array([np.cos(turn), 0.0, np.sin(turn)])
        column = np.array([-np.sin(turn) * np.sin(tilt), np.cos(tilt), np.cos(turn) * np.sin(tilt)])
        columns, rows = self.size
        to_middle = row * self.spacing[0] * (columns - 1) / 2 + column * self.spacing[1] * (rows - 1) / 2
        normal = np.cross(row, column)
        first = np.array(self.middle) - to_middle
        return tuple(
            Plane(_triple(first + index * self.distance * normal), _triple(row), _triple(column), self.spacing)
            for index in range(self.count)
        )

    @property
    def values(self) -> NDArray[np.uint16]:
        """The pixels of each of its slices, shape (rows, columns)."""
        columns, rows = self.size
        x = (np.arange(columns) - (columns - 1) / 2) * self.spacing[0]
        y = (np.arange(rows) - (rows - 1) / 2) * self.spacing[1]
        return self.draw(x[None, :], y[:, None]).astype(np.uint16)


THREE_BLOCKS = (
    Block((0.0, 10.0, 100.0), tilt=-18.0, draw=ellipse(8.0, 5.0)),
    Block((1.0, 5.0, 135.0), tilt=-3.0, turn=4.0, count=4, distance=5.0, draw=ellipse(9.0, 7.0)),
    Block((2.0, 7.0, 172.0), tilt=12.0, draw=ellipse(10.0, 8.0)),
)
"""As along the three lowest discs, from below upward; the middle one has wider gaps and is turned as well."""


def write_blocks(folder: Path, blocks: Sequence[Block] = THREE_BLOCKS, **attributes: Any) -> str:
    """Write the blocks as one series, its files named in an order of their own, and return its SeriesInstanceUID.

    `attributes` replace what the headers say, None leaves one out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    uid = generate_uid()
    for place, header in enumerate(slices_of(blocks, uid, **attributes)):
        header.save_as(folder / file_name(place), enforce_file_format=True)
    return uid


def write_multi_frame(path: Path, blocks: Sequence[Block] = THREE_BLOCKS) -> None:
    """Write the blocks, all of one size and spacing, as one enhanced MR file of several stacks, topmost slice first."""
    frames = [(plane, block) for block in blocks for plane in block.planes][::-1]
    groups = [
        dicom_series.dataset(
            PlanePositionSequence=[dicom_series.dataset(ImagePositionPatient=_decimal(plane.origin))],
            PlaneOrientationSequence=[
                dicom_series.dataset(ImageOrientationPatient=_decimal((*plane.row, *plane.column)))
            ],
        )
        for plane, _ in frames
    ]
    measures = dicom_series.dataset(PixelSpacing=_decimal(blocks[0].spacing[::-1]), SliceThickness=4.0)
    values = np.stack([block.values for _, block in frames])
    dicom_series.write_frames(path, values, groups, PixelMeasuresSequence=[measures])


def file_name(place: int) -> str:
    """The name of the file that holds a slice; `place` counts from below upward, names have another order."""
    return f"1_{(place * 7) % 100:03d}.dcm"


def slices_of(blocks: Sequence[Block], uid: str, **attributes: Any) -> Iterator[Dataset]:
    """The slices of the blocks in their order, as DICOM data sets."""
    for block in blocks:
        for plane in block.planes:
            yield dicom_series.one_slice(0, block.values, uid, **(_told(plane, block) | attributes))


def _told(plane: Plane, block: Block) -> dict[str, Any]:
    return {
        "SeriesDescription": "T2 TSE axial",
        "ImagePositionPatient": _decimal(plane.origin),
        "ImageOrientationPatient": _decimal((*plane.row, *plane.column)),
        "PixelSpacing": _decimal(plane.spacing[::-1]),
        "SpacingBetweenSlices": block.distance,
    }


def _decimal(values: Sequence[float]) -> list[DSfloat]:
    return [DSfloat(value, auto_format=True) for value in values]


def _triple(vector: Floats) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in vector)
    return x, y, z
