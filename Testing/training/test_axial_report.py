"""The report on the axial model: its figures against values worked out by hand, what it counts, what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from numpy.typing import NDArray
from PIL import Image

from LumbarSegLib.core import models
from Testing.axial_record import AAP, IVD, OTHER, PE, TS, axial_slice, publish, write_picture
from Testing.small_model import CARD, EXPERIMENT
from Testing.training.known_runs import ByGreyValue
from training import export, runs
from training.axial import measured, outline, perturb
from training.axial.report import write_report
from training.data.cases import CLASSES, Case
from training.data.sets import open_set
from training.errors import TrainingError
from training.experiment import Preprocessing

PATIENTS = ("0001", "0002", "0222")
PIXEL_MM2 = 0.6875**2
SAC, AAP_CLASS = 3, 4
GREY = {OTHER: 0, IVD: 60, PE: 120, TS: 180, AAP: 240}


def shown(label: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A slice whose brightness gives the regions of a label away."""
    table = np.zeros(256, np.uint8)
    table[list(GREY)] = list(GREY.values())
    pixels: NDArray[np.uint8] = table[label]
    return pixels


def with_sac(rows: list[int]) -> NDArray[np.uint8]:
    """The slice of the tests with its sac, six pixels wide, in these rows alone."""
    label = axial_slice()
    label[label == TS] = OTHER
    label[rows, 17:23] = TS
    return label


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """Four labelled slices of three patients, all with the same label, whose sac is four rows high: T1 images that show
    it as it is, five rows high, in two pieces, and not at all; a T2 of the third; two slices without labels.
    """
    folder = tmp_path / "record"
    images = {"0001_D3": [18, 19, 20, 21], "0001_D4": [18, 19, 20, 21, 22], "0002_D3": [18, 21], "0222_D5": []}
    for name, rows in images.items():
        publish(folder, name, axial_slice(), {"T1": shown(with_sac(rows)), "T2": shown(axial_slice())})
    pictures = folder / "04_Intermediary_Ground_Truth_Data"
    for path in (pictures / "T2_Output").glob("*.png"):
        if "0002_D3" not in path.name:
            path.unlink()
    for disc in ("D3", "D4"):
        write_picture(pictures / "T1_Output" / f"T1_0538_{disc}.png", shown(axial_slice()))
    return folder


def write_axial_model(path: Path, number: int) -> None:
    """A model that reads brightness; weights differ a little by number, answers do not."""
    grid = Preprocessing(normalisation="min-max", spacing_mm=0.6875)
    seen = EXPERIMENT.network.model_copy(update={"slices": 1})
    experiment = EXPERIMENT.model_copy(update={"preprocessing": grid, "network": seen})
    card = CARD | {"name": "reading", "task": "axial", "plane": "axial"}
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = [value / 4 + 0.001 * number for value in range(5)]
    export.write_model(ByGreyValue(grey), export.metadata_of(experiment, CLASSES["axial"], 8, card), path)


@pytest.fixture
def run() -> Callable[[], list[Path]]:
    """Write a run that leaves out each patient once; returns the folders of its folds."""

    def write() -> list[Path]:
        folders = []
        for number, patient in enumerate(PATIENTS):
            folder = runs.fold_folder("third", number)
            write_axial_model(folder / "model.ts", number)
            others = [other for other in PATIENTS if other != patient]
            told = {"training": others, "validation": [], "test": [patient]}
            facts = {"name": "third", "task": "axial", "data": {"set": "mendeley"}, "patients": told}
            runs.write_facts(folder, facts)
            folders.append(folder)
        return folders

    return write


def figures(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))


def test_means_are_over_patients_and_areas_as_worked_out_by_hand(
    record: Path, run: Callable[[], list[Path]], tmp_path: Path
) -> None:
    run()
    write_report("third", record, tmp_path / "axial.md")
    told = figures(tmp_path / "axial.md")
    cases = told["cases"]
    assert cases["0001_D4"]["dice"]["ts"] == pytest.approx(2 * 24 / (24 + 30))
    assert cases["0002_D3"]["dice"]["ts"] == pytest.approx(2 * 12 / (24 + 12))
    assert cases["0222_D5"]["dice"] == {"ivd": 1.0, "pe": 1.0, "ts": 0.0, "aap": 1.0}
    assert cases["0001_D4"]["ts_area_mm2"]["true"] == pytest.approx(24 * PIXEL_MM2)
    assert cases["0001_D4"]["ts_area_mm2"]["found"] == pytest.approx(30 * PIXEL_MM2)

    shown_as_is = told["conditions"]["T1 as published"]
    first, second = (1 + 48 / 54) / 2, 24 / 36
    assert shown_as_is["dice"]["ts"]["mean"] == pytest.approx((first + second + 0) / 3)
    assert shown_as_is["dice"]["ts"]["patients"] == 3
    assert shown_as_is["ts_area_mm2"]["bias_percent"]["mean"] == pytest.approx((12.5 - 50 - 100) / 3)
    assert shown_as_is["ts_area_mm2"]["bias"]["mean"] == pytest.approx((3 - 12 - 24) / 3 * PIXEL_MM2)
    assert shown_as_is["ts_area_mm2"]["error"]["mean"] == pytest.approx((3 + 12 + 24) / 3 * PIXEL_MM2)
    errors = np.array([0, 6, -12, -24]) * PIXEL_MM2
    spread = 1.96 * errors.std(ddof=1)
    assert shown_as_is["ts_area_mm2"]["limits"] == pytest.approx([errors.mean() - spread, errors.mean() + spread])
    assert shown_as_is["ts_area_mm2"]["of_all_percent"] == pytest.approx(100 * (66 / 96 - 1))

    trusted = told["conditions"]["T1 as published, without 0222_D5"]
    assert trusted["dice"]["ts"]["mean"] == pytest.approx((first + second) / 2)
    assert trusted["ts_area_mm2"]["bias_percent"]["mean"] == pytest.approx((12.5 - 50) / 2)
    real_t2 = told["conditions"]["real T2"]["dice"]["ts"]
    assert (real_t2["mean"], real_t2["patients"]) == (1.0, 1)


