"""What a newcomer does, from the data to named segments, with the commands of the README."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image
from typer.testing import CliRunner

from LumbarSegLib.cli import run as lumbarseg
from Testing.axial import axial_image, axial_labels
from training import runs
from training.__main__ import app

EXPERIMENT = """
seed = 1

[data]
set = "mendeley"

[split]
held_out = ["0005"]

[preprocessing]
spacing_mm = 0.6875

[network]
name = "half-resolution-unet"

[network.options]
channels = [8, 16]

[optimiser]
learning_rate = {rate}

[training]
iterations = {iterations}
batch = 4
ema_decay = 0.5
precision = "fp32"

[augmentation]
gamma = 0.3
"""


def training(*words: str | Path) -> str:
    """Run a command of the bench and return what it prints."""
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Five patients of a slice each, as the Mendeley set publishes them."""
    labels = axial_labels()[:, :, 1:2]
    classes = sitk.GetArrayFromImage(labels)[0]
    coded = np.array([250, 50, 100, 150, 200], np.uint8)[classes]
    random = np.random.default_rng(0)
    for number in range(1, 6):
        grey = sitk.GetArrayFromImage(axial_image(labels))[0] * 0.5 + random.normal(20, 4, classes.shape)
        for folder, prefix, pixels in (("T1", "T1", grey.clip(0, 255)), ("labels", "L1", coded)):
            path = tmp_path / "data" / folder / f"{prefix}_{number:04}_D3.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(path)
    return tmp_path / "data"


def write_experiments(folder: Path, lengths: Sequence[tuple[str, int, float]]) -> list[Path]:
    paths = []
    for name, iterations, rate in lengths:
        path = folder / f"{name}.toml"
        path.write_text(EXPERIMENT.format(iterations=iterations, rate=rate))
        paths.append(path)
    return paths


def test_from_data_to_segments(data: Path, tmp_path: Path) -> None:
    checked = training("data", "check", data, "--sheet", tmp_path / "sheet.png", "--held-out", "0005")
    assert "5 patients" in checked or "5" in checked
    assert (tmp_path / "sheet.png").stat().st_size > 5000

    for path in write_experiments(tmp_path, [("long", 40, 2e-2), ("short", 1, 1e-6)]):
        training("train", path, "--data", data)
        training("evaluate", path.stem, "--data", data)
    assert (runs.RUNS / "long" / "best.png").stat().st_size > 5000
    page = tmp_path / "page"
    training("compare", "long", "short", "--data", data, "--to", page)
    assert "long" in (page / "README.md").read_text(encoding="utf-8")
    assert (page / "index.html").is_file()
    assert (runs.fold_folder("long", 0) / "curves.png").stat().st_size > 5000

    exported = training("export", "long", "--to", tmp_path / "models")
    assert "of the pixels" in " ".join(exported.split())
    volume, out = tmp_path / "axial.nii.gz", tmp_path / "axial.seg.nrrd"
    sitk.WriteImage(axial_image(axial_labels()), str(volume))
    words = [volume, "-o", out, "--model", tmp_path / "models" / "long.ts", "--trust-model"]
    assert lumbarseg(["segment", *map(str, words)]) == 0
    header = out.read_bytes()[:20000]
    assert all(f"Name:={name}".encode() in header for name in ("IVD", "TS"))


def test_what_is_wrong_is_said_in_a_sentence(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from training import __main__

    path = write_experiments(tmp_path, [("wrong", 1, 1e-3)])[0]
    path.write_text(path.read_text(encoding="utf-8").replace("batch = 4", "bach = 4"))
    monkeypatch.setattr("sys.argv", ["training", "train", str(path), "--data", str(data)])
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 1
    assert "the nearest one is 'batch'" in " ".join(capsys.readouterr().err.split())
