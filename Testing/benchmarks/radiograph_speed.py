"""How fast a radiograph is segmented and measured here: prints a table, as Markdown.

    python -m Testing.benchmarks.radiograph_speed [MODEL]

Times a drawn frontal radiograph of 2000 x 1000 pixels without spacing, with the model loaded, on two threads: from the
image to its named vertebrae, and from these to their corners and angles; and gives the most memory that the process
took. MODEL is named as on the command line; `--trust-model` for a file that is not shipped.
"""

import argparse
import platform
import resource

import numpy as np
import torch

from LumbarSegLib.core import analysis, models
from Testing.benchmarks.axial_speed import REPEATS, THREADS, timed
from training.radiographs.frontal import frontal_film
from training.radiographs.measured import as_radiograph

ROWS, COLUMNS = 2000, 1000
_SEED = 7


def pixels() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A film of seventeen vertebrae that bend once to either side, drawn large."""
    rows = np.linspace(120, 1780, 17)
    middles = np.stack([500 + 70 * np.sin(2 * np.pi * (rows - 120) / 1660), rows], 1)
    half = np.stack([np.linspace(55, 95, 17), np.linspace(28, 42, 17)], 1)
    signs = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]])
    corners = middles[:, None] + signs[None] * half[:, None]
    film = frontal_film(corners, (ROWS, COLUMNS), np.random.default_rng(_SEED))
    return np.round(255 * film.image).astype(np.uint8)


def rows_of(name: str, trust: bool) -> list[tuple[str, str, str]]:
    """The table: what, median and best."""
    model = models.open_model(models.find(name), "cpu", accept_unlisted=trust)
    drawn = pixels()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    image = as_radiograph(drawn)
    segmented = analysis.segment(image, model)
    rows = []
    for what, seconds in (
        ("image to named vertebrae", timed(lambda: analysis.segment(image, model))),
        ("vertebrae to corners and angles", timed(lambda: analysis.measure(segmented.result, segmented.image))),
    ):
        rows.append((f"{what}, model loaded", f"{seconds[REPEATS // 2]:.2f} s", f"{seconds[0]:.2f} s"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows.append(("peak memory of the process", f"{peak / 1024:.0f} MB", ""))
    return [*rows, ("of it before the first image", f"{before / 1024:.0f} MB", "")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="xray")
    parser.add_argument("--trust-model", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    kind = "with" if torch.cpu._is_avx512_bf16_supported() else "without"
    print(f"{platform.machine()}, {THREADS} threads, {kind} AVX-512 bf16; {ROWS} x {COLUMNS} pixels\n")
    print("| what | median | best |\n|---|---|---|")
    for row in rows_of(arguments.model, arguments.trust_model):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
