"""The discs: outline in the mid-sagittal plane, area, volume, the endplate below, heights and bulge."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from LumbarSegLib.core.anatomy import beside
from LumbarSegLib.core.findings import Measurement, Trace
from LumbarSegLib.core.measure.centreline import Centreline
from LumbarSegLib.core.measure.endplate import endplate_below
from LumbarSegLib.core.measure.grid import Floats, Part, Plane, as_point, unit
from LumbarSegLib.core.measure.outline import area, outlines

_STEP = 0.4  # mm between samples in the plane
_SMOOTHING = 0.8  # mm; rounds the steps of the voxels
_SLAB = (-3.0, -1.5, 0.0, 1.5, 3.0)  # mm across: planes that are averaged, against the noise of single voxels
_MARGIN = 3.0  # mm around the disc in its plane
_SMALLEST = 60.0  # mm2; less is no disc
_PIECE = 0.2  # of the largest outline; a second one of that size means that the disc lies in pieces
_SHORTEST = 1.0  # mm; an endplate whose ends lie nearer than this has no direction
_WALL = 3.0  # mm in front of its hindmost point that still are its posterior border
_BULGE_BEYOND = 3.0  # mm above and below the corners that still belong to the disc's posterior border

_PLACES = ("anterior", "middle", "posterior")
_SIDES = "The sides of the stack cut the disc, so its volume is not known."
_BORDER = "The border of the image cuts {}."
_NO_PLANE = "{} does not reach the mid-sagittal plane."
_IN_PIECES = "{} lies in pieces in the mid-sagittal plane."
_NOT_BETWEEN = "{} does not lie between the posterior corners of the vertebrae beside it."

Points = Mapping[str, Floats]
Reasons = Mapping[str, str]


@dataclass(frozen=True, eq=False)
class DiscShape:
    """One disc. `plane` is its mid-sagittal plane, across to the back and along upward.

    `contour` (n, 3) is its outline there in local coordinates, around `area_mm2`. `endplate` (2, 3) are the front and
    the back end of the endplate along its lower border, None where that border is no endplate. `volume_mm3` is None
    where the sides of the stack cut the disc.
    """

    plane: Plane
    contour: Floats
    area_mm2: float
    endplate: Floats | None
    volume_mm3: float | None

    @property
    def wall(self) -> Floats:
        """The lower and the upper end (2, 3) of its posterior border."""
        back, height = self.plane.flat(self.contour).T
        hind = np.flatnonzero(back > back.max() - _WALL)
        return self.contour[hind[[height[hind].argmin(), height[hind].argmax()]]]


def disc_of(name: str, part: Part, plane: Plane) -> DiscShape | str:
    """The disc `part` in its mid-sagittal plane, or a sentence that says why it cannot be measured."""
    flat = _outlines(part, plane)
    if not flat or abs(area(flat[0])) < _SMALLEST:
        return _NO_PLANE.format(name)
    if len(flat) > 1 and abs(area(flat[1])) > _PIECE * abs(area(flat[0])):
        return _IN_PIECES.format(name)
    contour = plane.places(flat[0])
    low, high = 0.5 * part.spacing, part.size_mm - 0.5 * part.spacing
    if ((contour < low) | (contour > high))[:, 1:].any():
        return _BORDER.format(name)
    ends = endplate_below(flat[0], _blur(part))
    endplate = None if ends is None else plane.places(ends)
    volume = None if part.touches_side() else part.volume_mm3
    return DiscShape(plane, contour, abs(area(flat[0])), endplate, volume)


def _blur(disc: Part) -> float:
    """The sigma (mm) of what blurs an outline: smoothing, and interpolation between voxels as a triangle does."""
    return float(np.hypot(_SMOOTHING, np.sqrt((disc.spacing[1:] ** 2).mean() / 6)))


def mid_sagittal(disc: Part, centreline: Centreline) -> Plane:
    """Through the middle of the canal beside the disc and, where the disc is seen wholly, through its own middle."""
    middle = disc.middle
    index = int(centreline.nearest(middle)[0])
    up, back, right = centreline.frame(index)
    origin = middle + ((centreline.places[index] - middle) @ right) * right
    return Plane(origin, back, up).steady(middle)


def _outlines(disc: Part, plane: Plane) -> list[Floats]:
    """The outlines of the disc in the plane, (n, 2) in the plane's own mm, the largest first."""
    seen = plane.flat(disc.places)
    low, high = seen.min(axis=0) - _MARGIN, seen.max(axis=0) + _MARGIN
    axes = [np.arange(a, b, _STEP) for a, b in zip(low, high, strict=True)]
    flat = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    field = gaussian_filter(disc.mask.astype(np.float32), _SMOOTHING / disc.spacing)
    slab = [disc.sample(field, plane.places(flat) + away * plane.normal) for away in _SLAB]
    return [low + _STEP * outline for outline in outlines(np.mean(slab, axis=0))]


