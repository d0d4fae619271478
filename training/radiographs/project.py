"""Makes synthetic radiographs: SPIDER's spines from the side, and frontal ones around corners marked on real films.

    python -m training.radiographs.project xray_synthetic --data DATA/sagittal --frontal DATA/xray

They are experimental: no real lateral radiograph had a part in them. `pseudo_labels.npz` is to learn from, made of
nobody who is tested on: neither the patients whom the sagittal model holds out nor the radiographs of `frontal.toml`.
`held_out.npz` holds lateral films of those patients with their corners, to measure on; `sheet.png` shows some films.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from LumbarSegLib.core.preprocess import RADIOGRAPH_HEIGHT_MM
from training import runs
from training.data import aasce, spider
from training.data.corners import Corners
from training.data.pictures import size_of
from training.errors import TrainingError
from training.experiment import read_experiment
from training.radiographs.film import PIXEL_MM, Random
from training.radiographs.frontal import frontal_film
from training.radiographs.side import SideView, lengthened, side_view
from training.radiographs.sideways import Film, lateral_film

HELD_OUT = "held_out.npz"
CONFIGS = Path(__file__).parents[1] / "configs"
_LUMBAR = ("L1", "L2", "L3", "L4", "L5")
_LONG = 0.3  # of the films to learn from show the thoracic spine too
_MOST_ADDED = 11
_ON_SHEET = 12
_IN_A_ROW = 4
_COLOURS = {1: (80, 220, 80), 2: (80, 140, 255), 3: (255, 80, 80)}


def held_out_of(name: str) -> tuple[str, ...]:
    """The patients whom an experiment of `training/configs` holds out."""
    return read_experiment(CONFIGS / name).split.held_out


def views(data: Path) -> dict[str, SideView]:
    """The spines of all patients in whom all five lumbar bodies lie whole in the slices."""
    found = {}
    for case in tqdm(spider.read_spider(data).cases, "projecting", unit="patient"):
        view = side_view(case.read_classes())
        if set(_LUMBAR) <= set(view.corners):
            found[case.patient] = view
    return found


def laterals(chosen: dict[str, SideView], count: int, long: float, random: Random) -> dict[str, Film]:
    """`count` films of each spine; a share `long` of them shows the thoracic spine too."""
    films = {}
    for patient, view in tqdm(chosen.items(), "lateral", unit="patient"):
        for number in range(count):
            added = int(random.integers(2, _MOST_ADDED + 1)) if random.random() < long else 0
            shown = lengthened(view, added, random) if added else view
            films[f"lateral_{patient}_{number}"] = lateral_film(shown, random)
    return films


def frontals(data: Path, tested: Sequence[str], count: int, random: Random) -> dict[str, Film]:
    """`count` films around the corners of radiographs that are not `tested` on."""
    marked = [one for one in aasce.read_corners(data) if one.path.stem not in tested]
    films = {}
    for number in tqdm(range(count), "frontal", unit="film"):
        one = marked[int(random.integers(len(marked)))]
        films[f"frontal_{number}"] = frontal_film(*_on_film(one.corners, size_of(one.path), random), random)
    return films


def _on_film(corners: Corners, size: tuple[int, int], random: Random) -> tuple[Corners, tuple[int, int]]:
    """Corners of a radiograph on a film of the network's pixels, a little stretched."""
    scale = RADIOGRAPH_HEIGHT_MM / size[0] / PIXEL_MM
    scales = scale * np.exp(random.uniform(-0.08, 0.08, 2))
    columns, rows = (round(side * one) for side, one in zip(size[::-1], scales, strict=True))
    return (corners + 0.5) * scales - 0.5, (rows, columns)


def to_learn_from(films: dict[str, Film], unseen: Sequence[str]) -> dict[str, Any]:
    """Films as `training.folds.pseudo_labelled` reads them."""
    kept: dict[str, Any] = {"unseen": np.array(unseen)}
    for name, film in films.items():
        kept[f"{name}/image"] = film.image.astype(np.float16)
        kept[f"{name}/classes"] = film.classes
    return kept


def to_measure_on(films: dict[str, Film]) -> dict[str, Any]:
    """Films of 8 bits with their classes and the corners of each body that lies whole on them."""
    kept: dict[str, Any] = {}
    for name, film in films.items():
        kept[f"{name}/image"] = np.round(255 * film.image).astype(np.uint8)
        kept[f"{name}/classes"] = film.classes
        kept[f"{name}/names"] = np.array(list(film.corners))
        kept[f"{name}/corners"] = np.array(list(film.corners.values())).reshape(-1, 4, 2)
    return kept


def sheet(films: Sequence[Film], height: int = 640) -> Image.Image:
    """Films in rows, each as it is and with its classes."""
    tiles = []
    for film in films:
        grey = np.repeat(np.round(255 * film.image).astype(np.uint8)[..., None], 3, 2)
        drawn = grey.copy()
        for value, colour in _COLOURS.items():
            drawn[film.classes == value] = 0.65 * drawn[film.classes == value] + 0.35 * np.array(colour)
        both = Image.fromarray(np.concatenate([grey, drawn], 1))
        tiles.append(both.resize((round(both.width * height / both.height), height)))
    rows = [tiles[k : k + _IN_A_ROW] for k in range(0, len(tiles), _IN_A_ROW)]
    page = Image.new("RGB", (max(sum(tile.width for tile in row) for row in rows), height * len(rows)))
    for number, row in enumerate(rows):
        left = 0
        for tile in row:
            page.paste(tile, (left, number * height))
            left += tile.width
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what the films are called in `pseudo_labels` of an experiment")
    parser.add_argument("--data", type=Path, required=True, help="SPIDER's folder")
    parser.add_argument("--frontal", type=Path, required=True, help="AASCE's folder")
    parser.add_argument("--films", type=int, default=16, help="of each patient")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    tested, frontal_tested = held_out_of("sagittal.toml"), held_out_of("radiographs/frontal.toml")
    found = views(arguments.data)
    teaching = {patient: view for patient, view in found.items() if patient not in tested}
    if not teaching:
        raise TrainingError(f"{arguments.data} holds no patient to learn from; give SPIDER's folder.")
    random = np.random.default_rng(arguments.seed)
    measuring = laterals({p: v for p, v in found.items() if p in tested}, 4, 0.0, random)
    films = laterals(teaching, arguments.films, _LONG, random)
    films |= frontals(arguments.frontal, frontal_tested, len(films) // 2, random)
    folder = runs.RUNS / arguments.name
    folder.mkdir(parents=True, exist_ok=True)
    unseen = (*tested, *frontal_tested)
    for file, kept in (("pseudo_labels.npz", to_learn_from(films, unseen)), (HELD_OUT, to_measure_on(measuring))):
        runs.write_whole(folder / file, partial(np.savez_compressed, **kept))
    shown = [list(films.values())[k] for k in np.linspace(0, len(films) - 1, _ON_SHEET).astype(int)]
    sheet(shown).save(folder / "sheet.png")
    print(f"{len(films)} films to learn from, {len(measuring)} to measure on")  # noqa: T201  what the run reports


if __name__ == "__main__":
    main()
