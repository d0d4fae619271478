"""Radiographs shown otherwise than they are: negatives, odd windows and depths, turned, with noise or implants."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from training.feed.faults import add_implants
from training.feed.settings import Augmentation

Pixels = NDArray[np.uint8 | np.uint16]
Change = Callable[[NDArray[np.uint8]], Pixels]
_SEED = 20261128


def _gamma(power: float) -> Change:
    return lambda grey: np.round(255 * (grey / 255) ** power).astype(np.uint8)


def _window(low: float, high: float) -> Change:
    """All below one percentile black, all above another white."""

    def change(grey: NDArray[np.uint8]) -> Pixels:
        black, white = np.percentile(grey, [low, high])
        return np.round(255 * np.clip((grey - black) / max(white - black, 1.0), 0, 1)).astype(np.uint8)

    return change


def _inverted(grey: NDArray[np.uint8]) -> Pixels:
    return 255 - grey


def _of_12_bits(grey: NDArray[np.uint8]) -> Pixels:
    """Twelve bits far above zero, as detectors store them."""
    return grey.astype(np.uint16) * 13 + 700


def _noisy(grey: NDArray[np.uint8]) -> Pixels:
    noise = np.random.default_rng(_SEED).normal(0, 18, grey.shape)
    return np.clip(grey + noise, 0, 255).round().astype(np.uint8)


def _with_text(grey: NDArray[np.uint8]) -> Pixels:
    """White blocks in a corner and beside the spine, as burnt-in text."""
    written = grey.copy()
    rows, columns = grey.shape
    written[rows // 40 : rows // 18, columns // 20 : columns // 3] = 255
    written[rows // 2 : rows // 2 + rows // 50, columns // 10 : columns // 4] = 255
    return written


def _turned(quarters: int) -> Change:
    return lambda grey: np.ascontiguousarray(np.rot90(grey, quarters))


SAME_PLACE: Mapping[str, Change] = {
    "negative": _inverted,
    "12 bits, offset": _of_12_bits,
    "dark (gamma 2)": _gamma(2.0),
    "bright (gamma 0.5)": _gamma(0.5),
    "window 10 to 90 %": _window(10, 90),
    "window 2 to 70 %": _window(2, 70),
    "noise": _noisy,
    "burnt-in blocks": _with_text,
}
"""Changes that leave every pixel where it is, by name."""

TURNED: Mapping[str, Change] = {"turned by 90°": _turned(1), "turned by 180°": _turned(2), "turned by 270°": _turned(3)}
"""Changes that the program should notice, by name."""


def with_implants(grey: NDArray[np.uint8], marked: NDArray[np.bool_]) -> Pixels:
    """The same radiograph with drawn rods and screws over what is marked."""
    torch.manual_seed(_SEED)
    image = torch.from_numpy(grey / np.float32(255))[None, None]
    changed = add_implants(image, torch.from_numpy(marked.astype(np.uint8))[None], Augmentation(implant=1.0))
    return np.round(255 * changed[0, 0].numpy()).astype(np.uint8)