def test_the_page_says_what_is_reached_what_failed_and_what_the_labels_are_worth(
    record: Path, run: Callable[[], list[Path]], tmp_path: Path
) -> None:
    run()
    write_report("third", record, tmp_path / "axial.md")
    page = (tmp_path / "axial.md").read_text(encoding="utf-8")
    assert "| Dice IVD | ≥ 0.94 | 1.000 (1.000 to 1.000) | yes | 1.000 (1.000 to 1.000) | yes |" in page
    assert "| Dice TS | ≥ 0.84 | 0.537 (0.000 to 0.944) | **no** | 0.806 (0.667 to 0.944) | **no** |" in page
    assert "| 0002_D3 | 1.000 | 1.000 | 0.667 | 1.000 | 11.3 | 5.7 | -5.7 | -50.0 |" in page
    assert "| 0002_D3_T2 | 1.000 | 1.000 | 1.000 | 1.000 | 11.3 | 11.3 | +0.0 | +0.0 |" in page
    assert "2 of 5 cases" in page
    assert "- 0002_D3: TS in 2 pieces" in page
    assert "- 0222_D5: TS missing, Dice TS 0.000" in page
    assert "partly measure the labels and not the model" in page
    assert "Research use; not for diagnosis" in page
    told = figures(tmp_path / "axial.md")
    assert told["reached"]["all slices"] == {"ivd": True, "pe": True, "ts": False, "aap": True, "bias": False}


def test_each_change_has_its_row_and_storage_orders_change_nothing(
    record: Path, run: Callable[[], list[Path]], tmp_path: Path
) -> None:
    run()
    found = write_report("third", record, tmp_path / "axial.md")
    page = (tmp_path / "axial.md").read_text(encoding="utf-8")
    for name in perturb.perturbations():
        assert f"| {name} |" in page
        assert len(found.conditions[name].scores) == 4 * len(CLASSES["axial"])  # four slices, four classes and all
    for order in perturb.STORAGE_ORDERS:
        assert [row.scores.dice for row in found.conditions[perturb.stored_as(order)].scores] == [
            row.scores.dice for row in found.conditions[measured.T1].scores
        ]
    assert found.changed_by_order == {}
    assert "In every storage order each pixel got the same class." in page


def test_the_shipped_model_is_shown_slices_without_labels_and_has_the_scores_of_its_siblings(
    record: Path, run: Callable[[], list[Path]], tmp_path: Path
) -> None:
    run()
    write_axial_model(tmp_path / "shipped.ts", 7)
    write_report("third", record, tmp_path / "axial.md", str(tmp_path / "shipped.ts"), count=2)
    told = figures(tmp_path / "axial.md")
    assert set(told["unlabelled_consistency"]) == {"0538_D3", "0538_D4"}
    info = models.find(str(tmp_path / "shipped.ts"))
    assert told["stands_for_weights_sha256"] == info.weights_sha256
    assert set(told["weights_sha256"]) == set(PATIENTS)
    assert info.weights_sha256 not in told["weights_sha256"].values()
    assert [list(row)[1:] for row in told["scores"]] == [["ivd", "pe", "ts", "aap"]] * 2
    assert told["scores"][0]["measured_on"] == (
        "4 T1 slices of 3 patients: leave one patient out, by models trained like this one without the patient"
    )
    for name in ("cases", "t2", "unlabelled", "unlabelled-t2"):
        picture = tmp_path / f"axial-{name}.png"
        assert f"({picture.name})" in (tmp_path / "axial.md").read_text(encoding="utf-8")
        assert picture.stat().st_size < 400_000
        with Image.open(picture) as image:
            assert len(image.convert("RGB").getcolors(256) or ()) > 20


