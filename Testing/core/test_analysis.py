"""The one way through: which model an image gets, and what is refused on the way."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from LumbarSegLib.core import analysis, models
from LumbarSegLib.core.images import read_image
from LumbarSegLib.core.regions import Regions
from LumbarSegLib.errors import Cancelled, InputError, ModelError
from LumbarSegLib.resources import samples_dir
from Testing.axial import axial_image, axial_labels
from Testing.small_model import metadata, write_reading_model
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


@pytest.fixture(scope="module")
def axial_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_reading_model(tmp_path_factory.mktemp("model") / "axial.ts", "axial", spacing_mm=1.0))


def test_an_axial_image_gives_its_regions(axial_model: str) -> None:
    labels = axial_labels()
    model = analysis.prepare(axial_image(labels), model=axial_model, accept_unlisted=True)
    steps: list[str] = []
    found = analysis.segment(axial_image(labels), model, on_progress=lambda name, _: steps.append(name))
    assert isinstance(found.result, Regions)
    assert [one.structure.name for one in found.result.instances] == ["IVD", "PE", "TS", "AAP"]
    assert np.array_equal(sitk.GetArrayFromImage(found.result.labels), sitk.GetArrayFromImage(labels))
    assert found.seconds.keys() == {"segment", "regions"}
    assert steps[-2:] == ["Naming regions", "Done"]


def test_an_axial_image_is_segmented_and_measured_in_the_same_way(axial_model: str) -> None:
    image = axial_image(axial_labels())
    model = analysis.prepare(image, model=axial_model, accept_unlisted=True)
    found = analysis.measure(analysis.segment(image, model).result, image).findings
    assert found.of("ts.area", "slice 3").value == pytest.approx(96.0)
    assert found.of("ts.area", "slice 1").reason == "Nothing is labelled in slice 1."


def test_an_axial_image_in_which_nothing_is_found_is_refused(axial_model: str) -> None:
    image = axial_image(axial_labels())
    model = analysis.prepare(image, model=axial_model, accept_unlisted=True)
    blind = replace(model, network=lambda batch: torch.eye(5)[0].view(1, 5, 1, 1).expand(len(batch), 5, 56, 64))
    with pytest.raises(InputError, match="No disc, posterior element or thecal sac was found"):
        analysis.segment(image, blind)


def test_a_volume_is_no_radiograph(image: sitk.Image, tmp_path: Path) -> None:
    model = str(write_reading_model(tmp_path / "xray.ts", "xray", spacing_mm=1.0))
    with pytest.raises(ModelError, match="is made for xray images, and this image is sagittal"):
        analysis.prepare(image, model=model, accept_unlisted=True)
    with pytest.raises(InputError, match="and a radiograph is one slice"):
        analysis.prepare(image, "xray", model, accept_unlisted=True)


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
