"""What is cleaned in the label images of the Mendeley set, and how its slices are found in the DICOM record."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from Testing.axial_record import AAP, IVD, OTHER, PE, TS, axial_slice, publish
from training.data import axial_labels
from training.data.cases import UNKNOWN
from training.data.sets import open_set
from training.errors import TrainingError


def cleaned(label: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return axial_labels.classes_of(label, axial_labels.CODINGS[0])


def test_discs_at_the_border_are_background_and_the_disc_in_the_middle_stays() -> None:
    label = axial_slice()
    framed = label.copy()
    framed[0], framed[-2:], framed[:, 0], framed[5:9, -1] = IVD, IVD, IVD, IVD
    assert np.array_equal(cleaned(framed), cleaned(label))
    assert (cleaned(framed) == axial_labels.IVD).sum() == (label == IVD).sum()


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (AAP, np.s_[8, 14:20]),  # on the front of the disc
        (PE, np.s_[20, 30:33]),  # small, away from the posterior element
        (TS, np.s_[22, 28:31]),  # a second sac
    ],
)
def test_scraps_of_a_region_are_unknown(value: int, place: tuple[int, slice]) -> None:
    label = axial_slice()
    label[place] = value
    found = cleaned(label)
    assert (found[place] == UNKNOWN).all()
    found[place] = cleaned(axial_slice())[place]
    assert np.array_equal(found, cleaned(axial_slice()))


def test_pieces_that_anatomy_allows_stay() -> None:
    label = axial_slice()
    label[18:21, 24:27] = AAP  # fat on the other side of the sac
    label[24:34, 26:29] = PE  # a joint beside the arch
    found = cleaned(label)
    assert (found[18:21, 24:27] == axial_labels.AAP).all()
    assert (found[24:34, 26:29] == axial_labels.PE).all()


def test_a_sac_of_a_few_pixels_is_not_taught_and_one_of_usual_size_is() -> None:
    usual = cleaned(axial_slice())[None]
    assert np.array_equal(axial_labels.without_doubtful_sacs(usual), usual)
    doubtful = usual.copy()
    doubtful[doubtful == axial_labels.TS] = axial_labels.AAP
    doubtful[0, 19, 19:21] = axial_labels.TS
    taught = axial_labels.without_doubtful_sacs(doubtful)
    assert not (taught == axial_labels.TS).any()
    assert (taught[0, 19, 17:23] == UNKNOWN).all()
    for region in (axial_labels.IVD, axial_labels.PE):
        assert ((taught == region) == (usual == region)).all()


def test_slices_without_an_image_of_its_size_or_without_a_region_are_left_out(tmp_path: Path) -> None:
    for number in range(1, 5):
        publish(tmp_path, f"000{number}_D3", axial_slice())
    publish(tmp_path, "0005_D3", np.full((40, 40), OTHER, np.uint8))
    publish(tmp_path, "0006_D3", axial_slice(), {"T1": np.zeros((40, 38), np.uint8)})
    (tmp_path / "04_Intermediary_Ground_Truth_Data" / "T1_Output" / "T1_0001_D3.png").unlink()
    dataset = open_set("mendeley", tmp_path)
    found = {one.name: one.reason for one in dataset.left_out}
    assert [case.name for case in dataset.cases] == ["0002_D3", "0003_D3", "0004_D3"]
    assert "no T1 image" in found["0001_D3"]
    assert "no region" in found["0005_D3"]
    assert "40 x 38" in found["0006_D3"]


def write_dicom(path: Path, pixels: NDArray[np.uint16], height_mm: float) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = MRImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = generate_uid()
    slice_of = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    slice_of.SOPClassUID, slice_of.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
    slice_of.Rows, slice_of.Columns = pixels.shape
    slice_of.BitsAllocated = slice_of.BitsStored = 16
    slice_of.HighBit, slice_of.PixelRepresentation, slice_of.SamplesPerPixel = 15, 0, 1
    slice_of.PhotometricInterpretation = "MONOCHROME2"
    slice_of.PixelSpacing, slice_of.SpacingBetweenSlices = [0.625, 0.65], 4.5
    slice_of.ImagePositionPatient, slice_of.ImageOrientationPatient = [-90, -80, height_mm], [1, 0, 0, 0, 1, 0]
    slice_of.PixelData = pixels.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    slice_of.save_as(path)


def test_a_slice_takes_its_place_from_the_dicom_slice_that_it_shows(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    stack = [random.integers(0, 4000, (40, 40)).astype(np.uint16) for _ in range(4)]
    for number, pixels in enumerate(stack):
        write_dicom(tmp_path / "dicom" / "01_MRI_Data" / "0001" / "T1_TRA" / f"{number}.ima", pixels, 4.5 * number)
    shown = (stack[2] / stack[2].max() * 255).astype(np.uint8)
    publish(tmp_path / "png", "0001_D3", axial_slice(), {"T1": shown})
    publish(tmp_path / "png", "0001_D4", axial_slice())
    found, unknown = open_set("mendeley", tmp_path / "png", dicom=str(tmp_path / "dicom")).cases
    for image in (found.read_image(), found.read_classes()):
        assert image.GetSpacing() == pytest.approx((0.65, 0.625, 4.5))
        assert image.GetOrigin() == pytest.approx((-90, -80, 9))
    assert found.metadata["spacing"] == "DICOM"
    assert found.files[-1].name == "2.ima"
    assert unknown.metadata["spacing"] == "published"


def test_a_folder_that_is_no_dicom_record_is_an_error(tmp_path: Path) -> None:
    publish(tmp_path, "0001_D3", axial_slice())
    with pytest.raises(TrainingError, match="no patients' folders"):
        open_set("mendeley", tmp_path, dicom=str(tmp_path))
    with pytest.raises(TrainingError, match="no folder"):
        open_set("mendeley", tmp_path, dicom=str(tmp_path / "nowhere"))
