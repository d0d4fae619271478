"""A mask of vertebrae on a radiograph taken apart: one piece for each vertebra, counted from the lowest upward.

What touches is one piece at first (`disc_spaces` has parted what it can). A piece that is too tall for its place in the
column is cut at its narrowest waists; pieces that are too near to one another to be two vertebrae are joined; small
ones and those beside the column go. Sizes are compared along the column alone, so neither the size of a pixel nor that
of the patient matters.

Places are (across, down), in mm or in pixels where these have no size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, find_objects, label

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_ISLAND = 0.2  # of the usual area; smaller pieces go
_BESIDE = 2.0  # usual widths from the line of the column; pieces farther away go
_SPACE = 0.35  # height of a disc space, in heights of the vertebrae beside it
_TOO_TALL = 1.5  # heights; a taller piece holds two vertebrae
_ONE = 0.55  # of the usual step; pieces that lie nearer are one vertebra
_HIDDEN = 1.5  # usual steps from one vertebra to the next; beyond, one between them is not seen
_LEANS = np.deg2rad(np.arange(-26.0, 27.0, 2.0))  # of a cut against the direction across the column
_AWAY = 0.5  # how much longer a cut may be that lies right at the end of where it is looked for
_CUT_COST = 0.3  # of a cut right across, against parts that are e times too tall
_NEAR = 4  # pieces about a place whose height is usual there
_FEWEST = 4  # pieces that a line of the column or a usual size is read from


@dataclass(frozen=True, eq=False)
class Piece:
    """One vertebra: its pixels (n, 2) as (row, column), where they lie (n, 2), and whether it was cut out of a larger
    piece. `along` (2,) is the direction of the column there, downward.
    """

    pixels: NDArray[np.intp]
    places: Floats
    along: Floats
    pixel_area: float
    parted: bool = False

    @cached_property
    def middle(self) -> Floats:
        return np.asarray(self.places.mean(axis=0))

    @cached_property
    def width(self) -> float:
        """From one end to the other across the column, a few stray pixels left out."""
        low, high = np.percentile(self.places @ np.array([self.along[1], -self.along[0]]), (1, 99))
        return float(high - low) / 0.98

    @cached_property
    def height(self) -> float:
        """The mean height: a tilt adds nothing to it, as it does to the extent along the column."""
        return len(self.pixels) * self.pixel_area / self.width


@dataclass(frozen=True, eq=False)
class Column:
    """The vertebrae of a radiograph from the lowest upward. `hidden` tells how many are not seen below each of them.

    `beside` is how many large pieces were left out since they lie beside the column.
    """

    pieces: tuple[Piece, ...]
    hidden: tuple[int, ...]
    beside: int


def column_of(mask: Mask, spacing: tuple[float, float], flatness: float) -> Column:
    """The vertebrae in a mask (rows, columns) whose pixels measure `spacing` (across, down).

    `flatness` is the usual height over width of a vertebra, as it is seen in this view.
    """
    pieces = _directed(_without_islands(_connected(mask, spacing)))
    inside = _in_line(pieces)
    kept = _directed([one for one, keep in zip(pieces, inside, strict=True) if keep])
    heights = _usual_heights(kept, flatness)
    bin_width = max(spacing)
    apart = [part for one, height in zip(kept, heights, strict=True) for part in _parted(one, float(height), bin_width)]
    whole = _directed(_joined(_directed(apart)))
    return Column(tuple(reversed(whole)), _hidden(whole), len(pieces) - len(kept))


def _connected(mask: Mask, spacing: tuple[float, float]) -> list[Piece]:
    """The connected pieces without holes, from the top downward."""
    numbers, _ = label(mask)
    pieces = []
    for number, box in enumerate(find_objects(numbers), start=1):
        pixels = np.argwhere(binary_fill_holes(numbers[box] == number))
        pixels += np.array([box[0].start, box[1].start])
        places = pixels[:, ::-1] * np.array(spacing)
        pieces.append(Piece(pixels, places, np.array([0.0, 1.0]), spacing[0] * spacing[1]))
    return sorted(pieces, key=lambda one: one.middle[1])


def _without_islands(pieces: Sequence[Piece]) -> list[Piece]:
    sizes = np.array([len(one.pixels) for one in pieces])
    if not len(sizes):
        return []
    usual = np.median(sizes[sizes > _ISLAND * sizes.max()])
    return [one for one, size in zip(pieces, sizes, strict=True) if size >= _ISLAND * usual]


def _directed(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces from the top downward, each with the direction of the column at its place."""
    ordered = sorted(pieces, key=lambda one: one.middle[1])
    if len(ordered) < 2:
        return [replace(one, along=_own_direction(one)) for one in ordered]
    middles = np.array([one.middle for one in ordered])
    ways = []
    for k, one in enumerate(ordered):
        way = middles[min(k + 1, len(middles) - 1)] - middles[max(k - 1, 0)]
        length = float(np.hypot(*way))
        ways.append(way / length if length > 0 else _own_direction(one))
    return [replace(one, along=way) for one, way in zip(ordered, ways, strict=True)]