def heights(disc: str, points: Points, reasons: Reasons, right: Floats) -> list[Measurement]:
    """Anterior, middle, posterior and mean height, and the height index.

    Each is the distance between the landmarks of both endplates at right angles to the bisector of the endplates (as
    Frobin et al. 1997 took it), so that a slip does not make a disc taller. It is taken in the spine's sagittal plane,
    whose normal to the patient's right is `right` (3,): mid-planes that part across do not make it taller either.
    `points` are landmarks in local coordinates; `reasons` say in a sentence why a vertebra has none.
    """
    upper, lower = beside(disc)
    pairs = {place: (f"{upper}.inferior_{place}", f"{lower}.superior_{place}") for place in _PLACES}
    known = _with_middle_of_s1(points)
    if reason := _missing(pairs, known, reasons):
        keys = [*(f"disc.{place}_height" for place in (*_PLACES, "mean")), "disc.height_index"]
        return [Measurement(key, disc, None, reason=reason) for key in keys]
    found = []
    upward = _across_the_gap([(known[a], known[b]) for a, b in pairs.values()], right)
    for place, (above, below) in pairs.items():
        height = float((known[above] - known[below]) @ upward)
        line = (as_point(known[below]), as_point(known[below] + height * upward))
        named = {name: as_point(known[name]) for name in (above, below)}
        found.append(Measurement(f"disc.{place}_height", disc, height, Trace(named, (line,))))
    mean = float(np.mean([one.value for one in found]))
    lines = tuple(line for one in found for line in one.trace.lines)
    every = {name: place for one in found for name, place in one.trace.points.items()}
    found.append(Measurement("disc.mean_height", disc, mean, Trace(every, lines)))
    front, back = pairs["anterior"][0], pairs["posterior"][0]
    depth = float(np.linalg.norm(known[front] - known[back]))
    depth_line = (every[front], every[back])
    found.append(Measurement("disc.height_index", disc, mean / depth, Trace(every, (*lines, depth_line))))
    return found


def sizes(disc: str, shape: DiscShape | str) -> list[Measurement]:
    """Mid-sagittal area and volume; `shape` is the disc's, or the reason why there is none."""
    keys = ("disc.area", "disc.volume")
    if isinstance(shape, str):
        return [Measurement(key, disc, None, reason=shape) for key in keys]
    trace = Trace(contours=(tuple(as_point(place) for place in shape.contour),))
    volume = Measurement(keys[1], disc, shape.volume_mm3, trace) if shape.volume_mm3 else None
    return [
        Measurement(keys[0], disc, shape.area_mm2, trace),
        volume or Measurement(keys[1], disc, None, reason=_SIDES),
    ]


def bulge(disc: str, shape: DiscShape | str, points: Points, reasons: Reasons) -> Measurement:
    """How far the disc reaches behind the line between the posterior corners beside it; negative in front of it."""
    upper, lower = beside(disc)
    names = (f"{lower}.superior_posterior", f"{upper}.inferior_posterior")
    reason = _missing({"posterior": names}, points, reasons) or (shape if isinstance(shape, str) else "")
    if reason or isinstance(shape, str):
        return Measurement("disc.bulge", disc, None, reason=reason)
    low, high = (points[name] for name in names)
    upward = unit(high - low)
    behind = unit(shape.plane.across - (shape.plane.across @ upward) * upward)
    along = (shape.contour - low) @ upward
    beside_gap = (along > -_BULGE_BEYOND) & (along < float((high - low) @ upward) + _BULGE_BEYOND)
    if not beside_gap.any():
        return Measurement("disc.bulge", disc, None, reason=_NOT_BETWEEN.format(disc))
    reach = np.where(beside_gap, (shape.contour - low) @ behind, -np.inf)
    farthest = int(np.argmax(reach))
    foot = shape.contour[farthest] - reach[farthest] * behind
    lines = ((as_point(low), as_point(high)), (as_point(foot), as_point(shape.contour[farthest])))
    return Measurement(
        "disc.bulge", disc, float(reach[farthest]), Trace({n: as_point(points[n]) for n in names}, lines)
    )


def _with_middle_of_s1(points: Points) -> Points:
    """The S1 endplate has two landmarks; half way between them stands for its middle."""
    ends = [points.get(f"S1.superior_{end}") for end in ("anterior", "posterior")]
    return points if ends[0] is None or ends[1] is None else {**points, "S1.superior_middle": (ends[0] + ends[1]) / 2}


def _missing(pairs: Mapping[str, tuple[str, str]], points: Points, reasons: Reasons) -> str:
    """Why these landmarks cannot be measured from, in a sentence; "" where they can."""
    names = [name for pair in pairs.values() for name in pair]
    vertebra = next((name.split(".")[0] for name in names if name not in points), "")
    if vertebra:
        return reasons.get(vertebra, f"{vertebra} is not seen.")
    fronts, backs = pairs.get("anterior", ()), pairs.get("posterior", ())
    for front, back in zip(fronts, backs, strict=False):
        if np.linalg.norm(points[front] - points[back]) < _SHORTEST:
            return f"Two corners of {front.split('.')[0]} lie in one place."
    return ""


def _across_the_gap(pairs: list[tuple[Floats, Floats]], right: Floats) -> Floats:
    """The unit vector upward at right angles to the bisector of two endplates and to `right`.

    `pairs` are the upper and the lower landmark in front, in the middle and behind.
    """
    front, _, back = pairs
    forward = sum((unit(a - b) for a, b in zip(front, back, strict=True)), np.zeros(3))
    return unit(np.cross(forward, right))
