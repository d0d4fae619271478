"""The page of a comparison says what the scores say, shows its pictures, and refuses what cannot be compared."""

import csv
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from PIL import Image

from Testing.training.conftest import write_patient
from Testing.training.known_runs import as_another_set, write_run
from training import metrics, runs, scores
from training.compare import compare
from training.comparison import pictures
from training.comparison.page import Page
from training.data.cases import DataSet
from training.data.sets import open_set
from training.errors import TrainingError
from training.evaluate import evaluate_run
from training.statistics import mean_of

FOLDS = (["3"], ["12", "20"])


class Text(HTMLParser):
    """The words of a page and the files that it shows or links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.files: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.files += [value for name, value in attrs if name in ("src", "href") and value]


@dataclass(frozen=True)
class Bench:
    """Two measured runs, one that knows all classes and one that never sees a disc, both with two folds; their page."""

    dataset: DataSet
    runs: list[Path]
    page: Page
    folder: Path


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bench")
    for patient in (3, 12, 20):
        write_patient(folder / "data", patient, patient)
    dataset = open_set("spider", folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "RUNS", folder / "runs")
        measured = [write_run("good", dataset, FOLDS), write_run("blind", dataset, FOLDS, blind_to="disc")]
        for fold in (fold for run in measured for fold in run.glob("fold-*")):
            evaluate_run(fold, dataset)
        page = compare(measured, dataset, folder / "page", "Good against blind")
    yield Bench(dataset, measured, page, folder / "page")


@pytest.fixture
def dataset(bench: Bench) -> DataSet:
    return bench.dataset


@pytest.fixture
def page(bench: Bench) -> Page:
    return bench.page


@pytest.fixture
def measured(bench: Bench, tmp_path: Path) -> list[Path]:
    """Copies of the runs that a test may spoil."""
    return [Path(shutil.copytree(run, tmp_path / "copies" / run.name)) for run in bench.runs]


def test_the_first_line_says_which_network_and_that_three_patients_prove_nothing(page: Page) -> None:
    assert page.verdict.leader == "good"
    assert page.verdict.headline.startswith("good leads, but blind cannot be told apart")
    assert "With 3 patients nothing can be said" in " ".join(page.verdict.sentences)


def test_the_numbers_of_all_three_files_are_those_of_the_cases(bench: Bench) -> None:
    html = " ".join(Text((bench.folder / "index.html").read_text(encoding="utf-8")).words)
    markdown = (bench.folder / "README.md").read_text(encoding="utf-8")
    with (bench.folder / "scores.csv").open(encoding="utf-8") as file:
        lines = {(row["run"], row["class"], row["metric"]): row for row in csv.DictReader(file)}
    for run in bench.runs:
        name = run.name
        rows = [row for fold in run.glob("fold-*") for row in scores.read_scores(fold / scores.SCORES)]
        for structure in ("all", "vertebra", "disc", "canal"):
            for metric, digits in (("dice", 3), ("iou", 3), ("hd95", 2), ("recall", 3), ("accuracy", 4)):
                values = [getattr(row.scores, metric) for row in rows if row.scores.name == structure]
                assert len(values) == 3
                expected = mean_of(values)
                line = lines[name, structure, metric]
                assert float(line["mean"]) == pytest.approx(expected.mean, rel=1e-4)
                assert line["patients"] == "3"
                text = f"{expected.mean:.{digits}f}"
                interval = f"({expected.low:.{digits}f} to {expected.high:.{digits}f})"
                assert text in html
                assert interval in html
                assert re.search(rf"\| {name} \|.*{re.escape(text)}\*{{0,2}} {re.escape(interval)}", markdown)
    assert lines["blind", "disc", "dice"]["missed"] == "3"


def test_both_pages_say_how_runs_were_made_and_how_it_was_counted(bench: Bench) -> None:
    html = " ".join(Text((bench.folder / "index.html").read_text(encoding="utf-8")).words)
    markdown = (bench.folder / "README.md").read_text(encoding="utf-8")
    for text in (html, markdown):
        assert "Good against blind" in text
        assert "2 folds by patient, each patient tested once" in text
        assert "a small machine" in text
        assert "Dice by instance" in text
        assert "Holm" in text
        assert "even a win on every patient would give p = 0.250" in text
        assert "A missed structure" in text
        assert bench.dataset.licence in text


def test_every_file_that_the_pages_name_is_there_and_no_picture_is_blank(bench: Bench) -> None:
    folder = bench.folder
    named = Text((folder / "index.html").read_text(encoding="utf-8")).files
    assert set(named) == set(re.findall(r"\]\(([^)]+)\)", (folder / "README.md").read_text(encoding="utf-8")))
    assert {"best.png", "median.png", "worst.png", "dots.png", "roc.png", "training.png", "scores.csv"} == set(named)
    for name in named:
        if name.endswith(".png"):
            pixels = pixels_of(folder / name)
            assert min(pixels.shape[:2]) > 200, name
            assert pixels.std() > 10, name


def test_pictures_show_best_median_and_worst_and_none_twice(measured: list[Path], dataset: DataSet) -> None:
    from training.comparison.gather import read_runs

    read = read_runs(measured)
    shown = {one.rank: one for one in pictures.choose(read, dataset)}
    assert list(shown) == ["best", "median", "worst"]
    assert shown["best"].dice >= shown["median"].dice >= shown["worst"].dice
    assert len({one.case.name for one in shown.values()}) == 3
    twelve = next(case for case in dataset.cases if case.patient == "12")
    assert read[0].folder_of(twelve.patient).name == "fold-1"


def test_a_picture_without_image_shows_outlines_and_nothing_of_the_image(
    measured: list[Path], dataset: DataSet, tmp_path: Path
) -> None:
    from training.comparison.gather import read_runs

    read = read_runs(measured)
    best = pictures.choose(read, dataset)[0]
    noise = best.case.read_image()
    generator = np.random.default_rng(1)
    other = sitk.GetImageFromArray(generator.uniform(0, 255, sitk.GetArrayViewFromImage(noise).shape))
    other.CopyInformation(noise)
    changed = replace(best, case=replace(best.case, read_image=lambda: other))
    drawn = {}
    for name, shown in (("own", best), ("other", changed)):
        for with_image in (True, False):
            pictures.draw(shown, read, dataset.task, tmp_path / "picture.png", with_image)
            drawn[name, with_image] = pixels_of(tmp_path / "picture.png")
    assert not np.array_equal(drawn["own", True], drawn["other", True])
    assert np.array_equal(drawn["own", False], drawn["other", False])
    assert drawn["own", False].std() > 10


def pixels_of(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def test_the_shown_slice_is_the_one_with_most_of_all_structures() -> None:
    truth = np.zeros((3, 8, 8), np.uint8)
    truth[0, :4] = 1  # most pixels, but one structure alone
    truth[1, :2], truth[1, 2:4], truth[1, 4:5] = 1, 2, 3
    assert pictures.telling_slice(truth) == 1
    assert pictures.telling_slice(np.zeros((5, 4, 4), np.uint8)) == 2


def test_panels_fill_the_page_without_gaps() -> None:
    assert pictures.panels_across(6, 1.0) == 3
    assert pictures.panels_across(6, 1.8) == 6
    assert pictures.panels_across(4, 2.0) == 4


def test_runs_on_other_test_patients_are_refused(measured: list[Path], dataset: DataSet, tmp_path: Path) -> None:
    other = write_run("other", dataset, [["3", "12"]])
    evaluate_run(other / "fold-0", dataset)
    with pytest.raises(TrainingError, match=r"different test patients: only good has 20; .*same split"):
        compare([measured[0], other], dataset, tmp_path / "page")
    assert not (tmp_path / "page").exists()


@pytest.mark.parametrize(
    ("key", "value", "words"), [("task", "axial", "the task"), ("data", {"set": "own"}, "data set")]
)
def test_runs_of_another_task_or_data_set_are_refused(
    measured: list[Path], dataset: DataSet, tmp_path: Path, key: str, value: object, words: str
) -> None:
    for fold in measured[1].glob("fold-*"):
        runs.write_facts(fold, runs.read_facts(fold) | {key: value})
    with pytest.raises(TrainingError, match=f"good and blind differ in .*{words}"):
        compare(measured, dataset, tmp_path / "page")


def test_what_is_missing_is_named_before_anything_is_written(
    measured: list[Path], dataset: DataSet, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="two runs or more"):
        compare(measured[:1], dataset, tmp_path / "page")
    with pytest.raises(TrainingError, match="good is given twice"):
        compare([measured[0], measured[0]], dataset, tmp_path / "page")
    with pytest.raises(TrainingError, match="give the data that they were tested on"):
        compare(measured, as_another_set(dataset), tmp_path / "page")
    (measured[1] / "fold-1" / scores.SCORES).unlink()
    with pytest.raises(TrainingError, match=r"blind, fold-1 has no scores\.csv; measure it first"):
        compare(measured, dataset, tmp_path / "page")
    assert not (tmp_path / "page").exists()


def test_failures_are_counted(page: Page) -> None:
    blind = page.runs[1]
    assert scores.outcomes(blind.scores, "disc", metrics.MISSED) == 3
    assert scores.outcomes(blind.scores, "canal", metrics.MISSED) == 0
