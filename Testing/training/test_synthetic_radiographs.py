"""Films that are projected from the masks of a spine, and frontal ones around corners."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from Testing.phantoms import spine_phantom
from Testing.training.test_radiograph_readers import straight_spine
from training.data import aasce
from training.radiographs import project
from training.radiographs.frontal import frontal_film
from training.radiographs.lateral_truth import read_films
from training.radiographs.side import SideView, lengthened, side_view
from training.radiographs.sideways import LATERAL, Film, lateral_film


@pytest.fixture(scope="module")
def view() -> SideView:
    _, classes = spine_phantom(in_plane=0.6)
    return side_view(classes)


def inside(film: Film, corners: np.ndarray) -> bool:
    """Whether the middle of four corners lies in a body of the film."""
    row, column = np.round(corners.mean(0)).astype(int)
    return bool(film.classes[row, column] == LATERAL)


def test_each_body_is_apart_from_its_arch_and_holds_its_corners(view: SideView) -> None:
    assert len(view.corners) >= 5
    for name, corners in view.corners.items():
        row, column = np.round(corners.mean(0)).astype(int)
        assert view.bodies[row, column] == view.names.index(name) + 1
    behind = max(corners[:, 1].max() for corners in view.corners.values())
    assert not view.bodies[:, int(behind) + 8 :].any()
    assert view.arch_mm[:, int(behind) + 8 :].any()


def test_a_lengthened_spine_goes_on_upward_with_smaller_vertebrae_and_spaces_between(view: SideView) -> None:
    longer = lengthened(view, 4, np.random.default_rng(0))
    added = [corners for name, corners in longer.corners.items() if name.startswith("+")]
    assert len(added) == 4
    middles = [corners.mean(0)[0] for corners in added]
    assert middles == sorted(middles, reverse=True)
    widths = [float(np.linalg.norm(corners[1] - corners[0])) for corners in added]
    assert widths == sorted(widths, reverse=True)
    for below, above in pairwise(added):
        row, column = np.round((below[:2].mean(0) + above[2:].mean(0)) / 2).astype(int)
        assert longer.spaces[row, column]


@pytest.mark.parametrize("seed", range(4))
def test_the_corners_of_a_lateral_film_lie_around_the_bodies_of_its_classes(view: SideView, seed: int) -> None:
    film = lateral_film(view, np.random.default_rng(seed))
    assert film.image.shape == film.classes.shape
    assert 0 <= film.image.min() <= film.image.max() <= 1
    assert set(np.unique(film.classes)) <= {0, LATERAL, aasce.DISC_SPACE}
    assert film.corners
    assert all(inside(film, corners) for corners in film.corners.values())


def test_bodies_are_brighter_than_what_lies_beside_them(view: SideView) -> None:
    brighter = 0
    for seed in range(6):
        film = lateral_film(view, np.random.default_rng(seed))
        body, space = (film.image[film.classes == value].mean() for value in (LATERAL, aasce.DISC_SPACE))
        brighter += body > space
    assert brighter >= 5


def test_films_face_either_way_and_none_is_like_another(view: SideView) -> None:
    films = [lateral_film(view, np.random.default_rng(seed)) for seed in range(8)]
    faces = {bool(next(iter(film.corners.values()))[0, 1] < next(iter(film.corners.values()))[1, 1]) for film in films}
    assert faces == {True, False}
    again = lateral_film(view, np.random.default_rng(3))
    assert np.array_equal(again.image, films[3].image)
    assert len({film.image.shape for film in films}) > 1


def test_a_frontal_film_has_the_classes_of_the_corners_that_it_is_drawn_around() -> None:
    spine = straight_spine() - np.array([0.5, 0.0])  # in the middle, so that its mirror image is the same
    film = frontal_film(spine, (400, 120), np.random.default_rng(0))
    assert film.image.shape == (400, 120)
    assert np.array_equal(film.classes, aasce.with_spaces(spine, (400, 120)))


def test_films_to_learn_from_name_those_who_are_not_in_them_and_those_to_measure_on_come_back(
    view: SideView, tmp_path: Path
) -> None:
    films = {"lateral_5_0": lateral_film(view, np.random.default_rng(2))}
    kept = project.to_learn_from(films, ("18", "a"))
    assert kept["unseen"].tolist() == ["18", "a"]
    assert kept["lateral_5_0/image"].shape == kept["lateral_5_0/classes"].shape
    np.savez_compressed(tmp_path / project.HELD_OUT, **project.to_measure_on(films))
    film = read_films(tmp_path / project.HELD_OUT)[0]
    assert set(film.names) == set(films["lateral_5_0"].corners)
    assert (film.corners[:, 0, 0] < film.corners[:, 1, 0]).all()
    assert (film.corners[:, 0, 1] < film.corners[:, 2, 1]).all()
    assert (np.diff(film.corners.mean(1)[:, 1]) > 0).all()


def test_nobody_who_is_tested_on_is_projected_to_learn_from() -> None:
    assert {"18", "55", "98", "146", "200", "241"} == set(project.held_out_of("sagittal.toml"))
    assert len(project.held_out_of("radiographs/frontal.toml")) >= 90
