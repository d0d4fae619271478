"""What the header of a volume file really says of its geometry.

ITK fills gaps silently: a NIfTI file with `pixdim` 0, an NRRD file without `space directions` and a MetaImage
without `ElementSpacing` all come out with voxels of 1 mm. A measure in millimetres must not rest on that, so
the header itself is asked before the image is read.
"""

import gzip
import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from LumbarSegLib.errors import InputError

Matrix = npt.NDArray[np.float64]

_GZIP = b"\x1f\x8b"
_LONGEST_HEADER = 1 << 20
_SPACING_TOLERANCE = 0.01


@dataclass(frozen=True)
class StatedGeometry:
    """Spacing in mm and the 3 x 3 matrix of the grid's axes as columns; None where the header is silent."""

    spacing: tuple[float, ...] | None
    axes: Matrix | None
    lengths: tuple[float, ...] | None = None
    """Of the axes, where the format gives the spacing a second time in them."""


@dataclass(frozen=True)
class _NiftiLayout:
    """Byte offsets and number formats of one version of NIfTI's header (nifti1.h, nifti2.h)."""

    header_size: int
    magic: int
    pixdim: int
    codes: int
    sform: int
    real: str
    integer: str


_NIFTI_1 = _NiftiLayout(348, 344, 76, 252, 280, "f", "h")
_NIFTI_2 = _NiftiLayout(540, 4, 104, 344, 400, "d", "i")


def stated_geometry(path: Path, reader: str) -> StatedGeometry | None:
    """What the header of `path` states; None where it is not that of a 3D image.

    `reader` is ITK's name of the format: `NiftiImageIO`, `NrrdImageIO` or `MetaImageIO`. Raises InputError where the
    header cannot be read.
    """
    try:
        return {"NiftiImageIO": _nifti, "NrrdImageIO": _nrrd, "MetaImageIO": _meta_image}[reader](path)
    except (OSError, EOFError, ValueError, struct.error) as error:
        raise InputError(f"{path.name}: the file is damaged or incomplete; copy or export it again.") from error


def check_stated_geometry(stated: StatedGeometry | None, name: str) -> None:
    """Raise InputError, beginning with `name`, if a header gives no usable spacing or orientation."""
    if stated is not None and (fault := _fault(stated)):
        remedy = "export the image again from its DICOM files"
        if lacks_spacing(stated):
            remedy += ", or give --task axial for axial slices"
        raise InputError(f"{name}: {fault}; {remedy}.")


def lacks_spacing(stated: StatedGeometry | None) -> bool:
    """Whether a 3D header is silent on the spacing, with sound axes or none."""
    if stated is None or not (stated.axes is None or (stated.axes.shape == (3, 3) and np.isfinite(stated.axes).all())):
        return False
    return stated.spacing is None or not any(stated.spacing)


def _fault(stated: StatedGeometry) -> str:
    if stated.spacing is None or not all(math.isfinite(mm) and mm > 0 for mm in stated.spacing):
        return "the voxel spacing is missing, zero or negative"
    if stated.axes is None:
        return "the header does not say how the image lies in the patient"
    if not np.isfinite(stated.axes).all() or np.linalg.matrix_rank(stated.axes) < 3:
        return "the direction matrix is singular"
    if stated.lengths is not None and not np.allclose(stated.lengths, stated.spacing, rtol=_SPACING_TOLERANCE):
        both = (" x ".join(f"{mm:.3g}" for mm in sizes) for sizes in (stated.spacing, stated.lengths))
        return f"the header gives two voxel spacings, {' mm and '.join(both)} mm"
    return ""


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    with gzip.open(path) if packed else path.open("rb") as file:
        return file.read(_LONGEST_HEADER)


def _nifti(path: Path) -> StatedGeometry | None:
    head = _head(path.with_suffix(".hdr") if path.suffix == ".img" else path)
    order, layout = next(
        (order, layout)
        for order in "<>"
        for layout in (_NIFTI_1, _NIFTI_2)
        if struct.unpack_from(order + "i", head)[0] == layout.header_size
    )
    if head[layout.magic : layout.magic + 2] not in (b"n+", b"ni"):
        return StatedGeometry((1, 1, 1), None)  # Analyze 7.5 has a spacing but no orientation
    spacing = struct.unpack_from(f"{order}8{layout.real}", head, layout.pixdim)[1:4]
    qform_code, sform_code = struct.unpack_from(f"{order}2{layout.integer}", head, layout.codes)
    if sform_code <= 0:
        return StatedGeometry(spacing, np.eye(3) if qform_code > 0 else None)
    sform = np.array(struct.unpack_from(f"{order}12{layout.real}", head, layout.sform))
    axes = sform.reshape(3, 4)[:, :3]
    return StatedGeometry(spacing, axes, lengths=tuple(np.linalg.norm(axes, axis=0)))


def _nrrd(path: Path) -> StatedGeometry | None:
    lines = _head(path).split(b"\n\n")[0].split(b"\r\n\r\n")[0].decode("latin-1").splitlines()
    fields = dict(line.split(": ", 1) for line in lines if ": " in line and not line.startswith("#"))
    if "space directions" not in fields:
        spacings = [float(value) for value in fields.get("spacings", "").split()]
        return StatedGeometry(tuple(spacings) or None, None)
    text = fields["space directions"].replace("none", "")
    columns = [vector.strip(" ()") for vector in text.split(")") if vector.strip()]
    axes = np.array([[float(value) for value in column.split(",")] for column in columns]).T
    if axes.ndim != 2 or axes.shape[0] != 3 or axes.shape[1] > 3:
        return None
    spacing = tuple(np.linalg.norm(axes, axis=0))
    return StatedGeometry(spacing if len(spacing) == 3 else None, axes)


def _meta_image(path: Path) -> StatedGeometry | None:
    head = _head(path)
    end = head.find(b"ElementDataFile")
    fields = {
        key.strip(): value.split()
        for key, _, value in (line.partition("=") for line in head[:end].decode("latin-1").splitlines())
    }
    if fields.get("NDims") != ["3"]:
        return None
    spacing = fields.get("ElementSpacing") or fields.get("ElementSize")
    axes = fields.get("TransformMatrix") or fields.get("Rotation") or fields.get("Orientation")
    return StatedGeometry(
        tuple(abs(float(mm)) for mm in spacing) if spacing else None,
        np.array([float(value) for value in axes]).reshape(3, 3).T if axes else None,
    )
