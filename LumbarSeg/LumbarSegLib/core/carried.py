"""Texts that an image carries in its metadata, kept where SimpleITK would drop them."""

from collections.abc import Mapping

import SimpleITK as sitk


def texts_of(image: sitk.Image) -> dict[str, str]:
    """The texts that an image carries, by their keys.

    Those that are not UTF-8, as a file's header may hold, are left out: SimpleITK reads them and does not take them
    back.
    """
    texts = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    return {key: text for key, text in texts.items() if _is_unicode(key) and _is_unicode(text)}


def carrying(image: sitk.Image, texts: Mapping[str, str]) -> sitk.Image:
    """A copy of an image that carries these texts besides its own; SimpleITK drops all of a copy at its first change.

    An empty text takes one away.
    """
    copy = sitk.Image(image)
    copy.SetOrigin(image.GetOrigin())
    for key, text in (texts_of(image) | dict(texts)).items():
        if text:
            copy.SetMetaData(key, text)
    return copy


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
