"""Axial DICOM series as they come: oblique blocks in one image, and files that are missing, doubled, odd or damaged."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import Dataset, dcmread
from pydicom.uid import JPEGLSLossless, RLELossless, generate_uid

from LumbarSegLib.core.analysis import task_of
from LumbarSegLib.core.images import check_fits, image_identity, plane_of, read_image
from LumbarSegLib.core.notes import notes_of
from LumbarSegLib.core.planes import Plane, blocks_of, carries_planes, planes_of
from LumbarSegLib.errors import InputError
from Testing import dicom_series
from Testing.dicom_blocks import THREE_BLOCKS, Block, file_name, slices_of, write_blocks, write_multi_frame

BLOCK = Block((0.0, 10.0, 100.0), tilt=-12.0, count=5)
IN_BLOCKS = "The slices make no regular stack but"


def lie_alike(found: Sequence[Plane], expected: Sequence[Plane]) -> bool:
    """Whether all corners of 64 x 56 pixels lie in the same places within a micrometre."""
    corners = [(0, 0), (63, 0), (0, 55), (63, 55)]
    return len(found) == len(expected) and all(
        np.allclose(one.to_lps(corners), other.to_lps(corners), atol=1e-3)
        for one, other in zip(found, expected, strict=True)
    )


def planes_in(blocks: Sequence[Block]) -> list[Plane]:
    return [plane for block in blocks for plane in block.planes]


def values_in(blocks: Sequence[Block]) -> np.ndarray:
    return np.stack([block.values for block in blocks for _ in range(block.count)])


def write_over(path: Path, change: Callable[[Dataset], Any]) -> None:
    """Change a DICOM file in its place."""
    header = dcmread(path)
    change(header)
    header.save_as(path, enforce_file_format=True)


def test_oblique_blocks_come_as_one_image_that_knows_the_plane_of_each_slice(tmp_path: Path) -> None:
    uid = write_blocks(tmp_path / "study")
    image = read_image(tmp_path / "study")
    assert np.array_equal(sitk.GetArrayFromImage(image), values_in(THREE_BLOCKS))
    assert lie_alike(planes_of(image), planes_in(THREE_BLOCKS))
    assert blocks_of(planes_of(image)) == ((0, 1, 2), (3, 4, 5, 6), (7, 8, 9))
    assert notes_of(image) == (f"{IN_BLOCKS} 3 blocks (3, 4, 3); each is kept in its place.",)
    assert plane_of(image) == "axial"
    assert image_identity(image)["series_instance_uid"] == uid


def test_the_stack_that_names_the_slices_lies_about_them(tmp_path: Path) -> None:
    write_blocks(tmp_path / "study")
    image = read_image(tmp_path / "study")
    assert image.GetSpacing() == pytest.approx((0.7, 0.7, 4.4))
    assert np.linalg.det(np.reshape(image.GetDirection(), (3, 3))) == pytest.approx(1)
    middle = image.TransformContinuousIndexToPhysicalPoint((31.5, 27.5, 4.5))
    places = [plane.to_lps([(31.5, 27.5)])[0] for plane in planes_in(THREE_BLOCKS)]
    assert np.allclose(middle, np.mean(places, axis=0))


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_blocks_are_ordered_from_below_upward_however_the_files_are_named(tmp_path: Path, shift: int) -> None:
    turned = [*THREE_BLOCKS[shift:], *THREE_BLOCKS[:shift]][::-1]
    write_blocks(tmp_path, turned)
    assert lie_alike(planes_of(read_image(tmp_path)), planes_in(THREE_BLOCKS))


def test_one_regular_block_reads_as_a_plain_volume(tmp_path: Path) -> None:
    write_blocks(tmp_path, [BLOCK])
    image = read_image(tmp_path)
    assert not carries_planes(image)
    assert notes_of(image) == ()
    assert image.GetSpacing() == pytest.approx((0.7, 0.7, 4.4))
    assert lie_alike(planes_of(image), BLOCK.planes)


def test_two_series_that_differ_only_in_where_slices_lie_are_not_the_same_image(tmp_path: Path) -> None:
    lower, middle, upper = THREE_BLOCKS
    write_blocks(tmp_path / "one")
    write_blocks(tmp_path / "other", [replace(lower, tilt=-18.5), middle, upper])
    one, other = (image_identity(read_image(tmp_path / name))["sha256"] for name in ("one", "other"))
    assert one != other


def test_pixel_spacings_that_differ_by_rounding_are_kept_slice_by_slice(tmp_path: Path) -> None:
    blocks = [BLOCK, Block((0.0, 5.0, 140.0), tilt=3.0, spacing=(0.703, 0.7))]
    write_blocks(tmp_path, blocks)
    image = read_image(tmp_path)
    assert [plane.spacing[0] for plane in planes_of(image)] == [0.7] * 5 + [0.703] * 3


def test_one_block_whose_slices_state_their_spacing_unlike_needs_no_note(tmp_path: Path) -> None:
    upper = replace(BLOCK, middle=tuple(BLOCK.middle + 5 * 4.4 * BLOCK.planes[0].normal), spacing=(0.7003, 0.7))
    write_blocks(tmp_path, [BLOCK, upper])
    image = read_image(tmp_path)
    assert blocks_of(planes_of(image)) == (tuple(range(10)),)
    assert lie_alike(planes_of(image), planes_in([BLOCK, upper]))
    assert notes_of(image) == ()


def test_a_block_along_a_steep_lowest_disc_is_axial_and_a_localizer_is_refused(tmp_path: Path) -> None:
    write_blocks(tmp_path / "steep", [Block((0, 0, 60), tilt=-50.0), *THREE_BLOCKS])
    assert read_image(tmp_path / "steep").GetSize()[2] == 13
    write_blocks(tmp_path / "localizer", [BLOCK, Block((0, 0, 100), tilt=90.0)])
    with pytest.raises(InputError, match=r"^localizer: the slices lie in axial and coronal planes, as in a localizer;"):
        read_image(tmp_path / "localizer")


def test_blocks_of_sagittal_slices_are_refused(tmp_path: Path) -> None:
    dicom_series.write_series(tmp_path / "study", range(4))
    uid = str(dcmread(next((tmp_path / "study").iterdir())).SeriesInstanceUID)
    turned = [0.0, 0.98, 0.199, 0.0, 0.199, -0.98]
    tilted = dicom_series.one_slice(6, dicom_series.voxels()[4], uid, ImageOrientationPatient=turned)
    tilted.save_as(tmp_path / "study" / "tilted.dcm", enforce_file_format=True)
    with pytest.raises(InputError, match="lie in several directions, as in a localizer or blocks along discs"):
        read_image(tmp_path / "study")


def test_blocks_do_not_fit_a_sagittal_model_even_where_their_voxels_are_nearly_cubes(tmp_path: Path) -> None:
    thin = [replace(block, distance=0.8) for block in THREE_BLOCKS]
    write_blocks(tmp_path, thin)
    image = read_image(tmp_path)
    check_fits(image, "axial", "MR")
    with pytest.raises(InputError, match=r"make no regular stack, .*; give a sagittal series"):
        check_fits(image, "sagittal", "MR")


@pytest.mark.parametrize(
    ("plane", "axes"), [("sagittal", dicom_series.SAGITTAL), ("coronal", (1.0, 0.0, 0.0, 0.0, 0.0, -1.0))]
)
def test_slices_of_another_plane_do_not_fit_an_axial_model(tmp_path: Path, plane: str, axes: tuple[float, ...]) -> None:
    dicom_series.write_series(tmp_path, [0], ImageOrientationPatient=list(axes))
    image = read_image(tmp_path)
    with pytest.raises(InputError, match=f"the image has {plane} slices, but the model needs axial ones"):
        check_fits(image, "axial", "MR")
    if plane == "coronal":
        with pytest.raises(InputError, match="the image has coronal slices; give a sagittal or an axial"):
            task_of(image)
    else:
        assert task_of(image) == "sagittal"


def test_the_task_of_axial_slices_is_told_from_their_headers(tmp_path: Path) -> None:
    write_blocks(tmp_path / "blocks")
    write_blocks(tmp_path / "block", [BLOCK])
    assert [task_of(read_image(tmp_path / name)) for name in ("blocks", "block")] == ["axial", "axial"]


def test_a_missing_slice_leaves_the_others_in_their_places(tmp_path: Path) -> None:
    write_blocks(tmp_path, [BLOCK])
    (tmp_path / file_name(1)).unlink()
    image = read_image(tmp_path)
    assert lie_alike(planes_of(image), [BLOCK.planes[index] for index in (0, 2, 3, 4)])
    assert image.GetSpacing()[2] == pytest.approx(4.4)
    assert notes_of(image) == (
        f"{IN_BLOCKS} 2 blocks (1, 3); each is kept in its place.",
        "The gap is not that of the others (4.4 mm) between slices 1 and 2 from below.",
    )


def test_slices_are_counted_from_below_even_where_they_are_stored_from_above(tmp_path: Path) -> None:
    """Rows to the patient's left and columns to his front: the normal points downward."""
    places = [[-20.0, 20.0, 100.0 + mm] for mm in (0, 4, 8, 16)]
    uid = generate_uid()
    for index, place in enumerate(places):
        header = dicom_series.one_slice(
            0, BLOCK.values, uid, ImagePositionPatient=place, ImageOrientationPatient=[1, 0, 0, 0, -1, 0]
        )
        header.save_as(tmp_path / f"{index}.dcm", enforce_file_format=True)
    image = read_image(tmp_path)
    assert [plane.origin[2] for plane in planes_of(image)] == [116, 108, 104, 100]
    assert notes_of(image)[1].endswith("between slices 3 and 4 from below.")


