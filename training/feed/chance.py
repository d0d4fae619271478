"""Random numbers for whole batches, all from torch's own generator: who seeds it decides everything."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from monai.transforms.transform import RandomizableTransform
from monai.utils.type_conversion import convert_to_tensor
from torch import Tensor


def uniform(count: int, low: float, high: float) -> Tensor:
    return torch.empty(count).uniform_(low, high)


def log_uniform(count: int, low: float, high: float) -> Tensor:
    """Factors between `low` and `high`, as likely to divide as to multiply."""
    return torch.exp(uniform(count, float(np.log(low)), float(np.log(high))))


def happens(count: int, probability: float) -> Tensor:
    return torch.rand(count) < probability


def smooth_field(count: int, shape: tuple[int, ...], knots: int) -> Tensor:
    """Random smooth fields of about unit deviation, (count, *shape), `shape` being (rows, columns) or (slices, rows,
    columns); `knots` stand along each side of a slice, half as many across the slices.
    """
    across = max(2, knots // 2) if len(shape) == 3 else 1
    # Cubic to six times the knots and linear from there: not to be told from cubic all the way, in a third of the time.
    planes = F.interpolate(torch.randn(count, across, knots, knots), scale_factor=6, mode="bicubic")
    if len(shape) == 2:
        return F.interpolate(planes, shape, mode="bilinear")[:, 0]
    return F.interpolate(planes[:, None], shape, mode="trilinear", align_corners=True)[:, 0]


def chosen(count: int, probability: float) -> list[int]:
    """The samples of a batch that something happens to."""
    return torch.nonzero(happens(count, probability)).flatten().tolist()


def seed(transform: RandomizableTransform) -> RandomizableTransform:
    """The transform of MONAI with a random state of its own drawn from torch, so that one seed gives one batch."""
    transform.set_random_state(seed=int(torch.randint(2**31, ()).item()))
    return transform


def without_meta(image: Any) -> Tensor:
    """What a transform of MONAI gives, as a plain tensor."""
    return convert_to_tensor(image, track_meta=False)
