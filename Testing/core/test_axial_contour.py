"""The border of a region in a slice: its area is that of its pixels, and how far that can be from the truth."""

import numpy as np
import pytest
from numpy.typing import NDArray

from LumbarSegLib.core.measure.axial.contour import borders, chord, enclosed, main_piece, middle, widest
from Testing.axial_phantoms import Ellipse

Mask = NDArray[np.bool_]
SPACING = (0.6875, 0.6875)
BACK, LEFT = np.array([0.0, 1.0]), np.array([1.0, 0.0])


def mask_of(shape: Ellipse, spacing: tuple[float, float] = SPACING, pixels: int = 96) -> Mask:
    """The pixels whose middle lies in a shape around the middle of a slice."""
    axes = [(np.arange(pixels) - pixels / 2) * mm for mm in spacing]
    return shape.holds(axes[0][None, :], axes[1][:, None])


def family(first: float, second: float, spacing: tuple[float, float], count: int = 60) -> list[Ellipse]:
    """Ellipses of one size in all places of a pixel and directions."""
    chance = np.random.default_rng(4)
    return [
        Ellipse(first, second, *(chance.uniform(-0.5, 0.5, 2) * spacing), chance.uniform(0, 180)) for _ in range(count)
    ]


def rms(errors: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))


def circle(area: float) -> Ellipse:
    radius = float(np.sqrt(area / np.pi))
    return Ellipse(radius, radius)


def test_circles_of_75_mm2_and_of_3_per_cent_more_can_have_the_very_same_pixels() -> None:
    """So no program can hold each single circle of this size within 1 % on this grid; the mean over places it can."""
    assert np.array_equal(mask_of(circle(74.5)), mask_of(circle(76.9)))
    assert 76.9 / 74.5 > 1.03


@pytest.mark.parametrize(
    ("first", "second", "spacing", "of_all", "worst"),
    [
        (4.886, 4.886, SPACING, 1.5, 4.2),
        (5.642, 5.642, SPACING, 1.0, 3.0),
        (7.0, 7.0, SPACING, 0.8, 2.5),
        (10.0, 10.0, SPACING, 0.5, 1.0),
        (9.0, 5.5, SPACING, 0.8, 2.0),
        (9.0, 6.0, (0.9, 0.6), 1.0, 2.0),
        (25.0, 17.0, SPACING, 0.25, 0.6),
    ],
)
def test_the_area_is_right_on_average_and_near_for_each(
    first: float, second: float, spacing: tuple[float, float], of_all: float, worst: float
) -> None:
    errors = [
        100 * (enclosed(borders(mask_of(one, spacing), spacing)) / one.area - 1)
        for one in family(first, second, spacing)
    ]
    assert abs(np.mean(errors)) < 0.3
    assert rms(errors) < of_all
    assert max(map(abs, errors)) < worst


@pytest.mark.parametrize(("first", "second"), [(4.886, 4.886), (7.0, 7.0), (9.0, 5.5), (10.0, 10.0)])
def test_diameters_are_right_within_half_a_millimetre_but_for_the_sharpest_ends(first: float, second: float) -> None:
    """An end that is rounded more tightly than its pixels are apart can lie within them unseen."""
    errors = []
    for one in family(first, second, SPACING):
        (polygon,) = borders(mask_of(one), SPACING)
        front, back = chord(polygon, middle(polygon), BACK)
        right, left = widest(polygon, LEFT)
        errors.append(float(np.linalg.norm(back - front)) - one.chord(0.0))
        errors.append(float(np.linalg.norm(left - right)) - one.extent(0.0))
    assert rms(errors) < 0.25
    assert np.quantile(np.abs(errors), 0.98) < 0.5
    assert max(map(abs, errors)) < 0.6


@pytest.mark.parametrize("spacing", [SPACING, (0.9, 0.6), (0.4, 1.1)])
def test_the_polygon_holds_the_area_of_the_pixels_and_lies_where_they_lie(spacing: tuple[float, float]) -> None:
    mask = mask_of(Ellipse(11.0, 7.0, 3.0, -5.0, 30.0), spacing)
    (polygon,) = borders(mask, spacing)
    assert enclosed([polygon]) == pytest.approx(mask.sum() * spacing[0] * spacing[1], rel=1e-4)
    centre = np.argwhere(mask)[:, ::-1].mean(axis=0) * spacing
    assert middle(polygon) == pytest.approx(centre, abs=0.1)


def test_a_hole_counts_less_and_parts_count_together() -> None:
    mask = mask_of(Ellipse(20.0, 15.0)) & ~mask_of(Ellipse(8.0, 6.0))
    mask[:12, :20] = True
    found = borders(mask, SPACING)
    assert len(found) == 3
    assert sum(enclosed([one]) < 0 for one in found) == 1
    assert enclosed(found) == pytest.approx(mask.sum() * SPACING[0] ** 2, rel=1e-4)


def test_a_single_pixel_has_its_own_area_and_an_empty_mask_no_border() -> None:
    mask = np.zeros((9, 9), bool)
    assert borders(mask, SPACING) == []
    mask[4, 4] = True
    assert enclosed(borders(mask, SPACING)) == pytest.approx(SPACING[0] ** 2, rel=1e-3)


def test_the_main_piece_is_the_largest_without_holes_and_the_rest_is_told() -> None:
    mask = mask_of(Ellipse(10.0, 8.0))
    whole = mask.sum()
    mask[48, 48] = False
    mask[:5, :10] = True
    main, apart = main_piece(mask)
    assert main.sum() == whole
    assert apart == pytest.approx(50 / (whole - 1 + 50))
