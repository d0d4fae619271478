"""How far the marks of AASCE part from one another: what no network that learns from them can fall below.

    python -m training.radiographs.marks DATA/xray

The set shows some films twice, each marked anew (`same_film`). The corners of one are laid onto the other and scored as
if they had been found there, by the code that scores the program. A network that draws what readers draw in the mean
parts from one of them by 1/sqrt(2) of what two part, if their errors are independent; that is scored too. Then how
unsteady marks are along the column. Writes training/reports/xray-marks.md and its figures (.json).
"""

import argparse
import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training import runs
from training.data import aasce
from training.data.aasce import Listed
from training.data.corners import Corners
from training.data.pictures import size_of
from training.markdown import in_words, number, table
from training.radiographs import same_film, summary
from training.radiographs.measured import Case, Found, case_of
from training.radiographs.report import held_out
from training.radiographs.same_film import Floats, Onto

_HEADS = (
    "films",
    "correlation",
    "Dice",
    "corners, %",
    "vertebrae paired",
    "area, first over second",
    "largest Cobb, both",
)
PAGE = Path(__file__).parents[1] / "reports" / "xray-marks.md"


@dataclass(frozen=True, eq=False)
class Twice:
    """A film that was marked twice: the second marks as `marked`, the first laid onto them as found, and what a network
    would score that drew what readers draw in the mean.
    """

    names: tuple[str, str]
    agreement: float
    again: Case
    mean: Case

    @property
    def area_ratio(self) -> float:
        """Of all vertebrae, the first marks over the second."""
        return float(areas(self.again.found).sum() / areas(self.again.marked).sum())


@dataclass(frozen=True)
class Unsteady:
    """How far vertebrae lie off the mean of their two neighbours, root mean square, so scaled that it is the error of
    one mark if a column changes evenly: width and height in % of the endplate, tilt in degrees. `covering` is the
    percentage of disc spaces at one of whose ends the lower vertebra begins above the end of the upper one.
    """

    width: float
    height: float
    tilt: float
    covering: float


def twice(one: Listed, other: Listed, onto: Onto) -> Twice:
    """The marks of `one` laid onto those of `other`, the same film."""
    laid = _downward(onto(one.corners))
    marked = _downward(other.corners)
    again = _case(other, laid)
    pairs = again.matched.pairs
    own, its = (np.array([pair[side] for pair in pairs], dtype=int) for side in (0, 1))
    drawn = marked[own] + (laid[its] - marked[own]) / np.sqrt(2)
    return Twice((one.path.stem, other.path.stem), onto.agreement, again, _case(other, drawn))


def _case(film: Listed, found: Corners) -> Case:
    mask = aasce.filled(found, size_of(film.path)) > 0
    return case_of(film.path.stem, film.corners, Found(mask, found))


def unsteady(columns: Sequence[Corners]) -> Unsteady:
    """Of columns of vertebrae with corners (n, 4, 2) from the top downward."""
    off: dict[str, list[Floats]] = {"width": [], "height": [], "tilt": []}
    covering = []
    for corners in columns:
        above, below = corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 2]
        widths = (np.hypot(*above.T) + np.hypot(*below.T)) / 2
        across = above + below
        off["width"].append(100 * _off_neighbours(widths) / widths.mean())
        off["height"].append(100 * _off_neighbours(areas(corners) / widths) / widths.mean())
        off["tilt"].append(_off_neighbours(np.degrees(np.arctan2(across[:, 1], across[:, 0]))))
        down = corners[1:].mean(1) - corners[:-1].mean(1)
        gaps = ((corners[1:, :2] - corners[:-1, 2:]) * down[:, None]).sum(-1)
        covering.append((gaps < 0).any(1))
    spread = {name: float(np.sqrt(np.mean(np.concatenate(each) ** 2))) for name, each in off.items()}
    return Unsteady(**spread, covering=float(100 * np.concatenate(covering).mean()))


def _off_neighbours(values: Floats) -> Floats:
    return np.asarray((values[1:-1] - (values[:-2] + values[2:]) / 2) / np.sqrt(1.5))


def areas(corners: Corners) -> Floats:
    """The areas (n,) of quadrilaterals."""
    first, second = corners[:, 3] - corners[:, 0], corners[:, 2] - corners[:, 1]
    return np.asarray(np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2)


def _downward(corners: Corners) -> Corners:
    return corners[np.argsort(corners[:, :, 1].mean(1))]


