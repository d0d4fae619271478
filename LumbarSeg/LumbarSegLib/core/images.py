"""Image files -> SimpleITK volumes that can be trusted, and whole files or none on the way out."""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core.dicom.reading import MODALITY, SERIES_UID, read_series
from LumbarSegLib.core.dicom.series import is_dicom
from LumbarSegLib.core.planes import carries_planes, planes_of, with_planes
from LumbarSegLib.core.projection import is_projection
from LumbarSegLib.core.spacing import has_spacing, states_spacing, with_spacing
from LumbarSegLib.core.volume_files import read_file, reader_of
from LumbarSegLib.errors import InputError, OutputError

RADIOGRAPHS = "XR"
"""The modality of models for radiographs."""

_SUFFIXES_OF_TWO = (".seg.nrrd", ".nii.gz")
_PLANES = ("sagittal", "coronal", "axial")
_SAME_SPACING = 0.02
_THICK_SLICES = 2.0
_SQUARE = 0.02
_AIR_HU = -900
_SOFT_TISSUE_HU = (-200, 200)
_SOFT_TISSUE_SHARE = 0.6
_PROBE = 1 << 20


def read_image(
    path: str | Path,
    series: str | None = None,
    *,
    pixel_spacing_mm: float | None = None,
    without_spacing: bool = False,
    radiograph: bool = False,
) -> sitk.Image:
    """Read an image: NRRD, NIfTI, MetaImage, a DICOM file (its whole series), a DICOM folder, or a picture of one axial
    slice or of a radiograph (PNG, JPEG, TIFF, BMP).

    Returns a `sitk.Image` in LPS mm with the file's own voxel type, checked by `check_volume`.
    `series`: number or SeriesInstanceUID, for a DICOM folder with several. A picture, or a volume whose header is
    silent on the spacing, is read as axial slices where `pixel_spacing_mm` gives the spacing of its pixels or
    `without_spacing` says that none is needed (`has_spacing` is then False). With `radiograph` a file of any kind is
    read as one (`core.projection`), with or without spacing; a DICOM radiograph is read as one in any case. `notes_of`
    tells what was left out or assumed. Raises InputError with one sentence for everything that makes the file unusable.
    """
    path = Path(path)
    check_is_image(path)
    silent = without_spacing or pixel_spacing_mm is not None
    with _permitted(path):
        dicom = path.is_dir() or is_dicom(path)
        image = read_series(path, series, radiograph) if dicom else read_file(path, silent, radiograph)
    if not has_spacing(image):
        image = with_spacing(image, pixel_spacing_mm)
    elif pixel_spacing_mm is not None:
        raise InputError(f"{path.name}: the file states its own pixel spacing; leave out --pixel-spacing.")
    try:
        check_volume(image)
        _check_axial_if_unstated(image)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error
    return image


def check_is_image(path: Path) -> None:
    """Raise InputError where there is nothing, or a file that by its first bytes is no image; no voxel is read."""
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder; check the path.")
    with _permitted(path):
        if not path.is_dir() and not is_dicom(path):
            reader_of(path)


