"""The score that the best weights are chosen by: mean Dice of the running average on the network's own grid."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from LumbarSegLib.core import preprocess
from training.data.cases import UNKNOWN
from training.experiment import Experiment
from training.feed.augment import plain
from training.feed.sampling import padded_to
from training.state import Batch, State

_SLICES_AT_ONCE = 8


class Scored(Protocol):
    """A prepared stack: `image` in 0..1 and `classes`, both (slices, rows, columns)."""

    @property
    def image(self) -> NDArray[np.float32]: ...
    @property
    def classes(self) -> NDArray[np.uint8]: ...
    @property
    def slice_spacing_mm(self) -> float: ...


def score(
    state: State, stacks: Sequence[Scored], experiment: Experiment, classes: Sequence[str]
) -> Mapping[str, float]:
    """Mean Dice over the stacks of each class but the background, by name; a class that is in neither map of a stack
    counts nothing there.
    """
    state.average.eval()
    dice = np.full((len(stacks), len(classes)), np.nan)
    with torch.inference_mode():
        for place, stack in enumerate(stacks):
            both = np.zeros((3, len(classes)))
            for images, truth in _batches(stack, experiment, state.network.stride):
                both += _overlaps(state.answer(state.average, images).argmax(1).cpu(), truth, len(classes))
            with np.errstate(invalid="ignore"):
                dice[place] = 2 * both[0] / (both[1] + both[2])
    means = {name: dice[:, value] for value, name in enumerate(classes) if value}
    return {name: float(np.nanmean(values)) if np.isfinite(values).any() else 0.0 for name, values in means.items()}


def _batches(stack: Scored, experiment: Experiment, stride: int) -> Iterator[Batch]:
    normalisation = experiment.preprocessing.normalisation
    if experiment.preprocessing.volumes:
        yield plain(torch.from_numpy(stack.image)[None, None], torch.from_numpy(stack.classes)[None], normalisation)
        return
    step = preprocess.neighbour_step(stack.slice_spacing_mm, experiment.network.neighbour_distance_mm)
    seen = preprocess.neighbour_indices(len(stack.image), step, experiment.network.slices)
    # Normalised as a whole, as in inference: a slice's own mean would be another.
    image = preprocess.after_unit(stack.image, normalisation)
    image, classes = padded_to(stride, image, float(image.min())), padded_to(stride, stack.classes, UNKNOWN)
    for first in range(0, len(image), _SLICES_AT_ONCE):
        chosen = seen[first : first + _SLICES_AT_ONCE]
        truth = torch.from_numpy(classes[first : first + _SLICES_AT_ONCE])
        yield torch.from_numpy(image[chosen]), truth.long()


def _overlaps(found: torch.Tensor, truth: torch.Tensor, count: int) -> NDArray[np.float64]:
    """For each class how many pixels are in both maps, in the found and in the true one; unknown pixels in none."""
    known = truth != UNKNOWN
    found, truth = found[known], truth[known].long()
    agree = torch.bincount(truth[found == truth], minlength=count)
    return torch.stack([agree, torch.bincount(found, minlength=count), torch.bincount(truth, minlength=count)]).numpy()
