"""The training of one fold, from its first batch to its last checkpoint."""

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from training import distributed
from training.experiment import Experiment
from training.feed.augment import augment
from training.logs import append, draw_curves
from training.state import Batch, Loss, State
from training.validation import Scored, score

_LOG_EVERY = 20
_REASONS = ("", "finished", "no better score", "stopped")


class Sampler(Protocol):
    """Draws a batch of images in 0..1 with their classes."""

    def draw(self, random: np.random.Generator) -> tuple[Tensor, Tensor]: ...


@dataclass
class Clocks:
    """Seconds spent on drawing and augmenting, on the network, and on scoring, since this process began."""

    feeding: float = 0.0
    computing: float = 0.0
    scoring: float = 0.0

    @property
    def feeding_share(self) -> float:
        """The part of a step that goes into its batch."""
        return self.feeding / max(self.feeding + self.computing, 1e-9)


@dataclass
class Training:
    """One fold under way. The best weights are chosen by the stacks of `validation`; without any the last count."""

    experiment: Experiment
    folder: Path
    state: State
    sampler: Sampler
    loss: Loss
    classes: tuple[str, ...]
    validation: Sequence[Scored]
    clocks: Clocks = field(default_factory=Clocks)
    _losses: list[float] = field(default_factory=list)

    @property
    def progress(self) -> float:
        """How much of the training is done, 0 to 1, by iterations or by the clock, whichever is further."""
        length = self.experiment.training
        by_iteration = self.state.iteration / length.iterations if length.iterations else 0.0
        by_clock = self.state.seconds / (60 * length.minutes) if length.minutes else 0.0
        return min(1.0, max(by_iteration, by_clock))

    @property
    def ended(self) -> str:
        """Why nothing is left to be trained, empty where something is."""
        length, state = self.experiment.training, self.state
        done = self.progress >= 1 or (length.stop_at is not None and state.iteration >= length.stop_at)
        waited = length.patience is not None and state.waited >= length.patience
        return "finished" if done else "no better score" if waited else ""

    def first_images(self) -> Tensor:
        """The images that the training begins with, as the network sees them."""
        return self._batch(0, self.progress)[0]

    def run(self) -> str:
        """Train until the end, early or not; returns why it ended. Everything can be gone on with from `last.pt`."""
        with _stop_signals() as asked, self._bar() as bar, self._board() as board:
            reason = self.ended
            while not reason:
                began = time.perf_counter()
                loss = self._step()
                self.state.seconds += time.perf_counter() - began
                if board is not None:
                    bar.update(1000 * self.progress - bar.n)
                    self._report(loss, bar, board)
                reason = self._agreed(self.ended or ("stopped" if asked.is_set() else ""))
            if board is not None:
                unscored = self.state.iteration % self.experiment.training.validate_every
                if self.validation and unscored and reason != "stopped":
                    self._validate(board)
                if self._losses:
                    self._log_loss(bar, board)
                self.state.save(self.folder / "last.pt")
                draw_curves(self.folder)
        return reason

    def _step(self) -> float:
        began = time.perf_counter()
        accumulate = self.experiment.training.accumulate
        progress = distributed.of_the_leader(self.progress)
        batches = [self._batch(part, progress) for part in range(accumulate)]
        fed = time.perf_counter()
        loss = self.state.step(batches, self.loss, progress)
        self.clocks.feeding += fed - began
        self.clocks.computing += time.perf_counter() - fed
        return loss

    def _batch(self, part: int, progress: float) -> Batch:
        """Seeded by iteration, part and process, so that a resumed training draws what an unbroken one would have."""
        seed = (self.experiment.seed, self.state.iteration, part, distributed.rank())
        random = np.random.default_rng(seed)
        torch.manual_seed(int(random.integers(2**62)))
        images, classes = self.sampler.draw(random)
        settings = self.experiment.augmentation_after(progress)
        normalisation = self.experiment.preprocessing.normalisation
        return augment(images, classes, settings, len(self.classes), normalisation)

    def _report(self, loss: float, bar: "tqdm[Any]", board: SummaryWriter) -> None:
        iteration, length = self.state.iteration, self.experiment.training
        self._losses.append(loss)
        if iteration % _LOG_EVERY == 0:
            self._log_loss(bar, board)
        if self.validation and iteration % length.validate_every == 0:
            self._validate(board)
        if iteration % length.checkpoint_every == 0:
            self.state.save(self.folder / "last.pt")
            draw_curves(self.folder)

    def _log_loss(self, bar: "tqdm[Any]", board: SummaryWriter) -> None:
        """Log the mean loss since the last time."""
        iteration, mean = self.state.iteration, float(np.mean(self._losses))
        self._losses.clear()
        bar.set_postfix(loss=f"{mean:.3f}", iteration=iteration, refresh=False)
        board.add_scalar("loss", mean, iteration)
        append(self.folder / "loss.csv", {"iteration": iteration, "seconds": self.state.seconds, "loss": mean})

    def _validate(self, board: SummaryWriter) -> None:
        began = time.perf_counter()
        dice = score(self.state, self.validation, self.experiment, self.classes)
        mean = float(np.mean(list(dice.values())))
        self.clocks.scoring += time.perf_counter() - began
        for name, value in {"mean": mean, **dice}.items():
            board.add_scalar(f"dice/{name}", value, self.state.iteration)
        row = {"iteration": self.state.iteration, "seconds": self.state.seconds, "mean": mean, **dice}
        append(self.folder / "validation.csv", row)
        if mean > self.state.best:
            self.state.best, self.state.waited = mean, 0
            self.state.save(self.folder / "best.pt")
        else:
            self.state.waited += 1

    def _agreed(self, reason: str) -> str:
        """The leading process's reason to end, in all of them."""
        return _REASONS[int(distributed.of_the_leader(_REASONS.index(reason)))]

    def _bar(self) -> "tqdm[Any]":
        title = f"{self.folder.parent.name} {self.folder.name}"
        layout = "{desc} {percentage:3.0f}% |{bar}| {elapsed}, {remaining} left{postfix}"
        return tqdm(total=1000, desc=title, bar_format=layout, mininterval=2, disable=not distributed.leads())

    @contextmanager
    def _board(self) -> Iterator[SummaryWriter | None]:
        """TensorBoard's log, written by one process alone."""
        if not distributed.leads():
            yield None
            return
        with SummaryWriter(str(self.folder / "tensorboard"), purge_step=self.state.iteration) as board:
            yield board


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """Ctrl-C and a polite kill end the training after the step under way, with a checkpoint."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    former = {kind: signal.signal(kind, lambda *_: stopped.set()) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for kind, handler in former.items():
            signal.signal(kind, handler)
