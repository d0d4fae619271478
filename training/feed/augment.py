"""From drawn batches to what a network trains on, and to the same without any change for validation."""

import torch
from torch import Tensor

from LumbarSegLib.core import preprocess
from training.feed.chance import uniform
from training.feed.contrast import change_contrast
from training.feed.faults import add_coil_shading, add_faults, add_implants, add_noise
from training.feed.geometry import warp
from training.feed.settings import Augmentation

__all__ = ["Augmentation", "augment", "plain"]


def augment(
    images: Tensor, classes: Tensor, settings: Augmentation, class_count: int, normalisation: str
) -> tuple[Tensor, Tensor]:
    """Change a batch as `settings` say, seeded by torch's generator alone.

    Images (batch, channels, rows, columns) with classes (batch, rows, columns), or (batch, 1, slices, rows, columns)
    with (batch, slices, rows, columns), in 0..1; returns the images normalised and the classes as integers of 64 bits.
    """
    images, classes = warp(images, classes, settings)
    images = change_contrast(images, classes, settings, class_count)
    shape = images.shape
    slices = images.reshape(len(images), -1, *shape[-2:])
    slices = add_implants(add_faults(add_coil_shading(slices, settings), settings), classes, settings)
    images = add_noise(slices, settings).reshape(shape)
    images, classes = plain(images, classes, normalisation)
    return _off_level(images, settings), classes


def plain(images: Tensor, classes: Tensor, normalisation: str) -> tuple[Tensor, Tensor]:
    """Normalise each sample of a batch by itself, through the function that inference uses on a volume."""
    slices = images.reshape(len(images), -1, *images.shape[-2:])
    normalised = [torch.from_numpy(preprocess.after_unit(sample.numpy(), normalisation)) for sample in slices]
    return torch.stack(normalised).reshape(images.shape), classes.long()


def _off_level(images: Tensor, settings: Augmentation) -> Tensor:
    if not settings.level:
        return images
    shape = (len(images), *(1 for _ in images.shape[1:]))
    gain = uniform(len(images), 1 - settings.level, 1 + settings.level).reshape(shape)
    return images * gain + uniform(len(images), -settings.level, settings.level).reshape(shape)
