"""Texts that an image carries in its metadata, kept where SimpleITK would drop them."""

from collections.abc import Mapping

import SimpleITK as sitk


def carrying(image: sitk.Image, texts: Mapping[str, str]) -> sitk.Image:
    """A copy of an image that carries these texts besides its own; SimpleITK drops all of a copy at its first change.

    An empty text takes one away.
    """
    copy = sitk.Image(image)
    copy.SetOrigin(image.GetOrigin())
    for key, text in ({key: image.GetMetaData(key) for key in image.GetMetaDataKeys()} | dict(texts)).items():
        if text:
            copy.SetMetaData(key, text)
    return copy
