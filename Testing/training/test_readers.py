"""The readers of SPIDER and of the Mendeley set, on small data in the layouts of their authors."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from LumbarSegLib.core import preprocess
from Testing.axial_record import AAP, IVD, OTHER, PE, TS, axial_slice, publish, write_picture
from training.data import mendeley, spider
from training.data.cases import UNKNOWN, DataSet
from training.data.sets import open_set
from training.errors import TrainingError

Pixels = NDArray[np.uint8]


def classes(dataset: DataSet, name: str) -> Pixels:
    case = next(case for case in dataset.cases if case.name == name)
    return sitk.GetArrayFromImage(case.read_classes())


def reasons(dataset: DataSet) -> dict[str, str]:
    return {one.name: one.reason for one in dataset.left_out}


# SPIDER


def write_volume(path: Path, array: NDArray[np.generic], spacing: tuple[float, ...] = (0.5, 0.5, 4.0)) -> None:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin((3.0, -20.0, 40.0))
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(image, str(path))


def write_series(folder: Path, name: str, values: tuple[int, ...] = (0, 1, 100, 201)) -> None:
    mask = np.zeros((3, 8, 10), np.uint8)
    mask[1, 2, : len(values)] = values
    write_volume(folder / "images" / f"{name}.mha", mask.astype(np.int16) * 7)
    write_volume(folder / "masks" / f"{name}.mha", mask)


def test_spider_is_grouped_by_patient_with_both_weightings_and_in_the_order_of_numbers(tmp_path: Path) -> None:
    for name in ("12_t1", "12_t2", "3_t2_SPACE"):
        write_series(tmp_path, name)
    dataset = open_set("spider", tmp_path)
    assert [(case.patient, case.name) for case in dataset.cases] == [
        ("3", "3_t2_SPACE"),
        ("12", "12_t1"),
        ("12", "12_t2"),
    ]
    assert [case.metadata["weighting"] for case in dataset.cases] == ["T2 SPACE", "T1", "T2"]
    image, labels = dataset.cases[0].read_image(), dataset.cases[0].read_classes()
    assert image.GetSpacing() == labels.GetSpacing() == (0.5, 0.5, 4.0)
    assert image.GetOrigin() == labels.GetOrigin() == (3.0, -20.0, 40.0)


def test_spiders_numbered_and_merged_structures_and_partly_visible_vertebrae_become_the_same_classes(
    tmp_path: Path,
) -> None:
    write_series(tmp_path, "1_t2", (0, 1, 9, 25, 101, 125, 100, 201, 225))
    assert classes(open_set("spider", tmp_path), "1_t2")[1, 2, :9].tolist() == [0, 1, 1, 1, 1, 1, 3, 2, 2]


def test_what_spider_teaches_beside_a_canal_above_the_highest_label_is_unknown_and_nothing_else(tmp_path: Path) -> None:
    write_series(tmp_path, "1_t2")
    labels = np.zeros((2, 6, 4), np.uint8)
    labels[:, 1:, 3] = spider.CANAL
    labels[1, 3:, 0] = spider.VERTEBRA
    taught = open_set("spider", tmp_path).for_teaching(labels)
    assert (taught[:, 1:3, :3] == UNKNOWN).all()
    assert np.array_equal(taught[:, 3:], labels[:, 3:])
    assert np.array_equal(taught[:, :1], labels[:, :1])
    assert (taught[:, 1:, 3] == spider.CANAL).all()


def test_an_unknown_value_in_a_spider_mask_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    write_series(tmp_path, "1_t2", (0, 1, 60))
    with pytest.raises(TrainingError, match=r"1_t2\.mha.*60"):
        open_set("spider", tmp_path).cases[0].read_classes()


def test_spider_series_that_cannot_be_used_are_left_out_with_the_reason(tmp_path: Path) -> None:
    for name in ("1_t1", "2_t1", "3_t1", "4_t1", "5_t1", "6_t1", "notes"):
        write_series(tmp_path, name)
    (tmp_path / "masks" / "2_t1.mha").unlink()
    (tmp_path / "images" / "3_t1.mha").unlink()
    write_volume(tmp_path / "masks" / "4_t1.mha", np.zeros((3, 8, 9), np.uint8))
    write_volume(tmp_path / "masks" / "5_t1.mha", np.zeros((3, 8, 10), np.uint8), (0.5, 0.6, 4.0))
    (tmp_path / "images" / "6_t1.mha").write_bytes(b"ObjectType = Im")
    dataset = open_set("spider", tmp_path)
    assert [case.name for case in dataset.cases] == ["1_t1"]
    found = reasons(dataset)
    assert "no mask" in found["2_t1"]
    assert "no image" in found["3_t1"]
    assert "10 x 8 x 3" in found["4_t1"]
    assert "0.6" in found["5_t1"]
    assert "damaged" in found["6_t1"]
    assert "name" in found["notes"]


def test_opening_a_set_reads_headers_only_and_a_file_cut_short_is_named_when_it_is_read(tmp_path: Path) -> None:
    write_series(tmp_path, "1_t2")
    for folder in ("images", "masks"):
        path = tmp_path / folder / "1_t2.mha"
        path.write_bytes(path.read_bytes()[:-20])
    case = open_set("spider", tmp_path).cases[0]
    with pytest.raises(TrainingError, match=r"images/1_t2\.mha is damaged"):
        case.read_image()
    with pytest.raises(TrainingError, match=r"masks/1_t2\.mha is damaged"):
        case.read_classes()


def test_spiders_overview_becomes_metadata_without_blanks_and_dates_of_birth(tmp_path: Path) -> None:
    write_series(tmp_path, "1_t2")
    (tmp_path / "overview.csv").write_text(
        "new_file_name,subset,sex,birth_date,EchoTime\n1_t2,training,F  ,1960-01-01,\n9_t2,validation,M,,91\n"
    )
    assert open_set("spider", tmp_path).cases[0].metadata == {"subset": "training", "sex": "F", "weighting": "T2"}


def test_an_empty_folder_is_an_error_that_says_what_should_be_there(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="images"):
        open_set("spider", tmp_path)
    with pytest.raises(TrainingError, match="label images"):
        open_set("mendeley", tmp_path)
    with pytest.raises(TrainingError, match="no folder"):
        open_set("spider", tmp_path / "nowhere")


def test_an_unknown_set_weighting_or_option_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"'spyder'.*nearest is 'spider'"):
        open_set("spyder", tmp_path)
    with pytest.raises(TrainingError, match=r"no option 'weight'.*weighting"):
        open_set("mendeley", tmp_path, weight="T1")
    with pytest.raises(TrainingError, match="'T3'"):
        open_set("mendeley", tmp_path, weighting="T3")


def test_a_set_of_which_nothing_can_be_used_is_an_error_with_the_first_reason(tmp_path: Path) -> None:
    write_series(tmp_path, "1_t2")
    (tmp_path / "masks" / "1_t2.mha").unlink()
    with pytest.raises(TrainingError, match=r"no usable case.*there is no mask"):
        open_set("spider", tmp_path)


# Mendeley


def test_the_published_folders_of_the_mendeley_set_give_each_weighting_with_the_sets_spacing(tmp_path: Path) -> None:
    for name in ("0001_D3", "0001_D4", "0007_D5"):
        publish(tmp_path, name, axial_slice())
    for weighting, value in (("T1", 100), ("T2", 200)):
        dataset = open_set("mendeley", tmp_path, weighting=weighting)
        assert dataset.patients == ("0001", "0007")
        assert [case.name for case in dataset.cases] == ["0001_D3", "0001_D4", "0007_D5"]
        image = dataset.cases[0].read_image()
        assert image.GetSpacing() == pytest.approx((0.6875, 0.6875, 4.4))
        assert sitk.GetArrayFromImage(image).max() == value
        assert dataset.cases[0].metadata == {"weighting": weighting, "disc": "D3", "spacing": "published"}


def test_the_colours_of_a_composite_are_averaged(tmp_path: Path) -> None:
    publish(tmp_path, "0001_D3", axial_slice())
    colours = np.zeros((40, 40, 3), np.uint8)
    colours[...] = (30, 60, 120)
    write_picture(tmp_path / "05_Final_Ground_Truth_Data" / "Composite_Images" / "C1_0001_D3.png", colours)
    image = open_set("mendeley", tmp_path, weighting="composite").cases[0].read_image()
    assert np.unique(sitk.GetArrayFromImage(image)).tolist() == [70]


@pytest.mark.parametrize(
    "values",
    [
        {OTHER: 250, IVD: 50, PE: 100, TS: 150, AAP: 200},
        {OTHER: 0, IVD: 100, PE: 200, TS: 250, AAP: 255},
        {OTHER: 255, IVD: 0, PE: 100, TS: 200, AAP: 250},
    ],
)
def test_each_published_coding_gives_the_same_classes(tmp_path: Path, values: dict[int, int]) -> None:
    label = axial_slice()
    coded = np.vectorize(values.__getitem__, otypes=[np.uint8])(label)
    publish(tmp_path, "0001_D3", coded)
    found = classes(open_set("mendeley", tmp_path), "0001_D3")[0]
    for value, region in ((OTHER, 0), (IVD, 1), (PE, 2), (TS, 3), (AAP, 4)):
        assert (found[label == value] == region).all()


def test_a_stray_zero_in_the_sets_own_coding_is_unknown(tmp_path: Path) -> None:
    label = axial_slice()
    label[0, :5] = 0
    publish(tmp_path, "0001_D3", label)
    assert (classes(open_set("mendeley", tmp_path), "0001_D3")[0, 0, :6] == [*[UNKNOWN] * 5, 0]).all()


def test_values_that_fit_no_coding_are_refused_for_the_set_and_left_out_for_a_single_slice(tmp_path: Path) -> None:
    label = axial_slice()
    label[0, 0] = 77
    publish(tmp_path, "0001_D3", label)
    with pytest.raises(TrainingError, match=r"77.*fit no known coding"):
        open_set("mendeley", tmp_path)
    for name in ("0002_D3", "0003_D3"):
        publish(tmp_path, name, axial_slice())
    dataset = open_set("mendeley", tmp_path)
    assert [case.name for case in dataset.cases] == ["0002_D3", "0003_D3"]
    assert "77" in reasons(dataset)["0001_D3"]


def test_a_coding_whose_regions_do_not_lie_as_in_the_body_is_refused(tmp_path: Path) -> None:
    publish(tmp_path, "0001_D3", np.ascontiguousarray(axial_slice()[::-1]))
    with pytest.raises(TrainingError, match="fit no known coding"):
        open_set("mendeley", tmp_path)


def test_a_picture_without_spacing_is_shown_to_a_network_as_wide_as_what_it_was_trained_on() -> None:
    width, _, distance = np.multiply(mendeley.PUBLISHED.spacing, (320, 320, 1))
    assert (width, distance) == (preprocess.FIELD_OF_VIEW_MM, preprocess.SLICE_DISTANCE_MM)
