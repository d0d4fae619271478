"""An experiment's file is checked before anything is computed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from training.errors import TrainingError
from training.experiment import read_experiment

CONFIGS = Path(__file__).parents[2] / "training" / "configs"
SHARED = [
    *(f"comparison/{name}.toml" for name in ("axial", "sagittal", "sagittal-slices", "sagittal-volumes", "xray")),
    *(f"axial/{name}.toml" for name in ("shared", "shared_contrast", "shared_settled")),
    "radiographs/split.toml",
]
"""Keys that several experiments share, none by themselves."""
COMPLETE = sorted({*CONFIGS.rglob("*.toml")} - {CONFIGS / path for path in SHARED})


@pytest.mark.parametrize("path", COMPLETE, ids=lambda path: path.stem)
def test_every_shipped_experiment_is_valid(path: Path) -> None:
    assert read_experiment(path).name == path.stem


@pytest.mark.parametrize(
    ("key", "slip", "nearest"),
    [
        ("iterations", "iteratons = 4", "iterations"),
        ("learning_rate", "learnig_rate = 1e-3", "learning_rate"),
        ("rotation_deg", "rotation = 10.0", "rotation_deg"),
        ("seed", "sed = 3", "seed"),
    ],
)
def test_a_key_that_does_not_exist_is_named_with_the_nearest_one(
    experiment_file: Callable[..., Path], key: str, slip: str, nearest: str
) -> None:
    with pytest.raises(TrainingError, match=f"{slip.split(' ', maxsplit=1)[0]}.*nearest one is '{nearest}'"):
        read_experiment(experiment_file(**{key: slip}))


@pytest.mark.parametrize(
    ("key", "wrong", "says"),
    [
        ("spacing_mm", "spacing_mm = -1.0", "spacing_mm"),
        ("spacing_mm", "crop = false", "either spacing_mm or size"),
        ("spacing_mm", 'spacing_mm = 1.0\nnormalisation = "whitening"', "percentile"),
        ("held_out", "validation = 1", "one of held_out, folds and everyone"),
        ("iterations", "accumulate = 1", "iterations or minutes"),
        ("batch", 'batch = "many"', "training.batch"),
        ("precision", 'precision = "fp8"', "training.precision"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(
    experiment_file: Callable[..., Path], key: str, wrong: str, says: str
) -> None:
    with pytest.raises(TrainingError, match=says):
        read_experiment(experiment_file(**{key: wrong}))


def test_a_file_lays_its_keys_over_the_one_that_it_extends(experiment_file: Callable[..., Path]) -> None:
    base = experiment_file()
    path = base.with_name("finer.toml")
    path.write_text('extends = "small.toml"\n\n[preprocessing]\nspacing_mm = 0.6\n')
    finer = read_experiment(path)
    assert finer.name == "finer"
    assert finer.preprocessing.spacing_mm == 0.6
    assert finer.training == read_experiment(base).training


def test_late_settings_take_the_place_of_the_first_ones(experiment_file: Callable[..., Path]) -> None:
    path = experiment_file()
    path.write_text(path.read_text(encoding="utf-8") + "\n[late]\nafter = 0.5\n\n[late.augmentation]\nnoise = 0.1\n")
    experiment = read_experiment(path)
    assert experiment.augmentation_after(0.4).noise == 0.5
    assert experiment.augmentation_after(0.5).noise == 0.1
    assert experiment.augmentation_after(0.5).gamma == 0.5


def test_a_missing_file_and_broken_toml_are_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no experiment file"):
        read_experiment(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("seed = = 3")
    with pytest.raises(TrainingError, match=r"broken\.toml is not valid TOML"):
        read_experiment(tmp_path / "broken.toml")
