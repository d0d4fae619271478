"""Images that can be trusted come in, and whole files go out."""

import errno
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import UID, RLELossless

from LumbarSegLib.core.images import (
    check_fits,
    check_place,
    check_volume,
    image_identity,
    plane_of,
    read_image,
    write_whole,
)
from LumbarSegLib.errors import InputError, OutputError
from LumbarSegLib.resources import samples_dir
from Testing import dicom_series
from Testing.bad_images import BAD_IMAGES, volume

REORDERED = ["RAS", "LPS", "PIR", "ASL", "SRP", "IAL"]


def same_grid(one: sitk.Image, other: sitk.Image) -> bool:
    return all(
        np.allclose(getattr(one, get)(), getattr(other, get)(), atol=1e-4)
        for get in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection")
    )


@pytest.mark.parametrize("name", ["image.nrrd", "image.nii", "image.nii.gz", "image.mha", "image.mhd"])
def test_each_format_is_read_with_its_voxels_and_its_geometry(tmp_path: Path, name: str) -> None:
    written = volume()
    sitk.WriteImage(written, str(tmp_path / name))

    read = read_image(tmp_path / name)

    assert same_grid(read, written)
    assert np.array_equal(sitk.GetArrayFromImage(read), sitk.GetArrayFromImage(written))


@pytest.mark.parametrize("wrong", BAD_IMAGES)
def test_a_bad_image_is_refused_with_one_sentence_that_says_why_and_what_to_do(tmp_path: Path, wrong: str) -> None:
    write, words = BAD_IMAGES[wrong]
    path = write(tmp_path)

    with pytest.raises(InputError) as refused:
        read_image(path)

    message = str(refused.value)
    assert words in message
    assert message.startswith((str(path), path.name, *(file.name for file in path.rglob("*")))), "it names the file"
    assert "; " in message, "it says what to do after what is wrong"
    assert "\n" not in message


def test_a_volume_with_a_fourth_dimension_of_one_is_a_volume(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.JoinSeries([volume()]), str(tmp_path / "one.nii"))
    assert read_image(tmp_path / "one.nii").GetDimension() == 3


def test_one_slice_with_a_thickness_and_a_place_is_a_volume(tmp_path: Path) -> None:
    sitk.WriteImage(volume()[:, :, 3:4], str(tmp_path / "slice.nrrd"))
    assert plane_of(read_image(tmp_path / "slice.nrrd")) == "sagittal"


def test_an_image_that_a_host_hands_over_is_checked_as_well() -> None:
    with pytest.raises(InputError, match="the image is 2D"):
        check_volume(volume()[:, :, 2])


def test_slices_of_a_dicom_series_are_sorted_along_their_normal(tmp_path: Path) -> None:
    uid = dicom_series.write_series(tmp_path / "study", indices=[3, 0, 4, 1, 2])

    image = read_image(tmp_path / "study")

    assert np.allclose(image.GetSpacing(), dicom_series.SPACING_MM)
    assert np.allclose(image.GetOrigin(), dicom_series.position(4 if image.GetDirection()[2] > 0 else 0))
    assert np.isclose(np.linalg.det(np.reshape(image.GetDirection(), (3, 3))), 1)
    assert np.array_equal(sitk.GetArrayFromImage(image), dicom_series.voxels()[[1, 3, 4, 0, 2]])
    assert plane_of(image) == "sagittal"
    assert image_identity(image)["series_instance_uid"] == uid


def test_one_dicom_file_stands_for_its_series_but_not_for_its_neighbours(tmp_path: Path) -> None:
    dicom_series.write_series(tmp_path, number=3)
    wanted = dicom_series.write_series(tmp_path, number=4, seed=1)

    image = read_image(next(tmp_path.glob("4_*.dcm")))

    assert image.GetSize()[2] == dicom_series.SLICES
    assert image_identity(image)["series_instance_uid"] == wanted


def test_several_series_are_listed_and_one_is_chosen_by_number_or_uid(tmp_path: Path) -> None:
    first = dicom_series.write_series(tmp_path / "a", number=3, description="T1 TSE sagittal")
    second = dicom_series.write_series(tmp_path / "b", number=4, seed=1)

    with pytest.raises(InputError) as refused:
        read_image(tmp_path)
    assert f"3 (T1 TSE sagittal, 5 slices, UID {first}); 4 (T2 TSE sagittal, 5 slices, UID {second})" in str(
        refused.value
    )

    assert image_identity(read_image(tmp_path, "3"))["series_instance_uid"] == first
    assert image_identity(read_image(tmp_path, second))["series_instance_uid"] == second
    with pytest.raises(InputError, match="no single series is '9'"):
        read_image(tmp_path, "9")


