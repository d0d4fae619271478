"""How right and how fast the sagittal measures are here: prints tables, as Markdown.

    python -m Testing.benchmarks.measures

The first table gives the errors on digital phantoms, whose truth is a formula. The name of each row says whether the
mean, the root mean square (rms) or the worst of the errors of a family is held to the bound, which stands below the
heads: "!" marks a broken one, "+" one that only the worst error breaks. With voxels of 1 mm it is the root mean square,
for a face that runs along them may move by nearly a voxel without changing one label, and nobody can read where it is
(`Testing/core/test_voxel_limits.py`); the worst is held too where no face runs along them (`Testing/poses.py`).
The second times a stack of 512 x 640 x 23 voxels: in full, after a corner was dragged and after a segment was edited.
"""

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import SimpleITK as sitk

from LumbarSegLib.core import analysis, levels
from Testing.accuracy import COARSE, FINE, NOISY, OBLIQUE, STRAIGHT, THICK, UNITS, Bounds, errors_of, mean, most, worst
from Testing.poses import ASKEW
from Testing.spine_shapes import SpineShape
from Testing.spines import Phantom

REPEATS = 7
LARGEST = (512, 640, 23)
ILL = SpineShape(
    slips={"L4/5": 6.0, "L2/3": -3.0}, wedges={"L1": -8.0}, narrowings={"L4/5": 0.7, "L2/3": 0.85}, bulges={"L4/5": 3.0}
)
SOFT = SpineShape(concavity=1.5, rounding=1.5)
LYING = (2.0, 4.0, -3.0)
"""Nobody lies quite straight in the scanner."""
BOUNDS = ((COARSE, "mean, rms or worst"), (THICK, "worst with 4.4 mm slices"), (NOISY, "mean with noise"))
THIN, SPACE, SLICES = (0.5, 0.5, 0.5), (0.9, 0.47, 0.47), (4.4, 0.5, 0.5)


def cases() -> list[tuple[str, Bounds, list[Phantom]]]:
    """Name, bounds, and phantoms whose errors are taken together."""
    plain, ill, soft = (Phantom(shape=shape, turn=LYING) for shape in (SpineShape(), ILL, SOFT))
    offsets = ((0.0, 0.0, 0.0), (0.3, 0.4, 0.2), (0.5, 0.1, 0.7))
    about = {"right": (20.0, *LYING[1:]), "back": (LYING[0], 20.0, LYING[2]), "up": (*LYING[:2], 20.0)}
    return [
        ("1 mm", COARSE, [replace(plain, offset=offset) for offset in offsets]),
        ("1 mm, slip, wedge, narrowing, bulge", COARSE, [replace(ill, offset=offset) for offset in offsets]),
        ("1 mm, concave endplates, round corners", COARSE, [replace(soft, offset=offset) for offset in offsets]),
        ("1 mm, straight along the voxels", STRAIGHT, [Phantom(shape=ILL, offset=offset) for offset in offsets]),
        *((f"1 mm, turned 20° about {axis}", COARSE, [replace(ill, turn=turn)]) for axis, turn in about.items()),
        ("1 mm, no face along the voxels", OBLIQUE, [replace(ill, turn=turn, offset=at) for turn, at in ASKEW]),
        ("0.5 mm", FINE, [replace(ill, spacing=THIN), replace(soft, spacing=THIN)]),
        ("0.9 x 0.47 x 0.47 mm", FINE, [replace(ill, spacing=SPACE, offset=offset) for offset in offsets]),
        ("4.4 x 0.5 x 0.5 mm", THICK, [replace(ill, spacing=SLICES, offset=(x, 0, 0)) for x in range(4)]),
        ("1 mm, noise 0.5 mm", NOISY, [replace(plain, noise=0.5, seed=seed) for seed in range(4)]),
        ("1 mm, all of it, noise", NOISY, [replace(ill, noise=0.5, seed=seed) for seed in range(4)]),
        ("0.5 mm, noise", NOISY, [replace(soft, spacing=THIN, noise=0.5, seed=seed) for seed in range(3)]),
        ("4.4 x 0.5 x 0.5 mm, noise", NOISY, [replace(ill, spacing=SLICES, noise=0.5, seed=seed) for seed in range(4)]),
    ]


