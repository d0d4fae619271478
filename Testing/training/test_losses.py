"""Losses against values worked out by hand."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from training.data.cases import UNKNOWN
from training.errors import TrainingError
from training.losses import NAMES, build_loss, class_weights

EACH = pytest.mark.parametrize("name", NAMES)


def logits_of(probabilities: list[tuple[float, ...]]) -> Tensor:
    """One image of one row: a probability of each class for each pixel."""
    return torch.tensor(probabilities).log().T[None, :, None, :]


def row(*classes: int) -> Tensor:
    return torch.tensor([[classes]])


# Four pixels: the probability of class 1 is 0.5, 0.75, 0.25, 0.5; the classes are 0, 1, 0, 1.
LOGITS = logits_of([(0.5, 0.5), (0.25, 0.75), (0.75, 0.25), (0.5, 0.5)])
TRUTH = row(0, 1, 0, 1)
CROSS_ENTROPY = -(2 * math.log(0.5) + 2 * math.log(0.75)) / 4
# Overlap 0.75 + 0.5; sizes 2 of the answer and 2 of the truth; one added above and below.
DICE = 1 - (2 * 1.25 + 1) / (2 + 2 + 1)
FOCAL = -(2 * 0.5**2 * math.log(0.5) + 2 * 0.25**2 * math.log(0.75)) / 4


@pytest.mark.parametrize(
    ("name", "value"), [("ce", CROSS_ENTROPY), ("dice", DICE), ("dice-ce", CROSS_ENTROPY + DICE), ("focal", FOCAL)]
)
def test_the_value_is_the_one_worked_out_by_hand(name: str, value: float) -> None:
    assert build_loss(name, None)(LOGITS, TRUTH).item() == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # torch takes the mean weighted by the classes of the pixels.
        ("ce", -(math.log(0.5) + math.log(0.75) + 3 * (math.log(0.75) + math.log(0.5))) / 8),
        ("focal", -4 * (0.5**2 * math.log(0.5) + 0.25**2 * math.log(0.75)) / 4),
    ],
)
def test_weights_count_a_class_more(name: str, value: float) -> None:
    assert build_loss(name, torch.tensor([1.0, 3.0]))(LOGITS, TRUTH).item() == pytest.approx(value, abs=1e-6)


def test_weights_leave_dice_as_it_is_for_it_balances_by_itself() -> None:
    assert build_loss("dice", torch.tensor([1.0, 3.0]))(LOGITS, TRUTH).item() == pytest.approx(DICE, abs=1e-6)


@EACH
def test_pixels_of_unknown_class_count_in_nothing(name: str) -> None:
    loss = build_loss(name, torch.tensor([1.0, 3.0]))
    more = torch.cat([LOGITS, logits_of([(0.9, 0.1), (0.01, 0.99)])], 3).requires_grad_()
    value = loss(more, torch.cat([TRUTH, row(UNKNOWN, UNKNOWN)], 2))
    assert value.item() == pytest.approx(loss(LOGITS, TRUTH).item(), abs=1e-6)
    (gradient,) = torch.autograd.grad(value, more)
    assert float(gradient[..., 4:].abs().max()) == 0
    assert float(gradient[..., :4].abs().min()) > 0


@EACH
def test_a_batch_without_any_known_pixel_has_a_loss_of_zero_and_no_gradient(name: str) -> None:
    logits = LOGITS.clone().requires_grad_()
    value = build_loss(name, None)(logits, torch.full_like(TRUTH, UNKNOWN))
    (gradient,) = torch.autograd.grad(value, logits)
    assert value.item() == 0
    assert float(gradient.abs().max()) == 0


@EACH
def test_volumes_have_the_loss_of_their_pixels(name: str) -> None:
    volume = build_loss(name, None)(LOGITS.reshape(1, 2, 2, 1, 2), TRUTH.reshape(1, 2, 1, 2))
    assert volume.item() == pytest.approx(build_loss(name, None)(LOGITS, TRUTH).item(), abs=1e-6)


def test_dice_is_taken_over_the_whole_batch() -> None:
    apart = build_loss("dice", None)(LOGITS.reshape(1, 2, 2, 2).permute(2, 1, 0, 3), TRUTH.reshape(2, 1, 2))
    assert apart.item() == pytest.approx(DICE, abs=1e-6)


def test_answers_of_several_depths_weigh_half_as_much_each_together_one() -> None:
    loss = build_loss("ce", None)
    sure = logits_of([(0.9, 0.1), (0.1, 0.9), (0.9, 0.1), (0.1, 0.9)])
    expected = (4 * CROSS_ENTROPY - 2 * math.log(0.9) + CROSS_ENTROPY) / 7
    assert loss([LOGITS, sure, LOGITS], TRUTH).item() == pytest.approx(expected, abs=1e-6)
    assert loss([LOGITS, LOGITS], TRUTH).item() == pytest.approx(CROSS_ENTROPY, abs=1e-6)


def test_class_weights_are_the_inverse_root_of_how_often_a_class_is_known() -> None:
    arrays = [np.array([[0] * 10, [0] * 6 + [1] * 4], np.uint8), np.array([[UNKNOWN] * 9 + [2]], np.uint8)]
    # 16, 4 and 1 pixels: 1/4, 1/2 and 1, whose mean is 7/12.
    torch.testing.assert_close(class_weights(arrays, 3), torch.tensor([3 / 7, 6 / 7, 12 / 7]))


def nothing_of_class_two() -> object:
    return class_weights([np.array([0, 1, UNKNOWN], np.uint8)], 3)


def an_unknown_name() -> object:
    return build_loss("dicece", None)


def too_few_weights() -> object:
    return build_loss("ce", torch.ones(3))(LOGITS, TRUTH)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (nothing_of_class_two, "Class 2 does not occur"),
        (an_unknown_name, "no loss 'dicece'; the nearest one is 'dice-ce'"),
        (too_few_weights, "3 weights for 2 classes"),
    ],
)
def test_a_mistake_is_said_in_one_sentence(mistake: Callable[[], object], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        mistake()
