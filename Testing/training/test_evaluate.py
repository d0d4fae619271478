"""What an evaluation writes is what the exported file finds in the test patients' images."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from Testing.training.known_runs import as_another_set, write_run
from training import metrics, runs, scores
from training.data.cases import DataSet
from training.data.sets import open_set
from training.errors import TrainingError
from training.evaluate import evaluate_run


@pytest.fixture
def dataset(data: Path) -> DataSet:
    return open_set("spider", data)


@pytest.fixture
def fold(dataset: DataSet) -> Path:
    """A fold whose network knows each class but the discs."""
    return write_run("known", dataset, [["12", "20"]], blind_to="disc") / "fold-0"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_test_patients_are_scored_and_no_others(fold: Path, dataset: DataSet) -> None:
    evaluate_run(fold, dataset)
    rows = scores.read_scores(fold / scores.SCORES)
    assert {row.patient for row in rows} == {"12", "20"}
    assert [row.scores.name for row in rows[:4]] == ["vertebra", "disc", "canal", metrics.ALL]
    for row in rows:
        if row.scores.name == "disc":
            assert (row.scores.outcome, row.scores.dice, row.scores.dice_by_instance) == (metrics.MISSED, 0, 0)
        elif row.scores.name != metrics.ALL:
            assert row.scores.dice > 0.95
            assert row.scores.hd95 < 4
            assert row.scores.auc > 0.99
        assert row.unit == "mm"


def test_scores_are_those_of_the_predictions_that_lie_beside_them(fold: Path, dataset: DataSet) -> None:
    evaluate_run(fold, dataset)
    case = next(case for case in dataset.cases if case.patient == "20")
    found = sitk.GetArrayFromImage(sitk.ReadImage(str(fold / "predictions" / f"{case.name}.nii.gz")))
    truth = sitk.GetArrayFromImage(case.read_classes())
    rows = scores.read_scores(fold / scores.SCORES)
    row = next(row for row in rows if (row.patient, row.scores.name) == ("20", "canal"))
    canal = dataset.classes.index("canal")
    both = int(((found == canal) & (truth == canal)).sum())
    assert row.scores.dice == pytest.approx(2 * both / int((found == canal).sum() + (truth == canal).sum()), rel=1e-5)
    assert set(np.unique(found)) <= {0, 1, canal}


def test_areas_are_written_slice_by_slice_in_mm2(fold: Path, dataset: DataSet) -> None:
    evaluate_run(fold, dataset)
    rows = [row for row in rows_of(fold / scores.AREAS) if row["patient"] == "20"]
    assert {row["class"] for row in rows} == {"canal"}
    shown = [row for row in rows if float(row["true"]) > 0]
    assert [row["slice"] for row in shown] == ["2", "3", "4"]
    assert all(float(row["true"]) == pytest.approx(96 * 10 * 1.2 * 1.2, rel=1e-4) for row in shown)
    assert all(float(row["error"]) == pytest.approx(float(row["found"]) - float(row["true"]), abs=0.1) for row in rows)


def test_curves_rise_and_speed_is_that_of_the_cpu(fold: Path, dataset: DataSet) -> None:
    evaluate_run(fold, dataset)
    curves = scores.read_curves(fold / scores.ROC)
    assert {(curve.patient, curve.curve.name) for curve in curves} >= {("12", "canal"), ("20", "vertebra")}
    assert all((np.diff(curve.curve.true_positive_rates) >= 0).all() for curve in curves)
    speed = json.loads((fold / scores.SPEED).read_text(encoding="utf-8"))
    assert speed["size"] == [7, 96, 80]
    assert speed["milliseconds_per_slice"] == pytest.approx(speed["milliseconds"] / 7, abs=0.01)
    assert speed["model_mb"] > 0


def test_data_that_are_not_the_runs_own_are_refused(fold: Path, dataset: DataSet) -> None:
    with pytest.raises(TrainingError, match=r"trained on SPIDER|trained on spider"):
        evaluate_run(fold, as_another_set(dataset))
    facts = runs.read_facts(fold)
    facts["patients"]["test"].append("99")
    runs.write_facts(fold, facts)
    with pytest.raises(TrainingError, match="no patient 99"):
        evaluate_run(fold, dataset)
    assert not (fold / scores.SCORES).exists()


def test_a_fold_without_its_model_or_its_end_is_refused(fold: Path, dataset: DataSet) -> None:
    (fold / "model.ts").unlink()
    with pytest.raises(TrainingError, match=r"has no model\.ts"):
        evaluate_run(fold, dataset)
    (fold / "run.json").unlink()
    with pytest.raises(TrainingError, match="has not ended"):
        evaluate_run(fold, dataset)
