"""A synthetic frontal film around the corners that somebody marked on a real one, drawn by the same rules as the
lateral films: a network cannot tell the view by the look of what is synthetic.
"""

import numpy as np
from scipy import ndimage
from skimage.draw import polygon

from LumbarSegLib.core.measure.grid import Floats
from training.data import aasce
from training.data.corners import Corners
from training.radiographs import film
from training.radiographs.film import BONE, CORTEX, PIXEL_MM, SOFT, Random
from training.radiographs.sideways import Film

_DEEP_MM = 17.0  # of bone in a body, from front to back
_LUMBAR = 5


def frontal_film(corners: Corners, size: tuple[int, int], random: Random) -> Film:
    """One film around corners (vertebrae, 4, 2) as `training.data.corners` has them, on a film of (rows, columns)."""
    rings = corners[np.argsort(corners[:, :, 1].mean(1))][:, :, ::-1]  # (row, column)
    if random.random() < 0.5:
        last = size[1] - 1
        rings = (np.array([0, last]) + rings * np.array([1, -1]))[:, [1, 0, 3, 2]]
    classes = aasce.with_spaces(rings[:, :, ::-1], size)
    absorption = _surroundings(rings, size, random) + _bones(rings, size, random)
    image = film.collimate(film.develop(absorption, random), random)
    named = {str(number): places for number, places in enumerate(rings)}
    return Film(image, classes, named, np.zeros((2, 2)))


def _bones(rings: Floats, size: tuple[int, int], random: Random) -> Floats:
    dense = random.uniform(0.4, 1.3)
    found = np.zeros(size)
    for ring in rings:
        inside = np.zeros(size, bool)
        outline = ring[[0, 1, 3, 2]]
        waist = _waisted(outline, random.uniform(0.02, 0.07))
        inside[polygon(waist[:, 0], waist[:, 1], size)] = True
        box = ndimage.find_objects(inside.astype(np.uint8))[0] if inside.any() else None
        if box is None:
            continue
        box = tuple(slice(max(0, side.start - 4), side.stop + 4) for side in box)
        line = film.rim(inside[box], random.uniform(0.5, 1.0), random)
        found[box] += inside[box] * _DEEP_MM * BONE + line * CORTEX * random.uniform(1.5, 6.0)
        _arch(found, ring, random)
    found *= film.spongy(size, random)
    return np.asarray(ndimage.gaussian_filter(found, 0.7) * dense)


def _waisted(outline: Floats, share: float) -> Floats:
    """A quadrilateral (4, 2) with its right and its left side drawn in by a share of its width."""
    middle = outline.mean(0)
    right, left = outline[[1, 2]].mean(0), outline[[0, 3]].mean(0)
    right, left = (one + 2 * share * (middle - one) for one in (right, left))
    return np.array([outline[0], outline[1], right, outline[2], outline[3], left])


def _arch(found: Floats, ring: Floats, random: Random) -> None:
    """Pedicles as rings, the spinous process as a drop, transverse processes beside the body."""
    left, right = ring[[0, 2]].mean(0), ring[[1, 3]].mean(0)
    top, bottom = ring[:2].mean(0), ring[2:].mean(0)
    wide, high = float(np.linalg.norm(right - left)), float(np.linalg.norm(bottom - top))
    across, down = (right - left) / wide, (bottom - top) / high
    angle = -float(np.arctan2(across[0], across[1]))
    middle = ring.mean(0)
    turned = random.normal(0, 0.04)
    for side in (-1, 1):
        at = middle + (0.36 * side + turned) * wide * across - 0.18 * high * down
        film.add_oval(found, at, (0.22 * high, 0.10 * wide), angle, film.bony(7.0, random.uniform(3.0, 6.0)))
        at = middle + 0.66 * side * wide * across - 0.05 * high * down
        lean = angle + 0.35 * side * random.uniform(-1, 1)
        film.add_oval(found, at, (0.14 * high, 0.24 * wide), lean, film.bony(6.0, 2.0))
        at = middle + (0.30 * side + turned) * wide * across + 0.52 * high * down
        film.add_oval(found, at, (0.34 * high, 0.09 * wide), angle + 0.2 * side, film.bony(8.0, 2.0))
    at = middle + turned * wide * across + random.uniform(0.15, 0.5) * high * down
    film.add_oval(found, at, (0.30 * high, 0.07 * wide), angle, film.bony(9.0, random.uniform(2.0, 5.0)))


