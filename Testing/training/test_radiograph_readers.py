"""The readers of AASCE and of radiographs with masks, on small data in their layouts."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from training.data.cases import Case, DataSet
from training.data.sets import open_set
from training.errors import TrainingError

ROWS, COLUMNS = 400, 120
Corners = NDArray[np.float64]


def reasons(dataset: DataSet) -> dict[str, str]:
    return {one.name: one.reason for one in dataset.left_out}


def pixels(image: sitk.Image) -> NDArray[np.generic]:
    return sitk.GetArrayFromImage(image)[0]


# AASCE


def straight_spine() -> Corners:
    """Seventeen bodies of 40 x 14 pixels, 22 apart; corners top left, top right, bottom left, bottom right."""
    tops = 10 + 22.0 * np.arange(17)
    return np.array([[[40, top], [80, top], [40, top + 14], [80, top + 14]] for top in tops])


def write_radiographs(folder: Path, spines: dict[str, Corners]) -> None:
    (folder / "images").mkdir()
    lines = ["image,vertebra,tl_x,tl_y,tr_x,tr_y,bl_x,bl_y,br_x,br_y"]
    for name, spine in spines.items():
        Image.fromarray(np.full((ROWS, COLUMNS), 90, np.uint8)).save(folder / "images" / f"{name}.jpg")
        lines += [f"{name},{number}," + ",".join(map(str, one.ravel())) for number, one in enumerate(spine)]
    (folder / "corners.csv").write_text("\n".join(lines) + "\n")


def test_a_vertebra_of_aasce_is_its_filled_quadrilateral(tmp_path: Path) -> None:
    spine = straight_spine()
    spine[3] = [[40, 76], [80, 80], [40, 90], [80, 94]]  # slanting
    write_radiographs(tmp_path, {"a": spine})
    case = open_set("aasce", tmp_path).cases[0]
    labels = pixels(case.read_classes())
    assert labels.shape == pixels(case.read_image()).shape == (ROWS, COLUMNS)
    assert labels[11:24, 41:80].all()
    assert (labels[26:31, 41:80] == 3).all()  # the space of a disc
    assert not labels[25:32, :39].any()
    assert labels[78, 42] == 1
    assert labels[78, 78] != 1
    assert case.metadata["spacing"] == "unknown"


def test_the_table_as_published_gives_the_same_corners_as_shares_of_the_image(tmp_path: Path) -> None:
    write_radiographs(tmp_path, {"a b": straight_spine()})
    spine = straight_spine() / (COLUMNS, ROWS)
    (tmp_path / "published" / "data" / "training").mkdir(parents=True)
    Image.fromarray(np.full((ROWS, COLUMNS), 90, np.uint8)).save(
        tmp_path / "published" / "data" / "training" / "a b.jpg"
    )
    labels = tmp_path / "published" / "labels" / "training"
    labels.mkdir(parents=True)
    (labels / "filenames.csv").write_text("a b.jpg\n")
    (labels / "landmarks.csv").write_text(",".join(map(str, [*spine[..., 0].ravel(), *spine[..., 1].ravel()])) + "\n")
    one, other = (open_set("aasce", folder).cases[0] for folder in (tmp_path, tmp_path / "published"))
    assert np.array_equal(pixels(one.read_classes()), pixels(other.read_classes()))


def changed(number: int, corners: list[list[float]]) -> Corners:
    spine = straight_spine()
    spine[number] = corners
    return spine


BAD = {
    "crossed": (changed(2, [[40, 54], [80, 68], [40, 68], [80, 54]]), "vertebra 3 has crossed sides"),
    "mirrored": (changed(2, [[80, 54], [40, 54], [80, 68], [40, 68]]), "vertebra 3 has its corners in a wrong order"),
    "turned": (changed(2, [[80, 68], [40, 68], [80, 54], [40, 54]]), "vertebra 3 has its corners in a wrong order"),
    "outside": (changed(16, [[40, 362], [80, 362], [40, 376], [125, 376]]), "vertebra 17 lies partly outside"),
    "missing": (changed(5, [[40, 120], [float("nan"), 120], [40, 134], [80, 134]]), "vertebra 6 has a corner"),
    "huge": (changed(9, [[0, 150], [119, 150], [0, 290], [119, 290]]), "vertebra 10 is"),
    "line": (changed(9, [[40, 208], [80, 208], [40, 209], [80, 209]]), "vertebra 10 is"),
    "twice": (changed(16, [[41, 341], [81, 341], [41, 355], [81, 355]]), "vertebrae 16 and 17 cover each other"),
    "strips": (
        np.array([[[40, y], [80, y], [40, y + 7], [80, y + 7]] for y in 10 + 22.0 * np.arange(17)]),
        "only a strip",
    ),
    "short": (straight_spine()[:16], "16 vertebrae are listed"),
}


def test_radiographs_with_bad_quadrilaterals_are_left_out_with_the_reason(tmp_path: Path) -> None:
    write_radiographs(tmp_path, {"good": straight_spine()} | {name: spine for name, (spine, _) in BAD.items()})
    dataset = open_set("aasce", tmp_path)
    assert [case.name for case in dataset.cases] == ["good"]
    found = reasons(dataset)
    assert sorted(found) == sorted(BAD)
    for name, (_, words) in BAD.items():
        assert words in found[name]


def test_a_spine_whose_topmost_vertebra_is_listed_last_is_kept(tmp_path: Path) -> None:
    write_radiographs(tmp_path, {"a": np.roll(straight_spine(), -1, 0)})
    assert len(open_set("aasce", tmp_path).cases) == 1


def test_images_without_corners_and_corners_without_an_image_are_left_out(tmp_path: Path) -> None:
    write_radiographs(tmp_path, {name: straight_spine() for name in ("a", "b")})
    (tmp_path / "images" / "b.jpg").rename(tmp_path / "images" / "c.jpg")
    found = reasons(open_set("aasce", tmp_path))
    assert "no images/b.jpg" in found["b"]
    assert "does not name it" in found["c"]


def test_a_table_of_corners_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"neither corners\.csv nor"):
        open_set("aasce", tmp_path)
    (tmp_path / "corners.csv").write_text("image,vertebra,tl_x\na,0,1\n")
    with pytest.raises(TrainingError, match=r"no column bl_x"):
        open_set("aasce", tmp_path)
    write_radiographs(tmp_path, {"a": straight_spine()})
    with (tmp_path / "corners.csv").open("a") as table:
        table.write("a,16,1,2,x,4,5,6,7,8\n")
    with pytest.raises(TrainingError, match="line 19"):
        open_set("aasce", tmp_path)


# radiographs with masks


def write_dicom(path: Path, stored: NDArray[np.uint16], **entries: object) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = generate_uid(), ExplicitVRLittleEndian
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation, dataset.SamplesPerPixel = 0, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    for name, value in entries.items():
        setattr(dataset, name, value)
    dataset.PixelData = stored.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path)


def write_mask(path: Path, values: tuple[int, ...] = (0, 255), shape: tuple[int, int] = (30, 20)) -> None:
    mask = np.zeros(shape, np.uint8)
    for number, value in enumerate(values):
        mask[2 * number : 2 * number + 2, 5:15] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)


def bright_bone() -> NDArray[np.uint16]:
    stored = np.full((30, 20), 500, np.uint16)
    stored[10:20, 5:15] = 4000
    return stored


def only(dataset: DataSet) -> Case:
    assert len(dataset.cases) == 1
    return dataset.cases[0]


@pytest.mark.parametrize("beside", [True, False])
def test_a_dicom_radiograph_brings_spacing_age_and_sex(tmp_path: Path, beside: bool) -> None:
    images, masks = (tmp_path, tmp_path) if beside else (tmp_path / "images", tmp_path / "masks")
    known = {"PixelSpacing": [0.15, 0.14], "PatientAge": "045Y", "PatientSex": "F", "PatientID": "secret"}
    write_dicom(images / "a.dcm", bright_bone(), **known)
    write_mask(masks / "a.png")
    case = only(open_set("radiographs", tmp_path))
    assert case.metadata == {"spacing": "PixelSpacing", "age": "45", "sex": "F"}
    assert case.patient == "a"
    image, labels = case.read_image(), case.read_classes()
    assert image.GetSpacing() == labels.GetSpacing() == pytest.approx((0.14, 0.15, 1))
    assert np.array_equal(pixels(image), bright_bone())
    assert np.array_equal(np.unique(pixels(labels)), [0, 1])


def test_bone_is_bright_whichever_way_the_pixels_are_stored(tmp_path: Path) -> None:
    write_dicom(tmp_path / "a.dcm", 4095 - bright_bone(), PhotometricInterpretation="MONOCHROME1")
    write_mask(tmp_path / "a.png")
    shown = pixels(only(open_set("radiographs", tmp_path)).read_image()).astype(int)
    assert shown[15, 10] - shown[0, 0] == 3500


def test_age_is_worked_out_from_the_dates_and_the_magnification_taken_off_the_spacing(tmp_path: Path) -> None:
    dates = {"PatientBirthDate": "19600721", "StudyDate": "20200720"}
    at_detector = {"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": 1.25}
    write_dicom(tmp_path / "a.dcm", bright_bone(), **dates, **at_detector)
    write_mask(tmp_path / "a.png")
    case = only(open_set("radiographs", tmp_path))
    assert case.metadata == {"spacing": "ImagerPixelSpacing", "age": "59"}
    assert case.read_image().GetSpacing()[:2] == pytest.approx((0.16, 0.16))


def test_images_of_one_patient_belong_together_and_nothing_of_the_identity_is_carried(tmp_path: Path) -> None:
    for name, identity in (("a", "Doe-17"), ("b", "Roe-18"), ("c", "Doe-17"), ("d", "")):
        write_dicom(tmp_path / f"{name}.dcm", bright_bone(), PatientID=identity, PatientName="Doe^Jane")
        write_mask(tmp_path / f"{name}.png")
    dataset = open_set("radiographs", tmp_path)
    assert [case.patient for case in dataset.cases] == ["a", "b", "a", "d"]
    assert "Doe" not in str([(case.patient, case.name, case.metadata) for case in dataset.cases])


def test_large_pictures_of_sixteen_bits_are_read_as_they_are(tmp_path: Path) -> None:
    stored = np.zeros((4608, 1920), np.uint16)
    stored[4000, 1900] = 60000
    (tmp_path / "images").mkdir()
    Image.fromarray(stored).save(tmp_path / "images" / "a.png")
    write_mask(tmp_path / "masks" / "a.png", (0, 1, 2, 17), stored.shape)
    case = only(open_set("radiographs", tmp_path))
    assert case.read_image().GetSize() == case.read_classes().GetSize() == (1920, 4608, 1)
    assert pixels(case.read_image())[4000, 1900] == 60000
    assert np.unique(pixels(case.read_classes())).tolist() == [0, 1]


def test_radiographs_that_cannot_be_used_are_left_out_with_the_reason(tmp_path: Path) -> None:
    for name in ("good", "bare", "small", "frames"):
        write_dicom(
            tmp_path / "images" / f"{name}.dcm", bright_bone(), **{"NumberOfFrames": 2} if name == "frames" else {}
        )
        write_mask(tmp_path / "masks" / f"{name}.png", shape=(29, 20) if name == "small" else (30, 20))
    (tmp_path / "masks" / "bare.png").unlink()
    (tmp_path / "images" / "broken.dcm").write_bytes(b"nothing")
    for name in ("broken", "alone"):
        write_mask(tmp_path / "masks" / f"{name}.png")
    dataset = open_set("radiographs", tmp_path)
    found = reasons(dataset)
    assert only(dataset).name == "good"
    assert "no mask" in found["bare"]
    assert "29 x 20" in found["small"]
    assert "several frames" in found["frames"]
    assert "no DICOM" in found["broken"]
    assert "no image" in found["alone"]


@pytest.mark.parametrize(("values", "words"), [((0, 40, 128, 255), "40, 128, 255"), ((0, 0), "empty")])
def test_a_mask_that_marks_nothing_or_in_between_values_is_an_error(
    tmp_path: Path, values: tuple[int, ...], words: str
) -> None:
    write_dicom(tmp_path / "a.dcm", bright_bone())
    write_mask(tmp_path / "a.png", values)
    with pytest.raises(TrainingError, match=words):
        only(open_set("radiographs", tmp_path)).read_classes()
