"""The training of a network of corners, stopped and gone on with, and what it answers."""

from pathlib import Path

import numpy as np
import pytest
import torch

from Testing.training.test_radiograph_readers import straight_spine, write_radiographs
from training import runs
from training.errors import TrainingError
from training.experiment import Experiment
from training.radiographs import corner_targets
from training.radiographs.corner_regression import Regression, train
from training.state import read_checkpoint


def experiment(name: str, stop_at: int) -> Experiment:
    return Experiment.model_validate(
        {
            "name": name,
            "seed": 3,
            "data": {"set": "aasce"},
            "split": {"held_out": ["c"]},
            "preprocessing": {"spacing_mm": 2.5},
            "network": {"name": "half-resolution-unet", "options": {"channels": [8, 16]}},
            "training": {"batch": 2, "iterations": 4, "stop_at": stop_at, "precision": "fp32"},
            "augmentation": {"crop": [160, 48], "rotation_deg": 5.0, "mirror": 0.5, "noise": 0.5},
        }
    )


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    write_radiographs(folder, {name: straight_spine() for name in "abc"})
    return folder


def test_a_training_that_was_stopped_ends_with_the_weights_of_an_unbroken_one(films: Path) -> None:
    train(experiment("whole", 4), films, resume=False)
    train(experiment("broken", 2), films, resume=False)
    with pytest.raises(TrainingError, match="--resume"):
        train(experiment("broken", 4), films, resume=False)
    train(experiment("broken", 4), films, resume=True)
    one, other = (read_checkpoint(runs.fold_folder(name, 0) / "last.pt")["average"] for name in ("whole", "broken"))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_trained_network_answers_with_corners_in_the_pixels_of_its_image(films: Path) -> None:
    folder = train(experiment("whole", 4), films, resume=False)
    assert runs.read_facts(folder)["iterations"] == 4
    found = Regression("whole").corners_of(torch.zeros(200, 60))
    assert found.shape[1:] == (4, 2)
    assert np.isfinite(found).all()


def test_corners_follow_a_warped_image_and_those_that_leave_it_are_taught_nowhere() -> None:
    image = corner_targets.with_source(torch.zeros(1, 1, 80, 60))[0]
    inside = np.array([[[20.0, 30.0], [40.0, 30.0], [20.0, 40.0], [40.0, 40.0]]])
    outside = inside - [0.0, 25.0]
    shifted = torch.zeros_like(image)
    shifted[:, :-10] = image[:, 10:]
    source = corner_targets.source_of(shifted)
    assert np.allclose(corner_targets.moved(inside, source), inside - [0.0, 10.0], atol=0.01)
    gone = corner_targets.moved(outside, source)
    assert np.isnan(gone).any()
    assert not corner_targets.targets(gone, (80, 60)).any()
