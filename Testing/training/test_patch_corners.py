"""The network that reads the corners of one vertebra: its patches, its training, and its file beside another's."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.draw import polygon

from LumbarSegLib.core import models, vertebra_patches
from LumbarSegLib.core.models import Model
from LumbarSegLib.errors import ModelError
from Testing.radiograph_model import write_radiograph_model
from Testing.radiographs import DrawnRadiograph
from Testing.training.test_radiograph_readers import COLUMNS, ROWS, straight_spine, write_radiographs
from training import export, runs
from training.data.aasce import filled
from training.errors import TrainingError
from training.experiment import Experiment
from training.feed.settings import Augmentation
from training.radiographs.patch_corners import films_of, loss, train
from training.radiographs.patches import PatchSampler, film
from training.state import read_checkpoint

DRAWN = DrawnRadiograph(wedge=6.0)
CLOCKWISE = DRAWN.corners[:, [0, 1, 3, 2]]
CARD = {"name": "corners", "version": "1", "reads_after": "reading-xray", "labels": {}}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = write_radiograph_model(tmp_path_factory.mktemp("model") / "xray.ts")
    return models.open_model(models.find(str(path)), "cpu", accept_unlisted=True)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    write_radiographs(folder, {name: straight_spine() for name in "abc"})
    blocks = 90 + 100 * filled(straight_spine(), (ROWS, COLUMNS))
    for path in (folder / "images").iterdir():
        Image.fromarray(blocks).save(path)
    return folder


def experiment(name: str, stop_at: int, size: tuple[int, int] = vertebra_patches.SIZE) -> Experiment:
    return Experiment.model_validate(
        {
            "name": name,
            "seed": 3,
            "data": {"set": "aasce"},
            "split": {"held_out": ["c"]},
            "preprocessing": {"size": size, "normalisation": "z-score"},
            "network": {"name": "half-resolution-unet", "options": {"channels": [8, 16]}},
            "training": {"batch": 8, "iterations": 4, "stop_at": stop_at, "precision": "fp32"},
            "augmentation": {"shift": 0.2, "rotation_deg": 10.0, "zoom": [0.8, 1.2], "mirror": 0.5, "noise": 0.5},
        }
    )


@pytest.mark.parametrize("seen", [np.nan, 6.0])
def test_a_patch_shows_a_vertebra_between_the_corners_that_come_with_it(seen: float) -> None:
    blocks = (DRAWN.classes == 1).astype(np.float32)
    one = film("drawn", blocks, CLOCKWISE, CLOCKWISE + seen)
    settings = Augmentation(shift=0.2, rotation_deg=14.0, zoom=(0.8, 1.25), mirror=0.5)
    patches, places = PatchSampler([one], 32, settings).draw(np.random.default_rng(0))
    assert patches.shape == (32, 1, *vertebra_patches.SIZE) and places.shape == (32, 4, 2)
    middle = (np.array(vertebra_patches.SIZE)[::-1] - 1) / 2
    tilts = set()
    for patch, corners in zip(patches[:, 0].numpy(), places.numpy() + middle, strict=True):
        rows, columns = polygon(corners[:, 1], corners[:, 0], patch.shape)
        inside = np.zeros(patch.shape, bool)
        inside[rows, columns] = True
        assert patch[inside].mean() > 0.93
        assert corners[0, 0] < corners[1, 0] and corners[0, 1] < corners[3, 1]  # the upper left one stays so
        tilts.add(round(float(corners[1, 1] - corners[0, 1]), 1))
    assert len(tilts) > 10


def test_what_a_model_sees_of_a_film_goes_with_the_vertebrae_that_are_marked_there(
    model: Model, tmp_path: Path
) -> None:
    write_radiographs(tmp_path, {"drawn": DRAWN.corners})
    table = tmp_path / "images" / "drawn.jpg"
    Image.fromarray((DRAWN.reading_pixels // 16).astype(np.uint8)).save(table, quality=100, subsampling=0)
    (one,) = films_of(tmp_path, ("drawn",), model)
    known = np.isfinite(one.seen).all((1, 2))
    assert known.sum() >= 15
    away = np.linalg.norm(one.seen[known] - one.marked[known], axis=-1)
    assert away.max() < 6.0


def test_the_loss_is_how_far_corners_lie_off_in_widths_and_counts_turned_endplates_besides() -> None:
    heat = torch.full((1, 4, *vertebra_patches.SIZE), -100.0)
    heat[0, :, 40, 30] = 100.0
    middle = torch.tensor([(side - 1) / 2 for side in vertebra_patches.SIZE[::-1]])
    here = (torch.tensor([30.0, 40.0]) - middle).expand(1, 4, 2)
    width = vertebra_patches.WIDTH_PX
    assert loss(heat, here) < 0.01
    aside = here - torch.tensor([width / 2, 0.0])
    assert abs(float(loss(heat, aside)) - 0.5) < 0.01
    tilted = here - torch.tensor([[0.0, 0.0], [0.0, width / 2], [0.0, width / 2], [0.0, 0.0]])
    assert float(loss(heat, tilted)) > 0.4


def test_a_training_that_was_stopped_ends_with_the_weights_of_an_unbroken_one(films: Path, model: Model) -> None:
    train(experiment("whole", 4), films, model, resume=False)
    train(experiment("broken", 2), films, model, resume=False)
    with pytest.raises(TrainingError, match="--resume"):
        train(experiment("broken", 4), films, model, resume=False)
    train(experiment("broken", 4), films, model, resume=True)
    one, other = (read_checkpoint(runs.fold_folder(name, 0) / "last.pt")["average"] for name in ("whole", "broken"))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_patches_of_another_size_than_the_program_cuts_are_refused(films: Path, model: Model) -> None:
    with pytest.raises(TrainingError, match=r"size = \[96, 80\]"):
        train(experiment("other", 1, (64, 64)), films, model, resume=False)


def test_its_file_is_listed_with_the_model_that_it_reads_after_and_is_no_model_by_itself(
    films: Path, model: Model, tmp_path: Path
) -> None:
    train(experiment("reader", 2), films, model, resume=False)
    to = tmp_path / "library"
    exported = export.export_run("reader", 0, to, CARD, None, half=True)
    assert exported.largest_difference < 0.05
    with pytest.raises(TrainingError, match="reading-xray, which is not there"):
        export.enter_in_library(exported, to)
    entry = {"name": "reading-xray", "version": "1", "task": "xray", "file": "reading-xray.ts", "sha256": "0"}
    (to / "index.json").write_text(json.dumps({"models": [entry]}))
    export.enter_in_library(exported, to)
    (listed,) = json.loads((to / "index.json").read_text())["models"]
    assert listed["corners"]["file"] == "corners.ts" and listed["sha256"] == "0"
    assert "Mean Dice" not in (to / "corners.md").read_text()
    with pytest.raises(ModelError, match="only reads corners in what the model reading-xray has drawn"):
        models.read_info(exported.path)