@contextmanager
def _permitted(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise InputError(f"{path}: reading is not permitted; ask for access or copy the image.") from error


def _check_axial_if_unstated(image: sitk.Image) -> None:
    plane = plane_of(image)
    if not states_spacing(image) and plane != "axial" and not is_projection(image):
        raise InputError(
            f"the file states no pixel spacing, and its slices are {plane}; give one that does, or axial slices."
        )


def check_volume(image: sitk.Image) -> None:
    """Raise InputError unless this is a 3D scalar volume with sound geometry and values that differ.

    One slice is enough, if the grid is a 3D one: how thick it is and where it lies is then known.
    """
    if image.GetDimension() != 3:
        raise InputError(f"the image is {image.GetDimension()}D; give a single 3D volume.")
    if image.GetNumberOfComponentsPerPixel() != 1 or "complex" in image.GetPixelIDTypeAsString():
        raise InputError("the image has several values for each voxel, as in colour; give a grey-scale volume.")
    if 0 in image.GetSize():
        raise InputError("the image is empty; export it again.")
    if not all(np.isfinite(mm) and mm > 0 for mm in image.GetSpacing()):
        raise InputError("the voxel spacing is missing, zero or negative; export the image again from its DICOM files.")
    direction = np.reshape(image.GetDirection(), (3, 3))
    if not np.allclose(direction.T @ direction, np.eye(3), atol=_SQUARE):
        raise InputError("the direction matrix is singular or sheared; export the image again from its DICOM files.")
    values = sitk.GetArrayViewFromImage(image)
    if not np.isfinite(values).all():
        raise InputError("the image holds NaN or infinite values; replace them or export the image again.")
    if values.min() == values.max():
        raise InputError("all voxels have the same value; check that the right image was exported.")


def plane_of(image: sitk.Image) -> str:
    """`"sagittal"`, `"coronal"` or `"axial"`: the plane in which the slices were taken.

    Slices of a DICOM series lie along the third axis. Other files may be stored in any order, so there the
    slice axis is the one whose spacing differs from the two equal in-plane ones, else the coarsest; if all
    spacings are alike, the axis along which the volume is clearly thinnest, else the third.
    """
    if carries_planes(image):
        normal = np.sum([plane.normal for plane in planes_of(image)], axis=0)
    else:
        normal = np.reshape(image.GetDirection(), (3, 3))[:, _slice_axis(image)]
    return _PLANES[int(np.argmax(np.abs(normal)))]


def _slice_axis(image: sitk.Image) -> int:
    if image.HasMetaDataKey(SERIES_UID):
        return 2
    spacing = np.array(image.GetSpacing())
    odd = [
        axis
        for axis in range(3)
        if np.ptp(others := np.delete(spacing, axis)) <= _SAME_SPACING * others.min()
        and abs(spacing[axis] - others.mean()) > _SAME_SPACING * others.mean()
    ]
    if odd:
        return odd[0]
    if np.ptp(spacing) > _SAME_SPACING * spacing.min():
        return int(np.argmax(spacing))
    extent = spacing * image.GetSize()
    return int(np.argmin(extent)) if extent.min() < 0.5 * np.median(extent) else 2


def thick_plane(image: sitk.Image) -> str:
    """`plane_of` an image whose slices can be read in no other; "" where its voxels are nearly cubes.

    They cannot where they are much thicker than the pixels, lie in several planes, or have no stated spacing.
    """
    thick = max(image.GetSpacing()) > _THICK_SLICES * min(image.GetSpacing())
    return plane_of(image) if thick or carries_planes(image) or not states_spacing(image) else ""


def check_fits(image: sitk.Image, plane: str, modality: str) -> None:
    """Raise InputError if the volume was taken in another plane or modality than a model wants.

    A volume whose voxels are nearly cubes can be cut in any plane, so its own plane does not matter.
    CT is told from its DICOM header, or in another file from its values: air near -1000, and most of the rest
    fat and soft tissue within 200 Hounsfield units of water. The air alone does not tell: SPIDER's MR has a
    floor of -1000 too, but its grey values spread (at most 0.42 of them in that range on 327 of its images
    given that floor, at eight scales). A radiograph fits where the model is for radiographs, and nothing else does.
    """
    if is_projection(image) != (modality == RADIOGRAPHS):
        raise InputError(
            f"this is a radiograph, but the model is for {modality}; give {modality} slices, or --task xray."
            if is_projection(image)
            else "this is no radiograph, but the model is for radiographs; give one, or another task."
        )
    if is_projection(image):
        return
    found = image.GetMetaData(MODALITY) if image.HasMetaDataKey(MODALITY) else ""
    if not found and _in_hounsfield_units(image):
        found = "CT"
    if found and found != modality:
        raise InputError(f"this is a {found} image, but the model is for {modality}; give a {modality} image.")
    if carries_planes(image) and plane != "axial":
        raise InputError(
            "the slices make no regular stack, as with blocks along discs, and only axial ones are read so; "
            f"give a {plane} series whose slices are parallel and evenly spaced."
        )
    if not states_spacing(image) and plane != "axial":
        raise InputError(f"the file states no pixel spacing; give a {plane} image that does.")
    seen = thick_plane(image)
    if seen not in ("", plane):
        raise InputError(
            f"the image has {seen} slices, but the model needs {plane} ones; give a {plane} series or another task."
        )


def _in_hounsfield_units(image: sitk.Image) -> bool:
    values = sitk.GetArrayViewFromImage(image)
    if values.min() > _AIR_HU:
        return False
    body = values[values > _AIR_HU]
    low, high = _SOFT_TISSUE_HU
    return bool(body.size and np.mean((body > low) & (body < high)) >= _SOFT_TISSUE_SHARE)


def stored_as(oriented: sitk.Image, image: sitk.Image) -> sitk.Image:
    """Bring what was made from a reoriented image back to the image's own storage order, exact geometry and planes."""
    order = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(image.GetDirection())
    stored: sitk.Image = sitk.DICOMOrient(oriented, order)
    stored.CopyInformation(image)
    return with_planes(stored, planes_of(image)) if carries_planes(image) else stored


def image_identity(image: sitk.Image) -> dict[str, str]:
    """What tells this image from all others: `sha256` of voxels and geometry, `series_instance_uid` if known.

    Nothing in it names the patient.
    """
    geometry = (image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    digest = hashlib.sha256(repr((image.GetPixelIDTypeAsString(), geometry)).encode())
    if carries_planes(image):
        digest.update(repr(planes_of(image)).encode())
    digest.update(np.ascontiguousarray(sitk.GetArrayViewFromImage(image)).data)
    identity = {"sha256": digest.hexdigest()}
    if image.HasMetaDataKey(SERIES_UID):
        identity["series_instance_uid"] = image.GetMetaData(SERIES_UID)
    return identity


def full_suffix(path: Path) -> str:
    """`.seg.nrrd` and `.nii.gz` count as one suffix; in lower case."""
    name = path.name.lower()
    return next((suffix for suffix in _SUFFIXES_OF_TWO if name.endswith(suffix)), path.suffix.lower())


def check_place(path: Path) -> None:
    """Raise OutputError unless a file can be written at `path`. Leaves nothing behind."""
    if path.is_dir():
        raise OutputError(f"{path}: this is a folder; give the name of a file.")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}; make it first or choose another place.")
    probe = _beside(path)
    try:
        probe.write_bytes(b"\0")
    except OSError as error:
        raise _no_place(path, error) from error
    finally:
        probe.unlink(missing_ok=True)


def write_whole(path: str | Path, write: Callable[[Path], None]) -> None:
    """Let `write` make a file beside `path`, then put it in its place: a whole new file or the old one.

    `write` gets a path in the same folder with the same suffix. Raises OutputError if the place is full,
    read-only or missing, and if the writing library fails.
    """
    path = Path(path)
    check_place(path)
    part = _beside(path)
    try:
        write(part)
        _prove_whole(part)
        part.replace(path)
    except (OSError, RuntimeError) as error:
        raise _no_place(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    suffix = full_suffix(path)
    return path.with_name(f".{path.name[: len(path.name) - len(suffix)]}.{secrets.token_hex(4)}{suffix}")


def _prove_whole(part: Path) -> None:
    """Raise OSError if the file was cut short.

    NIfTI's writer says nothing when the disk is full. A file that was cut short cannot grow either, so it is
    made longer for a moment.
    """
    with part.open("r+b") as file:
        length = file.seek(0, os.SEEK_END)
        file.write(bytes(_PROBE))
        file.flush()
        os.fsync(file.fileno())
        file.truncate(length)
        os.fsync(file.fileno())


def _no_place(path: Path, error: Exception) -> OutputError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "the disk is full or the file failed"
    return OutputError(f"{path}: the result cannot be written ({reason}); free some space or choose another place.")