def _surroundings(rings: Floats, size: tuple[int, int], random: Random) -> Floats:
    rows, columns = (one * PIXEL_MM for one in np.mgrid[: size[0], : size[1]])
    places = rings.mean(1) * PIXEL_MM
    spine = np.interp(rows[:, 0], places[:, 0], places[:, 1])
    middle = ndimage.gaussian_filter1d(np.full(size[0], places[:, 1].mean()) * 0.6 + 0.4 * spine, 60)
    skin = (columns - middle[:, None]) / random.uniform(115, 190) + 0.03 * film.clouds(size, 60.0, random)
    trunk = random.uniform(150, 260) * np.sqrt(np.clip(1 - skin**2, 0.0, 1.0)) ** 0.7
    lung = _lungs(rows, columns - spine[:, None], places, random)
    absorption = trunk * SOFT * (1 - random.uniform(0.35, 0.7) * ndimage.gaussian_filter(lung, 2.0))
    absorption *= 1 + 0.03 * film.clouds(size, 25.0, random) + 0.012 * film.clouds(size, 5.0, random)
    absorption += _ribs(rings, size, random) + _pelvis(rings, size, random)
    for _ in range(int(random.integers(0, 7))):
        at = (random.uniform(places[-7, 0], size[0] * PIXEL_MM), places[-1, 1] + random.normal(0, 55))
        absorption -= film.gas(size, at, 9.0, random) * SOFT
    return np.maximum(absorption, 0.05)


def _lungs(rows: Floats, away: Floats, places: Floats, random: Random) -> Floats:
    """1 in the lungs: beside the mediastinum, above a dome on either side."""
    found = np.zeros(rows.shape)
    floor = places[-_LUMBAR - 2, 0] + random.normal(-8, 12)
    for side in (-1, 1):
        inner, outer = random.uniform(18, 34), random.uniform(95, 140)
        if side == 1:  # the heart
            inner = inner + 45 * np.exp(-(((rows - floor + 30) / 45) ** 2)) * random.uniform(0.3, 1.0)
        reach = side * away
        above = rows < floor + random.normal(0, 8) + 30 * ((reach - 70) / 50) ** 2
        found += above & (reach > inner) & (reach < outer)
    return found


def _ribs(rings: Floats, size: tuple[int, int], random: Random) -> Floats:
    found = np.zeros(size)
    strength = random.uniform(0.12, 0.4)
    along = np.linspace(0, 1, 24)
    for ring in rings[: len(rings) - _LUMBAR]:
        for side, ends in ((-1, ring[[0, 2]]), (1, ring[[1, 3]])):
            start = ends.mean(0) * PIXEL_MM
            reach, fall = random.uniform(75, 115), random.uniform(10, 60)
            rise = random.uniform(4, 16)
            line = np.stack(
                [start[0] - rise * np.sin(np.pi * along) + fall * along**2, start[1] + side * reach * along**0.8], 1
            )
            found += strength * film.curve_band(size, line, random.uniform(6, 10))
    return ndimage.gaussian_filter(found, 0.8)


def _pelvis(rings: Floats, size: tuple[int, int], random: Random) -> Floats:
    """Sacrum and the two iliac wings below the lowest vertebra."""
    found = np.zeros(size)
    low = rings[-1, 2:]
    wide = float(np.linalg.norm(low[1] - low[0]))
    middle = low.mean(0)
    film.add_oval(found, middle + np.array([1.35 * wide, 0]), (1.25 * wide, 0.95 * wide), 0.0, film.bony(22.0, 1.5))
    for side in (-1, 1):
        at = middle + np.array([wide * random.uniform(1.0, 1.5), side * wide * random.uniform(1.7, 2.1)])
        film.add_oval(found, at, (1.45 * wide, 1.0 * wide), 0.35 * side, film.bony(random.uniform(5, 12), 1.8))
        for hole in range(3):
            at = middle + wide * np.array([0.7 + 0.45 * hole, side * (0.42 - 0.05 * hole)])
            film.add_oval(found, at, (0.08 * wide, 0.1 * wide), 0.0, lambda depth: -0.12 * np.minimum(depth, 2.0))
    return np.asarray(ndimage.gaussian_filter(np.maximum(found, 0.0), 1.0))
