"""Files that are no usable volume, each with the words that the user must get."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from Testing import dicom_series

Writer = Callable[[Path], Path]

_SIZE = (12, 16, 8)
_NIFTI_PIXDIM, _NIFTI_CODES, _NIFTI_SFORM = 76, 252, 280


def volume(values: NDArray[Any] | None = None) -> sitk.Image:
    """A small sagittal volume of noise, 5 mm slices."""
    if values is None:
        values = np.random.default_rng(0).normal(100, 20, _SIZE[::-1]).astype(np.float32)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.6, 0.6, 5.0))
    image.SetDirection((0, 0, -1, 1, 0, 0, 0, -1, 0))
    return image


def stored(name: str, make: Callable[[], sitk.Image]) -> Writer:
    """Writes what SimpleITK makes of an image."""

    def write(folder: Path) -> Path:
        sitk.WriteImage(make(), str(folder / name))
        return folder / name

    return write


def raw(name: str, content: bytes) -> Writer:
    """Writes these bytes."""

    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def nrrd(**fields: str | None) -> Writer:
    """An NRRD file whose header has these fields; None leaves one out."""
    header = {
        "type": "float",
        "dimension": "3",
        "sizes": "12 16 8",
        "encoding": "raw",
        "endian": "little",
        "space": "left-posterior-superior",
        "space directions": "(0,0.6,0) (0,0,-0.6) (5,0,0)",
        **{key.replace("_", " "): value for key, value in fields.items()},
    }
    lines = ["NRRD0005", *(f"{key}: {value}" for key, value in header.items() if value is not None)]
    return raw("bad.nrrd", "\n".join(lines).encode() + b"\n\n" + bytes(4 * 12 * 16 * 8 - 4) + b"\0\0\0\x41")


def meta_image(**fields: str | None) -> Writer:
    """A MetaImage file whose header has these fields; None leaves one out."""
    header = {
        "ObjectType": "Image",
        "NDims": "3",
        "BinaryData": "True",
        "TransformMatrix": "0 1 0 0 0 -1 1 0 0",
        "Offset": "0 0 0",
        "ElementSpacing": "0.6 0.6 5",
        "DimSize": "12 16 8",
        "ElementType": "MET_FLOAT",
        **fields,
        "ElementDataFile": "LOCAL",
    }
    lines = [f"{key} = {value}" for key, value in header.items() if value is not None]
    return raw("bad.mha", "\n".join(lines).encode() + b"\n" + bytes(4 * 12 * 16 * 8 - 4) + b"\0\0\0\x41")


def nifti(*changes: tuple[int, str, tuple[float, ...]]) -> Writer:
    """A NIfTI file in whose header numbers are overwritten: (offset, struct format, values)."""

    def write(folder: Path) -> Path:
        path = folder / "bad.nii"
        sitk.WriteImage(volume(), str(path))
        content = bytearray(path.read_bytes())
        for offset, layout, values in changes:
            struct.pack_into("<" + layout, content, offset, *values)
        path.write_bytes(content)
        return path

    return write


def cut_short(name: str) -> Writer:
    """A file whose second half is missing."""

    def write(folder: Path) -> Path:
        path = stored(name, volume)(folder)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        return path

    return write


def series(*indices: float, **attributes: Any) -> Writer:
    """A DICOM folder with one series."""

    def write(folder: Path) -> Path:
        dicom_series.write_series(folder / "study", indices or range(dicom_series.SLICES), **attributes)
        return folder / "study"

    return write


def _with_value(value: float) -> sitk.Image:
    image = volume()
    image[3, 3, 3] = value
    return image


def _two_series(folder: Path) -> Path:
    dicom_series.write_series(folder / "study", number=3, description="T1 TSE sagittal")
    dicom_series.write_series(folder / "study", number=4, description="T2 TSE sagittal")
    return folder / "study"


def _one_slice_tilted(folder: Path) -> Path:
    dicom_series.write_series(folder / "study", range(4))
    tilted = dicom_series.one_slice(
        4,
        dicom_series.voxels()[4],
        _series_uid(folder / "study"),
        ImageOrientationPatient=[0.0, 1.0, 0.0, 0.5, 0.0, -0.866],
    )
    tilted.save_as(folder / "study" / "tilted.dcm", enforce_file_format=True)
    return folder / "study"


def _series_uid(folder: Path) -> str:
    from pydicom import dcmread

    return str(dcmread(next(folder.iterdir())).SeriesInstanceUID)


def _empty_folder(folder: Path) -> Path:
    (folder / "study").mkdir()
    return folder / "study"


_NO_SPACING = "the voxel spacing is missing, zero or negative"
_NO_PLACE = "the header does not say how the image lies in the patient"
_SINGULAR = "the direction matrix is singular"
_DAMAGED = "the file is damaged or incomplete"
_NOT_FINITE = "the image holds NaN or infinite values"

BAD_IMAGES: dict[str, tuple[Writer, str]] = {
    "a missing file": (lambda folder: folder / "none.nrrd", "there is no such file or folder"),
    "a text file": (raw("notes.txt", b"hello"), "this is not an image that can be read"),
    "text named as NIfTI": (raw("image.nii.gz", b"hello"), "this is not an image that can be read"),
    "an empty file": (raw("image.nrrd", b""), "the file is empty"),
    "a picture": (
        stored("picture.png", lambda: sitk.GetImageFromArray(np.eye(8, dtype=np.uint8))),
        "a picture has no place in the patient",
    ),
    "an NRRD file that was cut short": (cut_short("image.nrrd"), _DAMAGED),
    "a NIfTI file that was cut short": (cut_short("image.nii.gz"), _DAMAGED),
    "a MetaImage file that was cut short": (cut_short("image.mha"), _DAMAGED),
    "a 2D image": (stored("flat.mha", lambda: volume()[:, :, 2]), "the image is 2D"),
    "a 4D image": (
        stored("series.nii", lambda: sitk.JoinSeries([volume(), volume()])),
        "the image is 4D",
    ),
    "a colour volume": (
        stored("colour.nrrd", lambda: sitk.Compose([volume()] * 3)),
        "the image has several values for each voxel",
    ),
    "a volume without voxels": (nrrd(sizes="12 16 0"), "the image is empty"),
    "NaN": (stored("image.nrrd", lambda: _with_value(float("nan"))), _NOT_FINITE),
    "infinity": (stored("image.nrrd", lambda: _with_value(float("inf"))), _NOT_FINITE),
    "one value everywhere": (
        stored("image.nrrd", lambda: volume(np.full(_SIZE, 7, np.int16))),
        "all voxels have the same value",
    ),
    "NIfTI with pixdim 0": (nifti((_NIFTI_PIXDIM + 4, "3f", (0, 0, 0))), _NO_SPACING),
    "NIfTI with one pixdim 0": (nifti((_NIFTI_PIXDIM + 12, "f", (0,))), _NO_SPACING),
    "NIfTI with pixdim NaN": (nifti((_NIFTI_PIXDIM + 12, "f", (float("nan"),))), _NO_SPACING),
    "NIfTI with a negative pixdim": (nifti((_NIFTI_PIXDIM + 12, "f", (-5,))), _NO_SPACING),
    "NIfTI without orientation": (nifti((_NIFTI_CODES, "2h", (0, 0))), _NO_PLACE),
    "NIfTI with a singular sform": (
        nifti((_NIFTI_CODES, "2h", (0, 2)), (_NIFTI_SFORM, "12f", (0.6, 0, 0, 0, 0, 0.6, 5, 0, 0, 0, 0, 0))),
        _SINGULAR,
    ),
    "NIfTI whose sform has another spacing": (
        nifti((_NIFTI_SFORM, "12f", (0, 0, -9, 0, 0.6, 0, 0, 0, 0, -0.6, 0, 0))),
        "the header gives two voxel spacings, 0.6 x 0.6 x 5 mm and 0.6 x 0.6 x 9 mm",
    ),
    "NRRD without spacing": (nrrd(space=None, space_directions=None), _NO_SPACING),
    "NRRD with zero spacing": (nrrd(space_directions="(0,0.6,0) (0,0,-0.6) (0,0,0)"), _NO_SPACING),
    "NRRD with NaN in its directions": (nrrd(space_directions="(0,1,0) (0,0,-1) (nan,nan,nan)"), _NO_SPACING),
    "NRRD with a direction left out": (nrrd(space_directions="(0,0.6,0) (0,0,-0.6) none"), _NO_SPACING),
    "NRRD without orientation": (
        nrrd(space=None, space_directions=None, spacings="0.6 0.6 5"),
        _NO_PLACE,
    ),
    "NRRD with singular directions": (nrrd(space_directions="(0,1,0) (0,0,-1) (0,0,5)"), _SINGULAR),
    "NRRD with sheared directions": (
        nrrd(space_directions="(0,1,0) (0,0.5,-1) (5,0,0)"),
        "the direction matrix is singular or sheared",
    ),
    "NRRD with garbled directions": (nrrd(space_directions="(0,1,0) (0,0,x) (5,0,0)"), _DAMAGED),
    "MetaImage without spacing": (meta_image(ElementSpacing=None), _NO_SPACING),
    "MetaImage with zero spacing": (meta_image(ElementSpacing="0.6 0.6 0"), _NO_SPACING),
    "MetaImage without orientation": (meta_image(TransformMatrix=None), _NO_PLACE),
    "MetaImage with singular directions": (meta_image(TransformMatrix="1 0 0 0 1 0 0 1 0"), _SINGULAR),
    "a folder without DICOM files": (_empty_folder, "the folder holds no DICOM image"),
    "a DICOM folder with several series": (_two_series, "the folder holds 2 series; choose one"),
    "a DICOM series with a slice missing": (series(0, 1, 3, 4), "the slice spacing is mixed (4.40 to 8.80 mm)"),
    "a DICOM series of two stacks": (series(0, 1, 2, 2.5, 3), "the slice spacing is mixed (2.20 to 4.40 mm)"),
    "a DICOM series with two echoes": (series(0, 0, 1, 1), "several slices lie at one place"),
    "a DICOM series with a tilted slice": (_one_slice_tilted, "the slices lie in several directions"),
    "a DICOM series without pixel spacing": (
        series(PixelSpacing=None),
        "the pixel spacing is missing or zero",
    ),
    "a DICOM series with zero pixel spacing": (
        series(PixelSpacing=[0, 0]),
        "the pixel spacing is missing or zero",
    ),
    "a single DICOM slice without thickness": (
        series(0, SliceThickness=None),
        "the slice thickness is missing or zero",
    ),
    "a DICOM series with a singular direction": (
        series(ImageOrientationPatient=[0, 1, 0, 0, 1, 0]),
        "the direction matrix is singular",
    ),
    "a DICOM screen capture": (
        series(0, ImagePositionPatient=None, ImageOrientationPatient=None),
        "the DICOM header does not say where the image lies in the patient",
    ),
}
"""What is wrong -> (what writes it, words of the error)."""
