"""A training under way: network, its running average and its optimiser, saved and restored together."""

import contextlib
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training import distributed
from training.errors import TrainingError
from training.experiment import Experiment, as_plain
from training.networks.base import SegmentationNetwork
from training.networks.half_resolution import spread_over_slices
from training.networks.registry import build
from training.optimisers import build_optimiser, rate_factor
from training.runs import folds_of, read_facts, write_whole

Batch = tuple[Tensor, Tensor]
Loss = Callable[[Any, Tensor], Tensor]
_MAY_CHANGE = ("name", "training", "start_from")
_LARGEST_GRADIENT = 5.0


def network_of(experiment: Experiment, class_count: int) -> SegmentationNetwork:
    """The untrained network of an experiment. Raises TrainingError where it cannot see what that prepares."""
    inputs = 1 if experiment.preprocessing.volumes else experiment.network.slices
    name, size = experiment.network.name, experiment.preprocessing.size
    network = build(name, inputs, class_count, experiment.network.options, size)
    if network.dimensions == 3 and not experiment.preprocessing.volumes:
        raise TrainingError(f"{name} takes volumes; give [preprocessing] size 3 numbers, in place of spacing_mm.")
    return network


class State:
    """What a checkpoint holds. `iteration` steps were made in `seconds`; `best` is the highest validation score so far,
    reached `waited` scores ago. `test` are the patients whom the network must never have seen.
    """

    def __init__(self, experiment: Experiment, class_count: int, test: Collection[str] = ()) -> None:
        self.experiment = experiment
        self.iteration = 0
        self.seconds = 0.0
        self.best = float("-inf")
        self.waited = 0
        self.device = distributed.device()
        torch.manual_seed(experiment.seed)
        self.network = network_of(experiment, class_count)
        if experiment.start_from and not experiment.starts_from_file:
            self._start_from(starting_weights(experiment, test))
        self.network.to(self.device, memory_format=memory_format(experiment))  # type: ignore[call-overload]
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(experiment.training.ema_decay), use_buffers=True
        )
        self.optimiser = build_optimiser(
            experiment.optimiser.name,
            self.network.parameters(),
            experiment.optimiser.learning_rate,
            experiment.optimiser.weight_decay,
        )
        self._precision = precision_of(experiment.training.precision, self.device)
        self._scaler = torch.GradScaler(self.device.type, enabled=self._precision is torch.float16)
        self._shared = distributed.shared(self.network)

    def _start_from(self, weights: dict[str, Tensor]) -> None:
        """Take over what fits; a last layer for other answers is left as it was drawn."""
        own = self.network.state_dict()
        fitting = {key: value for key, value in weights.items() if value.shape == own[key].shape}
        self.network.load_state_dict({**own, **fitting})

    def step(self, batches: Sequence[Batch], loss_of: Loss, progress: float) -> float:
        """One step of the optimiser over the gradients of all batches; returns their mean loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.experiment.optimiser.learning_rate * rate_factor(
                self.experiment.optimiser.schedule, progress, self.experiment.optimiser.warmup
            )
        self.network.train()
        self.optimiser.zero_grad()
        total = 0.0
        for position, (images, classes) in enumerate(batches):
            waits = position < len(batches) - 1 and isinstance(self._shared, nn.parallel.DistributedDataParallel)
            with self._shared.no_sync() if waits else contextlib.nullcontext():  # type: ignore[operator]
                loss = loss_of(self.answer(self._shared, images), classes.to(self.device)) / len(batches)
                self._scaler.scale(loss).backward()
            total += float(loss.detach())
        self._scaler.unscale_(self.optimiser)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _LARGEST_GRADIENT)
        self._scaler.step(self.optimiser)
        self._scaler.update()
        self.average.update_parameters(self.network)
        self.iteration += 1
        return total

    def answer(self, network: nn.Module, images: Tensor) -> Any:
        """Logits of a batch in single precision, computed in the precision of the experiment."""
        images = images.to(self.device).contiguous(memory_format=memory_format(self.experiment))
        with torch.autocast(self.device.type, self._precision, enabled=self._precision is not torch.float32):
            logits = network(images)
        return [one.float() for one in logits] if isinstance(logits, list | tuple) else logits.float()

    def save(self, path: Path) -> None:
        """Write a checkpoint; a former one stays whole if the disk is full. Raises TrainingError then."""
        held = {
            "experiment": as_plain(self.experiment),
            "iteration": self.iteration,
            "seconds": self.seconds,
            "best": self.best,
            "waited": self.waited,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self._scaler.state_dict(),
        }
        write_whole(path, lambda part: torch.save(held, part))

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint. Raises TrainingError where it is damaged or of another configuration."""
        saved = read_checkpoint(path)
        _check_same(saved["experiment"], as_plain(self.experiment), path)
        self.iteration, self.seconds = saved["iteration"], saved["seconds"]
        self.best, self.waited = saved["best"], saved["waited"]
        self.network.load_state_dict(saved["network"])
        self.average.load_state_dict(saved["average"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self._scaler.load_state_dict(saved["scaler"])


def memory_format(experiment: Experiment) -> torch.memory_format:
    return torch.channels_last_3d if experiment.preprocessing.volumes else torch.channels_last


def precision_of(name: str, device: torch.device) -> torch.dtype:
    """The number format that a training computes in; "auto" is half precision where the device has it."""
    if name == "auto":
        if device.type == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32
    if name == "fp16" and device.type == "cpu":
        raise TrainingError("fp16 needs a CUDA device; on the CPU take bf16, fp32 or auto.")
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[name]


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a checkpoint holds. Raises TrainingError where it is missing or damaged."""
    if not path.is_file():
        raise TrainingError(f"There is no checkpoint {path}; train first.")
    try:
        return dict(torch.load(path, weights_only=True, map_location="cpu"))
    except (RuntimeError, EOFError, ValueError, OSError) as error:
        raise TrainingError(f"The checkpoint {path} is damaged; remove it and train again.") from error


def average_weights(folder: Path) -> dict[str, Tensor]:
    """The running average of a fold: the best by validation where it was validated, else the last."""
    best = folder / "best.pt"
    saved = read_checkpoint(best if best.is_file() else folder / "last.pt")["average"]
    return {key.removeprefix("module."): value for key, value in saved.items() if key.startswith("module.")}


def starting_weights(experiment: Experiment, test: Collection[str] = ()) -> dict[str, Tensor]:
    """Weights of the run that an experiment starts from, laid out for the number of slices that it asks for: those of
    its first fold that has learned from none of the `test` patients.

    Raises TrainingError where every fold has, or has not ended.
    """
    for folder in folds_of(str(experiment.start_from)):
        seen = read_facts(folder)["patients"]
        if not {*seen["training"], *seen["validation"]} & set(test):
            return spread_over_slices(average_weights(folder), experiment.network.slices)
    raise TrainingError(
        f"Every fold of {experiment.start_from} has learned from patients who are tested on here ({', '.join(test)}); "
        "start from a run of the same folds."
    )


def _check_same(saved: dict[str, Any], wanted: dict[str, Any], path: Path) -> None:
    for key, value in wanted.items():
        if key not in _MAY_CHANGE and saved.get(key) != value:
            where, former, asked = _first_difference(f"[{key}]", saved.get(key), value)
            raise TrainingError(
                f"The checkpoint {'/'.join(path.parts[-3:])} was made with {where} {former}, and the experiment asks "
                f"for {asked}; give the experiment another name, or remove the run."
            )


def _first_difference(where: str, former: Any, asked: Any) -> tuple[str, Any, Any]:
    """The first key of a table that has another value, with both values."""
    if not (isinstance(former, dict) and isinstance(asked, dict)):
        return where, former, asked
    key = next(key for key in (*asked, *former) if former.get(key) != asked.get(key))
    return _first_difference(f"{where} {key}", former.get(key), asked.get(key))
