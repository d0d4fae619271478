"""Which found vertebra is which of those marked, by where they lie, and how far their corners part."""

from dataclasses import dataclass

import numpy as np

from LumbarSegLib.core.measure.grid import Floats
from training.data.corners import Corners

_NEAR = 0.5  # of the height of a vertebra, from its centre to that of the one found


@dataclass(frozen=True, eq=False)
class Matched:
    """`pairs` are places of (marked, found) vertebrae; `missed` marked ones have none, `extra` found ones belong to
    none, though they lie between marked ones. `errors` (pairs, 4) are distances of corners in % of the mean length of
    the marked vertebra's endplates.
    """

    pairs: tuple[tuple[int, int], ...]
    missed: tuple[int, ...]
    extra: tuple[int, ...]
    errors: Floats

    @property
    def error(self) -> float:
        """The mean over all corners; nan where none was found."""
        return float(self.errors.mean()) if self.errors.size else np.nan


def match(marked: Corners, found: Corners) -> Matched:
    """Pair vertebrae with corners (n, 4, 2) in pixels, nearest first; each belongs to one of the others at most."""
    centres, others = marked.mean(1), found.mean(1).reshape(-1, 2)
    heights = np.linalg.norm(marked[:, 2:].mean(1) - marked[:, :2].mean(1), axis=1)
    away = np.linalg.norm(centres[:, None] - others[None], axis=2) / heights[:, None]
    pairs: dict[int, int] = {}
    for place in np.argsort(away, axis=None):
        one, other = (int(k) for k in np.unravel_index(place, away.shape))
        if away[one, other] > _NEAR:
            break
        if one not in pairs and other not in pairs.values():
            pairs[one] = other
    low, high = centres[:, 1].min(), centres[:, 1].max()
    between = [k for k, (_, row) in enumerate(others) if low <= row <= high]
    chosen = sorted(pairs.items())
    return Matched(
        tuple(chosen),
        tuple(k for k in range(len(marked)) if k not in pairs),
        tuple(k for k in between if k not in pairs.values()),
        _errors(marked[[a for a, _ in chosen]], found.reshape(-1, 4, 2)[[b for _, b in chosen]]),
    )


def _errors(marked: Corners, found: Corners) -> Floats:
    lengths = (
        np.linalg.norm(marked[:, 1] - marked[:, 0], axis=1) + np.linalg.norm(marked[:, 3] - marked[:, 2], axis=1)
    ) / 2
    return np.asarray(100 * np.linalg.norm(found - marked, axis=2) / lengths[:, None])
