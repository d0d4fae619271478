"""An analytic lumbar spine: every surface is a formula, so every corner, length, angle and area is known.

Coordinates are mm to the right, to the back and upward (x, y, z); the mid-sagittal plane is x = 0. A shape is a
function of x, y, z that gives about the depth below its surface in mm, positive inside.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from Testing.spine_canal import CanalTube, behind

Floats = NDArray[np.float64]
Corner = tuple[float, float, float]

# Name, posterior height and wedge angle of each vertebra, its depth; posterior height and angle of the disc below it.
_ANATOMY = (
    ("L5", 23.5, 8.0, 34.5, 6.0, 14.0),
    ("L4", 26.0, 3.0, 34.5, 7.5, 11.0),
    ("L3", 27.0, 1.0, 34.0, 7.5, 8.0),
    ("L2", 27.0, -1.0, 33.0, 7.0, 5.5),
    ("L1", 26.0, -2.0, 32.0, 6.5, 3.5),
    ("T12", 25.0, -3.0, 31.0, 5.5, 1.5),
    ("T11", 24.0, -3.0, 30.0, 5.0, 1.0),
)
_S1_DEPTH, _S1_TILT = 35.0, 40.0
_HALF_WIDTH = 23.0  # of bodies and discs

# Boxes (right, back, up) that make up an arch, mm from the middle of the body's posterior wall.
_ARCH: tuple[tuple[Corner, Corner], ...] = (
    *(((side, -4.0, 2.0), (side + 7.0, 20.0, 11.0)) for side in (-20.0, 13.0)),  # pedicles
    *(((side, 11.0, 5.0), (side + 7.0, 18.0, 19.0)) for side in (-20.0, 13.0)),  # superior articular processes
    *(((side, 19.0, -21.0), (side + 9.0, 25.0, 4.0)) for side in (-20.0, 11.0)),  # inferior articular processes
    ((-20.0, 20.5, -11.0), (20.0, 27.0, 4.0)),  # laminae
    ((-3.5, 25.0, -16.0), (3.5, 48.0, 0.0)),  # spinous process
)


@dataclass(frozen=True)
class Solid:
    """A part of the structure of this name: the depth below its surface (mm), defined inside a box of (x, y, z)."""

    name: str
    low: Floats
    high: Floats
    depth: Callable[[Floats, Floats, Floats], Floats]


@dataclass(frozen=True)
class Block:
    """A body or a disc in the mid-sagittal plane: its four corners as (y, z)."""

    superior_anterior: Floats
    superior_posterior: Floats
    inferior_posterior: Floats
    inferior_anterior: Floats

    @property
    def corners(self) -> Floats:
        return np.stack(
            [self.superior_anterior, self.superior_posterior, self.inferior_posterior, self.inferior_anterior]
        )

    @property
    def center(self) -> Floats:
        return np.asarray(self.corners.mean(axis=0))

    def raised(self, front: float, back: float) -> "Block":
        """The same with its upper corners moved upward along its front and back line, in mm."""
        ahead, behind = (
            self.superior_anterior - self.inferior_anterior,
            self.superior_posterior - self.inferior_posterior,
        )
        return replace(
            self,
            superior_anterior=self.superior_anterior + front * ahead / np.linalg.norm(ahead),
            superior_posterior=self.superior_posterior + back * behind / np.linalg.norm(behind),
        )

    def depths(self, y: Floats, z: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """How far inside of its front, back, top and bottom line a place lies."""
        ahead, above, behind, below = (
            (self.inferior_anterior, self.superior_anterior),
            (self.superior_anterior, self.superior_posterior),
            (self.superior_posterior, self.inferior_posterior),
            (self.inferior_posterior, self.inferior_anterior),
        )
        front, top, back, bottom = (_right_of(a, b, y, z) for a, b in (ahead, above, behind, below))
        return front, back, top, bottom


@dataclass(frozen=True)
class SpineShape:
    """Vertebrae on an S1 endplate, discs between them, the canal behind.

    `slips` (mm forward, by disc) move a vertebra and all above it; `wedges` (degrees, by vertebra) add to its
    lordotic angle; `narrowings` (by disc) are the share that is left of both diameters of the canal; `bulges` (mm, by
    disc) reach behind the line of the posterior corners. `concavity` is the depth of each endplate's dish, `rounding`
    the radius of the bodies' corners. `raised` (mm in front and behind, by vertebra) moves the upper corners up the
    walls of the body into the disc above, and nothing else.
    """

    vertebrae: int = 6
    slips: Mapping[str, float] | None = None
    wedges: Mapping[str, float] | None = None
    narrowings: Mapping[str, float] | None = None
    bulges: Mapping[str, float] | None = None
    concavity: float = 0.0
    rounding: float = 0.0
    raised: Mapping[str, tuple[float, float]] | None = None

    @cached_property
    def bodies(self) -> dict[str, Block]:
        """The vertebral bodies by name with their sharp corners, from the bottom upward."""
        raised = self.raised or {}
        return {name: block.raised(*raised.get(name, (0.0, 0.0))) for name, block in self._stacked[0].items()}

    @cached_property
    def discs(self) -> dict[str, Block]:
        """The discs by name, from the bottom upward."""
        return self._stacked[1]

    @cached_property
    def _stacked(self) -> tuple[dict[str, Block], dict[str, Block]]:
        tilt = _S1_TILT
        back = np.zeros(2)
        front = back + _S1_DEPTH * _forward(tilt)
        bodies: dict[str, Block] = {}
        discs: dict[str, Block] = {}
        below = "S1"
        for name, height, wedge, depth, gap, angle in _ANATOMY[: self.vertebrae]:
            disc = disc_name(name, below)
            low_back = back + (self.slips or {}).get(disc, 0.0) * _forward(tilt) + gap * _upward(tilt - angle / 2)
            tilt -= angle
            low_front = low_back + (depth + 0.5) * _forward(tilt)
            discs[disc] = Block(low_front, low_back, back, front)
            own = wedge + (self.wedges or {}).get(name, 0.0)
            back = low_back + height * _upward(tilt - own / 2)
            tilt -= own
            front = back + (depth - 0.5) * _forward(tilt)
            bodies[name] = Block(front, back, low_back, low_front)
            below = name
        return bodies, discs

    def body(self, name: str, x: Floats, y: Floats, z: Floats) -> Floats:
        """Depth inside a vertebral body without its arch."""
        front, back, top, bottom = self.bodies[name].depths(y, z)
        wall, along = _wall(front, back, x)
        dish = self.concavity * _dish(along, x)
        upper, lower = (_rounded(wall, plate - dish, self.rounding) for plate in (top, bottom))
        return np.minimum(upper, lower)

    def disc(self, name: str, x: Floats, y: Floats, z: Floats) -> Floats:
        """Depth inside a disc; it fills what lies between the endplates, S1's is flat."""
        front, back, top, bottom = self.discs[name].depths(y, z)
        _, along = _wall(front, back, x)
        dish = self.concavity * _dish(along, x)
        height = (top - bottom) / np.maximum(top + bottom, 1e-6)
        bulge = (self.bulges or {}).get(name, 0.0) * np.maximum(1.0 - height**2, 0.0)
        wall, _ = _wall(front, back + bulge, x)
        lower = bottom if name.endswith("S1") else bottom + dish
        return np.minimum(wall, np.minimum(top + dish, lower))

    def solids(self) -> Iterator[Solid]:
        """All structures with a box around each, in the order of drawing: what comes later lies on top."""
        for name in self.bodies:
            yield from self._arch(name)
        for name, block in self.discs.items():
            yield Solid(name, *_box_around(block), partial(self.disc, name))
        for name, block in self.bodies.items():
            yield Solid(name, *_box_around(block), partial(self.body, name))
        for low, high in self.canal.boxes():
            yield Solid("Spinal canal", low, high, self.canal.depth)

    def _arch(self, name: str) -> Iterator[Solid]:
        """Pedicles, articular processes, laminae and spinous process; they leave the canal free."""
        block = self._stacked[0][name]
        middle = (block.superior_posterior + block.inferior_posterior) / 2
        up = block.superior_posterior - block.inferior_posterior
        up = up / np.linalg.norm(up)
        frame = np.array([[1.0, 0.0, 0.0], [0.0, *behind(up)], [0.0, *up]])
        for low, high in _ARCH:
            corners = np.array(list(product(*zip(low, high, strict=True)))) @ frame + (0.0, *middle)
            depth = partial(self._bone, frame, np.array([0.0, *middle]), low, high)
            yield Solid(name, corners.min(axis=0) - 3.0, corners.max(axis=0) + 3.0, depth)

    def _bone(
        self, frame: Floats, middle: Floats, low: Corner, high: Corner, x: Floats, y: Floats, z: Floats
    ) -> Floats:
        """Depth inside a box that stands in this frame, outside of the canal."""
        inside = -self.canal.depth(x, y, z) - 1.0
        for axis, start, stop in zip(frame, low, high, strict=True):
            value = axis[0] * x + axis[1] * (y - middle[1]) + axis[2] * (z - middle[2])
            inside = np.minimum(inside, np.minimum(value - start, stop - value))
        return inside

    @cached_property
    def canal(self) -> CanalTube:
        """The canal behind the bodies and the discs."""
        blocks = {**self.discs, **self._stacked[0]}
        bulges = self.bulges or {}
        return CanalTube(
            tuple(
                (one.superior_posterior, one.inferior_posterior, bulges.get(name, 0.0)) for name, one in blocks.items()
            ),
            tuple((self.discs[name].center, left) for name, left in (self.narrowings or {}).items()),
            _upward(_S1_TILT),
        )


