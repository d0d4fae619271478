"""Trains the sagittal network from a configuration; goes on from its last checkpoint when it is started
again.

python -m training.train training/configs/sagittal.toml --data DATA/sagittal
"""

import argparse
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from LumbarSegLib.core import preprocess
from training.augment import Augmentation, augment
from training.data import spider
from training.data.spider import UNKNOWN
from training.networks.half_resolution import HalfResolutionUNet

RUNS = Path(__file__).parent / "runs"


@dataclass(frozen=True)
class LabelledSlice:
    """A single slice without neighbours, in 0..1, with classes where they are known and 255 elsewhere."""

    image: np.ndarray[Any, Any]
    classes: np.ndarray[Any, Any]


def read_config(path: Path) -> dict[str, Any]:
    """Read a TOML configuration, laid over the one that it `extends`."""
    own = tomllib.loads(path.read_text())
    if "extends" not in own:
        return own
    config = read_config(path.parent / own.pop("extends"))
    for key, value in own.items():
        config[key] = {**config[key], **value} if isinstance(value, dict) and key in config else value
    return config


def build_network(config: dict[str, Any]) -> HalfResolutionUNet:
    return HalfResolutionUNet(config["network"]["slices"], len(spider.CLASSES), tuple(config["network"]["channels"]))


