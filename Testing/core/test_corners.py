"""Corners of outlines whose true corners are known: analytic shapes, drawn as masks and smoothed as bodies are."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from LumbarSegLib.core.measure.corners import Corners, Floats, find_corners, largest_quadrilateral
from LumbarSegLib.core.measure.outline import outlines

PIXEL, SIGMA = 0.5, 0.7
BODY = np.array([(-17.0, 14.0), (17.0, 12.0), (16.0, -13.0), (-18.0, -12.0)])
Depth = Callable[[Floats, Floats], Floats]


def depths_inside(corners: Floats, x: Floats, y: Floats) -> list[Floats]:
    """How far inside of each side of a clockwise polygon a place lies: the sides from the first corner on."""
    found = []
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (b - a) / np.hypot(*(b - a))
        found.append((x - a[0]) * along[1] - (y - a[1]) * along[0])
    return found


def outline_where(depth: Depth) -> Floats:
    """The smoothed outline of the pixels where `depth` is positive."""
    axis = np.arange(-30.0, 30.0, PIXEL)
    x, y = np.meshgrid(axis, axis, indexing="ij")
    mask = (depth(x, y) > 0).astype(float)
    return outlines(gaussian_filter(mask, SIGMA / PIXEL))[0] * PIXEL + axis[0]


def corners_of(depth: Depth) -> Corners:
    found = find_corners(outline_where(depth), SIGMA)
    assert isinstance(found, Corners)
    return found


def polygon(corners: Floats) -> Depth:
    return lambda x, y: np.min(depths_inside(corners, x, y), axis=0)


def turned(points: Floats, degrees: float) -> Floats:
    angle = np.deg2rad(degrees)
    return points @ np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])


def tilt(corners: Floats) -> float:
    front, back = corners[0], corners[1]
    return float(np.degrees(np.arctan2(back[1] - front[1], back[0] - front[0])))


@pytest.mark.parametrize("degrees", [0.0, 7.0, -25.0, 38.0])
def test_sharp_corners_are_found_to_less_than_half_a_millimetre_however_the_body_is_tilted(degrees: float) -> None:
    true = turned(BODY, degrees)
    found = corners_of(polygon(true))
    assert np.hypot(*(found.places - true).T).max() < 0.5
    assert tilt(found.places) == pytest.approx(tilt(true), abs=0.4)


def test_the_largest_quadrilateral_of_a_quadrilateral_is_itself_from_the_upper_anterior_corner() -> None:
    edges = [BODY[k] + t * (BODY[(k + 1) % 4] - BODY[k]) for k in (2, 3, 0, 1) for t in np.linspace(0, 1, 80)[:-1]]
    assert largest_quadrilateral(np.array(edges)) == pytest.approx(BODY, abs=1e-9)


def test_a_rounded_corner_lies_on_the_bone_and_not_where_the_sides_would_meet() -> None:
    radius, half = 3.0, (17.0, 13.0)

    def depth(x: Floats, y: Floats) -> Floats:
        beyond = [np.maximum(np.abs(v) - h + radius, 0.0) for v, h in zip((x, y), half, strict=True)]
        return np.minimum(radius - np.hypot(*beyond), np.minimum(half[0] - np.abs(x), half[1] - np.abs(y)))

    apex = np.array(half) - radius * (1 - np.sqrt(0.5))
    found = np.abs(corners_of(depth).places)
    assert np.hypot(*(found - apex).T).max() < 0.5
    assert np.hypot(*(found - half).T).min() > 0.6


def test_a_hollow_endplate_keeps_its_direction_and_its_middle_lies_in_the_hollow() -> None:
    def depth(x: Floats, y: Floats) -> Floats:
        top, back, bottom, front = depths_inside(BODY, x, y)
        hollow = 3.0 * np.clip(1 - (x / 15.0) ** 2, 0.0, None)
        return np.min([top - hollow, back, bottom, front], axis=0)

    found = corners_of(depth)
    assert tilt(found.places) == pytest.approx(tilt(BODY), abs=0.5)
    assert found.middles[0] == pytest.approx([-0.1, 10.0], abs=0.4)
    assert np.abs(found.turned).max() < 1.0


def test_a_schmorl_node_beside_the_middle_tilts_neither_the_endplate_nor_the_ruler() -> None:
    def depth(x: Floats, y: Floats) -> Floats:
        return np.minimum(polygon(BODY)(x, y), np.hypot(x - 7.0, y - 13.0) - 4.0)

    found = corners_of(depth)
    assert tilt(found.places) == pytest.approx(tilt(BODY), abs=0.6)
    assert np.abs(found.turned).max() < 2.0


def test_a_lip_in_front_draws_the_corner_less_than_half_its_length_and_makes_the_readings_part() -> None:
    def depth(x: Floats, y: Floats) -> Floats:
        out = np.clip(-(x + 17.0) / 5.0, 0.0, 1.0)
        lip = np.minimum(1.5 * (1.0 - out) - np.abs(y - 12.0), np.minimum(x + 22.0, -x))
        return np.maximum(polygon(BODY)(x, y), lip)

    whole, lipped = corners_of(polygon(BODY)), corners_of(depth)
    assert np.hypot(*(lipped.places[0] - BODY[0])) < 2.5
    assert tilt(lipped.places) == pytest.approx(tilt(BODY), abs=0.5)
    assert lipped.apart_mm[0] > whole.apart_mm[0] + 0.5


@pytest.mark.parametrize(
    "corners",
    [
        np.array([(-20.0, -15.0), (0.0, 20.0), (20.0, -15.0)]),
        np.array([(-25.0, 2.0), (25.0, 2.0), (25.0, -2.0), (-25.0, -2.0)]),
        np.array([(-25.0, 14.0), (25.0, 14.0), (8.0, -14.0), (-8.0, -14.0)]),
        np.array(
            [(-15 * np.cos(angle), 15 * np.sin(angle)) for angle in np.linspace(0, 2 * np.pi, 40, endpoint=False)]
        ),
    ],
    ids=["a triangle", "a sliver", "a wedge with one endplate half as long", "a circle"],
)
def test_what_is_no_body_gets_a_reason_instead_of_corners(corners: Floats) -> None:
    assert (
        find_corners(outline_where(polygon(corners)), SIGMA) == "The outline of the body shows no four clean corners."
    )
