"""Files as users upload them, made by the libraries that make such files."""

import io
import zipfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk


def as_file(image: sitk.Image, name: str, folder: Path, compressed: bool = False) -> bytes:
    sitk.WriteImage(image, str(folder / name), useCompression=compressed)
    return (folder / name).read_bytes()


def volume() -> sitk.Image:
    image = sitk.GetImageFromArray(np.arange(4 * 20 * 30, dtype=np.int16).reshape(4, 20, 30))
    image.SetSpacing((0.5, 0.5, 4.0))
    return image


def zipped(files: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()