def test_a_model_file_takes_scores_that_stand_for_its_weights_and_no_others(tmp_path: Path) -> None:
    grey = [value / 4 for value in range(5)]
    card = CARD | {"task": "axial", "plane": "axial"}
    metadata = export.metadata_of(EXPERIMENT, CLASSES["axial"], 8, card)
    seen = metadata | {"input_channels": 1}
    own = export.write_model(ByGreyValue(grey), seen, tmp_path / "own.ts").metadata["weights_sha256"]
    row = {"measured_on": "siblings", "ivd": 0.9, "pe": 0.9, "ts": 0.9, "aap": 0.9}
    report = {"weights_sha256": {"0001": "a"}, "stands_for_weights_sha256": own, "scores": [row]}
    assert export.write_model(ByGreyValue(grey), seen, tmp_path / "own.ts", report).metadata["scores"] == [row]
    for other in ("b", None):
        with pytest.raises(ValueError, match="other weights"):
            export.write_model(
                ByGreyValue(grey), seen, tmp_path / "own.ts", report | {"stands_for_weights_sha256": other}
            )


def _of_two_patients(folders: list[Path]) -> None:
    facts = runs.read_facts(folders[0])
    facts["patients"]["test"] = ["0001", "0002"]
    runs.write_facts(folders[0], facts)


def _learned_from_its_patient(folders: list[Path]) -> None:
    facts = runs.read_facts(folders[1])
    facts["patients"]["validation"] = ["0002"]
    runs.write_facts(folders[1], facts)


def _repeated(folders: list[Path]) -> None:
    runs.write_facts(folders[2], runs.read_facts(folders[1]))


def _without_a_fold(folders: list[Path]) -> None:
    for path in folders[2].iterdir():
        path.unlink()
    folders[2].rmdir()


def _not_ended(folders: list[Path]) -> None:
    (folders[1] / "run.json").unlink()


def _without_a_model(folders: list[Path]) -> None:
    (folders[1] / "model.ts").unlink()


def _of_another_set(folders: list[Path]) -> None:
    runs.write_facts(folders[0], runs.read_facts(folders[0]) | {"data": {"set": "our-clinic"}})


def _one_model_twice(folders: list[Path]) -> None:
    (folders[2] / "model.ts").write_bytes((folders[1] / "model.ts").read_bytes())


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_of_two_patients, "fold-0 is tested on 2 patients; give a run that leaves out one at a time"),
        (_learned_from_its_patient, "fold-1 learned from patient 0002"),
        (_repeated, "Patient 0002 is tested in two folds"),
        (_without_a_fold, "No fold of third is tested on patient 0222"),
        (_not_ended, "fold-1 has not ended"),
        (_without_a_model, r"fold-1 has no model\.ts"),
        (_of_another_set, "trained on our-clinic"),
        (_one_model_twice, "The model of patient 0222 is that of another patient too"),
    ],
)
def test_a_run_that_does_not_leave_out_each_patient_once_is_refused(
    record: Path, run: Callable[[], list[Path]], tmp_path: Path, spoil: Callable[[list[Path]], None], says: str
) -> None:
    spoil(run())
    with pytest.raises(TrainingError, match=says):
        write_report("third", record, tmp_path / "axial.md")
    assert not list(tmp_path.glob("axial*"))


def test_a_model_of_a_fold_is_not_shipped_and_slices_that_were_learned_from_are_not_looked_at(
    record: Path, run: Callable[[], list[Path]], tmp_path: Path
) -> None:
    folders = run()
    with pytest.raises(TrainingError, match="is the model of a fold"):
        write_report("third", record, tmp_path / "axial.md", str(folders[0] / "model.ts"), count=1)
    write_axial_model(tmp_path / "shipped.ts", 7)
    with pytest.raises(TrainingError, match="give --unlabelled 2 or fewer"):
        write_report("third", record, tmp_path / "axial.md", str(tmp_path / "shipped.ts"), count=3)
    assert not list(tmp_path.glob("axial*"))


def first_case(record: Path) -> Case:
    return open_set("mendeley", record).cases[0]


def test_changed_pairs_stay_on_one_grid_and_a_likeness_of_t2_repeats(record: Path) -> None:
    case = first_case(record)
    for name, change in perturb.perturbations().items():
        image, classes = change(case.read_image(), case.read_classes())
        assert image.GetSize() == classes.GetSize(), name
        assert np.allclose(image.GetSpacing(), classes.GetSpacing()), name
    torch.manual_seed(1)
    drawn = [perturb.made_t2_like(case.read_image(), case.read_classes(), seed) for seed in (1, 1, 2)]
    one, again, other = (sitk.GetArrayFromImage(each) for each in drawn)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    after = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(after, torch.rand(3))


def test_an_outline_moved_by_a_pixel_costs_what_a_square_tells(record: Path) -> None:
    truth = np.zeros((20, 20), np.uint8)
    truth[5:15, 5:15] = SAC
    answer = measured.Answer(first_case(record), truth.astype(np.float32), truth, truth, (1.0, 1.0), (), None)
    inward, outward = (outline.worth([answer], SAC, pixels) for pixels in (-1.0, 1.0))
    assert inward == pytest.approx((2 * 64 / (100 + 64), -36.0))
    rounded = (24**2 - 4 * 3) / 4  # on half the pixel size, without three small pixels at each corner
    assert outward == pytest.approx((2 * 100 / (100 + rounded), rounded - 100))
    assert np.isnan(outline.worth([answer], AAP_CLASS, 1.0)).all()
