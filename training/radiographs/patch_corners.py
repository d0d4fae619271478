"""Trains the network that reads the four corners of a vertebra from a patch, and writes its model file.

    python -m training.radiographs.patch_corners training/configs/radiographs/vertebrae.toml --data DATA/xray
    python -m training export vertebrae --card training/cards/xray-corners.toml --to FOLDER

`--resume` goes on from the last checkpoint. The model that draws the masks must be there first: patches are laid along
what it sees.
"""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from LumbarSegLib.core import images, models, vertebra_patches
from LumbarSegLib.core.measure.outline import Floats
from training import runs
from training.data import aasce
from training.data.pictures import read_grey
from training.errors import TrainingError
from training.experiment import Experiment, as_plain, read_experiment
from training.feed.augment import augment
from training.feed.settings import Augmentation
from training.folds import folds_of
from training.loop import Training
from training.radiographs import measured
from training.radiographs.matching import match
from training.radiographs.patches import Film, PatchSampler, film
from training.state import Batch, State

_CORNERS = ("upper left", "upper right", "lower right", "lower left")
_CLOCKWISE = [0, 1, 3, 2]  # the corners of `training.data.corners` in the order of the program
_TILT = 0.25  # how much the tilt of the endplates counts beside the places of the corners
_SOFTEST = 0.1  # pixels; below, a distance counts by its square
_SPINE = slice(*(vertebra_patches.SIZE[1] // 2 + side * int(vertebra_patches.WIDTH_PX / 2) for side in (-1, 1)))
_STILL: dict[str, Any] = {
    field.name: field.default
    for field in dataclasses.fields(Augmentation)
    if field.name in ("shift", "rotation_deg", "zoom", "mirror")
}


class PatchTraining(Training):
    """The training of one fold whose batches hold places of corners instead of classes."""

    def _batch(self, part: int, progress: float) -> Batch:
        random = np.random.default_rng((self.experiment.seed, self.state.iteration, part))
        torch.manual_seed(int(random.integers(2**62)))
        patches, places = self.sampler.draw(random)
        still = dataclasses.replace(self.experiment.augmentation_after(progress), **_STILL)
        spine = torch.zeros(len(patches), *patches.shape[2:], dtype=torch.uint8)
        spine[..., _SPINE] = 1
        changed, _ = augment(patches, spine, still, 2, self.experiment.preprocessing.normalisation)
        return changed, places


def loss(answer: Tensor | list[Tensor], places: Tensor) -> Tensor:
    """Mean distance of the corners in widths of the vertebra, and of how far the ends of both endplates part in height.

    `answer` are maps (batch, 4, rows, columns) of logits, `places` (batch, 4, 2) in pixels from the middle.
    """
    assert isinstance(answer, Tensor)
    away = (_expected(answer) - places) / vertebra_patches.WIDTH_PX
    soft = _SOFTEST / vertebra_patches.WIDTH_PX
    distance = (away.square().sum(-1) + soft**2).sqrt().mean()
    rise = away[:, [1, 2], 1] - away[:, [0, 3], 1]
    return distance + _TILT * 2 * rise.abs().mean()


def _expected(answer: Tensor) -> Tensor:
    """The mean place under the softmax of each map, as `core.vertebra_patches.read` has it."""
    rows, columns = answer.shape[2:]
    weight = answer.flatten(2).softmax(-1).unflatten(-1, (rows, columns))
    x, y = (torch.arange(side) - (side - 1) / 2 for side in (columns, rows))
    return torch.stack([weight.sum(2) @ x, weight.sum(3) @ y], -1)


def films_of(data: Path, names: tuple[str, ...], model: models.Model) -> list[Film]:
    """The radiographs of these names with what a model that draws masks sees in them."""
    alone = dataclasses.replace(model, corners=None)
    listed = [one for one in aasce.read_corners(data) if one.path.stem in names]
    return [
        film(
            one.path.stem,
            (read_grey(one.path) / 255).astype(np.float32),
            one.corners[:, _CLOCKWISE],
            _seen(one.corners, measured.find(images.read_image(one.path, radiograph=True), alone).corners),
        )
        for one in tqdm(listed, "radiographs")
    ]


def _seen(marked: Floats, found: Floats) -> Floats:
    """Of each marked vertebra the corners that were found, clockwise, nan where it was not found."""
    seen = np.full_like(marked, np.nan)
    for one, other in match(marked, found).pairs:
        seen[one] = found[other]
    return seen[:, _CLOCKWISE]


def train(experiment: Experiment, data: Path, model: models.Model, resume: bool) -> Path:
    """Train the first fold; returns its folder. Raises TrainingError as `training.folds.train_fold` does."""
    if experiment.preprocessing.size != vertebra_patches.SIZE:
        raise TrainingError(f"{experiment.name} needs [preprocessing] size = {list(vertebra_patches.SIZE)}.")
    dataset = aasce.read_aasce(data, **experiment.data.options)
    fold = folds_of(experiment, dataset)[0]
    folder = runs.fold_folder(experiment.name, fold.number)
    last = folder / "last.pt"
    if last.is_file() and not resume:
        raise TrainingError(f"{experiment.name} has a checkpoint already; go on with --resume, or remove it.")
    state = State(experiment, len(_CORNERS), fold.split.test)
    if last.is_file():
        state.restore(last)
    folder.mkdir(parents=True, exist_ok=True)
    films = films_of(data, fold.split.training, model)
    sampler = PatchSampler(films, experiment.training.batch, experiment.augmentation)
    training = PatchTraining(experiment, folder, state, sampler, loss, _CORNERS, ())
    reason = training.run()
    facts = {
        "name": experiment.name,
        "fold": fold.number,
        "task": dataset.task,
        "data": {
            "set": dataset.name,
            "classes": _CORNERS,
            "licence": dataset.licence,
            "citation": dataset.citation,
        },
        "stopped": reason,
        "iterations": state.iteration,
        "seconds": round(state.seconds, 1),
        "parameters": sum(weights.numel() for weights in state.network.parameters()),
        "machine": runs.machine(),
        "laid_along": {"model": model.info.name, "weights_sha256": model.info.weights_sha256},
        "patients": {"training": fold.split.training, "validation": fold.split.validation, "test": fold.split.test},
        "experiment": as_plain(experiment),
    }
    runs.write_facts(folder, facts)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="AASCE's folder")
    parser.add_argument("--model", default="xray", help="the model that draws masks")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    arguments = parser.parse_args()
    model = models.open_model(models.find(arguments.model), "cpu")
    train(read_experiment(arguments.config), arguments.data, model, arguments.resume)


if __name__ == "__main__":
    main()
