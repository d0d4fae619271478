"""Runs whose models are known: a network that knows the grey value of each class, and may mix up or miss some."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
from torch import nn

from LumbarSegLib.core import models, preprocess
from Testing.small_model import metadata
from training import export, runs
from training.data.cases import DataSet


class ByGreyValue(nn.Module):
    """Gives each pixel the class whose grey value, as the network sees it, is nearest."""

    def __init__(self, grey: Sequence[float]) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, len(grey), 1)
        values = torch.tensor(grey, dtype=torch.float32)
        self.layer.weight.data = 20 * values[:, None, None, None]
        self.layer.bias.data = -10 * values**2

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.layer(image)


def grey_values(dataset: DataSet) -> list[float]:
    """The mean of each class in the first case, as a network sees it."""
    case = dataset.cases[0]
    image, classes = (preprocess.to_stack_order(one) for one in (case.read_image(), case.read_classes()))
    unit = preprocess.to_unit(sitk.GetArrayFromImage(image).astype(np.float32), "percentile")
    seen = preprocess.after_unit(unit, "percentile")
    truth = sitk.GetArrayFromImage(classes)
    return [float(seen[truth == value].mean()) for value in range(len(dataset.classes))]


def write_run(name: str, dataset: DataSet, folds: Sequence[Sequence[str]], blind_to: str = "") -> Path:
    """A finished run with a fold for each group of test patients, whose network never says `blind_to`; returns its
    folder.
    """
    grey = grey_values(dataset)
    if blind_to:
        grey[dataset.classes.index(blind_to)] = 30.0
    for number, test in enumerate(folds):
        folder = runs.fold_folder(name, number)
        folder.mkdir(parents=True)
        told = metadata(stride=4) | {"input_channels": 1, "spacing_mm": 1.2}
        export.write_model(ByGreyValue(grey), told, folder / f"model{models.SUFFIX}", half=False)
        rest = [patient for patient in dataset.patients if patient not in test]
        runs.write_facts(
            folder,
            {
                "name": name,
                "fold": number,
                "task": dataset.task,
                "network": "by-grey-value",
                "parameters": 8,
                "seed": 3,
                "iterations": 40,
                "seconds": 90.0,
                "stopped": "finished",
                "machine": "a small machine",
                "patients": {"training": rest, "validation": [], "test": list(test)},
                "data": {"set": dataset.name, "classes": dataset.classes},
                "feeding_share": 0.1,
                "peak_memory_mb": 800,
            },
        )
        lines = [f"{step},{step / 2},{1 / step}" for step in range(20, 60, 20)]
        (folder / "loss.csv").write_text("\n".join(["iteration,seconds,loss", *lines]) + "\n")
    return runs.RUNS / name


def as_another_set(dataset: DataSet) -> DataSet:
    """The same data under another name."""
    return dataclasses.replace(dataset, name="another")
