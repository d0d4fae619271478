"""Radiographs from files: what a header tells of view, sides, spacing and patient, and what cannot be used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image
from pydicom.dataset import Dataset

from LumbarSegLib.core.dicom.radiograph import TURNED
from LumbarSegLib.core.images import check_fits, read_image
from LumbarSegLib.core.notes import notes_of
from LumbarSegLib.core.projection import (
    AXES,
    SIDES,
    as_projection,
    is_magnified,
    is_projection,
    patient_of,
    seen_as,
    view_of,
)
from LumbarSegLib.core.spacing import NOT_STATED, has_spacing
from LumbarSegLib.errors import InputError
from Testing import dicom_series
from Testing.bad_images import volume
from Testing.dicom_blocks import write_blocks
from Testing.radiograph_files import write_radiograph

ROWS, COLUMNS = 40, 24


def grey(dtype: Any = np.uint16) -> np.ndarray:
    values = np.random.default_rng(0).integers(0, 250, (ROWS, COLUMNS))
    return values.astype(dtype)


def read(folder: Path, pixels: np.ndarray | None = None, **header: Any) -> sitk.Image:
    path = write_radiograph(folder / "image.dcm", grey() if pixels is None else pixels, **header)
    return read_image(path)


def pixels_of(image: sitk.Image) -> np.ndarray:
    values: np.ndarray = sitk.GetArrayFromImage(image)[0]
    return values


@pytest.mark.parametrize("modality", ["DX", "CR", "RG"])
def test_a_dicom_radiograph_is_told_by_its_modality(tmp_path: Path, modality: str) -> None:
    image = read(tmp_path, Modality=modality)
    assert is_projection(image)
    assert image.GetSize() == (COLUMNS, ROWS, 1)
    assert np.array_equal(pixels_of(image), grey())
    check_fits(image, "xray", "XR")
    with pytest.raises(InputError, match="this is a radiograph, but the model is for MR"):
        check_fits(image, "sagittal", "MR")


def test_a_secondary_capture_is_a_radiograph_where_the_user_says_so(tmp_path: Path) -> None:
    path = write_radiograph(tmp_path / "image.dcm", grey(), Modality="OT")
    with pytest.raises(InputError, match="or --task xray for a radiograph"):
        read_image(path)
    assert is_projection(read_image(path, radiograph=True))


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_an_inverted_radiograph_shows_bone_bright_whatever_its_bits_and_windows(tmp_path: Path, bits: int) -> None:
    values = grey(np.uint8 if bits == 8 else np.uint16)
    highest = 2**bits - 1
    image = read(
        tmp_path,
        (highest - values.astype(int)).astype(values.dtype),
        PhotometricInterpretation="MONOCHROME1",
        BitsStored=bits,
        HighBit=bits - 1,
        WindowCenter=3,
        WindowWidth=1,
    )
    assert np.array_equal(pixels_of(image), values)


SPACINGS: dict[str, tuple[dict[str, Any], tuple[float, float], bool]] = {
    "at the detector": ({"ImagerPixelSpacing": [0.2, 0.1]}, (0.1, 0.2), True),
    "of a plate, uncalibrated": ({"PixelSpacing": [0.15, 0.15]}, (0.15, 0.15), True),
    "the same twice": ({"PixelSpacing": [0.15, 0.15], "ImagerPixelSpacing": [0.15, 0.15]}, (0.15, 0.15), True),
    "calibrated": (
        {"PixelSpacing": [0.15, 0.15], "PixelSpacingCalibrationType": "FIDUCIAL"},
        (0.15, 0.15),
        False,
    ),
    "other than at the detector": (
        {"PixelSpacing": [0.13, 0.13], "ImagerPixelSpacing": [0.15, 0.15]},
        (0.13, 0.13),
        False,
    ),
    "with a magnification": (
        {"ImagerPixelSpacing": [0.15, 0.15], "EstimatedRadiographicMagnificationFactor": 1.25},
        (0.12, 0.12),
        False,
    ),
    "of a scanned film": ({"NominalScannedPixelSpacing": [0.17, 0.17]}, (0.17, 0.17), True),
}


@pytest.mark.parametrize("kind", SPACINGS)
def test_the_spacing_is_that_of_the_header_and_it_is_known_whether_it_is_magnified(tmp_path: Path, kind: str) -> None:
    header, spacing, magnified = SPACINGS[kind]
    image = read(tmp_path, **header)
    assert has_spacing(image)
    assert image.GetSpacing()[:2] == pytest.approx(spacing)
    assert is_magnified(image) == magnified


def test_a_correction_for_magnification_is_said(tmp_path: Path) -> None:
    image = read(tmp_path, ImagerPixelSpacing=[0.15, 0.15], EstimatedRadiographicMagnificationFactor=1.25)
    assert notes_of(image) == ("Lengths are corrected for the magnification of 1.25 that the file estimates.",)


@pytest.mark.parametrize("zero", [{}, {"ImagerPixelSpacing": [0, 0]}])
def test_without_pixel_size_there_are_no_mm(tmp_path: Path, zero: dict[str, Any]) -> None:
    image = read(tmp_path, **zero)
    assert not has_spacing(image)
    assert not is_magnified(image)
    assert notes_of(image) == (NOT_STATED,)


def test_pixels_that_are_not_square_need_a_size(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the pixels are not square and have no stated size"):
        read(tmp_path, PixelAspectRatio=["2", "1"])


def code(meaning: str) -> list[Dataset]:
    return [dicom_series.dataset(CodeValue="0", CodingSchemeDesignator="SCT", CodeMeaning=meaning)]


@pytest.mark.parametrize(
    ("header", "view"),
    [
        ({}, ""),
        ({"PatientOrientation": ["L", "F"]}, "frontal"),
        ({"PatientOrientation": ["P", "F"]}, "lateral"),
        ({"ViewPosition": "AP"}, "frontal"),
        ({"ViewPosition": "LL"}, "lateral"),
        ({"ViewCodeSequence": code("postero-anterior")}, "frontal"),
        ({"ViewCodeSequence": code("left lateral")}, "lateral"),
        ({"PatientOrientation": ["L", "F"], "ViewPosition": "LATERAL"}, ""),
        ({"PatientOrientation": ["L", "P"]}, ""),
    ],
)
def test_the_view_is_what_the_header_tells_without_contradiction(
    tmp_path: Path, header: dict[str, Any], view: str
) -> None:
    assert view_of(read(tmp_path, **header)) == view


@pytest.mark.parametrize(
    ("letters", "turned"),
    [
        (["L", "F"], lambda stored: stored),
        (["P", "FR"], lambda stored: stored),
        (["R", "F"], lambda stored: stored[:, ::-1]),
        (["A", "F"], lambda stored: stored[:, ::-1]),
        (["R", "H"], lambda stored: stored[::-1, ::-1]),
        (["F", "L"], lambda stored: stored.T),
    ],
)
def test_the_image_stands_upright_with_the_patients_right_or_front_on_its_left(
    tmp_path: Path, letters: list[str], turned: Callable[[np.ndarray], np.ndarray]
) -> None:
    image = read(tmp_path, PatientOrientation=letters, ImagerPixelSpacing=[0.2, 0.1])
    assert np.array_equal(pixels_of(image), turned(grey()))
    view = view_of(image)
    assert view
    assert image.GetDirection() == pytest.approx(AXES[view])
    assert notes_of(image) == (() if np.array_equal(turned(grey()), grey()) else (TURNED,))
    assert image.GetSpacing()[:2] == pytest.approx((0.2, 0.1) if letters[0] == "F" else (0.1, 0.2))
    assert seen_as(image, view) is image


@pytest.mark.parametrize("view", ["frontal", "lateral"])
def test_where_the_header_does_not_tell_the_sides_a_note_says_how_they_are_taken(tmp_path: Path, view: Any) -> None:
    image = seen_as(read(tmp_path), view)
    assert view_of(image) == view
    assert image.GetDirection() == pytest.approx(AXES[view])
    assert notes_of(image) == (NOT_STATED, SIDES[view])
    assert not has_spacing(image)


@pytest.mark.parametrize(("stated", "words"), [("014Y", "14 years"), ("001Y", "1 year"), ("006M", "6 months")])
def test_age_and_sex_are_what_the_header_states(tmp_path: Path, stated: str, words: str) -> None:
    image = read(tmp_path, PatientAge=stated, PatientSex="F")
    assert patient_of(image) == {"age": words, "sex": "female"}
    everything = " ".join(image.GetMetaData(key) for key in image.GetMetaDataKeys())
    assert "Doe" not in everything and "4711" not in everything


def test_nothing_is_said_of_a_patient_of_whom_nothing_is_stated(tmp_path: Path) -> None:
    assert patient_of(read(tmp_path, PatientAge="", PatientSex="")) == {}


def several_frames(folder: Path) -> Path:
    return write_radiograph(folder / "run.dcm", np.stack([grey(), grey()]))


def several_in_a_series(folder: Path) -> Path:
    for name in ("front.dcm", "side.dcm"):
        write_radiograph(folder / "study" / name, grey(), SeriesInstanceUID="1.2.3")
    return folder / "study"


def photograph(folder: Path) -> Path:
    colours = np.random.default_rng(0).integers(0, 255, (ROWS, COLUMNS, 3)).astype(np.uint8)
    return write_radiograph(folder / "photo.dcm", colours)


def flat(folder: Path) -> Path:
    return write_radiograph(folder / "flat.dcm", np.full((ROWS, COLUMNS), 7, np.uint16))


def cut_short(folder: Path) -> Path:
    path = write_radiograph(folder / "cut.dcm", grey())
    path.write_bytes(path.read_bytes()[:-600])
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (several_frames, "run.dcm: the file holds 2 frames, and a radiograph is one image; export a single frame"),
        (several_in_a_series, r"study: there are 2 radiographs in this series \(front.dcm, side.dcm\); give one file"),
        (photograph, "photo.dcm: the picture is in colour; give a grey-scale one"),
        (flat, "flat.dcm: all voxels have the same value"),
        (cut_short, "cut.dcm: the pixels cannot be read"),
    ],
)
def test_a_file_that_is_no_radiograph_is_refused_in_one_sentence(
    tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        read_image(make(tmp_path))


def test_one_file_of_a_series_stands_for_itself(tmp_path: Path) -> None:
    folder = several_in_a_series(tmp_path)
    write_radiograph(folder / "side.dcm", grey() + 1, SeriesInstanceUID="1.2.3")
    assert np.array_equal(pixels_of(read_image(folder / "side.dcm")), grey() + 1)


def test_in_a_study_with_mr_the_radiograph_is_what_the_user_asks_for(tmp_path: Path) -> None:
    write_blocks(tmp_path / "study")
    write_radiograph(tmp_path / "study" / "front.dcm", grey())
    assert not is_projection(read_image(tmp_path / "study"))
    assert is_projection(read_image(tmp_path / "study", radiograph=True))


@pytest.mark.parametrize("name", ["film.png", "film.jpg", "film.tif"])
def test_a_picture_is_a_radiograph_where_the_user_says_so(tmp_path: Path, name: str) -> None:
    Image.fromarray(grey(np.uint8)).save(tmp_path / name)
    with pytest.raises(InputError, match="a radiograph with --task xray"):
        read_image(tmp_path / name)
    image = read_image(tmp_path / name, radiograph=True)
    assert is_projection(image) and not has_spacing(image)
    assert view_of(image) == ""
    assert image.GetSize() == (COLUMNS, ROWS, 1)
    assert notes_of(image) == (NOT_STATED,)


def test_a_spacing_that_the_user_gives_counts_as_that_in_the_patient(tmp_path: Path) -> None:
    Image.fromarray(grey(np.uint8)).save(tmp_path / "film.png")
    image = read_image(tmp_path / "film.png", pixel_spacing_mm=0.15, radiograph=True)
    assert image.GetSpacing() == (0.15, 0.15, 1.0)
    assert not is_magnified(image)
    assert notes_of(image) == ("The pixel spacing of 0.15 mm is as given, not from the file.",)


def tinted(share: float) -> np.ndarray:
    """A film with a coloured mark on a share of its pixels, and channels that compression has parted a little."""
    values = np.stack([grey(np.uint8)] * 3, -1)
    values[..., 1] += 4
    values.reshape(-1, 3)[: int(share * ROWS * COLUMNS)] = 250, 20, 20
    return values


def test_a_film_with_a_coloured_mark_is_grey_and_a_colour_photograph_is_refused(tmp_path: Path) -> None:
    Image.fromarray(tinted(0.01)).save(tmp_path / "film.png")
    found = pixels_of(read_image(tmp_path / "film.png", radiograph=True))
    assert np.abs(found[5:].astype(int) - grey()[5:]).max() <= 2
    Image.fromarray(tinted(0.3)).save(tmp_path / "photo.png")
    with pytest.raises(InputError, match=r"photo.png: the picture is in colour; give a grey-scale one"):
        read_image(tmp_path / "photo.png", radiograph=True)


@pytest.mark.parametrize(
    ("direction", "view"),
    [(AXES["frontal"], "frontal"), (AXES["lateral"], "lateral"), (tuple(np.eye(3).ravel()), "")],
)
def test_a_volume_of_one_slice_is_a_radiograph_seen_through_its_slice(
    tmp_path: Path, direction: tuple[float, ...], view: str
) -> None:
    stored = sitk.GetImageFromArray(grey()[None])
    stored.SetSpacing((0.2, 0.2, 1.0))
    stored.SetDirection(direction)
    sitk.WriteImage(stored, str(tmp_path / "image.nrrd"))
    image = read_image(tmp_path / "image.nrrd", radiograph=True)
    assert is_projection(image) and has_spacing(image)
    assert view_of(image) == view
    assert image.GetDirection() == pytest.approx(AXES["lateral" if view == "lateral" else "frontal"])


def test_a_volume_of_several_slices_is_no_radiograph(tmp_path: Path) -> None:
    sitk.WriteImage(volume(), str(tmp_path / "image.nrrd"))
    with pytest.raises(InputError, match="the image has 12 x 16 x 8 voxels, and a radiograph is one slice"):
        read_image(tmp_path / "image.nrrd", radiograph=True)
    with pytest.raises(InputError, match="this is no radiograph, but the model is for radiographs"):
        check_fits(volume(), "xray", "XR")
    with pytest.raises(InputError, match="a radiograph is one slice"):
        as_projection(volume())