def test_slices_that_are_shifted_against_each_other_are_kept_in_their_places(tmp_path: Path) -> None:
    x, y, z = BLOCK.middle + 5 * 4.4 * BLOCK.planes[0].normal
    upper = replace(BLOCK, middle=(x + 6, y, z))
    write_blocks(tmp_path, [BLOCK, upper])
    image = read_image(tmp_path)
    assert lie_alike(planes_of(image), planes_in([BLOCK, upper]))
    assert "Slices are shifted sideways against each other: 5 and 6 from below." in notes_of(image)


def test_of_slices_at_one_place_the_first_file_by_name_is_kept(tmp_path: Path) -> None:
    uid = write_blocks(tmp_path, [BLOCK])
    for place, echo in enumerate(slices_of([replace(BLOCK, draw=lambda x, y: 50 + 0 * (x + y))], uid)):
        echo.save_as(tmp_path / f"2_{place}.dcm", enforce_file_format=True)
    image = read_image(tmp_path)
    assert np.array_equal(sitk.GetArrayFromImage(image), values_in([BLOCK]))
    assert not carries_planes(image)
    (note,) = notes_of(image)
    assert note == "Left out, at the place of another one, as of a second echo: 2_0.dcm, 2_1.dcm, 2_2.dcm and 2 more."


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def cut_in_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:300])


