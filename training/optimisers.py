"""Optimisers and schedules of the learning rate by name."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from training.errors import unknown

OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
}
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda _: 1.0,
    "poly": lambda progress: (1 - progress) ** 0.9,
    "cosine": lambda progress: (1 + math.cos(math.pi * progress)) / 2,
}


def build_optimiser(
    name: str, parameters: Iterable[nn.Parameter], learning_rate: float, weight_decay: float
) -> torch.optim.Optimizer:
    """An optimiser; "sgd" runs with Nesterov's momentum of 0.99, as nnU-Net's.

    Raises TrainingError for an unknown name.
    """
    if name not in OPTIMISERS:
        raise unknown("optimiser", name, OPTIMISERS)
    momentum: dict[str, Any] = {"momentum": 0.99, "nesterov": True} if name == "sgd" else {}
    return OPTIMISERS[name](parameters, lr=learning_rate, weight_decay=weight_decay, **momentum)


def rate_factor(schedule: str, progress: float, warmup: float) -> float:
    """What the learning rate is multiplied by when `progress` (0 to 1) of the training is done.

    It rises evenly over the first `warmup` of the training, then follows the schedule over the rest. Raises
    TrainingError for an unknown name.
    """
    if schedule not in SCHEDULES:
        raise unknown("schedule", schedule, SCHEDULES)
    if progress < warmup:
        return progress / warmup
    return SCHEDULES[schedule]((progress - warmup) / (1 - warmup) if warmup < 1 else 0.0)
