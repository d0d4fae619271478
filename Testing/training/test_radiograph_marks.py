"""Films that are shown twice are found again and laid onto each other; how far two sets of marks part is scored."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

from Testing.training.test_radiograph_scores import bent
from training.data.aasce import Listed
from training.data.corners import Corners
from training.radiographs import marks, same_film
from training.radiographs.same_film import Onto

TILTS = [*np.linspace(-14, 14, 9), *np.linspace(10, -16, 8)]


def film(folder: Path, name: str, grey: np.ndarray, corners: Corners) -> Listed:
    path = folder / f"{name}.png"
    Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(path)
    return Listed(path, corners, folder / "corners.csv")


def texture(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, (480, 240))
    return np.asarray(128 + 60 * sum(k * gaussian_filter(noise, k) for k in (1.5, 4.0, 9.0)))


def column() -> Corners:
    return bent(TILTS) + np.array([20.0, 30.0])


def test_a_film_that_is_cut_out_and_scaled_otherwise_is_found_again(tmp_path: Path) -> None:
    whole, corners = texture(1), column()
    part = zoom(whole[12:, 15:230], 1.25, order=1, grid_mode=True, mode="nearest")
    cut = (corners - np.array([15, 12]) + 0.5) * 1.25 - 0.5
    shaken = cut + np.random.default_rng(2).normal(0, 0.8, cut.shape)
    listed = [film(tmp_path, "a", whole, corners), film(tmp_path, "b", part, shaken)]
    listed.append(film(tmp_path, "another patient bent alike", texture(3), corners))
    [(one, other, onto)] = same_film.pairs(listed)
    assert (one, other) == (0, 1)
    assert onto.agreement > 0.97
    assert np.abs(onto(corners) - cut).max() < 0.5


def test_columns_are_alike_where_one_is_named_a_level_off() -> None:
    long = bent([*TILTS, -18.0]).mean(1)
    other = bent(list(np.linspace(0, 70, 17))).mean(1)
    assert same_film.alike(np.stack([long[:-1], 0.7 * long[1:] + 40, other])) == [(0, 1)]


def test_marks_that_part_by_a_tenth_of_an_endplate_score_so_and_their_mean_closer(tmp_path: Path) -> None:
    corners = column()
    listed = film(tmp_path, "a", texture(1), corners)
    found = marks.twice(listed, listed, Onto(np.eye(2), np.array([4.0, 0.0]), 1.0))
    assert found.again.matched.error == pytest.approx(10.0)  # endplates are 40 pixels long
    assert found.mean.matched.error == pytest.approx(10.0 / np.sqrt(2))
    assert found.again.dice < found.mean.dice < 1.0
    assert found.again.angle_error == pytest.approx(0.0, abs=1e-9)
    assert found.area_ratio == pytest.approx(1.0)


def test_an_evenly_bent_column_is_steady_and_an_error_of_a_mark_comes_out_as_it_is() -> None:
    even = bent([float(k) for k in range(-8, 9)])
    assert marks.unsteady([even]).tilt == pytest.approx(0.0, abs=1e-9)
    assert marks.unsteady([even]).covering == 0.0
    random = np.random.default_rng(4)
    shaken = [bent([k + random.normal(0, 2.0) for k in range(-8, 9)]) for _ in range(60)]
    assert marks.unsteady(shaken).tilt == pytest.approx(2.0, rel=0.1)


def test_vertebrae_that_cover_each_other_are_counted() -> None:
    corners = column()
    corners[5] -= np.array([0.0, 12.0])
    assert marks.unsteady([corners]).covering == pytest.approx(100 / (len(corners) - 1))
