"""Small models in files of the real format, for tests: their metadata, and a network that needs no training."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.data.cases import CLASSES
from training.experiment import Experiment, Preprocessing
from training.export import metadata_of, write_model

CARD: dict[str, Any] = {
    "name": "small",
    "version": "1",
    "title": "Small",
    "task": "sagittal",
    "modality": "MR",
    "plane": "sagittal",
    "training_data": [],
    "intended_use": "Tests",
    "limits": [],
}

EXPERIMENT = Experiment.model_validate(
    {
        "name": "small",
        "data": {"set": "spider"},
        "split": {"held_out": ["1"]},
        "preprocessing": {"spacing_mm": 1.0},
        "network": {"name": "half-resolution-unet", "slices": 3, "neighbour_distance_mm": 3.0},
        "training": {"batch": 1, "iterations": 1},
    }
)


def metadata(stride: int) -> dict[str, Any]:
    """What the file of an untrained sagittal network of this stride says of itself."""
    return metadata_of(EXPERIMENT, CLASSES["sagittal"], stride, CARD)


def write_reading_model(path: Path, task: str, slices: int = 1, **preprocessing: Any) -> Path:
    """Write a model that reads the classes of its task off an image: brightness in equal steps up to the last class.

    It is exact on its own grid, so that whatever else is found was lost on the way there or back.
    """
    grid = Preprocessing(normalisation="min-max", **preprocessing)
    seen = EXPERIMENT.network.model_copy(update={"slices": slices})
    experiment = EXPERIMENT.model_copy(update={"preprocessing": grid, "network": seen})
    modality = "XR" if task == "xray" else "MR"
    card = CARD | {"name": f"reading-{task}", "task": task, "plane": task, "modality": modality}
    network = _reading_network(len(CLASSES[task]), slices, grid.volumes)
    write_model(network, metadata_of(experiment, CLASSES[task], 8, card), path)
    return path


def _reading_network(classes: int, slices: int, volumes: bool) -> nn.Module:
    """The class whose brightness in 0..1 is nearest to that of a pixel, in the middle one of the slices."""
    network = nn.Conv3d(1, classes, 1) if volumes else nn.Conv2d(slices, classes, 1)
    brightness = torch.linspace(0, 1, classes)
    with torch.no_grad():
        network.weight.zero_()
        network.weight[:, slices // 2] = brightness.view(-1, *[1] * (network.weight.ndim - 2))
        assert network.bias is not None
        network.bias.copy_(-(brightness**2) / 2)
    return network.eval()
