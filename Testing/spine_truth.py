"""The true value of every measure of an analytic spine, from its formulas alone; definitions as in measures.json."""

from functools import cached_property

import numpy as np

from Testing.spine_shapes import Block, Floats, SpineShape

_ROUND = 1.0 - np.sqrt(0.5)  # how deep below both sides the apex of a rounded corner lies, in radii
_FINE = 0.1  # mm, grid on which the area of a disc is counted
_COARSE = 0.4  # mm, grid on which its volume is counted


class Truth:
    """`values` by measure and level, and `landmarks` by name as (y, z) in the plane x = 0.

    The corner of a rounded body is the apex of the rounding, which lies on the bone.
    """

    def __init__(self, shape: SpineShape) -> None:
        self._shape = shape

    @cached_property
    def landmarks(self) -> dict[str, Floats]:
        """Six landmarks of each body, the two of S1, the two ends of the canal's AP diameter at each level."""
        found: dict[str, Floats] = {}
        for name, block in self._shape.bodies.items():
            body = self._on_bone(block)
            for side, front, back in (
                ("superior", body.superior_anterior, body.superior_posterior),
                ("inferior", body.inferior_anterior, body.inferior_posterior),
            ):
                found[f"{name}.{side}_anterior"], found[f"{name}.{side}_posterior"] = front, back
                found[f"{name}.{side}_middle"] = self._middle(block, side)
        lowest = next(iter(self._shape.discs.values()))
        found["S1.superior_anterior"], found["S1.superior_posterior"] = (
            lowest.inferior_anterior,
            lowest.inferior_posterior,
        )
        for name, block in self._levels.items():
            place = self._place(block.center)
            slope = self._shape.canal.centreline.deriv()(place)
            back = np.array([1.0, -slope]) / np.hypot(1.0, slope)
            middle = np.array([self._shape.canal.centreline(place), place])
            half = float(self._shape.canal.half_diameters(np.array([place]))[0][0])
            found[f"{name}.canal_anterior"], found[f"{name}.canal_posterior"] = (
                middle - half * back,
                middle + half * back,
            )
        return found

    @cached_property
    def values(self) -> dict[tuple[str, str], float]:
        values: dict[tuple[str, str], float] = {}
        for family in (self._vertebrae, self._alignment, self._discs, self._canal):
            values |= family()
        return values

    def _on_bone(self, block: Block) -> Block:
        """The block whose corners are the apices of the rounded ones."""
        deep = _ROUND * self._shape.rounding
        corners = []
        for corner, beside, beyond in zip(
            block.corners, np.roll(block.corners, 1, 0), np.roll(block.corners, -1, 0), strict=True
        ):
            first, second = (
                (beside - corner) / np.linalg.norm(beside - corner),
                (beyond - corner) / np.linalg.norm(beyond - corner),
            )
            corners.append(corner + (first + second) * deep / abs(first[0] * second[1] - first[1] * second[0]))
        return Block(*corners)

    def _middle(self, block: Block, side: str) -> Floats:
        """The middle of an endplate, in the depth of its dish."""
        front, back = getattr(block, f"{side}_anterior"), getattr(block, f"{side}_posterior")
        inward = np.array([front[1] - back[1], back[0] - front[0]]) / np.linalg.norm(back - front)
        return np.asarray((front + back) / 2 + inward * self._shape.concavity * (-1.0 if side == "superior" else 1.0))

    def _vertebrae(self) -> dict[tuple[str, str], float]:
        values: dict[tuple[str, str], float] = {}
        points = self.landmarks
        names = list(self._shape.bodies)
        for name in names:
            for side in ("anterior", "middle", "posterior"):
                values[f"vertebra.{side}_height", name] = _apart(
                    points[f"{name}.superior_{side}"], points[f"{name}.inferior_{side}"]
                )
            for side in ("superior", "inferior"):
                values[f"vertebra.{side}_endplate", name] = _apart(
                    points[f"{name}.{side}_anterior"], points[f"{name}.{side}_posterior"]
                )
            values["vertebra.wedge_angle", name] = self._angle(f"{name}.superior", f"{name}.inferior")
        for k, name in enumerate(names):
            front, middle, back = (
                values[f"vertebra.{side}_height", name] for side in ("anterior", "middle", "posterior")
            )
            near = [values["vertebra.posterior_height", names[n]] for n in (k - 1, k + 1) if 0 <= n < len(names)]
            values["vertebra.wedge_ratio", name] = front / back
            values["vertebra.biconcave_ratio", name] = middle / back
            values["vertebra.crush_ratio", name] = back / float(np.mean(near))
            ratios = [values[f"vertebra.{kind}_ratio", name] for kind in ("wedge", "biconcave", "crush")]
            values["vertebra.height_loss", name] = 100.0 * (1.0 - min(ratios))
        return values

    def _alignment(self) -> dict[tuple[str, str], float]:
        values: dict[tuple[str, str], float] = {}
        points = self.landmarks
        for level, (upper, lower) in self._beside_discs.items():
            values["alignment.segmental_angle", level] = self._angle(f"{upper}.inferior", f"{lower}.superior")
            back, front = points[f"{lower}.superior_posterior"], points[f"{lower}.superior_anterior"]
            length = _apart(front, back)
            slip = float((points[f"{upper}.inferior_posterior"] - back) @ (front - back)) / length
            values["alignment.slip", level] = slip
            values["alignment.slip_percent", level] = 100.0 * slip / length
        for upper, lower, end in (("L1", "S1", "superior"), ("L4", "S1", "superior"), ("L1", "L5", "inferior")):
            if upper in self._shape.bodies:
                values["alignment.lordosis", f"{upper}-{lower}"] = self._angle(f"{upper}.superior", f"{lower}.{end}")
        if "L1" in self._shape.bodies:
            values["alignment.apex", "L1-S1"] = self._apex()
        return values

    def _apex(self) -> float:
        chord = [
            (self.landmarks[f"{name}.superior_anterior"] + self.landmarks[f"{name}.superior_posterior"]) / 2
            for name in ("S1", "L1")
        ]
        up = (chord[1] - chord[0]) / _apart(*chord)
        centers = (self._shape.bodies[name].center - chord[0] for name in ("L5", "L4", "L3", "L2", "L1"))
        return max(float(up[0] * z - up[1] * y) for y, z in centers)

    def _discs(self) -> dict[tuple[str, str], float]:
        values: dict[tuple[str, str], float] = {}
        points = self.landmarks
        for level, (upper, lower) in self._beside_discs.items():
            pairs = [
                (points[f"{upper}.inferior_{side}"], self._superior(lower, side))
                for side in ("anterior", "middle", "posterior")
            ]
            across = _across([front - back for front, back in zip(pairs[0], pairs[2], strict=True)])
            heights = [float((above - below) @ across) for above, below in pairs]
            for side, height in zip(("anterior", "middle", "posterior"), heights, strict=True):
                values[f"disc.{side}_height", level] = height
            values["disc.mean_height", level] = float(np.mean(heights))
            values["disc.height_index", level] = float(np.mean(heights)) / _apart(
                points[f"{upper}.inferior_anterior"], points[f"{upper}.inferior_posterior"]
            )
            values["disc.area", level] = self._disc_size(level, _FINE, flat=True)
            values["disc.volume", level] = self._disc_size(level, _COARSE, flat=False)
            values["disc.bulge", level] = (self._shape.bulges or {}).get(level, 0.0)
        return values

    def _superior(self, vertebra: str, side: str) -> Floats:
        """A landmark of a superior endplate; S1's is flat."""
        if vertebra == "S1" and side == "middle":
            return np.asarray((self._superior("S1", "anterior") + self._superior("S1", "posterior")) / 2)
        return self.landmarks[f"{vertebra}.superior_{side}"]

    def _disc_size(self, level: str, step: float, flat: bool) -> float:
        """Area in the mid-sagittal plane or volume, counted on a fine grid."""
        corners = self._shape.discs[level].corners
        low, high = corners.min(axis=0) - 6.0, corners.max(axis=0) + 6.0
        x = np.zeros(1) if flat else np.arange(-25.0, 25.0, step)
        y, z = (np.arange(a, b, step) for a, b in zip(low, high, strict=True))
        inside = self._shape.disc(level, x[:, None, None], y[:, None], z) > 0
        return float(inside.sum()) * step ** (2 if flat else 3)

    def _canal(self) -> dict[tuple[str, str], float]:
        values: dict[tuple[str, str], float] = {}
        for kind in (self._shape.discs, self._shape.bodies):
            areas = {}
            for name, block in kind.items():
                back, side = (
                    float(half[0]) for half in self._shape.canal.half_diameters(np.array([self._place(block.center)]))
                )
                areas[name] = np.pi * back * side
                values["canal.area", name] = areas[name]
                values["canal.ap_diameter", name] = values["canal.midsagittal_ap", name] = 2.0 * back
                values["canal.transverse_diameter", name] = 2.0 * side
                if self._narrowest_is_sure(name):
                    values["canal.narrowest_area", name] = self._narrowest(block)
            names = list(areas)
            for k, name in enumerate(names):
                near = [areas[names[n]] for n in (k - 1, k + 1) if 0 <= n < len(names)]
                if near:
                    values["canal.area_ratio", name] = areas[name] / float(np.mean(near))
                    values["canal.loss", name] = 100.0 * (1.0 - values["canal.area_ratio", name])
        return values

    def _narrowest_is_sure(self, name: str) -> bool:
        """Not where a vertebra ends in the slope of a narrowing, so that its least area hangs on where it is cut."""
        beside = {vertebra for disc in self._shape.narrowings or {} for vertebra in self._beside_discs[disc]}
        return name not in beside

    def _narrowest(self, block: Block) -> float:
        """The least area between the places beside its upper and its lower end."""
        ends = [self._place(end) for end in (block.inferior_posterior, block.superior_posterior)]
        back, side = self._shape.canal.half_diameters(np.linspace(*ends, 50))
        return float((np.pi * back * side).min())

    @property
    def _levels(self) -> dict[str, Block]:
        return {**self._shape.discs, **self._shape.bodies}

    @property
    def _beside_discs(self) -> dict[str, tuple[str, str]]:
        """The vertebra above and below each disc."""
        names = list(self._shape.bodies)
        return {disc: (names[k], names[k - 1] if k else "S1") for k, disc in enumerate(self._shape.discs)}

    def _place(self, point: Floats) -> float:
        return float(self._shape.canal.beside(point[:1], point[1:])[0])

    def _angle(self, upper: str, lower: str) -> float:
        """Degrees from the lower to the upper endplate, positive where they open in front."""
        above, below = (
            self.landmarks[f"{plate}_anterior"] - self.landmarks[f"{plate}_posterior"] for plate in (upper, lower)
        )
        return float(np.rad2deg(np.arctan2(above[0] * below[1] - above[1] * below[0], above @ below)))


def _across(forward: list[Floats]) -> Floats:
    """The unit vector upward at right angles to the bisector of two endplates."""
    ahead = np.sum([one / np.linalg.norm(one) for one in forward], axis=0)
    return np.array([ahead[1], -ahead[0]]) / np.linalg.norm(ahead)


def _apart(first: Floats, second: Floats) -> float:
    return float(np.linalg.norm(first - second))
