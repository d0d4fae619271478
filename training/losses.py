"""Losses by name. Pixels of unknown class count in none of them."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
import torch.nn.functional as F
from monai.losses.dice import DiceLoss
from monai.losses.focal_loss import FocalLoss
from numpy.typing import NDArray
from torch import Tensor

from training.data.cases import UNKNOWN
from training.errors import TrainingError, unknown

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
        if weights is not None and len(weights) != answers[0].shape[1]:
            raise TrainingError(
                f"The loss has {len(weights)} weights for {answers[0].shape[1]} classes; give one each."
            )
        shares = torch.tensor([0.5**depth for depth in range(len(answers))])
        losses = torch.stack([one(answer, classes) for answer in answers])
        return (losses * (shares / shares.sum()).to(losses)).sum()

    return loss


def class_weights(arrays: Iterable[NDArray[np.uint8]], classes: int) -> Tensor:
    """Weights of the classes, their mean one, by the inverse square root of their share of the known pixels.

    The inverse itself would let a class of a thousandth of the pixels outweigh all others. Raises TrainingError where a
    class does not occur.
    """
    counts = np.zeros(UNKNOWN + 1, np.int64)
    for array in arrays:
        counts += np.bincount(array.ravel(), minlength=len(counts))
    missing = np.flatnonzero(counts[:classes] == 0)
    if missing.size:
        raise TrainingError(f"Class {missing[0]} does not occur in the training part; give the weights of the loss.")
    weights = 1 / np.sqrt(counts[:classes])
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
    def loss(logits: Tensor, classes: Tensor) -> Tensor:
        if bool((classes == UNKNOWN).all()):
            return 0 * logits.sum()
        return F.cross_entropy(logits, classes, None if weights is None else weights.to(logits), ignore_index=UNKNOWN)

    return loss


def _dice_and_cross_entropy(weights: Tensor | None) -> _One:
    dice, cross_entropy = _dice(weights), _cross_entropy(weights)
    return lambda logits, classes: cross_entropy(logits, classes) + dice(logits, classes)


def _focal(weights: Tensor | None) -> _One:
    loss = FocalLoss(to_onehot_y=True, use_softmax=True, weight=weights, ignore_index=UNKNOWN)
    return lambda logits, classes: loss(logits, classes[:, None])


_LOSSES: dict[str, Callable[[Tensor | None], _One]] = {
    "dice": _dice,
    "ce": _cross_entropy,
    "dice-ce": _dice_and_cross_entropy,
    "focal": _focal,
}
NAMES = tuple(_LOSSES)
