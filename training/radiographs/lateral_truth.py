"""Synthetic lateral films of patients from whom nothing was learned, and what the program finds in them.

Nobody has marked a real lateral radiograph here: what these figures say of one is nothing that was validated.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from LumbarSegLib.core.measure.grid import Floats
from LumbarSegLib.core.models import Model
from training.data.corners import Corners
from training.errors import TrainingError
from training.radiographs.film import PIXEL_MM
from training.radiographs.matching import Matched, match
from training.radiographs.measured import Found, as_radiograph, find
from training.radiographs.sideways import LATERAL

_ENDS = ("L1", "L5")  # of the lordosis: the upper endplate of the one against the lower endplate of the other


@dataclass(frozen=True, eq=False)
class LateralFilm:
    """A film of 8 bits, where its bodies are, and the corners of those that lie whole on it, by name from the top
    downward, in the order of `training.data.corners`; `faces_right` where anterior is on the right.
    """

    name: str
    image: NDArray[np.uint8]
    bodies: NDArray[np.bool_]
    names: tuple[str, ...]
    corners: Corners
    faces_right: bool


@dataclass(frozen=True, eq=False)
class LateralCase:
    """What was found in a film. `lordosis` is (found, true) in degrees, nan where an end of it is missing."""

    film: LateralFilm
    found: Found
    matched: Matched
    dice: float
    lordosis: tuple[float, float]


def read_films(path: Path) -> list[LateralFilm]:
    """What `training.radiographs.project` kept to measure on. Raises TrainingError where it is not there."""
    if not path.is_file():
        raise TrainingError(f"There is no {path}; make it with training.radiographs.project.")
    with np.load(path) as saved:
        names = sorted(key.removesuffix("/image") for key in saved.files if key.endswith("/image"))
        return [_film(name, *(saved[f"{name}/{part}"] for part in _PARTS)) for name in names]


_PARTS = ("image", "classes", "names", "corners")


def _film(
    name: str, image: NDArray[np.uint8], classes: NDArray[np.uint8], names: NDArray[np.str_], corners: Floats
) -> LateralFilm:
    front_up, back_up, back_down, front_down = np.moveaxis(corners[..., ::-1], 1, 0)
    right = bool((front_up[:, 0] > back_up[:, 0]).all())
    order = (back_up, front_up, back_down, front_down) if right else (front_up, back_up, front_down, back_down)
    placed = np.stack(order, 1)
    downward = np.argsort(placed[:, :, 1].mean(1))
    return LateralFilm(name, image, classes == LATERAL, tuple(names[downward].tolist()), placed[downward], right)


def measure_films(films: list[LateralFilm], model: Model, with_spacing: bool) -> list[LateralCase]:
    """Each film through the program, its pixels at the detector known or not."""
    cases = []
    for film in tqdm(films, desc="lateral films"):
        found = find(as_radiograph(film.image, PIXEL_MM if with_spacing else None), model)
        matched = match(film.corners, found.corners)
        both = film.bodies.sum() + found.mask.sum()
        dice = float(2 * (film.bodies & found.mask).sum() / max(both, 1))
        cases.append(LateralCase(film, found, matched, dice, _lordosis(film, found, matched)))
    return cases


def _lordosis(film: LateralFilm, found: Found, matched: Matched) -> tuple[float, float]:
    if not set(_ENDS) <= set(film.names):
        return np.nan, np.nan
    upper, lower = (film.names.index(name) for name in _ENDS)
    pairs = dict(matched.pairs)
    sense = -1.0 if film.faces_right else 1.0
    true = sense * _between(film.corners[upper], film.corners[lower])
    if upper not in pairs or lower not in pairs:
        return np.nan, true
    return sense * _between(found.corners[pairs[upper]], found.corners[pairs[lower]]), true


def _between(upper: Floats, lower: Floats) -> float:
    """Degrees from the upper endplate of one vertebra to the lower endplate of another, positive where they open to the
    left of the picture.
    """
    one, other = upper[1] - upper[0], lower[3] - lower[2]
    return float(np.degrees(np.arctan2(one[0] * other[1] - one[1] * other[0], one @ other)) * -1)
