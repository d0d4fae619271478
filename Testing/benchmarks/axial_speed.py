"""How fast axial slices are segmented here: prints a table, as Markdown.

    python -m Testing.benchmarks.axial_speed [MODEL]

Times 15 slices of 320 x 320 pixels with the model loaded, from the image to its label map and from that to its named
regions, on two threads, and gives the most memory that the process took. MODEL is named as on the command line.
"""

import argparse
import platform
import resource
import time
from collections.abc import Callable
from typing import Any

import SimpleITK as sitk
import torch

from LumbarSegLib.core import inference, models, regions
from Testing.axial import axial_image, axial_labels

REPEATS = 7
THREADS = 2
SLICES, SIDE, PIXEL_MM = 15, 320, 0.6875


def stack() -> sitk.Image:
    """The drawn stack of the tests, enlarged to the body's size on the grid that the figures are asked for."""
    image = axial_image(axial_labels(SLICES))
    columns, rows, _ = image.GetSize()
    side_mm = SIDE * PIXEL_MM
    image.SetSpacing((side_mm / columns, side_mm / rows, 4.0))
    grid = sitk.Image(SIDE, SIDE, SLICES, sitk.sitkInt16)
    grid.SetSpacing((PIXEL_MM, PIXEL_MM, 4.0))
    grid.SetOrigin(image.GetOrigin())
    grid.SetDirection(image.GetDirection())
    return sitk.Resample(image, grid)


def timed(call: Callable[[], Any]) -> list[float]:
    """Seconds of each of several calls, in rising order."""
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return sorted(seconds)


def rows_of(name: str) -> list[tuple[str, str, str]]:
    """The table: what, median and best."""
    image = stack()
    model = models.open_model(models.find(name), "cpu", accept_unlisted=True)
    labels = inference.segment_labels(image, model)
    rows = []
    for what, seconds in (
        ("image to label map", timed(lambda: inference.segment_labels(image, model))),
        ("label map to named regions", timed(lambda: regions.regions_of(labels))),
        ("image to named regions", timed(lambda: regions.regions_of(inference.segment_labels(image, model)))),
    ):
        rows.append((f"{what}, model loaded", f"{seconds[REPEATS // 2]:.2f} s", f"{seconds[0]:.2f} s"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [*rows, ("peak memory of the process", f"{peak:.0f} MB", "")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="axial-mr")
    name = parser.parse_args().model
    torch.set_num_threads(THREADS)
    kind = "with" if torch.cpu._is_avx512_bf16_supported() else "without"
    size = f"{SIDE} x {SIDE} x {SLICES}"
    print(f"{platform.machine()}, {THREADS} threads, {kind} AVX-512 bf16; {size} voxels\n")
    print("| what | median | best |\n|---|---|---|")
    for row in rows_of(name):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
