"""What belongs to the sagittal model alone: how its parts build on each other, and what its report counts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from LumbarSegLib.core import levels, models
from Testing.small_model import metadata
from Testing.training.conftest import SPINE
from training import export, folds, state
from training.data import spider
from training.data.sets import open_set
from training.errors import TrainingError
from training.experiment import read_experiment
from training.networks.half_resolution import HalfResolutionUNet
from training.sagittal import perturb, report


def test_a_network_that_sees_more_slices_starts_with_the_answers_of_the_former(
    experiment_file: Callable[..., Path], data: Path
) -> None:
    former = read_experiment(experiment_file("former"))
    dataset = open_set("spider", data)
    folder = folds.train_fold(former, dataset, folds.folds_of(former, dataset)[0])
    narrow = state.network_of(former, 4)
    narrow.load_state_dict(state.average_weights(folder))
    wider = experiment_file("wider", slices="slices = 5", seed='seed = 3\nstart_from = "former"')
    wide = state.State(read_experiment(wider), 4).network
    seen = torch.randn(1, 5, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(wide.eval()(seen), narrow.eval()(seen[:, [0, 2, 4]]), atol=1e-5)


def test_nobody_starts_from_a_network_that_has_learned_from_his_test_patients(
    experiment_file: Callable[..., Path], data: Path
) -> None:
    former = read_experiment(experiment_file("former"))
    dataset = open_set("spider", data)
    folds.train_fold(former, dataset, folds.folds_of(former, dataset)[0])
    later = read_experiment(experiment_file("later", seed='seed = 3\nstart_from = "former"'))
    state.State(later, 4, test=["20"])
    with pytest.raises(TrainingError, match=r"former has learned from .* tested on here \(3\)"):
        state.State(later, 4, test=["3"])


def test_a_model_file_carries_only_scores_of_its_own_weights(tmp_path: Path) -> None:
    scores = [{"measured_on": "phantoms", "vertebra": 0.9, "disc": 0.8, "canal": 0.7}]

    def write(seed: int, measured: dict[str, Any] | None) -> Any:
        torch.manual_seed(seed)
        network = HalfResolutionUNet(3, 4, (4, 4, 4))
        return export.write_model(network, metadata(network.stride), tmp_path / "small.ts", measured).metadata

    measured = {"weights_sha256": write(0, None)["weights_sha256"], "scores": scores}
    assert write(0, measured)["scores"] == scores
    assert models.find(str(tmp_path / "small.ts")).scores == tuple(scores)
    with pytest.raises(ValueError, match="other weights"):
        write(1, measured)


def test_a_shipped_model_stands_in_the_index_with_its_card(tmp_path: Path) -> None:
    network = HalfResolutionUNet(3, 4, (4, 4, 4))
    exported = export.write_model(network, metadata(network.stride), tmp_path / "small.ts")
    export.enter_in_library(exported, tmp_path)
    export.enter_in_library(exported, tmp_path)
    index = (tmp_path / "index.json").read_text(encoding="utf-8")
    assert index.count('"small.ts"') == 1
    assert models.read_info(tmp_path / "small.ts").sha256 in index
    assert "# Small" in (tmp_path / "small.md").read_text(encoding="utf-8")


def test_perturbed_pairs_stay_on_one_grid(data: Path) -> None:
    one = spider.read_spider(data).cases[0]
    for name, change in perturb.perturbations().items():
        image, classes = change(one.read_image(), one.read_classes())
        assert image.GetSize() == classes.GetSize(), name
        assert np.allclose(image.GetSpacing(), classes.GetSpacing()), name


def test_dice_by_instance_takes_the_best_overlap_and_counts_what_is_missed() -> None:
    def spine(rows: list[int]) -> levels.Spine:
        labels = sitk.GetImageFromArray(np.tile(np.array(rows, np.uint8)[None, :, None], (3, 1, 4)))
        labels.SetDirection(SPINE)
        return levels.spine_of(labels)

    truth = spine([0, 0, 0, 2, 2, 2, 2, 202, 202, 1, 1, 1, 1, 0, 0, 0])
    found = spine([0, 0, 3, 3, 3, 3, 3, 3, 0, 2, 2, 2, 2, 0, 0, 0])
    assert sorted(report.dice_by_instance(found, truth)) == [("disc", 0.0), ("vertebra", 0.8), ("vertebra", 1.0)]


def test_dice_is_one_for_the_same_map_and_nan_for_what_neither_has(data: Path) -> None:
    truth = spider.read_spider(data).cases[0].read_classes()
    assert report.dice_by_kind(truth, truth) == [1.0, 1.0, 1.0]
    nothing = sitk.Image(truth.GetSize(), sitk.sitkUInt8)
    assert np.isnan(report.dice_by_kind(nothing, nothing)).all()
