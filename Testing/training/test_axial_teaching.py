"""Networks that label slices for others: what they agree on, if it is anatomy; nothing leaks a test patient."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from Testing.axial_record import axial_slice, publish, write_picture
from training import folds, runs
from training.axial import teach
from training.data import mendeley
from training.data.axial_labels import IVD, TS
from training.data.cases import UNKNOWN
from training.data.mendeley import read_mendeley, read_unlabelled
from training.errors import TrainingError
from training.experiment import read_experiment
from training.feed.t2 import t2_like

PIXEL_MM2 = 0.6875**2


def anatomy() -> np.ndarray:
    """A disc of 1420 mm² and a sac of 142 mm² behind it."""
    classes = np.zeros((120, 120), np.uint8)
    classes[20:70, 30:90] = IVD
    classes[74:89, 50:70] = TS
    return classes


def sure_of(classes: np.ndarray, probability: float = 0.9) -> Tensor:
    """Probabilities of five classes that say these."""
    others = (1 - probability) / 4
    found = torch.full((5, *classes.shape), others)
    return found.scatter(0, torch.from_numpy(classes.astype(np.int64))[None], probability)


def test_what_all_networks_say_is_known_and_where_they_part_is_not() -> None:
    one, other = anatomy(), anatomy()
    other[70:72, 30:90] = IVD
    classes, reason = teach.agreed([[sure_of(one)], [sure_of(other)]])
    assert reason == ""
    assert (classes[70:72, 30:90] == UNKNOWN).all()
    assert (np.where(classes == UNKNOWN, one, classes) == one).all()
    assert (classes == UNKNOWN).sum() == 120


def test_a_network_that_is_not_sure_teaches_nothing_there() -> None:
    doubtful = sure_of(anatomy(), 0.5)
    classes, _ = teach.agreed([[doubtful], [doubtful]])
    assert (classes == UNKNOWN).all()


def test_a_slice_on_which_networks_see_different_sacs_does_not_teach() -> None:
    other = anatomy()
    other[74:89, 50:58] = 0
    assert teach.agreed([[sure_of(anatomy())], [sure_of(other)]])[1] == "the networks disagree on ts"


def test_what_is_no_anatomy_does_not_teach() -> None:
    assert teach.implausible(anatomy(), PIXEL_MM2) == ""
    without_sac, split_disc, upside_down = anatomy(), anatomy(), anatomy()[::-1]
    without_sac[74:] = 0
    split_disc[40:44] = 0
    assert teach.implausible(without_sac, PIXEL_MM2) == "ts has no plausible area"
    assert teach.implausible(split_disc, PIXEL_MM2) == "ivd in pieces"
    assert teach.implausible(upside_down, PIXEL_MM2) == "sac in front of the disc"


def test_the_slices_to_be_labelled_are_of_patients_without_labels_who_are_not_reserved(tmp_path: Path) -> None:
    publish(tmp_path, "0001_D3", axial_slice())
    folder = tmp_path / "T1"
    reserved = teach.RESERVED["sample"][0]
    for name in ("0001_D4", "0009_D3", "0009_D4", f"{reserved}_D3"):
        write_picture(folder / f"T1_{name}.png", np.full((40, 40), 7, np.uint8))
    found = read_unlabelled(tmp_path)
    assert [one.name for one in found] == ["0009_D3", "0009_D4", f"{reserved}_D3"]
    assert found[0].read_image().GetSpacing() == mendeley.PUBLISHED.spacing
    assert {one.patient for one in teach.chosen(found, 10, seed=0)} == {"0009"}
    assert len(teach.chosen(found, 1, seed=0)) == 1


def test_t2_beside_t1_is_a_further_case_of_the_same_patient(tmp_path: Path) -> None:
    for name in ("0001_D3", "0007_D5"):
        publish(tmp_path, name, axial_slice())
    missing = next(tmp_path.rglob("T2_0001_D3.png"))
    missing.unlink()
    dataset = read_mendeley(tmp_path, "T1+T2")
    assert [case.name for case in dataset.cases] == ["0001_D3", "0007_D5", "0007_D5_T2"]
    assert [case.metadata["weighting"] for case in dataset.cases] == ["T1", "T1", "T2"]
    assert dataset.left_out == ()


def experiment(tmp_path: Path, split: str) -> Path:
    path = tmp_path / "pupil.toml"
    path.write_text(
        f'pseudo_labels = "taught"\n[data]\nset = "mendeley"\n[split]\n{split}\n[preprocessing]\nspacing_mm = 0.6875\n'
        '[network]\nname = "half-resolution-unet"\n[training]\nbatch = 1\niterations = 1\n'
    )
    return path


def test_only_those_who_have_not_seen_the_test_patients_teach(tmp_path: Path) -> None:
    for fold, (unseen, value) in enumerate((((("1", "2")), 0.25), (("3", "4"), 0.5))):
        folder = runs.fold_folder("taught", fold)
        folder.mkdir(parents=True)
        slices = {"a/image": np.full((2, 2), value, np.float16), "a/classes": np.zeros((2, 2), np.uint8)}
        np.savez(folder / "pseudo_labels.npz", unseen=np.array(unseen), **slices)
    pupil = read_experiment(experiment(tmp_path, 'folds = "patients"'))
    assert [one.image.max() for one in folds.pseudo_labelled(pupil, ["3"])] == [0.5]
    assert [one.image.max() for one in folds.pseudo_labelled(pupil, ["1", "2"])] == [0.25]
    assert len(folds.pseudo_labelled(pupil, [])) == 2
    with pytest.raises(TrainingError, match=r"learned from patients .* \(2, 3\)"):
        folds.pseudo_labelled(pupil, ["2", "3"])


def test_a_model_that_learns_from_everyone_is_tested_on_nobody(tmp_path: Path) -> None:
    for name in ("0001_D3", "0007_D5"):
        publish(tmp_path, name, axial_slice())
    dataset = read_mendeley(tmp_path)
    (fold,) = folds.folds_of(read_experiment(experiment(tmp_path, "everyone = true")), dataset)
    assert fold.split.training == ("0001", "0007")
    assert fold.split.test == ()


def test_a_likeness_of_t2_has_a_bright_sac_and_a_dark_annulus_and_leaves_the_rest_in_order() -> None:
    classes = torch.from_numpy(anatomy())
    image = torch.rand(120, 120, generator=torch.Generator().manual_seed(1)) * 0.1 + 0.25
    image[:, :12] = 0.35
    torch.manual_seed(2)
    for _ in range(20):
        made = t2_like(image[None], classes)[0]
        sac, annulus = made[76:87, 52:68].mean(), made[22:26, 34:86].mean()
        assert sac > annulus + 0.1
        assert made[100:, :12].mean() > made[100:, 20:].mean()
