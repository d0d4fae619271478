"""Draws batches from prepared stacks: slices with their neighbours, or whole volumes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from LumbarSegLib.core import preprocess
from training.errors import TrainingError
from training.feed.prepare import Prepared
from training.feed.settings import SliceDraw

__all__ = ["LabelledSlice", "SliceDraw", "SliceSampler", "VolumeSampler", "padded_to"]

Drawn = tuple[NDArray[np.float32], NDArray[np.uint8]]


@dataclass(frozen=True)
class LabelledSlice:
    """A single slice without neighbours, in 0..1, with classes where they are known and UNKNOWN elsewhere."""

    image: NDArray[np.float32]
    classes: NDArray[np.uint8]


class SliceSampler:
    """Draws slices with their neighbours as another scanner would have cut them: thicker, further apart, or alone.

    A batch is as large as the largest slice, and a multiple of `stride`; smaller slices lie in its middle, on black
    background. Where the `settings` ask for no steps, neighbours lie `neighbour_distance_mm` away, as in inference.
    """

    def __init__(
        self,
        stacks: Sequence[Prepared],
        slices: int,
        batch: int,
        settings: SliceDraw = SliceDraw(),  # noqa: B008  frozen
        labelled: Sequence[LabelledSlice] = (),
        neighbour_distance_mm: float = 3.0,
        stride: int = 1,
    ) -> None:
        _check(stacks)
        self.stacks, self.labelled = stacks, labelled
        self.seen, self.batch, self.settings = slices, batch, settings
        self.neighbour_distance_mm = neighbour_distance_mm
        self.rows, self.columns = (
            -(-max(stack.image.shape[axis] for stack in stacks) // stride) * stride for axis in (1, 2)
        )

    def draw(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Images (batch, slices, rows, columns) in 0..1 and classes (batch, rows, columns) of their middle slices."""
        images = np.zeros((self.batch, self.seen, self.rows, self.columns), np.float32)
        classes = np.zeros((self.batch, self.rows, self.columns), np.uint8)
        for index in range(self.batch):
            alone = bool(self.labelled) and random.random() < self.settings.pseudo_share
            image, labels = self._draw_single(random) if alone else self._draw_from_stack(random)
            top = (self.rows - labels.shape[0]) // 2
            left = (self.columns - labels.shape[1]) // 2
            images[index, :, top : top + labels.shape[0], left : left + labels.shape[1]] = image
            classes[index, top : top + labels.shape[0], left : left + labels.shape[1]] = labels
        return torch.from_numpy(images), torch.from_numpy(classes)

    def _draw_single(self, random: np.random.Generator) -> Drawn:
        """A slice without neighbours, cut at a random place to the size of the stacks where it is larger."""
        one = self.labelled[int(random.integers(len(self.labelled)))]
        top, left = (
            int(random.integers(max(0, has - most) + 1))
            for has, most in zip(one.image.shape, (self.rows, self.columns), strict=True)
        )
        window = np.s_[top : top + self.rows, left : left + self.columns]
        image = one.image[window]
        return np.broadcast_to(image, (self.seen, *image.shape)), one.classes[window]

    def _draw_from_stack(self, random: np.random.Generator) -> Drawn:
        stack = self.stacks[int(random.integers(len(self.stacks)))]
        count = len(stack.image)
        centre = int(random.integers(count))
        if random.random() < self.settings.single:
            return np.broadcast_to(stack.image[centre], (self.seen, *stack.image.shape[1:])), stack.classes[centre]
        step = self._step(stack, random)
        half = (step - 1) // 2 if random.random() < self.settings.thick else 0
        chosen = preprocess.neighbour_indices(count, step, self.seen)[centre]
        if half == 0:
            return stack.image[chosen], stack.classes[centre]
        slabs = [stack.image[max(0, k - half) : k + half + 1].mean(0) for k in chosen]
        return np.stack(slabs), stack.classes[centre]

    def _step(self, stack: Prepared, random: np.random.Generator) -> int:
        if self.settings.largest_step:
            return int(random.integers(1, self.settings.largest_step + 1))
        return preprocess.neighbour_step(stack.slice_spacing_mm, self.neighbour_distance_mm)


class VolumeSampler:
    """Draws whole volumes, which are all of one size."""

    def __init__(self, stacks: Sequence[Prepared], batch: int) -> None:
        _check(stacks)
        sizes = {stack.image.shape for stack in stacks}
        if len(sizes) > 1:
            raise TrainingError("The volumes have different sizes; give [preprocessing] a size of three numbers.")
        self.stacks, self.batch = stacks, batch

    def draw(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Images (batch, 1, slices, rows, columns) in 0..1 and classes (batch, slices, rows, columns)."""
        chosen = [self.stacks[index] for index in random.integers(len(self.stacks), size=self.batch)]
        images = np.stack([stack.image for stack in chosen])[:, np.newaxis]
        return torch.from_numpy(images), torch.from_numpy(np.stack([stack.classes for stack in chosen]))


def padded_to(stride: int, stack: NDArray[Any], fill: float) -> NDArray[Any]:
    """A stack (slices, rows, columns) with rows and columns added at the end up to multiples of `stride`."""
    pad = ((0, 0), (0, -stack.shape[1] % stride), (0, -stack.shape[2] % stride))
    return np.pad(stack, pad, constant_values=fill)


def _check(stacks: Sequence[Prepared]) -> None:
    if not stacks:
        raise TrainingError("There is nothing to train on; give at least one case.")
