"""Which radiographs are held out: a fixed fifth, with everything that resembles one of them.

    python -m training.radiographs.relatives DATA/xray

The set names no patients, and shows some of them twice. Two radiographs are relatives where their thumbnails, evened
out in contrast, correlate by more than 0.70 when one is moved a little or mirrored; so are relatives of relatives.
Blocks of consecutive numbers, which are often of one hospital or visit, are drawn by a seed until enough are held out,
each image with its relatives. Prints the names as they stand in `training/configs/radiographs/split.toml`.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.sparse.csgraph import connected_components

from training.data import aasce

RELATED = 0.70
_SIZE = (128, 48)  # rows, columns of a thumbnail
_AROUND_PX = 6.0  # over which mean and contrast are evened out
_FAINT = 3.0  # grey values; what differs by less from its surroundings stays faint
_SHIFTS_PX = (4, 3)  # rows, columns
_BLOCK = 12
_SEED = 2019
_LEAST = 90

Floats = NDArray[np.float64]


def thumbnail(path: Path) -> Floats:
    """An image at the size of a thumbnail, its local mean removed and its local contrast evened out."""
    grey = np.asarray(Image.open(path).convert("L").resize(_SIZE[::-1]), float)
    grey = grey - gaussian_filter(grey, _AROUND_PX)
    return np.asarray(grey / (np.sqrt(gaussian_filter(grey * grey, _AROUND_PX)) + _FAINT))


def similarities(thumbnails: Sequence[Floats]) -> Floats:
    """The largest correlation of each with each other over small shifts, as it is and mirrored, (n, n)."""
    stack = np.stack(thumbnails)
    spectra = np.fft.fft2(stack)
    lengths = np.sqrt((stack**2).sum((1, 2)))
    found = np.zeros((len(stack), len(stack)))
    for index, one in enumerate(stack):
        for shown in (one, one[:, ::-1]):
            correlation = np.fft.ifft2(np.conj(np.fft.fft2(shown)) * spectra).real
            largest = np.max([correlation[:, row, column] for row, column in _shifts()], 0)
            found[index] = np.maximum(found[index], largest / (lengths[index] * lengths))
    np.fill_diagonal(found, 0.0)
    return found


def _shifts() -> Iterator[tuple[int, int]]:
    rows, columns = _SHIFTS_PX
    yield from ((row, column) for row in range(-rows, rows + 1) for column in range(-columns, columns + 1))


def held_out(similarity: Floats, block: int = _BLOCK, least: int = _LEAST, seed: int = _SEED) -> list[int]:
    """The places of those held out: whole blocks in an order drawn by a seed, each image with all its relatives."""
    count = len(similarity)
    _, group = connected_components(np.maximum(similarity, similarity.T) > RELATED, directed=False)
    chosen: set[int] = set()
    for number in np.random.default_rng(seed).permutation(-(-count // block)):
        if len(chosen) >= least:
            break
        drawn = group[number * block : (number + 1) * block]
        chosen |= set(np.flatnonzero(np.isin(group, drawn)).tolist())
    return sorted(chosen)


def names_held_out(data: Path) -> list[str]:
    """The names of those held out of AASCE's folder whose corners are sound; the others are in nobody's training."""
    sound = {one.path.stem for one in aasce.read_corners(data)}
    paths = sorted((data / "images").glob("*.jpg"))
    places = held_out(similarities([thumbnail(path) for path in paths]))
    return [paths[place].stem for place in places if paths[place].stem in sound]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="AASCE's folder, with images/ and corners.csv")
    names = names_held_out(parser.parse_args().data)
    for first in range(0, len(names), 5):
        print("  " + " ".join(f'"{name}",' for name in names[first : first + 5]))  # noqa: T201  for the config


if __name__ == "__main__":
    main()
