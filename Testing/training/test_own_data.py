"""A user's own folder: described in TOML, or listed as MONAI lists data."""

import json
import textwrap
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from monai.data.decathlon_datalist import load_decathlon_datalist
from numpy.typing import NDArray
from PIL import Image

from LumbarSegLib.core.preprocess import ORIENTATIONS, to_stack_order
from training.data import own, split
from training.data.cases import UNKNOWN, DataSet
from training.data.datalist import read_datalist, write_datalist
from training.data.sets import open_set
from training.errors import TrainingError

AXIAL = """
    name = "clinic"
    task = "axial"
    images = "images/*.png"
    labels = "labels/*_seg.png"
    patient = '(\\d+)_D\\d'
    spacing_mm = [0.5, 0.7, 4.0]
    licence = "not published"

    [classes]
    background = 0
    ivd = 50
    ts = [150, 151]
    unknown = 250
"""
VALUES = np.zeros((8, 6), np.uint8)
VALUES[1:4, 2:5] = 50
VALUES[5, 2] = 150
VALUES[5, 3] = 151
VALUES[7, 5] = 250


def describe(folder: Path, text: str = AXIAL) -> DataSet:
    path = folder / "clinic.toml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return open_set(str(path), folder)


def picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def volume(path: Path, array: NDArray[np.generic], spacing: float = 1.0, origin: float = 0.0) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((spacing, spacing, 4.0))
    image.SetOrigin((origin, 0.0, 0.0))
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(image, str(path))
    return image


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    """Three labelled axial pictures of two patients."""
    grey = np.arange(48, dtype=np.uint8).reshape(8, 6)
    for name in ("0001_D3", "0001_D4", "0002_D3"):
        picture(tmp_path / f"images/{name}.png", grey)
        picture(tmp_path / f"labels/{name}_seg.png", VALUES)
    return tmp_path


VOLUMES = """
    name = "stacks"
    task = "sagittal"
    images = "*/t2.nii.gz"
    labels = "*/mask.nii.gz"
    [classes]
    background = 0
    vertebra = [1, 2]
    canal = 100
"""


def stack(folder: Path, spacing: float = 1.0, origin: float = 0.0, columns: int = 6) -> Path:
    """A patient's folder with an image and a label that may not fit it."""
    mask = np.zeros((3, 4, columns), np.int16)
    mask[1] = 2
    volume(folder / "anna/t2.nii.gz", np.ones((3, 4, 6), np.int16))
    volume(folder / "anna/mask.nii.gz", mask, spacing, origin)
    return folder


def test_the_example_in_the_docstring_is_a_description_that_is_read(clinic: Path) -> None:
    example = str(own.__doc__).split("\n\n", 1)[1].split("\n\nClass names")[0]
    dataset = describe(clinic, example)
    assert [case.name for case in dataset.cases] == ["0001_D3", "0001_D4", "0002_D3"]


def test_pairs_are_found_by_what_the_star_stands_for_and_patients_by_their_pattern(clinic: Path) -> None:
    dataset = describe(clinic)
    assert dataset.patients == ("0001", "0002")
    assert [case.name for case in dataset.of_patients(("0001",))] == ["0001_D3", "0001_D4"]
    assert dataset.left_out == ()
    assert dataset.licence == "not published"


def test_label_values_become_the_classes_of_the_task(clinic: Path) -> None:
    classes = describe(clinic).cases[0].read_classes()
    array = sitk.GetArrayFromImage(classes)[0]
    assert (array[1:4, 2:5] == 1).all()
    assert array[5, 2] == array[5, 3] == 3
    assert array[7, 5] == UNKNOWN
    assert (array == 0).sum() == 48 - 9 - 2 - 1


def test_pictures_get_the_spacing_of_the_description(clinic: Path) -> None:
    case = describe(clinic).cases[0]
    assert case.read_image().GetSpacing() == (0.7, 0.5, 4.0)
    assert case.read_classes().GetSpacing() == (0.7, 0.5, 4.0)
    assert "spacing" not in case.metadata


