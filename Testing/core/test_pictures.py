"""Axial slices without spacing: pictures, and volumes whose header is silent on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from LumbarSegLib.core import inference, models, preprocess
from LumbarSegLib.core.agreement import self_agreement
from LumbarSegLib.core.images import check_fits, image_identity, plane_of, read_image
from LumbarSegLib.core.labelmap import on_grid_of
from LumbarSegLib.core.notes import notes_of
from LumbarSegLib.core.pictures import SIDES
from LumbarSegLib.core.spacing import has_spacing, with_spacing
from LumbarSegLib.errors import InputError
from Testing.axial import IVD, axial_image, axial_labels
from Testing.bad_images import BAD_IMAGES, meta_image, nifti, nrrd, volume
from Testing.dicom_blocks import write_blocks
from Testing.small_model import write_reading_model

AXES = np.eye(3).ravel()
PIXDIM, CODES = 76, 252
NOT_STATED = "The file states no pixel spacing, so nothing is given in mm."


def grey(dtype: Any = np.uint8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 250, (40, 32)).astype(dtype)


def write(path: Path, values: np.ndarray, vector: bool = False) -> Path:
    sitk.WriteImage(sitk.GetImageFromArray(values, isVector=vector), str(path))
    return path


@pytest.mark.parametrize("name", ["slice.png", "slice.tif", "slice.bmp"])
def test_a_picture_is_one_axial_slice_whose_spacing_is_not_known(tmp_path: Path, name: str) -> None:
    image = read_image(write(tmp_path / name, grey()), without_spacing=True)
    assert np.array_equal(sitk.GetArrayFromImage(image), grey()[None])
    assert (image.GetSpacing(), image.GetOrigin()) == ((1, 1, 1), (0, 0, 0))
    assert np.array_equal(image.GetDirection(), AXES)
    assert plane_of(image) == "axial"
    assert not has_spacing(image)
    assert notes_of(image) == (SIDES, NOT_STATED)


def test_a_jpeg_picture_is_read_too(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(0, 240, 4, dtype=np.uint8), (48, 1))
    found = sitk.GetArrayFromImage(read_image(write(tmp_path / "slice.jpg", ramp), without_spacing=True))
    assert np.abs(found[0].astype(int) - ramp).max() < 4


def test_a_picture_keeps_its_16_bits(tmp_path: Path) -> None:
    image = read_image(write(tmp_path / "slice.png", grey(np.uint16) * 200), without_spacing=True)
    assert np.array_equal(sitk.GetArrayFromImage(image)[0], grey(np.uint16) * 200)


def test_a_spacing_that_the_user_gives_is_that_of_the_pixels_and_a_note_says_whose_it_is(tmp_path: Path) -> None:
    image = read_image(write(tmp_path / "slice.png", grey()), pixel_spacing_mm=0.6875)
    assert image.GetSpacing()[:2] == (0.6875, 0.6875)
    assert has_spacing(image)
    sides, note = notes_of(image)
    assert sides == SIDES
    assert note.startswith("The pixel spacing of 0.6875 mm is as given, not from the file")


@pytest.mark.parametrize("channels", [3, 4])
def test_a_colour_picture_of_equal_channels_is_grey_whatever_its_opacity(tmp_path: Path, channels: int) -> None:
    values = np.stack([grey()] * channels, axis=-1)
    values[..., 3:] = 255
    Image.fromarray(values).save(tmp_path / "slice.png")
    image = read_image(tmp_path / "slice.png", without_spacing=True)
    assert np.array_equal(sitk.GetArrayFromImage(image)[0], grey())


def several_pages(folder: Path) -> Path:
    return write(folder / "pages.tif", np.stack([grey(), grey()]))


def in_colour(folder: Path) -> Path:
    values = np.stack([grey()] * 3, axis=-1)
    values[5, 5, 1] += 1
    return write(folder / "colour.png", values, vector=True)


def with_opacity(folder: Path) -> Path:
    Image.fromarray(np.stack([grey(), grey()], axis=-1)).save(folder / "opacity.png")
    return folder / "opacity.png"


def cut_short(folder: Path) -> Path:
    path = write(folder / "cut.png", grey())
    path.write_bytes(path.read_bytes()[:200])
    return path


def flat(folder: Path) -> Path:
    return write(folder / "flat.png", np.full((40, 32), 7, np.uint8))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (several_pages, "pages.tif: the picture has several pages; give one slice at a time"),
        (in_colour, "colour.png: the picture is in colour; give a grey-scale one"),
        (with_opacity, "opacity.png: the picture holds opacity beside its grey values; save it without"),
        (cut_short, "cut.png: the file is damaged or incomplete; copy it"),
        (flat, "flat.png: all voxels have the same value; check"),
    ],
)
def test_a_picture_that_cannot_be_used_is_refused_in_one_sentence(
    tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        read_image(make(tmp_path), without_spacing=True)


def test_a_picture_is_refused_where_no_task_for_it_was_chosen(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--task axial, and --pixel-spacing where it is known"):
        read_image(write(tmp_path / "slice.png", grey()))


SILENT = {
    "an NRRD file": nrrd(space=None, space_directions=None),
    "a NIfTI file": nifti((PIXDIM + 4, "3f", (0, 0, 0)), (CODES, "2h", (0, 0))),
    "a MetaImage file": meta_image(ElementSpacing=None, TransformMatrix="1 0 0 0 1 0 0 0 1"),
    "a MetaImage file without orientation": meta_image(ElementSpacing=None, TransformMatrix=None),
}


@pytest.mark.parametrize("kind", SILENT)
def test_a_volume_whose_header_is_silent_on_the_spacing_is_a_stack_of_axial_slices(tmp_path: Path, kind: str) -> None:
    path = SILENT[kind](tmp_path)
    with pytest.raises(InputError, match=r"spacing is missing.*or give --task axial for axial slices"):
        read_image(path)
    image = read_image(path, without_spacing=True)
    assert image.GetSize() == (12, 16, 8)
    assert image.GetSpacing() == (1, 1, 1)
    assert np.array_equal(image.GetDirection(), AXES)
    assert not has_spacing(image)
    check_fits(image, "axial", "MR")
    assert read_image(path, pixel_spacing_mm=0.5).GetSpacing()[:2] == (0.5, 0.5)


WRONG_ALL_THE_SAME = [name for name in BAD_IMAGES if "NaN" in name or "negative" in name or "singular" in name]


@pytest.mark.parametrize("wrong", [*WRONG_ALL_THE_SAME, "NRRD with a direction left out", "NIfTI with one pixdim 0"])
def test_a_header_that_is_wrong_and_not_silent_stays_refused(tmp_path: Path, wrong: str) -> None:
    write_it, words = BAD_IMAGES[wrong]
    with pytest.raises(InputError, match=words):
        read_image(write_it(tmp_path), without_spacing=True)


def test_sagittal_slices_without_spacing_are_refused(tmp_path: Path) -> None:
    path = meta_image(ElementSpacing=None)(tmp_path)
    for given in (None, 0.5):
        with pytest.raises(InputError, match="states no pixel spacing, and its slices are sagittal; give one that"):
            read_image(path, pixel_spacing_mm=given, without_spacing=True)


def test_a_picture_fits_no_sagittal_model(tmp_path: Path) -> None:
    for given in (None, 4.0):
        image = read_image(write(tmp_path / "slice.png", grey()), pixel_spacing_mm=given, without_spacing=True)
        check_fits(image, "axial", "MR")
        with pytest.raises(InputError, match="states no pixel spacing; give a sagittal image that does"):
            check_fits(image, "sagittal", "MR")


def test_a_file_that_states_its_spacing_takes_no_other(tmp_path: Path) -> None:
    sitk.WriteImage(volume(), str(tmp_path / "image.nrrd"))
    write_blocks(tmp_path / "study")
    for path in (tmp_path / "image.nrrd", tmp_path / "study"):
        assert has_spacing(read_image(path, without_spacing=True))
        with pytest.raises(InputError, match="the file states its own pixel spacing; leave out --pixel-spacing"):
            read_image(path, pixel_spacing_mm=0.5)


def drawn(folder: Path) -> Path:
    """The slice that the reading model knows, as a picture."""
    return write(folder / "slice.png", sitk.GetArrayFromImage(axial_image(axial_labels(1)))[0].astype(np.uint16))


@pytest.mark.parametrize("pixel_spacing_mm", [None, 0.9])
def test_a_network_sees_a_picture_over_its_field_of_view(tmp_path: Path, pixel_spacing_mm: float | None) -> None:
    """On a grid of 220 mm / 64 the picture of 64 columns stays as it is; on the same grid 0.9 mm are made coarser."""
    image = read_image(drawn(tmp_path), pixel_spacing_mm=pixel_spacing_mm, without_spacing=True)
    step = preprocess.FIELD_OF_VIEW_MM / 64
    path = write_reading_model(tmp_path / "axial.ts", "axial", spacing_mm=step)
    model = models.open_model(models.find(str(path)), "cpu", accept_unlisted=True)
    found = inference.segment_labels(image, model)
    probabilities, grid = inference.probabilities(image, model)
    whole = pixel_spacing_mm is None
    assert found.IsSameImageGeometryAs(image)
    assert np.array_equal(sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(axial_labels(1))) == whole
    assert (probabilities.shape[2:] == (56, 64)) == whole
    extents = (np.multiply(one.GetSize(), one.GetSpacing())[:2] for one in (grid, image))
    assert np.allclose(*extents, atol=2 * step)


def test_a_second_answer_is_asked_for_over_the_same_field_of_view(tmp_path: Path) -> None:
    """A change of intensities leaves black and white what they are; pixels of 1 mm would be blurred on the grid."""
    noise = np.random.default_rng(0).integers(0, 8, (56, 64))
    values = np.where(sitk.GetArrayFromImage(axial_labels(1))[0] == IVD, 400, 0) + noise
    image = read_image(write(tmp_path / "slice.png", values.astype(np.uint16)), without_spacing=True)
    step = preprocess.FIELD_OF_VIEW_MM / 64
    path = write_reading_model(tmp_path / "axial.ts", "axial", spacing_mm=step)
    model = models.open_model(models.find(str(path)), "cpu", accept_unlisted=True)
    found = self_agreement(image, inference.segment_labels(image, model), model)
    assert found == {"slice 1.aap": 1.0}


@pytest.mark.parametrize("given", [{"without_spacing": True}, {"radiograph": True}], ids=["axial", "film"])
def test_a_spacing_that_is_given_later_makes_the_image_as_if_it_had_been_given_at_once(
    tmp_path: Path, given: dict[str, bool]
) -> None:
    path = write(tmp_path / "slice.png", grey())
    without, at_once = read_image(path, **given), read_image(path, pixel_spacing_mm=0.5, **given)
    later = with_spacing(with_spacing(without, 0.7), 0.5)
    taken_back = with_spacing(later, None)
    for one, other in ((later, at_once), (taken_back, without)):
        assert image_identity(one) == image_identity(other) and notes_of(one) == notes_of(other)
        assert has_spacing(one) == has_spacing(other)


def test_a_label_map_made_without_spacing_belongs_to_the_image_once_the_spacing_is_given(tmp_path: Path) -> None:
    path = drawn(tmp_path)
    labels = sitk.GetImageFromArray(sitk.GetArrayFromImage(axial_labels(1)))
    placed, resampled = on_grid_of(read_image(path, pixel_spacing_mm=0.5), labels)
    assert not resampled
    assert placed.GetSpacing()[:2] == (0.5, 0.5)
    assert np.array_equal(sitk.GetArrayFromImage(placed), sitk.GetArrayFromImage(labels))
