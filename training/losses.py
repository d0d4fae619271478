"""Losses by name. Pixels of unknown class count in none of them."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from monai.losses.dice import DiceLoss
from monai.losses.focal_loss import FocalLoss
from numpy.typing import NDArray
from torch import Tensor, nn

from training.data.cases import UNKNOWN
from training.errors import unknown

Loss = Callable[[Tensor | list[Tensor], Tensor], Tensor]
_One = Callable[[Tensor, Tensor], Tensor]


def build_loss(name: str, weights: Tensor | None) -> Loss:
    """The loss of logits (batch, classes, ...) against classes (batch, ...), long, with UNKNOWN where nothing is known.

    `weights` of all classes go into "ce", "dice-ce" and "focal". Several answers of a deeply supervised network, the
    final one first, weigh half as much each as the one before, together one. Raises TrainingError for an unknown name.
    """
    if name not in _LOSSES:
        raise unknown("loss", name, NAMES)
    one = _LOSSES[name](weights)

    def loss(logits: Tensor | list[Tensor], classes: Tensor) -> Tensor:
        answers = [logits] if isinstance(logits, Tensor) else logits
        shares = torch.tensor([0.5**depth for depth in range(len(answers))])
        losses = torch.stack([one(answer, classes) for answer in answers])
        return (losses * (shares / shares.sum()).to(losses)).sum()

    return loss


def class_weights(arrays: Iterable[NDArray[np.uint8]], classes: int) -> Tensor:
    """Weights of the classes, their mean one, by how seldom each is."""
    counts = np.zeros(UNKNOWN + 1, np.int64)
    for array in arrays:
        counts += np.bincount(array.ravel(), minlength=len(counts))
    shares = counts[:classes] / counts[:classes].sum()
    weights = 1 / np.sqrt(shares)
    return torch.from_numpy(weights / weights.mean()).float()


def _dice(_: Tensor | None) -> _One:
    loss = DiceLoss(
        include_background=False,
        to_onehot_y=True,
        softmax=True,
        smooth_nr=1,
        smooth_dr=1,
        batch=True,
        ignore_index=UNKNOWN,
    )
    return lambda logits, classes: loss(logits, classes[:, None])


def _cross_entropy(weights: Tensor | None) -> _One:
    return nn.CrossEntropyLoss(weights, ignore_index=UNKNOWN)


def _dice_and_cross_entropy(weights: Tensor | None) -> _One:
    dice, cross_entropy = _dice(weights), _cross_entropy(weights)
    return lambda logits, classes: cross_entropy(logits, classes) + dice(logits, classes)


def _focal(weights: Tensor | None) -> _One:
    loss = FocalLoss(to_onehot_y=True, use_softmax=True, weight=weights, ignore_index=UNKNOWN)
    return lambda logits, classes: loss(logits, classes[:, None])


_LOSSES: dict[str, Any] = {
    "dice": _dice,
    "ce": _cross_entropy,
    "dice-ce": _dice_and_cross_entropy,
    "focal": _focal,
}
NAMES = tuple(_LOSSES)
