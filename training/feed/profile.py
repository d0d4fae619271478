"""What part of a training step goes into its batch.

Measured in seconds of one core (Xeon, 2.5 GHz, single precision): the flagship with 8 x 3 x 384 x 320 pixels 2.24 for
the network, 0.35 for the batch, 14 %; a plain U-Net with 4 x 1 x 320 x 320 pixels 2.25 and 0.06, 2 %. By the clock, on
two cores that others used too, 14 % and 4 %, and 3 % for a 3D U-Net.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch

from training import folds, runs
from training.data.cases import DataSet
from training.experiment import Experiment
from training.feed.augment import augment
from training.feed.prepare import prepare_all
from training.state import State

_WARMING_UP = 2
_CASES = 12


@dataclass(frozen=True)
class Profile:
    """Median seconds of the parts of a step, and the shape of a batch's images."""

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


def profile(experiment: Experiment, dataset: DataSet, steps: int = 10) -> Profile:
    """Train `steps` steps on a dozen cases, after two that are not counted; nothing of the training is kept."""
    stacks = prepare_all(dataset.cases[:_CASES], dataset, experiment.preprocessing, runs.CACHE)
    state, classes = State(experiment, len(dataset.classes)), len(dataset.classes)
    sampler = folds.sampler_of(experiment, stacks, state.network.stride)
    loss = folds.loss_of(experiment, stacks, classes)
    times = []
    for step in range(_WARMING_UP + steps):
        random = np.random.default_rng((experiment.seed, step))
        torch.manual_seed(int(random.integers(2**62)))
        started = time.perf_counter()
        drawn = sampler.draw(random)
        at_hand = time.perf_counter()
        batch = augment(*drawn, experiment.augmentation, classes, experiment.preprocessing.normalisation)
        fed = time.perf_counter()
        state.step([batch], loss, progress=0.5)
        times.append((at_hand - started, fed - at_hand, time.perf_counter() - fed))
    drawing, augmenting, computing = np.median(times[_WARMING_UP:], axis=0)
    return Profile(float(drawing), float(augmenting), float(computing), tuple(batch[0].shape))
