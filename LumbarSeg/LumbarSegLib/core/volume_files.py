"""Files of volumes and pictures -> images, the header asked before ITK fills its gaps."""

from pathlib import Path

import SimpleITK as sitk

from LumbarSegLib.core.headers import check_stated_geometry, lacks_spacing, stated_geometry
from LumbarSegLib.core.pictures import READERS as PICTURES
from LumbarSegLib.core.pictures import read_picture
from LumbarSegLib.core.projection import as_projection
from LumbarSegLib.core.spacing import AXES, unspaced
from LumbarSegLib.errors import InputError

VOLUMES = ("NrrdImageIO", "NiftiImageIO", "MetaImageIO")


def read_file(path: Path, may_be_silent: bool, radiograph: bool = False) -> sitk.Image:
    """The image of one file that is not DICOM, with nothing of its header but the geometry.

    Where it `may_be_silent` on the spacing, pictures and such volumes come unspaced (`core.spacing`); else they are
    refused. A `radiograph` is a picture, or a volume of one slice. Raises InputError for all that cannot be read or
    trusted.
    """
    reader = reader_of(path)
    if reader in PICTURES:
        if may_be_silent or radiograph:
            return read_picture(path, radiograph)
        raise InputError(
            f"{path.name}: a picture has no place in the patient; say what it shows: a radiograph with --task xray, "
            "an axial slice with --task axial, and --pixel-spacing where it is known."
        )
    stated = stated_geometry(path, reader)
    silent = stated if (may_be_silent or radiograph) and lacks_spacing(stated) else None
    if silent is None:
        check_stated_geometry(stated, path.name)
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise InputError(f"{path.name}: {_reason(str(error))}") from error
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        image = image[:, :, :, 0]
    for key in image.GetMetaDataKeys():
        image.EraseMetaData(key)
    if silent:
        image = unspaced(image, AXES if silent.axes is None else image.GetDirection())
    return as_projection(image) if radiograph else image


def reader_of(path: Path) -> str:
    """ITK's name of the format of a file, by its content. Raises InputError where it is none that is read here."""
    if path.stat().st_size == 0:
        raise InputError(f"{path.name}: the file is empty; copy or export it again.")
    reader: str = sitk.ImageFileReader.GetImageIOFromFileName(str(path))
    if reader not in (*PICTURES, *VOLUMES):
        raise InputError(f"{path.name}: this is not an image that can be read; give NRRD, NIfTI, MetaImage or DICOM.")
    return reader


def _reason(message: str) -> str:
    """ITK's message -> what to tell the user."""
    again = "export the image again from its DICOM files."
    if "orthonormal" in message or "determinant is 0" in message:
        return f"the direction matrix is singular or sheared; {again}"
    if "size is zero" in message:
        return f"the image is empty; {again}"
    if "pacing" in message:
        return f"the voxel spacing is missing, zero or negative; {again}"
    return "the file is damaged or incomplete; copy or export it again."
