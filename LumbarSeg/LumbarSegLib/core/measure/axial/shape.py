"""The regions of one slice as shapes: their borders, the ends of their diameters, and what speaks against them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay, QhullError

from LumbarSegLib.core.anatomy import Kind
from LumbarSegLib.core.measure.axial.contour import borders, chord, enclosed, main_piece, middle, widest
from LumbarSegLib.core.measure.axial.frame import Frame, frame_of
from LumbarSegLib.core.measure.axial.slices import VALUES, AxialSlice, Mask
from LumbarSegLib.core.measure.outline import Floats

Ends = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class SliceShape:
    """What a slice that shows a disc and a sac holds. Places are (across, down) in mm in the slice.

    `sac` and `disc` are polygons (n, 2) around the largest piece of each, `aap` those around all of that region.
    `sac_ends` are its front and back, then its right and left end; `disc_ends` the front and back of the disc.
    `aap_halves` are the areas of that region on the patient's left and right of the line through the sac's middle.
    `apart` are the shares of sac and disc that lie apart from their largest piece; `outside` that of the sac which the
    other regions do not surround, 0 where there are too few of them to tell; `cut` are the regions that reach a side of
    the slice; `behind` tells whether the sac lies behind the disc.
    """

    frame: Frame
    sac: Floats
    disc: Floats
    aap: list[Floats]
    sac_ends: tuple[Ends, Ends]
    disc_ends: Ends
    aap_halves: tuple[float, float]
    apart: dict[Kind, float]
    outside: float
    cut: tuple[Kind, ...]
    behind: bool

    @property
    def sac_middle(self) -> Floats:
        return middle(self.sac)

    @property
    def sac_area(self) -> float:
        return enclosed([self.sac])

    @property
    def disc_area(self) -> float:
        return enclosed([self.disc])

    @property
    def aap_area(self) -> float:
        return enclosed(self.aap)


def shape_of(one: AxialSlice) -> SliceShape | None:
    """The shape of a slice; None where no disc or no sac is labelled."""
    masks = {kind: one.mask(kind) for kind in VALUES}
    if not masks["ivd"].any() or not masks["ts"].any():
        return None
    spacing = one.plane.spacing
    frame = frame_of(one.labels, (VALUES["ivd"], VALUES["pe"]), spacing)
    (sac_mask, sac_apart), (disc_mask, disc_apart) = main_piece(masks["ts"]), main_piece(masks["ivd"])
    sac, disc = borders(sac_mask, spacing)[0], borders(disc_mask, spacing)[0]
    sac_middle, disc_middle = middle(sac), middle(disc)
    return SliceShape(
        frame=frame,
        sac=sac,
        disc=disc,
        aap=borders(masks["aap"], spacing),
        sac_ends=(chord(sac, sac_middle, frame.back), widest(sac, frame.left)),
        disc_ends=chord(disc, disc_middle, frame.back),
        aap_halves=_halves(masks["aap"], spacing, sac_middle, frame),
        apart={"ts": sac_apart, "ivd": disc_apart},
        outside=_outside(masks),
        cut=tuple(kind for kind, mask in masks.items() if _at_side(mask)),
        behind=bool((sac_middle - disc_middle) @ frame.back > 0),
    )


def _halves(mask: Mask, spacing: tuple[float, float], through: Floats, frame: Frame) -> tuple[float, float]:
    """The area in mm² to the left and to the right of a line; pixels that it crosses are divided."""
    across, down = spacing
    aside = (np.argwhere(mask)[:, ::-1] * spacing - through) @ frame.left
    width = abs(frame.left[0]) * across + abs(frame.left[1]) * down
    left = np.clip(aside / width + 0.5, 0.0, 1.0)
    return float(left.sum()) * across * down, float((1.0 - left).sum()) * across * down


def _at_side(mask: Mask) -> bool:
    return bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())


def _outside(masks: dict[Kind, Mask]) -> float:
    """The share of the sac outside of the convex hull of the other regions."""
    if not (masks["pe"].any() or masks["aap"].any()):
        return 0.0
    others = np.argwhere(masks["ivd"] | masks["pe"] | masks["aap"])
    try:
        hull = Delaunay(others[_extreme(others)])
    except QhullError:
        return 1.0
    return float((hull.find_simplex(np.argwhere(masks["ts"])) < 0).mean())


def _extreme(pixels: NDArray[np.integer]) -> NDArray[np.integer]:
    """Indices of the first and the last pixel of each row, which have the same hull as all."""
    first = np.flatnonzero(np.diff(pixels[:, 0], prepend=-1))
    return np.union1d(first, np.append(first[1:] - 1, len(pixels) - 1))
