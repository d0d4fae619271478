"""Cases on the network's grid, and what is kept of them on disk."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core import preprocess
from training.data.cases import CLASSES, UNKNOWN, Case, DataSet, unchanged
from training.errors import TrainingError
from training.experiment import Preprocessing
from training.feed import prepare as feed
from training.feed.prepare import Prepared, prepare, prepare_all

SAGITTAL = (0, 0, -1, 1, 0, 0, 0, -1, 0)
HALF_MM = Preprocessing(spacing_mm=0.5)


def stored(pixels: NDArray[np.uint8], spacing: tuple[float, float, float]) -> sitk.Image:
    image = sitk.GetImageFromArray(pixels)
    image.SetSpacing(spacing)
    image.SetDirection(SAGITTAL)
    return image


def write_case(folder: Path, brightness: int = 200) -> Case:
    """Five slices of 40 x 30 pixels of 1 mm, 4 mm apart: a bright vertebra on noise."""
    folder.mkdir(exist_ok=True)
    classes = np.zeros((5, 40, 30), np.uint8)
    classes[1:4, 10:30, 8:20] = 1
    noise = np.random.default_rng(0).integers(0, 40, classes.shape)
    paths = folder / "image.mha", folder / "mask.mha"
    for path, pixels in zip(paths, ((noise + brightness * classes).astype(np.uint8), classes), strict=True):
        sitk.WriteImage(stored(pixels, (1.0, 1.0, 4.0)), str(path))
    return Case("7", "7_t2", paths, lambda: sitk.ReadImage(str(paths[0])), lambda: sitk.ReadImage(str(paths[1])))


def set_of(case: Case, for_teaching: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] = unchanged) -> DataSet:
    return DataSet("small", "sagittal", CLASSES["sagittal"], (case,), (), "", "", for_teaching)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return write_case(tmp_path / "data")


@pytest.fixture
def times_prepared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the cases that were not taken from the cache."""
    names: list[str] = []

    def counted(case: Case, dataset: DataSet, settings: Preprocessing, teach: bool = True) -> Prepared:
        names.append(case.name)
        return prepare(case, dataset, settings, teach)

    monkeypatch.setattr(feed, "prepare", counted)
    return names


def test_spacing_gives_square_pixels_and_leaves_the_slices_alone(case: Case) -> None:
    prepared = prepare(case, set_of(case), HALF_MM)
    assert prepared.image.shape == prepared.classes.shape == (5, 80, 60)
    assert prepared.slice_spacing_mm == 4.0
    assert (prepared.image.dtype, prepared.classes.dtype) == (np.float32, np.uint8)


