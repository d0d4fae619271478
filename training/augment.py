"""Makes of a few T2 SPACE stacks what a hospital's scanners might have made: other contrasts, coils, grids
and faults.

Written on whole batches of torch tensors, because transforms that work on one slice at a time starve two
cores. Images are (batch, channels, rows, columns) in 0..1, class maps (batch, rows, columns).
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

CLASS_COUNT = 4
_UNKNOWN = 255


@dataclass(frozen=True)
class Augmentation:
    """How often and how far, as the training configuration gives it; probabilities are per slice."""

    crop: tuple[int, int]
    rotation_deg: float
    zoom: tuple[float, float]
    elastic_px: float
    synthesis: float
    curve: float
    inversion: float
    gamma: float
    bias: float
    low_resolution: float
    blur: float
    noise: float
    ghost: float
    band: float
    void: float


def _uniform(count: int, low: float, high: float) -> Tensor:
    return torch.empty(count).uniform_(low, high)


def _happens(count: int, probability: float) -> Tensor:
    return torch.rand(count) < probability


def _smooth_field(count: int, shape: tuple[int, int], knots: int) -> Tensor:
    """Random smooth fields of about unit deviation, (count, 1, rows, columns)."""
    return F.interpolate(torch.randn(count, 1, knots, knots), shape, mode="bicubic", align_corners=False)


def warp(images: Tensor, classes: Tensor, settings: Augmentation) -> tuple[Tensor, Tensor]:
    """Rotate, zoom, shear, bend and crop; outside of the image is black background."""
    count, _, rows, columns = images.shape
    out_rows, out_columns = settings.crop
    angle = _uniform(count, -settings.rotation_deg, settings.rotation_deg) * math.pi / 180
    zoom = torch.exp(_uniform(count, math.log(settings.zoom[0]), math.log(settings.zoom[1])))
    stretch = torch.exp(_uniform(count, -0.08, 0.08))
    shear = _uniform(count, -0.08, 0.08)
    free_row = max(0.0, rows - 0.8 * out_rows) / 2
    free_column = max(0.0, columns - 0.8 * out_columns) / 2
    shift = torch.stack([_uniform(count, -free_row, free_row), _uniform(count, -free_column, free_column)], 1)

    y, x = torch.meshgrid(
        torch.arange(out_rows) - (out_rows - 1) / 2,
        torch.arange(out_columns) - (out_columns - 1) / 2,
        indexing="ij",
    )
    x = x[None] / (zoom * stretch)[:, None, None]
    y = y[None] / (zoom / stretch)[:, None, None]
    x = x + shear[:, None, None] * y
    cos, sin = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    source_x = cos * x - sin * y + shift[:, 1, None, None]
    source_y = sin * x + cos * y + shift[:, 0, None, None]
    bend = settings.elastic_px * torch.rand(count, 1, 1) * _happens(count, 0.6)[:, None, None]
    source_x = source_x + bend * _smooth_field(count, settings.crop, 7)[:, 0]
    source_y = source_y + bend * _smooth_field(count, settings.crop, 7)[:, 0]

    grid = torch.stack([2 * source_x / columns, 2 * source_y / rows], -1)
    warped = F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    nearest = F.grid_sample(classes[:, None].float(), grid, mode="nearest", padding_mode="zeros", align_corners=False)
    return warped, nearest[:, 0].long()


def synthesise_contrast(image: Tensor, classes: Tensor) -> Tensor:
    """Give each structure of one slice (channels, rows, columns) a new mean and keep its texture.

    In half of the cases the surroundings keep their look and only vertebrae, discs and canal change among
    themselves, as between T1 and T2; else the surroundings are cut into three tissues by intensity, which
    change as well, as with fat suppression.
    """
    middle = image[len(image) // 2]
    tissue = torch.where(classes == _UNKNOWN, 0, classes).clone()
    count = CLASS_COUNT
    if torch.rand(()) < 0.5:
        cuts = torch.sort(torch.rand(2) * 0.6 + 0.05).values
        tissue = torch.where(tissue == 0, CLASS_COUNT + torch.bucketize(middle, cuts), tissue)
        count = CLASS_COUNT + 3
    weights = F.one_hot(tissue, count).permute(2, 0, 1).float()
    weights = F.avg_pool2d(weights[None], 3, 1, 1)[0]
    mass = weights.sum((1, 2)).clamp(min=1)
    old_mean = (weights * middle).sum((1, 2)) / mass
    new_mean = torch.rand(count) * 0.9 + 0.02
    texture = _uniform(count, 0.3, 1.2) * torch.where(torch.rand(count) < 0.2, -1.0, 1.0)
    if count == CLASS_COUNT:
        new_mean[0], texture[0] = old_mean[0], 1.0
    elif torch.rand(()) < 0.6:
        new_mean[CLASS_COUNT] = torch.rand(()) * 0.15
    offset = torch.einsum("krc,k->rc", weights, new_mean - texture * old_mean)
    gain = torch.einsum("krc,k->rc", weights, texture)
    made = image * gain + offset
    if torch.rand(()) < 0.4:
        made = made * (1 - _uniform(1, 0.2, 0.8) * _cortex(classes))
    return made.clamp(0, 1)


def _cortex(classes: Tensor) -> Tensor:
    """Thin rim of the vertebrae, in 0..1: cortical bone is dark in every sequence."""
    bone = (classes == 1).float()[None, None]
    rim = F.max_pool2d(bone, 3, 1, 1) + F.max_pool2d(-bone, 3, 1, 1)
    return F.avg_pool2d(rim, 3, 1, 1)[0, 0]


def random_curve(image: Tensor) -> Tensor:
    """Pass a slice through a random intensity curve, half of them not monotone."""
    knots = torch.rand(6)
    if torch.rand(()) < 0.5:
        knots = torch.sort(knots).values
        knots = (knots - knots[0]) / (knots[-1] - knots[0]).clamp(min=0.2)
    position = image * (len(knots) - 1)
    below = position.floor().long().clamp(0, len(knots) - 2)
    return torch.lerp(knots[below], knots[below + 1], position - below)


def change_contrast(images: Tensor, classes: Tensor, settings: Augmentation) -> Tensor:
    """Synthesis, curve or inversion on some slices, then gamma on most."""
    kind = torch.rand(len(images))
    changed = []
    for image, labels, choice in zip(images, classes, kind, strict=True):
        if choice < settings.synthesis and (labels != _UNKNOWN).float().mean() > 0.5:
            changed.append(synthesise_contrast(image, labels))
        elif choice < settings.synthesis + settings.curve:
            changed.append(random_curve(image))
        elif choice < settings.synthesis + settings.curve + settings.inversion:
            changed.append(image.max() - image)
        else:
            changed.append(image)
    gamma = torch.exp(_uniform(len(images), -0.75, 0.75) * _happens(len(images), settings.gamma))
    return torch.stack(changed).clamp(1e-4, 1) ** gamma[:, None, None, None]


def add_coil_shading(images: Tensor, settings: Augmentation) -> Tensor:
    """Smooth shading, and the fall of signal from back to belly of a surface coil."""
    count, _, rows, columns = images.shape
    strength = _uniform(count, 0.1, 0.5) * _happens(count, settings.bias)
    field = _smooth_field(count, (rows, columns), 4) * strength[:, None, None, None]
    slope = _uniform(count, -2.0, 1.0) * _happens(count, settings.bias)
    field = field + slope[:, None, None, None] * torch.linspace(0.5, -0.5, columns)
    return images * torch.exp(field - field.amax((2, 3), keepdim=True) * 0.5)


def _lower_resolution(image: Tensor) -> Tensor:
    _, rows, columns = image.shape
    factors = _uniform(2, 1.0, 3.0)
    small = (max(8, int(rows / factors[0])), max(8, int(columns / factors[1])))
    mode = "nearest" if torch.rand(()) < 0.15 else "bilinear"
    coarse = F.interpolate(image[None], small, mode="area")
    return F.interpolate(coarse, (rows, columns), mode=mode)[0]


def _blur(image: Tensor) -> Tensor:
    width = int(torch.randint(1, 3, ()).item()) * 2 + 1
    smooth = F.avg_pool2d(image[None], width, 1, width // 2)[0]
    amount = _uniform(1, -0.8, 1.0)
    return image + amount * (smooth - image)


def _ghost(image: Tensor) -> Tensor:
    axis = int(torch.randint(1, 3, ()).item())
    shift = int(torch.randint(15, 90, ()).item())
    strength = _uniform(1, 0.05, 0.25)
    return image + strength * (torch.roll(image, shift, axis) + torch.roll(image, -shift, axis))


def _saturation_band(image: Tensor) -> Tensor:
    columns = image.shape[-1]
    edge = float(_uniform(1, 0.1, 0.5)) * columns
    width = float(_uniform(1, 4, 25))
    return image * torch.sigmoid((torch.arange(columns) - edge) / width)


def _void(image: Tensor) -> Tensor:
    """Signal loss around metal."""
    _, rows, columns = image.shape
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    row, column = torch.rand(()) * rows, torch.rand(()) * columns
    size = _uniform(2, 5, 30)
    return image * (1 - torch.exp(-(((y - row) / size[0]) ** 2 + ((x - column) / size[1]) ** 2)))


def add_faults(images: Tensor, settings: Augmentation) -> Tensor:
    """Coarse pixels, blur or sharpening, ghosts, saturation bands, metal and noise, each on some slices."""
    steps = (
        (_lower_resolution, settings.low_resolution),
        (_blur, settings.blur),
        (_ghost, settings.ghost),
        (_saturation_band, settings.band),
        (_void, settings.void),
    )
    spoiled = []
    for image in images:
        for step, probability in steps:
            if torch.rand(()) < probability:
                image = step(image)  # noqa: PLW2901  one slice through a chain of steps
        spoiled.append(image)
    level = _uniform(len(images), 0.0, 0.09) * _happens(len(images), settings.noise)
    stacked = torch.stack(spoiled)
    noise = torch.randn_like(stacked) * level[:, None, None, None]
    # Magnitude images carry Rician noise: the absolute value keeps dark regions from going below zero.
    return (stacked + noise).abs()


def standardise(images: Tensor) -> Tensor:
    """Zero mean and unit deviation for each slice, then a small error of both, since inference takes them
    from a volume.
    """
    mean = images.mean((1, 2, 3), keepdim=True)
    deviation = images.std((1, 2, 3), keepdim=True).clamp(min=1e-3)
    count = len(images)
    gain = _uniform(count, 0.85, 1.15)[:, None, None, None]
    return (images - mean) / deviation * gain + _uniform(count, -0.15, 0.15)[:, None, None, None]


def augment(images: Tensor, classes: Tensor, settings: Augmentation) -> tuple[Tensor, Tensor]:
    """All of it: images (batch, channels, rows, columns) in 0..1 and classes to what the network trains on."""
    images, classes = warp(images, classes, settings)
    images = change_contrast(images, classes, settings)
    images = add_coil_shading(images, settings)
    images = add_faults(images, settings)
    return standardise(images), classes
