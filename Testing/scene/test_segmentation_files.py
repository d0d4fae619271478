import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from LumbarSegLib.core.levels import Spine
from LumbarSegLib.errors import InputError, OutputError
from LumbarSegLib.scene.files import FORMATS, LABEL_MAPS, load_segmentation, save_segmentation
from LumbarSegLib.scene.host import open_scene, slicer
from LumbarSegLib.scene.segmentations import (
    label_of,
    labels_from_segmentation,
    provenance_of,
    segmentation_from_result,
    segments_of,
    volume_of,
)
from LumbarSegLib.scene.terminology import entry_of
from LumbarSegLib.scene.volumes import image_from_volume, oriented_from_image, volume_from_image
from Testing.scene.grids import same_grid, same_voxels


@pytest.fixture
def fresh_scene() -> Iterator[Any]:
    with open_scene() as fresh:
        yield fresh


def assert_all_segments_are_back(segmentation: Any, spine: Spine) -> None:
    from vtkmodules.vtkCommonCore import mutable

    segments = list(segments_of(segmentation).values())
    for instance, segment in zip(spine.instances, segments, strict=True):
        structure, entry = instance.structure, mutable("")
        segment.GetTag(segment.GetTerminologyEntryTagName(), entry)
        assert segment.GetName() == structure.name
        assert np.allclose(segment.GetColor(), np.divide(structure.color, 255), atol=1e-5)
        assert str(entry) == entry_of(structure)
        assert label_of(segment) == structure.label


@pytest.mark.parametrize("suffix", [".seg.nrrd", ".mrb"])
def test_names_colours_codes_voxels_and_provenance_come_back(
    segmentation: Any, spine: Spine, provenance: dict[str, str], fresh_scene: Any, tmp_path: Path, suffix: str
) -> None:
    save_segmentation(segmentation, tmp_path / f"case 1{suffix}")
    back = load_segmentation(fresh_scene, tmp_path / f"case 1{suffix}")
    assert_all_segments_are_back(back, spine)
    labels = labels_from_segmentation(back)
    assert same_voxels(labels, spine.labels)
    assert same_grid(labels, spine.labels)
    assert provenance_of(back) == provenance


@pytest.mark.parametrize("suffix", LABEL_MAPS)
def test_a_label_map_holds_spiders_values_on_the_grid_of_the_image(
    segmentation: Any, spine: Spine, tmp_path: Path, suffix: str
) -> None:
    save_segmentation(segmentation, tmp_path / f"labels{suffix}")
    labels = sitk.ReadImage(tmp_path / f"labels{suffix}")
    assert labels.GetPixelID() == sitk.sitkUInt8
    assert same_voxels(labels, spine.labels)
    assert same_grid(labels, spine.labels)


@pytest.mark.parametrize("suffix", LABEL_MAPS)
def test_a_label_map_becomes_named_segments_again(
    segmentation: Any, spine: Spine, image: sitk.Image, fresh_scene: Any, tmp_path: Path, suffix: str
) -> None:
    save_segmentation(segmentation, tmp_path / f"labels{suffix}")
    volume = volume_from_image(fresh_scene, image, "volume")
    back = load_segmentation(fresh_scene, tmp_path / f"labels{suffix}", volume)
    assert_all_segments_are_back(back, spine)
    assert same_voxels(labels_from_segmentation(back, volume), spine.labels)


def test_edits_that_overlap_are_saved_with_their_labels(
    segmentation: Any, spine: Spine, fresh_scene: Any, tmp_path: Path
) -> None:
    grown = spine.labels == 2
    grown[:, 20:40, 2:5] = 1
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    logic.SetBinaryLabelmapToSegment(oriented_from_image(grown), segmentation, "Segment_2")
    before = labels_from_segmentation(segmentation)
    for suffix in (".seg.nrrd", ".mrb"):
        save_segmentation(segmentation, tmp_path / f"edited{suffix}")
        back = load_segmentation(fresh_scene, tmp_path / f"edited{suffix}")
        assert_all_segments_are_back(back, spine)
        assert same_voxels(labels_from_segmentation(back), before)


def test_a_bundle_brings_its_volume_back_and_nothing_else_of_the_scene(
    scene: Any, segmentation: Any, volume: Any, image: sitk.Image, fresh_scene: Any, tmp_path: Path
) -> None:
    volume.GetDisplayNode().SetAutoWindowLevel(False)
    volume.GetDisplayNode().SetWindowLevel(300, 120)
    volume_from_image(scene, image, "somebody else")
    save_segmentation(segmentation, tmp_path / "case.mrb")
    assert "somebody" not in " ".join(zipfile.ZipFile(tmp_path / "case.mrb").namelist())

    back = load_segmentation(fresh_scene, tmp_path / "case.mrb")
    source = volume_of(back)
    assert source.GetName() == volume.GetName()
    assert source.GetDisplayNode().GetWindow() == 300
    assert same_voxels(image_from_volume(source), image)
    assert same_grid(image_from_volume(source), image)
    assert fresh_scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 1
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(fresh_scene)
    items = [hierarchy.GetItemByDataNode(node) for node in (source, back)]
    assert all(items)
    assert hierarchy.GetItemParent(items[0]) == hierarchy.GetItemParent(items[1])


