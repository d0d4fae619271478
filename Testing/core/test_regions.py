"""What an axial image holds: its regions with place and size, what is missing, and the picture of them."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.anatomy import kinds_of
from LumbarSegLib.core.planes import with_planes
from LumbarSegLib.core.regions import regions_of
from LumbarSegLib.core.report.picture import draw_picture
from LumbarSegLib.errors import InputError
from Testing.axial import AAP, IVD, TS, axial_image, axial_labels
from Testing.dicom_blocks import THREE_BLOCKS


@pytest.mark.parametrize("order", ["LPS", "RAI", "SLP"])
def test_each_region_has_its_place_and_its_volume(order: str) -> None:
    found = regions_of(sitk.DICOMOrient(axial_labels(), order))
    disc = found.instances[0]
    assert disc.structure == kinds_of("axial")["ivd"]
    assert disc.volume_mm3 == pytest.approx(4 * 22 * 32 * 4.0)
    assert disc.center == pytest.approx(axial_labels().TransformContinuousIndexToPhysicalPoint((31.5, 18.5, 2.5)))


def test_regions_of_oblique_blocks_have_their_true_place_and_volume() -> None:
    planes = [plane for block in THREE_BLOCKS for plane in block.planes]
    values = np.zeros((10, 56, 64), np.uint8)
    values[0, 10:20, 20:40], values[3:5, 30:40, 20:30] = IVD, TS
    disc, sac = regions_of(with_planes(sitk.GetImageFromArray(values), planes)).instances
    assert disc.center == pytest.approx(tuple(planes[0].to_lps([(29.5, 14.5)])[0]))
    assert disc.volume_mm3 == pytest.approx(200 * 0.7 * 0.7 * 4.4)
    middles = [planes[k].to_lps([(24.5, 34.5)])[0] for k in (3, 4)]
    assert sac.center == pytest.approx(tuple(np.mean(middles, axis=0)))
    assert sac.volume_mm3 == pytest.approx(200 * 0.7 * 0.7 * 5.0)


def test_the_notes_say_what_is_missing() -> None:
    assert regions_of(axial_labels()).notes == ()
    without = sitk.Mask(axial_labels(), axial_labels() != TS)
    found = regions_of(without)
    assert [one.structure.name for one in found.instances] == ["IVD", "PE", "AAP"]
    assert found.notes == ("No TS (thecal sac) was found.",)


def test_a_region_at_a_side_of_the_slices_is_partly_visible_and_one_in_the_outer_slice_is_not() -> None:
    cut = axial_labels()[:, 8:, 1:-1]
    found = {one.structure.name: one.partly_visible for one in regions_of(cut).instances}
    assert found == {"IVD": True, "PE": False, "TS": False, "AAP": False}


def test_a_value_that_is_no_region_is_refused() -> None:
    with pytest.raises(InputError, match="201 belongs to no region of axial images"):
        regions_of(sitk.Mask(axial_labels(), axial_labels() != IVD, 201))


def pixels_of(picture: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(picture)))[..., :3].astype(int)


def reddish(pixels: np.ndarray) -> np.ndarray:
    """Where the fill or the outline of the disc lies."""
    red, green, blue = np.moveaxis(pixels, -1, 0)
    shows: np.ndarray = (red > green + 25) & (red > blue + 25) & (abs(green - blue) < 25)
    return shows


@pytest.mark.parametrize(("slices", "panels"), [(1, (1, 2)), (5, (2, 3)), (14, (4, 4))])
def test_a_contact_sheet_has_a_plain_and_a_segmented_panel_for_each_slice(
    tmp_path: Path, slices: int, panels: tuple[int, int]
) -> None:
    labels = axial_labels(slices)
    draw_picture(axial_image(labels), regions_of(labels), tmp_path / "sheet.png")
    red = reddish(pixels_of(tmp_path / "sheet.png"))
    down, across = panels
    width = red.shape[1] / across
    columns = [red[:, int(k * width) : int((k + 1) * width)].any(1).sum() for k in range(across)]
    assert all(count > 50 for count in (columns[1:] if down == 1 else columns))
    pieces = sitk.GetArrayFromImage(
        sitk.RelabelComponent(sitk.ConnectedComponent(sitk.GetImageFromArray(red.astype(np.uint8))), 5000)
    )
    assert pieces.max() == max(1, down * across // 2)


def test_the_patients_left_is_on_the_right_and_his_back_below(tmp_path: Path) -> None:
    """A sac on the patient's left, behind the disc, in an image that is stored the other way round."""
    values = np.zeros((1, 60, 60), np.uint8)
    values[0, 20:30, 10:50], values[0, 40:48, 40:48], values[0, 40:48, 12:20] = IVD, TS, AAP
    labels = sitk.GetImageFromArray(values)
    labels.SetSpacing((1.0, 1.0, 4.0))
    stored = sitk.DICOMOrient(labels, "RAI")
    draw_picture(axial_image(stored), regions_of(stored), tmp_path / "one.png")
    pixels = pixels_of(tmp_path / "one.png")
    segmented = pixels[: int(0.9 * len(pixels)), pixels.shape[1] // 2 :]
    red, green, blue = np.moveaxis(segmented, -1, 0)
    disc = np.argwhere(reddish(segmented)).mean(0)
    sac = np.argwhere((blue > red + 60) & (blue > green + 25)).mean(0)
    between = np.argwhere((green > red + 25) & (green > blue + 10)).mean(0)
    assert between[1] < disc[1] < sac[1]
    assert disc[0] < min(sac[0], between[0])
