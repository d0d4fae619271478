"""What a radiograph looks like, whatever it shows: texture of bone, gas, scatter, exposure, edges, noise, collimation.

Absorption is what a ray loses, natural logarithm; all maps are (rows, columns) on square pixels of PIXEL_MM.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from skimage.draw import polygon

from LumbarSegLib.core.measure.grid import Floats

PIXEL_MM = 0.65
SOFT = 0.020  # absorption of a millimetre of soft tissue
BONE = 0.022  # what a millimetre of spongy bone adds to it
CORTEX = 0.075  # and one of compact bone

Random = np.random.Generator
Mask = NDArray[np.bool_]


def clouds(size: tuple[int, int], sigma_mm: float, random: Random) -> Floats:
    """A smooth random map of mean 0 and deviation 1."""
    step = max(1, int(sigma_mm / PIXEL_MM / 2))
    small = random.standard_normal([-(-side // step) + 4 for side in size])
    smooth = ndimage.gaussian_filter(small, sigma_mm / PIXEL_MM / step)
    large = ndimage.zoom(smooth, step, order=1)[: size[0], : size[1]] if step > 1 else smooth[: size[0], : size[1]]
    return np.asarray((large - large.mean()) / max(large.std(), 1e-6))


def rim(inside: Mask, wide_mm: float, random: Random) -> Floats:
    """1 at the border of a mask falling to 0 inward, stronger in some places than in others."""
    depth = ndimage.distance_transform_edt(inside) * PIXEL_MM
    line = np.exp(-0.5 * ((depth - PIXEL_MM) / wide_mm) ** 2) * inside
    return np.asarray(line * np.clip(1 + 0.35 * clouds(inside.shape, 8.0, random), 0.25, None))


def spongy(size: tuple[int, int], random: Random) -> Floats:
    """How much denser spongy bone is from place to place, around 1."""
    return 1 + 0.10 * clouds(size, 0.8, random) + 0.10 * clouds(size, 3.5, random)


def curve_band(size: tuple[int, int], line_mm: Floats, wide_mm: float) -> Floats:
    """A tube along a line (n, 2) of (row, column) in mm: its thickness in a ray, 1 in its middle, and its two walls."""
    canvas = Image.new("L", size[::-1])
    points = [(float(column) / PIXEL_MM, float(row) / PIXEL_MM) for row, column in line_mm]
    ImageDraw.Draw(canvas).line(points, fill=255, width=max(1, round(wide_mm / PIXEL_MM)), joint="curve")
    inside = np.asarray(canvas) > 127
    depth = ndimage.distance_transform_edt(inside) * PIXEL_MM
    wall = np.exp(-0.5 * ((depth - 0.6) / 0.7) ** 2) * inside
    return np.asarray(0.35 * inside + 0.9 * wall)


def add_oval(
    found: Floats,
    middle: Floats,
    radii: tuple[float, float],
    angle: float,
    thick: Callable[[Floats], Floats],
) -> None:
    """Add an oval to a map: `thick` of the depth below its border in mm. All else in pixels; `radii` along rows and
    columns before it is turned by `angle` radians.
    """
    reach = int(max(radii)) + 2
    low = [max(0, int(one) - reach) for one in middle]
    box = tuple(slice(one, max(one, int(place) + reach + 1)) for one, place in zip(low, middle, strict=True))
    size = found[box].shape
    if 0 in size:
        return
    row, column = np.mgrid[: size[0], : size[1]] + (np.array(low) - middle)[:, None, None]
    cos, sin = np.cos(angle), np.sin(angle)
    share = np.hypot((cos * row + sin * column) / radii[0], (cos * column - sin * row) / radii[1])
    depth = (1 - share) * min(radii) * PIXEL_MM
    found[box] += np.where(depth > 0, thick(np.maximum(depth, 0.0)), 0.0)


def bony(spongy_mm: float, compact_mm: float) -> Callable[[Floats], Floats]:
    """Absorption of a rounded piece of bone by the depth below its border."""
    return lambda depth: (
        np.minimum(1.6 * depth, spongy_mm) * BONE + compact_mm * CORTEX * np.exp(-0.5 * ((depth - PIXEL_MM) / 0.7) ** 2)
    )


def _blown(mm: float) -> Callable[[Floats], Floats]:
    return lambda depth: mm * np.sqrt(depth)


def gas(size: tuple[int, int], middle_mm: tuple[float, float], reach_mm: float, random: Random) -> Floats:
    """How many mm of soft tissue bowel gas takes the place of: lobes that lie beside each other."""
    found = np.zeros(size)
    for _ in range(int(random.integers(2, 7))):
        middle = (np.array(middle_mm) + random.normal(0, reach_mm, 2)) / PIXEL_MM
        radii = tuple(random.uniform(4, 17, 2) / PIXEL_MM)
        add_oval(found, middle, radii, random.uniform(-3, 3), _blown(random.uniform(4, 10)))
    return np.asarray(ndimage.gaussian_filter(np.minimum(found, 45.0), 0.8))


def dome(size: tuple[int, int], peak_mm: tuple[float, float], wide_mm: float, fall_mm: float) -> Mask:
    """What lies above a dome, as the lung above a diaphragm."""
    rows, columns = (one * PIXEL_MM for one in np.mgrid[: size[0], : size[1]])
    return np.asarray(rows < peak_mm[0] + fall_mm * ((columns - peak_mm[1]) / wide_mm) ** 2)


def develop(absorption: Floats, random: Random) -> NDArray[np.float32]:
    """From absorption to grey values in 0..1, bone bright: scatter, sharpness, noise, and how a film is processed."""
    scatter = random.uniform(0.03, 0.5)
    direct = np.exp(-absorption)
    haze = ndimage.zoom(ndimage.gaussian_filter(direct[::8, ::8], 30 / PIXEL_MM / 8), 8, order=1)
    haze = haze[: direct.shape[0], : direct.shape[1]]
    seen = ndimage.gaussian_filter(direct, random.uniform(0.35, 1.0)) + scatter * haze
    level = float(np.median(seen))
    quanta = random.uniform(250, 6000) / level
    grain = ndimage.gaussian_filter(random.standard_normal(seen.shape), random.uniform(0.0, 0.7))
    noisy = seen + grain / max(float(grain.std()), 1e-6) * np.sqrt(np.maximum(seen, 1e-9) / quanta)
    grey = -np.log(np.maximum(noisy, 1e-3 * level))
    grey = _processed(grey, random)
    low, high = np.percentile(grey, [random.uniform(0.2, 12), random.uniform(97, 99.9)])
    unit = np.clip((grey - low) / max(high - low, 1e-6), 0, 1)
    unit = unit ** np.exp(random.uniform(-0.45, 0.6))
    if random.random() < 0.5:
        unit = 0.5 - 0.5 * np.cos(np.pi * unit)  # an S-shaped film curve
    return unit.astype(np.float32)


def _processed(grey: Floats, random: Random) -> Floats:
    """Large differences of density evened out and edges raised, as digital radiography does."""
    around = ndimage.gaussian_filter(grey, random.uniform(15, 40) / PIXEL_MM)
    grey = grey - random.uniform(0.0, 0.75) * (around - around.mean())
    edges = grey - ndimage.gaussian_filter(grey, random.uniform(1.0, 4.0) / PIXEL_MM)
    return np.asarray(grey + random.uniform(0.0, 1.3) * edges)


def collimate(image: NDArray[np.float32], random: Random) -> NDArray[np.float32]:
    """Black or grey borders, a little askew, and a letter for the side; each on some films."""
    rows, columns = image.shape
    if random.random() < 0.35:
        share = random.uniform(0, 0.12, 4) * (random.random(4) < 0.6)
        top, bottom, left, right = share * np.array([rows, rows, columns, columns]) * 0.8
        lean = random.uniform(-0.02, 0.02) * rows
        ring = np.array(
            [[top, left], [top + lean, columns - right], [rows - bottom + lean, columns - right], [rows - bottom, left]]
        )
        inside = np.zeros(image.shape, bool)
        inside[polygon(ring[:, 0], ring[:, 1], image.shape)] = True
        soft = ndimage.gaussian_filter(inside.astype(np.float32), random.uniform(0.4, 2.0))
        image = image * soft + (1 - soft) * np.float32(random.choice([0.0, 0.0, 0.05, 0.9]))
    if random.random() < 0.2:
        canvas = Image.fromarray(image)
        place = (random.uniform(0.03, 0.85) * columns, random.uniform(0.03, 0.9) * rows)
        font = ImageFont.load_default(size=float(random.uniform(14, 30)))
        ImageDraw.Draw(canvas).text(place, str(random.choice(["L", "R", "LL", "AP", "PA 12:40"])), 1.0, font)
        image = np.asarray(canvas)
    return np.clip(image, 0, 1).astype(np.float32)
