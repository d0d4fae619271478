"""The one way through: which model an image gets, and what is refused on the way."""

from collections.abc import Callable
from pathlib import Path

import pytest
import SimpleITK as sitk
import torch

from LumbarSegLib.core import analysis, models
from LumbarSegLib.core.images import read_image
from LumbarSegLib.errors import Cancelled, InputError, ModelError
from LumbarSegLib.resources import samples_dir
from Testing.small_model import metadata
from training import export
from training.networks.half_resolution import HalfResolutionUNet


@pytest.fixture(scope="module")
def image() -> sitk.Image:
    """The middle slices of the shipped sample."""
    return read_image(samples_dir() / "lumbar-t2.nrrd")[:, :, 8:13]


def blind_model(folder: Path) -> models.Model:
    """A model that finds nothing anywhere."""
    network = HalfResolutionUNet(3, 4, (4, 4, 4))
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.zero_()
        network.head.bias[:4] = 1.0
    export.write_model(network, metadata(network.stride), folder / "blind.ts")
    return models.open_model(models.find(str(folder / "blind.ts")), "cpu", accept_unlisted=True)


def test_a_sagittal_image_gets_the_sagittal_model(image: sitk.Image) -> None:
    assert analysis.prepare(image).info == models.choose("sagittal")


def test_a_model_of_another_task_is_refused(image: sitk.Image, model_file: Callable[..., Path]) -> None:
    with pytest.raises(ModelError, match="made for axial images, and this image is sagittal"):
        analysis.prepare(
            image, model=str(model_file(task="axial", orientation="LPS", labels={"1": "ivd"})), accept_unlisted=True
        )


def test_the_sample_is_named_from_the_lowest_disc_that_the_caller_gives(image: sitk.Image) -> None:
    found = analysis.segment(image, analysis.prepare(image), lowest_disc="L4/5")
    discs = [i.structure.name for i in found.result.instances if i.structure.kind == "disc"]
    assert discs[:3] == ["L4/5", "L3/4", "L2/3"]
    assert found.result.labels.IsSameImageGeometryAs(image)


def test_an_image_in_which_no_spine_is_found_is_refused(image: sitk.Image, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No vertebra, disc or canal was found"):
        analysis.segment(image, blind_model(tmp_path))


def test_cancel_reaches_the_network(image: sitk.Image) -> None:
    steps: list[tuple[str, float]] = []
    with pytest.raises(Cancelled):
        analysis.segment(
            image,
            analysis.prepare(image),
            on_progress=lambda name, fraction: steps.append((name, fraction)),
            cancelled=lambda: len(steps) > 1,
        )
    assert steps[-1][1] < 1.0
