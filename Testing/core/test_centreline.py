"""The centreline runs through the middle of the canal, smoothly, whatever the stack does to it."""

import numpy as np
import pytest

from LumbarSegLib.core.anatomy import CANAL
from LumbarSegLib.core.measure.centreline import Centreline, centreline_of
from LumbarSegLib.core.measure.grid import Floats, Grid, Part
from Testing.spine_shapes import SpineShape
from Testing.spines import Phantom

SHAPE = SpineShape(vertebrae=4)
THICK = (4.4, 0.5, 0.5)


def parts_of(grid: Grid) -> tuple[Part, list[Part], list[Part]]:
    discs = [grid.part(value) for value in grid.values if value > 200]
    vertebrae = [grid.part(value) for value in grid.values if value < 100]
    return grid.part(CANAL.label), discs, vertebrae


def seen(phantom: Phantom) -> tuple[Grid, Centreline]:
    grid = Grid(phantom.labels)
    line = centreline_of(*parts_of(grid))
    assert line is not None
    return grid, line


def true_diameters(phantom: Phantom, grid: Grid) -> tuple[Floats, Floats]:
    """The ends of the true AP diameters at all levels, in front and behind, in local coordinates."""
    names = [name for name in phantom.landmarks if name.endswith("canal_anterior")]
    front = np.array([phantom.landmarks[name] for name in names])
    back = np.array([phantom.landmarks[name.replace("anterior", "posterior")] for name in names])
    return grid.from_lps(front), grid.from_lps(back)


PHANTOMS = {
    "fine slices": Phantom(SHAPE),
    "thick slices": Phantom(SHAPE, THICK),
    "thick slices with noise": Phantom(SHAPE, THICK, noise=0.5),
    "leaning to the side": Phantom(SHAPE, THICK, turn=(0.0, 20.0, 0.0)),
    "leaning to the back": Phantom(SHAPE, THICK, turn=(20.0, 0.0, 0.0)),
    "turned about its own axis": Phantom(SHAPE, THICK, turn=(0.0, 0.0, 20.0)),
    "cut at the sides": Phantom(SHAPE, THICK, width=14.0),
}


@pytest.mark.parametrize("phantom", PHANTOMS.values(), ids=PHANTOMS)
def test_it_passes_within_a_millimetre_of_the_middle_of_the_canal_at_every_level(phantom: Phantom) -> None:
    grid, line = seen(phantom)
    front, back = true_diameters(phantom, grid)
    middle = (front + back) / 2
    away = np.linalg.norm(line.places[line.nearest(middle)] - middle, axis=1)
    assert away.max() < 1.0


@pytest.mark.parametrize("phantom", PHANTOMS.values(), ids=PHANTOMS)
def test_its_frame_points_to_the_back_of_the_spine_within_three_degrees(phantom: Phantom) -> None:
    grid, line = seen(phantom)
    front, back = true_diameters(phantom, grid)
    true_back = (back - front) / np.linalg.norm(back - front, axis=1, keepdims=True)
    found = line.backs[line.nearest((front + back) / 2)]
    assert np.degrees(np.arccos(np.clip((found * true_back).sum(1), -1, 1))).max() < 3.0


def test_its_frame_is_at_right_angles_with_up_back_and_right_where_they_belong() -> None:
    _, line = seen(PHANTOMS["leaning to the side"])
    for index in range(0, len(line.places), 10):
        up, back, right = line.frame(index)
        assert np.stack([up, back, right]) @ np.stack([up, back, right]).T == pytest.approx(np.eye(3), abs=1e-9)
        assert up[1] < 0 and back[2] > 0 and right[0] > 0


def test_it_runs_from_the_bottom_upward_in_steps_of_a_millimetre() -> None:
    _, line = seen(PHANTOMS["fine slices"])
    assert np.diff(line.along) == pytest.approx(1.0, abs=0.01)
    assert (np.diff(line.places[:, 1]) < 0).all()


def test_a_narrow_place_does_not_tilt_its_planes() -> None:
    narrow = Phantom(SpineShape(vertebrae=4, narrowings={"L3/4": 0.5}))
    grid, line = seen(narrow)
    _, plain = seen(PHANTOMS["fine slices"])
    front, back = true_diameters(narrow, grid)
    middle = (front + back) / 2
    cosine = (line.tangents[line.nearest(middle)] * plain.tangents[plain.nearest(middle)]).sum(1)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 1.0


def test_an_island_of_canal_does_not_draw_it_aside() -> None:
    grid, line = seen(PHANTOMS["fine slices"])
    canal, discs, vertebrae = parts_of(grid)
    mask = canal.mask.copy()
    mask[2:5, mask.shape[1] // 2 : mask.shape[1] // 2 + 4, -5:-2] = True
    with_island = centreline_of(canal.only(mask), discs, vertebrae)
    assert with_island is not None and len(with_island.places) == len(line.places)
    assert np.abs(with_island.places - line.places).max() < 1e-9


def test_a_gap_in_the_canal_is_bridged() -> None:
    grid, line = seen(PHANTOMS["fine slices"])
    canal, discs, vertebrae = parts_of(grid)
    mask = canal.mask.copy()
    mask[:, mask.shape[1] // 2 : mask.shape[1] // 2 + 8] = False
    bridged = centreline_of(canal.only(mask), discs, vertebrae)
    assert bridged is not None
    away = np.linalg.norm(bridged.places - line.places[line.nearest(bridged.places)], axis=1)
    assert away[5:-5].max() < 1.0


def test_without_a_canal_it_runs_upward_through_the_discs_and_says_so() -> None:
    grid, line = seen(PHANTOMS["fine slices"])
    _, discs, vertebrae = parts_of(grid)
    through_discs = centreline_of(None, discs, vertebrae)
    assert through_discs is not None and not through_discs.of_canal and line.of_canal
    assert through_discs.notes == (
        "No spinal canal was found; the direction of the spine is taken from its discs and vertebrae.",
    )
    beside = through_discs.tangents * line.tangents[line.nearest(through_discs.places)]
    assert beside.sum(1).min() > np.cos(np.radians(25))


def test_there_is_none_for_a_single_vertebra_or_a_mere_remnant_of_canal() -> None:
    grid, _ = seen(PHANTOMS["fine slices"])
    canal, _, vertebrae = parts_of(grid)
    remnant = np.zeros_like(canal.mask)
    remnant[:, 20:26] = canal.mask[:, 20:26]
    assert centreline_of(None, [], vertebrae[:1]) is None
    assert centreline_of(canal.only(remnant), [], vertebrae[:1]) is None