class SliceSampler:
    """Draws slices with their neighbours as another scanner would have cut them: thicker, further apart,
    or alone.
    """

    def __init__(self, stacks: list[spider.Stack], slices: list[LabelledSlice], config: dict[str, Any]) -> None:
        self.stacks = stacks
        self.slices = slices
        self.settings = config["slices"]
        self.seen = config["network"]["slices"]
        self.batch = config["training"]["batch"]
        self.pseudo_share = config["training"].get("pseudo_share", 0.0)
        self.rows = max(stack.image.shape[1] for stack in stacks)
        self.columns = max(stack.image.shape[2] for stack in stacks)

    def draw(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        images = np.zeros((self.batch, self.seen, self.rows, self.columns), np.float32)
        classes = np.zeros((self.batch, self.rows, self.columns), np.uint8)
        for index in range(self.batch):
            pseudo = bool(self.slices) and random.random() < self.pseudo_share
            image, labels = self._draw_single(random) if pseudo else self._draw_from_stack(random)
            top = (self.rows - labels.shape[0]) // 2
            left = (self.columns - labels.shape[1]) // 2
            images[index, :, top : top + labels.shape[0], left : left + labels.shape[1]] = image
            classes[index, top : top + labels.shape[0], left : left + labels.shape[1]] = labels
        return torch.from_numpy(images), torch.from_numpy(classes)

    def _draw_single(self, random: np.random.Generator) -> tuple[Any, Any]:
        """A slice without neighbours, cut at a random place to the size of the stacks where it is larger."""
        one = self.slices[random.integers(len(self.slices))]
        top, left = (
            int(random.integers(max(0, has - most) + 1))
            for has, most in zip(one.image.shape, (self.rows, self.columns), strict=True)
        )
        window = np.s_[top : top + self.rows, left : left + self.columns]
        image = one.image[window]
        return np.broadcast_to(image, (self.seen, *image.shape)), one.classes[window]

    def _draw_from_stack(self, random: np.random.Generator) -> tuple[Any, Any]:
        stack = self.stacks[random.integers(len(self.stacks))]
        count = len(stack.image)
        centre = int(random.integers(count))
        if random.random() < self.settings["single"]:
            return np.broadcast_to(stack.image[centre], (self.seen, *stack.image.shape[1:])), stack.classes[centre]
        step = int(random.integers(1, self.settings["largest_step"] + 1))
        half = (step - 1) // 2 if random.random() < self.settings["thick"] else 0
        chosen = preprocess.neighbour_indices(count, step, self.seen)[centre]
        if half == 0:
            return stack.image[chosen], stack.classes[centre]
        slabs = [stack.image[max(0, k - half) : k + half + 1].mean(0) for k in chosen]
        return np.stack(slabs), stack.classes[centre]


def segmentation_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross entropy plus soft Dice of the structures over the batch; pixels of unknown class count in
    neither.
    """
    known = classes != UNKNOWN
    cross_entropy = F.cross_entropy(logits, classes, ignore_index=UNKNOWN)
    probabilities = torch.softmax(logits, 1) * known[:, None]
    truth = F.one_hot(torch.where(known, classes, 0), logits.shape[1]).permute(0, 3, 1, 2) * known[:, None]
    overlap = (probabilities * truth).sum((0, 2, 3))[1:]
    size = (probabilities + truth).sum((0, 2, 3))[1:]
    return cross_entropy + 1 - ((2 * overlap + 1) / (size + 1)).mean()


class Run:
    """A training under way: network, its running average and optimiser, saved and restored together."""

    def __init__(self, name: str, config: dict[str, Any]) -> None:
        self.folder = RUNS / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = config
        self.training = config["training"]
        self.iteration = 0
        self.network = build_network(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if "start_from" in config:
            self.network.load_state_dict(starting_weights(config))
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(self.training["ema_decay"]), use_buffers=True
        )
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(),
            self.training["learning_rate"],
            weight_decay=self.training["weight_decay"],
        )
        if (self.folder / "last.pt").is_file():
            self._restore()

    def _restore(self) -> None:
        saved = torch.load(self.folder / "last.pt", weights_only=True)
        self.iteration = saved["iteration"]
        self.network.load_state_dict(saved["network"])
        self.average.load_state_dict(saved["average"])
        self.optimiser.load_state_dict(saved["optimiser"])

    def save(self) -> None:
        state = {
            "iteration": self.iteration,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        torch.save(state, self.folder / "last.part")
        (self.folder / "last.part").replace(self.folder / "last.pt")

    def step(self, images: Tensor, classes: Tensor) -> float:
        rate = self.training["learning_rate"] * (1 - self.iteration / self.training["iterations"]) ** 0.9
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.network(images.contiguous(memory_format=torch.channels_last))
        loss = segmentation_loss(logits.float(), classes)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.iteration += 1
        return float(loss.detach())


def load_average(name: str) -> dict[str, Tensor]:
    """Weights of the running average of a run, ready for `build_network`."""
    saved = torch.load(RUNS / name / "last.pt", weights_only=True)
    return {key.removeprefix("module."): value for key, value in saved["average"].items() if key.startswith("module.")}


def starting_weights(config: dict[str, Any]) -> dict[str, Tensor]:
    """Weights of the run that a configuration starts from, laid out for the number of slices that it asks for.

    Slices that the former network did not see enter with weight zero; its outermost ones stay the outermost.
    """
    weights = load_average(config["start_from"])
    first = weights["encoders.0.0.weight"]
    seen, before = config["network"]["slices"], first.shape[1] // 4
    by_slice = first.new_zeros(len(first), seen, 4, *first.shape[2:])
    places = torch.linspace(0, seen - 1, before).round().long()
    by_slice[:, places] = first.unflatten(1, (before, 4))
    return weights | {"encoders.0.0.weight": by_slice.flatten(1, 2).contiguous()}


def augmentation_of(config: dict[str, Any]) -> Augmentation:
    settings: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in config["augmentation"].items()}
    return Augmentation(**settings)


def train(run: Run, sampler: SliceSampler) -> None:
    settings = augmentation_of(run.config)
    late = run.config.get("late", {"from": run.training["iterations"]})
    late_settings = augmentation_of({"augmentation": run.config["augmentation"] | late.get("augmentation", {})})
    stop_at = run.training.get("stop_at", run.training["iterations"])
    log = (run.folder / "loss.csv").open("a")
    recent: list[float] = []
    started = time.monotonic()
    bar = tqdm(total=stop_at, initial=run.iteration, mininterval=20)
    while run.iteration < stop_at:
        # Seeded by iteration, so that a resumed training draws what an unbroken one would have drawn.
        torch.manual_seed(run.config["seed"] + run.iteration)
        random = np.random.default_rng((run.config["seed"], run.iteration))
        now = settings if run.iteration < late["from"] else late_settings
        recent.append(run.step(*augment(*sampler.draw(random), now)))
        bar.update()
        if run.iteration % 50 == 0:
            mean = float(np.mean(recent[-50:]))
            bar.set_postfix(loss=f"{mean:.3f}", refresh=False)
            log.write(f"{run.iteration},{mean:.4f},{time.monotonic() - started:.0f}\n")
            log.flush()
        if run.iteration % run.training["checkpoint_every"] == 0:
            run.save()
    run.save()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with images/ and masks/ as SPIDER publishes them"
    )
    arguments = parser.parse_args()
    config = read_config(arguments.config)
    training, _ = spider.split(spider.find_series(arguments.data), config["held_out"])
    stacks = list(spider.load_stacks(training, config["network"]["spacing_mm"]))
    slices: list[LabelledSlice] = []
    if "pseudo_labels" in config:
        with np.load(RUNS / config["pseudo_labels"] / "pseudo_labels.npz") as saved:
            names = sorted(key.removesuffix("/image") for key in saved.files if key.endswith("/image"))
            slices = [LabelledSlice(saved[f"{n}/image"].astype(np.float32), saved[f"{n}/classes"]) for n in names]
    train(Run(arguments.config.stem, config), SliceSampler(stacks, slices, config))


if __name__ == "__main__":
    main()
