"""What the program finds in radiographs whose corners are known: through the exported file, as for a user's image.

Corners (vertebrae, 4, 2) are top left, top right, bottom left, bottom right as (x, y) in pixels of the file, from the
top downward, whatever the view.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from tqdm import tqdm

from LumbarSegLib.core import analysis, images
from LumbarSegLib.core.anatomy import kinds_of
from LumbarSegLib.core.findings import Findings
from LumbarSegLib.core.measure.grid import Floats
from LumbarSegLib.core.measure.radiograph.curves import curves
from LumbarSegLib.core.models import Model
from LumbarSegLib.core.projection import AXES, with_projection
from LumbarSegLib.core.spacing import unspaced, with_spacing
from LumbarSegLib.errors import InputError
from training.data import aasce
from training.data.aasce import Listed
from training.data.corners import Corners
from training.data.pictures import read_grey, size_of
from training.radiographs import shown
from training.radiographs.challenge import smape, three_angles
from training.radiographs.matching import Matched, match
from training.radiographs.shown import Change

CURVES = (
    ("below 10°", 0.0, 10.0),
    ("10° to 25°", 10.0, 25.0),
    ("25° to 45°", 25.0, 45.0),
    ("45° and more", 45.0, 360.0),
)
_FEWEST = 4
_FROM_UPPER_LEFT = (0, 1, 3, 2)  # clockwise corners in the order of `training.data.corners`, and back


@dataclass(frozen=True, eq=False)
class Found:
    """What was found in one image: a mask of the vertebrae, their corners, and the view; or the `refusal`."""

    mask: NDArray[np.bool_]
    corners: Corners
    view: str = ""
    findings: Findings | None = None
    refusal: str = ""


@dataclass(frozen=True, eq=False)
class Case:
    """A radiograph whose corners are `marked`, and the corners `found` in it."""

    name: str
    rows: int
    marked: Corners
    found: Corners
    dice: float = np.nan
    refusal: str = ""

    @cached_property
    def matched(self) -> Matched:
        return match(self.marked, self.found)

    @cached_property
    def angles(self) -> tuple[float, float]:
        """The largest Cobb angle as found and as marked, in degrees; the first nan where none can be given."""
        return largest(self.found), largest(self.marked)

    @property
    def angle_error(self) -> float:
        """Found minus marked."""
        return self.angles[0] - self.angles[1]

    @cached_property
    def smape(self) -> float:
        """Of the challenge's three angles; 100 where none can be given."""
        if len(self.found) < _FEWEST:
            return 100.0
        return smape(*(three_angles(corners, self.rows) for corners in (self.found, self.marked)))

    @property
    def three_errors(self) -> Floats:
        """Found minus marked of the challenge's three angles, in degrees (3,)."""
        if len(self.found) < _FEWEST:
            return np.full(3, np.nan)
        return three_angles(self.found, self.rows) - three_angles(self.marked, self.rows)


def largest(corners: Corners) -> float:
    """The largest Cobb angle of corners as the program reads it, nan for too few vertebrae."""
    if len(corners) < _FEWEST:
        return np.nan
    return max(one.degrees for one in curves(corners[:, _FROM_UPPER_LEFT]))


def as_radiograph(grey: NDArray[np.uint8 | np.uint16], spacing_mm: float | None = None) -> sitk.Image:
    """Pixels (rows, columns) as the program reads them from a picture file, whose spacing the user may give."""
    picture = with_projection(unspaced(sitk.GetImageFromArray(grey[None]), AXES["frontal"]))
    return with_spacing(picture, spacing_mm)


def find(image: sitk.Image, model: Model) -> Found:
    """What the program finds in a radiograph; a refusal is a finding too."""
    rows, columns = image.GetSize()[1::-1]
    try:
        segmented = analysis.segment(image, model)
        findings = analysis.measure(segmented.result, segmented.image).findings
    except InputError as error:
        return Found(np.zeros((rows, columns), bool), np.zeros((0, 4, 2)), refusal=str(error))
    kinds = kinds_of("xray")
    values = sitk.GetArrayFromImage(segmented.semantic)[0]
    mask = np.isin(values, [kinds[kind].label for kind in ("vertebra", "lateral_vertebra")])
    corners = np.array([list(one.pixels.values()) for one in findings.corners]).reshape(-1, 4, 2)
    return Found(mask, corners[:, _FROM_UPPER_LEFT], getattr(segmented.result, "view", ""), findings)


def find_all(listed: Iterable[Listed], model: Model) -> list[Found]:
    """What the program finds in each radiograph as its file is."""
    return [find(images.read_image(one.path, radiograph=True), model) for one in tqdm(list(listed), "radiographs")]


def case_of(name: str, corners: Corners, found: Found) -> Case:
    size = found.mask.shape
    true = aasce.filled(corners, (size[0], size[1])) > 0
    both = true.sum() + found.mask.sum()
    marked = corners[np.argsort(corners[:, :, 1].mean(1))]
    return Case(name, size[0], marked, found.corners, float(2 * (true & found.mask).sum() / both), found.refusal)


def shown_otherwise(listed: Sequence[Listed], model: Model, changes: Mapping[str, Change]) -> dict[str, list[Case]]:
    """Radiographs with changed pixels, all of which lie where they lay."""
    return {name: [_changed(one, change, model) for one in tqdm(listed, name)] for name, change in changes.items()}


def with_implants(listed: Sequence[Listed], model: Model) -> list[Case]:
    """Radiographs with rods and screws drawn over what is marked."""

    def crossed(one: Listed) -> Change:
        marked = aasce.filled(one.corners, size_of(one.path)) > 0
        return lambda grey: shown.with_implants(grey, marked)

    return [_changed(one, crossed(one), model) for one in tqdm(listed, "implants")]


def shown_turned(listed: Sequence[Listed], model: Model, changes: Mapping[str, Change]) -> dict[str, list[str]]:
    """Why nothing is measured in radiographs that are turned, empty where something is."""
    return {
        name: [find(as_radiograph(change(_grey(one))), model).refusal for one in tqdm(listed, name)]
        for name, change in changes.items()
    }


def _changed(one: Listed, change: Change, model: Model) -> Case:
    return case_of(one.path.stem, one.corners, find(as_radiograph(change(_grey(one))), model))


def _grey(one: Listed) -> NDArray[np.uint8]:
    return read_grey(one.path).astype(np.uint8)
