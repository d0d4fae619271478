"""How long a step's batch takes beside the step."""

from collections.abc import Callable
from pathlib import Path

import pytest

from training.data.sets import open_set
from training.experiment import read_experiment
from training.feed.profile import Profile, profile


def test_the_share_of_feeding_is_that_of_the_whole_step() -> None:
    measured = Profile(drawing=0.1, augmenting=0.3, computing=1.6, shape=(8, 3, 384, 320))
    assert measured.feeding_share == pytest.approx(0.2)
    assert str(measured).startswith("A batch of 8 x 3 x 384 x 320: drawing 100 ms, augmenting 300 ms, network 1600 ms.")


def test_a_small_experiment_is_profiled(data: Path, experiment_file: Callable[..., Path]) -> None:
    measured = profile(read_experiment(experiment_file()), open_set("spider", data), steps=1)
    assert measured.shape == (2, 3, 64, 64)
    assert min(measured.drawing, measured.augmenting, measured.computing) > 0
