"""Which measured bodies look least like a vertebral body, and a picture of them to look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from LumbarSegLib.core.findings import Findings, Point
from LumbarSegLib.core.preprocess import to_stack_order

_CORNERS = ("superior_anterior", "superior_posterior", "inferior_posterior", "inferior_anterior")
_LENGTHS = ("anterior_height", "posterior_height", "superior_endplate", "inferior_endplate")
_WEDGE_DEG, _JUMP = 10.0, 0.2  # what counts as suspicious as the other: a wedge, and a change of length from the median
_AROUND_MM = 32.0


@dataclass(frozen=True)
class Body:
    """One measured body: `score` grows with what is odd about it, `corners` are LPS in mm."""

    series: str
    level: str
    score: float
    words: str
    corners: tuple[Point, ...]


def bodies_of(series: str, findings: Findings) -> list[Body]:
    """The measured bodies of one image, each scored by its wedge and by its lengths against the other bodies."""
    values = {(one.measure, one.level): one.value for one in findings.measurements if one.value is not None}
    named = [level for measure, level in values if measure == "vertebra.wedge_angle"]
    median = {key: float(np.median([values[f"vertebra.{key}", level] for level in named])) for key in _LENGTHS if named}
    bodies = []
    for level in named:
        wedge = values["vertebra.wedge_angle", level]
        jumps = [abs(np.log(values[f"vertebra.{key}", level] / median[key])) for key in _LENGTHS]
        corners = tuple(findings.landmarks[f"{level}.{corner}"].place for corner in _CORNERS)
        words = f"wedge {wedge:.0f}°, {values['vertebra.anterior_height', level]:.0f}"
        words += f"/{values['vertebra.posterior_height', level]:.0f} mm"
        score = max(abs(wedge) / _WEDGE_DEG, max(jumps) / _JUMP)
        bodies.append(Body(series, level, float(score), words, corners))
    return bodies


def draw(bodies: list[Body], images: Mapping[str, sitk.Image], path: Path) -> None:
    """A contact sheet: the slice through the middle of each body's corners, with the corners on it."""
    columns = 5
    figure = Figure(figsize=(3 * columns, 3.2 * -(-len(bodies) // columns)))
    FigureCanvasAgg(figure)
    for axes, body in zip(figure.subplots(-(-len(bodies) // columns), columns).flat, bodies, strict=False):
        stack = to_stack_order(images[body.series])
        index = np.array([stack.TransformPhysicalPointToContinuousIndex(corner) for corner in body.corners])
        x, y = index[:, 0] * stack.GetSpacing()[0], index[:, 1] * stack.GetSpacing()[1]
        pixels = sitk.GetArrayViewFromImage(stack)[round(float(index[:, 2].mean()))]
        extent = (0, pixels.shape[1] * stack.GetSpacing()[0], pixels.shape[0] * stack.GetSpacing()[1], 0)
        axes.imshow(pixels, cmap="gray", extent=extent, vmax=np.percentile(pixels, 99.5))
        axes.fill(x, y, fill=False, edgecolor="#ffcc33", linewidth=1)
        axes.plot(x, y, "o", color="#ff5544", markersize=3)
        axes.set_xlim(x.mean() - _AROUND_MM, x.mean() + _AROUND_MM)
        axes.set_ylim(y.mean() + _AROUND_MM, y.mean() - _AROUND_MM)
        axes.set_title(f"{body.series} {body.level}\n{body.words}", fontsize=8)
        axes.set_axis_off()
    figure.tight_layout()
    figure.savefig(path, dpi=100)
