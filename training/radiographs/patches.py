"""Vertebrae of radiographs in patches with their corners, as a network learns to read these.

A patch is laid along a vertebra where the model that draws masks sees it, as it will be for a user's image, or along
the marks, turned, moved and scaled. Corners (4, 2) run clockwise from the upper left one; `core/vertebra_patches.py`
cuts the patches here as there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from LumbarSegLib.core import vertebra_patches
from LumbarSegLib.core.measure.outline import Floats
from LumbarSegLib.core.vertebra_patches import Frames, Pixels
from training.feed.settings import Augmentation

_SEEN = 0.5  # of the patches lie where the model sees a vertebra
_SEEN_MOVES = 0.35  # of what those along the marks do
_AT_ONCE = 8  # vertebrae of one radiograph in a batch
_SQUARE = (1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Film:
    """A radiograph in 0..1 (rows, columns), the `marked` corners of its vertebrae (n, 4, 2) in its pixels, and those of
    the same vertebrae as a model sees them, nan where it does not.
    """

    name: str
    pixels: Pixels
    marked: Floats
    seen: Floats


def film(name: str, pixels: Pixels, marked: Floats, seen: Floats) -> Film:
    """A film that is evened for patches along its vertebrae."""
    width = float(np.median(vertebra_patches.along(marked).widths))
    return Film(name, vertebra_patches.evened(pixels, _SQUARE, width).astype(np.float16), marked, seen)


def moved(frames: Frames, settings: Augmentation, times: Floats, random: np.random.Generator) -> Frames:
    """Frames turned, moved and scaled at random, each so many `times` (n,) as much as the settings allow."""
    count = len(times)
    angle = np.deg2rad(settings.rotation_deg) * random.uniform(-1, 1, count) * times
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    across = cos * frames.across + sin * frames.down
    away = settings.shift * random.uniform(-1, 1, (count, 2)) * times[:, None] * frames.widths[:, None]
    middles = frames.middles + away[:, :1] * frames.across + away[:, 1:] * frames.down
    low, high = np.log(settings.zoom)
    return Frames(middles, across, frames.widths / np.exp(random.uniform(low, high, count) * times))


class PatchSampler:
    """Draws batches of patches in 0..1 with the places of their corners (batch, 4, 2) in pixels from the middle."""

    def __init__(self, films: Sequence[Film], batch: int, settings: Augmentation) -> None:
        self._films, self._batch, self._settings = films, batch, settings

    def draw(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Patches (batch, 1, rows, columns) and places."""
        parts = [self._of_one(random, _AT_ONCE) for _ in range(self._batch // _AT_ONCE)]
        patches, places = (np.concatenate(one) for one in zip(*parts, strict=True))
        return torch.from_numpy(patches[:, None]), torch.from_numpy(places).float()

    def _of_one(self, random: np.random.Generator, count: int) -> tuple[Pixels, Floats]:
        one = self._films[int(random.integers(len(self._films)))]
        chosen = random.integers(0, len(one.marked), count)
        marked, seen = one.marked[chosen], one.seen[chosen]
        as_seen = (random.random(count) < _SEEN) & np.isfinite(seen).all((1, 2))
        starts = vertebra_patches.along(np.where(as_seen[:, None, None], seen, marked))
        frames = moved(starts, self._settings, np.where(as_seen, _SEEN_MOVES, 1.0), random)
        patches = vertebra_patches.cut(one.pixels.astype(np.float32), _SQUARE, frames)
        places = frames.enter(marked)
        flips = random.random(count) < self._settings.mirror
        patches[flips] = patches[flips, :, ::-1]
        places[flips] = vertebra_patches.mirrored(places[flips])
        return patches, places