@pytest.mark.parametrize(("size", "shape"), [((64, 32), (5, 64, 32)), ((8, 32, 16), (8, 32, 16))])
def test_a_fixed_size_is_kept_for_slices_and_for_volumes(
    case: Case, size: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    prepared = prepare(case, set_of(case), Preprocessing(size=size))
    assert prepared.image.shape == prepared.classes.shape == shape
    assert prepared.slice_spacing_mm == pytest.approx(5 * 4.0 / shape[0])


@pytest.mark.parametrize("settings", [HALF_MM, Preprocessing(size=(8, 64, 32)), Preprocessing(spacing_mm=2.0)])
def test_the_labels_stay_on_what_they_label(case: Case, settings: Preprocessing) -> None:
    prepared = prepare(case, set_of(case), settings)
    bright = prepared.image > 0.5
    assert prepared.classes.any()
    assert 2 * (bright & (prepared.classes == 1)).sum() / (bright.sum() + (prepared.classes == 1).sum()) > 0.9


def test_a_case_stored_in_another_order_of_axes_becomes_the_same_stack(case: Case) -> None:
    def turned(image: sitk.Image) -> sitk.Image:
        return sitk.DICOMOrient(image, "RAS")

    other = Case("7", "7", (), lambda: turned(case.read_image()), lambda: turned(case.read_classes()))
    one, same = (prepare(each, set_of(each), HALF_MM) for each in (case, other))
    assert np.allclose(one.image, same.image, atol=1e-5)
    assert np.array_equal(one.classes, same.classes)


@pytest.mark.parametrize("normalisation", preprocess.NORMALISATIONS)
def test_every_normalisation_starts_in_the_unit_range_as_inference_does(case: Case, normalisation: str) -> None:
    settings = Preprocessing(spacing_mm=1.0, normalisation=normalisation)
    prepared = prepare(case, set_of(case), settings)
    pixels = sitk.GetArrayFromImage(case.read_image()).astype(np.float32)
    assert (prepared.image.min(), prepared.image.max()) == (0.0, 1.0)
    assert np.allclose(prepared.image, preprocess.to_unit(pixels, normalisation), atol=1e-6)


def test_cropping_takes_the_same_region_of_image_and_labels(case: Case) -> None:
    whole = prepare(case, set_of(case), HALF_MM)
    cropped = prepare(case, set_of(case), Preprocessing(spacing_mm=0.5, crop=True))
    assert cropped.image.shape == cropped.classes.shape
    assert cropped.image.size <= whole.image.size
    assert cropped.image[cropped.classes == 1].mean() > cropped.image[cropped.classes == 0].mean() + 0.5


def test_what_is_taught_differs_from_what_is_scored_where_the_set_says_so(case: Case) -> None:
    dataset = set_of(case, lambda classes: np.where(classes == 0, UNKNOWN, classes).astype(np.uint8))
    assert set(np.unique(prepare(case, dataset, HALF_MM).classes)) == {1, UNKNOWN}
    assert set(np.unique(prepare(case, dataset, HALF_MM, teach=False).classes)) == {0, 1}


def test_a_case_is_prepared_once(case: Case, tmp_path: Path, times_prepared: list[str]) -> None:
    first, second = (prepare_all([case], set_of(case), HALF_MM, tmp_path / "cache")[0] for _ in range(2))
    assert times_prepared == ["7_t2"]
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(second.classes, prepare(case, set_of(case), HALF_MM).classes)
    assert second.slice_spacing_mm == 4.0


def test_other_settings_and_a_changed_source_are_prepared_anew(
    case: Case, tmp_path: Path, times_prepared: list[str]
) -> None:
    cache = tmp_path / "cache"
    before = prepare_all([case], set_of(case), HALF_MM, cache)[0]
    prepare_all([case], set_of(case), Preprocessing(spacing_mm=1.0), cache)
    assert len(times_prepared) == 2
    changed = write_case(tmp_path / "data", brightness=20)
    after = prepare_all([changed], set_of(changed), HALF_MM, cache)[0]
    assert len(times_prepared) == 3
    assert not np.allclose(before.image, after.image)


def test_one_entry_of_the_cache_serves_teaching_and_scoring(
    case: Case, tmp_path: Path, times_prepared: list[str]
) -> None:
    dataset = set_of(case, lambda classes: np.full_like(classes, UNKNOWN))
    taught, scored = (prepare_all([case], dataset, HALF_MM, tmp_path, teach=teach)[0] for teach in (True, False))
    assert len(times_prepared) == 1
    assert (taught.classes == UNKNOWN).all()
    assert not (scored.classes == UNKNOWN).any()


def test_a_damaged_entry_of_the_cache_is_made_again(case: Case, tmp_path: Path, times_prepared: list[str]) -> None:
    cache = tmp_path / "cache"
    whole = prepare_all([case], set_of(case), HALF_MM, cache)[0].image.copy()
    for path in cache.glob("*/image.npy"):
        path.write_bytes(path.read_bytes()[:200])
    again = prepare_all([case], set_of(case), HALF_MM, cache)[0]
    assert np.array_equal(whole, again.image)
    assert len(list(cache.iterdir())) == 1


def test_labels_on_another_grid_are_refused(case: Case) -> None:
    shifted = Case("7", "7_t2", (), case.read_image, lambda: case.read_classes()[:, :-1, :])
    with pytest.raises(TrainingError, match=r"7_t2: the image .* do not lie on one grid"):
        prepare(shifted, set_of(shifted), HALF_MM)


def test_a_missing_file_is_named(case: Case, tmp_path: Path) -> None:
    case.files[1].unlink()
    with pytest.raises(TrainingError, match=r"mask\.mha cannot be read"):
        prepare_all([case], set_of(case), HALF_MM, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_is_said_in_one_sentence(case: Case, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(TrainingError, match="cannot keep prepared stacks"):
        prepare_all([case], set_of(case), HALF_MM, tmp_path / "cache")
