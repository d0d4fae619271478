"""The canal of an analytic spine: a curved tube whose cross-sections are ellipses of known diameters.

Coordinates are mm to the right, to the back and upward (x, y, z); the centreline lies in the plane x = 0, the posterior
end of the S1 endplate at the origin.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

Floats = NDArray[np.float64]

_BACK, _SIDE = 8.5, 11.0  # half diameters at the lower end
_TAPER = 0.0004  # part of the diameters lost for each mm upward
_PLATEAU, _RAMP = 4.0, 10.0  # half lengths of a narrowing: where it is full, and where it has ended
_BELOW = 30.0  # how far below the S1 endplate the canal ends
_ROOM = 1.0  # between the canal and what lies before it
_PIECE = 12.0  # height of the pieces that the canal is drawn in
_TABLE = 0.5  # grid on which the distance from the centreline is kept


@dataclass(frozen=True, eq=False)
class CanalTube:
    """The canal behind walls, given by their upper and lower end (y, z) and how far each bulges to the back.

    `narrowings` are places (y, z) in front of the canal and the share that is left of both diameters beside them. `up`
    is the direction (y, z) at right angles to the S1 endplate.
    """

    walls: tuple[tuple[Floats, Floats, float], ...]
    narrowings: tuple[tuple[Floats, float], ...]
    up: Floats

    def depth(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Depth inside the canal, an ellipse in each plane perpendicular to its centreline."""
        start, *rows = self._table
        index = [(value - first) / _TABLE for value, first in zip(np.broadcast_arrays(y, z), start, strict=True)]
        offset, back, above = (map_coordinates(row, index, order=1, mode="nearest") for row in rows)
        inside = (1.0 - np.sqrt((offset / back) ** 2 + (x * (_BACK / _SIDE) / back) ** 2)) * back
        return np.minimum(inside, above)

    def boxes(self) -> Iterator[tuple[Floats, Floats]]:
        """The lowest and the highest corner (x, y, z) of boxes that hold it, up to beyond the uppermost wall."""
        for place in np.arange(self._end, self._top[1] + 60.0, _PIECE):
            ends = np.array([[self.centreline(z), z] for z in (place, place + _PIECE)])
            low, high = ends.min(axis=0) - _BACK - 2.0, ends.max(axis=0) + _BACK + 2.0
            yield np.array([-_SIDE - 3.0, *low]), np.array([_SIDE + 3.0, *high])

    @cached_property
    def centreline(self) -> np.poly1d:
        """The centreline in the plane x = 0, as y of z."""
        beyond = ((np.zeros(2), -2.0 * _BELOW * self.up), (self._top + np.array([0.0, 60.0]), self._top))
        ends = [(high, low) for high, low, _ in self.walls] + list(beyond)
        points = np.array([(high + low) / 2 + (_BACK + _ROOM) * behind(high - low) for high, low in ends])
        line = np.poly1d(np.polyfit(points[:, 1], points[:, 0], 6))
        edges = [np.linspace(high, low, 9) + bulge * behind(high - low) for high, low, bulge in self.walls]
        y, z = np.concatenate(edges).T
        place = _nearest(line, y, z)
        room = (np.hypot(y - line(place), z - place) * np.sign(line(place) - y)).min()
        return line + max(0.0, _BACK + _ROOM - room)

    def beside(self, y: Floats, z: Floats) -> Floats:
        """The z of the centreline's place that is nearest."""
        return _nearest(self.centreline, y, z)

    def half_diameters(self, place: Floats) -> tuple[Floats, Floats]:
        """Half of the AP and of the transverse diameter (mm) at places on the centreline (z)."""
        along = np.interp(place, *self._length)
        share = 1.0 - _TAPER * (along - np.interp(self._end, *self._length))
        for (y, z), left in self.narrowings:
            middle = np.interp(self.beside(np.array([y]), np.array([z])), *self._length)
            full = np.clip((_RAMP - np.abs(along - middle)) / (_RAMP - _PLATEAU), 0.0, 1.0)
            share = share * (1.0 - (1.0 - left) * full)
        return _BACK * share, _SIDE * share

    @cached_property
    def _top(self) -> Floats:
        return max((high for high, _, _ in self.walls), key=lambda end: float(end[1]))

    @cached_property
    def _end(self) -> float:
        return float(self.beside(np.zeros(1), np.zeros(1))[0] - _BELOW * self.up[1])

    @cached_property
    def _length(self) -> tuple[Floats, Floats]:
        """Places on the centreline (z) and the length up to each."""
        place = np.arange(-80.0, self._top[1] + 80.0, 0.1)
        speed = np.sqrt(1.0 + self.centreline.deriv()(place) ** 2)
        return place, np.cumsum(speed) * 0.1

    @cached_property
    def _table(self) -> tuple[Floats, Floats, Floats, Floats]:
        """At y, z from the first value on: mm behind the centreline, half AP diameter, mm above the canal's end.

        It is so smooth that linear interpolation errs by less than 0.001 mm.
        """
        ends = np.array([end for high, low, _ in self.walls for end in (high, low)])
        low, high = ends.min(axis=0) - (110.0, 70.0), ends.max(axis=0) + 70.0
        y, z = np.meshgrid(*(np.arange(a, b, _TABLE) for a, b in zip(low, high, strict=True)), indexing="ij")
        place = self.beside(y, z)
        line = self.centreline
        offset = np.hypot(y - line(place), z - place) * np.sign(y - line(place))
        above = (place - self._end) * np.sqrt(1.0 + line.deriv()(place) ** 2)
        return low, offset, self.half_diameters(place)[0], above


def behind(upward: Floats) -> Floats:
    """The unit vector (y, z) to the back that is perpendicular to one that runs upward."""
    return np.array([upward[1], -upward[0]]) / np.linalg.norm(upward)


def _nearest(line: np.poly1d, y: Floats, z: Floats) -> Floats:
    """The z of the nearest place on y = line(z), by Newton's method."""
    slope, bend = line.deriv(), line.deriv(2)
    place = z + 0.0 * y
    for _ in range(6):
        away = line(place) - y
        pull = place - z + away * slope(place)
        place = place - np.clip(pull / np.maximum(1.0 + slope(place) ** 2 + away * bend(place), 0.3), -20.0, 20.0)
    return np.asarray(place)
