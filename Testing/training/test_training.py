"""The training folder on small data of SPIDER's own form: what it reads, that it learns, resumes and
exports.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from LumbarSegLib.core import levels, models
from Testing.small_model import CARD
from training import augment, export, train
from training.data import spider
from training.sagittal import perturb, report

CONFIGS = Path(train.__file__).parent / "configs"
SPINE = (0, 0, -1, 1, 0, 0, 0, -1, 0)
Config = dict[str, Any]


def write_patient(folder: Path, patient: int, seed: int = 0) -> None:
    """A stack of seven slices of 3 mm: bright boxes as vertebrae, dark ones as discs, a bright stripe as
    canal.
    """
    mask = np.zeros((7, 96, 80), np.uint8)
    for level in range(4):
        mask[1:6, 4 + 23 * level : 22 + 23 * level, 20:44] = 4 - level
        mask[1:6, 22 + 23 * level : 27 + 23 * level, 20:44] = 204 - level
    mask[2:5, :, 48:58] = 100
    table = np.full(256, 40.0)
    table[1:26], table[100], table[201:226] = 140, 230, 80
    pixels = table[mask] + np.random.default_rng(seed).normal(0, 6, mask.shape)
    for name, array in (("images", pixels.clip(0, 255).astype(np.uint8)), ("masks", mask)):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((1.2, 1.2, 3.0))
        image.SetDirection(SPINE)
        (folder / name).mkdir(exist_ok=True, parents=True)
        sitk.WriteImage(image, str(folder / name / f"{patient}_t2.mha"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for patient in (3, 12, 20):
        write_patient(tmp_path / "data", patient, patient)
    return tmp_path / "data"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setattr(train, "RUNS", tmp_path / "runs")
    config = train.read_config(CONFIGS / "sagittal.toml")
    config["network"] |= {"spacing_mm": 1.2, "channels": [8, 8, 8]}
    config["training"] |= {"iterations": 4, "stop_at": 4, "batch": 2, "checkpoint_every": 2, "ema_decay": 0.5}
    config["augmentation"]["crop"] = [64, 64]
    return config


def sampler_of(data: Path, config: Config) -> train.SliceSampler:
    return train.SliceSampler(list(spider.load_stacks(spider.find_series(data), 1.2)), [], config)


def test_augmentation_changes_the_look_and_moves_labels_with_the_image(data: Path, config: Config) -> None:
    torch.manual_seed(1)
    plain = dict.fromkeys(config["augmentation"], 0.0) | {
        "crop": (64, 64),
        "rotation_deg": 20.0,
        "zoom": (0.9, 1.2),
        "elastic_px": 3.0,
    }
    images, classes = sampler_of(data, config).draw(np.random.default_rng(0))
    warped, labels = augment.warp(images, classes, augment.Augmentation(**plain))
    canal = warped[:, 1][labels == spider.CANAL]
    discs = warped[:, 1][labels == spider.DISC]
    assert warped.shape[2:] == labels.shape[1:] == (64, 64)
    assert canal.mean() > discs.mean() + 0.3


def test_every_augmentation_leaves_finite_standardised_images(data: Path, config: Config) -> None:
    settings = train.augmentation_of(config)
    sampler = sampler_of(data, config)
    for seed in range(10):
        torch.manual_seed(seed)
        images, classes = augment.augment(*sampler.draw(np.random.default_rng(seed)), settings)
        assert torch.isfinite(images).all()
        assert images.abs().mean() < 3
        assert set(classes.unique().tolist()) <= {0, 1, 2, 3, spider.UNKNOWN}


def test_background_beside_a_canal_above_the_highest_label_is_unknown_and_nothing_else() -> None:
    classes = np.zeros((2, 6, 4), np.uint8)
    classes[:, 1:, 3] = spider.CANAL
    classes[1, 3:, 0] = spider.VERTEBRA
    known = spider.without_unlabelled_top(classes)
    assert (known[:, 1:3, :3] == spider.UNKNOWN).all()
    assert np.array_equal(known[:, 3:], classes[:, 3:])
    assert np.array_equal(known[:, :1], classes[:, :1])
    assert (known[:, 1:, 3] == spider.CANAL).all()


def test_a_network_that_sees_more_slices_starts_with_the_answers_of_the_former(config: Config) -> None:
    torch.manual_seed(0)
    former = train.Run("former", config)
    former.save()
    wider = config | {"start_from": "former", "network": config["network"] | {"slices": 5}}
    network = train.build_network(wider)
    network.load_state_dict(train.starting_weights(wider))
    seen = torch.randn(1, 5, 32, 32)
    assert torch.allclose(network.eval()(seen), former.network.eval()(seen[:, [0, 2, 4]]), atol=1e-5)


def test_large_slices_without_neighbours_are_cut_to_the_size_of_the_stacks(data: Path, config: Config) -> None:
    config["training"] |= {"pseudo_share": 1.0}
    large = np.arange(200 * 150, dtype=np.float32).reshape(200, 150)
    slices = [train.LabelledSlice(large, np.ones(large.shape, np.uint8))]
    sampler = train.SliceSampler(list(spider.load_stacks(spider.find_series(data), 1.2)), slices, config)
    images, classes = sampler.draw(np.random.default_rng(0))
    assert images.shape[2:] == classes.shape[1:] == (sampler.rows, sampler.columns)
    assert (classes == 1).all()
    assert images[0, 0, 0, 0] != images[1, 0, 0, 0]


def test_pixels_of_unknown_class_do_not_count_in_the_loss() -> None:
    logits = torch.randn(1, 4, 8, 8)
    classes = torch.randint(0, 4, (1, 8, 8))
    classes[:, 4:] = train.UNKNOWN
    changed = logits.clone()
    changed[:, :, 4:] += torch.randn(1, 4, 4, 8)
    assert train.segmentation_loss(logits, classes) == pytest.approx(
        float(train.segmentation_loss(changed, classes)), abs=1e-5
    )


def test_a_resumed_training_ends_where_an_unbroken_one_does(data: Path, config: Config) -> None:
    sampler = sampler_of(data, config)
    runs = {}
    for name in ("unbroken", "broken"):
        torch.manual_seed(0)
        runs[name] = train.Run(name, config)
    train.train(runs["unbroken"], sampler)
    for iteration in range(2):
        torch.manual_seed(config["seed"] + iteration)
        random = np.random.default_rng((config["seed"], iteration))
        runs["broken"].step(*augment.augment(*sampler.draw(random), train.augmentation_of(config)))
    runs["broken"].save()
    train.train(train.Run("broken", config), sampler)
    one, other = train.load_average("unbroken"), train.load_average("broken")
    assert all(torch.allclose(one[key].float(), other[key].float(), atol=1e-4) for key in one)


def test_the_exported_file_answers_as_the_trained_network(data: Path, config: Config, tmp_path: Path) -> None:
    train.train(train.Run("small", config), sampler_of(data, config))
    path = export.export("small", config, CARD, tmp_path)
    model = models.open_model(models.find(str(path)), "cpu", accept_unlisted=True)
    network = train.build_network(config)
    network.load_state_dict(train.load_average("small"))
    image = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        difference = (model.network(image.to(model.dtype)).float() - network.eval()(image)).abs().max()
    assert difference < 0.1
    assert (tmp_path / "index.json").is_file()


def test_a_model_file_carries_only_scores_of_its_own_weights(config: Config, tmp_path: Path) -> None:
    metadata = export.metadata_of(config, CARD, 8)
    scores = [{"measured_on": "phantoms", "vertebra": 0.9, "disc": 0.8, "canal": 0.7}]

    def write(seed: int, report: dict[str, Any] | None) -> dict[str, Any]:
        torch.manual_seed(seed)
        return export.write_model(train.build_network(config), metadata, tmp_path / "small.ts", report)

    measured = {"weights_sha256": write(0, None)["weights_sha256"], "scores": scores}
    assert write(0, measured)["scores"] == scores
    assert models.find(str(tmp_path / "small.ts")).scores == tuple(scores)
    with pytest.raises(ValueError, match="other weights"):
        write(1, measured)


def test_perturbed_pairs_stay_on_one_grid(data: Path) -> None:
    one = spider.read_spider(data).cases[0]
    for name, change in perturb.perturbations().items():
        image, classes = change(one.read_image(), one.read_classes())
        assert image.GetSize() == classes.GetSize(), name
        assert np.allclose(image.GetSpacing(), classes.GetSpacing()), name


def test_dice_by_instance_takes_the_best_overlap_and_counts_what_is_missed() -> None:
    def spine(rows: list[int]) -> levels.Spine:
        labels = sitk.GetImageFromArray(np.tile(np.array(rows, np.uint8)[None, :, None], (3, 1, 4)))
        labels.SetDirection(SPINE)
        return levels.spine_of(labels)

    truth = spine([0, 0, 0, 2, 2, 2, 2, 202, 202, 1, 1, 1, 1, 0, 0, 0])
    found = spine([0, 0, 3, 3, 3, 3, 3, 3, 0, 2, 2, 2, 2, 0, 0, 0])
    assert sorted(report.dice_by_instance(found, truth)) == [("disc", 0.0), ("vertebra", 0.8), ("vertebra", 1.0)]


def test_dice_is_one_for_the_same_map_and_nan_for_what_neither_has(data: Path) -> None:
    truth = spider.read_spider(data).cases[0].read_classes()
    assert report.dice_by_kind(truth, truth) == [1.0, 1.0, 1.0]
    nothing = sitk.Image(truth.GetSize(), sitk.sitkUInt8)
    assert np.isnan(report.dice_by_kind(nothing, nothing)).all()