def _own_direction(piece: Piece) -> Floats:
    """Along a piece that is clearly longer one way, downward; straight down where it is not."""
    spread, ways = np.linalg.eigh(np.cov((piece.places - piece.middle).T) + 1e-9 * np.eye(2))
    if spread[1] < 1.5 * spread[0] or abs(ways[1, 1]) < np.sqrt(0.5):
        return np.array([0.0, 1.0])
    return np.asarray(ways[:, 1] * np.sign(ways[1, 1]))


def _in_line(pieces: Sequence[Piece]) -> list[bool]:
    """Whether each piece lies on the smooth line through most of them."""
    if len(pieces) < _FEWEST:
        return [True] * len(pieces)
    x, y = np.array([one.middle for one in pieces]).T
    width = float(np.median([one.width for one in pieces]))
    away = (y - y.mean()) / max(float(np.ptp(y)), 1.0)
    terms = np.vander(away, min(4, len(pieces) - 2))
    weight = np.ones(len(pieces))
    off = np.zeros(len(pieces))
    for _ in range(20):
        root = np.sqrt(weight)
        off = np.abs(x - terms @ np.linalg.lstsq(terms * root[:, None], x * root, rcond=None)[0])
        weight = 1.0 / np.maximum(off, 0.05 * width)
    return [bool(one <= _BESIDE * width) for one in off]


def _usual_heights(pieces: Sequence[Piece], flatness: float) -> Floats:
    """The height of one vertebra at the place of each piece (n,).

    From the nearest pieces that look like single ones, brought to its place by the slope through all of them (Theil and
    Sen); from their width alone where these are few.
    """
    heights, widths = (np.array([getattr(one, side) for one in pieces]) for side in ("height", "width"))
    if not pieces:
        return widths
    single = heights <= _TOO_TALL * flatness * widths
    single &= heights <= _TOO_TALL * np.median(heights[single]) if single.any() else True
    if single.sum() < _FEWEST:
        return np.asarray(flatness * widths)
    down = np.array([one.middle[1] for one in pieces])
    i, j = np.triu_indices(int(single.sum()), 1)
    x, y = down[single], heights[single]
    slope = float(np.median((y[i] - y[j]) / (x[i] - x[j])))
    usual = []
    for place in down:
        near = np.argsort(np.abs(x - place))[: _NEAR + 1]
        usual.append(float(np.median(y[near] + slope * (place - x[near]))))
    return np.clip(usual, y.min(), y.max())