def figures_of(films: Sequence[Twice], steadiness: Unsteady, unseen: frozenset[str]) -> dict[str, Any]:
    """For programs; `readers` stands beside the figures of a model in its report. `copies` are the films of `unseen`
    that the set shows again outside of it, each with the name that it has there.
    """
    again, drawn = (summary.figures([getattr(film, kind) for film in films]) for kind in ("again", "mean"))
    return {
        "films": len(films),
        "readers": {
            one.name: {"two": vars(one.value), "mean": vars(other.value)}
            for one, other in zip(again, drawn, strict=True)
        },
        "unsteady": vars(steadiness),
        "copies": {
            name: twin
            for film in films
            for name, twin in (film.names, film.names[::-1])
            if name in unseen and twin not in unseen
        },
    }


def page(films: Sequence[Twice], steadiness: Unsteady, marked: int, unseen: frozenset[str]) -> str:
    again, drawn = (summary.figures([getattr(film, kind) for film in films]) for kind in ("again", "mean"))
    rows = [
        [
            one.name,
            in_words(one.value, one.digits),
            in_words(other.value, other.digits),
            f"{'at least' if one.at_least else 'at most'} {one.target:g}",
        ]
        for one, other in zip(again, drawn, strict=True)
    ]
    held = sum(unseen.issuperset(film.names) for film in films)
    across = [film for film in films if len(unseen.intersection(film.names)) == 1]
    words = ", ".join(_names(film) for film in across)
    return "\n".join(
        [
            "# How far the marks of AASCE part: the same film marked twice",
            "",
            f"Written by `training.radiographs.marks` on {datetime.date.today().isoformat()}.",
            "",
            f"{len(films)} times the set shows one film twice, cut out and scaled otherwise and with corners that",
            "were set anew. They were found by the shape of marked columns, registered by an affine map and taken for",
            f"one film where the evened images then correlate by {same_film.SAME} or more. Whether one reader",
            "marked both is not known; if so, two readers part further than this. A film whose two columns were marked",
            "in clearly different shapes would not have been found.",
            f"In {held} of these pairs both are held out; in {len(across)} one is, and the other was trained on:",
            f"{words}.",
            "",
            "The first column scores the first marks, laid onto the second, as if a program had found them. The second",
            "is what a program would score that drew what readers draw in the mean: its corners part from one reader's",
            "by 1/sqrt(2) of what those of two part, if their errors are independent. Means with 95 % intervals",
            "(bootstrap over pairs).",
            "",
            *table(["", "two sets of marks", "drawn as readers do in the mean", "asked of the model"], rows),
            *table(_HEADS, map(_row, films)),
            "## Along the column",
            "",
            f"Of {marked} radiographs: how far a vertebra lies off the mean of its two neighbours, root mean square,",
            "over sqrt(1.5), which makes it the error of one mark if a column changes evenly. Some of it is anatomy.",
            "",
            *table(
                ["width, % of the endplate", "height, % of the endplate", "tilt, °", "disc spaces that are covered, %"],
                [[number(value, 1) for value in vars(steadiness).values()]],
            ),
        ]
    )


def _row(film: Twice) -> tuple[str, ...]:
    first, second = film.again.angles
    return (
        _names(film),
        number(film.agreement, 3),
        number(film.again.dice, 3),
        number(film.again.matched.error, 1),
        str(len(film.again.matched.pairs)),
        number(film.area_ratio, 2),
        f"{first:.1f}° and {second:.1f}°",
    )


def _names(film: Twice) -> str:
    return " and ".join(name.rpartition("_")[2] for name in film.names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="AASCE's folder, with images/ and corners.csv")
    data = parser.parse_args().data
    listed = aasce.read_corners(data)
    films = [twice(listed[one], listed[other], onto) for one, other, onto in same_film.pairs(listed)]
    steadiness = unsteady([_downward(one.corners) for one in listed])
    unseen = frozenset(one.path.stem for one in held_out(data))
    figures = json.dumps(figures_of(films, steadiness, unseen), indent=1)
    runs.write_whole(PAGE.with_suffix(".json"), lambda part: part.write_text(figures + "\n", encoding="utf-8"))
    text = page(films, steadiness, len(listed), unseen)
    runs.write_whole(PAGE, lambda part: part.write_text(text, encoding="utf-8"))


if __name__ == "__main__":
    main()
