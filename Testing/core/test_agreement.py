"""A model's second answer: near to the first where all is well, far from one that is wrong."""

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core import analysis, inference
from LumbarSegLib.core.agreement import self_agreement
from LumbarSegLib.core.images import read_image
from LumbarSegLib.core.models import Model
from LumbarSegLib.errors import Cancelled
from LumbarSegLib.resources import samples_dir

LIMIT = 0.9


@pytest.fixture(scope="module")
def image() -> sitk.Image:
    """The middle slices of the shipped sample."""
    return read_image(samples_dir() / "lumbar-t2.nrrd")[:, :, 7:14]


@pytest.fixture(scope="module")
def model(image: sitk.Image) -> Model:
    return analysis.prepare(image)


@pytest.fixture(scope="module")
def semantic(image: sitk.Image, model: Model) -> sitk.Image:
    return inference.segment_labels(image, model)


def test_the_shipped_model_agrees_with_itself_on_the_sample(
    image: sitk.Image, semantic: sitk.Image, model: Model
) -> None:
    found = self_agreement(image, semantic, model)
    assert found.keys() == {"vertebra", "disc", "canal"}
    assert min(found.values()) > LIMIT


def test_an_answer_that_is_wrong_finds_no_agreement_for_its_kind(
    image: sitk.Image, semantic: sitk.Image, model: Model
) -> None:
    array = sitk.GetArrayFromImage(semantic)
    canal = array == 3
    array[canal] = 0
    array[np.roll(canal, 12, axis=2) & (array == 0)] = 3
    wrong = sitk.GetImageFromArray(array)
    wrong.CopyInformation(semantic)
    found = self_agreement(image, wrong, model)
    assert found["canal"] < LIMIT < found["disc"]


def test_a_kind_that_neither_answer_has_is_left_out(image: sitk.Image, semantic: sitk.Image, model: Model) -> None:
    empty = sitk.GetImageFromArray(np.full(sitk.GetArrayViewFromImage(image).shape, 100, np.float32))
    empty.CopyInformation(image)
    empty[0, 0, 0] = 101.0
    nothing = sitk.Image(semantic) * 0
    assert self_agreement(empty, nothing, model) == {}


def test_the_second_answer_can_be_cancelled(image: sitk.Image, semantic: sitk.Image, model: Model) -> None:
    with pytest.raises(Cancelled):
        self_agreement(image, semantic, model, cancelled=lambda: True)
