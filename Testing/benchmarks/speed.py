"""How fast the main job is here: prints a table, as Markdown.

    python Testing/benchmarks/speed.py

Times the shipped sample (512 x 640 x 21 voxels) from image to named label map with the model loaded, and
the whole `lumbarseg segment` command from a cold start, with its peak memory.
"""

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import SimpleITK as sitk
import torch

from LumbarSegLib.core import analysis, images
from LumbarSegLib.resources import samples_dir

REPEATS = 7
LARGEST = (512, 640, 23)


def sample() -> Path:
    return next(samples_dir().glob("*.nrrd"))


def full_stack() -> sitk.Image:
    """The sample padded or cut to 512 x 640 x 23 voxels, the size that the figures are asked for."""
    image = images.read_image(sample())
    missing = [max(0, want - has) for want, has in zip(LARGEST, image.GetSize(), strict=True)]
    return sitk.MirrorPad(image, [0, 0, 0], missing)[: LARGEST[0], : LARGEST[1], : LARGEST[2]]


def time_loaded() -> list[tuple[str, str, str]]:
    image = full_stack()
    model = analysis.prepare(image)
    analysis.segment(image, model)
    runs = [analysis.segment(image, model).seconds for _ in range(REPEATS)]
    rows = []
    for step in ("segment", "levels"):
        seconds = sorted(run[step] for run in runs)
        rows.append((f"{step}, model loaded", f"{seconds[REPEATS // 2]:.2f} s", f"{seconds[0]:.2f} s"))
    totals = sorted(sum(run.values()) for run in runs)
    rows.append(("image to named label map, model loaded", f"{totals[REPEATS // 2]:.2f} s", f"{totals[0]:.2f} s"))
    return rows


def time_cold() -> list[tuple[str, str, str]]:
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for run in range(3):
            started = time.perf_counter()
            command = [Path(sys.executable).with_name("lumbarseg"), "segment", sample()]
            subprocess.run([*command, "-o", f"{folder}/{run}.seg.nrrd"], check=True, capture_output=True)
            seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    seconds.sort()
    return [
        ("`lumbarseg segment`, cold start, whole command", f"{seconds[1]:.1f} s", f"{seconds[0]:.1f} s"),
        ("its peak memory", f"{peak:.0f} MB", ""),
    ]


def main() -> None:
    kind = "with" if torch.cpu._is_avx512_bf16_supported() else "without"
    size = " x ".join(map(str, full_stack().GetSize()))
    print(f"{platform.machine()}, {os.cpu_count()} cores, {kind} AVX-512 bf16; {size} voxels\n")
    print("| what | median | best |\n|---|---|---|")
    for row in [*time_loaded(), *time_cold()]:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
