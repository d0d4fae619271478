"""What goes wrong in a scanner: shading, coarse pixels, blur, ghosts, saturation bands, metal, ringing, spikes, noise.

All work within the slices; images are (batch, slices, rows, columns) in 0..1, the slices being either the neighbours
that a network sees or the slices of a volume.
"""

import numpy as np
import torch
import torch.nn.functional as F
from monai.transforms.intensity.array import GaussianSmooth, GibbsNoise, KSpaceSpikeNoise, RandBiasField
from torch import Tensor

from training.data.cases import UNKNOWN
from training.feed.chance import chosen, seed, uniform, without_meta
from training.feed.settings import Augmentation

_FIELD = 0.5  # largest coefficient of the shading's polynomials


def add_coil_shading(images: Tensor, settings: Augmentation) -> Tensor:
    """Smooth shading, and the fall of signal from back to belly of a surface coil, each on some samples.

    All slices of a sample are shaded alike: MONAI's field is computed once for them.
    """
    log_field = images.new_zeros(len(images), *images.shape[2:])
    for place in chosen(len(images), settings.bias):
        field = RandBiasField(coeff_range=(-_FIELD, _FIELD), prob=1.0)
        log_field[place] = without_meta(seed(field)(torch.ones(1, *images.shape[2:])))[0].log()
    for place in chosen(len(images), settings.coil):
        log_field[place] += uniform(1, -2.0, 1.0) * _along(images, settings, 0.5, -0.5)
    if not log_field.any():
        return images
    return images * torch.exp(log_field - 0.5 * log_field.amax((1, 2), keepdim=True))[:, None]


def _along(images: Tensor, settings: Augmentation, first: float, last: float) -> Tensor:
    """A ramp from belly to back, (rows, 1) or (1, columns)."""
    if settings.belly_to_back == "rows":
        return torch.linspace(first, last, images.shape[-2])[:, None]
    return torch.linspace(first, last, images.shape[-1])[None]


def _lower_resolution(image: Tensor) -> Tensor:
    """Fewer pixels acquired than shown, in each direction another number, which MONAI's transform cannot do."""
    _, rows, columns = image.shape
    factors = uniform(2, 1.0, 3.0)
    small = (max(8, int(rows / factors[0])), max(8, int(columns / factors[1])))
    mode = "nearest" if torch.rand(()) < 0.15 else "bilinear"
    coarse = F.interpolate(image[None], small, mode="area")
    return F.interpolate(coarse, (rows, columns), mode=mode)[0]


def _blur(image: Tensor) -> Tensor:
    """Blurred, or sharpened by as much as it would have been blurred."""
    smooth = without_meta(GaussianSmooth(float(uniform(1, 0.6, 1.4)))(image))
    return torch.lerp(image, smooth, float(uniform(1, -0.8, 1.0)))


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


def _ring(image: Tensor) -> Tensor:
    """Ringing beside edges, where the high frequencies were not acquired."""
    return without_meta(GibbsNoise(float(uniform(1, 0.3, 0.65)))(image))


def _spike(image: Tensor) -> Tensor:
    """Stripes over the image, from a spark while k-space was read; seldom near its centre, so seldom wide."""
    _, rows, columns = image.shape
    row, column = (int(side * (0.5 + float(uniform(1, 0.06, 0.2)))) for side in (rows, columns))
    row = rows - row if torch.rand(()) < 0.5 else row
    height = float(uniform(1, 0.1, 0.4) * image.std()) * rows * columns + 1.0
    spikes = KSpaceSpikeNoise(
        [(place, row, column) for place in range(len(image))], [float(np.log(height))] * len(image)
    )
    return without_meta(spikes(image))


def add_faults(images: Tensor, settings: Augmentation) -> Tensor:
    """Coarse pixels, blur or sharpening, ghosts, saturation bands, metal, ringing and spikes, each on some samples."""
    steps = (
        (_lower_resolution, settings.low_resolution),
        (_blur, settings.blur),
        (_ghost, settings.ghost),
        (lambda image: _saturation_band(image, settings), settings.band),
        (_void, settings.void),
        (_ring, settings.gibbs),
        (_spike, settings.spike),
    )
    spoiled = list(images)
    for step, probability in steps:
        for place in chosen(len(images), probability):
            spoiled[place] = step(spoiled[place])
    return torch.stack(spoiled) if any(probability for _, probability in steps) else images


def add_implants(images: Tensor, classes: Tensor, settings: Augmentation) -> Tensor:
    """Rods and screws over the spine of some radiographs; `classes` are those of `training.feed.augment.augment`.

    Where the settings ask for none nothing is drawn, not even by chance.
    """
    if not settings.implant:
        return images
    crossed = list(images)
    for place in chosen(len(images), settings.implant):
        marked = (classes[place] > 0) & (classes[place] != UNKNOWN)
        crossed[place] = _implant(crossed[place], marked.reshape(-1, *marked.shape[-2:]).any(0))
    return torch.stack(crossed)


def _implant(image: Tensor, marked: Tensor) -> Tensor:
    """Two rods with screws along a part of what is `marked` (rows, columns), as bright as a radiograph can be."""
    _, rows, columns = image.shape
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    away = (x - _along_spine(marked)[:, None]).abs()
    first, last = torch.sort(rows * torch.rand(2)).values
    along = (y >= first) & (y <= last)
    apart, thick = uniform(1, 0.02, 0.07) * columns, uniform(1, 1.5, 4.0)
    metal = along & ((away - apart).abs() < thick)
    step, high, lean = uniform(1, 30, 60), uniform(1, 2.0, 5.0), uniform(1, -0.4, 0.4)
    at_screw = (y - first + lean * away) % step < high
    metal |= along & at_screw & (away > 0.3 * apart) & (away < apart + 2 * thick)
    return torch.where(metal, torch.maximum(image, uniform(1, 0.9, 1.0)), image)


def _along_spine(marked: Tensor) -> Tensor:
    """For each row the middle column of what is marked around it, (rows,); the middle of the image where nothing is."""
    rows, columns = marked.shape
    width = 2 * (rows // 16) + 1
    ones = torch.ones(1, 1, width)
    counts, sums = (
        F.conv1d(line.float()[None, None], ones, padding=width // 2)[0, 0]
        for line in (marked.sum(1), (marked * torch.arange(columns)).sum(1))
    )
    return torch.where(counts > 0, sums / counts.clamp(min=1), columns / 2)


def add_noise(images: Tensor, settings: Augmentation) -> Tensor:
    """Rician noise, that of magnitude images, on some samples.

    On 3 x 384 x 320 pixels MONAI's transform takes 31 ms of one core, this 8 ms, since torch draws faster than NumPy.
    """
    noisy = list(images)
    for place in chosen(len(images), settings.noise):
        level = float(uniform(1, 0.0, settings.noise_level) * images[place].std())
        real, imaginary = level * torch.randn(2, *images.shape[1:])
        noisy[place] = torch.hypot(images[place] + real, imaginary)
    return torch.stack(noisy) if settings.noise else images
