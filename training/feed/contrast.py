"""Other contrasts: what T1, T2, fat suppression or another scanner's windowing might have made of the same anatomy."""

import torch
import torch.nn.functional as F
from monai.transforms.intensity.array import AdjustContrast, RandHistogramShift
from torch import Tensor

from training.data.cases import UNKNOWN
from training.feed.chance import chosen, log_uniform, seed, uniform, without_meta
from training.feed.settings import Augmentation
from training.feed.t2 import t2_like

_LARGEST_GAMMA = 2.1
_TISSUES = 3  # that the surroundings are cut into by intensity
_CURVE_KNOTS = 6
_AIR = 0.1  # of the brightest; what stays below over a region is air
_AROUND = 8  # pixels, of such a region
_SMOOTHED = 3  # pixels, across the border of two structures


def change_contrast(images: Tensor, classes: Tensor, settings: Augmentation, class_count: int) -> Tensor:
    """Synthesis, a curve, a shifted histogram, inversion or a likeness of T2 on some samples, then gamma on some.

    Images (batch, channels, rows, columns) or (batch, 1, slices, rows, columns) in 0..1; the result is too.
    """
    shares = [settings.synthesis, settings.curve, settings.histogram, settings.inversion, settings.t2_like]
    ends = torch.tensor(shares).cumsum(0)
    changed = []
    for image, labels, kind in zip(images, classes, torch.bucketize(torch.rand(len(images)), ends), strict=True):
        match int(kind):
            case 0 if (labels != UNKNOWN).float().mean() > 0.5:
                changed.append(synthesise(image, labels, class_count, settings.dark_air))
            case 1:
                changed.append(random_curve(image, settings.dark_air))
            case 2:
                changed.append(without_meta(seed(RandHistogramShift(_CURVE_KNOTS, prob=1.0))(image)))
            case 3:
                changed.append(invert(image, settings.dark_air))
            case 4:
                changed.append(t2_like(image, labels))
            case _:
                changed.append(image)
    for place in chosen(len(changed), settings.gamma):
        gamma = float(log_uniform(1, 1 / _LARGEST_GAMMA, _LARGEST_GAMMA))
        changed[place] = without_meta(AdjustContrast(gamma)(changed[place]))
    return torch.stack(changed)


def synthesise(image: Tensor, classes: Tensor, class_count: int, dark_air: bool) -> Tensor:
    """Give each structure of one sample a new mean and keep its texture.

    `image` is (channels, rows, columns) with classes (rows, columns) of its middle channel, or (1, slices, rows,
    columns) with classes (slices, rows, columns). In half of the cases the surroundings keep their look and only the
    structures change among themselves, as between T1 and T2; else the surroundings are cut into three tissues by
    intensity, which change as well, as with fat suppression.
    """
    middle = image[len(image) // 2]
    tissue = torch.where(classes == UNKNOWN, 0, classes).long()
    count = class_count
    if torch.rand(()) < 0.5:
        cuts = torch.sort(torch.rand(_TISSUES - 1) * 0.6 + _AIR).values
        tissue = torch.where(tissue == 0, class_count + torch.bucketize(middle, cuts), tissue)
        count = class_count + _TISSUES
    mass = torch.bincount(tissue.flatten(), minlength=count).clamp(min=1)
    old_mean = torch.bincount(tissue.flatten(), middle.flatten(), count) / mass
    new_mean = torch.rand(count) * 0.9 + 0.02
    texture = uniform(count, 0.3, 1.2) * torch.where(torch.rand(count) < 0.2, -1.0, 1.0)
    if count == class_count:
        new_mean[0], texture[0] = old_mean[0], 1.0
    elif dark_air:
        new_mean[class_count] = torch.rand(()) * 0.15
    offset, gain = _smooth(torch.stack([(new_mean - texture * old_mean)[tissue], texture[tissue]]))
    made = image * gain + offset
    if torch.rand(()) < 0.4:
        made = made * (1 - uniform(1, 0.2, 0.8) * _rim(classes))
    return made.clamp(0, 1)


def _smooth(maps: Tensor) -> Tensor:
    """Maps (count, rows, columns) or (count, slices, rows, columns) averaged over a few pixels within each slice."""
    slices = maps.reshape(-1, *maps.shape[-2:])
    return F.avg_pool2d(slices[:, None], _SMOOTHED, 1, 1, count_include_pad=False)[:, 0].reshape(maps.shape)


def _rim(classes: Tensor) -> Tensor:
    """Thin rim of the first structure in each slice, in 0..1: the cortical bone of a vertebra and the outer annulus of
    a disc are dark in every sequence.
    """
    inside = (classes == 1).float().reshape(-1, 1, *classes.shape[-2:])
    rim = F.max_pool2d(inside, 3, 1, 1) + F.max_pool2d(-inside, 3, 1, 1)
    return F.avg_pool2d(rim, 3, 1, 1).reshape(classes.shape)


def random_curve(image: Tensor, dark_air: bool) -> Tensor:
    """Pass a sample in 0..1 through any random intensity curve."""
    knots = torch.rand(_CURVE_KNOTS)
    if dark_air:
        knots[0] *= _AIR
    position = image * (len(knots) - 1)
    below = position.floor().long().clamp(0, len(knots) - 2)
    return torch.lerp(knots[below], knots[below + 1], position - below)


def invert(image: Tensor, dark_air: bool) -> Tensor:
    """Turn bright into dark. With `dark_air` large dark regions stay as they are: small dark structures are tissue."""
    inverted = image.max() - image
    if not dark_air:
        return inverted
    slices = image.reshape(-1, 1, *image.shape[-2:])
    around = F.interpolate(slices, scale_factor=1 / _AROUND, mode="area", recompute_scale_factor=True)
    tissue = ((around - _AIR / 2) / _AIR).clamp(0, 1)
    tissue = F.interpolate(tissue, slices.shape[-2:], mode="bilinear").reshape(image.shape)
    return torch.lerp(image, inverted, tissue)
