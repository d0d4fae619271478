"""A network that regresses corners, trained like the one that draws masks, to be compared with it.

    python -m training.radiographs.corner_regression training/configs/radiographs/corners.toml --data DATA/xray

It is the same network on the same images with the same augmentation, with another last layer and loss
(`corner_targets`), and begins with the weights that its experiment names. `--resume` goes on from the last checkpoint.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from LumbarSegLib.core.preprocess import RADIOGRAPH_HEIGHT_MM
from training import runs
from training.data import aasce
from training.data.aasce import Listed
from training.data.cases import DataSet
from training.data.corners import Corners
from training.data.pictures import size_of
from training.errors import TrainingError
from training.experiment import Experiment, as_plain, read_experiment
from training.feed.augment import augment
from training.feed.geometry import warp
from training.feed.prepare import Prepared, prepare_all
from training.feed.settings import Augmentation
from training.folds import folds_of
from training.loop import Training
from training.model_start import begin_from_model
from training.radiographs import corner_targets
from training.state import Batch, State, average_weights, network_of

_STILL: dict[str, Any] = {
    field.name: field.default
    for field in dataclasses.fields(Augmentation)
    if field.name in ("crop", "shift", "rotation_deg", "zoom", "stretch", "shear", "elastic_px", "mirror")
}


@dataclass(frozen=True, eq=False)
class Marked:
    """A prepared radiograph and its corners (vertebrae, 4, 2) as (x, y) in the pixels of its grid."""

    prepared: Prepared
    corners: Corners


def marked(prepared: Prepared, one: Listed, spacing_mm: float) -> Marked:
    """The corners of a radiograph on the grid that it was prepared on."""
    rows, _ = size_of(one.path)
    kept = prepared.image.shape[1] == rows  # pixels near enough to those of the grid are not resampled
    scale = 1.0 if kept else RADIOGRAPH_HEIGHT_MM / rows / spacing_mm
    return Marked(prepared, (one.corners + 0.5) * scale - 0.5)


class Sampler:
    """Draws radiographs on black of one size, as `training.feed.sampling.SliceSampler` does, with their corners."""

    def __init__(self, radiographs: Sequence[Marked], batch: int, stride: int) -> None:
        self.radiographs, self.batch = radiographs, batch
        sizes = np.array([one.prepared.image.shape[1:] for one in radiographs])
        self.size = tuple((-(-sizes.max(0) // stride) * stride).tolist())

    def draw_marked(self, random: np.random.Generator) -> tuple[Tensor, Tensor, list[Corners]]:
        images = np.zeros((self.batch, 1, *self.size), np.float32)
        classes = np.zeros((self.batch, *self.size), np.uint8)
        corners = []
        for place in range(self.batch):
            one = self.radiographs[int(random.integers(len(self.radiographs)))]
            rows, columns = one.prepared.image.shape[1:]
            top, left = (self.size[0] - rows) // 2, (self.size[1] - columns) // 2
            images[place, :, top : top + rows, left : left + columns] = one.prepared.image
            classes[place, top : top + rows, left : left + columns] = one.prepared.classes[0]
            corners.append(one.corners + np.array([left, top]))
        return torch.from_numpy(images), torch.from_numpy(classes), corners

    def draw(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Images and classes alone."""
        images, classes, _ = self.draw_marked(random)
        return images, classes


class CornerTraining(Training):
    """The training of one fold whose batches hold corners in the place of classes."""

    def _batch(self, part: int, progress: float) -> Batch:
        seed = (self.experiment.seed, self.state.iteration, part)
        random = np.random.default_rng(seed)
        torch.manual_seed(int(random.integers(2**62)))
        assert isinstance(self.sampler, Sampler)
        settings = self.experiment.augmentation_after(progress)
        images, classes, corners = self.sampler.draw_marked(random)
        moved, classes = warp(corner_targets.with_source(images), classes, settings)
        taught = [
            corner_targets.targets(corner_targets.moved(one, corner_targets.source_of(image)), image.shape[1:])
            for one, image in zip(corners, moved, strict=True)
        ]
        still = dataclasses.replace(settings, **_STILL)
        normalisation = self.experiment.preprocessing.normalisation
        changed, _ = augment(moved[:, :1], classes, still, len(self.classes), normalisation)
        return changed, corner_targets.stacked(taught)


def train(experiment: Experiment, data: Path, resume: bool) -> Path:
    """Train the first fold; returns its folder. Raises TrainingError as `training.folds.train_fold` does."""
    dataset = aasce.read_aasce(data)
    fold = folds_of(experiment, dataset)[0]
    folder = runs.fold_folder(experiment.name, fold.number)
    last = folder / "last.pt"
    if last.is_file() and not resume:
        raise TrainingError(f"{experiment.name} has a checkpoint already; go on with --resume, or remove it.")
    state = State(experiment, corner_targets.OUTPUTS, fold.split.test)
    if last.is_file():
        state.restore(last)
    folder.mkdir(parents=True, exist_ok=True)
    # Nothing is chosen by a score here; who validates the other network stays unseen, so that both learn from the same.
    radiographs = _radiographs(experiment, data, dataset, fold.split.training)
    sampler = Sampler(radiographs, experiment.training.batch, state.network.stride)
    training = CornerTraining(experiment, folder, state, sampler, corner_targets.loss, dataset.classes, ())
    if experiment.starts_from_file and not last.is_file():
        begin_from_model(state, Path(str(experiment.start_from)), training.first_images())
    reason = training.run()
    facts = {
        "name": experiment.name,
        "stopped": reason,
        "iterations": state.iteration,
        "seconds": round(state.seconds, 1),
        "parameters": sum(weights.numel() for weights in state.network.parameters()),
        "machine": runs.machine(),
        "patients": {"training": fold.split.training, "validation": fold.split.validation, "test": fold.split.test},
        "experiment": as_plain(experiment),
    }
    runs.write_facts(folder, facts)
    return folder


def _radiographs(experiment: Experiment, data: Path, dataset: DataSet, patients: tuple[str, ...]) -> list[Marked]:
    spacing_mm = experiment.preprocessing.spacing_mm
    if spacing_mm is None:
        raise TrainingError(f"{experiment.name} needs [preprocessing] spacing_mm.")
    listed = {one.path.stem: one for one in aasce.read_corners(data)}
    stacks = prepare_all(dataset.of_patients(patients), dataset, experiment.preprocessing, runs.CACHE)
    return [marked(stack, listed[stack.name], spacing_mm) for stack in stacks]


class Regression:
    """A trained network of corners."""

    def __init__(self, run: str) -> None:
        folder = runs.fold_folder(run, 0)
        self.facts = runs.read_facts(folder)
        self.experiment = Experiment.model_validate(self.facts["experiment"])
        self._network = network_of(self.experiment, corner_targets.OUTPUTS)
        self._network.load_state_dict(average_weights(folder))
        self._network.eval()

    def corners_of(self, image: Tensor) -> Corners:
        """Corners (vertebrae, 4, 2) as (x, y) in the pixels of a normalised image (rows, columns) on its grid."""
        rows, columns = image.shape
        stride = self._network.stride
        pad = (0, -columns % stride, 0, -rows % stride)
        padded = torch.nn.functional.pad(image[None, None], pad, value=float(image.min()))
        with torch.inference_mode():
            return corner_targets.read(self._network(padded)[0, :, :rows, :columns])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="AASCE's folder")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    arguments = parser.parse_args()
    train(read_experiment(arguments.config), arguments.data, arguments.resume)


if __name__ == "__main__":
    main()
