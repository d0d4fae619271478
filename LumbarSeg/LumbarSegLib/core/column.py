"""The vertebral column in a semantic map: the line of the canal, the planes of the discs, the levels between them.

Everything here works on one array in a fixed order: axis 0 runs across (to the right), axis 1 upward, axis 2 to
the back; lengths are in mm. A place is told by `s`, the length along the column counted upward, and `d`, the
distance behind the midline of the canal (negative in front of it). In these two numbers a disc is nearly a
horizontal line, however curved the spine is.
"""

from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import center_of_mass, gaussian_filter1d, label
from scipy.signal import find_peaks
from scipy.spatial import cKDTree

from LumbarSegLib.core.upright import Spacing

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Indices = NDArray[np.intp]

_REACH = 65.0  # how far in front of the canal's midline a body or a disc can lie
CANAL_TO_DISC = 25.0  # from the canal's midline to the middle of a disc, about
STEP = 34.0  # from one lumbar disc to the next, where the image has no others to compare with
_SAME_DISC = 9.0  # discs nearer to one another than this are pieces of one
_TALL, _GAP = 1.25, 0.3  # a taller body (in steps) that is so thin (part of its usual section) in its midst is two
_FAR_FROM_DISC = 10.0  # what lies farther from the plane of each disc is no disc


@dataclass(frozen=True)
class Points:
    """Voxels: their indices into the array and their place in the column (mm)."""

    index: tuple[Indices, Indices, Indices]
    s: Floats
    d: Floats
    x: Floats

    def __len__(self) -> int:
        return len(self.s)

    def where(self, keep: Mask) -> "Points":
        across, up, back = self.index
        return Points((across[keep], up[keep], back[keep]), self.s[keep], self.d[keep], self.x[keep])