def no_dicom(path: Path) -> None:
    path.write_bytes(b"\0" * 5000)


def no_pixels(path: Path) -> None:
    write_over(path, lambda header: delattr(header, "PixelData"))


def no_place(path: Path) -> None:
    write_over(path, lambda header: delattr(header, "ImagePositionPatient"))


def broken_rle(path: Path) -> None:
    write_over(path, lambda header: header.compress(RLELossless))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


@pytest.mark.parametrize("damage", [cut, cut_in_header, no_dicom, no_pixels, no_place, broken_rle])
def test_one_damaged_file_is_named_and_the_rest_go_on(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    write_blocks(tmp_path, [BLOCK])
    damage(tmp_path / file_name(2))
    image = read_image(tmp_path)
    assert lie_alike(planes_of(image), [BLOCK.planes[index] for index in (0, 1, 3, 4)])
    assert notes_of(image)[0] == f"Left out, for it cannot be read: {file_name(2)}."


def test_where_no_file_can_be_read_that_is_said(tmp_path: Path) -> None:
    write_blocks(tmp_path / "study", [BLOCK])
    for file in (tmp_path / "study").iterdir():
        no_pixels(file)
    with pytest.raises(InputError, match="study: the pixels cannot be read"):
        read_image(tmp_path / "study")


def test_what_lies_beside_a_series_and_is_no_image_is_not_called_damaged(tmp_path: Path) -> None:
    write_blocks(tmp_path, [BLOCK])
    (tmp_path / "notes.txt").write_text("seen by")
    report = dicom_series.one_slice(0, BLOCK.values, generate_uid(), Rows=None, Columns=None, PixelData=None)
    report.save_as(tmp_path / "report.dcm", enforce_file_format=True)
    assert notes_of(read_image(tmp_path)) == ()


@pytest.mark.parametrize("odd", [{"size": (32, 56)}, {"spacing": (0.9, 0.9)}])
def test_slices_of_another_size_or_spacing_are_left_out_and_named(tmp_path: Path, odd: dict[str, Any]) -> None:
    write_blocks(tmp_path, [replace(THREE_BLOCKS[0], **odd), *THREE_BLOCKS[1:]])
    image = read_image(tmp_path)
    assert lie_alike(planes_of(image), planes_in(THREE_BLOCKS[1:]))
    left_out = ", ".join(sorted(file_name(place) for place in range(3)))
    assert notes_of(image)[0] == f"Left out, of another size or pixel spacing than most: {left_out}."


def test_slices_that_are_stored_the_other_way_round_are_left_out_and_named(tmp_path: Path) -> None:
    uid = write_blocks(tmp_path, [BLOCK])
    turned = [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0]
    for header in slices_of([Block((0, 0, 140), count=1)], uid, ImageOrientationPatient=turned):
        header.save_as(tmp_path / "0.dcm", enforce_file_format=True)
    image = read_image(tmp_path)
    assert lie_alike(planes_of(image), BLOCK.planes)
    assert notes_of(image) == ("Left out, stored in another direction than most: 0.dcm.",)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless], ids=["RLE", "JPEG-LS"])
