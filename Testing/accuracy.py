"""How far measures of a phantom lie from its truth, and the bounds that issue and contract set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from LumbarSegLib.core.findings import Findings
from Testing.spines import Phantom

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "canal area": ("canal.area",),
    "narrowest area": ("canal.narrowest_area",),
    "canal AP": ("canal.ap_diameter", "canal.midsagittal_ap"),
    "canal width": ("canal.transverse_diameter",),
    "angles": ("vertebra.wedge_angle", "alignment.segmental_angle", "alignment.lordosis"),
    "heights": ("vertebra.anterior_height", "vertebra.middle_height", "vertebra.posterior_height"),
    "disc heights": ("disc.anterior_height", "disc.middle_height", "disc.posterior_height", "disc.mean_height"),
    "slip": ("alignment.slip",),
    "endplates": ("vertebra.superior_endplate", "vertebra.inferior_endplate"),
    "apex": ("alignment.apex",),
    "bulge": ("disc.bulge",),
    "disc area": ("disc.area",),
    "disc volume": ("disc.volume",),
}
"""Measures that are judged together; "corners" and "middles" of endplates are judged by their landmarks."""

RELATIVE = {"canal area", "narrowest area", "disc area", "disc volume"}
"""Families whose errors are in per cent of the true value; the others are in mm or degrees."""

UNITS = {name: "%" if name in RELATIVE else "mm" for name in ("corners", "middles", *FAMILIES)} | {"angles": "°"}
_CORNERS = ("superior_anterior", "superior_posterior", "inferior_anterior", "inferior_posterior")
_MIDDLES = ("superior_middle", "inferior_middle")


def mean(errors: Sequence[float]) -> float:
    return float(np.mean(errors))


def most(errors: Sequence[float]) -> float:
    """What 95 % of the errors keep within."""
    return float(np.quantile(errors, 0.95, method="inverted_cdf"))


def rms(errors: Sequence[float]) -> float:
    """Root mean square, which one large error in a few raises."""
    return float(np.sqrt(np.mean(np.square(errors))))


def worst(errors: Sequence[float]) -> float:
    return float(np.max(errors))


@dataclass(frozen=True)
class Bounds:
    """What the errors of each family may not exceed, all of them (`worst`), their `rms` or their `mean`."""

    limits: Mapping[str, float]
    judge: Callable[[Sequence[float]], float]

    def broken(self, errors: Mapping[str, Sequence[float]]) -> dict[str, float]:
        """The families that break their limit, with the error that does."""
        found = {name: self.judge(errors[name]) for name in self.limits}
        return {name: error for name, error in found.items() if not error <= self.limits[name]}


_MIDSAGITTAL = {
    "corners": 0.5,
    "middles": 0.5,
    "canal AP": 0.4,
    "angles": 0.5,
    "heights": 0.4,
    "disc heights": 0.4,
    "slip": 0.4,
}
_CLEAN = _MIDSAGITTAL | {"canal area": 2.0, "narrowest area": 2.0, "canal width": 0.4}
FINE = Bounds(_CLEAN, worst)
COARSE = Bounds(_CLEAN, rms)
"""With voxels of 1 mm a surface that runs along them here and there may move by nearly a voxel without changing one, so
that no program can hold each single error (`Testing/core/test_voxel_limits.py` shows it); these are below A_VOXEL."""

A_VOXEL = Bounds(
    dict.fromkeys(_CLEAN, 1.0) | {"angles": 1.5, "canal area": 5.0, "narrowest area": 5.0},
    worst,
)
STRAIGHT = Bounds(_CLEAN, mean)
"""Where the whole spine lies along the voxels this is so everywhere, and the mean is held."""

OBLIQUE = Bounds({name: limit for name, limit in _CLEAN.items() if name != "canal width"}, worst)
"""Where no face of the spine runs along voxels of 1 mm each single error is held but that of the canal's width, whose
sides are round and show in a slice or two; its root mean square is held with the others."""

THICK = Bounds(_MIDSAGITTAL | {"canal area": 10.0}, worst)
NOISY = Bounds({"corners": 1.0, "angles": 1.5}, mean)
"""A boundary that moves by 0.5 mm moves a corner, where two of them meet, by 0.6 mm in the mean and by 1.5 mm now and
then, whoever measures it; so the mean is held."""


def errors_of(phantom: Phantom, findings: Findings) -> dict[str, list[float]]:
    """Absolute errors by family; landmarks in the true sagittal plane. What was not measured counts as infinite."""
    errors: dict[str, list[float]] = {"corners": [], "middles": []}
    turn = Rotation.from_rotvec(phantom.tilt, degrees=True) * _as_lps(phantom.turn)
    right = turn.apply((-1.0, 0.0, 0.0))
    for name, true in phantom.landmarks.items():
        kind = name.split(".")[1]
        family = "corners" if kind in _CORNERS else "middles" if kind in _MIDDLES else None
        if family:
            found = findings.landmarks.get(name)
            off = np.subtract(found.place if found else (np.inf,) * 3, true)
            errors[family].append(float(np.linalg.norm(off - (off @ right) * right)) if found else np.inf)
    given = {(row.measure, row.level): row.value for row in findings.measurements}
    for family, measures in FAMILIES.items():
        rows = [(key, true) for key, true in phantom.truth.items() if key[0] in measures]
        values = ((given.get(key), true) for key, true in rows)
        errors[family] = [_error(value, true, family in RELATIVE) for value, true in values]
    return errors


def _as_lps(turn: tuple[float, float, float]) -> Rotation:
    """A rotation vector (right, back, up) in degrees as a rotation in the patient's left, back, up."""
    matrix = Rotation.from_rotvec(turn, degrees=True).as_matrix()
    mirror = np.diag([-1.0, 1.0, 1.0])
    return Rotation.from_matrix(mirror @ matrix @ mirror)


def _error(value: float | None, true: float, relative: bool) -> float:
    if value is None:
        return np.inf
    return abs(value - true) * (100.0 / true if relative else 1.0)
