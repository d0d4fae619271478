"""How right the measures of axial slices are here: prints a table, as Markdown.

    python -m Testing.benchmarks.axial_measures

Phantoms are ellipses in all places of a pixel and in all directions, whose measures are formulas. The area of a region
is that of its pixels, so its error is that of counting them: circles of 75 and of 77 mm² can have the very same ones
(`Testing/core/test_axial_contour.py`). "!" marks what breaks its bound: 1 % of area as root mean square (rms), from
100 mm² upward, half a millimetre for 95 % of the diameters, and half a degree of tilt.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from LumbarSegLib.core.analysis import measure
from LumbarSegLib.core.levels import spine_of
from LumbarSegLib.core.regions import regions_of
from Testing.axial_phantoms import Anatomy, Ellipse, image_of, labels_of, one_slice, sagittal_labels, through_disc

REPEATS = 40
GRID = (0.6875, 0.6875)
CASES = (
    ("circle of 75 mm²", (4.886, 4.886), GRID),
    ("circle of 100 mm²", (5.642, 5.642), GRID),
    ("circle of 150 mm²", (6.91, 6.91), GRID),
    ("circle of 314 mm²", (10.0, 10.0), GRID),
    ("ellipse 18 x 11 mm, turned", (9.0, 5.5), GRID),
    ("ellipse 20 x 14 mm, turned", (10.0, 7.0), GRID),
    ("ellipse 18 x 12 mm, pixels 0.9 x 0.6 mm", (9.0, 6.0), (0.9, 0.6)),
    ("ellipse 18 x 12 mm, pixels 0.4 x 0.8 mm", (9.0, 6.0), (0.4, 0.8)),
    ("ellipse 18 x 12 mm, pixels 0.39 mm", (9.0, 6.0), (0.39, 0.39)),
)
TILTS = (0.0, 5.0, 9.0, 12.0, 18.0, 25.0)


def errors(half_axes: tuple[float, float], spacing: tuple[float, float]) -> dict[str, list[float]]:
    """Errors of the area in per cent and of the diameters in mm, in a patient who lies turned by up to 15 degrees."""
    chance = np.random.default_rng(3)
    found: dict[str, list[float]] = {"area": [], "AP": [], "transverse": []}
    for _ in range(REPEATS):
        sac = Ellipse(*half_axes, chance.uniform(-1, 1), 27.0 + chance.uniform(-1, 1), chance.uniform(0, 180))
        offset = (float(chance.uniform(-0.5, 0.5)), float(chance.uniform(-0.5, 0.5)))
        labels = one_slice(Anatomy(sac, lying=chance.uniform(-15, 15)), spacing, offset)
        measured = measure(regions_of(labels)).findings
        area, length, width = (
            measured.of(f"ts.{key}", "slice 1").value or np.nan
            for key in ("area", "ap_diameter", "transverse_diameter")
        )
        found["area"].append(100 * (area / sac.area - 1))
        found["AP"].append(length - sac.chord(0.0))
        found["transverse"].append(width - sac.extent(0.0))
    return found


def print_shapes() -> None:
    print(f"Errors over {REPEATS} places and directions each: mean / rms / of 95 % / worst. ! breaks its bound.\n")
    print("| phantom | area, % | AP, mm | transverse, mm |\n|---|---|---|---|")
    for name, half_axes, spacing in CASES:
        found = errors(half_axes, spacing)
        small = np.pi * half_axes[0] * half_axes[1] < 99
        broken = {key: most(values) > 0.5 for key, values in found.items()}
        broken["area"] = rms(found["area"]) > 1.0 and not small
        cells = [
            f"{np.mean(values):+.2f} / {rms(values):.2f} / {most(values):.2f} / {np.abs(values).max():.2f}"
            + " **!**" * broken[key]
            for key, values in found.items()
        ]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def print_tilts() -> None:
    """Oblique slices, as real DICOM, against the canal of a sagittal segmentation in the same coordinates."""
    spine = spine_of(sagittal_labels(len(TILTS)))
    blocks = [through_disc(disc, tilt) for disc, tilt in enumerate(TILTS)]
    with TemporaryDirectory() as folder:
        image = image_of(Path(folder), blocks)
    measured = measure(regions_of(labels_of(image)), image, sagittal=spine).findings
    print("\n| level | tilt drawn, ° | measured, ° | area, % |\n|---|---|---|---|")
    for one, tilt in zip(measured.represented, TILTS, strict=True):
        found = measured.of("slice.tilt", one.level).value or 0.0
        area = 100 * ((measured.of("ts.area", one.level).value or np.nan) / (np.pi * 9 * 6) - 1)
        print(f"| {one.level} | {tilt:.0f} | {found:.2f}{' **!**' * (abs(found - tilt) > 0.5)} | {area:+.2f} |")


def rms(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def most(values: list[float]) -> float:
    return float(np.quantile(np.abs(values), 0.95))


if __name__ == "__main__":
    print_shapes()
    print_tilts()
