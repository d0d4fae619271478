"""What part of a training step goes into its batch: `python -m training profile FILE --data FOLDER`."""

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from training.experiment import Experiment
from training.feed.augment import augment
from training.state import Loss, State

_WARMING_UP = 2


class _Sampler(Protocol):
    def draw(self, random: np.random.Generator) -> tuple[Tensor, Tensor]: ...


@dataclass(frozen=True)
class Profile:
    """Median seconds of one step, and what was computed: `shape` is that of a batch's images."""

    drawing: float
    augmenting: float
    computing: float
    shape: tuple[int, ...]

    @property
    def feeding_share(self) -> float:
        """The part of a step in which the network waits for its batch, 0 to 1."""
        feeding = self.drawing + self.augmenting
        return feeding / (feeding + self.computing)

    def __str__(self) -> str:
        shape = " x ".join(map(str, self.shape))
        return (
            f"A batch of {shape}: drawing {1000 * self.drawing:.0f} ms, augmenting {1000 * self.augmenting:.0f} ms, "
            f"network {1000 * self.computing:.0f} ms. Feeding takes {100 * self.feeding_share:.0f} % of a step."
        )


def profile(
    experiment: Experiment, sampler: _Sampler, state: State, loss: Loss, class_count: int, steps: int
) -> Profile:
    """Time `steps` steps of a training, after two that are not counted. `state` is trained by it."""
    normalisation = experiment.preprocessing.normalisation
    times = []
    for step in range(_WARMING_UP + steps):
        random = np.random.default_rng((experiment.seed, step))
        torch.manual_seed(int(random.integers(2**62)))
        started = time.perf_counter()
        drawn = sampler.draw(random)
        at_hand = time.perf_counter()
        batch = augment(*drawn, experiment.augmentation, class_count, normalisation)
        fed = time.perf_counter()
        state.step([batch], loss, progress=0.5)
        times.append((at_hand - started, fed - at_hand, time.perf_counter() - fed))
    drawing, augmenting, computing = np.median(times[_WARMING_UP:], axis=0)
    return Profile(float(drawing), float(augmenting), float(computing), tuple(batch[0].shape))
