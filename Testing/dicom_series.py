"""Real DICOM files of small sagittal MR series, written slice by slice."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

ROWS, COLUMNS, SLICES = 24, 16, 5
SPACING_MM = (0.6, 0.7, 4.4)
"""Along a row, along a column, between slices."""
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
"""Rows run to posterior, columns to inferior, so the slices' normal points to the right of the patient."""

PATIENT = "Doe^Jane"


def voxels(seed: int = 0) -> NDArray[np.uint16]:
    """Stored values of a series, shape (slices, rows, columns), slices along their normal."""
    return np.random.default_rng(seed).integers(0, 400, (SLICES, ROWS, COLUMNS)).astype(np.uint16)


def position(index: float) -> list[float]:
    """Centre of the first voxel of a slice, LPS mm."""
    return [10.0 - index * SPACING_MM[2], -30.0, 50.0]


def one_slice(index: float, values: NDArray[np.uint16], uid: str, **attributes: Any) -> Dataset:
    """One slice of a series; `attributes` replace what the header says, None leaves it out."""
    header = _header(MRImageStorage, uid, values)
    header.ImagePositionPatient = position(index)
    header.ImageOrientationPatient = list(SAGITTAL)
    header.PixelSpacing = [SPACING_MM[1], SPACING_MM[0]]
    header.SliceThickness = 4.0
    for keyword, value in attributes.items():
        if value is not None:
            setattr(header, keyword, value)
        elif keyword in header:
            delattr(header, keyword)
    return header


def write_series(
    folder: Path,
    indices: Sequence[float] = range(SLICES),
    number: int = 1,
    description: str = "T2 TSE sagittal",
    seed: int = 0,
    **attributes: Any,
) -> str:
    """Write one series, its files named in an order of their own, and return its SeriesInstanceUID."""
    folder.mkdir(parents=True, exist_ok=True)
    uid = generate_uid()
    values = voxels(seed)
    for place, index in enumerate(indices):
        header = one_slice(
            index,
            values[place % SLICES],
            uid,
            SeriesNumber=number,
            SeriesDescription=description,
            **attributes,
        )
        header.save_as(folder / f"{number}_{(place * 7) % 100:03d}.dcm", enforce_file_format=True)
    return uid


def write_volume(folder: Path, image: sitk.Image, number: int, **attributes: Any) -> None:
    """Write a real volume as one series; `attributes` are added to what the headers say, None leaves one out."""
    across, down, through = image.GetSpacing()
    direction = np.reshape(image.GetDirection(), (3, 3))
    uid = generate_uid()
    for index, values in enumerate(sitk.GetArrayViewFromImage(image)):
        told = {
            "SeriesNumber": number,
            "ImagePositionPatient": list(image.TransformIndexToPhysicalPoint((0, 0, index))),
            "ImageOrientationPatient": [*direction[:, 0], *direction[:, 1]],
            "PixelSpacing": [down, across],
            "SliceThickness": through,
        }
        header = one_slice(0, values.astype(np.uint16), uid, **(told | attributes))
        header.save_as(folder / f"{number}_{index:03d}.dcm", enforce_file_format=True)


def write_multi_frame(path: Path, order: Sequence[int] = range(SLICES)) -> None:
    """Write the same volume as one enhanced MR file whose frames are stored in `order`."""
    write_frames(
        path,
        voxels()[list(order)],
        [dataset(PlanePositionSequence=[dataset(ImagePositionPatient=position(index))]) for index in order],
        PlaneOrientationSequence=[dataset(ImageOrientationPatient=list(SAGITTAL))],
        PixelMeasuresSequence=[dataset(PixelSpacing=[SPACING_MM[1], SPACING_MM[0]], SliceThickness=4.0)],
    )


def write_frames(path: Path, values: NDArray[np.uint16], groups: Sequence[Dataset], **shared: Any) -> None:
    """Write one enhanced MR file of these frames, shape (frames, rows, columns), a group for each and a shared one."""
    header = _header(EnhancedMRImageStorage, generate_uid(), values)
    header.NumberOfFrames = len(values)
    header.SharedFunctionalGroupsSequence = [dataset(**shared)]
    header.PerFrameFunctionalGroupsSequence = list(groups)
    header.save_as(path, enforce_file_format=True)


def as_ct(header: Dataset) -> Dataset:
    """The same slice as a CT slice."""
    header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID = CTImageStorage
    header.Modality = "CT"
    return header


def dataset(**attributes: Any) -> Dataset:
    """A DICOM data set with these attributes."""
    filled = Dataset()
    for keyword, value in attributes.items():
        setattr(filled, keyword, value)
    return filled


def _header(sop_class: UID, series_uid: str, values: NDArray[np.uint16]) -> Dataset:
    header = dataset(
        SOPClassUID=sop_class,
        SOPInstanceUID=generate_uid(),
        StudyInstanceUID=generate_uid(),
        SeriesInstanceUID=series_uid,
        PatientName=PATIENT,
        Modality="MR",
        Rows=values.shape[-2],
        Columns=values.shape[-1],
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=0,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
    )
    header.PixelData = values.tobytes()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = sop_class
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    return header
