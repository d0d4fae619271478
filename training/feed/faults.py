"""What goes wrong in a scanner: shading, coarse pixels, blur, ghosts, saturation bands, metal, ringing, spikes, noise.

All work within the slices; images are (batch, slices, rows, columns) in 0..1, the slices being either the neighbours
that a network sees or the slices of a volume.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from training.feed.chance import happens, smooth_field, uniform
from training.feed.settings import Augmentation


def add_coil_shading(images: Tensor, settings: Augmentation) -> Tensor:
    """Smooth shading, and the fall of signal from back to belly of a surface coil."""
    if not settings.bias:
        return images
    count = len(images)
    strength = uniform(count, 0.1, 0.5) * happens(count, settings.bias)
    field = smooth_field(count, tuple(images.shape[2:]), 4) * strength[:, None, None]
    slope = uniform(count, -2.0, 1.0) * happens(count, settings.bias)
    field = field + slope[:, None, None] * _along(images, settings, 0.5, -0.5)
    field = field - field.amax((1, 2), keepdim=True) * 0.5
    return images * torch.exp(field)[:, None]


def _along(images: Tensor, settings: Augmentation, first: float, last: float) -> Tensor:
    """A ramp from belly to back, (rows, 1) or (1, columns)."""
    if settings.belly_to_back == "rows":
        return torch.linspace(first, last, images.shape[-2])[:, None]
    return torch.linspace(first, last, images.shape[-1])[None]


def _lower_resolution(image: Tensor) -> Tensor:
    _, rows, columns = image.shape
    factors = uniform(2, 1.0, 3.0)
    small = (max(8, int(rows / factors[0])), max(8, int(columns / factors[1])))
    mode = "nearest" if torch.rand(()) < 0.15 else "bilinear"
    coarse = F.interpolate(image[None], small, mode="area")
    return F.interpolate(coarse, (rows, columns), mode=mode)[0]


def _blur(image: Tensor) -> Tensor:
    width = int(torch.randint(1, 3, ()).item()) * 2 + 1
    smooth = F.avg_pool2d(image[None], width, 1, width // 2)[0]
    amount = uniform(1, -0.8, 1.0)
    return image + amount * (smooth - image)


def _ghost(image: Tensor) -> Tensor:
    axis = int(torch.randint(1, 3, ()).item())
    shift = int(float(uniform(1, 0.04, 0.25)) * image.shape[axis])
    strength = uniform(1, 0.05, 0.25)
    return image + strength * (torch.roll(image, shift, axis) + torch.roll(image, -shift, axis))


def _saturation_band(image: Tensor, settings: Augmentation) -> Tensor:
    edge, width = uniform(1, 0.1, 0.5), uniform(1, 0.012, 0.08)
    return image * torch.sigmoid((_along(image, settings, 0.0, 1.0) - edge) / width)


def _void(image: Tensor) -> Tensor:
    """Signal loss around metal."""
    _, rows, columns = image.shape
    y, x = torch.meshgrid(torch.linspace(0, 1, rows), torch.linspace(0, 1, columns), indexing="ij")
    (row, column), size = torch.rand(2), uniform(2, 0.015, 0.085)
    return image * (1 - torch.exp(-(((y - row) / size[0]) ** 2 + ((x - column) / size[1]) ** 2)))


def add_faults(images: Tensor, settings: Augmentation) -> Tensor:
    """Coarse pixels, blur or sharpening, ghosts, saturation bands and metal, each on some samples, then noise."""
    steps = (
        (_lower_resolution, settings.low_resolution),
        (_blur, settings.blur),
        (_ghost, settings.ghost),
        (lambda image: _saturation_band(image, settings), settings.band),
        (_void, settings.void),
    )
    wanted = [(step, probability) for step, probability in steps if probability]
    spoiled = []
    for image in images:
        for step, probability in wanted:
            if torch.rand(()) < probability:
                image = step(image)  # noqa: PLW2901  one sample through a chain of steps
        spoiled.append(image)
    return add_noise(torch.stack(spoiled), settings) if wanted else add_noise(images, settings)


def add_noise(images: Tensor, settings: Augmentation) -> Tensor:
    if not settings.noise:
        return images
    level = uniform(len(images), 0.0, 0.09) * happens(len(images), settings.noise)
    # Magnitude images carry Rician noise: the absolute value keeps dark regions from going below zero.
    return (images + torch.randn_like(images) * level[:, None, None, None]).abs()
