"""What the limits of `core.inference_radiograph` are set by: how clear a spine looks to a model, and how clear what is
none, at the scale that it is shown at.

    python -m training.radiographs.limits xray --data DATA/xray --others DATA/axial

Of the spines only radiographs count that validated the first part of the training; no figure of the report is measured
on them, but the later parts learned from them. What is no spine, or is shown at another scale than it has, must lie
below the limit.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from LumbarSegLib.core import inference, models
from LumbarSegLib.core.inference_radiograph import Answered
from LumbarSegLib.core.models import Model
from LumbarSegLib.core.projection import AXES, with_projection
from LumbarSegLib.core.spacing import unspaced
from training.data.pictures import read_grey
from training.markdown import table
from training.radiographs.report import validating

Pixels = NDArray[np.uint8 | np.uint16]
_GRAINS = (3.0, 6.0, 12.0, 24.0)
_SEED = 20261129


def spines(data: Path) -> Iterator[tuple[str, Pixels]]:
    """Whole films and parts of them, upright and turned, each with how it is shown."""
    for one in validating(data):
        grey = read_grey(one.path)
        rows = len(grey)
        yield "whole", grey
        yield "upper half", grey[: rows // 2]
        yield "lower half", grey[rows // 2 :]
        yield "middle third", grey[rows // 3 : 2 * rows // 3]
        yield "on its side", np.rot90(grey).copy()
        yield "on its head", np.rot90(grey, 2).copy()


def no_spines(others: Path) -> Iterator[tuple[str, Pixels]]:
    """Noise of several grains, and slices of MR of another direction."""
    random = np.random.default_rng(_SEED)
    for grain in _GRAINS:
        for _ in range(2):
            noise = gaussian_filter(random.normal(0, 1, (1200, 600)), grain)
            yield "noise", np.interp(noise, (noise.min(), noise.max()), (0, 255)).astype(np.uint8)
    for path in sorted(others.rglob("*.png"))[::60]:
        grey = read_grey(path)
        if grey.ndim == 2 and min(grey.shape) > 100 and grey.std() > 10:
            yield "axial MR", zoom(grey, 2, order=1)


def answer(grey: Pixels, model: Model) -> Answered:
    """What the model sees in a film whose file says nothing of its size."""
    image = with_projection(unspaced(sitk.GetImageFromArray(grey[np.newaxis]), AXES["frontal"]))
    return inference.segment_radiograph(image, model)


def rows_of(shown: Iterator[tuple[str, Pixels]], model: Model) -> list[Sequence[str]]:
    """A row for each way of showing: lowest, median and highest of each of the three values, and how many are told."""
    answers: dict[str, list[Answered]] = {}
    for name, grey in shown:
        answers.setdefault(name, []).append(answer(grey, model))
    return [
        (
            name,
            str(len(each)),
            *(_spread([getattr(one, value) for one in each]) for value in ("quality", "clarity", "narrowing")),
            ", ".join(f"{sum(one.turn == turn for one in each)} as {turn}°" for turn in (0, 90, 180)),
        )
        for name, each in answers.items()
    ]


def _spread(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.2f}" for value in (min(values), np.median(values), max(values)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--others", type=Path, required=True)
    asked = parser.parse_args()
    model = models.open_model(models.find(asked.model), "cpu", accept_unlisted=True)
    rows = [*rows_of(spines(asked.data), model), *rows_of(no_spines(asked.others), model)]
    heads = ("shown", "images", "quality", "clarity", "narrowing", "told as turned by")
    print("\n".join(table(heads, rows)))  # noqa: T201 - the table is what it is for


if __name__ == "__main__":
    main()
