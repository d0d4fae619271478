"""Sets runs side by side on one page: which network to take, how sure that is, and all that it rests on."""

from collections.abc import Sequence
from pathlib import Path

from training.comparison import charts, page, pictures, tables
from training.comparison.gather import read_runs
from training.comparison.page import Page, Picture
from training.comparison.verdict import judge
from training.data.cases import DataSet
from training.errors import TrainingError
from training.evaluate import prediction_path

_DOTS = Picture(
    "dots.png",
    "Dice of each patient",
    "Dice of each patient (dots), mean over patients (black) and its 95 % interval (bar). All scales end at 1.",
)
_ROC = Picture(
    "roc.png",
    "ROC curves",
    "One class against all others, on the network's own grid, mean over patients. The axis of false positives is "
    "logarithmic, since most pixels are background.",
)
_TRAINING = Picture("training.png", "Training", "A line for each fold. Different losses have different scales.")


def compare(folders: Sequence[Path], dataset: DataSet, to: Path, title: str = "", with_images: bool = True) -> Page:
    """Write `index.html`, `README.md`, `scores.csv` and pictures into the folder `to`; returns what the page says.

    `folders` are those of runs, each with its evaluated folds; they are shown in this order. Without images the
    pictures hold outlines alone, for data that must not be passed on. Raises TrainingError, and writes nothing, for
    runs that cannot be compared (`gather.read_runs`) and for data that are not theirs.
    """
    runs = read_runs(folders)
    if (dataset.task, dataset.name) != (runs[0].task, runs[0].data):
        raise TrainingError(
            f"The runs are of {runs[0].data} ({runs[0].task}), and the data given are {dataset.name} ({dataset.task}); "
            "give the data that they were tested on."
        )
    lacking = sorted(set(runs[0].cases) - {case.name for case in dataset.cases})
    if lacking:
        raise TrainingError(f"The data lack the tested case {lacking[0]}; give the whole data set.")
    shown = pictures.choose(runs, dataset)
    for run in runs:
        for path in (prediction_path(run.folder_of(one.case.patient), one.case) for one in shown):
            if not path.is_file():
                raise TrainingError(f"{run.name} has no prediction {path.name}; evaluate it again.")
    to.mkdir(parents=True, exist_ok=True)
    for one in shown:
        pictures.draw(one, runs, dataset.task, to / one.file, with_images)
    charts.draw_dots(runs, to / _DOTS.file)
    charts.draw_roc(runs, to / _ROC.file)
    drawn = [_DOTS, _ROC]
    if charts.draw_training(runs, to / _TRAINING.file):
        drawn.append(_TRAINING)
    tables.write(to / "scores.csv", runs)
    heading = title or f"{dataset.name}, {dataset.task}: {len(runs)} networks compared"
    result = Page(heading, runs, dataset, judge(runs), [_captioned(one) for one in shown], drawn)
    page.write(result, to)
    return result


def _captioned(shown: pictures.Shown) -> Picture:
    return Picture(
        shown.file,
        f"{shown.rank.capitalize()} case",
        f"{shown.rank.capitalize()} case ({shown.case.name}, patient {shown.case.patient}) by the mean Dice of all "
        f"networks, {shown.dice:.3f}. Dice beside a name is that of the whole case.",
    )