def test_compressed_series_are_read(tmp_path: Path, syntax: str) -> None:
    write_blocks(tmp_path)
    for file in tmp_path.iterdir():
        write_over(file, lambda header: header.compress(syntax))
        assert dcmread(file).file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(sitk.GetArrayFromImage(read_image(tmp_path)), values_in(THREE_BLOCKS))


def test_headers_need_not_say_what_does_not_matter(tmp_path: Path) -> None:
    write_blocks(tmp_path, SliceThickness=None, SpacingBetweenSlices=None, SeriesDescription=None)
    image = read_image(tmp_path)
    assert lie_alike(planes_of(image), planes_in(THREE_BLOCKS))
    assert image.GetSpacing()[2] == pytest.approx(4.4)


def test_a_single_slice_without_thickness_is_read_and_its_thickness_is_said_to_be_assumed(tmp_path: Path) -> None:
    single = [replace(BLOCK, count=1)]
    write_blocks(tmp_path, single, SliceThickness=None, SpacingBetweenSlices=None)
    image = read_image(tmp_path)
    assert lie_alike(planes_of(image), single[0].planes)
    assert notes_of(image) == ("The header states no slice thickness, so it is taken as 4.4 mm; volumes rest on that.",)


def test_single_slices_along_discs_are_as_thick_as_their_headers_say(tmp_path: Path) -> None:
    singles = [replace(block, count=1) for block in THREE_BLOCKS]
    write_blocks(tmp_path / "stated", singles, SpacingBetweenSlices=None)
    image = read_image(tmp_path / "stated")
    assert lie_alike(planes_of(image), planes_in(singles))
    assert image.GetSpacing()[2] == pytest.approx(4.0)
    write_blocks(tmp_path / "unstated", singles, SpacingBetweenSlices=None, SliceThickness=None)
    image = read_image(tmp_path / "unstated")
    assert image.GetSpacing()[2] == pytest.approx(4.4)
    assert "The header states no slice thickness, so it is taken as 4.4 mm" in notes_of(image)[-1]


def test_an_enhanced_file_of_several_stacks_is_read(tmp_path: Path) -> None:
    write_multi_frame(tmp_path / "enhanced.dcm")
    image = read_image(tmp_path / "enhanced.dcm")
    assert np.array_equal(sitk.GetArrayFromImage(image), values_in(THREE_BLOCKS))
    assert lie_alike(planes_of(image), planes_in(THREE_BLOCKS))