class CanalLine:
    """The midline of the canal in the sagittal plane, and the place of every voxel along it.

    Where no canal was found the line follows the discs at the distance that it keeps from them elsewhere.
    There must be a canal or a disc; `spacing` is in mm, in the order of the axes.
    """

    def __init__(self, canal: Mask, discs: Mask, spacing: Spacing) -> None:
        self._spacing = spacing
        _, height, width = canal.shape
        up = np.arange(-60.0, height * spacing[1] + 60.0)
        line = np.stack([up, _midline(canal, discs, spacing, up)], axis=1)
        along = np.gradient(line, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        # Measured where the discs lie: along the canal itself a lordotic spine is shorter than its column.
        column = line - CANAL_TO_DISC * along[:, ::-1] * (-1.0, 1.0)
        growth = np.maximum((np.diff(column, axis=0) * along[1:]).sum(axis=1), 0.2)
        length = np.concatenate([[0.0], np.cumsum(growth)])
        place = np.indices((height, width)).reshape(2, -1).T * np.array(spacing[1:])
        nearest = cKDTree(line).query(place)[1]
        offset, along = place - line[nearest], along[nearest]
        s = length[nearest] + (offset * along).sum(axis=1)
        d = offset[:, 1] * along[:, 0] - offset[:, 0] * along[:, 1]
        self._s = s.reshape(height, width).astype(np.float32)
        self._d = d.reshape(height, width).astype(np.float32)

    def points(self, mask: Mask) -> Points:
        """The voxels of `mask` with their place in the column."""
        across, up, back = np.nonzero(mask)
        x = ((across - mask.shape[0] / 2) * self._spacing[0]).astype(np.float32)
        return Points((across, up, back), self._s[up, back], self._d[up, back], x)


def _midline(canal: Mask, discs: Mask, spacing: Spacing, up: Doubles) -> Doubles:
    """How far back (mm) the canal's midline runs at each height `up` (mm)."""
    known, middles = _rows_of(canal, spacing), _middles_of(discs, spacing)
    if len(middles):
        behind = CANAL_TO_DISC
        if len(known):
            behind = float(np.median(known[:, 1] - np.interp(known[:, 0], *middles.T)))
        alone = [middle for middle in middles if not len(known) or np.abs(known[:, 0] - middle[0]).min() > 20.0]
        known = np.concatenate([known, np.reshape(alone, (-1, 2)) + np.array([0.0, behind])])
        known = known[np.argsort(known[:, 0])]
    depth = np.interp(up, *known.T)
    for edge, beyond in ((known[0, 0], up < known[0, 0]), (known[-1, 0], up > known[-1, 0])):
        end = known[np.abs(known[:, 0] - edge) < 30.0]
        slope = np.polyfit(end[:, 0], end[:, 1], 1)[0] if np.ptp(end[:, 0]) > 15.0 else 0.0
        depth[beyond] += np.clip(slope, -1.0, 1.0) * (up[beyond] - edge)
    return np.asarray(gaussian_filter1d(depth, 6.0, mode="nearest"))


def _rows_of(mask: Mask, spacing: Spacing) -> Doubles:
    """Height and mean depth (mm) of each row that `mask` is seen in, its islands left out; shape (rows, 2)."""
    shadow = mask.sum(axis=0)
    islands, _ = label(shadow > 0, np.ones((3, 3)))
    size = np.bincount(islands.ravel(), shadow.ravel())
    shadow = shadow * (size > 0.05 * size.max())[islands]
    weight = shadow.sum(axis=1)
    rows = np.flatnonzero(weight)
    depth = (shadow[rows] @ np.arange(shadow.shape[1])) / weight[rows]
    return np.stack([rows * spacing[1], depth * spacing[2]], axis=1)


def _middles_of(mask: Mask, spacing: Spacing) -> Doubles:
    """Height and depth (mm) of the middle of each piece of `mask`, islands left out, upward; shape (pieces, 2)."""
    shadow = mask.sum(axis=0)
    pieces, count = label(shadow > 0, np.ones((3, 3)))
    if not count:
        return np.empty((0, 2))
    size = np.bincount(pieces.ravel(), shadow.ravel())[1:]
    large = 1 + np.flatnonzero(size > 0.2 * np.median(size))
    middles = np.array(center_of_mass(shadow, pieces, large)) * spacing[1:]
    return np.asarray(middles[np.argsort(middles[:, 0])])


@dataclass(frozen=True)
class DiscPlane:
    """A disc as a slightly tilted plane in s, d and x; `height` is its s in the middle of the disc.

    `count` is the number of its voxels; 0 marks a disc that was not found though it must be there.
    """

    height: float
    tilt_back: float = 0.0
    tilt_across: float = 0.0
    count: int = 0

    def above(self, points: Points) -> Floats:
        """How far each point lies above the plane, along s, in mm."""
        depth = np.clip(points.d, -_REACH, 0.0) + CANAL_TO_DISC
        plane = self.height + self.tilt_back * depth + self.tilt_across * points.x
        return np.asarray(points.s - plane, dtype=np.float32)


def find_discs(points: Points) -> list[DiscPlane]:
    """The planes of the discs among the disc voxels, from the bottom upward."""
    points = points.where(_in_column(points))
    planes = [DiscPlane(height, count=1) for height in _peaks(points.s)]
    for _ in range(4):
        owner = plane_of(points, planes)
        planes = _without_pieces([_fit(points.where(owner == k)) for k in np.unique(owner) if k >= 0])
    return planes


def plane_of(points: Points, planes: list[DiscPlane]) -> Indices:
    """For each disc voxel the number of the found disc that it belongs to, -1 for none."""
    far = np.full(len(points), np.inf, dtype=np.float32)
    away = np.stack([np.abs(plane.above(points)) if plane.count else far for plane in planes])
    near = _in_column(points) & (away.min(axis=0) < _FAR_FROM_DISC)
    return np.where(near, away.argmin(axis=0), -1)


def _in_column(points: Points) -> Mask:
    return (points.d > -_REACH) & (points.d < 8.0)


def _peaks(s: Floats) -> list[float]:
    """Heights at which the disc voxels gather."""
    low = float(s.min()) - 20.0
    profile = gaussian_filter1d(np.bincount((s - low).astype(np.intp), minlength=40).astype(float), 3.0)
    profile = np.append(profile, np.zeros(20))
    strong = float(np.percentile(profile[profile > 0.05 * profile.max()], 75))
    peaks, _ = find_peaks(profile, distance=10, prominence=0.06 * strong)
    return [low + float(peak) + 0.5 for peak in peaks]


def _fit(points: Points) -> DiscPlane:
    """The plane through the voxels of a disc; a few voxels alone do not tilt it."""
    depth = np.clip(points.d, -_REACH, 0.0) + CANAL_TO_DISC
    terms = np.stack([np.ones(len(points)), depth, points.x], axis=1)
    stiff = np.diag([0.0, 100.0 * 15.0**2, 100.0 * 8.0**2])
    height, back, across = np.linalg.solve(terms.T @ terms + stiff, terms.T @ points.s)
    return DiscPlane(float(height), float(back), float(across), len(points))


def _without_pieces(planes: list[DiscPlane]) -> list[DiscPlane]:
    """The planes in order, each with the lesser ones that lie in the same place left out."""
    kept: list[DiscPlane] = []
    for plane in sorted(planes, key=lambda plane: -plane.count):
        if all(abs(plane.height - other.height) > _SAME_DISC for other in kept):
            kept.append(plane)
    return sorted(kept, key=lambda plane: plane.height)


def front_wall(canal: Points, heights: Floats) -> Floats:
    """The depth d of the canal's front wall at each height s: what lies in front of it is body or disc."""
    if not len(canal):
        return np.full(len(heights), -7.0, dtype=np.float32)
    bins = np.arange(canal.s.min(), canal.s.max() + 4.0, 4.0)
    place = np.digitize(canal.s, bins) - 1
    seen = [k for k in range(len(bins)) if (place == k).sum() > 10]
    if not seen:
        return np.full(len(heights), -7.0, dtype=np.float32)
    wall = np.array([np.percentile(canal.d[place == k], 10) for k in seen])
    wall = gaussian_filter1d(np.clip(wall, -12.0, -3.0), 1.5, mode="nearest")
    return np.asarray(np.interp(heights, bins[seen] + 2.0, wall), dtype=np.float32)


def level_of(points: Points, planes: list[DiscPlane]) -> Indices:
    """How many planes lie below each point: 0 below the lowest disc, 1 between it and the next, and so on."""
    level = np.zeros(len(points), dtype=np.intp)
    for plane in planes:
        level += plane.above(points) > 0
    return level


def mend_discs(planes: list[DiscPlane], body: Points) -> list[DiscPlane]:
    """The planes without false discs, and with planes of count 0 where a disc was not found.

    `body` holds the vertebra voxels in front of the canal.
    """
    planes = _without_stray_ends(planes, body)
    planes = _without_intruders(planes)
    return _with_missing(planes, body)


def _without_stray_ends(planes: list[DiscPlane], body: Points) -> list[DiscPlane]:
    """Leaves out small discs at the ends that no body joins to the column, as one in the sacrum."""
    while len(planes) > 2:
        sizes = np.bincount(level_of(body, planes), minlength=len(planes) + 1)
        if _is_stray(planes, 0, sizes[1], sizes[1:-1]):
            planes = planes[1:]
        elif _is_stray(planes, len(planes) - 1, sizes[-2], sizes[1:-1]):
            planes = planes[:-1]
        else:
            break
    return planes


def _is_stray(planes: list[DiscPlane], end: int, body_size: int, body_sizes: Indices) -> bool:
    """Whether a disc at an end is small, and too small a body or too short a step parts it from the next one."""
    small = planes[end].count < 0.5 * median(plane.count for plane in planes)
    first = 0 if end == 0 else end - 1
    step = planes[first + 1].height - planes[first].height
    short = step < 0.7 * _expected_step(planes, first, first + 1)
    return bool(small and (short or body_size < 0.3 * np.median(body_sizes)))


def _without_intruders(planes: list[DiscPlane]) -> list[DiscPlane]:
    """Leaves out a small disc in the midst of what is by its height one vertebra."""
    for k in range(1, len(planes) - 1):
        below, above = planes[k].height - planes[k - 1].height, planes[k + 1].height - planes[k].height
        step = _expected_step(planes, k - 1, k + 1)
        small = planes[k].count < 0.4 * median(plane.count for plane in planes)
        if small and max(below, above) < 0.75 * step and below + above < 1.35 * step:
            return _without_intruders(planes[:k] + planes[k + 1 :])
    return planes


def _expected_step(planes: list[DiscPlane], first: int, last: int) -> float:
    """The step from disc to disc to expect between two planes, by the nearest steps outside them."""
    heights = [plane.height for plane in planes]
    steps = np.diff(heights)
    nearest = [steps[k] for k in range(max(0, first - 3), first)] + list(steps[last : last + 3])
    return float(np.clip(np.median(nearest), 18.0, 48.0)) if nearest else STEP


def _with_missing(planes: list[DiscPlane], body: Points) -> list[DiscPlane]:
    level = level_of(body, planes)
    mended: list[DiscPlane] = []
    top = len(planes)
    for k in range(top + 1):
        own = body.where(level == k)
        if 0 < k < top:
            mended += _missing(own, planes[k - 1], planes[k], _expected_step(planes, k - 1, k))
        elif len(own) > 50:
            near = planes[0] if k == 0 else planes[-1]
            step = _expected_step(planes, 0, 0) if k == 0 else _expected_step(planes, top - 1, top - 1)
            far = float(np.percentile(near.above(own), 2 if k == 0 else 98)) + (-0.1 if k == 0 else 0.1) * step
            end = DiscPlane(near.height + far, near.tilt_back, near.tilt_across)
            low, high = (end, near) if k == 0 else (near, end)
            mended += _missing(own, low, high, step)
        if k < top:
            mended.append(planes[k])
    return mended


def _missing(own: Points, low: DiscPlane, high: DiscPlane, step: float) -> list[DiscPlane]:
    """The discs that must lie between two planes which are several steps apart: where the bodies are narrowest."""
    height = high.height - low.height
    up, down = low.above(own), high.above(own)
    fraction = np.clip(up / np.maximum(up - down, 1e-3), 0.0, 0.999)
    profile = gaussian_filter1d(np.bincount((fraction * 100).astype(np.intp), minlength=100).astype(float), 1.0)
    profile /= profile.max() + 1e-9
    parts = int(np.floor(height / step + 0.42))
    if parts == 1 and height > _TALL * step and profile[30:70].min() < _GAP * np.median(profile):
        parts = 2  # a low body, as a broken one, beside a common one
    found = []
    for part in range(1, parts):
        ideal = 100 * part / parts
        window = np.arange(int(ideal - 25 / parts), int(ideal + 25 / parts) + 1)
        cost = profile[window] + ((window - ideal) / (40 / parts)) ** 2 * 0.3
        cut = (window[cost.argmin()] + 0.5) / 100
        found.append(
            DiscPlane(
                low.height + cut * height,
                low.tilt_back + cut * (high.tilt_back - low.tilt_back),
                low.tilt_across + cut * (high.tilt_across - low.tilt_across),
            )
        )
    return found
