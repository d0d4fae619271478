"""Real DICOM files of radiographs."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from Testing.dicom_series import PATIENT, dataset


def write_radiograph(path: Path, pixels: NDArray[Any], **attributes: Any) -> Path:
    """Write pixels (rows, columns), (frames, rows, columns) or (rows, columns, 3) as a DX image; `attributes` replace
    what the header says.

    The header tells neither view nor sides nor the size of pixels.
    """
    colour = pixels.ndim == 3 and pixels.shape[2] == 3
    frames = len(pixels) if pixels.ndim == 3 and not colour else 0
    bits = 8 * pixels.itemsize
    header = dataset(
        SOPClassUID=DigitalXRayImageStorageForPresentation,
        SOPInstanceUID=generate_uid(),
        StudyInstanceUID=generate_uid(),
        SeriesInstanceUID=generate_uid(),
        SeriesNumber=1,
        PatientName=PATIENT,
        PatientID="4711",
        Modality="DX",
        Rows=pixels.shape[1 if frames else 0],
        Columns=pixels.shape[2 if frames else 1],
        BitsAllocated=bits,
        BitsStored=bits,
        HighBit=bits - 1,
        PixelRepresentation=0,
        SamplesPerPixel=3 if colour else 1,
        PhotometricInterpretation="RGB" if colour else "MONOCHROME2",
    )
    if frames:
        header.NumberOfFrames = frames
    if colour:
        header.PlanarConfiguration = 0
    for keyword, value in attributes.items():
        setattr(header, keyword, value)
    header.PixelData = np.ascontiguousarray(pixels).tobytes()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    path.parent.mkdir(parents=True, exist_ok=True)
    header.save_as(path, enforce_file_format=True)
    return path
