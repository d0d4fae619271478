"""Small data of SPIDER's own form and a small experiment on them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from training import runs

SPINE = (0, 0, -1, 1, 0, 0, 0, -1, 0)

EXPERIMENT = """
seed = 3

[data]
set = "spider"

[split]
held_out = ["20"]

[preprocessing]
spacing_mm = 1.2

[network]
name = "half-resolution-unet"
slices = 3

[network.options]
channels = [8, 8, 8]

[optimiser]
learning_rate = 2e-3

[training]
iterations = 4
batch = 2
ema_decay = 0.5
checkpoint_every = 2
validate_every = 2
precision = "fp32"

[augmentation]
crop = [64, 64]
rotation_deg = 10.0
gamma = 0.5
noise = 0.5
"""


def write_patient(folder: Path, patient: int, seed: int = 0) -> None:
    """A stack of seven slices of 3 mm: bright boxes as vertebrae, dark ones as discs, a bright stripe as canal."""
    mask = np.zeros((7, 96, 80), np.uint8)
    for level in range(4):
        mask[1:6, 4 + 23 * level : 22 + 23 * level, 20:44] = 4 - level
        mask[1:6, 22 + 23 * level : 27 + 23 * level, 20:44] = 204 - level
    mask[2:5, :, 48:58] = 100
    table = np.full(256, 40.0)
    table[1:26], table[100], table[201:226] = 140, 230, 80
    pixels = table[mask] + np.random.default_rng(seed).normal(0, 6, mask.shape)
    for name, array in (("images", pixels.clip(0, 255).astype(np.uint8)), ("masks", mask)):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((1.2, 1.2, 3.0))
        image.SetDirection(SPINE)
        (folder / name).mkdir(exist_ok=True, parents=True)
        sitk.WriteImage(image, str(folder / name / f"{patient}_t2.mha"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder as SPIDER publishes it, of three patients."""
    for patient in (3, 12, 20):
        write_patient(tmp_path / "data", patient, patient)
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def _runs_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(runs, "CACHE", tmp_path / "cache")


@pytest.fixture
def experiment_file(tmp_path: Path) -> Callable[..., Path]:
    """Write the small experiment under a name, with pieces of its text replaced."""

    def write(name: str = "small", **replaced: str) -> Path:
        text = EXPERIMENT
        for old, new in replaced.items():
            line = next(line for line in text.splitlines() if line.startswith(f"{old} ="))
            text = text.replace(line, new)
        path = tmp_path / f"{name}.toml"
        path.write_text(text)
        return path

    return write