def test_pictures_without_a_spacing_say_that_it_is_unknown(clinic: Path) -> None:
    text = "\n".join(line for line in AXIAL.splitlines() if "spacing_mm" not in line)
    assert describe(clinic, text).cases[0].metadata["spacing"] == "unknown"


@pytest.mark.parametrize(("task", "name"), [("sagittal", "vertebra"), ("axial", "ivd"), ("xray", "vertebra")])
def test_a_picture_stands_in_the_stack_as_it_is_shown(tmp_path: Path, task: str, name: str) -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(8, 6)
    picture(tmp_path / "a.png", pixels)
    picture(tmp_path / "a_seg.png", np.ones_like(pixels))
    text = f'name = "one"\ntask = "{task}"\nimages = "*.png"\nlabels = "*_seg.png"\nclasses.{name} = 1'
    (case,) = describe(tmp_path, text).cases  # the label beside the image is not taken for an image
    image = case.read_image()
    if ORIENTATIONS[task]:
        image = to_stack_order(image, ORIENTATIONS[task])
    assert (sitk.GetArrayFromImage(image)[0] == pixels).all()


def test_a_label_picture_with_a_palette_is_read_by_its_indices(clinic: Path) -> None:
    indexed = Image.fromarray(VALUES).convert("P")
    indexed.putpalette([channel for index in range(256) for channel in (index, 255 - index, 90)])
    indexed.save(clinic / "labels/0001_D3_seg.png")
    array = sitk.GetArrayFromImage(describe(clinic).cases[0].read_classes())
    assert (array == 1).sum() == 9


def test_volumes_in_a_folder_for_each_patient_are_pairs_too(tmp_path: Path) -> None:
    (case,) = describe(stack(tmp_path), VOLUMES).cases
    assert (case.patient, case.name) == ("anna", "anna")
    classes = case.read_classes()
    assert classes.GetSpacing() == (1.0, 1.0, 4.0)
    assert (sitk.GetArrayFromImage(classes)[1] == 1).all()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"columns": 5}, "the image has 6 x 4 x 3 voxels and the label 5 x 4 x 3"),
        ({"spacing": 1.1}, r"voxels are 1 x 1 x 4 mm and the label's 1\.1 x 1\.1 x 4 mm"),
        ({"origin": 2.0}, "the label lies 2 mm away from the image"),
    ],
)
def test_a_label_on_another_grid_is_refused(tmp_path: Path, wrong: dict[str, int], sentence: str) -> None:
    (case,) = describe(stack(tmp_path, **wrong), VOLUMES).cases
    with pytest.raises(TrainingError, match=sentence):
        case.read_classes()


def test_a_label_picture_of_another_size_is_refused(clinic: Path) -> None:
    picture(clinic / "labels/0001_D3_seg.png", VALUES[:7])
    with pytest.raises(TrainingError, match="the image has 6 x 8 pixels and the label 6 x 7"):
        describe(clinic).cases[0].read_classes()


def test_a_label_value_without_a_meaning_is_named(clinic: Path) -> None:
    picture(clinic / "labels/0001_D3_seg.png", VALUES + (VALUES == 50) * np.uint8(27))
    with pytest.raises(TrainingError, match=r"0001_D3_seg\.png holds the label values 77, which have no meaning"):
        describe(clinic).cases[0].read_classes()


def test_a_damaged_image_is_refused_when_it_is_read(tmp_path: Path) -> None:
    (stack(tmp_path) / "anna/t2.nii.gz").write_bytes(b"nothing")
    with pytest.raises(TrainingError, match=r"t2\.nii\.gz is damaged"):
        describe(tmp_path, VOLUMES).cases[0].read_image()