def disc_name(upper: str, lower: str) -> str:
    """ "L4/5" between L4 and L5, "T12/L1" where the letter changes."""
    return f"{upper}/{lower[1:] if upper[0] == lower[0] else lower}"


def _forward(tilt: float) -> Floats:
    return np.array([-np.cos(np.deg2rad(tilt)), -np.sin(np.deg2rad(tilt))])


def _upward(tilt: float) -> Floats:
    return np.array([-np.sin(np.deg2rad(tilt)), np.cos(np.deg2rad(tilt))])


def _box_around(block: Block) -> tuple[Floats, Floats]:
    low, high = block.corners.min(axis=0) - 7.0, block.corners.max(axis=0) + 7.0
    return np.array([-_HALF_WIDTH - 3.0, *low]), np.array([_HALF_WIDTH + 3.0, *high])


def _right_of(a: Floats, b: Floats, y: Floats, z: Floats) -> Floats:
    along = (b - a) / np.linalg.norm(b - a)
    return np.asarray(along[1] * (y - a[0]) - along[0] * (z - a[1]))


def _wall(front: Floats, back: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Depth inside an upright wall that is nearly flat at the midline, and the place from back (1) to front (-1)."""
    depth = np.maximum(front + back, 1e-6)
    along = (front - back) / depth
    return (1.0 - np.sqrt(np.hypot(along**2, (x / _HALF_WIDTH) ** 2))) * depth / 2, along


def _dish(along: Floats, x: Floats) -> Floats:
    return np.maximum(1.0 - along**2, 0.0) * np.maximum(1.0 - (x / _HALF_WIDTH) ** 2, 0.0)


def _rounded(first: Floats, second: Floats, radius: float) -> Floats:
    """The lesser of two depths, with an edge of this radius where both surfaces meet."""
    sharp = np.minimum(first, second)
    if radius == 0.0:
        return sharp
    edge = radius - np.hypot(np.maximum(radius - first, 0.0), np.maximum(radius - second, 0.0))
    return np.where((first < radius) & (second < radius), edge, sharp)
