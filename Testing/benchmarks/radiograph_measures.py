"""How right the measures of radiographs are here: prints a table, as Markdown.

    python -m Testing.benchmarks.radiograph_measures

Phantoms are quadrilaterals along columns whose tilts are formulas, as sharp as they are drawn, with rounded corners as
a network's masks have them, and with outlines moved in and out by smooth noise. The bound for angles is 0.3° without
noise and 1.5° at 0.5 mm of it, as mean over all columns of what they are off; "!" marks what breaks it. With noise an
angle of Cobb is too large in the mean, since it is the largest of what was measured, and the more so where several
vertebrae are tilted alike, as beyond the ends of a single curve.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from LumbarSegLib.core.analysis import measure
from LumbarSegLib.core.measure.radiograph.frontal import LARGEST
from LumbarSegLib.core.radiograph import radiograph_of
from Testing.radiograph_phantoms import Spine, arcs

REPEATS = 3
COLUMNS = {
    "one curve, 20°": Spine(arcs((3, 11, -20.0), start=10.0)),
    "one curve, 48°": Spine(arcs((4, 12, 48.0), start=-24.0)),
    "two curves, 40° and 35°": Spine(arcs((3, 10, -40.0), (10, 16, 35.0), start=15.0)),
    "three curves, 25°, 55° and 40°": Spine(arcs((0, 4, 25.0), (4, 10, -55.0), (10, 15, 40.0), start=-3.0)),
    "two curves, 90° and 60°": Spine(arcs((4, 11, 90.0), (11, 16, -60.0), start=-40.0)),
    "two curves, wedged": Spine(
        arcs((3, 10, -40.0), (10, 16, 35.0), start=15.0), wedges=[4.0 * (-1) ** k for k in range(17)]
    ),
}
OUTLINES = {"sharp": (0.0, 0.0), "rounded by 2 mm": (2.0, 0.0), "noise of 0.5 mm": (1.0, 0.5), "of 1 mm": (1.0, 1.0)}
"""How far corners are rounded, and the noise, in mm."""
BOUNDS = {0.0: 0.3, 0.5: 1.5}
"""Degrees by the noise."""
GRIDS = (0.3, 0.65)


@dataclass
class Off:
    """What was measured less what was drawn: of all tilts of endplates and of the largest Cobb angle in degrees, of all
    corners in mm. `unlike` counts columns in which the vertebrae found are not those drawn.
    """

    tilts: list[float] = field(default_factory=list)
    cobb: list[float] = field(default_factory=list)
    corners: list[float] = field(default_factory=list)
    unlike: int = 0


def true_largest(spine: Spine) -> float:
    """The largest angle between a superior endplate and an inferior one below it within a bend, from the formulas."""
    upper, lower = spine.endplates.T
    n = len(upper)
    return float(max(abs(upper[i] - lower[j]) for i in range(n) for j in range(i + 1, n)))


def errors(spine: Spine) -> Off:
    off = Off()
    for seed in range(REPEATS if spine.noise_mm else 1):
        drawn = replace(spine, seed=seed)
        radiograph = radiograph_of(drawn.semantic)
        findings = measure(radiograph).findings
        if [one.vertebra for one in findings.corners] != drawn.names:
            off.unlike += 1
            continue
        for one, true, corners in zip(findings.corners, drawn.endplates, drawn.corners, strict=True):
            for key, tilt in zip(("superior", "inferior"), true, strict=True):
                off.tilts.append((findings.of(f"coronal.{key}_tilt", one.vertebra).value or 0.0) - tilt)
            places = np.array(list((one.mm or {}).values()))
            off.corners += np.hypot(*(places - corners).T).tolist()
        largest = next(one for one in findings.measurements if one.measure == LARGEST)
        off.cobb.append((largest.value or 0.0) - true_largest(drawn))
    return off


def main() -> None:
    print("Mean / 95 % / worst of what it is off. ! breaks its bound.\n")
    print(
        "| column | outline | pixels, mm | corners, mm | tilts, ° | largest Cobb angle, ° |\n|---|---|---|---|---|---|"
    )
    for grid in GRIDS:
        for outline, (rounding, noise) in OUTLINES.items():
            every = Off()
            for name, spine in COLUMNS.items():
                off = errors(replace(spine, spacing_mm=grid, rounding_mm=rounding, noise_mm=noise))
                for row in ("tilts", "cobb", "corners"):
                    getattr(every, row).extend(getattr(off, row))
                print_row(name, outline, grid, off)
            print_row("**all**", outline, grid, every, BOUNDS.get(noise, 0.0))


def print_row(name: str, outline: str, grid: float, off: Off, bound: float = 0.0) -> None:
    unlike = f" ({off.unlike} unlike)" * bool(off.unlike)
    cells = [_cell(off.corners), _cell(off.tilts, bound), _cell(off.cobb, bound)]
    print(f"| {name}{unlike} | {outline} | {grid} | " + " | ".join(cells) + " |", flush=True)


def _cell(values: list[float], bound: float = 0.0) -> str:
    if not values:
        return "none"
    size = np.abs(values)
    broken = " **!**" * bool(bound and size.mean() > bound)
    return f"{size.mean():.2f} / {np.quantile(size, 0.95):.2f} / {size.max():.2f}{broken}"


if __name__ == "__main__":
    main()
