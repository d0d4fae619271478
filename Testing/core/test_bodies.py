"""Bodies of digital phantoms, whose corners are known from their formulas."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.anatomy import CANAL
from LumbarSegLib.core.measure.bodies import BodyShape, body_of, place_body
from LumbarSegLib.core.measure.centreline import Centreline, centreline_of
from LumbarSegLib.core.measure.grid import Floats, Grid, Part
from Testing.poses import ASKEW
from Testing.spine_shapes import SpineShape
from Testing.spines import Phantom

L4, L3 = 2, 3
SHORT = Phantom(shape=SpineShape(vertebrae=4), turn=(2.0, 4.0, -3.0))


def read(part: Part, canal: Part | None, line: Centreline) -> BodyShape | str:
    placed = place_body(part, canal, line)
    return placed if isinstance(placed, str) else body_of(placed)


class Scene:
    """A phantom as measuring sees it."""

    def __init__(self, phantom: Phantom, labels: sitk.Image | None = None, with_canal: bool = True) -> None:
        self.phantom = phantom
        self.grid = Grid(labels or phantom.labels)
        self.canal = self.grid.part(CANAL.label) if with_canal else None
        parts = {value: self.grid.part(value) for value in self.grid.values}
        discs, vertebrae = ([parts[v] for v in parts if low < v < low + 26] for low in (200, 0))
        line = centreline_of(self.canal, discs, vertebrae)
        assert line is not None
        self.line: Centreline = line

    def part(self, label: int = L3) -> Part:
        return self.grid.part(label)

    def body(self, label: int = L3) -> BodyShape:
        found = read(self.part(label), self.canal, self.line)
        assert isinstance(found, BodyShape)
        return found

    def errors(self, label: int = L3, name: str = "L3") -> Floats:
        """How far each landmark lies from the true one, in the body's plane."""
        body = self.body(label)
        true = {end: self.grid.from_lps(np.array(self.phantom.landmarks[f"{name}.{end}"])) for end in body.landmarks}
        return np.array(
            [np.hypot(*body.plane.flat(body.landmarks[end] - true[end] + body.plane.origin)) for end in true]
        )


@pytest.mark.parametrize(
    ("phantom", "bound"),
    [
        *(
            pytest.param(replace(SHORT, turn=turn, offset=offset), 0.5, id=f"1 mm, turned {turn}")
            for turn, offset in ASKEW[:4]
        ),
        pytest.param(replace(SHORT, spacing=(0.9, 0.47, 0.47)), 0.4, id="0.9 x 0.47 x 0.47 mm"),
        pytest.param(replace(SHORT, spacing=(4.4, 0.5, 0.5)), 0.4, id="4.4 x 0.5 x 0.5 mm"),
    ],
)
def test_six_landmarks_lie_where_the_formulas_put_them(phantom: Phantom, bound: float) -> None:
    scene = Scene(phantom)
    errors = np.array([scene.errors(label, name) for label, name in ((1, "L5"), (L4, "L4"), (L3, "L3"))])
    assert errors.max() < bound
    assert errors.mean() < 0.25


def test_where_a_wall_runs_along_voxels_of_1_mm_its_corners_lie_off_by_less_than_one() -> None:
    scene = Scene(SHORT)
    errors = np.array([scene.errors(label, name) for label, name in ((1, "L5"), (L4, "L4"), (L3, "L3"))])
    assert errors.max() < 1.0
    assert np.sqrt((errors**2).mean()) < 0.5
    assert errors.mean() < 0.25


def test_noise_of_half_a_millimetre_moves_landmarks_by_less_than_a_millimetre_in_the_mean() -> None:
    scene = Scene(replace(SHORT, noise=0.5, seed=3))
    assert np.mean([scene.errors(), scene.errors(L4, "L4")]) < 1.0


def test_the_outline_holds_the_body_and_nothing_of_the_arch() -> None:
    scene = Scene(SHORT)
    body = scene.body()
    place = scene.line.nearest(body.center)[0]
    behind = (body.contour - scene.line.places[place]) @ scene.line.backs[place]
    assert behind.max() < -5.0
    assert body.volume_mm3 < 0.9 * scene.part().volume_mm3


def test_the_plane_runs_along_the_canal_and_through_the_body() -> None:
    scene = Scene(replace(SHORT, turn=(2.0, 4.0, 17.0)))
    body = scene.body()
    index = scene.line.nearest(body.center)[0]
    assert body.plane.normal @ scene.line.tangents[index] == pytest.approx(0.0, abs=0.005)
    assert (body.center - body.plane.origin) @ body.plane.normal == pytest.approx(0.0, abs=0.1)


def test_a_stack_that_cuts_the_bodies_at_their_sides_gives_the_same_landmarks() -> None:
    narrow = Scene(replace(SHORT, spacing=(0.9, 0.5, 0.5), width=20.0))
    assert narrow.body().cut_at_side
    assert narrow.errors().max() < 0.4
    assert not Scene(SHORT).body().cut_at_side


def test_a_spine_without_canal_keeps_its_corners() -> None:
    labels = SHORT.labels
    without = sitk.Mask(labels, labels != CANAL.label)
    assert Scene(SHORT, without, with_canal=False).errors().max() < 1.0


def test_a_body_that_the_border_cuts_gets_a_reason() -> None:
    scene = Scene(SHORT)
    part = scene.part()
    middle = part.mask.shape[1] // 2
    cut = Part(part.mask[:, middle:], np.array([part.start[0], 0.0, part.start[2]]), part.spacing, part.size_mm)
    line = Centreline(
        scene.line.places - (0.0, part.start[1] + middle, 0.0), scene.line.tangents, scene.line.backs, True
    )
    assert read(cut, None, line) == "The border of the image cuts the body."


def test_a_vertebra_behind_the_canal_only_has_no_body() -> None:
    scene = Scene(SHORT)
    part = scene.part()
    index = scene.line.nearest(scene.body().center)[0]
    where = np.moveaxis(np.indices(part.mask.shape), 0, -1) * part.spacing + part.start - scene.line.places[index]
    arch = part.only(part.mask & (where @ scene.line.backs[index] > 0))
    assert read(arch, scene.canal, scene.line) == "No body was found in front of the canal."


def test_a_body_in_two_halves_gets_a_reason() -> None:
    scene = Scene(SHORT)
    part = scene.part()
    mask = part.mask.copy()
    back = int((scene.body().center[2] - part.start[2]) / part.spacing[2])
    mask[:, :, back - 3 : back + 3] = False
    assert read(part.only(mask), scene.canal, scene.line) == "The body lies in pieces."


def test_islands_are_counted() -> None:
    scene = Scene(SHORT)
    part = scene.part()
    mask = np.pad(part.mask, ((0, 0), (0, 0), (20, 0)))
    mask[20:30, 20:30, 2:8] = True
    start = part.start - (0.0, 0.0, 20 * part.spacing[2])
    found = read(Part(mask, start, part.spacing, part.size_mm), scene.canal, scene.line)
    assert isinstance(found, BodyShape)
    assert found.island_share == pytest.approx(600.0 / (found.volume_mm3), rel=0.01)
    assert scene.body().island_share == 0.0


def test_what_touches_by_an_edge_lies_not_apart() -> None:
    mask = np.zeros((6, 6, 8), dtype=bool)
    mask[1:3, 1:3, 1:3] = mask[1:3, 3:5, 3:5] = mask[1, 1, 6] = True
    part = Part(mask, np.zeros(3), np.ones(3), np.full(3, 10.0))
    assert part.share_apart == pytest.approx(1 / 17)