def errors(phantoms: list[Phantom]) -> dict[str, list[float]]:
    """Errors of all these phantoms together."""
    together: dict[str, list[float]] = {name: [] for name in UNITS}
    for phantom in phantoms:
        found = analysis.measure(levels.spine_of(phantom.labels)).findings
        for name, values in errors_of(phantom, found).items():
            together[name] += values
    return together


def print_accuracy() -> None:
    print(
        "Errors over all levels: mean / of 95 % / worst; (n) counts what was not measured. ! breaks its bound, + only"
    )
    print(
        "the worst does. At 1 mm the bound is that of the root mean square (rms) of a family: a face along the voxels"
    )
    print("may move by nearly one and leave all labels as they are, so no program can hold each single error.\n")
    print("| phantom | " + " | ".join(f"{name}, {unit}" for name, unit in UNITS.items()) + " |")
    print("|---" * (len(UNITS) + 1) + "|")
    for bounds, text in BOUNDS:
        print(f"| *bound of the {text}* | " + " | ".join(f"{bounds.limits.get(name, '')}" for name in UNITS) + " |")
    for text, bounds, phantoms in cases():
        found = errors(phantoms)
        broken = bounds.broken(found)
        beyond = Bounds(bounds.limits, worst).broken(found)
        marks = {name: " **!**" if name in broken else " +" if name in beyond else "" for name in found}
        cells = [_cell(values) + marks[name] for name, values in found.items()]
        print(f"| {text}: {bounds.judge.__name__} | " + " | ".join(cells) + " |", flush=True)


def _cell(values: list[float]) -> str:
    given = [value for value in values if np.isfinite(value)]
    absent = len(values) - len(given)
    text = f"{mean(given):.2f} / {most(given):.2f} / {worst(given):.2f}" if given else ""
    return text + (f" ({absent})" if absent else "")


def full_stack() -> sitk.Image:
    """A label map of 512 x 640 x 23 voxels, 0.4 x 0.4 x 4 mm."""
    labels = Phantom(shape=ILL, spacing=(4.0, 0.4, 0.4), width=88.0, noise=0.3).labels
    missing = [want - has for want, has in zip(LARGEST, labels.GetSize(), strict=True)]
    return sitk.ConstantPad(labels, [max(0, n) // 2 for n in missing], [max(0, n) - max(0, n) // 2 for n in missing])


def with_a_hole(labels: sitk.Image, label: int) -> sitk.Image:
    """The label map as after a stroke of an eraser through one segment."""
    array = sitk.GetArrayFromImage(labels)
    own = np.argwhere(array == label)
    _, down, back = own[len(own) // 2]
    stroke = array[:, down - 4 : down + 4, back : back + 8]
    stroke[stroke == label] = 0
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(labels)
    return image


def print_speed() -> None:
    labels = full_stack()
    edited = [with_a_hole(labels, label) for label in (3, 203, 100)]
    spine = levels.spine_of(labels)
    first = analysis.measure(spine)
    x, y, z = first.findings.landmarks["L3.superior_anterior"].place
    size = " x ".join(map(str, labels.GetSize()))
    print(f"\n{platform.machine()}, {os.cpu_count()} cores; {size} voxels\n")
    print("| what | median | best | bound |\n|---|---|---|---|")
    _print_time("in full", 1.0, lambda k: analysis.measure(spine))
    _print_time(
        "after a corner was dragged",
        0.02,
        lambda k: analysis.measure(spine, overrides={"L3.superior_anterior": (x, y, z + 0.1 * k)}, previous=first),
    )
    for name, other in zip(("a vertebra", "a disc", "the canal"), edited, strict=True):
        changed = levels.spine_of(other)
        _print_time(f"after {name} was edited", 0.25, lambda k, s=changed: analysis.measure(s, previous=first))
    _print_time("naming the levels of an edited map, before that", None, lambda k: levels.spine_of(edited[0]))


def _print_time(what: str, bound: float | None, run: Callable[[int], object]) -> None:
    seconds = []
    for k in range(REPEATS):
        started = time.perf_counter()
        run(k + 1)
        seconds.append(time.perf_counter() - started)
    median = sorted(seconds)[REPEATS // 2]
    mark = " **!**" if bound and median > bound else ""
    most = f"{1000 * bound:.0f} ms" if bound else ""
    print(f"| {what} | {1000 * median:.0f} ms{mark} | {1000 * min(seconds):.0f} ms | {most} |", flush=True)


if __name__ == "__main__":
    if "speed" not in sys.argv:
        print_accuracy()
    if "accuracy" not in sys.argv:
        print_speed()
