"""Where each slice lies: by the grid or as the image carries it, in any storage order, and in which block."""

from itertools import permutations, product

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.planes import Plane, blocks_of, distances_of, planes_of, to_stack_order, with_planes
from LumbarSegLib.errors import InputError
from Testing.axial import axial_image, axial_labels

Triple = tuple[float, float, float]


def tilted(degrees: float, origin: Triple, spacing: tuple[float, float] = (0.6, 0.8)) -> Plane:
    """An axial plane turned about the left-right axis."""
    angle = np.deg2rad(degrees)
    return Plane(origin, (1.0, 0.0, 0.0), (0.0, float(np.cos(angle)), float(np.sin(angle))), spacing)


def block(degrees: float, first: Triple, distances: list[float]) -> list[Plane]:
    """Parallel planes straight above each other, at these distances from the first."""
    normal = tilted(degrees, first).normal
    return [tilted(degrees, tuple((first + mm * normal).tolist())) for mm in distances]


def test_slices_of_a_plain_image_lie_on_its_grid() -> None:
    image = axial_image(axial_labels())
    planes = planes_of(image)
    assert len(planes) == image.GetSize()[2]
    for index, plane in enumerate(planes):
        expected = [image.TransformContinuousIndexToPhysicalPoint((*pixel, index)) for pixel in ((0, 0), (7.5, 3.25))]
        assert np.allclose(plane.to_lps([(0, 0), (7.5, 3.25)]), expected)
    assert np.allclose(planes[0].normal, np.reshape(image.GetDirection(), (3, 3))[:, 2])


def test_an_image_carries_the_planes_of_its_slices_to_the_last_digit() -> None:
    image = axial_image(axial_labels())
    planes = tuple(tilted(7 * index, (1 / 3 + index, -2 / 7, 11.1)) for index in range(6))
    carrying = with_planes(image, planes)
    assert planes_of(carrying) == planes
    assert planes_of(sitk.Image(carrying)) == planes
    assert carrying.IsSameImageGeometryAs(image)
    assert planes_of(image) != planes


def test_an_image_keeps_what_else_it_carries_when_it_gets_planes() -> None:
    image = axial_image(axial_labels())
    image.SetMetaData("SeriesInstanceUID", "1.2.3")
    planes = planes_of(image)
    assert with_planes(image, planes).GetMetaData("SeriesInstanceUID") == "1.2.3"
    assert image.GetMetaDataKeys() == ("SeriesInstanceUID",)


def test_there_is_a_plane_for_each_slice_or_none_is_carried() -> None:
    with pytest.raises(ValueError, match="2 planes for 6 slices"):
        with_planes(axial_image(axial_labels()), [tilted(0, (0, 0, 0))] * 2)


def numbered(direction: np.ndarray) -> tuple[sitk.Image, np.ndarray]:
    """An image in which each voxel has a value of its own and each slice its own tilt, and the place of each value."""
    size = (3, 4, 5)
    image = sitk.GetImageFromArray(np.arange(60, dtype=np.int16).reshape(size[::-1]))
    image.SetDirection(direction.ravel().tolist())
    planes = [tilted(5 * index, (10.0 * index, 3.0, 20.0 * index)) for index in range(5)]
    return with_planes(image, planes), places(with_planes(image, planes))


def places(image: sitk.Image) -> np.ndarray:
    """The place (LPS, mm) of each of the values 0 to 59."""
    columns, rows, _ = image.GetSize()
    pixels = [(column, row) for row in range(rows) for column in range(columns)]
    order = sitk.GetArrayFromImage(image).ravel()
    found = np.zeros((len(order), 3))
    found[order] = np.concatenate([plane.to_lps(pixels) for plane in planes_of(image)])
    return found


AXES = [np.eye(3)[:, list(order)] * signs for order in permutations(range(3)) for signs in product((1, -1), repeat=3)]


@pytest.mark.parametrize("direction", [axes for axes in AXES if axes[2, 2]], ids=str)
def test_every_pixel_stays_where_it_is_when_the_axes_are_put_in_order(direction: np.ndarray) -> None:
    image, before = numbered(direction)
    ordered = to_stack_order(image, "LPS")
    assert np.allclose(places(ordered), before, atol=1e-9)
    assert sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(ordered.GetDirection()) == "LPS"


def test_slices_with_planes_of_their_own_are_not_cut_across() -> None:
    image, _ = numbered(np.eye(3))
    with pytest.raises(InputError, match="lie in several planes"):
        to_stack_order(image, "PIR")
    plain = axial_image(axial_labels())
    assert to_stack_order(plain, "PIR").IsSameImageGeometryAs(sitk.DICOMOrient(plain, "PIR"))


def test_a_regular_stack_is_one_block_whichever_way_it_runs() -> None:
    stack = block(15, (3, 4, 5), [0, 4.4, 8.8, 13.2])
    assert blocks_of(stack) == ((0, 1, 2, 3),)
    assert blocks_of(stack[::-1]) == ((0, 1, 2, 3),)
    assert blocks_of(stack[:1]) == ((0,),)
    assert blocks_of([]) == ()


def test_oblique_blocks_of_several_spacings_are_told_apart() -> None:
    planes = [
        *block(20, (0, 0, 0), [0, 4, 8]),
        *block(5, (0, 2, 35), [0, 5, 10, 15]),
        *block(-10, (0, 4, 80), [0]),
        *block(-14, (0, 4, 90), [0, 4]),
    ]
    assert blocks_of(planes) == ((0, 1, 2), (3, 4, 5, 6), (7,), (8, 9))


def test_parallel_blocks_are_parted_by_their_gap_and_by_a_shift() -> None:
    assert blocks_of(block(0, (0, 0, 0), [0, 4, 8, 30, 34, 38])) == ((0, 1, 2), (3, 4, 5))
    assert blocks_of(block(0, (0, 0, 0), [0, 4, 30, 34, 60, 64])) == ((0, 1), (2, 3), (4, 5))
    assert blocks_of(block(0, (0, 0, 0), [0, 30, 34, 38])) == ((0,), (1, 2, 3))
    shifted = [*block(0, (0, 0, 0), [0, 4]), *block(0, (0, 6, 8), [0, 4])]
    assert blocks_of(shifted) == ((0, 1), (2, 3))
    assert blocks_of(block(0, (0, 0, 0), [0, 0, 4])) == ((0,), (1, 2))


def test_a_slice_stands_for_the_distance_in_its_block() -> None:
    planes = [*block(20, (0, 0, 0), [0, 4, 8]), *block(5, (0, 2, 35), [0, 5]), *block(-10, (0, 4, 80), [0])]
    assert np.allclose(distances_of(planes, 4.4), [4, 4, 4, 5, 5, 4.4])


def test_slices_two_degrees_apart_are_parallel_and_three_are_not() -> None:
    pairs = [[tilted(0, (0, 0, 0)), tilted(degrees, (0, 0, 4))] for degrees in (1.9, 3)]
    assert [len(blocks_of(pair)) for pair in pairs] == [1, 2]
