from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkFiltersCore import vtkMassProperties
from vtkmodules.vtkIOGeometry import vtkSTLReader

from LumbarSegLib.core.levels import Spine
from LumbarSegLib.errors import OutputError
from LumbarSegLib.scene.host import slicer
from LumbarSegLib.scene.segmentations import segmentation_from_result
from LumbarSegLib.scene.surfaces import save_surfaces
from LumbarSegLib.scene.volumes import volume_from_image

NAMES = ["L5-S1.stl", "L5.stl", "L4-5.stl", "L4.stl", "L3-4.stl", "L3.stl", "Spinal canal.stl"]


def read(path: Path) -> Any:
    reader = vtkSTLReader()
    reader.SetFileName(str(path))
    reader.Update()
    return reader.GetOutput()


def test_each_segment_is_a_file_with_a_safe_name(segmentation: Any, tmp_path: Path) -> None:
    files = save_surfaces(segmentation, tmp_path / "surfaces")
    assert [path.name for path in files] == NAMES
    assert sorted(path.name for path in (tmp_path / "surfaces").iterdir()) == sorted(NAMES)
    assert [path.name for path in tmp_path.iterdir()] == ["surfaces"]


def test_a_surface_lies_in_lps_where_its_voxels_lie(segmentation: Any, spine: Spine, tmp_path: Path) -> None:
    save_surfaces(segmentation, tmp_path)
    surface = read(tmp_path / "L4.stl")
    assert b"SPACE=LPS" in (tmp_path / "L4.stl").read_bytes()[:80]
    indices = np.argwhere(sitk.GetArrayViewFromImage(spine.labels) == 2)[:, ::-1]
    voxels = np.array([spine.labels.TransformIndexToPhysicalPoint(index) for index in indices.tolist()])
    points = vtk_to_numpy(surface.GetPoints().GetData())
    assert np.allclose((points.min(0) + points.max(0)) / 2, (voxels.min(0) + voxels.max(0)) / 2, atol=0.5)
    properties = vtkMassProperties()
    properties.SetInputData(surface)
    assert properties.GetVolume() == pytest.approx(len(voxels) * np.prod(spine.labels.GetSpacing()), rel=0.2)


@pytest.mark.parametrize("mirror", [1, -1])
def test_a_surface_looks_outward_on_every_grid(
    scene: Any, spine: Spine, image: sitk.Image, tmp_path: Path, mirror: int
) -> None:
    direction = (np.reshape(spine.labels.GetDirection(), (3, 3)) * (1, 1, mirror)).ravel().tolist()
    for picture in (spine.labels, image):
        picture.SetDirection(direction)
    volume = volume_from_image(scene, image, "volume")
    save_surfaces(segmentation_from_result(scene, spine, volume, {}), tmp_path)
    corners = _corners(tmp_path / "L4.stl")
    signed = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert signed > 0


def test_an_empty_segment_has_no_file(segmentation: Any, tmp_path: Path) -> None:
    slicer.vtkSlicerSegmentationsModuleLogic.ClearSegment(segmentation, "Segment_201")
    assert "L5-S1.stl" not in [path.name for path in save_surfaces(segmentation, tmp_path)]


def test_segments_of_like_names_do_not_overwrite_each_other(segmentation: Any, tmp_path: Path) -> None:
    for segment_id, name in (("Segment_1", "my: level"), ("Segment_2", "My/ Level"), ("Segment_3", "..")):
        segmentation.GetSegmentation().GetSegment(segment_id).SetName(name)
    names = [path.name for path in save_surfaces(segmentation, tmp_path)]
    assert {"my- level.stl", "My- Level-2.stl", "segment.stl"} <= set(names)
    assert len(names) == len(NAMES)


def test_saving_leaves_the_segmentation_as_it_was(segmentation: Any, tmp_path: Path) -> None:
    save_surfaces(segmentation, tmp_path)
    assert not segmentation.GetSegmentation().ContainsRepresentation("Closed surface")


def test_a_folder_with_something_in_it_is_refused(segmentation: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="something is there already"):
        save_surfaces(segmentation, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_full_disk_is_told_and_leaves_nothing(
    segmentation: Any, tmp_path: Path, on_full_disk: Callable[[Callable[[], None]], None]
) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        on_full_disk(lambda: save_surfaces(segmentation, tmp_path / "surfaces"))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_not_there_is_told(segmentation: Any, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        save_surfaces(segmentation, tmp_path / "missing" / "surfaces")


def _corners(path: Path) -> np.ndarray:
    """(triangles, corners, xyz), as the file orders them."""
    facet = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    return np.frombuffer(path.read_bytes(), facet, offset=84)["corners"].astype(float)