def test_a_series_number_that_two_series_share_asks_for_the_uid(tmp_path: Path) -> None:
    dicom_series.write_series(tmp_path / "a", number=3)
    wanted = dicom_series.write_series(tmp_path / "b", number=3)

    with pytest.raises(InputError, match="no single series is '3'"):
        read_image(tmp_path, "3")
    assert image_identity(read_image(tmp_path, wanted))["series_instance_uid"] == wanted


def test_a_screen_capture_beside_a_series_does_not_count_as_a_series(tmp_path: Path) -> None:
    wanted = dicom_series.write_series(tmp_path, number=1)
    dicom_series.write_series(tmp_path, [0], number=2, ImagePositionPatient=None, ImageOrientationPatient=None)
    assert image_identity(read_image(tmp_path))["series_instance_uid"] == wanted


def test_frames_of_a_multi_frame_file_are_sorted_as_slices_are(tmp_path: Path) -> None:
    dicom_series.write_multi_frame(tmp_path / "sorted.dcm")
    dicom_series.write_multi_frame(tmp_path / "shuffled.dcm", order=[3, 0, 4, 1, 2])

    image, shuffled = read_image(tmp_path / "sorted.dcm"), read_image(tmp_path / "shuffled.dcm")

    assert np.allclose(image.GetSpacing(), dicom_series.SPACING_MM)
    assert np.array_equal(sitk.GetArrayFromImage(image), dicom_series.voxels())
    assert np.array_equal(sitk.GetArrayFromImage(shuffled), sitk.GetArrayFromImage(image))
    assert same_grid(shuffled, image)


def test_a_single_dicom_slice_is_as_thick_as_its_header_says(tmp_path: Path) -> None:
    dicom_series.write_series(tmp_path, [0])
    assert read_image(tmp_path).GetSpacing()[2] == pytest.approx(4.0)


def test_slices_that_are_scaled_differently_keep_their_values(tmp_path: Path) -> None:
    dicom_series.write_series(tmp_path)
    for file in tmp_path.iterdir():
        header = dcmread(file)
        if header.ImagePositionPatient[0] == 10.0:
            header.RescaleSlope, header.RescaleIntercept = "2.5", "0"
            header.save_as(file)

    values = sitk.GetArrayFromImage(read_image(tmp_path))

    assert np.allclose(values[0], 2.5 * dicom_series.voxels()[0])
    assert np.allclose(values[1:], dicom_series.voxels()[1:])


def test_rle_compressed_dicom_is_read(tmp_path: Path) -> None:
    dicom_series.write_series(tmp_path)
    for file in tmp_path.iterdir():
        header = dcmread(file)
        header.compress(RLELossless)
        header.save_as(file)
    assert np.array_equal(sitk.GetArrayFromImage(read_image(tmp_path)), dicom_series.voxels())


@pytest.mark.parametrize("compressor", ["JPEG", "JPEG2000"])
def test_jpeg_compressed_dicom_is_read(tmp_path: Path, compressor: str) -> None:
    dicom_series.write_series(tmp_path / "plain", [0])
    plain = sitk.ReadImage(str(next((tmp_path / "plain").iterdir())))
    writer = sitk.ImageFileWriter()
    writer.SetFileName(str(tmp_path / "small.dcm"))
    writer.SetCompressor(compressor)
    writer.UseCompressionOn()
    writer.Execute(plain)
    header = dcmread(tmp_path / "small.dcm")
    assert header.file_meta.TransferSyntaxUID.is_compressed

    read = read_image(tmp_path / "small.dcm")

    assert np.array_equal(sitk.GetArrayFromImage(read), sitk.GetArrayFromImage(plain))


def test_a_compression_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    dicom_series.write_series(tmp_path, [0])
    file = next(tmp_path.iterdir())
    header = dcmread(file)
    header.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.201")
    header.PixelData = encapsulate([bytes(100)])
    header["PixelData"].is_undefined_length = True
    header.save_as(file)

    with pytest.raises(InputError, match=r"compressed as High-Throughput JPEG 2000.*uncompressed"):
        read_image(tmp_path)


def test_the_patients_name_does_not_come_with_the_image(tmp_path: Path) -> None:
    dicom_series.write_series(tmp_path)
    image = read_image(tmp_path)
    kept = [image.GetMetaData(key) for key in image.GetMetaDataKeys()] + list(image_identity(image).values())
    assert not any(dicom_series.PATIENT in value for value in kept)


@pytest.mark.parametrize("order", REORDERED)
@pytest.mark.parametrize("spacing", [(0.5, 0.5, 4.4), (1.2, 1.2, 0.9), (0.6, 0.7, 4.0)])
def test_sagittal_slices_are_sagittal_in_any_storage_order(order: str, spacing: tuple[float, ...]) -> None:
    image = volume()
    image.SetSpacing(spacing)
    stored = sitk.DICOMOrient(image, order)
    assert plane_of(stored) == "sagittal"
    check_fits(stored, "sagittal", "MR")