def test_what_has_no_counterpart_or_no_patient_is_left_out_with_the_reason(clinic: Path) -> None:
    (clinic / "labels/0001_D4_seg.png").unlink()
    picture(clinic / "labels/0009_D3_seg.png", VALUES)
    picture(clinic / "images/test.png", VALUES)
    picture(clinic / "labels/test_seg.png", VALUES)
    reasons = {row.name: row.reason for row in describe(clinic).left_out}
    assert reasons["0001_D4"] == "0001_D4.png has no label labels/0001_D4_seg.png"
    assert reasons["0009_D3"] == "0009_D3_seg.png has no image"
    assert "does not fit the patient pattern" in reasons["test"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("licence =", "license =", "no key 'license'; the nearest one is 'licence'"),
        ('"axial"', '"coronal"', "clinic.toml: task: input should be 'sagittal', 'axial' or 'xray'"),
        ("images/*.png", "images/**/*.png", "images: give a path below the folder with exactly one"),
        ("labels/*_seg", "../labels/*_seg", "labels: give a path below the folder"),
        (r"(\d+)_D\d", r"\d+_D\d", "patient: put exactly one group in brackets"),
        (r"(\d+)_D\d", r"(\d+", "patient: this is no regular expression"),
        ("ivd = 50", "disk = 50", "The task axial has no class 'disk'"),
        ("ivd = 50", "ivd = 0", "The label value 0 stands for two classes"),
        ("[0.5, 0.7, 4.0]", "[0.5, 0, 4.0]", "spacing_mm: input should be greater than 0"),
        ('name = "clinic"', "name = clinic", "is not valid TOML"),
        ('images = "images/*.png"', "", "images: field required"),
    ],
)
def test_a_description_that_cannot_be_used_is_answered_with_one_sentence(
    clinic: Path, old: str, new: str, sentence: str
) -> None:
    assert old in AXIAL
    with pytest.raises(TrainingError, match=sentence.replace("(", r"\(")):
        describe(clinic, AXIAL.replace(old, new))


def test_a_spacing_for_volumes_is_refused_since_they_carry_their_own(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="spacing_mm is for pictures"):
        describe(stack(tmp_path), f"spacing_mm = [1, 1, 1]\n{textwrap.dedent(VOLUMES)}")


def arrays(dataset: DataSet) -> dict[str, tuple[NDArray[np.generic], NDArray[np.generic]]]:
    return {
        case.name: (sitk.GetArrayFromImage(case.read_image()), sitk.GetArrayFromImage(case.read_classes()))
        for case in dataset.cases
    }


def test_a_datalist_gives_back_what_was_written(clinic: Path) -> None:
    dataset = describe(clinic)
    write_datalist(dataset, clinic / "list.json")
    again = open_set(str(clinic / "list.json"), clinic)
    assert (again.name, again.task, again.classes) == ("clinic", "axial", dataset.classes)
    assert [case.patient for case in again.cases] == ["0001", "0001", "0002"]
    for name, (image, classes) in arrays(dataset).items():
        assert (arrays(again)[name][0] == image).all()
        assert (arrays(again)[name][1] == classes).all()
    assert again.cases[0].read_image().GetSpacing() == pytest.approx((0.7, 0.5, 4.0))


def test_a_datalist_is_read_by_monai(clinic: Path) -> None:
    write_datalist(describe(clinic), clinic / "list.json")
    items = load_decathlon_datalist(str(clinic / "list.json"), True, "training")
    assert len(items) == 3
    assert all(Path(item["image"]).is_file() and Path(item["label"]).is_file() for item in items)


def test_a_datalist_leaves_volumes_where_they_are(tmp_path: Path) -> None:
    write_datalist(describe(stack(tmp_path), VOLUMES), tmp_path / "list.json")
    (item,) = json.loads((tmp_path / "list.json").read_text(encoding="utf-8"))["training"]
    assert item == {
        "image": "anna/t2.nii.gz",
        "label": "list_files/labels/anna.nii.gz",
        "name": "anna",
        "patient": "anna",
    }


