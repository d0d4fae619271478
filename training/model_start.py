"""Going on from a model file: its weights with the batch norms, which an export folds away, put back."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from training.errors import TrainingError
from training.experiment import Experiment
from training.export import fold_batch_norms
from training.networks.base import SegmentationNetwork
from training.networks.half_resolution import spread_over_slices
from training.state import State, network_of


def begin_from_model(state: State, path: Path, images: Tensor) -> None:
    """Give a training the weights of a model file that was exported from a network of its kind.

    `images` (batch, inputs, rows, columns) are a batch of the training; over it each batch norm becomes one that
    changes nothing but adds the bias that the export folded into the convolution before it, so that the network answers
    as the file does and goes on learning. A last layer for other classes stays as it was drawn. The file does not say
    whom it has learned from: who holds patients out must hold out the same ones. Raises TrainingError where there is no
    such file or it is of another network.
    """
    folded = _weights_of(path, state.network, state.experiment.network.slices)
    _take_over(state.network, folded, path)
    _put_back_batch_norms(state, folded, images)
    state.average.module.load_state_dict(state.network.state_dict())


def folded_network(experiment: Experiment, class_count: int) -> SegmentationNetwork:
    """The network of the model file that an experiment starts from, its batch norms folded away: to ask, not to train.

    Raises TrainingError where there is no such file or it is of another network.
    """
    path = Path(str(experiment.start_from))
    network = network_of(experiment, class_count)
    fold_batch_norms(network)
    try:
        network.load_state_dict(_weights_of(path, network, experiment.network.slices))
    except RuntimeError as error:
        raise _another_network(path) from error
    return network


def _another_network(path: Path) -> TrainingError:
    return TrainingError(f"{path.name} is not of the network that the experiment asks for; start from another file.")


def _weights_of(path: Path, network: nn.Module, slices: int) -> dict[str, Tensor]:
    """The weights of a file under the names of the network's own layers: an export may have numbered them otherwise."""
    if not path.is_file():
        raise TrainingError(f"There is no model file {path}; start_from is read from the folder that you train in.")
    try:
        found = torch.jit.load(str(path), map_location="cpu").state_dict()
    except RuntimeError as error:
        raise TrainingError(f"{path.name} is no model file.") from error
    theirs = list(dict.fromkeys(key.rpartition(".")[0] for key in found))
    if len(theirs) != len(own := _layers_of(network)):
        raise _another_network(path)
    names = dict(zip(theirs, own, strict=True))
    weights = {}
    for key, value in found.items():
        layer, _, kind = key.rpartition(".")
        weights[f"{names[layer]}.{kind}"] = value.float()
    return spread_over_slices(weights, slices) if "encoders.0.0.weight" in weights else weights


def _layers_of(network: nn.Module) -> list[str]:
    return [name for name, one in network.named_modules() if isinstance(one, nn.Conv2d | nn.ConvTranspose2d)]


def _take_over(network: nn.Module, folded: Mapping[str, Tensor], path: Path) -> None:
    own = network.state_dict()
    fitting = {key: value for key, value in folded.items() if key in own and own[key].shape == value.shape}
    if sum(f"{name}.weight" not in fitting for name in _layers_of(network)) > 1:
        raise _another_network(path)
    network.load_state_dict({**own, **fitting})


def _adding_alone(bias: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    """What sets a batch norm, as it meets its first batch, to pass values on with nothing but `bias` added."""

    def on_input(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        variance, mean = torch.var_mean(inputs[0].float(), (0, 2, 3), correction=0)
        assert isinstance(norm, nn.BatchNorm2d) and norm.running_mean is not None and norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(mean + bias)

    return on_input


def _put_back_batch_norms(state: State, folded: Mapping[str, Tensor], images: Tensor) -> None:
    hooks = []
    for name, module in state.network.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            block, place = name.rsplit(".", 1)
            bias = folded[f"{block}.{int(place) - 1}.bias"].to(state.device)
            hooks.append(module.register_forward_pre_hook(_adding_alone(bias)))
    with torch.no_grad():
        state.answer(state.network.eval(), images)
    for hook in hooks:
        hook.remove()
