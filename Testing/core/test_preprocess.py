"""What every network sees: axes by the header, grids in their place, intensities by name, the region of the spine."""

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core import preprocess
from LumbarSegLib.core.cropping import spine_region


def ramp(size: tuple[int, int, int], spacing: tuple[float, float, float], axis: int) -> sitk.Image:
    """A turned stack whose values are the mm along one of its axes."""
    image = sitk.Image(size, sitk.sitkFloat32)
    image.SetSpacing(spacing)
    place = sitk.VectorIndexSelectionCast(
        sitk.PhysicalPointSource(sitk.sitkVectorFloat32, size, (0.0, 0.0, 0.0), spacing), axis
    )
    turned = sitk.Euler3DTransform()
    turned.SetRotation(0.1, 0.2, -0.15)
    place.SetDirection(turned.GetMatrix())
    place.SetOrigin((-31.4, 12.25, 157.9))
    return place


def along(grid: sitk.Image, like: sitk.Image, axis: int) -> np.ndarray:
    """The mm along an axis of `like` at which the voxels of a grid lie."""
    size = grid.GetSize()
    steps = like.GetSpacing()[axis]
    places = [
        like.TransformPhysicalPointToContinuousIndex(
            grid.TransformIndexToPhysicalPoint([k if a == axis else 0 for a in range(3)])
        )[axis]
        * steps
        for k in range(size[axis])
    ]
    return np.array(places)


@pytest.mark.parametrize(
    ("task", "order"), [("sagittal", "PIR"), ("axial", "LPS"), ("xray", "RAS")], ids=["sagittal", "axial", "xray"]
)
def test_the_axes_of_a_stack_are_those_of_its_task(task: str, order: str) -> None:
    stored = sitk.DICOMOrient(sitk.Image(4, 5, 6, sitk.sitkUInt8), "RAS")
    stack = preprocess.to_stack_order(stored, preprocess.ORIENTATIONS[task])
    assert sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(stack.GetDirection()) == order


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("size", [(60, 50), (16, 20), (32, 30, 10), (6, 90, 70)])
def test_a_fixed_size_keeps_every_voxel_in_its_place(size: tuple[int, ...], axis: int) -> None:
    image = ramp((40, 60, 12), (0.8, 0.7, 4.0), axis)
    grid = preprocess.resample_to_size(image, size)
    assert grid.GetSize()[:2] == (size[-1], size[-2])
    assert grid.GetSize()[2] == (size[0] if len(size) == 3 else 12)
    extent = np.multiply(grid.GetSize(), grid.GetSpacing())
    assert np.allclose(extent, np.multiply(image.GetSize(), image.GetSpacing()))
    line = [slice(None) if a == axis else 3 for a in (2, 1, 0)]
    found = sitk.GetArrayFromImage(grid)[tuple(line)]
    inner = slice(len(found) // 4, -(len(found) // 4))
    assert np.abs(found - along(grid, image, axis))[inner].max() < 0.03


def test_what_becomes_much_coarser_is_smoothed_first() -> None:
    stripes = np.indices((3, 64, 64)).sum(0) % 2 * 100.0
    coarse = preprocess.resample_to_size(sitk.GetImageFromArray(stripes.astype(np.float32)), (22, 22))
    assert np.abs(sitk.GetArrayFromImage(coarse)[:, 3:-3, 3:-3] - 50).max() < 10


@pytest.mark.parametrize("normalisation", preprocess.NORMALISATIONS)
def test_every_normalisation_passes_through_0_to_1_and_minds_no_scale(normalisation: str) -> None:
    stack = np.random.default_rng(0).gamma(2.0, 100.0, (4, 30, 30)).astype(np.float32)
    unit = preprocess.to_unit(stack, normalisation)
    assert unit.dtype == np.float32
    assert (unit.min(), unit.max()) == (0.0, 1.0)
    one, other = (
        preprocess.after_unit(preprocess.to_unit(values, normalisation), normalisation)
        for values in (stack, stack * 31 - 1000)
    )
    assert np.allclose(one, other, atol=1e-2)


def test_z_score_and_min_max_are_what_their_names_say() -> None:
    stack = np.random.default_rng(0).gamma(2.0, 100.0, (3, 90, 90)).astype(np.float32)
    z_score = preprocess.after_unit(preprocess.to_unit(stack, "z-score"), "z-score")
    assert np.allclose(z_score, (stack - stack.mean()) / stack.std(), atol=1e-3)
    min_max = preprocess.after_unit(preprocess.to_unit(stack, "min-max"), "min-max")
    assert np.allclose(min_max, (stack - stack.min()) / np.ptp(stack), atol=1e-5)


@pytest.mark.parametrize("normalisation", preprocess.NORMALISATIONS)
def test_a_stack_of_one_value_stays_finite(normalisation: str) -> None:
    flat = np.full((2, 9, 9), 7.0, np.float32)
    assert np.isfinite(preprocess.after_unit(preprocess.to_unit(flat, normalisation), normalisation)).all()


def test_the_region_of_the_spine_leaves_out_dark_margins_and_what_lies_apart() -> None:
    stack = np.random.default_rng(0).random((8, 200, 160)).astype(np.float32) * 0.05
    stack[:, 60:150, 50:110] = 0.6
    stack[:, 60:150, 95:110] = 1.0
    stack[:, 5:15, 150:158] = 0.9
    slices, rows, columns = spine_region(stack, (4.0, 1.0, 1.0))
    assert (slices.start, slices.stop) == (0, 8)
    assert 40 <= rows.start <= 60 and 150 <= rows.stop <= 170
    assert 30 <= columns.start <= 50 and 110 <= columns.stop <= 130


def test_discs_and_cortex_without_signal_do_not_part_the_spine() -> None:
    stack = np.zeros((6, 240, 120), np.float32)
    for top in range(10, 220, 40):
        stack[:, top : top + 30, 40:80] = 0.7
    slices, rows, _ = spine_region(stack, (4.0, 1.0, 1.0))
    assert rows.start <= 10 and rows.stop >= 240
    assert slices == slice(0, 6)


def test_where_nothing_stands_out_all_is_kept() -> None:
    assert spine_region(np.zeros((3, 40, 50), np.float32), (4.0, 1.0, 1.0)) == (
        slice(0, 3),
        slice(0, 40),
        slice(0, 50),
    )


def test_a_cropped_grid_lies_where_the_stack_lies() -> None:
    stack = np.zeros((5, 120, 100), np.float32)
    stack[:, 45:105, 35:95] = 100.0
    stack[:, 50:100, 40:90] = 300.0
    image = sitk.GetImageFromArray(stack)
    image.SetSpacing((0.8, 0.8, 4.0))
    image.SetOrigin((5.0, -7.0, 11.0))
    grid = preprocess.to_network_grid(image, size=(40, 40), crop=True)
    assert grid.GetSize() == (40, 40, 5)
    assert grid.GetSpacing()[0] < image.GetSpacing()[0] * 100 / 40
    middle = image.TransformIndexToPhysicalPoint((65, 75, 2))
    assert grid[grid.TransformPhysicalPointToIndex(middle)] == pytest.approx(300.0, abs=1.0)
