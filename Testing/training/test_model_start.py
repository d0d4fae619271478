"""A training goes on from a model file as if its batch norms had never been folded away."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from training import folds, runs, state
from training.data.sets import open_set
from training.errors import TrainingError
from training.experiment import read_experiment
from training.model_start import folded_network

Write = Callable[..., Path]


def train(path: Path, data: Path) -> Path:
    experiment = read_experiment(path)
    dataset = open_set("spider", data)
    return folds.train_fold(experiment, dataset, folds.folds_of(experiment, dataset)[0])


def from_file(path: Path, model: Path) -> Path:
    """The experiment of `path`, beginning from a model file."""
    path.write_text(f'start_from = "{model}"\n{path.read_text()}')
    return path


@pytest.fixture
def model_file(experiment_file: Write, data: Path) -> Path:
    """A model file of a network whose answers depend on what it has learned."""
    return train(experiment_file("first", iterations="iterations = 30"), data) / "model.ts"


def test_a_network_that_begins_from_a_model_file_answers_as_the_file_does(
    experiment_file: Write, data: Path, model_file: Path
) -> None:
    path = experiment_file("still", iterations="iterations = 1", learning_rate="learning_rate = 1e-12")
    still = from_file(path, model_file)
    begun = train(still, data)
    experiment = read_experiment(still)
    network = state.network_of(experiment, 4)
    network.load_state_dict(state.average_weights(begun))
    expected = torch.jit.load(str(model_file)).float()
    image = torch.rand((2, 3, 64, 64), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        difference = network.eval()(image) - expected(image)
    # The running average takes half a step of the batch norms' own statistics with it.
    assert difference.abs().mean() < 0.05 * expected(image).abs().mean()
    assert sum(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules()) > 0


def test_a_model_file_can_be_asked_as_the_network_that_it_is_of(experiment_file: Write, model_file: Path) -> None:
    network = folded_network(read_experiment(from_file(experiment_file("asked"), model_file)), 4).eval()
    image = torch.rand((1, 3, 64, 64), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.allclose(network(image), torch.jit.load(str(model_file)).float()(image), atol=1e-4)


def test_training_from_a_model_file_begins_with_a_lower_loss(
    experiment_file: Write, data: Path, model_file: Path
) -> None:
    losses = {}
    new = experiment_file("new", iterations="iterations = 20")
    gone_on = from_file(experiment_file("gone_on", iterations="iterations = 20"), model_file)
    for name, path in (("new", new), ("gone_on", gone_on)):
        folder = train(path, data)
        losses[name] = float((folder / "loss.csv").read_text(encoding="utf-8").splitlines()[-1].split(",")[2])
    assert losses["gone_on"] < losses["new"]


def test_a_model_file_of_another_network_is_refused(experiment_file: Write, data: Path, model_file: Path) -> None:
    wider = from_file(experiment_file("wider", channels="channels = [8, 8, 16]"), model_file)
    with pytest.raises(TrainingError, match="not of the network"):
        train(wider, data)
    assert not (runs.fold_folder("wider", 0) / "last.pt").exists()


@pytest.mark.parametrize(("content", "said"), [(None, "There is no model file"), (b"no model", "is no model file")])
def test_what_is_no_model_file_is_said_to_be_none(
    experiment_file: Write, data: Path, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "broken.ts"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TrainingError, match=said):
        train(from_file(experiment_file("none"), path), data)