def _parted(piece: Piece, height: float, bin_width: float) -> list[Piece]:
    """The vertebrae that a piece holds, cut at its narrowest waists; `height` is that of one.

    Of the counts that its height allows, the one whose cuts are shortest and whose parts are most nearly one tall.
    """
    across = np.array([piece.along[1], -piece.along[0]])
    down, aside = (piece.places - piece.middle) @ piece.along, (piece.places - piece.middle) @ across
    low, high = np.percentile(down, (1, 99))
    count = piece.height / height
    if count <= _TOO_TALL:
        return [piece]
    chosen: tuple[float, list[tuple[float, float]]] = (np.inf, [])
    for tried in range(max(1, int(count)), int(count) + 2):
        step = (high - low + _SPACE * height) / tried
        cuts, cost = [], tried * np.log(count / tried) ** 2
        for k in range(1, tried):
            lean, place, length = _waist(down, aside, low + k * step - _SPACE * height / 2, 0.4 * step, bin_width)
            cuts.append((lean, place))
            cost += _CUT_COST * (length / piece.width) ** 2
        chosen = min(chosen, (cost, cuts))
    below = np.zeros(len(down), dtype=int)
    for lean, place in chosen[1]:
        below += down - np.tan(lean) * aside > place
    parts = [below == k for k in range(len(chosen[1]) + 1)]
    return [
        replace(piece, pixels=piece.pixels[one], places=piece.places[one], parted=len(parts) > 1)
        for one in parts
        if one.any()
    ]


def _waist(down: Floats, aside: Floats, expected: float, reach: float, bin_width: float) -> tuple[float, float, float]:
    """The shortest straight cut: how it leans, where it crosses the middle line, and its length."""
    near = np.abs(down - expected) < reach + np.tan(_LEANS[-1]) * np.abs(aside) + bin_width
    down, aside = down[near], aside[near]
    best = (np.inf, 0.0, expected, 0.0)
    edges = np.arange(expected - reach, expected + reach + bin_width, bin_width)
    centers = (edges[1:] + edges[:-1]) / 2
    for lean in _LEANS:
        lengths = np.histogram(down - np.tan(lean) * aside, edges)[0] * bin_width * np.cos(lean)
        longer = lengths * (1.0 + _AWAY * ((centers - expected) / reach) ** 2) * (1.0 + 0.1 * abs(lean))
        k = int(longer.argmin())
        if longer[k] < best[0]:
            best = (float(longer[k]), float(lean), float(centers[k]), float(lengths[k]))
    return best[1:]


def _steps(pieces: Sequence[Piece]) -> Floats:
    middles = np.array([one.middle for one in pieces]).reshape(-1, 2)
    return np.hypot(*np.diff(middles, axis=0).T)


def _usual_steps(pieces: Sequence[Piece]) -> Floats:
    """The usual way from the middle of each piece to that of the next, by the height of both."""
    heights = np.array([one.height for one in pieces])
    pairs = (heights[1:] + heights[:-1]) / 2
    steps = _steps(pieces)
    known = float(np.median(steps / pairs)) if len(pairs) >= _FEWEST else 1.0 + _SPACE
    own = known * pairs
    return np.array([float(np.median(own[max(0, k - 3) : k + 4])) for k in range(len(own))])


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces that are parts of one vertebra made one."""
    found = list(pieces)
    while len(found) > 1:
        shares = _steps(found) / np.maximum(_usual_steps(found), 1e-9)
        k = int(shares.argmin())
        if shares[k] >= _ONE:
            break
        pair = found[k : k + 2]
        pixels, places = (np.concatenate([getattr(one, name) for one in pair]) for name in ("pixels", "places"))
        both = pair[0].parted and pair[1].parted
        found[k : k + 2] = [replace(pair[0], pixels=pixels, places=places, parted=both)]
        found = _directed(found)
    return found


def _hidden(pieces: Sequence[Piece]) -> tuple[int, ...]:
    """How many vertebrae are not seen below each piece, from the lowest piece upward."""
    if len(pieces) < 2:
        return (0,) * len(pieces)
    shares = _steps(pieces) / np.maximum(_usual_steps(pieces), 1e-9)
    counts = [round(float(share)) - 1 if share > _HIDDEN else 0 for share in shares]
    return (0, *reversed(counts))
