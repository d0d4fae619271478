"""Random numbers for whole batches, all from torch's own generator: who seeds it decides everything."""

import numpy as np
import torch
import torch.nn.functional as F
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
    if len(shape) == 2:
        return F.interpolate(torch.randn(count, 1, knots, knots), shape, mode="bicubic", align_corners=False)[:, 0]
    planes = torch.randn(count, max(2, knots // 2), knots, knots)
    planes = F.interpolate(planes, shape[1:], mode="bicubic", align_corners=False)
    across = F.interpolate(planes.flatten(2).transpose(1, 2), shape[0], mode="linear", align_corners=True)
    return across.transpose(1, 2).reshape(count, *shape)


def numpy_state() -> np.random.RandomState:
    """The state for a transform of MONAI, seeded from torch, so that one seed gives one batch."""
    return np.random.RandomState(int(torch.randint(2**31, ()).item()))
