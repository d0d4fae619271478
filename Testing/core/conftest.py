"""Small model files of the real format, written by the training folder's own export."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from Testing.small_model import metadata
from training import export
from training.networks.half_resolution import HalfResolutionUNet


@pytest.fixture
def model_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a model file with an untrained network; keywords change its metadata."""

    def write(**changed: Any) -> Path:
        torch.manual_seed(0)
        network = HalfResolutionUNet(3, 4, (4, 4, 4))
        path = tmp_path / "small.ts"
        export.write_model(network, metadata(network.stride) | changed, path)
        return path

    return write
