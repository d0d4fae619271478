"""All shapes of one spine, from the voxels of its structures."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from LumbarSegLib.core.anatomy import CANAL, beside
from LumbarSegLib.core.levels import Spine
from LumbarSegLib.core.measure.bodies import BodyShape, body_of, place_body
from LumbarSegLib.core.measure.centreline import Centreline, centreline_of
from LumbarSegLib.core.measure.discs import DiscShape, disc_of, mid_sagittal
from LumbarSegLib.core.measure.grid import Floats, Part
from LumbarSegLib.core.measure.section import Canal
from LumbarSegLib.core.memo import Memo

_CUT = "Only a part of {} is seen."
_NO_DIRECTION = "There is too little of the spine to tell its direction."
_NO_S1 = "No endplate of S1 is seen below {}."


@dataclass(frozen=True, eq=False)
class Shapes:
    """What was read from the voxels, by name; local coordinates.

    `reasons` say in a sentence why a structure has no shape, and why S1 has no endplate. `digests` tell the content of
    each structure, and `line` that of the canal and its centreline.
    """

    digests: Mapping[str, str]
    centreline: Centreline | None
    line: str
    canal: Canal | None
    bodies: Mapping[str, BodyShape]
    discs: Mapping[str, DiscShape]
    reasons: Mapping[str, str]

    def landmarks(self) -> dict[str, Floats]:
        """The landmarks of bodies and of the S1 endplate, which the lower border of the disc above it stands for."""
        found = {f"{name}.{end}": place for name, body in self.bodies.items() for end, place in body.landmarks.items()}
        for name, disc in self.discs.items():
            if beside(name)[1] == "S1" and disc.endplate is not None:
                found["S1.superior_anterior"], found["S1.superior_posterior"] = disc.endplate
        return found


def shapes_of(spine: Spine, parts: Mapping[str, Part], memo: Memo) -> Shapes:
    """The shapes of what the image shows whole of a spine; those that did not change come from `memo`."""
    canal = parts.get(CANAL.name)
    kinds = {one.structure.name: one.structure.kind for one in spine.instances}
    discs, vertebrae = ([parts[name] for name in kinds if kinds[name] == kind] for kind in ("disc", "vertebra"))
    digests = {name: parts[name].digest for name in kinds}
    seen = tuple(digests[name] for name, kind in kinds.items() if kind != "vertebra" or canal is None)
    centreline = memo.of(("centreline", seen), lambda: centreline_of(canal, discs, vertebrae))
    line = _digest(canal, centreline)
    cut = {one.structure.name for one in spine.instances if one.partly_visible}

    def shape_of(name: str) -> BodyShape | DiscShape | str:
        if name in cut:
            return _CUT.format(name)
        if centreline is None:
            return _NO_DIRECTION
        key = ("place", name, digests[name], line)
        part = parts[name]
        if kinds[name] == "disc":
            plane = memo.of(key, lambda: mid_sagittal(part, centreline))
            return memo.of((name, digests[name], plane.key), lambda: disc_of(name, part, plane))
        placed = memo.of(key, lambda: place_body(part, canal, centreline))
        return placed if isinstance(placed, str) else memo.of((name, placed.key), lambda: body_of(placed))

    found = {name: shape_of(name) for name in kinds if name != CANAL.name}
    reasons = {name: one for name, one in found.items() if isinstance(one, str)}
    above_s1 = next((name for name in kinds if kinds[name] == "disc" and beside(name)[1] == "S1"), "")
    return Shapes(
        digests=digests,
        centreline=centreline,
        line=line,
        canal=_canal(canal, centreline, line, memo),
        bodies={name: one for name, one in found.items() if isinstance(one, BodyShape)},
        discs={name: one for name, one in found.items() if isinstance(one, DiscShape)},
        reasons=reasons | {"S1": reasons.get(above_s1, _NO_S1.format(above_s1 or "the lowest disc"))},
    )


def _digest(canal: Part | None, centreline: Centreline | None) -> str:
    """Tells apart what bodies, discs and sections are cut with; an edited disc need not change it."""
    content = hashlib.blake2b((canal.digest if canal else "").encode(), digest_size=16)
    if centreline is not None:
        content.update(np.concatenate([centreline.places, centreline.tangents, centreline.backs]).tobytes())
    return content.hexdigest()


def _canal(part: Part | None, centreline: Centreline | None, line: str, memo: Memo) -> Canal | None:
    if part is None or centreline is None or not centreline.of_canal:
        return None
    return memo.of(("canal", line), lambda: Canal(part, centreline))
