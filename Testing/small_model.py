"""The metadata of a small model, for tests that write model files of the real format."""

from typing import Any

from training.data.cases import CLASSES
from training.experiment import Experiment
from training.export import metadata_of

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
