"""How a radiograph is looked at: at which scale, how its borders run, in which view, and when it is turned."""

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core import analysis, inference, models
from LumbarSegLib.core.agreement import self_agreement
from LumbarSegLib.core.projection import AXES, with_projection
from LumbarSegLib.core.radiograph import Radiograph
from LumbarSegLib.core.spacing import has_spacing, unspaced
from LumbarSegLib.core.worker.packing import packed_result, unpacked_result
from LumbarSegLib.errors import Cancelled
from Testing.radiograph_model import write_radiograph_model
from Testing.radiographs import DrawnRadiograph

WHOLE = DrawnRadiograph()
LUMBAR = DrawnRadiograph(vertebrae=6, size=(1000, 700), curves=((0.0, 1.0, 0.05),))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> models.Model:
    path = write_radiograph_model(tmp_path_factory.mktemp("model") / "xray.ts")
    return models.open_model(models.find(str(path)), "cpu", accept_unlisted=True)


def shown(pixels: np.ndarray, spacing_mm: float | None = None) -> sitk.Image:
    """A radiograph of unknown view."""
    image = sitk.GetImageFromArray(pixels[None])
    if spacing_mm is None:
        return with_projection(unspaced(image, AXES["frontal"]))
    image.SetSpacing((spacing_mm, spacing_mm, 1.0))
    image.SetDirection(AXES["frontal"])
    return with_projection(image)


def dice(labels: sitk.Image, drawn: DrawnRadiograph) -> float:
    found, true = sitk.GetArrayViewFromImage(labels)[0], drawn.classes
    bone, truth = (found > 0) & (found < 3), (true > 0) & (true < 3)
    return float(2 * (bone & truth).sum() / (bone.sum() + truth.sum()))


@pytest.mark.parametrize("spacing_mm", [None, 0.1, 0.25, 0.5, 1.0, 5.0])
@pytest.mark.parametrize("drawn", [WHOLE, LUMBAR], ids=["whole", "lumbar"])
def test_the_size_that_pixels_are_said_to_have_changes_little(
    model: models.Model, drawn: DrawnRadiograph, spacing_mm: float | None
) -> None:
    answered = inference.segment_radiograph(shown(drawn.reading_pixels, spacing_mm), model)
    assert answered.turn == 0
    assert dice(answered.labels, drawn) > 0.97


def test_a_spine_in_a_corner_of_a_large_film_is_found(model: models.Model) -> None:
    """Its vertebrae are a third as wide as the network knows them."""
    pixels = np.pad(WHOLE.reading_pixels, ((200, 1300), (100, 600)), mode="constant", constant_values=200)
    answered = inference.segment_radiograph(shown(pixels), model)
    found = sitk.GetArrayViewFromImage(answered.labels)[0, 200:1200, 100:600]
    bone = (found > 0) & (found < 3)
    assert 2 * (bone & (WHOLE.classes == 1)).sum() / (bone.sum() + (WHOLE.classes == 1).sum()) > 0.95


def test_the_borders_do_not_follow_the_networks_coarser_pixels(model: models.Model) -> None:
    """A tilted edge moves by a pixel at a time, and not by the three pixels that one of the network covers."""
    drawn = DrawnRadiograph(vertebrae=5, size=(2400, 900), curves=((0.0, 1.0, 0.12),))
    found = sitk.GetArrayViewFromImage(inference.segment_radiograph(drawn_image(drawn), model).labels)[0]
    left = found[:, : int(drawn.centres[1, 0])]
    rows = slice(int(drawn.corners[1, 0, 1]) + 30, int(drawn.corners[1, 2, 1]) - 30)
    edge = np.array([np.flatnonzero(row)[0] for row in left[rows]])
    assert np.ptp(edge) > 15
    assert np.abs(np.diff(edge)).max() <= 2


def drawn_image(drawn: DrawnRadiograph) -> sitk.Image:
    return shown(drawn.reading_pixels)


def test_all_vertebrae_are_of_the_view_of_which_there_is_more(model: models.Model) -> None:
    mixed = DrawnRadiograph(view="lateral")
    pixels = mixed.reading_pixels.copy()
    other = mixed.classes == 2
    other[300:] = False
    pixels[other] = 4095 // 3
    answered = inference.segment_radiograph(shown(pixels), model)
    assert answered.view == "lateral"
    assert set(np.unique(sitk.GetArrayViewFromImage(answered.labels))) == {0, 2, 3}


@pytest.mark.parametrize(("quarters", "turn"), [(0, 0), (1, 90), (2, 180), (3, 90)])
def test_a_turned_image_is_told(model: models.Model, quarters: int, turn: int) -> None:
    pixels = np.ascontiguousarray(np.rot90(WHOLE.reading_pixels, quarters))
    assert inference.segment_radiograph(shown(pixels), model).turn == turn


def test_a_part_of_a_spine_is_not_taken_for_a_turned_one(model: models.Model) -> None:
    for rows in (slice(0, 450), slice(450, 1000), slice(650, 1000)):
        pixels = WHOLE.reading_pixels[rows].copy()
        pixels[:4, :4] = 4095
        assert inference.segment_radiograph(shown(pixels), model).turn == 0


def test_a_radiograph_as_a_host_has_it_is_taken_as_one(model: models.Model) -> None:
    """3D Slicer reads one as a volume of one slice along the axes."""
    volume = sitk.GetImageFromArray(WHOLE.reading_pixels[None])
    volume.SetSpacing((0.5, 0.5, 1.0))
    found = analysis.segment(volume, model)
    assert isinstance(found.result, Radiograph)
    assert len(found.result.instances) == 17
    assert found.image.GetDirection() == pytest.approx(AXES["frontal"])
    assert found.result.labels.IsSameImageGeometryAs(found.image)
    assert found.semantic.IsSameImageGeometryAs(found.image)


def test_the_model_agrees_with_itself_on_a_mirrored_radiograph(model: models.Model) -> None:
    image = shown(WHOLE.reading_pixels)
    assert not has_spacing(image)
    labels = inference.segment_labels(image, model)
    assert set(self_agreement(image, labels, model)) <= {"vertebra", "lateral_vertebra", "disc_space"}


def test_cancel_stops_between_looks(model: models.Model) -> None:
    with pytest.raises(Cancelled):
        inference.segment_radiograph(shown(WHOLE.reading_pixels), model, cancelled=lambda: True)


def test_progress_rises_to_the_end(model: models.Model) -> None:
    told: list[float] = []
    inference.segment_radiograph(shown(WHOLE.reading_pixels), model, on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_radiograph_passes_the_pipe_of_the_worker_whole(model: models.Model) -> None:
    result = analysis.segment(shown(WHOLE.reading_pixels), model).result
    again = unpacked_result(*packed_result(result))
    assert isinstance(again, Radiograph) and isinstance(result, Radiograph)
    assert (again.view, again.lowest_disc, again.notes, again.parted) == (
        result.view,
        result.lowest_disc,
        result.notes,
        result.parted,
    )
    assert again.instances == result.instances
    assert np.array_equal(sitk.GetArrayViewFromImage(again.labels), sitk.GetArrayViewFromImage(result.labels))