def test_an_axial_stack_does_not_fit_a_sagittal_model() -> None:
    image = volume()
    image.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, 1))
    assert plane_of(image) == "axial"
    with pytest.raises(InputError, match="the image has axial slices, but the model needs sagittal ones"):
        check_fits(image, "sagittal", "MR")


def test_a_volume_of_cubes_fits_whatever_the_order_of_its_slices() -> None:
    image = volume()
    image.SetSpacing((0.9, 0.9, 1.0))
    image.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, 1))
    check_fits(image, "sagittal", "MR")


def test_a_ct_series_is_known_by_its_header(tmp_path: Path) -> None:
    dicom_series.write_series(tmp_path)
    for file in tmp_path.iterdir():
        dicom_series.as_ct(dcmread(file)).save_as(file)
    with pytest.raises(InputError, match="this is a CT image, but the model is for MR"):
        check_fits(read_image(tmp_path), "sagittal", "MR")


def test_a_ct_volume_without_dicom_header_is_known_by_air_and_soft_tissue() -> None:
    """Air around muscle and fat, with a bony column of 300 to 1200 Hounsfield units in it."""
    random = np.random.default_rng(0)
    values = np.full((8, 16, 12), -1000, np.int16)
    values[:, 1:15, 1:11] = random.choice([-100, 50], (8, 14, 10)) + random.integers(-20, 20, (8, 14, 10))
    values[:, 4:12, 3:6] = random.integers(300, 1200, (8, 8, 3))
    with pytest.raises(InputError, match="this is a CT image"):
        check_fits(volume(values), "sagittal", "MR")


@pytest.mark.parametrize("scale", [4, 8, 16])
def test_an_mr_volume_with_spiders_floor_of_minus_1000_is_no_ct(scale: int) -> None:
    sample = sitk.Cast(sitk.ReadImage(str(samples_dir() / "lumbar-t2.nrrd")), sitk.sitkInt16)
    check_fits(sample * scale - 1000, "sagittal", "MR")


def test_a_normalised_mr_volume_with_negative_values_is_no_ct() -> None:
    values = np.random.default_rng(0).normal(0, 1, (8, 16, 12)).astype(np.float32)
    check_fits(volume(values), "sagittal", "MR")


def test_identity_tells_voxels_and_geometry_apart() -> None:
    moved, changed = volume(), volume()
    moved.SetOrigin((0, 0, 1))
    changed[1, 1, 1] = 5000.0
    identities = {image_identity(image)["sha256"] for image in (volume(), moved, changed)}
    assert len(identities) == 3
    assert image_identity(volume()) == image_identity(volume())


def test_the_shipped_sample_is_a_good_image() -> None:
    assert plane_of(read_image(samples_dir() / "lumbar-t2.nrrd")) == "sagittal"


def test_a_file_that_fails_half_way_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "out.seg.nrrd"
    target.write_text("old")

    def fail(part: Path) -> None:
        assert part.parent == tmp_path
        assert part.name.endswith(".seg.nrrd")
        part.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutputError, match="No space left on device"):
        write_whole(target, fail)

    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_whole_file_replaces_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "out.nii.gz"
    target.write_text("old")
    write_whole(target, lambda part: sitk.WriteImage(volume(), str(part)))
    assert same_grid(sitk.ReadImage(str(target)), volume())
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("suffix", [".nii", ".nrrd", ".mha"])
def test_a_file_that_its_library_cuts_short_is_not_taken_for_whole(tmp_path: Path, suffix: str) -> None:
    """NIfTI's writer reports no error when it runs out of room; a limit on file size stands for a full disk."""
    code = (
        "import sys, SimpleITK as sitk\n"
        "from pathlib import Path\n"
        "from LumbarSegLib.core.images import write_whole\n"
        "from LumbarSegLib.errors import OutputError\n"
        "image = sitk.Image(64, 64, 32, sitk.sitkUInt16)\n"
        "try:\n"
        "    write_whole(Path(sys.argv[1]), lambda part: sitk.WriteImage(image, str(part)))\n"
        "except OutputError as error:\n"
        "    sys.exit(str(error))\n"
    )
    target = tmp_path / f"out{suffix}"

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [sys.executable, "-c", code, str(target)],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )

    assert done.returncode == 1
    assert "the result cannot be written" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("", "this is a folder"),
        ("missing/out.nrrd", "there is no folder"),
        ("file/out.nrrd", "there is no folder"),
    ],
)
def test_a_place_that_cannot_take_a_file_is_refused_before_work(tmp_path: Path, place: str, words: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=words):
        check_place(tmp_path / place)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a place that is read-only for root as well")
def test_a_read_only_place_is_refused_before_work() -> None:
    with pytest.raises(OutputError, match="the result cannot be written"):
        check_place(Path("/proc/out.nrrd"))


def test_checking_a_place_leaves_nothing_there(tmp_path: Path) -> None:
    check_place(tmp_path / "out.nrrd")
    assert list(tmp_path.iterdir()) == []