def test_a_datalist_says_who_is_tested_on(clinic: Path) -> None:
    dataset = describe(clinic)
    write_datalist(dataset, clinic / "held.json", [split.held_out(dataset.patients, ["0002"], 0, 0)])
    write_datalist(dataset, clinic / "folds.json", split.folds(dataset.patients, 2, 0, 0))
    held = json.loads((clinic / "held.json").read_text(encoding="utf-8"))
    folded = json.loads((clinic / "folds.json").read_text(encoding="utf-8"))["training"]
    assert ([row["patient"] for row in held["test"]], held["numTraining"]) == (["0002"], 2)
    assert {row["patient"]: row["fold"] for row in folded}.keys() == {"0001", "0002"}
    assert {row["fold"] for row in folded} == {0, 1}
    assert len(read_datalist(clinic / "held.json", clinic).cases) == 3


def decathlon(folder: Path, **changes: object) -> DataSet:
    """A list as the Decathlon has it, over the volumes of `stack`, with changes."""
    listed = {
        "name": "Task",
        "labels": {"0": "background", "1": "vertebra", "2": "vertebra", "100": "canal"},
        "training": [{"image": "./anna/t2.nii.gz", "label": "./anna/mask.nii.gz", "series": "anna"}],
    }
    path = stack(folder) / "dataset.json"
    path.write_text(json.dumps({key: value for key, value in (listed | changes).items() if value is not None}))
    return read_datalist(path, folder)


def test_a_datalist_of_others_tells_the_task_by_its_labels(tmp_path: Path) -> None:
    dataset = decathlon(tmp_path)
    assert dataset.task == "sagittal"
    assert dataset.patients == ("t2",)
    assert (sitk.GetArrayFromImage(dataset.cases[0].read_classes())[1] == 1).all()


def test_images_of_one_name_in_several_folders_are_named_by_their_folder(tmp_path: Path) -> None:
    image = volume(tmp_path / "bert/t2.nii.gz", np.ones((3, 4, 6), np.int16))
    sitk.WriteImage(image, str(tmp_path / "bert/mask.nii.gz"))
    training = [{"image": f"{name}/t2.nii.gz", "label": f"{name}/mask.nii.gz"} for name in ("anna", "bert")]
    assert [case.name for case in decathlon(tmp_path, training=training).cases] == ["anna_t2", "bert_t2"]


def test_a_word_in_an_item_stays_a_word_though_a_folder_has_its_name(tmp_path: Path) -> None:
    assert decathlon(tmp_path).cases[0].metadata == {"series": "anna"}


def test_items_of_a_datalist_that_cannot_be_used_are_left_out_with_the_reason(tmp_path: Path) -> None:
    training = [
        {"image": "anna/t2.nii.gz", "label": "anna/mask.nii.gz"},
        {"image": "bert/t2w.nii.gz", "label": "anna/mask.nii.gz"},
        {"image": "anna/t2.nii.gz", "label": "anna/mask.nii.gz"},
    ]
    reasons = [row.reason for row in decathlon(tmp_path, training=training, test=["anna/t1.nii.gz"]).left_out]
    assert reasons[0].endswith("bert/t2w.nii.gz")
    assert reasons[1:] == [
        "another item has the same name",
        "the test list gives no single image with a single label",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"labels": {"0": "background", "1": "vertebra"}}, 'do not tell the task; add "task"'),
        ({"labels": {"0": "background", "1": "liver"}}, "do not tell the task"),
        ({"labels": None}, 'has no "labels"'),
        ({"labels": {"one": "vertebra"}}, "the label value 'one' is no whole number"),
        ({"task": "coronal"}, "no task 'coronal'"),
        ({"training": None}, "is no datalist"),
    ],
)
def test_a_datalist_that_cannot_be_used_is_answered_with_one_sentence(
    tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(TrainingError, match=sentence):
        decathlon(tmp_path, **changes)