def test_a_left_handed_image_comes_back_from_a_bundle_in_its_place(
    scene: Any, spine: Spine, image: sitk.Image, fresh_scene: Any, tmp_path: Path
) -> None:
    mirrored = (np.reshape(image.GetDirection(), (3, 3)) * (1, 1, -1)).ravel().tolist()
    for picture in (spine.labels, image):
        picture.SetDirection(mirrored)
    volume = volume_from_image(scene, image, "volume")
    save_segmentation(segmentation_from_result(scene, spine, volume, {}), tmp_path / "case.mrb")
    back = load_segmentation(fresh_scene, tmp_path / "case.mrb")
    # MRML's volume reader turns the order of the slices round.
    for found, given in (
        (image_from_volume(volume_of(back)), image),
        (labels_from_segmentation(back, volume_of(back)), spine.labels),
    ):
        assert same_voxels(sitk.Resample(found, given, sitk.Transform(), sitk.sitkNearestNeighbor), given)


def test_a_second_bundle_can_be_loaded_beside_the_first(segmentation: Any, fresh_scene: Any, tmp_path: Path) -> None:
    save_segmentation(segmentation, tmp_path / "case.mrb")
    one, two = (load_segmentation(fresh_scene, tmp_path / "case.mrb") for _ in range(2))
    assert one is not two
    assert volume_of(one) is not volume_of(two)


def test_saving_leaves_the_scene_as_it_was(scene: Any, segmentation: Any, volume: Any, tmp_path: Path) -> None:
    before = scene.GetNumberOfNodes()
    for suffix in FORMATS:
        save_segmentation(segmentation, tmp_path / f"case{suffix}")
    assert scene.GetNumberOfNodes() == before
    assert (segmentation.GetStorageNode(), volume.GetStorageNode()) == (None, None)


def test_nothing_of_the_patient_stays_in_temporary_folders(
    segmentation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary, target = tmp_path / "temporary", tmp_path / "target"
    temporary.mkdir()
    target.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    for suffix in FORMATS:
        save_segmentation(segmentation, target / f"case{suffix}")
    with open_scene() as fresh:
        for suffix in (".seg.nrrd", ".mrb"):
            load_segmentation(fresh, target / f"case{suffix}")
            assert _files_in(temporary) == []
    assert list(temporary.iterdir()) == []
    assert sorted(path.name for path in target.iterdir()) == sorted(f"case{suffix}" for suffix in FORMATS)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_full_disk_is_told_and_leaves_the_older_file(
    segmentation: Any, tmp_path: Path, on_full_disk: Callable[[Callable[[], None]], None], suffix: str
) -> None:
    target = tmp_path / f"case{suffix}"
    target.write_bytes(b"older")
    with pytest.raises(OutputError, match="cannot be written"):
        on_full_disk(lambda: save_segmentation(segmentation, target))
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.read_bytes() == b"older"


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_place_that_is_not_there_is_told(segmentation: Any, tmp_path: Path, suffix: str) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        save_segmentation(segmentation, tmp_path / "missing" / f"case{suffix}")


def test_another_kind_of_file_is_refused_both_ways(scene: Any, segmentation: Any, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"Give one of \.seg\.nrrd"):
        save_segmentation(segmentation, tmp_path / "case.dcm")
    with pytest.raises(InputError, match=r"Give one of \.seg\.nrrd"):
        load_segmentation(scene, tmp_path / "case.dcm")


@pytest.mark.parametrize("suffix", FORMATS)
def test_where_nothing_was_found_there_is_nothing_to_save(
    scene: Any, spine: Spine, volume: Any, tmp_path: Path, suffix: str
) -> None:
    segmentation = segmentation_from_result(scene, Spine(spine.labels * 0, (), "L5/S1", ()), volume, {})
    with pytest.raises(OutputError, match="no segment to save"):
        save_segmentation(segmentation, tmp_path / f"case{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_a_segment_without_a_label_is_not_lost_in_silence(segmentation: Any, tmp_path: Path) -> None:
    segmentation.GetSegmentation().AddEmptySegment("", "Lesion")
    with pytest.raises(OutputError, match="no value for Lesion"):
        save_segmentation(segmentation, tmp_path / "labels.nii.gz")
    assert list(tmp_path.iterdir()) == []
    save_segmentation(segmentation, tmp_path / "case.seg.nrrd")


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("kept", [0, 100, 0.5])
def test_a_damaged_file_is_refused_and_adds_nothing(
    scene: Any, segmentation: Any, volume: Any, tmp_path: Path, suffix: str, kept: float
) -> None:
    target = tmp_path / f"case{suffix}"
    save_segmentation(segmentation, target)
    whole = target.read_bytes()
    target.write_bytes(whole[: int(kept if kept != 0.5 else len(whole) / 2)])
    before = scene.GetNumberOfNodes()
    with pytest.raises(InputError, match=r"^case"):
        load_segmentation(scene, target, volume)
    assert scene.GetNumberOfNodes() == before


def test_a_bundle_without_a_segmentation_is_refused(scene: Any, volume: Any, fresh_scene: Any, tmp_path: Path) -> None:
    assert scene.WriteToMRB(str(tmp_path / "case.mrb"))
    with pytest.raises(InputError, match="holds no segmentation"):
        load_segmentation(fresh_scene, tmp_path / "case.mrb")
    assert fresh_scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 0


def test_a_missing_file_is_told(scene: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_segmentation(scene, tmp_path / "case.seg.nrrd")


def test_a_label_map_needs_its_volume(scene: Any, segmentation: Any, tmp_path: Path) -> None:
    save_segmentation(segmentation, tmp_path / "labels.nrrd")
    with pytest.raises(InputError, match="belongs to a volume"):
        load_segmentation(scene, tmp_path / "labels.nrrd")


def _files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
