"""Every network of the registry answers, learns, survives TorchScript, and says what it cannot do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from training.errors import TrainingError
from training.losses import build_loss
from training.networks.base import SegmentationNetwork
from training.networks.registry import NAMES, build, options_of

CLASSES = 3
RESNET = {"layers": (1, 1, 1, 1), "channels": (8, 16, 24, 32)}
SMALL: Mapping[str, Mapping[str, Any]] = {
    "unet-2d": {"channels": (8, 8, 16, 16, 24, 8)},
    "unet-3d": {"channels": (8, 8, 16, 16, 24, 8)},
    "resnet-unet": RESNET | {"decoder_channels": (24, 16, 16, 8, 8)},
    "unet++": {"channels": (8, 8, 16, 16, 24, 8)},
    "deeplabv3+": RESNET | {"pyramid_channels": 16},
    "unetr": {"feature_size": 4, "hidden_size": 24, "mlp_dim": 32, "num_heads": 2},
    "segresnet": {"channels": 8, "blocks_down": (1, 1, 1)},
    "half-resolution-unet": {"channels": (8, 8, 16)},
}
EACH = pytest.mark.parametrize("name", NAMES)


def small(name: str, inputs: int = 1) -> SegmentationNetwork:
    torch.manual_seed(0)
    return build(name, inputs, CLASSES, SMALL[name], (32, 32, 48) if name == "unetr" else None)


def sizes(network: SegmentationNetwork, odd: bool = True) -> tuple[int, ...]:
    """A grid whose sides are different odd multiples of the stride, where the network takes more than one."""
    if hasattr(network, "size"):
        return tuple(network.size)
    multiples = (1, 3, 1) if odd else (2, 2, 1)
    return tuple(network.stride * count for count in multiples[: network.dimensions])


def images(network: SegmentationNetwork, batch: int = 2, odd: bool = True) -> Tensor:
    return torch.randn(batch, network.inputs, *sizes(network, odd), generator=torch.Generator().manual_seed(1))


def bright_and_dark(image: Tensor) -> Tensor:
    """Classes that an image shows: dark, middling, bright."""
    return torch.bucketize(image[:, 0].contiguous(), torch.tensor([-0.5, 0.5]))


@EACH
def test_the_answer_has_a_logit_for_each_class_on_the_same_grid(name: str) -> None:
    network = small(name, inputs=2)
    with torch.inference_mode():
        logits = network(images(network))
    assert logits.shape == (2, CLASSES, *sizes(network))
    assert (network.inputs, network.classes) == (2, CLASSES)
    assert not network.training


@EACH
def test_training_steps_on_one_batch_lower_the_loss(name: str) -> None:
    network = small(name).train()
    batch = images(network, odd=False)
    loss_of, classes = build_loss("dice-ce", None), bright_and_dark(batch)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    losses = []
    for _ in range(4):
        loss = loss_of(network(batch), classes)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


@EACH
def test_every_weight_has_a_gradient(name: str) -> None:
    network = small(name).train()
    batch = images(network, odd=False)
    build_loss("ce", None)(network(batch), bright_and_dark(batch)).backward()
    assert [key for key, weight in network.named_parameters() if weight.grad is None] == []


@EACH
def test_a_traced_network_read_back_from_its_file_answers_the_same(name: str, tmp_path: Path) -> None:
    network = small(name)
    with torch.inference_mode():
        torch.jit.save(
            torch.jit.trace(network, images(network, batch=1, odd=False), check_trace=False), tmp_path / "model.ts"
        )
        loaded = torch.jit.load(tmp_path / "model.ts")
        other = images(network)
        torch.testing.assert_close(loaded(other), network(other), atol=1e-5, rtol=1e-5)


@EACH
def test_an_image_answers_alone_as_it_does_in_a_batch(name: str) -> None:
    network = small(name)
    batch = images(network)
    with torch.inference_mode():
        torch.testing.assert_close(network(batch[:1]), network(batch)[:1], atol=1e-4, rtol=1e-4)


@EACH
def test_half_precision_with_channels_last_gives_finite_logits(name: str) -> None:
    network = small(name).train()
    layout = torch.channels_last if network.dimensions == 2 else torch.channels_last_3d
    network = network.to(memory_format=layout)  # type: ignore[call-overload]
    with torch.autocast("cpu", torch.bfloat16):
        answer = network(images(network, odd=False).contiguous(memory_format=layout))
    logits = answer[0] if isinstance(answer, list) else answer
    assert bool(torch.isfinite(logits).all())


@EACH
def test_each_network_builds_with_its_defaults(name: str) -> None:
    network = build(name, 1, 5, {})
    weights = sum(weight.numel() for weight in network.parameters())
    assert 1e6 < weights < 10e6
    assert options_of(name)


def test_unet_plus_plus_answers_with_four_depths_in_training_the_deepest_first() -> None:
    network = small("unet++")
    batch = images(network)
    with torch.inference_mode():
        final = network(batch)
        answers = network.train()(batch)
    assert len(answers) == 4
    torch.testing.assert_close(answers[0], final)
    assert not torch.allclose(answers[1], final)


def test_unet_plus_plus_without_deep_supervision_has_one_answer_and_no_idle_weights() -> None:
    network = build("unet++", 1, CLASSES, {**SMALL["unet++"], "deep_supervision": False}).train()
    answer = network(images(network))
    assert isinstance(answer, Tensor)
    answer.mean().backward()
    assert all(weight.grad is not None for weight in network.parameters())


def test_segresnet_takes_slices_too() -> None:
    network = build("segresnet", 3, CLASSES, {**SMALL["segresnet"], "dimensions": 2})
    assert network.dimensions == 2
    assert network(torch.zeros(1, 3, 12, 20)).shape == (1, CLASSES, 12, 20)


def test_deeplab_keeps_a_sixteenth_of_the_image_and_sees_the_whole_of_it() -> None:
    network = small("deeplabv3+")
    image = images(network, batch=1, odd=False)
    with torch.inference_mode():
        features = network.encoder(image)
        changed = image.clone()
        changed[..., -1, -1] += 100
        difference = (network(changed) - network(image)).abs()
    assert [map_.shape[-1] for map_ in features] == [image.shape[-1] // part for part in (2, 4, 8, 16, 16)]
    assert float(difference[..., 0, 0].max()) > 0


def test_a_resnet_can_have_the_published_fifty_layers() -> None:
    options = {"block": "bottleneck", "layers": [3, 4, 6, 3], "channels": [8, 8, 8, 8]}
    network = build("resnet-unet", 1, 2, SMALL["resnet-unet"] | options)
    convolutions = [module for module in network.encoder.modules() if isinstance(module, nn.Conv2d)]
    # The fiftieth is the classifier, which segmentation has no use for; each of the four stages has one shortcut.
    assert len(convolutions) == 49 + 4


def test_unetr_takes_its_size_from_the_grid() -> None:
    options = SMALL["unetr"]
    network = build("unetr", 1, 2, options, (48, 32, 32))
    assert network(torch.zeros(1, 1, 48, 32, 32)).shape == (1, 2, 48, 32, 32)


@pytest.mark.parametrize(
    ("name", "options", "size", "message"),
    [
        ("unet2d", {}, None, "no network 'unet2d'; the nearest one is 'unet-2d'"),
        ("deeplab", {}, None, "nearest one is 'deeplabv3\\+'"),
        ("unetr", {"hidden": 96}, None, "no option of unetr 'hidden'; the nearest one is 'hidden_size'"),
        ("unetr", {"size": (32, 64, 64)}, None, "no option of unetr 'size'"),
        ("unetr", {}, (30, 128, 128), "size.0 of unetr: .*multiple of 16"),
        ("unetr", {"hidden_size": 100, "num_heads": 3}, None, "take a multiple"),
        ("unet-2d", {"channels": "wide"}, None, "channels of unet-2d"),
        ("unet-2d", {"channels": (8, 12, 16, 16, 24, 8)}, None, "channels.1 of unet-2d: .*multiple of 8"),
        ("unet-2d", {}, (32, 128, 128), "unet-2d takes slices; give .* 2 numbers"),
        ("unet-3d", {}, (128, 128), "unet-3d takes volumes; give .* 3 numbers"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_sentence(
    name: str, options: Mapping[str, Any], size: tuple[int, ...] | None, message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        build(name, 1, CLASSES, options, size)
