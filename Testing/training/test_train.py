"""A training resumes as if it had never stopped, says early what is wrong, and ends with a model file that loads."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from LumbarSegLib.core import models
from training import export, folds, runs, state
from training.data.cases import DataSet
from training.data.sets import open_set
from training.errors import TrainingError
from training.experiment import read_experiment
from training.feed.sampling import SliceSampler

ROOT = Path(__file__).parents[2]
Write = Callable[..., Path]


def train(path: Path, dataset: DataSet, resume: bool = False) -> Path:
    experiment = read_experiment(path)
    return folds.train_fold(experiment, dataset, folds.folds_of(experiment, dataset)[0], resume)


@pytest.fixture
def dataset(data: Path) -> DataSet:
    return open_set("spider", data)


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return state.average_weights(folder)


def test_a_resumed_training_has_the_weights_of_an_unbroken_one(experiment_file: Write, dataset: DataSet) -> None:
    unbroken = weights_of(train(experiment_file("unbroken"), dataset))
    train(experiment_file("broken", iterations="iterations = 4\nstop_at = 2"), dataset)
    resumed = weights_of(train(experiment_file("broken", batch="batch = 2\nstop_at = 4"), dataset, resume=True))
    assert all(torch.equal(unbroken[key], resumed[key]) for key in unbroken)


def test_training_lowers_the_loss(experiment_file: Write, dataset: DataSet) -> None:
    folder = train(experiment_file(iterations="iterations = 60", learning_rate="learning_rate = 1e-2"), dataset)
    lines = (folder / "loss.csv").read_text(encoding="utf-8").splitlines()
    losses = [float(line.split(",")[2]) for line in lines[1:]]
    assert losses[-1] < 0.7 * losses[0]


def test_a_training_of_a_few_steps_has_its_loss_logged_and_drawn(experiment_file: Write, dataset: DataSet) -> None:
    folder = train(experiment_file(), dataset)
    lines = (folder / "loss.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines] == ["iteration", "4"]
    assert (folder / "curves.png").stat().st_size > 5000


def test_the_clock_ends_a_training_too(experiment_file: Write, dataset: DataSet) -> None:
    folder = train(experiment_file(iterations="minutes = 0.02"), dataset)
    facts = runs.read_facts(folder)
    assert facts["stopped"] == "finished"
    assert facts["seconds"] >= 1.2
    assert facts["iterations"] >= 1


def test_the_best_weights_by_validation_are_the_ones_that_count(experiment_file: Write, dataset: DataSet) -> None:
    path = experiment_file(held_out='held_out = ["20"]\nvalidation = 1', iterations="iterations = 6")
    folder = train(path, dataset)
    scores = [
        float(line.split(",")[2]) for line in (folder / "validation.csv").read_text(encoding="utf-8").splitlines()[1:]
    ]
    best = state.read_checkpoint(folder / "best.pt")
    assert len(scores) == 3
    assert best["best"] == pytest.approx(max(scores), abs=1e-5)
    assert best["iteration"] == 2 * (1 + scores.index(max(scores)))


def test_a_training_ends_when_its_score_no_longer_rises(experiment_file: Write, dataset: DataSet) -> None:
    path = experiment_file(
        held_out='held_out = ["20"]\nvalidation = 1',
        iterations="iterations = 40\npatience = 2",
        learning_rate="learning_rate = 1e-12",
    )
    facts = runs.read_facts(train(path, dataset))
    assert facts["stopped"] == "no better score"
    assert facts["iterations"] < 40


def test_every_patient_is_tested_once_over_the_folds(experiment_file: Write, dataset: DataSet) -> None:
    experiment = read_experiment(experiment_file(held_out='folds = "patients"'))
    parts = folds.folds_of(experiment, dataset)
    assert sorted(patient for part in parts for patient in part.split.test) == ["12", "20", "3"]
    assert all(not set(part.split.test) & set(part.split.training) for part in parts)


def test_gradients_of_two_batches_make_one_step(experiment_file: Write, dataset: DataSet) -> None:
    facts = runs.read_facts(train(experiment_file(iterations="iterations = 2\naccumulate = 2"), dataset))
    assert facts["iterations"] == 2


def test_a_polite_kill_leaves_a_checkpoint_to_go_on_from(
    experiment_file: Write, dataset: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def draw_and_be_killed(sampler: SliceSampler, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        drawn.append(1)
        if len(drawn) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return draw(sampler, random)

    draw = SliceSampler.draw
    monkeypatch.setattr(SliceSampler, "draw", draw_and_be_killed)
    with pytest.raises(TrainingError, match="go on with --resume"):
        train(experiment_file("killed", iterations="iterations = 100000"), dataset)
    folder = runs.fold_folder("killed", 0)
    assert state.read_checkpoint(folder / "last.pt")["iteration"] == 3
    assert runs.read_facts(folder)["stopped"] == "stopped"
    assert not (folder / "model.ts").exists()
    train(experiment_file("killed", iterations="iterations = 100000\nstop_at = 5"), dataset, resume=True)
    assert runs.read_facts(folder)["iterations"] == 5


def test_a_checkpoint_is_not_overwritten_unasked(experiment_file: Write, dataset: DataSet) -> None:
    path = experiment_file()
    before = weights_of(train(path, dataset))
    with pytest.raises(TrainingError, match="--resume"):
        train(path, dataset)
    assert all(torch.equal(before[key], value) for key, value in weights_of(runs.fold_folder("small", 0)).items())


def test_a_checkpoint_of_another_configuration_is_refused_with_the_key_and_both_values(
    experiment_file: Write, dataset: DataSet
) -> None:
    train(experiment_file(), dataset)
    with pytest.raises(TrainingError, match=r"\[preprocessing\] spacing_mm 1.2, and the experiment asks for 1.0"):
        train(experiment_file(spacing_mm="spacing_mm = 1.0"), dataset, resume=True)


def test_a_network_for_volumes_is_refused_where_slices_are_prepared(experiment_file: Write, dataset: DataSet) -> None:
    path = experiment_file("volumes", channels="channels = [8, 8, 8, 8, 8, 8]")
    path.write_text(path.read_text(encoding="utf-8").replace("half-resolution-unet", "unet-3d"), encoding="utf-8")
    with pytest.raises(TrainingError, match=r"unet-3d takes volumes; give \[preprocessing\] size 3 numbers"):
        train(path, dataset)


def test_weights_for_another_number_of_classes_are_refused_and_leave_no_run(
    experiment_file: Write, dataset: DataSet
) -> None:
    path = experiment_file("weighted", channels="channels = [8, 8, 8]\n\n[loss]\nweights = [1.0, 2.0]")
    with pytest.raises(TrainingError, match="weights has 2 values, and there are 4 classes"):
        train(path, dataset)
    assert not runs.fold_folder("weighted", 0).exists()


def test_a_damaged_checkpoint_is_said_to_be_damaged(experiment_file: Write, dataset: DataSet) -> None:
    path = experiment_file()
    last = train(path, dataset) / "last.pt"
    last.write_bytes(last.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="damaged"):
        train(path, dataset, resume=True)


def test_a_full_disk_leaves_the_former_checkpoint_whole(
    experiment_file: Write, dataset: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = experiment_file("full", iterations="iterations = 4\nstop_at = 2")
    folder = train(path, dataset)
    before = (folder / "last.pt").read_bytes()
    save = torch.save

    def half_a_file(held: object, part: Path) -> None:
        save(held, part)
        part.write_bytes(part.read_bytes()[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", half_a_file)
    with pytest.raises(TrainingError, match="No space left"):
        train(experiment_file("full"), dataset, resume=True)
    assert (folder / "last.pt").read_bytes() == before
    assert [file.name for file in folder.glob("*.part*")] == []


def test_logs_forget_what_a_resumed_training_makes_again(experiment_file: Write, dataset: DataSet) -> None:
    folder = train(experiment_file("again", iterations="iterations = 60\nstop_at = 40"), dataset)
    with (folder / "loss.csv").open("a") as log:
        log.write("60,9.9,0.1\n")
    train(experiment_file("again", iterations="iterations = 60"), dataset, resume=True)
    rows = [line.split(",")[0] for line in (folder / "loss.csv").read_text(encoding="utf-8").splitlines()[1:]]
    assert rows == ["20", "40", "60"]
    assert "0.1\n" not in (folder / "loss.csv").read_text(encoding="utf-8").splitlines()[-1]


def test_the_model_file_answers_as_the_trained_network(
    experiment_file: Write, dataset: DataSet, tmp_path: Path
) -> None:
    folder = train(experiment_file(), dataset)
    info = models.read_info(folder / "model.ts")
    assert (info.task, info.slices, info.spacing_mm) == ("sagittal", 3, 1.2)
    assert dict(info.labels) == {1: "vertebra", 2: "disc", 3: "canal"}
    exported = export.export_run("small", 0, tmp_path / "exported", {"name": "mine", "version": "1.0.0"}, None, False)
    assert exported.path.name == "mine.ts"
    assert exported.largest_difference < 1e-4
    halved = export.export_run("small", 0, tmp_path / "exported", {"name": "half"}, None, True)
    assert halved.path.stat().st_size < exported.path.stat().st_size
    assert halved.largest_difference < 0.05


def test_a_stopped_training_has_no_model_yet(experiment_file: Write, dataset: DataSet) -> None:
    with pytest.raises(TrainingError, match="no run named 'small'"):
        export.export_run("small", 0, Path(), None, None, True)


def test_two_processes_train_one_network(experiment_file: Write, data: Path, tmp_path: Path) -> None:
    path = experiment_file("pair")
    code = (
        "import sys; from pathlib import Path; from training import runs; "
        f"runs.RUNS = Path({str(tmp_path / 'pair_runs')!r}); runs.CACHE = Path({str(tmp_path / 'pair_cache')!r}); "
        "from training.__main__ import main; main()"
    )
    script = tmp_path / "pair.py"
    script.write_text(code)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'LumbarSeg'}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run(
        [*command, str(script), "train", str(path), "--data", str(data)], env=environment, check=True, cwd=tmp_path
    )
    facts = json.loads((tmp_path / "pair_runs" / "pair" / "fold-0" / "run.json").read_text(encoding="utf-8"))
    assert facts["processes"] == 2
    assert facts["iterations"] == 4
    assert (tmp_path / "pair_runs" / "pair" / "fold-0" / "model.ts").is_file()
