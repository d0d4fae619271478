"""A small model for radiographs, in a file of the real format, that needs no training."""

from pathlib import Path

import torch
from torch import Tensor, nn

from Testing.small_model import CARD, EXPERIMENT
from training.data.aasce import CLASSES, DISC_SPACE
from training.experiment import Preprocessing
from training.export import metadata_of, write_model

_SURE = 100.0  # what brightness is multiplied by


def write_radiograph_model(path: Path, spacing_mm: float = 0.65) -> Path:
    """Write a model that reads the classes of a drawn radiograph off its brightness (`DrawnRadiograph.reading_pixels`).

    What is bone must be more than two pixels wide: where a disc space ends in the dark its rim is as bright as bone.
    """
    grid = Preprocessing(normalisation="min-max", spacing_mm=spacing_mm)
    seen = EXPERIMENT.network.model_copy(update={"slices": 1})
    experiment = EXPERIMENT.model_copy(update={"preprocessing": grid, "network": seen})
    card = CARD | {"name": "reading-xray", "task": "xray", "plane": "xray", "modality": "XR"}
    write_model(_ReadingNetwork().eval(), metadata_of(experiment, CLASSES, 8, card), path)
    return path


class _ReadingNetwork(nn.Module):
    """The class whose brightness, in equal steps over 0..1, is nearest to that of a pixel; bone is opened by 3 x 3."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("brightness", torch.linspace(0, 1, len(CLASSES)).view(1, -1, 1, 1))
        self.grow = nn.MaxPool2d(3, stride=1, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        half_step = 0.5 / (len(CLASSES) - 1)
        near = _SURE * (half_step - (image - self.brightness).abs())
        bone = self.grow(-self.grow(-near[:, 1:DISC_SPACE]))
        return torch.cat([torch.zeros_like(near[:, :1]), bone, near[:, DISC_SPACE:]], 1)
