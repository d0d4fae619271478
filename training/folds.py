"""Trains an experiment fold by fold; each fold ends with a model file that the program loads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from training import distributed, export, runs
from training.data import split
from training.data.cases import DataSet
from training.errors import TrainingError
from training.experiment import Experiment, as_plain
from training.feed.prepare import Prepared, prepare_all
from training.feed.sampling import LabelledSlice, SliceSampler, VolumeSampler
from training.logs import forget_after
from training.loop import Sampler, Training
from training.losses import build_loss, class_weights
from training.model_start import begin_from_model
from training.state import Loss, State


@dataclass(frozen=True)
class Fold:
    """One part of an experiment: who is trained on, validated on and tested on."""

    number: int
    split: split.Split


def folds_of(experiment: Experiment, dataset: DataSet) -> list[Fold]:
    """The folds that an experiment asks for. Raises TrainingError where the data cannot be split so."""
    patients, wanted = dataset.patients, experiment.split
    if wanted.everyone:
        return [Fold(0, split.everyone(patients, wanted.validation, experiment.seed))]
    if wanted.folds is None:
        return [Fold(0, split.held_out(patients, wanted.held_out, wanted.validation, experiment.seed))]
    count = len(patients) if wanted.folds == "patients" else wanted.folds
    return [Fold(k, one) for k, one in enumerate(split.folds(patients, count, wanted.validation, experiment.seed))]


def train_fold(experiment: Experiment, dataset: DataSet, fold: Fold, resume: bool = False) -> Path:
    """Train one fold and write its model file, `model.ts`, and its facts, `run.json`; returns its folder.

    A fold whose training has ended is left as it is when the experiment is resumed. Raises TrainingError where a
    checkpoint is there and `resume` is not given, where the two do not belong together, and where somebody stops it.
    """
    folder = runs.fold_folder(experiment.name, fold.number)
    last = folder / "last.pt"
    if last.is_file() and not resume:
        raise TrainingError(
            f"{experiment.name} has a checkpoint already; go on with --resume, or remove {folder.parent}."
        )
    _check_readable(dataset, fold)
    state = State(experiment, len(dataset.classes), fold.split.test)
    if last.is_file():
        state.restore(last)
    training = _training(experiment, dataset, fold, state, folder)
    folder.mkdir(parents=True, exist_ok=True)
    if experiment.starts_from_file and not last.is_file():
        begin_from_model(state, Path(str(experiment.start_from)), training.first_images())
    if training.ended and (folder / "run.json").is_file():
        return folder
    reason = training.run()
    if distributed.leads():
        _write_results(training, dataset, fold, reason)
    if reason == "stopped":
        raise TrainingError(f"Stopped after {state.iteration} iterations, with a checkpoint; go on with --resume.")
    return folder


def _check_readable(dataset: DataSet, fold: Fold) -> None:
    """Read what nobody trains on too, so that a file that cannot be used is said now and not when it is measured."""
    for case in tqdm(dataset.of_patients(fold.split.test), "checking", unit="case", leave=False, delay=2):
        case.read_image()
        case.read_classes()


def _training(experiment: Experiment, dataset: DataSet, fold: Fold, state: State, folder: Path) -> Training:
    if distributed.leads():
        for log in ("loss.csv", "validation.csv"):
            forget_after(folder / log, state.iteration)
    stacks, validation = (
        prepare_all(dataset.of_patients(patients), dataset, experiment.preprocessing, runs.CACHE, teach)
        for patients, teach in ((fold.split.training, True), (fold.split.validation, False))
    )
    sampler = sampler_of(experiment, stacks, state.network.stride, fold.split.test)
    loss = loss_of(experiment, stacks, len(dataset.classes))
    return Training(experiment, folder, state, sampler, loss, dataset.classes, validation)


def sampler_of(experiment: Experiment, stacks: Sequence[Prepared], stride: int, test: Sequence[str] = ()) -> Sampler:
    """What draws the batches of an experiment from its prepared stacks; `test` are the patients it is tested on."""
    if experiment.preprocessing.volumes:
        return VolumeSampler(stacks, experiment.training.batch)
    return SliceSampler(
        stacks,
        experiment.network.slices,
        experiment.training.batch,
        experiment.draw,
        pseudo_labelled(experiment, test),
        experiment.network.neighbour_distance_mm,
        stride,
    )


def pseudo_labelled(experiment: Experiment, test: Sequence[str]) -> list[LabelledSlice]:
    """The slices that networks labelled themselves, where the experiment asks for them.

    Of labels made fold by fold (`training.axial.teach`) only those count whose makers have learned from none of the
    `test` patients. Raises TrainingError where there are none.
    """
    if experiment.pseudo_labels is None:
        return []
    made = sorted((runs.RUNS / experiment.pseudo_labels).rglob("pseudo_labels.npz"))
    if not made:
        raise TrainingError(
            f"There are no labels {experiment.pseudo_labels} yet; make them with training.sagittal.tse or "
            "training.axial.teach."
        )
    found: list[LabelledSlice] = []
    for path in made:
        with np.load(path) as saved:
            if "unseen" in saved and not set(test) <= set(saved["unseen"].tolist()):
                continue
            names = sorted(key.removesuffix("/image") for key in saved.files if key.endswith("/image"))
            found += [LabelledSlice(saved[f"{n}/image"].astype(np.float32), saved[f"{n}/classes"]) for n in names]
    if not found:
        raise TrainingError(
            f"Those who made the labels {experiment.pseudo_labels} have all learned from patients who are tested on "
            f"here ({', '.join(test)}); give runs of the same folds."
        )
    return found


def loss_of(experiment: Experiment, stacks: Sequence[Prepared], class_count: int) -> Loss:
    """The loss of an experiment, with the weights of its classes. Raises TrainingError where their number is wrong."""
    wanted = experiment.loss.weights
    if wanted == "data":
        return build_loss(experiment.loss.name, class_weights((stack.classes for stack in stacks), class_count))
    if wanted is not None and len(wanted) != class_count:
        raise TrainingError(f"[loss] weights has {len(wanted)} values, and there are {class_count} classes.")
    return build_loss(experiment.loss.name, None if wanted is None else torch.tensor(wanted))


def _write_results(training: Training, dataset: DataSet, fold: Fold, reason: str) -> None:
    state, experiment = training.state, training.experiment
    facts = {
        "name": experiment.name,
        "fold": fold.number,
        "task": dataset.task,
        "network": experiment.network.name,
        "parameters": sum(weights.numel() for weights in state.network.parameters()),
        "seed": experiment.seed,
        "iterations": state.iteration,
        "seconds": round(state.seconds, 1),
        "stopped": reason,
        "machine": runs.machine(),
        "processes": distributed.world(),
        "patients": {
            "training": fold.split.training,
            "validation": fold.split.validation,
            "test": fold.split.test,
        },
        "data": {
            "set": dataset.name,
            "classes": dataset.classes,
            "licence": dataset.licence,
            "citation": dataset.citation,
        },
        "experiment": as_plain(experiment),
        "scoring_seconds": round(training.clocks.scoring, 1),
        "feeding_share": round(training.clocks.feeding_share, 3),
        "peak_memory_mb": runs.peak_memory_mb(),
    }
    if reason != "stopped":
        export.export_fold(experiment, facts, training.folder)
    runs.write_facts(training.folder, facts)
