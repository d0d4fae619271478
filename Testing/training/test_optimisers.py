"""Optimisers and schedules against values worked out by hand."""

import math

import pytest
import torch
from torch import nn

from training.errors import TrainingError
from training.optimisers import build_optimiser, rate_factor


def one_step(name: str, weight_decay: float) -> float:
    """A weight of 1 with a gradient of 2, after one step at a learning rate of 0.1."""
    weight = nn.Parameter(torch.tensor([1.0]))
    optimiser = build_optimiser(name, [weight], 0.1, weight_decay)
    weight.grad = torch.tensor([2.0])
    optimiser.step()
    return weight.item()


@pytest.mark.parametrize(
    ("name", "weight_decay", "expected"),
    [
        # The first step of Adam is the learning rate, whatever the gradient.
        ("adam", 0.0, 1 - 0.1),
        ("adamw", 0.0, 1 - 0.1),
        # AdamW shrinks the weight by rate times decay; Adam adds the decay to the gradient, whose size it divides out.
        ("adamw", 0.5, 1 - 0.1 * 0.5 - 0.1),
        ("adam", 0.5, 1 - 0.1),
        # Nesterov looks one momentum of 0.99 ahead.
        ("sgd", 0.0, 1 - 0.1 * (2 + 0.99 * 2)),
        ("sgd", 0.5, 1 - 0.1 * 2.5 * 1.99),
    ],
)
def test_one_step_goes_as_far_as_worked_out_by_hand(name: str, weight_decay: float, expected: float) -> None:
    assert one_step(name, weight_decay) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("schedule", "progress", "warmup", "factor"),
    [
        ("constant", 0.0, 0.0, 1.0),
        ("constant", 1.0, 0.0, 1.0),
        ("poly", 0.0, 0.0, 1.0),
        ("poly", 0.5, 0.0, 0.5**0.9),
        ("poly", 1.0, 0.0, 0.0),
        ("cosine", 0.0, 0.0, 1.0),
        ("cosine", 0.25, 0.0, (1 + math.sqrt(0.5)) / 2),
        ("cosine", 0.5, 0.0, 0.5),
        ("cosine", 1.0, 0.0, 0.0),
        # With a warm-up the rate rises evenly to its full height, and the schedule runs over what is left.
        ("cosine", 0.05, 0.2, 0.25),
        ("cosine", 0.2, 0.2, 1.0),
        ("cosine", 0.6, 0.2, 0.5),
        ("poly", 1.0, 0.2, 0.0),
        ("constant", 0.5, 1.0, 0.5),
        ("poly", 1.0, 1.0, 1.0),
    ],
)
def test_the_rate_follows_its_schedule(schedule: str, progress: float, warmup: float, factor: float) -> None:
    assert rate_factor(schedule, progress, warmup) == pytest.approx(factor, abs=1e-9)


def test_unknown_names_are_named_with_the_nearest_valid_one() -> None:
    with pytest.raises(TrainingError, match="no optimiser 'adamW'; the nearest one is 'adamw'"):
        build_optimiser("adamW", [], 0.1, 0.0)
    with pytest.raises(TrainingError, match="no schedule 'cosinus'; the nearest one is 'cosine'"):
        rate_factor("cosinus", 0.0, 0.0)
