"""DICOM files -> one image: a series is found, its slices put in order, the plane of each one known.

Pixels are decoded by GDCM through SimpleITK (uncompressed, RLE, JPEG, JPEG-LS, JPEG 2000); order, spacing and
direction come from the headers of all slices, because ITK takes the spacing from the first two files and only
warns when the others do not agree.
"""

from collections.abc import Sequence
from pathlib import Path

import SimpleITK as sitk

from LumbarSegLib.core.dicom.pixels import Pixels, decoded, stacked
from LumbarSegLib.core.dicom.radiograph import MODALITIES, read_radiograph
from LumbarSegLib.core.dicom.series import Series, series_at
from LumbarSegLib.core.dicom.slices import Slice, plane_in, slices_of
from LumbarSegLib.core.dicom.stacking import Stack, axial_stack, regular_stack, usable
from LumbarSegLib.core.notes import listed, with_notes
from LumbarSegLib.core.planes import with_planes
from LumbarSegLib.errors import InputError

SERIES_UID = "SeriesInstanceUID"
MODALITY = "Modality"


def read_series(path: Path, series: str | None = None, radiograph: bool = False) -> sitk.Image:
    """The image of one series, slices sorted along their normal, right-handed, in LPS mm; or a radiograph.

    `path`: a folder (searched with its sub-folders), or one file, which stands for its series in its folder.
    `series`: number or SeriesInstanceUID of the wanted series; needed when a folder holds several.
    Sagittal and coronal slices must make one regular block. Axial ones that do not lie on a regular stack that names
    them, and the image carries the true plane of each (`core.planes`); files that cannot be used are left out, and its
    notes say so. A radiograph is told by its modality, or by the user (`radiograph`). The image keeps SeriesInstanceUID
    and Modality in its metadata and nothing that names the patient.
    Raises InputError: no DICOM image, several series, slices that make no such image, unreadable pixels.
    """
    found = series_at(path, series, MODALITIES if radiograph else ())
    first = found.headers[0][1]
    if radiograph or first.get("Modality") in MODALITIES:
        image = read_radiograph(found.headers, path)
    else:
        image = _volume(found, path)
    image.SetMetaData(SERIES_UID, str(first.SeriesInstanceUID))
    image.SetMetaData(MODALITY, str(first.get("Modality", "")))
    return image


def _volume(found: Series, path: Path) -> sitk.Image:
    slices, faults = _slices(found)
    if not slices:
        raise next(iter(faults.values()))
    if plane_in(slices, path.name) == "axial":
        return _axial(slices, Series(found.headers, [*found.damaged, *faults]), path.name)
    if faults:
        raise next(iter(faults.values()))
    stack = regular_stack(slices, path.name)
    read, pixels, damaged = decoded(stack.slices)
    if damaged:
        raise _unreadable(found, path.name)
    return _placed(stack, read, pixels)


def _slices(found: Series) -> tuple[list[Slice], dict[Path, InputError]]:
    """The slices that the headers place, and what is wrong with those files that do not."""
    slices: list[Slice] = []
    faults: dict[Path, InputError] = {}
    for header in found.headers:
        try:
            slices += slices_of(header)
        except InputError as fault:
            faults[header[0]] = fault
    return slices, faults


def _axial(slices: list[Slice], found: Series, name: str) -> sitk.Image:
    read, pixels, damaged = decoded(slices)
    if not read:
        raise _unreadable(found, name)
    lost = [*found.damaged, *damaged]
    notes = [f"Left out, for it cannot be read: {listed([file.name for file in lost])}."] if lost else []
    kept, left_out = usable(read)
    stack = axial_stack(kept)
    return with_notes(_placed(stack, read, pixels), [*notes, *left_out, *stack.notes])


def _placed(stack: Stack, read: Sequence[Slice], pixels: Sequence[Pixels]) -> sitk.Image:
    of = dict(zip(((one.file, one.frame) for one in read), pixels, strict=True))
    image = stacked([of[one.file, one.frame] for one in stack.slices])
    image.SetOrigin(stack.origin)
    image.SetSpacing(stack.spacing)
    image.SetDirection(stack.direction)
    return image if stack.regular else with_planes(image, [one.plane for one in stack.slices])


def _unreadable(found: Series, name: str) -> InputError:
    compression = found.headers[0][1].file_meta.TransferSyntaxUID.name
    return InputError(
        f"{name}: the pixels cannot be read (damaged, or compressed as {compression}); export the series uncompressed."
    )
