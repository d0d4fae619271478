"""A lateral film of a spine that was projected from the side: what lies around it, and the places of its corners."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import polygon

from LumbarSegLib.core.measure.grid import Floats
from training.data import aasce
from training.radiographs import film
from training.radiographs.film import BONE, CORTEX, PIXEL_MM, SOFT, Random
from training.radiographs.side import SideView

LATERAL = aasce.CLASSES.index("lateral_vertebra")


@dataclass(frozen=True, eq=False)
class Film:
    """A synthetic radiograph (rows, columns) in 0..1 with its classes; `corners` (4, 2) of the vertebrae that lie whole
    on it by name, as (row, column), in the order of `side.SideView`; `sacral` (2, 2) likewise.
    """

    image: NDArray[np.float32]
    classes: NDArray[np.uint8]
    corners: Mapping[str, Floats]
    sacral: Floats


@dataclass(frozen=True, eq=False)
class _Laid:
    """A view laid on a film: its maps there, and how to lay places."""

    size: tuple[int, int]
    numbers: NDArray[np.uint8]
    thick_mm: Floats
    arch_mm: Floats
    spaces: NDArray[np.bool_]
    corners: Mapping[str, Floats]
    sacral: Floats
    scale: float  # mm on the film for a mm in the body


def lateral_film(view: SideView, random: Random) -> Film:
    """One film of a view, as a random machine would have made it of a random patient."""
    laid = _lay(view, random)
    absorption = _surroundings(laid, random) + _bones(laid, random)
    image = film.develop(absorption, random)
    classes = np.where(laid.numbers > 0, np.uint8(LATERAL), np.uint8(0))
    classes[laid.spaces & (laid.numbers == 0)] = aasce.DISC_SPACE
    corners, sacral = laid.corners, laid.sacral
    if random.random() < 0.5:  # anterior on the right
        image, classes = image[:, ::-1].copy(), classes[:, ::-1].copy()
        last = laid.size[1] - 1
        corners = {name: _mirrored(places, last) for name, places in corners.items()}
        sacral = _mirrored(sacral, last)
    return Film(film.collimate(image, random), classes, corners, sacral)


def _mirrored(places: Floats, last: float) -> Floats:
    return np.stack([places[:, 0], last - places[:, 1]], 1)


def _lay(view: SideView, random: Random) -> _Laid:
    """Cut a film out of the maps: from a little within what is marked down to the pelvis."""
    scale = random.uniform(0.92, 1.28)
    turn = np.deg2rad(random.uniform(-7, 7))
    step = PIXEL_MM / view.pixel_mm / scale
    matrix = step * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    bottom = view.sacral[:, 0].mean() + random.uniform(15, 95) / view.pixel_mm * (random.random() < 0.9)
    inside = min(random.exponential(12), 90) / view.pixel_mm
    rows = int((bottom - view.top - inside) / step)
    columns = int(random.uniform(150, 300) / PIXEL_MM)
    spine = np.argwhere(view.bodies[int(view.top + inside) : int(bottom)] > 0)
    middle = np.array([(view.top + inside + bottom) / 2, spine[:, 1].mean()])
    size = (rows, columns)
    place = np.array([rows / 2, columns * random.uniform(0.38, 0.66)])  # of that middle on the film
    # The first row may reach above what is marked where the film is turned.
    highest = min((matrix @ (np.array([0, c]) - place))[0] + middle[0] for c in (0, columns))
    middle[0] += max(0.0, view.top + inside - highest)
    offset = middle - matrix @ place

    def laid(one: NDArray[Any], order: int = 1) -> NDArray[Any]:
        return ndimage.affine_transform(one, matrix, offset, size, order=order)

    back = np.linalg.inv(matrix)

    def at(places: Floats) -> Floats:
        return (places - middle) @ back.T + place

    border = np.array(size) - 1
    corners = {name: at(places) for name, places in view.corners.items()}
    corners = {n: p for n, p in corners.items() if (p >= 0).all() and (p <= border).all()}
    return _Laid(
        size,
        laid(view.bodies, 0),
        laid(view.thick_mm),
        laid(view.arch_mm),
        laid(view.spaces.astype(np.float32)) > 0.5,
        corners,
        at(view.sacral),
        scale,
    )


def _bones(laid: _Laid, random: Random) -> Floats:
    """Absorption of bodies, pedicles, joints, arches and the sacrum."""
    size = laid.size
    dense = random.uniform(0.35, 1.25)
    numbers = laid.numbers
    found = laid.thick_mm * BONE * film.spongy(size, random)
    apart = ndimage.maximum_filter(numbers, 3) == ndimage.minimum_filter(numbers, 3)
    line = film.rim((numbers > 0) & apart, random.uniform(0.5, 1.0), random)
    endplate = np.abs(ndimage.sobel(ndimage.gaussian_filter((numbers > 0).astype(float), 1.2), 0))
    endplate = 0.45 + endplate / max(float(endplate.max()), 1e-6)
    found += line * endplate * CORTEX * random.uniform(5, 13)
    # A ray that is not square to the disc shows the far border of an endplate as a second line.
    if random.random() < 0.6:
        shift = random.uniform(-3.0, 3.0, 2) / PIXEL_MM * np.array([1.0, 0.4])
        found = 0.65 * found + 0.35 * ndimage.shift(found, shift, order=1)
    found += ndimage.gaussian_filter(laid.arch_mm, 1.0) * BONE * random.uniform(0.7, 1.4)
    found += _behind(laid, random) + _sacrum(laid, random)
    return np.asarray(found * dense)


def _behind(laid: _Laid, random: Random) -> Floats:
    """Pedicles, joints and transverse processes, which lie beside the slices of the masks."""
    found = np.zeros(laid.size)
    strength = random.uniform(0.7, 1.3)
    for places in laid.corners.values():
        above, below = places[1], places[2]
        down, back = below - above, places[1:3].mean(0) - places[[0, 3]].mean(0)
        height = float(np.linalg.norm(down))
        down, back = down / height, back / np.linalg.norm(back)
        parts = (
            (0.30, 0.22, 0.30, 0.17, 1.0),  # pedicle: down, back, half length along back, half height
            (0.05, 0.62, 0.13, 0.30, 0.8),  # upper joint
            (0.62, 0.66, 0.14, 0.42, 0.7),  # lower joint
            (0.34, 0.46, 0.13, 0.13, 0.6),  # transverse process, seen along itself
        )
        for deep, far, long, high, weight in parts:
            for _ in range(2):  # of the left and of the right, nearly on each other
                jitter = random.normal(0, 0.035, 2)
                middle = above + height * ((deep + jitter[0]) * down + (far + jitter[1]) * back)
                angle = float(np.arctan2(back[0], back[1]))
                bone = film.bony(weight * strength * 8.0, weight * strength * 2.2)
                film.add_oval(found, middle, (high * height, long * height), angle, bone)
    return ndimage.gaussian_filter(found, 0.7)


def _sacrum(laid: _Laid, random: Random) -> Floats:
    """Sacrum and coccyx below the lowest disc, bent backward and then forward, with the wings over their upper part."""
    front, back = laid.sacral
    wide = float(np.linalg.norm(back - front))
    direction = np.array([(back - front)[1], -(back - front)[0]]) / wide
    found = np.zeros(laid.size)
    bend = np.deg2rad(random.uniform(7, 15))
    angle, middle, half = 0.0, (front + back) / 2, wide / 2
    before = np.stack([front, back])
    for segment in range(6):
        angle += bend if segment > 1 else -bend / 3
        down = _rotated(direction, angle)
        across = np.array([-down[1], down[0]])
        length = wide * (0.85 - 0.09 * segment)
        middle = middle + down * length
        half *= random.uniform(0.70, 0.82)
        after = np.stack([middle - across * half, middle + across * half])
        ring = np.concatenate([before, after[::-1]])
        inside = np.zeros(laid.size, bool)
        inside[polygon(ring[:, 0], ring[:, 1], laid.size)] = True
        if inside.any():
            thick = random.uniform(26, 40) * (1 - 0.12 * segment)
            found += inside * thick * BONE * film.spongy(laid.size, random)
            found += film.rim(inside, 0.8, random) * CORTEX * random.uniform(2.0, 5.0)
        before = after
    return ndimage.gaussian_filter(found, 0.9)


def _rotated(direction: Floats, angle: float) -> Floats:
    """A direction (row, column) that points down, turned forward, which is to the left."""
    row, column = direction
    return np.array([np.cos(angle) * row + np.sin(angle) * column, np.cos(angle) * column - np.sin(angle) * row])


def _surroundings(laid: _Laid, random: Random) -> Floats:
    """Absorption of everything that is not the spine: the trunk, lungs, ribs, the pelvis, gas."""
    size, scale = laid.size, laid.scale
    rows, columns = (one * PIXEL_MM for one in np.mgrid[: size[0], : size[1]])
    where = np.argwhere(laid.numbers > 0) * PIXEL_MM
    line = np.polyfit(where[:, 0], where[:, 1], 2)
    spine = np.polyval(line, rows)
    away = (columns - spine) / scale  # mm behind the bodies
    behind, before = random.uniform(55, 95), random.uniform(110, 230)
    skin = np.where(away > 0, away / behind, away / before)
    skin = skin + 0.03 * film.clouds(size, 60.0, random)
    trunk = random.uniform(130, 270) * np.sqrt(np.clip(1 - skin**2, 0.0, 1.0)) ** 0.7
    sacral = laid.sacral.mean(0) * PIXEL_MM
    hips = 1 / (1 + np.exp(-(rows - sacral[0] + 40 * scale) / (18 * scale)))
    trunk = trunk * (1 + random.uniform(0.0, 0.3) * hips)
    lung = _lung(laid, random)
    ribs = _ribs(laid, lung, random)
    absorption = trunk * SOFT * (1 - random.uniform(0.2, 0.55) * ndimage.gaussian_filter(lung.astype(float), 1.5))
    absorption = absorption * (1 + 0.03 * film.clouds(size, 25.0, random) + 0.01 * film.clouds(size, 5.0, random))
    absorption += ribs + _pelvis(laid, random) + _shoulders(laid, random)
    for _ in range(int(random.integers(0, 6))):
        place = (random.uniform(0.3, 1.0) * rows.max(), 0.0)
        at = float(np.polyval(line, place[0])) - random.uniform(-5, 110) * scale
        absorption -= film.gas(size, (place[0], at), 9.0 * scale, random) * SOFT
    return np.maximum(absorption, 0.05)


def _lung(laid: _Laid, random: Random) -> NDArray[np.bool_]:
    """Above the two domes of the diaphragm, which fall behind to about the upper end of T12 or L1."""
    low = np.mean([places[0] for places in laid.corners.values()] or [laid.sacral[0]], 0)
    names = list(laid.corners)
    if len(names) > 6:
        low = laid.corners[names[6]].mean(0)
    elif names:
        low = laid.corners[names[-1]].mean(0) - np.array([random.uniform(-10, 60), 0]) / PIXEL_MM
    peak = low * PIXEL_MM + random.normal(0, 14, 2)
    wide = random.uniform(60, 110) * laid.scale
    peak[1] -= random.uniform(30, 90) * laid.scale
    above = film.dome(laid.size, tuple(peak), wide, random.uniform(18, 45))
    other = film.dome(laid.size, (peak[0] + random.uniform(5, 25), peak[1] + random.uniform(-20, 20)), wide, 30.0)
    return above & other if random.random() < 0.5 else above


def _ribs(laid: _Laid, lung: NDArray[np.bool_], random: Random) -> Floats:
    """Ribs of both sides, from behind the thoracic bodies forward and down."""
    found = np.zeros(laid.size)
    names = list(laid.corners)
    strength = random.uniform(0.12, 0.4)
    for name in names[5:]:
        start = laid.corners[name][1:3].mean(0) * PIXEL_MM
        for _ in range(2):
            reach = random.uniform(60, 170) * laid.scale
            slope = random.uniform(0.25, 0.75)
            along = np.linspace(0, 1, 24)
            bulge = random.uniform(8, 26) * laid.scale
            line = np.stack(
                [
                    start[0] + random.normal(0, 4) + reach * slope * along**1.3,
                    start[1] + bulge * np.sin(np.pi * np.minimum(along * 2.2, 1)) * (along < 0.5) - reach * along**1.6,
                ],
                1,
            )
            found += strength * film.curve_band(laid.size, line, random.uniform(6, 10) * laid.scale)
    return ndimage.gaussian_filter(found, 0.8)


def _shoulders(laid: _Laid, random: Random) -> Floats:
    """Both shoulders on each other over the upper thoracic vertebrae, where a film shows those."""
    found = np.zeros(laid.size)
    names = list(laid.corners)
    if len(names) > 12:
        middle = laid.corners[names[-1]].mean(0) + random.normal(0, 20, 2)
        far = np.hypot(*(np.mgrid[: laid.size[0], : laid.size[1]] - middle[:, None, None])) * PIXEL_MM
        found += random.uniform(40, 150) * SOFT / (1 + np.exp((far - random.uniform(60, 110)) / 12))
    return found


def _pelvis(laid: _Laid, random: Random) -> Floats:
    """The two iliac wings, nearly on each other: a crest that is an arc at the height of L4/5, dense below it."""
    found = np.zeros(laid.size)
    wide = float(np.linalg.norm(laid.sacral[1] - laid.sacral[0]))
    crest = laid.sacral.mean(0) - np.array([wide * random.uniform(0.5, 1.4), wide * random.uniform(-0.5, 0.5)])
    for _ in range(2):
        middle = crest + np.array([wide * random.uniform(1.7, 2.2), 0]) + random.normal(0, 0.12, 2) * wide
        radii = wide * random.uniform(1.7, 2.1), wide * random.uniform(1.6, 2.3)
        wing = film.bony(random.uniform(4, 10), random.uniform(0.8, 2.6))
        film.add_oval(found, middle, radii, random.uniform(-0.3, 0.3), wing)
    for _ in range(2):
        middle = laid.sacral[0] + np.array([wide * random.uniform(3.0, 3.6), -wide * random.uniform(0.2, 1.2)])
        film.add_oval(found, middle, (wide * 0.72, wide * 0.72), 0.0, film.bony(20.0, 2.5))
    return ndimage.gaussian_filter(found, 1.0)
